/* The call engine and the native calls, through guest memory as a guest makes them. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/frame.h"
#include "hv/core/share.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/trap.h"
#include "hypercall/abi/native.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"
#include "hypercall/trace.h"

#define IN_AT  0x10000u
#define OUT_AT 0x20000u
#define MIB    ((u64)1 << 20)

static struct partition *root;
static struct vcpu *vcpu;

static int setup(void **state)
{
    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    vcpu = root->vcpu[0];
    return space_populate(&root->space, gpa(0), 4 * MIB, SPACE_RAM) != ST_OK;
}

static enum call_end invoke(u64 number, const void *in, u64 bytes)
{
    struct regs *regs = &vcpu->guest->regs;

    if (bytes != 0)
        assert_int_equal(mem_write_gpa(root, gpa(IN_AT), in, bytes), ST_OK);
    regs->rax = number;
    regs->rdi = IN_AT;
    regs->rsi = OUT_AT;
    regs->rdx = 0;
    return native_call(vcpu);
}

static enum status call_status(u64 number, const void *in, u64 bytes)
{
    u32 tries = 0;
    enum call_end end = invoke(number, in, bytes);

    /* A long call is executed again with its cursor. */
    while (end == CALL_REPEAT && tries++ < 1000) {
        vcpu->guest->regs.rax = number;
        end = native_call(vcpu);
    }
    assert_int_equal(end, CALL_RETURN);
    return (enum status) - (s64)vcpu->guest->regs.rax;
}

#define CALL(name, in) call_status(NATIVE_##name, &(in), sizeof(in))

static void out_read(void *to, u64 bytes)
{
    assert_int_equal(mem_read_gpa(root, gpa(OUT_AT), to, bytes), ST_OK);
}

static u32 create(const char *name, u64 pages)
{
    struct native_partition_create in = {
        .max_pages = pages, .flags = NATIVE_PARTITION_XEN, .vcpus = 1};
    struct native_partition out;

    strcpy(in.name, name);
    assert_int_equal(CALL(partition_create, in), ST_OK);
    out_read(&out, sizeof(out));
    return out.partition;
}

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

/* --- guest memory: page tables at 1 MiB --- */

#define TABLES_AT MIB

#define CR0_WP   BIT(16)
#define CR0_PG   BIT(31)
#define CR4_PSE  BIT(4)
#define CR4_PAE  BIT(5)
#define EFER_LMA BIT(10)
#define EFER_NXE BIT(11)

static void entry_set(u32 table, u32 index, u64 entry)
{
    u64 at = TABLES_AT + table * PAGE_SIZE + index * 8;

    assert_int_equal(mem_write_gpa(root, gpa(at), &entry, 8), ST_OK);
}

static u64 table_at(u32 table)
{
    return (TABLES_AT + table * PAGE_SIZE) | 7;
}

static void long_mode(void)
{
    fake_paging = (struct guest_paging){.cr0 = CR0_PG | CR0_WP,
                                        .cr3 = TABLES_AT | 0x18, /* write-through, uncached */
                                        .cr4 = CR4_PAE,
                                        .efer = EFER_LMA | EFER_NXE};
    entry_set(0, 511, table_at(1));
    entry_set(1, 510, table_at(2));
    entry_set(2, 0, table_at(3));
    entry_set(2, 1, 0x200000 | 0x83);
    entry_set(3, 0, 0x50000 | 3);
    entry_set(3, 1, 0x60000 | 1);
    entry_set(3, 2, 0x70000 | 3 | BIT(63));
}

#define HIGH 0xffffffff80000000ull

static void expect_translated(u64 at, enum mem_access access, u64 physical)
{
    gpa_t out;

    assert_int_equal(mem_translate(vcpu, gva(at), access, &out), ST_OK);
    assert_int_equal(out.raw, physical);
}

static void expect_fault(u64 at, enum mem_access access)
{
    gpa_t out;

    assert_int_equal(mem_translate(vcpu, gva(at), access, &out), ST_FAULT);
}

static void test_walk_long_mode(void **state)
{
    (void)state;
    long_mode();
    expect_translated(HIGH + 5, MEM_WRITE, 0x50005);
    expect_translated(HIGH + 0x1fff, MEM_READ, 0x60fff);
    expect_fault(HIGH + 0x1000, MEM_WRITE);
    expect_translated(HIGH + 0x2000, MEM_READ, 0x70000);
    expect_fault(HIGH + 0x2000, MEM_FETCH);
    expect_fault(HIGH + 0x3000, MEM_READ);
    expect_translated(HIGH + 0x2abcde, MEM_WRITE, 0x2abcde);
    expect_fault(0x0000800000000000ull, MEM_READ); /* not canonical */
    expect_fault(0xfffe000000000000ull, MEM_READ);
    fake_paging.cr0 = CR0_PG;
    expect_translated(HIGH + 0x1000, MEM_WRITE, 0x60000);
    fake_paging.efer = EFER_LMA;
    expect_translated(HIGH + 0x2000, MEM_FETCH, 0x70000);
    fake_paging.cr3 = 100 * MIB; /* no memory there */
    expect_fault(HIGH, MEM_READ);
}

/* A walk remembers no table entry of the guest's, and no page that the partition has lost. */
static void test_walk_follows_changes(void **state)
{
    u8 byte = 0;

    (void)state;
    long_mode();
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x200000), &byte, 1), ST_OK);
    entry_set(3, 0, 0x60000 | 3);
    expect_translated(HIGH + 5, MEM_WRITE, 0x60005);
    entry_set(2, 1, 0x400000 | 0x83);
    expect_translated(HIGH + 0x2abcde, MEM_WRITE, 0x4abcde);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 5), &byte, 1), ST_OK);
    assert_int_equal(space_remove(&root->space, gpa(0x60000), PAGE_SIZE), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 5), &byte, 1), ST_FAULT);
    entry_set(3, 0, 0x50000 | 3);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 5), &byte, 1), ST_OK);
    assert_int_equal(space_remove(&root->space, gpa(TABLES_AT + 3 * PAGE_SIZE), PAGE_SIZE),
                     ST_OK);
    expect_fault(HIGH + 5, MEM_READ);
    entry_set(1, 510, 0x40000000 | 0x83); /* 1 GiB */
    expect_translated(HIGH + 0x12345678, MEM_WRITE, 0x52345678);
}

/* What stands in the guest's page at the frame. */
static void mark_put(u64 frame, u8 mark)
{
    assert_int_equal(mem_write_gpa(root, gpa(frame), &mark, 1), ST_OK);
}

static u8 mark_read(u64 at)
{
    u8 mark = 0;

    assert_int_equal(mem_read(vcpu, gva(at), &mark, 1), ST_OK);
    return mark;
}

/* Twice from the same page: the second time the walk is remembered. It sees an entry of each
 * level change. */
static void test_remembered_walk_reads_each_entry(void **state)
{
    u8 byte = 0;

    (void)state;
    long_mode();
    mark_put(0x50000, 1);
    mark_put(0x60000, 2);
    mark_put(0x70000, 3);
    mark_put(0x80000, 4);
    entry_set(4, 510, table_at(5)); /* another way: 4, 5, 6, 7 */
    entry_set(5, 0, table_at(6));
    entry_set(6, 0, table_at(7));
    entry_set(7, 0, 0x80000 | 3);
    assert_int_equal(mark_read(HIGH), 1);
    entry_set(3, 0, 0x60000 | 3);
    assert_int_equal(mark_read(HIGH), 2);
    entry_set(2, 0, table_at(7));
    assert_int_equal(mark_read(HIGH), 4);
    entry_set(1, 510, table_at(6));
    entry_set(6, 0, table_at(3));
    assert_int_equal(mark_read(HIGH), 2);
    entry_set(0, 511, table_at(4));
    entry_set(5, 0, 0x80 | 3); /* a large page at 0 */
    mark_put(0, 5);
    assert_int_equal(mark_read(HIGH), 5);
    entry_set(4, 510, 0);
    assert_int_equal(mem_read(vcpu, gva(HIGH), &byte, 1), ST_FAULT);
}

/* Nor does it outlive the registers it was made under, or say more than was asked. */
static void test_remembered_walk_keeps_rights(void **state)
{
    u8 byte = 7;

    (void)state;
    long_mode();
    mark_put(0x60000, 2);
    assert_int_equal(mark_read(HIGH + 0x1000), 2);
    assert_int_equal(mark_read(HIGH + 0x1000), 2);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
    fake_paging.cr0 = CR0_PG;
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_OK);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_OK);
    assert_int_equal(mark_read(HIGH + 0x1000), 7);
    fake_paging.cr0 = CR0_PG | CR0_WP;
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
    assert_int_equal(mark_read(HIGH + 0x1000), 7);
    fake_paging.cr3 = TABLES_AT + 4 * PAGE_SIZE; /* empty */
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
    fake_paging.cr3 = TABLES_AT;
    assert_null(mem_pointer(vcpu, gva(HIGH + 0x1000), 1, MEM_WRITE));
    assert_null(mem_pointer(vcpu, gva(HIGH + 0x1fff), 2, MEM_READ));
    assert_non_null(mem_pointer(vcpu, gva(HIGH + 0x1fff), 1, MEM_READ));
    /* Pages that share a place. */
    entry_set(3, 9, 0x70000 | 3);
    mark_put(0x70000, 3);
    assert_int_equal(mark_read(HIGH + 0x9000), 3);
    assert_int_equal(mark_read(HIGH + 0x1000), 7);
}

/* A page or a table that the partition loses, by whatever way: nothing is found there. */
static void test_remembered_walk_loses_its_page(void **state)
{
    u8 byte = 0;

    (void)state;
    long_mode();
    mark_put(0x50000, 1);
    assert_int_equal(mark_read(HIGH), 1);
    assert_int_equal(space_remove(&root->space, gpa(0x50000), PAGE_SIZE), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH), &byte, 1), ST_FAULT);
    assert_int_equal(mark_read(HIGH + 0x1000), mark_read(HIGH + 0x1000));
    assert_int_equal(space_remove(&root->space, gpa(TABLES_AT + 3 * PAGE_SIZE), PAGE_SIZE),
                     ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0x1000), &byte, 1), ST_FAULT);
}

static void test_walk_without_paging(void **state)
{
    (void)state;
    expect_translated(0x12345, MEM_WRITE, 0x12345);
    expect_fault(0x100000000ull, MEM_READ);
}

static void test_walk_two_levels(void **state)
{
    u32 directory[2] = {0x00051007, (u32)(0x00800000 | 0x83)};
    u32 table[2] = {0x00052003, 0x00053001};

    (void)state;
    fake_paging = (struct guest_paging){.cr0 = CR0_PG | CR0_WP, .cr3 = 0x50018, .cr4 = CR4_PSE};
    assert_int_equal(mem_write_gpa(root, gpa(0x50000), directory, sizeof(directory)), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(0x51000), table, sizeof(table)), ST_OK);
    expect_translated(0x123, MEM_WRITE, 0x52123);
    expect_fault(0x1000, MEM_WRITE);
    expect_translated(0x400123, MEM_READ, 0x800123);
    directory[1] |= 0x2000; /* address bit 32: no memory there, but an address */
    assert_int_equal(mem_write_gpa(root, gpa(0x50000), directory, sizeof(directory)), ST_OK);
    expect_translated(0x400123, MEM_READ, 0x100800123);
    fake_paging.cr4 = 0; /* then it is a table that is not there */
    expect_fault(0x400123, MEM_READ);
}

static void test_walk_pae(void **state)
{
    u64 top = 0x51000 | 1; /* no rights at this level */
    u64 directory = 0x52000 | 7;
    u64 table = 0x53000 | 3;

    (void)state;
    fake_paging = (struct guest_paging){.cr0 = CR0_PG | CR0_WP, .cr3 = 0x50038, .cr4 = CR4_PAE};
    assert_int_equal(mem_write_gpa(root, gpa(0x50020 + 3 * 8), &top, 8), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(0x51000), &directory, 8), ST_OK);
    assert_int_equal(mem_write_gpa(root, gpa(0x52000), &table, 8), ST_OK);
    expect_translated(0xc0000042u, MEM_WRITE, 0x53042);
    expect_fault(0x42, MEM_READ);
    directory = 0x600000 | 0x83;
    assert_int_equal(mem_write_gpa(root, gpa(0x51000), &directory, 8), ST_OK);
    expect_translated(0xc01fffffu, MEM_WRITE, 0x7fffff);
}

static void test_copy_straddles(void **state)
{
    u8 bytes[64], back[64];
    u64 got;

    (void)state;
    long_mode();
    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = (u8)i;
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1ffff0), bytes, 32), ST_FAULT);
    entry_set(3, 511, 0x61000 | 3);
    assert_int_equal(mem_write(vcpu, gva(HIGH + 0x1fffe0), bytes, 64), ST_OK);
    assert_int_equal(mem_read(vcpu, gva(HIGH + 0x1fffe0), back, 64), ST_OK);
    assert_memory_equal(bytes, back, 64);
    assert_int_equal(mem_read_gpa(root, gpa(0x200000), back, 32), ST_OK);
    assert_memory_equal(bytes + 32, back, 32);
    /* An instruction at the end of what is mapped. */
    assert_int_equal(mem_fetch(vcpu, gva(HIGH + 0x1ff8), back, 15, &got), ST_OK);
    assert_int_equal(got, 8);
    assert_int_equal(mem_fetch(vcpu, gva(HIGH + 0x2000), back, 15, &got), ST_FAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_numbers, setup),
        cmocka_unit_test_setup(test_only_ring_0, setup),
        cmocka_unit_test_setup(test_root_only, setup),
        cmocka_unit_test_setup(test_bad_pointers, setup),
        cmocka_unit_test_setup(test_system_info_and_clock, setup),
        cmocka_unit_test_setup(test_console, setup),
        cmocka_unit_test_setup(test_control_line, setup),
        cmocka_unit_test_setup(test_log, setup),
        cmocka_unit_test_setup(test_partition_from_birth_to_end, setup),
        cmocka_unit_test_setup(test_share_of_the_cpus, setup),
        cmocka_unit_test_setup(test_create_refuses, setup),
        cmocka_unit_test_setup(test_the_root_is_safe_from_itself, setup),
        cmocka_unit_test_setup(test_long_call_goes_on, setup),
        cmocka_unit_test_setup(test_borrow, setup),
        cmocka_unit_test_setup(test_borrow_by_reference, setup),
        cmocka_unit_test_setup(test_copy_by_reference, setup),
        cmocka_unit_test_setup(test_devices, setup),
        cmocka_unit_test_setup(test_ports_and_waiting, setup),
        cmocka_unit_test_setup(test_layout_and_properties, setup),
        cmocka_unit_test_setup(test_trace, setup),
        cmocka_unit_test_setup(test_trace_of_one, setup),
        cmocka_unit_test_setup(test_stats, setup),
        cmocka_unit_test_setup(test_walk_long_mode, setup),
        cmocka_unit_test_setup(test_remembered_walk_reads_each_entry, setup),
        cmocka_unit_test_setup(test_remembered_walk_keeps_rights, setup),
        cmocka_unit_test_setup(test_remembered_walk_loses_its_page, setup),
        cmocka_unit_test_setup(test_walk_without_paging, setup),
        cmocka_unit_test_setup(test_walk_follows_changes, setup),
        cmocka_unit_test_setup(test_walk_two_levels, setup),
        cmocka_unit_test_setup(test_walk_pae, setup),
        cmocka_unit_test_setup(test_copy_straddles, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
