/* Free physical ranges: merge, split, take; and random operations against a bitmap. */
// sources: xen-adapter/pv/spans.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "xen-adapter/pv/spans.h"

static void merges_and_splits(void **state)
{
    struct spans s = {0};

    (void)state;
    assert_int_equal(spans_add(&s, 0x1000, 0x2000), ST_OK);
    assert_int_equal(spans_add(&s, 0x3000, 0x4000), ST_OK);
    assert_int_equal(s.count, 2);
    assert_int_equal(spans_add(&s, 0x2000, 0x3000), ST_OK);
    assert_int_equal(s.count, 1);
    assert_true(spans_hold(&s, 0x1000, 0x4000));
    assert_int_equal(spans_remove(&s, 0x1800, 0x2000), ST_OK);
    assert_int_equal(s.count, 2);
    assert_false(spans_hold(&s, 0x1000, 0x2000));
    assert_true(spans_hold(&s, 0x2000, 0x4000));
}

static void takes_from_both_ends(void **state)
{
    struct spans s = {0};
    u64 base;

    (void)state;
    spans_add(&s, 0x1000, 0x10000);
    spans_add(&s, 0x100000000, 0x100010000);
    assert_int_equal(spans_take_high(&s, 0x2000, 0x1000, 0x100000000, &base), ST_OK);
    assert_int_equal(base, 0xe000);
    assert_int_equal(spans_take_high(&s, 0x2000, 0x1000, ~0ull, &base), ST_OK);
    assert_int_equal(base, 0x10000e000);
    assert_int_equal(spans_take_low(&s, 0x1000, 0x1000, 0x2800, &base), ST_OK);
    assert_int_equal(base, 0x3000);
    assert_int_equal(spans_take_low(&s, 0x100000, 0x1000, 0, &base), ST_NO_MEMORY);
    assert_int_equal(spans_largest(&s, 0x100000000).base, 0x4000);
}

#define CELLS 200

static void agrees_with_a_bitmap(void **state)
{
    struct spans s = {0};
    u8 map[CELLS] = {0};

    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        u64 from = (u64)rand() % CELLS, to = from + (u64)rand() % (CELLS - from + 1);
        int add = rand() & 1;
        enum status status = add ? spans_add(&s, from, to) : spans_remove(&s, from, to);

        assert_int_equal(status, ST_OK);
        memset(map + from, add, to - from);
        for (u32 i = 0; i < s.count; i++) {
            assert_true(s.span[i].base < s.span[i].end);
            if (i > 0)
                assert_true(s.span[i - 1].end < s.span[i].base);
        }
        for (u64 cell = 0; cell < CELLS; cell++)
            assert_int_equal(map[cell], spans_hold(&s, cell, cell + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merges_and_splits),
        cmocka_unit_test(takes_from_both_ends),
        cmocka_unit_test(agrees_with_a_bitmap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
