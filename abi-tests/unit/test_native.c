/* The call engine and the native calls, through guest memory as a guest makes them. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include "abi-tests/unit/native_caller.h"
#include "hypercall/op_clock.h"

static void test_numbers(void **state)
{
    const u64 bad[] = {200, 1000, 0x80000000u, 0x100000000ull, ~(u64)0};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(call_status(bad[i], NULL, 0), ST_NO_CALL);
}

static void test_only_ring_0(void **state)
{
    (void)state;
    fake_cpl = 3;
    assert_int_equal(call_status(NATIVE_system_info, NULL, 0), ST_DENIED);
}

static void test_root_only(void **state)
{
    struct partition *p = fake_partition("guest", PARTITION_NATIVE, 64);

    (void)state;
    assert_int_equal(space_populate(&p->space, gpa(0), 64 * PAGE_SIZE, SPACE_RAM), ST_OK);
    vcpu = p->vcpu[0];
    assert_int_equal(call_status(NATIVE_partition_destroy, NULL, 0), ST_DENIED);
    assert_int_equal(call_status(NATIVE_console_write, NULL, 0), ST_DENIED);
    assert_int_equal(call_status(NATIVE_power_off, NULL, 0), ST_DENIED);
    assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
}

static void test_bad_pointers(void **state)
{
    struct regs *regs = &vcpu->guest->regs;

    (void)state;
    regs->rax = NATIVE_partition_info;
    regs->rdi = 4 * MIB - 4; /* straddles the end */
    regs->rsi = OUT_AT;
    assert_int_equal(native_call(vcpu), CALL_RETURN);
    assert_int_equal(-(s64)regs->rax, ST_FAULT);
    regs->rax = NATIVE_system_info;
    regs->rsi = ~(u64)0 - 7;
    assert_int_equal(native_call(vcpu), CALL_RETURN);
    assert_int_equal(-(s64)regs->rax, ST_FAULT);
}

static void test_system_info_and_clock(void **state)
{
    struct native_system_info info;
    struct native_clock now;

    (void)state;
    assert_int_equal(call_status(NATIVE_system_info, NULL, 0), ST_OK);
    out_read(&info, sizeof(info));
    assert_int_equal(info.version, NATIVE_VERSION);
    assert_int_equal(info.bytes_free, frame_count_free() * PAGE_SIZE);
    assert_string_equal(info.build, "test");
    fake_now_ns += 5;
    assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    out_read(&now, sizeof(now));
    assert_int_equal(now.now_ns, fake_now_ns);
    assert_int_equal(now.tsc, fake_now_ns);
}

static void test_clock_of_a_partition(void **state)
{
    struct native_partition which = {.partition = create("guest", 16)};
    struct native_property_set scale = {which.partition, NATIVE_REFERENCE_SCALE, BIT(62)};
    struct native_property_set base = {which.partition, NATIVE_REFERENCE_BASE, 100};
    struct native_partition_clock now;

    (void)state;
    partition_find(which.partition)->tsc_offset = 1000;
    fake_now_ns += 7;
    assert_int_equal(CALL(partition_clock, which), ST_OK);
    out_read(&now, sizeof(now));
    assert_int_equal(now.now_ns, fake_now_ns);
    assert_int_equal(now.wall_ns, op_clock_wall_base_ns() + fake_now_ns);
    assert_int_equal(now.tsc, fake_now_ns + 1000);
    assert_int_equal(now.reference, 0);
    assert_int_equal(CALL(property_set, scale), ST_OK);
    assert_int_equal(CALL(property_set, base), ST_OK);
    assert_int_equal(CALL(partition_clock, which), ST_OK);
    out_read(&now, sizeof(now));
    assert_int_equal(now.reference, (fake_now_ns + 1000) / 4 - 100);
    which.partition = 99;
    assert_int_equal(CALL(partition_clock, which), ST_NO_PARTITION);
}

static void test_console(void **state)
{
    struct native_console_write in = {.text = 0x3ffc0, .bytes = 200};
    struct native_console_read keys;
    char text[200];

    (void)state;
    memset(text, 'x', sizeof(text));
    assert_int_equal(mem_write_gpa(root, gpa(in.text), text, sizeof(text)), ST_OK);
    fake_serial_used = 0;
    assert_int_equal(CALL(console_write, in), ST_OK);
    assert_int_equal(fake_serial_used, 200);
    in.text = 4 * MIB - 100;
    assert_int_equal(CALL(console_write, in), ST_FAULT);
    fake_keys = "abc";
    assert_int_equal(call_status(NATIVE_console_read, NULL, 0), ST_OK);
    out_read(&keys, sizeof(keys));
    assert_int_equal(keys.bytes, 3);
    assert_memory_equal(keys.data, "abc", 3);
}

static void test_control_line(void **state)
{
    struct native_control_exchange in = {.text = 0x40000, .bytes = 10};
    struct native_control_exchange_out out;

    (void)state;
    assert_int_equal(mem_write_gpa(root, gpa(in.text), "0123456789", 10), ST_OK);
    fake_control_keys = "list\n";
    fake_control_room = 6;
    assert_int_equal(CALL(control_exchange, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.written, 6);
    assert_memory_equal(fake_control, "012345", 6);
    assert_int_equal(out.bytes, 5);
    assert_memory_equal(out.data, "list\n", 5);
    assert_int_equal(fake_serial_used, 0);
    in.text = ~(u64)0;
    assert_int_equal(CALL(control_exchange, in), ST_FAULT);
}

static void test_log(void **state)
{
    struct native_console_write line = {.text = 0x40000, .bytes = 200};
    struct native_log_read in = {.from = 60, .text = 0x41000, .room = 100};
    struct native_log_read_out out;
    char text[200];

    (void)state;
    memset(text, 'y', sizeof(text));
    text[150] = 'z';
    assert_int_equal(mem_write_gpa(root, gpa(line.text), text, sizeof(text)), ST_OK);
    fake_serial_used = 0;
    assert_int_equal(CALL(log_write, line), ST_OK);
    assert_int_equal(fake_serial_used, 200);
    assert_int_equal(CALL(log_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.bytes, 100);
    assert_int_equal(out.next, 160);
    assert_int_equal(mem_read_gpa(root, gpa(in.text), text, 100), ST_OK);
    assert_int_equal(text[90], 'z');
    assert_int_equal(text[99], 'y');
    in.from = out.next;
    assert_int_equal(CALL(log_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.bytes, 40);
}

static void test_partition_from_birth_to_end(void **state)
{
    struct native_memory_populate populate = {.flags = SPACE_RAM, .bytes = 8 * MIB};
    struct native_vcpu_start start = {.entry = 0x100000, .start_info = 0x1000};
    struct native_partition which;
    struct native_partition_info info;
    u64 free_at_first = frame_count_free();

    (void)state;
    which.partition = create("guest", 8192);
    which.reserved = 0;
    populate.partition = which.partition;
    start.partition = which.partition;
    assert_int_equal(CALL(memory_populate, populate), ST_OK);
    assert_int_equal(CALL(memory_populate, populate), ST_EXISTS);
    assert_int_equal(CALL(vcpu_start, start), ST_OK);
    assert_int_equal(CALL(vcpu_start, start), ST_BUSY);
    assert_int_equal(CALL(partition_info, which), ST_OK);
    out_read(&info, sizeof(info));
    assert_int_equal(info.state, NATIVE_PAUSED);
    assert_int_equal(info.pages, 2048);
    assert_in_range(info.pages_owned, 2048, 2048 + 32);
    assert_string_equal(info.name, "guest");
    assert_int_equal(CALL(partition_resume, which), ST_OK);
    assert_int_equal(CALL(partition_destroy, which), ST_OK);
    assert_int_equal(CALL(partition_destroy, which), ST_NO_PARTITION);
    assert_int_equal(frame_count_free(), free_at_first);
}

static void test_share_of_the_cpus(void **state)
{
    struct native_partition_schedule share = {.weight = 512, .cap = 50};

    (void)state;
    share.partition = 99;
    assert_int_equal(CALL(partition_schedule, share), ST_NO_PARTITION);
    share.partition = create("guest", 64);
    assert_int_equal(CALL(partition_schedule, share), ST_OK);
    assert_int_equal(partition_find(share.partition)->fair.weight, 512);
    assert_int_equal(partition_find(share.partition)->fair.cap, 50);
    share.weight = 0;
    assert_int_equal(CALL(partition_schedule, share), ST_RANGE);
    share.weight = 65536;
    assert_int_equal(CALL(partition_schedule, share), ST_RANGE);
    share.weight = 1;
    share.cap = 6401;
    assert_int_equal(CALL(partition_schedule, share), ST_RANGE);
}

static void test_create_refuses(void **state)
{
    struct native_partition_create in = {.max_pages = 16, .vcpus = 1, .name = "x"};
    struct native_partition_create bad;

    (void)state;
    bad = in;
    memset(bad.name, 'n', sizeof(bad.name));
    assert_int_equal(CALL(partition_create, bad), ST_INVALID);
    bad = in;
    bad.name[0] = 0;
    assert_int_equal(CALL(partition_create, bad), ST_INVALID);
    bad = in;
    bad.vcpus = VCPU_MAX + 1;
    assert_int_equal(CALL(partition_create, bad), ST_INVALID);
    bad = in;
    bad.flags = PARTITION_PRIVILEGED;
    assert_int_equal(CALL(partition_create, bad), ST_INVALID);
    bad = in;
    bad.max_pages = 0;
    assert_int_equal(CALL(partition_create, bad), ST_INVALID);
    assert_int_equal(CALL(partition_create, in), ST_OK);
    assert_int_equal(CALL(partition_create, in), ST_EXISTS);
}

static void test_the_root_is_safe_from_itself(void **state)
{
    struct native_partition me = {.partition = 0};
    struct native_partition_shutdown end = {.partition = 0};

    (void)state;
    assert_int_equal(CALL(partition_destroy, me), ST_DENIED);
    assert_int_equal(CALL(partition_pause, me), ST_DENIED);
    assert_int_equal(CALL(partition_shutdown, end), ST_INVALID);
}

static void test_long_call_goes_on(void **state)
{
    struct native_memory_populate in = {.flags = SPACE_RAM};

    (void)state;
    in.partition = create("big", ~(u64)0 >> 12);
    in.bytes = 128 * MIB; /* two steps, more than there is */
    assert_int_equal(CALL(memory_populate, in), ST_NO_MEMORY);
    in.at = ~(u64)0 - PAGE_MASK;
    assert_int_equal(CALL(memory_populate, in), ST_INVALID);
    in.at = 0;
    in.bytes = 12;
    assert_int_equal(CALL(memory_populate, in), ST_INVALID);
}

static void test_layout_and_properties(void **state)
{
    static const struct native_memory_range ranges[2] = {{0, MIB, 1, 0}, {MIB, MIB, 2, 0}};
    struct native_memory_layout in = {.count = 2, .ranges = 0x30000};
    struct native_property_set set = {.property = NATIVE_CONSOLE_GFN, .value = 77};
    struct partition *p;

    (void)state;
    in.partition = set.partition = create("guest", 16);
    p = partition_find(in.partition);
    assert_int_equal(mem_write_gpa(root, gpa(in.ranges), ranges, sizeof(ranges)), ST_OK);
    assert_int_equal(CALL(memory_layout, in), ST_OK);
    assert_int_equal(p->memory_map_bytes, sizeof(ranges));
    assert_memory_equal(p->memory_map_page, ranges, sizeof(ranges));
    in.count = NATIVE_MEMORY_RANGES_MAX + 1;
    assert_int_equal(CALL(memory_layout, in), ST_TOO_BIG);
    assert_int_equal(CALL(property_set, set), ST_OK);
    assert_int_equal(p->property[NATIVE_CONSOLE_GFN], 77);
    set.property = NATIVE_PROPERTIES;
    assert_int_equal(CALL(property_set, set), ST_INVALID);
}

static void test_trace(void **state)
{
    struct native_trace_read in = {
        .records = 0x40000, .room = 8, .is_on = 1, .partition = NATIVE_TRACE_ALL};
    struct native_trace_read_out out;
    struct native_trace_record record;

    (void)state;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    in.is_on = 0;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.count, 2); /* the first trace_read itself, and clock */
    assert_int_equal(
        mem_read_gpa(root, gpa(in.records + sizeof(record)), &record, sizeof(record)), ST_OK);
    assert_int_equal(record.call, NATIVE_clock);
    assert_int_equal(record.abi, TRACE_NATIVE);
    assert_int_equal(record.argument[1], OUT_AT);
    assert_false(trace_call(vcpu, TRACE_NATIVE, NATIVE_clock));
}

/* Only the calls of the partition that is asked for are kept; those of all are counted. */
static void test_trace_of_one(void **state)
{
    struct native_trace_read in = {.records = 0x40000, .room = 8, .is_on = 1, .partition = 7};
    struct native_trace_read_out out;

    (void)state;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    in.partition = root->id;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    assert_int_equal(call_status(NATIVE_clock, NULL, 0), ST_OK);
    in.is_on = 0;
    assert_int_equal(CALL(trace_read, in), ST_OK);
    out_read(&out, sizeof(out));
    assert_int_equal(out.count, 2); /* the second trace_read itself, and clock */
    assert_int_equal(root->calls[NATIVE_clock], 2);
}

static void test_stats(void **state)
{
    struct native_partition_stats in = {.stats = 0x40000};
    static struct native_stats stats;
    struct partition *p = fake_partition("guest", PARTITION_XEN, 64);
    struct native_partition peer = {.partition = p->id};
    struct native_port_connect_out pair;
    struct native_port port = {0};

    (void)state;
    in.partition = p->id;
    p->vcpu[0]->exits[EXIT_HALT] = 3;
    p->calls[NATIVE_COUNTER_XEN + 5] = 4;
    assert_int_equal(CALL(port_connect, peer), ST_OK);
    out_read(&pair, sizeof(pair));
    port.port = pair.local_port;
    assert_int_equal(CALL(port_send, port), ST_OK);
    assert_int_equal(CALL(partition_stats, in), ST_OK);
    assert_int_equal(mem_read_gpa(root, gpa(in.stats), &stats, sizeof(stats)), ST_OK);
    assert_int_equal(stats.exits[NATIVE_EXIT_halt], 3);
    assert_int_equal(stats.exits[NATIVE_EXIT_hypercall], 0);
    assert_int_equal(stats.calls[5], 4);
    assert_int_equal(stats.events_received, 1);
    assert_int_equal(stats.events_sent, 0);
    in.partition = root->id;
    assert_int_equal(CALL(partition_stats, in), ST_OK);
    assert_int_equal(mem_read_gpa(root, gpa(in.stats), &stats, sizeof(stats)), ST_OK);
    assert_int_equal(stats.events_sent, 1);
    in.stats = 4 * MIB - 8;
    assert_int_equal(CALL(partition_stats, in), ST_FAULT);
    in.partition = 99;
    assert_int_equal(CALL(partition_stats, in), ST_NO_PARTITION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_numbers, setup),
        cmocka_unit_test_setup(test_only_ring_0, setup),
        cmocka_unit_test_setup(test_root_only, setup),
        cmocka_unit_test_setup(test_bad_pointers, setup),
        cmocka_unit_test_setup(test_system_info_and_clock, setup),
        cmocka_unit_test_setup(test_clock_of_a_partition, setup),
        cmocka_unit_test_setup(test_console, setup),
        cmocka_unit_test_setup(test_control_line, setup),
        cmocka_unit_test_setup(test_log, setup),
        cmocka_unit_test_setup(test_partition_from_birth_to_end, setup),
        cmocka_unit_test_setup(test_share_of_the_cpus, setup),
        cmocka_unit_test_setup(test_create_refuses, setup),
        cmocka_unit_test_setup(test_the_root_is_safe_from_itself, setup),
        cmocka_unit_test_setup(test_long_call_goes_on, setup),
        cmocka_unit_test_setup(test_layout_and_properties, setup),
        cmocka_unit_test_setup(test_trace, setup),
        cmocka_unit_test_setup(test_trace_of_one, setup),
        cmocka_unit_test_setup(test_stats, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
