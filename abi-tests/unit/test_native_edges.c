/* Edges of the native calls: what an answer holds besides its values, limits, cursors, effects.
 */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include "abi-tests/unit/native_caller.h"
#include "hv/core/sched.h"
#include "hypercall/mailbox.h"

#define NOWHERE    0x7f000000u
#define RECORDS_AT 0x40000u

/* ---- Answers --------------------------------------------------------------- */

static void test_system_info(void **state)
{
    struct native_system_info info;

    (void)state;
    stack_poison();
    sched_table[0].idle_ns = 7;
    sched_table[sched_cpus() - 1].idle_ns += 100;
    assert_int_equal(call_status(NATIVE_system_info, NULL, 0), ST_OK);
    out_read(&info, sizeof(info));
    assert_int_equal(info.idle_ns, 107);
    assert_int_equal(info.version, NATIVE_VERSION);
    assert_int_equal(info.cpu_count, sched_cpus());
    assert_int_equal(info.bytes_total, frame_count_total() * PAGE_SIZE);
    assert_int_equal(info.bytes_hypervisor, frame_count_owned(FRAME_OWNER_HV) * PAGE_SIZE);
    assert_true(info.bytes_hypervisor <= info.bytes_total);
    assert_in_range(strnlen(info.build, sizeof(info.build)), 0, sizeof(info.build) - 1);
    assert_true(
        is_zero(info.build + strlen(info.build), sizeof(info.build) - strlen(info.build)));
}

static void test_partition_info(void **state)
{
    struct native_partition which = {.partition = create("guest", 64)};
    struct partition *p = partition_find(which.partition);
    struct native_partition_info info;
    struct vcpu *second;

    (void)state;
    assert_int_equal(vcpu_make(p, 1, &second), ST_OK);
    p->vcpu[0]->exits[0] = 1;
    p->vcpu[0]->exits[EXIT_HALT] = 2;
    second->exits[EXIT_KINDS - 1] = 4;
    assert_int_equal(POISONED(partition_info, which), ST_OK);
    out_read(&info, sizeof(info));
    assert_int_equal(info.exits, 7);
    assert_int_equal(info.state, p->state);
    assert_int_equal(info.reason, p->end_reason);
    assert_int_equal(info.run_ns, 0);
    assert_int_equal(info.pages, 0);
    assert_int_equal(info.pages_owned, frame_count_owned(p->id));
    assert_int_equal(info.ports, 0);
    assert_int_equal(info.shares, 0);
    assert_string_equal(info.name, "guest");
    assert_true(is_zero(info.name + 5, sizeof(info.name) - 5));
}

static void test_stats_of_all_vcpus(void **state)
{
    struct native_partition_stats in = {.stats = RECORDS_AT};
    static struct native_stats stats;
    struct partition *p = fake_partition("guest", PARTITION_XEN, 64);
    struct vcpu *second;

    (void)state;
    in.partition = p->id;
    assert_int_equal(vcpu_make(p, 1, &second), ST_OK);
    p->vcpu[0]->exits[0] = 3;
    second->exits[0] = 4;
    assert_int_equal(CALL(partition_stats, in), ST_OK);
    assert_int_equal(mem_read_gpa(root, gpa(in.stats), &stats, sizeof(stats)), ST_OK);
    assert_int_equal(stats.exits[0], 7);
    assert_int_equal(stats.vcpus_up, vcpu_is_up(p->vcpu[0]));
    vcpu_up(second);
    assert_int_equal(CALL(partition_stats, in), ST_OK);
    assert_int_equal(mem_read_gpa(root, gpa(in.stats), &stats, sizeof(stats)), ST_OK);
    assert_int_equal(stats.vcpus_up, vcpu_is_up(p->vcpu[0]) + 1);
}

/* ---- Effects --------------------------------------------------------------- */

static void test_shutdown(void **state)
{
    struct native_partition_shutdown in = {.partition = create("guest", 64),
                                           .reason = NATIVE_ENDS};
    struct partition *p = partition_find(in.partition);

    (void)state;
    assert_int_equal(CALL(partition_shutdown, in), ST_INVALID);
    assert_int_not_equal(p->state, PARTITION_ENDED);
    in.reason = NATIVE_ENDS - 1;
    assert_int_equal(CALL(partition_shutdown, in), ST_OK);
    assert_int_equal(p->state, PARTITION_ENDED);
    assert_int_equal(p->end_reason, NATIVE_ENDS - 1);
    in.partition = root->id;
    assert_int_equal(CALL(partition_shutdown, in), ST_INVALID);
    assert_int_not_equal(root->state, PARTITION_ENDED);
}

/* The second half of a long call begins at its cursor. */
static void test_populate_by_cursor(void **state)
{
    struct native_memory_populate in = {.flags = SPACE_RAM, .bytes = 65 * MIB};
    struct regs *regs = &vcpu->guest->regs;
    struct partition *p;

    (void)state;
    in.partition = create("guest", 1024);
    p = partition_find(in.partition);
    assert_int_equal(mem_write_gpa(root, gpa(IN_AT), &in, sizeof(in)), ST_OK);
    regs->rax = NATIVE_memory_populate;
    regs->rdi = IN_AT;
    regs->rsi = OUT_AT;
    regs->rdx = 64 * MIB;
    assert_int_equal(native_call(vcpu), CALL_RETURN);
    assert_int_equal(regs->rax, 0);
    assert_int_equal(p->space.pages, MIB / PAGE_SIZE);
    assert_null(space_pointer(&p->space, gpa(0), SPACE_READ));
    assert_non_null(space_pointer(&p->space, gpa(64 * MIB), SPACE_READ));
    regs->rax = NATIVE_memory_populate;
    regs->rdx = 65 * MIB + 1; /* no cursor of this call */
    assert_int_equal(native_call(vcpu), CALL_RETURN);
    assert_int_equal((s64)regs->rax, -(s64)ST_INVALID);
}

/* When the root has no port left, the guest's is given back. */
static void test_connect_gives_back(void **state)
{
    struct native_partition which = {.partition = create("guest", 256)};
    struct partition *p = partition_find(which.partition);
    enum status status = ST_OK;
    u32 used = 0;

    (void)state;
    for (u32 i = 0; i < 2 * PORT_MAX && status == ST_OK; i++) {
        used = port_count(p);
        which.partition = p->id;
        status = CALL(port_connect, which);
        if (status == ST_OK && i % 2 == 0) { /* the root's half stays, the guest's goes */
            struct native_port_connect_out out;

            out_read(&out, sizeof(out));
            assert_int_equal(port_close(p, out.remote_port), ST_OK);
        }
    }
    assert_int_not_equal(status, ST_OK);
    assert_int_equal(port_count(p), used);
}

static void test_event_numbers(void **state)
{
    struct native_port_event in = {.event = EVENT_PER_VCPU - 1};
    struct native_port out;

    (void)state;
    assert_int_equal(CALL(port_event, in), ST_INVALID);
    in.event = EVENT_GLOBAL_OTHER;
    assert_int_equal(CALL(port_event, in), ST_INVALID);
    for (in.event = EVENT_PER_VCPU; in.event < EVENT_GLOBAL_OTHER; in.event++) {
        assert_int_equal(POISONED(port_event, in), ST_OK);
        out_read(&out, sizeof(out));
        assert_int_equal(out.reserved, 0);
        assert_int_not_equal(out.port, 0);
    }
}

static void test_wait_says_no_more(void **state)
{
    struct native_partition which = {.partition = create("guest", 64)};
    struct native_port_wait wait = {.deadline_ns = 0};
    struct native_port out;

    (void)state;
    assert_int_equal(CALL(port_connect, which), ST_OK);
    assert_int_equal(POISONED(port_wait, wait), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.reserved, 0);
}

/* As many records as there is room for; the others come the next time. */
static void test_trace_room(void **state)
{
    struct native_trace_read in = {
        .records = RECORDS_AT, .is_on = 1, .partition = NATIVE_TRACE_ALL};
    struct native_trace_record record[3];
    struct native_trace_read_out out;

    (void)state;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    memset(record, 0x5a, sizeof(record));
    assert_int_equal(mem_write_gpa(root, gpa(RECORDS_AT), record, sizeof(record)), ST_OK);
    in.is_on = 0;
    in.room = 2;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.count, 2);
    assert_int_equal(mem_read_gpa(root, gpa(RECORDS_AT), record, sizeof(record)), ST_OK);
    assert_int_equal(record[1].call, NATIVE_clock);
    assert_int_equal(record[2].argument[0], 0x5a5a5a5a5a5a5a5aull); /* not touched */
    assert_int_equal(CALL(trace_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.count, 2); /* the rest of the clock's */
}

static void test_copy_count(void **state)
{
    struct native_grant_copy in = {.partition = create("guest", 64), .parts = NOWHERE};

    (void)state;
    assert_int_equal(POISONED(grant_copy, in), ST_OK); /* nothing */
    in.count = NATIVE_GRANT_PARTS_MAX + 1;
    assert_int_equal(CALL(grant_copy, in), ST_TOO_BIG);
    in.count = NATIVE_GRANT_PARTS_MAX;
    assert_int_equal(CALL(grant_copy, in), ST_FAULT);
}

/* ---- Devices --------------------------------------------------------------- */

static void test_pci_write(void **state)
{
    struct native_pci in = {.address = 0x18, .offset = 6, .bytes = 2, .value = 0x1234};

    (void)state;
    fake_pci_written = 0;
    assert_int_equal(CALL(pci_write, in), ST_OK);
    assert_int_equal(fake_pci_written, 0x1234);
    in.bytes = 3;
    in.value = 7;
    assert_int_equal(CALL(pci_write, in), ST_INVALID);
    assert_int_equal(fake_pci_written, 0x1234);
}

/* Any page of it that is somebody's memory spoils it; the page behind it does not. */
static void test_device_range(void **state)
{
    u64 end = FAKE_FRAMES * PAGE_SIZE;
    struct native_device_map in = {.machine = end, .local_at = 64 * MIB, .bytes = 16 * MIB};

    (void)state;
    while (frame_owner(hpa(in.machine)) != FRAME_OWNER_LIMIT)
        in.machine += MIB;
    assert_int_equal(CALL(device_map, in), ST_OK);
    in.local_at = 128 * MIB;
    in.bytes += PAGE_SIZE;
    assert_int_equal(CALL(device_map, in), ST_INVALID);
    in.bytes = PAGE_SIZE;
    in.machine = SPACE_LIMIT;
    assert_int_equal(CALL(device_map, in), ST_INVALID);
    in.machine = (virt_to_phys(root).raw & ~PAGE_MASK) - PAGE_SIZE;
    in.bytes = 2 * PAGE_SIZE;
    assert_int_equal(CALL(device_map, in), ST_DENIED);
}

/* ---- The engine ------------------------------------------------------------ */

static void test_engine_sizes(void **state)
{
    const struct call_row absent = {0};
    struct call_row row = {.name = "a row", .allow = CALLER_ROOT};
    struct call call = {
        .vcpu = vcpu, .caller = CALLER_ROOT, .in_at = gva(NOWHERE), .out_at = gva(NOWHERE)};

    (void)state;
    assert_int_equal(call_open(&call, &absent), ST_NO_CALL);
    assert_int_equal(call_open(&call, &row), ST_OK);
    assert_int_equal(call_close(&call, ST_OK), ST_OK);
    assert_int_equal(call_close(&call, ST_BUSY), ST_BUSY);
    row.in_bytes = row.out_bytes = 1;
    assert_int_equal(call_open(&call, &row), ST_FAULT);
    assert_int_equal(call_close(&call, ST_OK), ST_FAULT);
    assert_int_equal(call_close(&call, ST_BUSY), ST_BUSY);
    row.allow = CALLER_GUEST;
    assert_int_equal(call_open(&call, &row), ST_DENIED);
}

/* ---- Messages -------------------------------------------------------------- */

static void test_messages(void **state)
{
    struct partition *guest = fake_partition("guest", PARTITION_TLFS, 1024);
    struct native_message_post post = {.partition = guest->id,
                                       .sint = 1,
                                       .type = 7,
                                       .bytes = NATIVE_MESSAGE_BYTES,
                                       .payload = RECORDS_AT};
    struct native_message_take take = {.partition = 99, .payload = RECORDS_AT};
    const struct mailbox_message *message;

    (void)state;
    assert_int_equal(CALL(message_take, take), ST_NO_PARTITION);
    assert_int_equal(CALL(message_post, post), ST_OK);
    message = op_message_at(guest->vcpu[0], 0);
    assert_non_null(message);
    assert_int_equal(message->bytes, NATIVE_MESSAGE_BYTES);
    assert_int_equal(message->type, 7);
    assert_int_equal(message->connection, 1);
    post.bytes++;
    assert_int_equal(CALL(message_post, post), ST_INVALID);
    post.bytes = 4;
    post.sint = NATIVE_SINTS;
    assert_int_equal(CALL(message_post, post), ST_INVALID);
    post.partition = 99;
    assert_int_equal(CALL(message_post, post), ST_NO_PARTITION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_system_info, setup),
        cmocka_unit_test_setup(test_partition_info, setup),
        cmocka_unit_test_setup(test_stats_of_all_vcpus, setup),
        cmocka_unit_test_setup(test_shutdown, setup),
        cmocka_unit_test_setup(test_populate_by_cursor, setup),
        cmocka_unit_test_setup(test_connect_gives_back, setup),
        cmocka_unit_test_setup(test_event_numbers, setup),
        cmocka_unit_test_setup(test_wait_says_no_more, setup),
        cmocka_unit_test_setup(test_trace_room, setup),
        cmocka_unit_test_setup(test_copy_count, setup),
        cmocka_unit_test_setup(test_pci_write, setup),
        cmocka_unit_test_setup(test_device_range, setup),
        cmocka_unit_test_setup(test_engine_sizes, setup),
        cmocka_unit_test_setup(test_messages, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
