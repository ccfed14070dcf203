/* Native calls up to their limits and beyond: ranges by their cursor, flags, counts, and what a
 * refusal leaves behind. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include "abi-tests/unit/native_caller.h"
#include "hv/core/sched.h"

#define FAR (129 * MIB) /* in the third step of a long range */

/* A call that goes on at its cursor. */
static enum status call_from(u64 number, const void *in, u64 bytes, u64 cursor)
{
    struct regs *regs = &vcpu->guest->regs;

    assert_int_equal(mem_write_gpa(root, gpa(IN_AT), in, bytes), ST_OK);
    regs->rax = number;
    regs->rdi = IN_AT;
    regs->rsi = OUT_AT;
    regs->rdx = cursor;
    assert_int_equal(native_call(vcpu), CALL_RETURN);
    return (enum status) - (s64)regs->rax;
}
#define CALL_FROM(cursor, name, in) call_from(NATIVE_##name, &(in), sizeof(in), cursor)

static bool has_page(struct partition *p, u64 at)
{
    return space_pointer(&p->space, gpa(at), SPACE_READ) != NULL;
}

/* ---- long ranges ---- */

/* A cursor behind the end of the range is nobody's: nothing is done. */
static void test_cursor_behind_the_end(void **state)
{
    struct native_memory_populate give = {.flags = SPACE_RAM, .bytes = 2 * MIB};
    struct native_memory_remove take = {.bytes = 2 * MIB};
    struct partition *p = fake_partition("guest", PARTITION_XEN, 4096);

    (void)state;
    give.partition = take.partition = p->id;
    assert_int_equal(CALL_FROM(4 * MIB, memory_populate, give), ST_INVALID);
    assert_int_equal(p->space.pages, 0);
    assert_int_equal(CALL_FROM(2 * MIB, memory_populate, give), ST_OK); /* all was done */
    assert_int_equal(p->space.pages, 0);
    give.bytes = 8 * MIB;
    assert_int_equal(CALL(memory_populate, give), ST_OK);
    assert_int_equal(CALL_FROM(4 * MIB, memory_remove, take), ST_INVALID);
    assert_int_equal(CALL_FROM(2 * MIB, memory_remove, take), ST_OK);
    assert_int_equal(p->space.pages, 2048);
}

/* In steps, each from where the one before ended, to the end of the range and not beyond. */
static void test_remove_in_steps(void **state)
{
    struct partition *p = fake_partition("guest", PARTITION_XEN, 1024);
    struct native_memory_remove take = {.partition = p->id, .bytes = FAR};
    const u64 inside[] = {0, 64 * MIB, FAR - PAGE_SIZE};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(inside); i++)
        assert_int_equal(space_populate(&p->space, gpa(inside[i]), PAGE_SIZE, SPACE_RAM),
                         ST_OK);
    assert_int_equal(space_populate(&p->space, gpa(FAR), PAGE_SIZE, SPACE_RAM), ST_OK);
    assert_int_equal(CALL(memory_remove, take), ST_OK);
    for (u32 i = 0; i < ARRAY_SIZE(inside); i++)
        assert_false(has_page(p, inside[i]));
    assert_true(has_page(p, FAR));
    assert_int_equal(vcpu->guest->regs.rdx, 128 * MIB);
}

/* ---- flags ---- */

static void test_flags(void **state)
{
    struct partition *p = fake_partition("guest", PARTITION_XEN, 4096);
    struct native_memory_populate give = {.partition = p->id, .bytes = PAGE_SIZE};
    struct native_memory_map map = {p->id, 0, 0, 64 * MIB, 1};
    struct native_grant_map grant = {.partition = p->id, .local_at = 64 * MIB};
    static const u32 of_memory[] = {0, NATIVE_WRITE, NATIVE_EXEC, NATIVE_READ | 8,
                                    NATIVE_READ | 0x80000000};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(of_memory); i++) {
        give.flags = map.flags = of_memory[i];
        assert_int_equal(CALL(memory_populate, give), ST_INVALID);
        assert_int_equal(CALL(memory_map, map), ST_INVALID);
    }
    give.flags = NATIVE_READ | NATIVE_HOLES; /* that one is for lent memory alone */
    assert_int_equal(CALL(memory_populate, give), ST_INVALID);
    assert_int_equal(p->space.pages, 0);
    assert_int_equal(grant_table_grow(p, 1), ST_OK);
    grant.flags = NATIVE_READ | NATIVE_EXEC;
    assert_int_equal(CALL(grant_map, grant), ST_INVALID);
    assert_int_equal(share_count(p), 0);
}

/* ---- the memory map ---- */

static void test_longest_layout(void **state)
{
    struct native_memory_layout in = {.count = NATIVE_MEMORY_RANGES_MAX, .ranges = 0x30000};

    (void)state;
    in.partition = create("guest", 16);
    assert_int_equal(CALL(memory_layout, in), ST_OK);
    assert_int_equal(partition_find(in.partition)->memory_map_bytes,
                     NATIVE_MEMORY_RANGES_MAX * sizeof(struct native_memory_range));
}

/* Half a list is none, and neither is the one before. */
static void test_layout_that_cannot_be_read(void **state)
{
    struct native_memory_layout in = {.count = 2, .ranges = 0x30000};

    (void)state;
    in.partition = create("guest", 16);
    assert_int_equal(CALL(memory_layout, in), ST_OK);
    in.ranges = 4 * MIB - sizeof(struct native_memory_range);
    assert_int_equal(CALL(memory_layout, in), ST_FAULT);
    assert_int_equal(partition_find(in.partition)->memory_map_bytes, 0);
}

static void test_machine_address_of_nothing(void **state)
{
    struct native_memory_machine in = {.local_at = SPACE_LIMIT};

    (void)state;
    assert_int_equal(CALL(memory_machine, in), ST_FAULT);
    in.local_at = ~(u64)0;
    assert_int_equal(CALL(memory_machine, in), ST_FAULT);
}

/* ---- partitions ---- */

static struct native_partition_create many(u32 vcpus)
{
    return (struct native_partition_create){
        .max_pages = 64, .flags = NATIVE_PARTITION_XEN, .vcpus = vcpus, .name = "many"};
}

static void test_vcpus(void **state)
{
    struct native_partition_create in = many(0);
    struct native_vcpu_start start = {.vcpu = VCPU_MAX, .entry = 0x100000};
    struct native_partition out;
    struct partition *p;

    (void)state;
    assert_int_equal(CALL(partition_create, in), ST_INVALID);
    in = many(VCPU_MAX);
    assert_int_equal(CALL(partition_create, in), ST_OK);
    out_read(&out, sizeof(out));
    p = partition_find(out.partition);
    for (u32 i = 0; i < VCPU_MAX; i++)
        assert_non_null(partition_vcpu(p, i));
    start.partition = p->id;
    assert_int_equal(CALL(vcpu_start, start), ST_NO_ENTRY);
}

/* All the memory there is but a few frames; the first of a chain through them. */
static u64 *memory_take(u64 left)
{
    u64 *chain = NULL;
    hpa_t frame;

    while (frame_count_free() > left) {
        u64 *page;

        assert_int_equal(frame_alloc(0, FRAME_OWNER_HV, &frame), ST_OK);
        page = phys_to_virt(frame);
        *page = (u64)(uintptr_t)chain;
        chain = page;
    }
    return chain;
}

/* Without memory for all its vCPUs there is no partition: its name and frames are free. */
static void test_no_memory_for_a_partition(void **state)
{
    struct native_partition_create in = many(VCPU_MAX);
    u64 left = 40;
    u64 *chain = memory_take(left);

    (void)state;
    left = frame_count_free();
    assert_int_equal(CALL(partition_create, in), ST_NO_MEMORY);
    assert_int_equal(frame_count_free(), left);
    while (chain) {
        u64 *next = (u64 *)(uintptr_t)*chain;

        frame_free(virt_to_phys(chain), 0);
        chain = next;
    }
    assert_int_equal(CALL(partition_create, in), ST_OK);
}

/* ---- ports and devices ---- */

/* The moment itself is over. */
static void test_wait_until_now(void **state)
{
    struct native_port_wait in = {.deadline_ns = fake_now_ns};

    (void)state;
    assert_int_equal(CALL(port_wait, in), ST_TIMED_OUT);
}

static void test_bytes_of_pci(void **state)
{
    struct native_pci in = {.offset = 7, .bytes = 1, .value = 0x5a};
    struct native_pci_value out;

    (void)state;
    fake_pci_written = 0;
    assert_int_equal(CALL(pci_write, in), ST_OK);
    assert_int_equal(fake_pci_written, 0x5a);
    assert_int_equal(CALL(pci_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.value, 0xff);
}

/* The highest that a message can name. [SDM 3 11.11.1] */
static void test_interrupt_of_the_last_cpu(void **state)
{
    struct native_device_interrupt out;

    (void)state;
    fake_apic_id = 255;
    assert_int_equal(call_status(NATIVE_device_interrupt, NULL, 0), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.address, 0xfeeff000);
    fake_apic_id = 0;
}

/* Between the rows, and behind the last one. */
static void test_numbers_without_a_row(void **state)
{
    static const bool has_row[256] = {
#undef CALL
#define CALL(number, ...) [number] = true,
#include "hypercall/abi/native.def"
#undef CALL
    };

    (void)state;
    for (u32 number = 0; number < ARRAY_SIZE(has_row); number++)
        if (!has_row[number])
            assert_int_equal(call_status(number, NULL, 0), ST_NO_CALL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cursor_behind_the_end, setup),
        cmocka_unit_test_setup(test_remove_in_steps, setup),
        cmocka_unit_test_setup(test_flags, setup),
        cmocka_unit_test_setup(test_longest_layout, setup),
        cmocka_unit_test_setup(test_layout_that_cannot_be_read, setup),
        cmocka_unit_test_setup(test_machine_address_of_nothing, setup),
        cmocka_unit_test_setup(test_vcpus, setup),
        cmocka_unit_test_setup(test_no_memory_for_a_partition, setup),
        cmocka_unit_test_setup(test_wait_until_now, setup),
        cmocka_unit_test_setup(test_bytes_of_pci, setup),
        cmocka_unit_test_setup(test_interrupt_of_the_last_cpu, setup),
        cmocka_unit_test_setup(test_numbers_without_a_row, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
