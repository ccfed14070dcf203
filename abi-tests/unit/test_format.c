/* format() against the host's snprintf, and its bounds. */
// sources: hv/lib/format.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "hv/lib/format.h"

#define SAME(...)                                                                              \
    do {                                                                                       \
        char ours[128], libc[128];                                                             \
        size_t used = format(ours, sizeof(ours), __VA_ARGS__);                                 \
        assert_int_equal(used, snprintf(libc, sizeof(libc), __VA_ARGS__));                     \
        assert_string_equal(ours, libc);                                                       \
    } while (0)

static void test_like_libc(void **state)
{
    (void)state;
    SAME("plain %% text");
    SAME("%d %i %u", -7, 12, 4000000000u);
    SAME("%lx %lu %ld", 0xfffffffffffffffful, 18446744073709551615ul,
         -9223372036854775807l - 1);
    SAME("%08x|%5d|%05d", 0xbeefu, 42, 42);
    SAME("%s|%.*s|%c", "abc", 2, "xyz", 'q');
    SAME("%llu %zu", 1234567890123ull, (size_t)99);
}

static void test_cuts_and_ends(void **state)
{
    char out[5] = "####";

    (void)state;
    assert_int_equal(format(out, sizeof(out), "%s", "longer than that"), 4);
    assert_string_equal(out, "long");
    assert_int_equal(format(out, 1, "x"), 0);
    assert_string_equal(out, "");
}

static void test_null_string_and_odd_end(void **state)
{
    char out[16];
    const char *volatile none = NULL;
    const char *odd = "a%";

    (void)state;
    format(out, sizeof(out), "%s", none);
    assert_string_equal(out, "(none)");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    format(out, sizeof(out), odd);
#pragma GCC diagnostic pop
    assert_int_equal(out[0], 'a');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_libc),
        cmocka_unit_test(test_cuts_and_ends),
        cmocka_unit_test(test_null_string_and_odd_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
