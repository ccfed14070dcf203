/* The steward's report on what a Hyper-V guest uses. */
// sources: guest-drivers/steward/enlightenments.c guest-drivers/steward/out.c hv/lib/format.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "enlight/abi/tlfs.h"
#include "guest-drivers/steward/report.h"

static struct report_counts now, before;
static char text[8192];

static const char *report(const struct report_counts *then)
{
    struct report_guest guest = {.name = "win", .now = &now, .before = then};
    struct out out = {.bytes = text, .room = sizeof(text) - 1};

    report_enlightenments(&out, &guest);
    assert_false(out.is_cut);
    text[out.used] = 0;
    return text;
}

/* The line of a feature, its blanks made one. */
static const char *line_of(const char *name)
{
    static char line[128];
    const char *from = strstr(text, name);
    u32 used = 0;

    assert_non_null(from);
    for (; *from != '\n'; from++)
        if (*from != ' ' || line[used - 1] != ' ')
            line[used++] = *from;
    line[used] = 0;
    return line;
}

static void test_use(void **state)
{
    (void)state;
    now.stats.calls[NATIVE_COUNTER_TLFS + TLFS_ROW_send_synthetic_cluster_ipi] = 7;
    now.stats.calls[NATIVE_COUNTER_TLFS + TLFS_ROW_MSR_STIMER0_COUNT] = 30;
    now.stats.calls[NATIVE_COUNTER_TLFS + TLFS_ROW_MSR_STIMER0_CONFIG] = 2;
    before.stats.calls[NATIVE_COUNTER_TLFS + TLFS_ROW_MSR_STIMER0_COUNT] = 25;
    report(&before);
    assert_memory_equal(text, "win ", 4);
    assert_string_equal(line_of("profile windows"), "profile windows 1");
    assert_string_equal(line_of("recommend_cluster_ipi"), "recommend_cluster_ipi 7 7");
    assert_string_equal(line_of("access_synthetic_timer_regs"),
                        "access_synthetic_timer_regs 32 7");
    assert_string_equal(line_of("post_messages"), "post_messages 0 0");
    assert_string_equal(line_of("recommend_relaxed_timing"),
                        "recommend_relaxed_timing not counted");
    assert_null(strstr(text, "create_partitions")); /* not shown to a guest */
    report(NULL);
    assert_string_equal(line_of("recommend_cluster_ipi"), "recommend_cluster_ipi 7 0");
}

static void test_without_partition(void **state)
{
    struct report_guest guest = {.name = "win"};
    struct out out = {.bytes = text, .room = sizeof(text) - 1};

    (void)state;
    report_enlightenments(&out, &guest);
    assert_int_equal(out.used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_use),
        cmocka_unit_test(test_without_partition),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
