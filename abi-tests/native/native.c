/*
 * The native calls, from the root partition: this image in the steward's place. Each row at
 * least once with success where a lone root can have it, and once refused.
 */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/native_numbers.h"

#define NO_PARTITION 4321u
#define NO_PORT      0x7fffffffu
#define CHILD_AT     0x40000000ull /* where the root borrows pages: above its own memory */
#define READ_WRITE   3u

static uint8_t in_words[512] __attribute__((aligned(8)));
static uint8_t out_words[512] __attribute__((aligned(8)));
static uint32_t child, enlightened;

static long native(unsigned call, const void *in)
{
    return kit_native(call, (uintptr_t)in, (uintptr_t)out_words);
}

static long native_pair(unsigned call, uint32_t one, uint32_t two)
{
    struct n_pair pair = {one, two};

    return native(call, &pair);
}

static uint32_t out32(unsigned offset)
{
    return *(const uint32_t *)(const void *)(out_words + offset);
}

static uint64_t out64(unsigned offset)
{
    return *(const uint64_t *)(const void *)(out_words + offset);
}

static long create(const char *name, uint64_t pages, uint32_t flags, uint32_t vcpus)
{
    struct n_partition_create argument = {.max_pages = pages, .flags = flags, .vcpus = vcpus};

    for (unsigned i = 0; i < sizeof(argument.name) && name[i] != '\0'; i++)
        argument.name[i] = name[i];
    return native(N_partition_create, &argument);
}

/* Every row: a pointer to nothing is a fault, and changes nothing. */
TEST(native_pointers, "native-pointers", TEST_NATIVE)
{
    static const struct {
        const char *row;
        unsigned number;
        bool in, out;
    } rows[] = {
        {"native.system_info", N_system_info, false, true},
        {"native.console_write", N_console_write, true, false},
        {"native.console_read", N_console_read, false, true},
        {"native.power_off", N_power_off, true, false},
        {"native.clock", N_clock, false, true},
        {"native.partition_create", N_partition_create, true, true},
        {"native.partition_destroy", N_partition_destroy, true, false},
        {"native.partition_info", N_partition_info, true, true},
        {"native.partition_clock", N_partition_clock, true, true},
        {"native.partition_pause", N_partition_pause, true, false},
        {"native.partition_resume", N_partition_resume, true, false},
        {"native.partition_shutdown", N_partition_shutdown, true, false},
        {"native.property_set", N_property_set, true, false},
        {"native.memory_layout", N_memory_layout, true, false},
        {"native.memory_populate", N_memory_populate, true, false},
        {"native.memory_map", N_memory_map, true, false},
        {"native.memory_unmap", N_memory_unmap, true, false},
        {"native.memory_remove", N_memory_remove, true, false},
        {"native.vcpu_start", N_vcpu_start, true, false},
        {"native.port_connect", N_port_connect, true, true},
        {"native.port_send", N_port_send, true, false},
        {"native.port_wait", N_port_wait, true, true},
        {"native.port_close", N_port_close, true, false},
        {"native.port_event", N_port_event, true, true},
        {"native.trace_read", N_trace_read, true, true},
        {"native.port_bind", N_port_bind, true, true},
        {"native.grant_map", N_grant_map, true, true},
        {"native.grant_unmap", N_grant_unmap, true, false},
        {"native.grant_copy", N_grant_copy, true, true},
        {"native.pci_read", N_pci_read, true, true},
        {"native.pci_write", N_pci_write, true, false},
        {"native.device_map", N_device_map, true, false},
        {"native.memory_machine", N_memory_machine, true, true},
        {"native.device_interrupt", N_device_interrupt, false, true},
        {"native.partition_schedule", N_partition_schedule, true, false},
        {"native.message_bind", N_message_bind, true, false},
        {"native.message_take", N_message_take, true, true},
        {"native.message_post", N_message_post, true, false},
        {"native.event_connect", N_event_connect, true, false},
        {"native.event_disconnect", N_event_disconnect, true, false},
        {"native.event_flag_set", N_event_flag_set, true, false},
        {"native.partition_stats", N_partition_stats, true, false},
        {"native.control_exchange", N_control_exchange, true, true},
        {"native.log_write", N_log_write, true, false},
        {"native.log_read", N_log_read, true, true},
    };
    uint64_t out = (uintptr_t)out_words;

    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].in) {
            expect_number(rows[i].row, "unmapped in",
                          kit_native(rows[i].number, KIT_UNMAPPED, out), N_FAULT);
            expect_number(rows[i].row, "torn in",
                          kit_native(rows[i].number, (uintptr_t)KIT_TORN(4), out), N_FAULT);
            expect_number(rows[i].row, "non-canonical in",
                          kit_native(rows[i].number, 0x8000000000000000ull, out), N_FAULT);
        } else if (rows[i].out) {
            expect_number(rows[i].row, "unmapped out",
                          kit_native(rows[i].number, 0, KIT_UNMAPPED), N_FAULT);
        }
    }
    expect_number("native", "number behind the last", native(N_CALLS, in_words), N_NO_CALL);
    expect_number("native", "number 2^32-1", native(0xffffffff, in_words), N_NO_CALL);
}

TEST(native_machine, "native-machine", TEST_NATIVE)
{
    struct {
        uint64_t text, bytes;
    } write = {(uintptr_t) "", 0};
    uint64_t now;

    expect_number("native.system_info", "plain", native(N_system_info, NULL), 0);
    expect_number("native.system_info", "version", (long)out32(0), 1);
    expect_true("native.system_info", "memory adds up",
                out64(24) < out64(16) && out64(32) < out64(16) && out64(24) > 0);
    expect_number("native.clock", "plain", native(N_clock, NULL), 0);
    now = out64(0);
    native(N_clock, NULL);
    expect_true("native.clock", "goes on", out64(0) >= now && out64(24) > 100000);
    now = out64(0);
    expect_number("native.partition_clock", "its own", native_pair(N_partition_clock, 0, 0), 0);
    expect_true("native.partition_clock", "goes on", out64(0) >= now);
    expect_true("native.partition_clock", "no reference time", out64(24) == 0);
    expect_number("native.partition_clock", "no such partition",
                  native_pair(N_partition_clock, NO_PARTITION, 0), N_NO_PARTITION);
    expect_number("native.console_write", "nothing", native(N_console_write, &write), 0);
    write.text = KIT_UNMAPPED;
    write.bytes = 5;
    expect_number("native.console_write", "unmapped text", native(N_console_write, &write),
                  N_FAULT);
    expect_number("native.device_interrupt", "plain", native(N_device_interrupt, NULL), 0);
    expect_true("native.device_interrupt", "a message for a local APIC",
                out64(0) >> 20 == 0xfee && out32(8) >= 16 && out32(8) < 255);
    expect_number("native.console_read", "nothing typed", native(N_console_read, NULL), 0);
    expect_number("native.console_read", "nothing typed: bytes", (long)out32(0), 0);
}

/* The lines beside the console; the machine of this test has no program at the control line. */
TEST(native_lines, "native-lines", TEST_NATIVE)
{
    struct {
        uint64_t text, bytes;
    } line = {(uintptr_t) "# kept\n", 7};
    struct {
        uint64_t from, text, room;
    } log = {0, (uintptr_t)in_words, sizeof(in_words)};

    expect_number("native.log_write", "a line", native(N_log_write, &line), 0);
    expect_number("native.log_read", "the beginning", native(N_log_read, &log), 0);
    expect_true("native.log_read", "all, and the line at its end",
                out64(8) > 7 && out64(0) == out64(8) && in_words[out64(8) - 7] == '#' &&
                    in_words[out64(8) - 1] == '\n');
    log.room = 5;
    expect_number("native.log_read", "a part", native(N_log_read, &log), 0);
    expect_true("native.log_read", "as much as there was room for",
                out64(8) == 5 && out64(0) == 5);
    log.text = KIT_UNMAPPED;
    expect_number("native.log_read", "unmapped text", native(N_log_read, &log), N_FAULT);
    log.from = ~0ull;
    expect_number("native.log_read", "behind the end", native(N_log_read, &log), 0);
    expect_number("native.log_read", "behind the end: bytes", (long)out64(8), 0);
    expect_number("native.control_exchange", "plain", native(N_control_exchange, &line), 0);
    expect_true("native.control_exchange", "all or a part is taken, nothing has come",
                out64(0) <= 7 && out32(8) == 0);
    line.text = KIT_UNMAPPED;
    expect_number("native.control_exchange", "unmapped text", native(N_control_exchange, &line),
                  N_FAULT);
    expect_number("native.log_write", "unmapped text", native(N_log_write, &line), N_FAULT);
}

TEST(native_partition, "native-partition", TEST_NATIVE)
{
    static const char long_name[] =
        "a name of more than sixty-four bytes has no zero byte where it has to end";
    const char *make = "native.partition_create", *info = "native.partition_info";

    expect_number(make, "no vCPU", create("none", 1024, 1, 0), N_INVALID);
    expect_number(make, "1,000 vCPUs", create("many", 1024, 1, 1000), N_INVALID);
    expect_number(make, "name without an end", create(long_name, 1024, 1, 1), N_INVALID);
    expect_number(make, "unknown flags", create("flags", 1024, 0x80000000, 1), N_INVALID);
    expect_number(make, "plain", create("child", 1024, 1, 1), 0);
    child = out32(0);
    expect_true(make, "a number that is not the root's", child != 0);
    expect_number(info, "plain", native_pair(N_partition_info, child, 0), 0);
    expect_true(info, "paused, empty, with its name",
                out32(0) == 0 && out64(8) == 0 && out32(40) == 0 && out_words[48] == 'c');
    expect_number(info, "no such partition", native_pair(N_partition_info, NO_PARTITION, 0),
                  N_NO_PARTITION);
    expect_number("native.partition_pause", "paused already",
                  native_pair(N_partition_pause, child, 0), 0);
    expect_number("native.partition_pause", "no such partition",
                  native_pair(N_partition_pause, NO_PARTITION, 0), N_NO_PARTITION);
    expect_number("native.partition_resume", "no such partition",
                  native_pair(N_partition_resume, NO_PARTITION, 0), N_NO_PARTITION);
    expect_number("native.partition_shutdown", "no such partition",
                  native_pair(N_partition_shutdown, NO_PARTITION, 0), N_NO_PARTITION);
    expect_number("native.partition_shutdown", "unknown reason",
                  native_pair(N_partition_shutdown, child, 99), N_INVALID);
    expect_number("native.partition_destroy", "no such partition",
                  native_pair(N_partition_destroy, NO_PARTITION, 0), N_NO_PARTITION);
    observe_number("native.partition_destroy", "the root",
                   native_pair(N_partition_destroy, 0, 0));
}

TEST(native_schedule, "native-schedule", TEST_NATIVE)
{
    const char *row = "native.partition_schedule";
    uint32_t words[4] = {child, 512, 50, 0};

    expect_number(row, "weight 512, half a CPU", native(N_partition_schedule, words), 0);
    words[1] = 0;
    expect_number(row, "weight 0", native(N_partition_schedule, words), N_RANGE);
    words[1] = 65536;
    expect_number(row, "weight 65536", native(N_partition_schedule, words), N_RANGE);
    words[1] = 256;
    words[2] = 0;
    expect_number(row, "no cap", native(N_partition_schedule, words), 0);
    words[0] = NO_PARTITION;
    expect_number(row, "no such partition", native(N_partition_schedule, words),
                  N_NO_PARTITION);
}

TEST(native_values, "native-values", TEST_NATIVE)
{
    struct n_property_set property = {child, 0, 5};
    static struct {
        uint64_t at, bytes;
        uint32_t type, reserved;
    } range = {0, 0x400000, 1, 0};
    struct n_memory_layout layout = {child, 1, (uintptr_t)&range};

    expect_number("native.property_set", "plain", native(N_property_set, &property), 0);
    property.property = 32;
    expect_number("native.property_set", "no such property", native(N_property_set, &property),
                  N_INVALID);
    property.property = 0;
    property.partition = NO_PARTITION;
    expect_number("native.property_set", "no such partition", native(N_property_set, &property),
                  N_NO_PARTITION);
    expect_number("native.memory_layout", "one range", native(N_memory_layout, &layout), 0);
    layout.count = 129;
    observe_number("native.memory_layout", "129 ranges", native(N_memory_layout, &layout));
    layout.count = 1;
    layout.ranges = KIT_UNMAPPED;
    expect_number("native.memory_layout", "unmapped ranges", native(N_memory_layout, &layout),
                  N_FAULT);
    layout.partition = NO_PARTITION;
    expect_number("native.memory_layout", "no such partition", native(N_memory_layout, &layout),
                  N_NO_PARTITION);
}

static long populate(uint32_t partition, uint32_t flags, uint64_t at, uint64_t bytes)
{
    struct n_memory_populate argument = {partition, flags, at, bytes};

    return native(N_memory_populate, &argument);
}

static long map(uint32_t partition, uint64_t remote, uint64_t local, uint64_t pages)
{
    struct n_memory_map argument = {partition, READ_WRITE, remote, local, pages};

    return native(N_memory_map, &argument);
}

static long unmap(uint64_t local)
{
    return native(N_memory_unmap, &local);
}

static long remove(uint32_t partition, uint64_t at, uint64_t bytes)
{
    struct n_memory_remove argument = {partition, 0, at, bytes};

    return native(N_memory_remove, &argument);
}

static void removals(uint32_t partition)
{
    const char *row = "native.memory_remove";
    uint64_t before;

    native_pair(N_partition_info, partition, 0);
    before = out64(8);
    expect_number(row, "two pages", remove(partition, 0x1000, 0x2000), 0);
    native_pair(N_partition_info, partition, 0);
    expect_true(row, "they are counted", out64(8) == before - 2);
    expect_number(row, "again", remove(partition, 0x1000, 0x2000), 0);
    expect_number(row, "unaligned", remove(partition, 0x800, 0x1000), N_INVALID);
    expect_number(row, "the root", remove(0, 0x1000, 0x1000), N_INVALID);
    expect_number(row, "no such partition", remove(NO_PARTITION, 0, 0x1000), N_NO_PARTITION);
    expect_number(row, "they come back", populate(partition, 7, 0x1000, 0x2000), 0);
}

static void borrowed_write(uint64_t value)
{
    *(volatile uint64_t *)(uintptr_t)CHILD_AT = value;
}

TEST(native_memory, "native-memory", TEST_NATIVE)
{
    const char *row = "native.memory_populate", *borrow = "native.memory_map";
    const char *take = "native.memory_remove";

    expect_number(row, "2 MiB", populate(child, 7, 0, 0x200000), 0);
    observe_number(row, "again", populate(child, 7, 0, 0x1000));
    expect_number(row, "unaligned", populate(child, 7, 0x200800, 0x1000), N_INVALID);
    expect_number(row, "no access", populate(child, 0, 0x200000, 0x1000), N_INVALID);
    observe_number(row, "beyond its maximum", populate(child, 7, 0x200000, 0x10000000));
    observe_number(row, "beyond 2^52", populate(child, 7, 1ull << 60, 0x1000));
    expect_number(row, "no such partition", populate(NO_PARTITION, 7, 0, 0x1000),
                  N_NO_PARTITION);
    native_pair(N_partition_info, child, 0);
    expect_true(row, "the pages are counted", out64(8) >= 512 && out64(8) <= 1024);
    expect_number(borrow, "one page", map(child, 0, CHILD_AT, 1), 0);
    expect_trap(borrow, "it can be written", kit_try(borrowed_write, 0x1234), KIT_NO_TRAP);
    observe_number(borrow, "the same place again", map(child, 0x1000, CHILD_AT, 1));
    expect_number(borrow, "unaligned", map(child, 0x800, CHILD_AT + 0x10000, 1), N_INVALID);
    observe_number(borrow, "nothing there", map(child, 0x30000000, CHILD_AT + 0x10000, 1));
    observe_number(borrow, "2^52 pages", map(child, 0, CHILD_AT + 0x10000, 1ull << 52));
    expect_number(borrow, "no such partition", map(NO_PARTITION, 0, CHILD_AT + 0x10000, 1),
                  N_NO_PARTITION);
    expect_number(take, "while it is borrowed", remove(child, 0, 0x1000), N_BUSY);
    expect_number("native.memory_unmap", "plain", unmap(CHILD_AT), 0);
    observe_number("native.memory_unmap", "again", unmap(CHILD_AT));
    observe_number("native.memory_unmap", "never there", unmap(CHILD_AT + 0x1000000));
    removals(child);
}

static void connections(uint32_t port)
{
    const char *row = "native.event_connect", *end = "native.event_disconnect";
    struct n_event_connect event = {enlightened, 0x10001, port, 0};

    expect_number(row, "plain", native(N_event_connect, &event), 0);
    expect_number(row, "again", native(N_event_connect, &event), N_EXISTS);
    expect_number(end, "plain", native(N_event_disconnect, &event), 0);
    expect_number(end, "again", native(N_event_disconnect, &event), N_NO_ENTRY);
    event.port = NO_PORT;
    expect_number(row, "no such port", native(N_event_connect, &event), N_INVALID);
    event.partition = NO_PARTITION;
    expect_number(row, "no such partition", native(N_event_connect, &event), N_NO_PARTITION);
    expect_number(end, "no such partition", native(N_event_disconnect, &event), N_NO_PARTITION);
}

static void posts(void)
{
    const char *row = "native.message_post", *flag = "native.event_flag_set";
    struct n_message_post post = {enlightened, 0, 2, 1, (uintptr_t)in_words, 240, 0};
    struct n_event_flag_set set = {enlightened, 0, 2, 1};

    expect_number(row, "240 bytes", native(N_message_post, &post), 0);
    post.bytes = 241;
    expect_number(row, "241 bytes", native(N_message_post, &post), N_INVALID);
    post.bytes = 240;
    post.sint = 16;
    expect_number(row, "interrupt source 16", native(N_message_post, &post), N_INVALID);
    post.sint = 2;
    post.payload = KIT_UNMAPPED;
    expect_number(row, "unmapped payload", native(N_message_post, &post), N_FAULT);
    post.vcpu = 77;
    expect_number(row, "no such vCPU", native(N_message_post, &post), N_NO_ENTRY);
    post.partition = NO_PARTITION;
    expect_number(row, "no such partition", native(N_message_post, &post), N_NO_PARTITION);
    expect_number(flag, "plain", native(N_event_flag_set, &set), 0);
    set.flag = 2048;
    expect_number(flag, "flag 2048", native(N_event_flag_set, &set), N_INVALID);
    set.vcpu = 77;
    expect_number(flag, "no such vCPU", native(N_event_flag_set, &set), N_NO_ENTRY);
    set.partition = NO_PARTITION;
    expect_number(flag, "no such partition", native(N_event_flag_set, &set), N_NO_PARTITION);
}

/* Between the root and a guest with the Hyper-V interface, which need not run for it. */
TEST(native_messages, "native-messages", TEST_NATIVE)
{
    const char *bind = "native.message_bind", *take = "native.message_take";
    uint64_t in[2] = {0, (uintptr_t)out_words};
    uint32_t port;

    expect_number("native.partition_create", "enlightened", create("enlightened", 1024, 2, 1),
                  0);
    enlightened = out32(0);
    in[0] = enlightened;
    expect_number("native.port_connect", "for messages",
                  native_pair(N_port_connect, enlightened, 0), 0);
    port = out32(0);
    expect_number(bind, "plain", native_pair(N_message_bind, enlightened, port), 0);
    expect_number(bind, "no such port", native_pair(N_message_bind, enlightened, NO_PORT),
                  N_INVALID);
    expect_number(bind, "a partition of another kind", native_pair(N_message_bind, child, port),
                  N_INVALID);
    expect_number(bind, "no such partition", native_pair(N_message_bind, NO_PARTITION, port),
                  N_NO_PARTITION);
    expect_number(take, "nothing posted", native(N_message_take, in), N_NO_DATA);
    in[0] = NO_PARTITION;
    expect_number(take, "no such partition", native(N_message_take, in), N_NO_PARTITION);
    connections(port);
    posts();
    expect_number("native.partition_destroy", "enlightened",
                  native_pair(N_partition_destroy, enlightened, 0), 0);
}

TEST(native_ports, "native-ports", TEST_NATIVE)
{
    uint64_t deadline = 0;
    uint32_t local;

    expect_number("native.port_connect", "plain", native_pair(N_port_connect, child, 0), 0);
    local = out32(0);
    expect_true("native.port_connect", "two numbers", local != 0 && out32(4) != 0);
    expect_number("native.port_connect", "no such partition",
                  native_pair(N_port_connect, NO_PARTITION, 0), N_NO_PARTITION);
    expect_number("native.port_send", "plain", native_pair(N_port_send, local, 0), 0);
    expect_number("native.port_send", "no such port", native_pair(N_port_send, NO_PORT, 0),
                  N_INVALID);
    observe_number("native.port_wait", "nothing raised, no time",
                   native(N_port_wait, &deadline));
    expect_number("native.port_close", "plain", native_pair(N_port_close, local, 0), 0);
    expect_number("native.port_close", "again", native_pair(N_port_close, local, 0), N_INVALID);
    expect_number("native.port_close", "no such port", native_pair(N_port_close, NO_PORT, 0),
                  N_INVALID);
    expect_number("native.port_event", "an ended partition", native_pair(N_port_event, 3, 0),
                  0);
    local = out32(0);
    expect_number("native.port_event", "unknown event", native_pair(N_port_event, 99, 0),
                  N_INVALID);
    expect_number("native.partition_shutdown", "plain",
                  native_pair(N_partition_shutdown, child, 0), 0);
    expect_number("native.port_wait", "raised by it", native(N_port_wait, &deadline), 0);
    expect_true("native.port_wait", "the port of the event", out32(0) == local);
    observe_number("native.port_bind", "no such port", native_pair(N_port_bind, child, 77));
    expect_number("native.port_bind", "no such partition",
                  native_pair(N_port_bind, NO_PARTITION, 1), N_NO_PARTITION);
}

TEST(native_rest, "native-rest", TEST_NATIVE)
{
    struct n_vcpu_start start = {child, 7, 0x100000, 0};
    uint32_t words[8] = {child, 3, 3, 0, 0x50000000, 0};
    uint64_t address = (uintptr_t)in_words;

    observe_number("native.vcpu_start", "no such vCPU", native(N_vcpu_start, &start));
    start.partition = NO_PARTITION;
    expect_number("native.vcpu_start", "no such partition", native(N_vcpu_start, &start),
                  N_NO_PARTITION);
    observe_number("native.grant_map", "no table", native(N_grant_map, words));
    observe_number("native.grant_copy", "no parts", native(N_grant_copy, words));
    words[0] = 0x7fffffff;
    observe_number("native.grant_unmap", "no such handle", native(N_grant_unmap, words));
    expect_number("native.memory_machine", "own memory", native(N_memory_machine, &address), 0);
    address = 0x123456000ull;
    observe_number("native.memory_machine", "no memory", native(N_memory_machine, &address));
    memset(words, 0, sizeof(words));
    ((uint8_t *)words)[3] = 4;
    observe_number("native.pci_read", "device 0", native(N_pci_read, words) <= 0);
    ((uint8_t *)words)[3] = 3;
    expect_number("native.pci_read", "3 bytes", native(N_pci_read, words), N_INVALID);
    expect_number("native.pci_write", "3 bytes", native(N_pci_write, words), N_INVALID);
    memset(words, 0, sizeof(words));
    observe_number("native.device_map", "machine memory, no bytes",
                   native(N_device_map, words));
    observe_number("native.trace_read", "no room", native(N_trace_read, words));
    expect_number("native.partition_resume", "ended",
                  native_pair(N_partition_resume, child, 0) < 0 ? 1 : 0, 1);
    expect_number("native.partition_destroy", "plain",
                  native_pair(N_partition_destroy, child, 0), 0);
    expect_number("native.partition_destroy", "again",
                  native_pair(N_partition_destroy, child, 0), N_NO_PARTITION);
}
