/* The steward's commands: lines become commands or one clear reason, numbers become text. */
// sources: guest-drivers/steward/command.c guest-drivers/steward/out.c
// sources: guest-drivers/steward/report.c guest-drivers/steward/metrics.c
// sources: guest-drivers/steward/names.c guest-drivers/steward/lexer.c
// sources: guest-drivers/steward/setting_check.c guest-drivers/steward/trace_text.c
// sources: hv/lib/format.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "enlight/abi/tlfs.h"
#include "guest-drivers/steward/command.h"
#include "guest-drivers/steward/report.h"
#include "guest-drivers/steward/setting.h"
#include "guest-drivers/steward/trace_text.h"
#include "xen-adapter/abi/xen_rows.h"

static char bytes[65536];
static struct out out;
static struct command command;

bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && memcmp(text.at, word, text.length) == 0;
}

static int setup(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    out = (struct out){.bytes = bytes, .room = sizeof(bytes) - 1};
    return 0;
}

static bool parse(const char *line)
{
    setup(NULL);
    return command_parse(line, &command, &out);
}

static void expect_refused(const char *line, const char *words)
{
    assert_false(parse(line));
    assert_non_null(strstr(bytes, words));
    assert_null(strchr(bytes, '\n'));
}

static void test_plain(void **state)
{
    (void)state;
    assert_true(parse("list"));
    assert_int_equal(command.verb, COMMAND_list);
    assert_false(command.wants_json);
    assert_true(parse("  list \t --json "));
    assert_true(command.wants_json);
    assert_true(parse("pause web"));
    assert_int_equal(command.verb, COMMAND_pause);
    assert_true(text_is(command.guest, "web"));
    assert_true(parse("trace web 5"));
    assert_int_equal(command.number, 5);
    assert_true(parse("key web 30"));
    assert_int_equal(command.number, 30);
    assert_true(parse("trace web"));
    assert_int_equal(command.number, 0);
    assert_true(parse("set web memory 0x100"));
    assert_int_equal(command.setting, SETTING_MEMORY);
    assert_int_equal(command.number, 256);
    /* The option's name as a guest's name is no option at the first place. */
    assert_false(parse("--json"));
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refused("", "try help");
    expect_refused("   ", "try help");
    expect_refused("lis", "'lis' is no command");
    expect_refused("listen", "no command");
    expect_refused("list web", "write: list [--json]");
    expect_refused("pause", "write: pause GUEST");
    expect_refused("pause a b", "write: pause GUEST");
    expect_refused("pause web --json", "leave it out");
    expect_refused("set web memory", "write: set GUEST");
    expect_refused("set web memory 1 2", "write: set GUEST");
    expect_refused("set web colour 3", "'colour' cannot be set");
    expect_refused("set web memory many", "'many' is not a number");
    expect_refused("set web memory -1", "not a number");
    expect_refused("set web memory 99999999999999999999999", "not a number");
    expect_refused("key web", "key GUEST NUMBER");
    expect_refused("key web a", "'a' is not a number");
    expect_refused("trace web soon", "'soon' is not a number");
    expect_refused("list\033[2J", "a byte 0x1b");
    expect_refused("li\xfft", "a byte 0xff");
    expect_refused("a b c d e f g h i j k l m n o p", "no command");
}

static void test_help_has_all(void **state)
{
    u32 lines = 0;

    (void)state;
    command_help(&out);
    for (const char *c = bytes; *c; c++)
        lines += *c == '\n';
    assert_int_equal(lines, COMMANDS);
    assert_non_null(strstr(bytes, "\nset GUEST weight|cap|memory|vcpus NUMBER"));
}

static void test_text_is_cut_not_overrun(void **state)
{
    (void)state;
    out.room = 8;
    out_print(&out, "%s", "123456789");
    assert_true(out.is_cut);
    assert_int_equal(out.used, 8);
    out_put(&out, "x", 1);
    assert_int_equal(out.used, 8);
    setup(NULL);
    out_column(&out, "longer", 3);
    assert_string_equal(bytes, "longer ");
    setup(NULL);
    out_column(&out, "ab", 4);
    assert_string_equal(bytes, "ab  ");
    setup(NULL);
    out_quoted(&out, "a\"b\\c\n");
    assert_string_equal(bytes, "\"a\\\"b\\\\c\\u000a\"");
}

static bool may(enum command_setting setting, u64 number, enum config_type type)
{
    const struct config config = {
        .type = type, .memory_mib = 512, .maxmem_mib = 1024, .vcpus = 1, .maxvcpus = 4};
    const struct setting_memory memory = {
        .now_kib = 256 << 10, .free_kib = 600 << 10, .pledged_kib = 100 << 10};
    const struct command set = {.setting = setting, .number = number};

    setup(NULL);
    return setting_check(&config, &set, &memory, &out);
}

static void test_limits_of_memory(void **state)
{
    (void)state;
    assert_true(may(SETTING_MEMORY, 128, CONFIG_PVH)); /* 64 + 512 / 8 */
    assert_false(may(SETTING_MEMORY, 127, CONFIG_PVH));
    assert_non_null(strstr(bytes, "floor"));
    assert_non_null(strstr(bytes, "at least 128"));
    assert_false(may(SETTING_MEMORY, 1025, CONFIG_PVH));
    assert_non_null(strstr(bytes, "maxmem ="));
    assert_false(may(SETTING_MEMORY, 1025, CONFIG_PV));
    assert_non_null(strstr(bytes, "at most 1024"));
    assert_true(may(SETTING_MEMORY, 513, CONFIG_PV));
    /* 500 MiB are left: what others were promised is not for this one. */
    assert_true(may(SETTING_MEMORY, 256 + 498, CONFIG_PVH));
    assert_false(may(SETTING_MEMORY, 256 + 500, CONFIG_PVH));
    assert_non_null(strstr(bytes, "512000 KiB left (614400 free, 102400"));
    assert_false(may(SETTING_MEMORY, ~(u64)0, CONFIG_PVH));
    assert_false(may(SETTING_MEMORY, 0, CONFIG_PVH));
    assert_true(may(SETTING_MEMORY, 128, CONFIG_HYPERV));
    assert_false(may(SETTING_MEMORY, 127, CONFIG_HYPERV));
    assert_true(may(SETTING_MEMORY, 513, CONFIG_HYPERV));
    assert_false(may(SETTING_MEMORY, 1025, CONFIG_HYPERV));
}

static void test_limits_of_cpus(void **state)
{
    (void)state;
    assert_true(may(SETTING_VCPUS, 4, CONFIG_PV));
    assert_false(may(SETTING_VCPUS, 5, CONFIG_PV));
    assert_non_null(strstr(bytes, "maxvcpus ="));
    assert_false(may(SETTING_VCPUS, 0, CONFIG_PV));
    assert_true(may(SETTING_WEIGHT, 65535, CONFIG_PV));
    assert_false(may(SETTING_WEIGHT, 65536, CONFIG_PV));
    assert_false(may(SETTING_WEIGHT, 0, CONFIG_PV));
    assert_true(may(SETTING_CAP, 0, CONFIG_PV));
    assert_false(may(SETTING_VCPUS, 1, CONFIG_HYPERV));
    assert_true(may(SETTING_WEIGHT, 1, CONFIG_HYPERV));
    assert_false(may(SETTING_CAP, 6401, CONFIG_PV));
    assert_non_null(strstr(bytes, "give 0 to 6400"));
}

static struct report_counts now, before;
static struct report_guest guest = {
    .name = "w\"b",
    .type = "pv",
    .state = "running",
    .id = 3,
    .vcpus = 1,
    .vcpus_max = 2,
    .weight = 256,
    .memory_kib = 1024,
    .now = &now,
    .before = &before,
    .interval_ns = 2000000000,
};

static void counts_fill(void)
{
    memset(&before, 0, sizeof(before));
    now = (struct report_counts){.cpu_ns = 500000000, .block_read_bytes = 4096};
    now.stats.exits[NATIVE_EXIT_halt] = 20;
    now.stats.exits[NATIVE_EXIT_io] = 40;
    now.stats.calls[NATIVE_COUNTER_XEN + XENROW_memory_op_populate_physmap] = 7;
    now.stats.events_sent = 2;
    now.shim_calls[XENNR_mmu_update] = 9;
}

static void test_json(void **state)
{
    (void)state;
    counts_fill();
    report_json_guest(&out, &guest, REPORT_COUNTERS, true);
    assert_non_null(strstr(bytes, "{\"name\":\"w\\\"b\",\"id\":3,\"type\":\"pv\""));
    assert_non_null(strstr(bytes, "\"exits\":{\"io\":40,\"halt\":20}"));
    assert_non_null(strstr(bytes, "\"hypercalls\":{\"memory_op.populate_physmap\":7}"));
    assert_non_null(strstr(bytes, "\"shim_hypercalls\":{\"mmu_update\":9}"));
    assert_non_null(strstr(bytes, "\"events\":{\"sent\":2,\"received\":0}"));
    assert_non_null(strstr(bytes, "\"cpu_percent\":25.0"));
    assert_non_null(strstr(bytes, "\"exits_per_second\":30"));
    assert_null(strstr(bytes, "memory_available_kib"));
}

/* Of guests whose driver tells it. */
static void test_memory_as_told(void **state)
{
    struct report_guest told = guest;

    (void)state;
    counts_fill();
    told.available_kib = 512;
    told.committed_kib = 256;
    report_json_guest(&out, &told, REPORT_LIST, true);
    assert_non_null(strstr(bytes, "\"memory_available_kib\":512,\"memory_committed_kib\":256"));
    for (u32 metric = 0; metric < report_metric_count(); metric++)
        report_metric_guest(&out, metric, &told);
    assert_non_null(strstr(bytes, "entente_guest_memory_available_bytes{guest=\"w\\\"b\"} "
                                  "524288\n"));
}

/* A guest made anew counts from nothing: no rate is a huge number. */
static void test_rates_of_a_new_life(void **state)
{
    (void)state;
    counts_fill();
    before.stats.exits[NATIVE_EXIT_io] = 1000;
    report_json_guest(&out, &guest, REPORT_COUNTERS, true);
    assert_non_null(strstr(bytes, "\"exits_per_second\":0"));
}

static void test_top_names_the_busiest(void **state)
{
    (void)state;
    counts_fill();
    now.stats.exits[NATIVE_EXIT_cpuid] = 40; /* as often as io */
    report_top_guest(&out, &guest);
    assert_non_null(strstr(bytes, "exits/s: cpuid 20 io 20 halt 10\n"));
    assert_non_null(strstr(bytes, "calls/s: memory_op.populate_physmap 3\n"));
    assert_non_null(strstr(bytes, " 25.0 "));
}

static void test_metrics(void **state)
{
    (void)state;
    counts_fill();
    for (u32 metric = 0; metric < report_metric_count(); metric++) {
        report_metric_head(&out, metric);
        report_metric_guest(&out, metric, &guest);
    }
    assert_non_null(
        strstr(bytes, "\nentente_guest_cpu_seconds_total{guest=\"w\\\"b\"} 0.500\n"));
    assert_non_null(
        strstr(bytes, "\nentente_guest_exits_total{guest=\"w\\\"b\",reason=\"halt\"} 20\n"));
    assert_non_null(strstr(bytes, "# TYPE entente_guest_exits_total counter\n"));
    assert_null(strstr(bytes, "entente_guest_memory_available_bytes{"));
}

static void trace(u32 row, u64 second, u64 third, const void *data, u8 data_bytes, s64 result)
{
    struct native_trace_record record = {.tsc = 1500000,
                                         .partition = 3,
                                         .vcpu = 1,
                                         .abi = 1,
                                         .call = row,
                                         .number = 77,
                                         .result = result,
                                         .data_bytes = data_bytes,
                                         .argument = {4, second, third}};

    setup(NULL);
    if (data_bytes != 0)
        memcpy(record.data, data, data_bytes);
    trace_text(&out, &record, 500000, 1000);
}

static void test_trace_lines(void **state)
{
    const struct xen_evtchn_send send = {.port = 5};
    const struct xen_vcpu_set_singleshot_timer timer = {.timeout_abs_ns = 0x123456789,
                                                        .flags = 1};
    const struct xen_gnttab_query_size size = {.dom = 0x7ff0, .status = -1};

    (void)state;
    trace(XENROW_event_channel_op_send, 0xffff8000, 0, &send, sizeof(send), 0);
    assert_string_equal(bytes, "    1.000000 d3v1 event_channel_op.send({port=5}) = 0\n");
    /* Memory of the guest that could not be read: its address. */
    trace(XENROW_event_channel_op_send, 0xffff8000, 0, NULL, 0, -XEN_EFAULT);
    assert_non_null(strstr(bytes, "event_channel_op.send(0xffff8000) = -EFAULT\n"));
    trace(XENROW_vcpu_op_set_singleshot_timer, 1, 0, &timer, sizeof(timer), -XEN_ETIME);
    assert_non_null(
        strstr(bytes, "vcpu_op.set_singleshot_timer(1, {timeout_abs_ns=0x123456789, flags=1})"
                      " = -ETIME\n"));
    /* Only members that were recorded whole are shown. */
    trace(XENROW_grant_table_op_query_size, 0, 1, &size, 8, -77);
    assert_non_null(strstr(bytes, "query_size({dom=0x7ff0, nr_frames=0}, 1) = -77\n"));
    trace(XENROW_sched_op_yield, 0, 0, NULL, 0, 0);
    assert_non_null(strstr(bytes, "sched_op.yield(0) = 0\n"));
    trace(XENROW_none, 1, 2, &send, sizeof(send), -XEN_ENOSYS);
    assert_non_null(strstr(bytes, "unknown.77({05000000}, 1, 2, 0) = -ENOSYS\n"));
    trace(XENROW_COUNT, 0, 0, NULL, 0, 0);
    assert_non_null(strstr(bytes, "interface 1() = 0\n"));
}

static void tlfs_trace(u32 row, u64 control, u64 input, u64 output, s64 result)
{
    const struct native_trace_record record = {
        .abi = 2, .call = row, .result = result, .argument = {control, input, output}};

    setup(NULL);
    trace_text(&out, &record, 0, 1000);
}

static void test_trace_lines_of_hyperv(void **state)
{
    (void)state;
    tlfs_trace(TLFS_ROW_flush_virtual_address_list, (u64)64 << 32 | 3, 0x20000, 0, 0);
    assert_string_equal(bytes,
                        "    0.000000 d0v0 flush_virtual_address_list(0x20000, 0, 64 times)"
                        " = SUCCESS\n");
    tlfs_trace(TLFS_ROW_signal_event, TLFS_CONTROL_FAST | 0x5d, 7, 0,
               TLFS_INVALID_CONNECTION_ID);
    assert_non_null(strstr(bytes, "signal_event(fast 7, 0) = INVALID_CONNECTION_ID\n"));
    tlfs_trace(TLFS_ROW_none, 0x1234, 0, 0, TLFS_INVALID_HYPERCALL_CODE);
    assert_non_null(strstr(bytes, "unknown.0x1234(0, 0) = INVALID_HYPERCALL_CODE\n"));
    tlfs_trace(TLFS_ROW_none, 1, 0, 0, 7); /* has no name */
    assert_non_null(strstr(bytes, "unknown.0x1(0, 0) = 7\n"));
    tlfs_trace(TLFS_ROW_none, 1, 0, 0, 0x10000);
    assert_non_null(strstr(bytes, " = 0x10000\n"));
    tlfs_trace(TLFS_ROWS, 0, 0, 0, 0);
    assert_non_null(strstr(bytes, "interface 2() = SUCCESS\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_trace_lines_of_hyperv, setup),
        cmocka_unit_test_setup(test_plain, setup),
        cmocka_unit_test_setup(test_refusals, setup),
        cmocka_unit_test_setup(test_help_has_all, setup),
        cmocka_unit_test_setup(test_text_is_cut_not_overrun, setup),
        cmocka_unit_test_setup(test_limits_of_memory, setup),
        cmocka_unit_test_setup(test_limits_of_cpus, setup),
        cmocka_unit_test_setup(test_json, setup),
        cmocka_unit_test_setup(test_rates_of_a_new_life, setup),
        cmocka_unit_test_setup(test_top_names_the_busiest, setup),
        cmocka_unit_test_setup(test_memory_as_told, setup),
        cmocka_unit_test_setup(test_metrics, setup),
        cmocka_unit_test_setup(test_trace_lines, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
