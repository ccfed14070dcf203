/* What native calls tell the root: each number as it is, and nothing else of the hypervisor's.
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
#include "hv/cpu/power.h"
#include "hv/cpu/tsc.h"
#include "hypercall/mailbox.h"
#include "hypercall/op_clock.h"

#define TEXT_AT 0x40000u

/* ---- the machine ---- */

static void test_system_info(void **state)
{
    struct native_system_info info;
    hpa_t frame;

    (void)state;
    assert_int_equal(frame_alloc(3, FRAME_OWNER_HV, &frame), ST_OK);
    sched_table[0].idle_ns = 7;
    sched_table[1].idle_ns = 1000; /* of a CPU that is not there */
    assert_int_equal(call_status(NATIVE_system_info, NULL, 0), ST_OK);
    out_read(&info, sizeof(info));
    assert_int_equal(info.tsc_khz, tsc_khz());
    assert_int_equal(info.bytes_hypervisor, frame_count_owned(FRAME_OWNER_HV) * PAGE_SIZE);
    assert_in_range(info.bytes_hypervisor, 8 * PAGE_SIZE, info.bytes_total);
    assert_int_equal(info.idle_ns, 7);
    sched_table[1].idle_ns = 0;
    frame_free(frame, 3);
}

static void test_clock(void **state)
{
    struct native_clock now;

    (void)state;
    fake_now_ns += 12345;
    assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    out_read(&now, sizeof(now));
    assert_int_equal(now.wall_ns, op_clock_wall_base_ns() + fake_now_ns);
    assert_int_equal(now.tsc_khz, tsc_khz());
}

static u32 power_off_with(u32 code)
{
    struct native_power_off in = {.code = code};
    jmp_buf off;

    fake_power_gone = &off;
    fake_power_reason = 0;
    if (setjmp(off) == 0)
        (void)invoke(NATIVE_power_off, &in, sizeof(in));
    fake_power_gone = NULL;
    return fake_power_reason;
}

/* What the user's command ends with: 0 for a code alone. */
static void test_power_off(void **state)
{
    (void)state;
    assert_int_equal(power_off_with(NATIVE_POWER_SUCCESS), POWER_SUCCESS);
    assert_int_equal(power_off_with(0), POWER_GUEST_FAILED);
    assert_int_equal(power_off_with(NATIVE_POWER_SUCCESS + 1), POWER_GUEST_FAILED);
}

/* ---- its lines ---- */

/* Not a byte of what lies behind the text. */
static void test_console_write(void **state)
{
    struct native_console_write in = {.text = TEXT_AT, .bytes = 200};
    char text[300];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(mem_write_gpa(root, gpa(in.text), text, sizeof(text)), ST_OK);
    fake_serial_used = 0;
    assert_int_equal(CALL(console_write, in), ST_OK);
    assert_int_equal(fake_serial_used, 200);
}

/* As many keys as there is room for; the others come the next time. */
static void test_console_read(void **state)
{
    struct native_console_read keys;

    (void)state;
    stack_poison();
    assert_int_equal(call_status(NATIVE_console_read, NULL, 0), ST_OK);
    out_read(&keys, sizeof(keys));
    assert_true(is_zero(&keys, sizeof(keys)));
    fake_keys = "0123456789012345678901234567890123456789012345678901234567890";
    assert_int_equal(call_status(NATIVE_console_read, NULL, 0), ST_OK);
    out_read(&keys, sizeof(keys));
    assert_int_equal(keys.bytes, sizeof(keys.data));
    assert_int_equal(keys.data[59], '9');
    assert_int_equal(call_status(NATIVE_console_read, NULL, 0), ST_OK);
    out_read(&keys, sizeof(keys));
    assert_int_equal(keys.bytes, 1);
    assert_int_equal(keys.data[0], '0');
}

static void test_control_line(void **state)
{
    struct native_control_exchange in = {.text = TEXT_AT};
    struct native_control_exchange_out out;

    (void)state;
    fake_control_keys = "01234567890123456789012345678901234567890123456789012";
    assert_int_equal(CALL(control_exchange, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.bytes, sizeof(out.data));
    assert_int_equal(CALL(control_exchange, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.bytes, 1);
    assert_int_equal(out.data[0], '2');
}

/* ---- partitions ---- */

static struct native_partition_info info_of(u32 partition)
{
    struct native_partition which = {.partition = partition};
    struct native_partition_info info;

    assert_int_equal(CALL(partition_info, which), ST_OK);
    out_read(&info, sizeof(info));
    return info;
}

static void test_state_of_a_partition(void **state)
{
    struct native_partition which = {.partition = create("guest", 64)};
    struct native_partition_shutdown end = {which.partition, NATIVE_END_CRASH};

    (void)state;
    assert_int_equal(info_of(which.partition).state, NATIVE_PAUSED);
    assert_int_equal(CALL(partition_resume, which), ST_OK);
    assert_int_equal(info_of(which.partition).state, NATIVE_RUNNING);
    assert_int_equal(CALL(partition_shutdown, end), ST_OK);
    assert_int_equal(info_of(which.partition).state, NATIVE_ENDED);
    assert_int_equal(info_of(which.partition).reason, NATIVE_END_CRASH);
}

static void test_time_of_a_partition(void **state)
{
    u32 guest = create("guest", 64);
    struct partition *p = partition_find(guest);
    struct vcpu *second;

    (void)state;
    assert_int_equal(vcpu_make(p, 1, &second), ST_OK);
    p->vcpu[0]->runtime_ns[RUN_RUNNING] = 500;
    second->runtime_ns[RUN_RUNNING] = 30;
    assert_int_equal(info_of(guest).run_ns, 530);
}

/* A share is one, however many pages it has. */
static void test_ports_and_shares_of_a_partition(void **state)
{
    struct native_memory_populate populate = {.flags = SPACE_RAM, .bytes = MIB};
    struct native_partition which = {.partition = create("guest", 1024)};
    struct native_memory_map map = {which.partition, NATIVE_READ | NATIVE_WRITE, 0x3000,
                                    64 * MIB, 4};

    (void)state;
    populate.partition = which.partition;
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    assert_int_equal(info_of(which.partition).shares, 0);
    assert_int_equal(CALL(memory_map, map), ST_OK);
    for (u32 i = 0; i < 2; i++)
        assert_int_equal(CALL(port_connect, which), ST_OK);
    assert_int_equal(info_of(which.partition).shares, 1);
    assert_int_equal(info_of(root->id).shares, 1);
    assert_int_equal(info_of(which.partition).ports, 2);
    assert_int_equal(info_of(root->id).ports, 2);
}

/* ---- what was asked for is all that is told ---- */

static void test_grant_map(void **state)
{
    struct partition *p = fake_partition("lender", PARTITION_XEN, 1024);
    struct native_grant_map in = {
        .partition = p->id, .ref = 9, .flags = NATIVE_READ, .local_at = 64 * MIB};
    struct native_grant_map_out out;

    (void)state;
    assert_int_equal(space_populate(&p->space, gpa(0), MIB, SPACE_RAM), ST_OK);
    assert_int_equal(grant_table_grow(p, 1), ST_OK);
    ((struct grant_entry_v1 *)grant_frame(p, 0))[9] =
        (struct grant_entry_v1){GRANT_TYPE_ACCESS, 0, 5};
    assert_int_equal(POISONED(grant_map, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.reserved, 0);
}

static void test_port_bind(void **state)
{
    struct partition *p = fake_partition("guest", PARTITION_XEN, 64);
    struct native_port_bind in = {.partition = p->id};
    struct native_port out;

    (void)state;
    assert_int_equal(port_alloc_unbound(p, root->id, &in.port), ST_OK);
    assert_int_equal(POISONED(port_bind, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_not_equal(out.port, 0);
    assert_int_equal(out.reserved, 0);
}

static void test_message_take(void **state)
{
    struct partition *p = fake_partition("guest", PARTITION_TLFS, 1024);
    struct native_partition which = {.partition = p->id};
    struct native_message_take in = {.partition = p->id, .payload = TEXT_AT};
    struct native_port_connect_out ports;
    struct native_message_bind bind = {.partition = p->id};
    struct native_message_take_out out;

    (void)state;
    assert_int_equal(CALL(port_connect, which), ST_OK);
    out_read(&ports, sizeof(ports));
    bind.port = ports.local_port;
    assert_int_equal(CALL(message_bind, bind), ST_OK);
    assert_int_equal(op_message_send(p, 1, 7, "one", 4), ST_OK);
    assert_int_equal(POISONED(message_take, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.type, 7);
    assert_int_equal(out.reserved, 0);
}

/* ---- the trace ---- */

/* The newest calls are kept; how many older ones were lost is told once. */
static void test_trace(void **state)
{
    enum { KEPT = 1024, LOST = 10 };
    struct native_trace_read in = {
        .records = TEXT_AT, .room = KEPT, .partition = NATIVE_TRACE_ALL};
    struct native_trace_record record;
    struct native_trace_read_out out;

    (void)state;
    assert_int_equal(CALL(trace_read, in), ST_OK); /* nothing is left of an earlier one */
    in.is_on = 1;
    assert_int_equal(CALL(trace_read, in), ST_OK); /* the first that is kept */
    for (u32 i = 0; i < KEPT + LOST; i++)
        assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    in.is_on = 0;
    in.room = 1;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.count, 1);
    assert_int_equal(out.lost, 1 + LOST);
    assert_int_equal(mem_read_gpa(root, gpa(TEXT_AT), &record, sizeof(record)), ST_OK);
    assert_int_equal(record.call, NATIVE_clock);
    assert_int_equal(record.argument[0], IN_AT);
    assert_int_equal(record.argument[1], OUT_AT);
    assert_int_equal(CALL(trace_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.lost, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_system_info, setup),
        cmocka_unit_test_setup(test_clock, setup),
        cmocka_unit_test_setup(test_power_off, setup),
        cmocka_unit_test_setup(test_console_write, setup),
        cmocka_unit_test_setup(test_console_read, setup),
        cmocka_unit_test_setup(test_control_line, setup),
        cmocka_unit_test_setup(test_state_of_a_partition, setup),
        cmocka_unit_test_setup(test_time_of_a_partition, setup),
        cmocka_unit_test_setup(test_ports_and_shares_of_a_partition, setup),
        cmocka_unit_test_setup(test_grant_map, setup),
        cmocka_unit_test_setup(test_port_bind, setup),
        cmocka_unit_test_setup(test_message_take, setup),
        cmocka_unit_test_setup(test_trace, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
