/* What the root borrows, copies and signals by native calls, and the devices it is given. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include "abi-tests/unit/native_caller.h"

static void test_borrow(void **state)
{
    struct native_memory_populate populate = {.flags = SPACE_RAM, .bytes = 2 * MIB};
    struct native_memory_map map = {.flags = NATIVE_READ | NATIVE_WRITE,
                                    .remote_at = 0x3000,
                                    .local_at = 64 * MIB,
                                    .pages = 4};
    struct native_memory_unmap unmap = {.local_at = 64 * MIB};
    u32 word = 0xfeedface;

    (void)state;
    populate.partition = map.partition = create("guest", 1024);
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    assert_int_equal(CALL(memory_map, map), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(64 * MIB + 8), &word, sizeof(word)), ST_OK);
    word = 0;
    assert_int_equal(mem_read_gpa(partition_find(map.partition), gpa(0x3008), &word, 4), ST_OK);
    assert_int_equal(word, 0xfeedface);
    assert_int_equal(CALL(memory_unmap, unmap), ST_OK);
    assert_int_equal(CALL(memory_unmap, unmap), ST_NO_ENTRY);
    map.pages = ~(u64)0;
    assert_int_equal(CALL(memory_map, map), ST_INVALID);
}

static u64 pages_of(u32 partition)
{
    struct native_partition which = {.partition = partition};
    struct native_partition_info info;

    assert_int_equal(CALL(partition_info, which), ST_OK);
    out_read(&info, sizeof(info));
    return info.pages;
}

static void test_remove(void **state)
{
    struct native_memory_populate populate = {.flags = SPACE_RAM, .bytes = 4 * MIB};
    struct native_memory_map map = {.flags = NATIVE_READ | NATIVE_WRITE,
                                    .remote_at = MIB,
                                    .local_at = 65 * MIB,
                                    .pages = 4};
    struct native_memory_unmap unmap = {.local_at = map.local_at};
    struct native_memory_remove take = {.at = MIB + 0x1000, .bytes = 0x2000};
    u32 word = 0xfeedface;
    u64 free;

    (void)state;
    map.partition = take.partition = populate.partition = create("guest", 1024);
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    assert_int_equal(CALL(memory_map, map), ST_OK);
    assert_int_equal(CALL(memory_remove, take), ST_BUSY); /* its second page is borrowed */
    assert_int_equal(pages_of(take.partition), 1024);
    assert_int_equal(mem_write_gpa(root, gpa(map.local_at + 0x1000), &word, 4), ST_OK);
    assert_int_equal(CALL(memory_unmap, unmap), ST_OK);
    assert_int_equal(CALL(memory_remove, take), ST_OK);
    assert_int_equal(pages_of(take.partition), 1022);
    free = frame_count_free();
    take.bytes = 0x4000; /* a hole is no error, its tables are there */
    assert_int_equal(CALL(memory_remove, take), ST_OK);
    assert_int_equal(frame_count_free(), free + 2);
    populate.at = take.at;
    populate.bytes = take.bytes;
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    assert_int_equal(CALL(memory_map, map), ST_OK);
    assert_int_equal(mem_read_gpa(root, gpa(map.local_at + 0x1000), &word, 4), ST_OK);
    assert_int_equal(word, 0); /* other memory than before */
    assert_int_equal(CALL(memory_unmap, unmap), ST_OK);
    take.partition = root->id;
    assert_int_equal(CALL(memory_remove, take), ST_INVALID);
    take.partition = 99;
    assert_int_equal(CALL(memory_remove, take), ST_NO_PARTITION);
    take.partition = map.partition;
    take.at++;
    assert_int_equal(CALL(memory_remove, take), ST_INVALID);
    take.at = ~(u64)0xfff;
    assert_int_equal(CALL(memory_remove, take), ST_INVALID);
}

/* At both ends, single ones and two neighbours. */
static bool page_is_taken(u64 page)
{
    return page == 0 || page == 511 || page % 7 == 3 || page == 11;
}

/* A piece of a guest that has given pages of it back. */
static void test_borrow_with_holes(void **state)
{
    struct native_memory_populate populate = {.flags = SPACE_RAM, .bytes = 2 * MIB};
    struct native_memory_map map = {
        .flags = NATIVE_READ | NATIVE_WRITE, .local_at = 64 * MIB, .pages = 512};
    struct native_memory_unmap unmap = {.local_at = 64 * MIB};
    struct native_memory_remove take = {.bytes = PAGE_SIZE};
    u32 word;

    (void)state;
    map.partition = take.partition = populate.partition = create("guest", 1024);
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    for (u64 page = 0; page < 512; page++) {
        take.at = page * PAGE_SIZE;
        if (page_is_taken(page))
            assert_int_equal(CALL(memory_remove, take), ST_OK);
    }
    assert_int_equal(CALL(memory_map, map), ST_FAULT);
    map.flags |= NATIVE_HOLES;
    assert_int_equal(CALL(memory_map, map), ST_OK);
    for (u64 page = 0; page < 512; page++)
        assert_int_equal(mem_read_gpa(root, gpa(map.local_at + page * PAGE_SIZE), &word, 4),
                         page_is_taken(page) ? ST_FAULT : ST_OK);
    assert_int_equal(CALL(memory_unmap, unmap), ST_OK);
    assert_int_equal(mem_read_gpa(root, gpa(map.local_at + PAGE_SIZE), &word, 4), ST_FAULT);
    map.pages = 513;
    assert_int_equal(CALL(memory_map, map), ST_TOO_BIG);
}

#define GRANT_PAGE 5u
#define GRANT_REF  9u

/* A guest whose entry lends the root a page that holds a word at its begin. */
static struct partition *lender_make(u64 word)
{
    struct partition *p;
    struct native_memory_populate populate = {.flags = SPACE_RAM, .bytes = 2 * MIB};
    struct grant_entry_v1 *entry;

    populate.partition = create("lender", 1024);
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    p = partition_find(populate.partition);
    assert_int_equal(grant_table_grow(p, 1), ST_OK);
    entry = grant_frame(p, 0);
    entry[GRANT_REF] = (struct grant_entry_v1){GRANT_TYPE_ACCESS, 0, GRANT_PAGE};
    assert_int_equal(mem_write_gpa(p, gpa(GRANT_PAGE * PAGE_SIZE), &word, 8), ST_OK);
    return p;
}

static void test_borrow_by_reference(void **state)
{
    struct partition *p = lender_make(0x1234);
    struct native_grant_map map = {.partition = p->id,
                                   .ref = GRANT_REF,
                                   .flags = NATIVE_READ | NATIVE_WRITE,
                                   .local_at = 64 * MIB};
    struct native_grant_unmap unmap = {.local_at = 64 * MIB};
    struct native_memory_machine where = {64 * MIB + 8};
    struct native_memory_machine_out machine;
    struct native_grant_map_out out;
    u64 word;

    (void)state;
    assert_int_equal(CALL(grant_map, map), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(mem_read_gpa(root, gpa(64 * MIB), &word, 8), ST_OK);
    assert_int_equal(word, 0x1234);
    assert_int_equal(CALL(memory_machine, where), ST_OK);
    out_read(&machine, sizeof(machine));
    assert_int_equal(machine.machine, out.machine + 8);
    map.local_at += PAGE_SIZE;
    map.flags = NATIVE_WRITE;
    assert_int_equal(CALL(grant_map, map), ST_INVALID);
    map.flags = NATIVE_READ;
    map.ref = 4000;
    assert_int_equal(CALL(grant_map, map), ST_NO_ENTRY);
    map.partition = 99;
    assert_int_equal(CALL(grant_map, map), ST_NO_PARTITION);
    unmap.handle = out.handle;
    assert_int_equal(CALL(grant_unmap, unmap), ST_OK);
    assert_int_equal(CALL(grant_unmap, unmap), ST_NO_ENTRY);
    assert_int_equal(CALL(memory_machine, where), ST_FAULT);
}

static void test_copy_by_reference(void **state)
{
    struct partition *p = lender_make(0x5678);
    struct native_grant_copy_part parts[3] = {
        {GRANT_REF, 0, 8, 0x90010}, {GRANT_REF, 0, 8, 0x90018}, {GRANT_REF + 1, 0, 8, 0x90020}};
    struct native_grant_copy copy = {.partition = p->id, .parts = 0x80000, .count = 3};
    struct native_grant_copy_out out;
    u64 words[2];

    (void)state;
    assert_int_equal(mem_write_gpa(root, gpa(0x80000), parts, sizeof(parts)), ST_OK);
    assert_int_equal(CALL(grant_copy, copy), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.done, 2);
    assert_int_equal(mem_read_gpa(root, gpa(0x90010), words, 16), ST_OK);
    assert_int_equal(words[0], 0x5678);
    assert_int_equal(words[1], 0x5678);
    words[0] = 0x9abc;
    assert_int_equal(mem_write_gpa(root, gpa(0x90010), words, 8), ST_OK);
    copy.direction = NATIVE_GRANT_STORE;
    copy.count = 1;
    assert_int_equal(CALL(grant_copy, copy), ST_OK);
    assert_int_equal(mem_read_gpa(p, gpa(GRANT_PAGE * PAGE_SIZE), words, 8), ST_OK);
    assert_int_equal(words[0], 0x9abc);
    copy.parts = 0x80000 + 2 * sizeof(parts[0]);
    assert_int_equal(CALL(grant_copy, copy), ST_DENIED);
    parts[2].ref = ~0u; /* as any other that is not there */
    assert_int_equal(mem_write_gpa(root, gpa(0x80000), parts, sizeof(parts)), ST_OK);
    assert_int_equal(CALL(grant_copy, copy), ST_NO_ENTRY);
    copy.count = NATIVE_GRANT_PARTS_MAX + 1;
    assert_int_equal(CALL(grant_copy, copy), ST_TOO_BIG);
}

static void test_devices(void **state)
{
    struct native_pci pci = {.offset = 4, .bytes = 4};
    struct native_device_map map = {
        .machine = (u64)1 << 40, .local_at = 128 * MIB, .bytes = PAGE_SIZE};
    struct native_pci_value value;
    struct native_device_interrupt message;

    (void)state;
    assert_int_equal(CALL(pci_read, pci), ST_OK);
    out_read(&value, sizeof(value));
    assert_int_equal(value.value, ~0u);
    assert_int_equal(CALL(pci_write, pci), ST_OK);
    pci.offset = 5;
    assert_int_equal(CALL(pci_read, pci), ST_INVALID);
    pci.bytes = 0;
    assert_int_equal(CALL(pci_write, pci), ST_INVALID);
    fake_apic_id = 5;
    assert_int_equal(call_status(NATIVE_device_interrupt, NULL, 0), ST_OK);
    out_read(&message, sizeof(message));
    assert_int_equal(message.address, 0xfee05000);
    assert_int_equal(message.data, VECTOR_DEVICE);
    fake_apic_id = 256;
    assert_int_equal(call_status(NATIVE_device_interrupt, NULL, 0), ST_UNSUPPORTED);
    assert_int_equal(CALL(device_map, map), ST_OK);
    assert_int_equal(CALL(device_map, map), ST_EXISTS);
    map.machine = 12;
    assert_int_equal(CALL(device_map, map), ST_INVALID);
    map.machine = virt_to_phys(root).raw; /* somebody's memory */
    assert_int_equal(CALL(device_map, map), ST_DENIED);
    map.bytes = 0;
    assert_int_equal(CALL(device_map, map), ST_INVALID);
}

static void test_ports_and_waiting(void **state)
{
    struct native_partition which = {.partition = create("guest", 16)};
    struct native_port_connect_out ports;
    struct native_port_wait wait = {.deadline_ns = 0};
    struct native_port out;

    (void)state;
    assert_int_equal(CALL(port_connect, which), ST_OK);
    out_read(&ports, sizeof(ports));
    /* Binding raises the port once. */
    assert_int_equal(CALL(port_wait, wait), ST_OK);
    assert_int_equal(CALL(port_wait, wait), ST_TIMED_OUT);
    wait.deadline_ns = fake_now_ns + 1000;
    assert_int_equal(invoke(NATIVE_port_wait, &wait, sizeof(wait)), CALL_REPEAT);
    assert_int_equal(vcpu->state, VCPU_PARKED);
    assert_int_equal(vcpu->guest->regs.rax, NATIVE_port_wait); /* it executes again */
    assert_int_equal(port_send(partition_find(which.partition), ports.remote_port), ST_OK);
    assert_int_equal(vcpu->state, VCPU_RUNNABLE);
    assert_int_equal(CALL(port_wait, wait), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.port, ports.local_port);
    fake_now_ns += 2000;
    assert_int_equal(CALL(port_wait, wait), ST_TIMED_OUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_borrow, setup),
        cmocka_unit_test_setup(test_remove, setup),
        cmocka_unit_test_setup(test_borrow_with_holes, setup),
        cmocka_unit_test_setup(test_borrow_by_reference, setup),
        cmocka_unit_test_setup(test_copy_by_reference, setup),
        cmocka_unit_test_setup(test_devices, setup),
        cmocka_unit_test_setup(test_ports_and_waiting, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
