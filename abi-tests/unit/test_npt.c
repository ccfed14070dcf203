/*
 * Nested page tables over real memory: the direct map's arithmetic wraps around on the host, so
 * that a host pointer has a "physical address" with which phys_to_virt gives the pointer back.
 */
// sources: hv/cpu/npt.c
#include "hv/cpu/npt.h"
#include "hv/cpu/ptab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TABLES_MAX 256

static void *table[TABLES_MAX];
static u32 tables;
static struct npt npt;

static hpa_t table_new(void)
{
    void *page = aligned_alloc(PAGE_SIZE, PAGE_SIZE);

    assert_non_null(page);
    memset(page, 0, PAGE_SIZE);
    assert_in_range(tables, 0, TABLES_MAX - 1);
    table[tables++] = page;
    return virt_to_phys(page);
}

static void fill(void)
{
    while (npt_wants(&npt))
        npt_give(&npt, table_new());
}

static int make(void **state)
{
    (void)state;
    npt_make(&npt, table_new());
    return 0;
}

static int end(void **state)
{
    (void)state;
    while (tables > 0)
        free(table[--tables]);
    return 0;
}

static enum status map(u64 at, u64 frame, u64 size, u32 flags)
{
    fill();
    return npt_map(&npt, gpa(at), hpa(frame), size, flags);
}

static void expect(u64 at, u64 frame, u64 size, u32 flags)
{
    struct npt_entry entry;

    assert_int_equal(npt_find(&npt, gpa(at), &entry), ST_OK);
    assert_int_equal(entry.frame.raw, frame);
    assert_int_equal(entry.size, size);
    assert_int_equal(entry.flags, flags);
}

static void expect_nothing(u64 at)
{
    struct npt_entry entry;

    assert_int_equal(npt_find(&npt, gpa(at), &entry), ST_NO_ENTRY);
}

static void small_pages(void **state)
{
    (void)state;
    expect_nothing(0);
    assert_int_equal(map(0x1000, 0x5000, PAGE_SIZE, NPT_READ), ST_OK);
    assert_int_equal(map(0x2000, 0x6000, PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_KEEP), ST_OK);
    expect(0x1abc, 0x5000, PAGE_SIZE, NPT_READ);
    expect(0x2000, 0x6000, PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_KEEP);
    expect_nothing(0x3000);
    assert_int_equal(npt_unmap(&npt, gpa(0x1000), PAGE_SIZE), ST_OK);
    expect_nothing(0x1000);
    assert_int_equal(npt_unmap(&npt, gpa(0x1000), PAGE_SIZE), ST_OK);
    assert_int_equal(npt.tables, 4);
}

static void large_page_splits(void **state)
{
    (void)state;
    assert_int_equal(
        map(0x200000, 0x40000000, LARGE_PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_EXEC), ST_OK);
    assert_int_equal(npt.tables, 3);
    expect(0x3fffff, 0x40000000, LARGE_PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_EXEC);
    fill();
    assert_int_equal(npt_unmap(&npt, gpa(0x201000), PAGE_SIZE), ST_OK);
    expect_nothing(0x201000);
    expect(0x200000, 0x40000000, PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_EXEC);
    expect(0x3ff000, 0x401ff000, PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_EXEC);
    assert_int_equal(map(0x202000, 0x9000, PAGE_SIZE, NPT_READ), ST_OK);
    expect(0x202000, 0x9000, PAGE_SIZE, NPT_READ);
    expect(0x203000, 0x40003000, PAGE_SIZE, NPT_READ | NPT_WRITE | NPT_EXEC);
}

static void table_replaced_by_large_page(void **state)
{
    u32 before;

    (void)state;
    assert_int_equal(map(0x200000, 0x1000, PAGE_SIZE, NPT_READ), ST_OK);
    before = npt.tables;
    assert_int_equal(map(0x200000, 0x600000, LARGE_PAGE_SIZE, NPT_READ), ST_OK);
    assert_int_equal(npt.tables, before - 1); /* the table came back */
    expect(0x2ff000, 0x600000, LARGE_PAGE_SIZE, NPT_READ);
    assert_int_equal(map(0x201000, 0x1000, PAGE_SIZE, NPT_READ), ST_OK);
    assert_int_equal(npt_unmap(&npt, gpa(0x200000), LARGE_PAGE_SIZE), ST_OK);
    expect_nothing(0x200000);
    expect_nothing(0x201000);
}

static void no_room_for_old_table(void **state)
{
    (void)state;
    assert_int_equal(map(0x200000, 0x1000, PAGE_SIZE, NPT_READ), ST_OK);
    while (npt.spare_count < NPT_SPARE)
        npt_give(&npt, table_new());
    assert_int_equal(npt_map(&npt, gpa(0x200000), hpa(0x600000), LARGE_PAGE_SIZE, NPT_READ),
                     ST_OK);
    expect(0x2ff000, 0x6ff000, PAGE_SIZE, NPT_READ);
    assert_int_equal(npt_unmap(&npt, gpa(0x200000), LARGE_PAGE_SIZE), ST_OK);
    expect_nothing(0x2ff000);
}

static void bad_arguments(void **state)
{
    (void)state;
    assert_int_equal(npt_map(&npt, gpa(0), hpa(0), PAGE_SIZE, NPT_READ), ST_NO_MEMORY);
    assert_int_equal(map(0x1001, 0x1000, PAGE_SIZE, NPT_READ), ST_INVALID);
    assert_int_equal(map(0x1000, 0x1800, PAGE_SIZE, NPT_READ), ST_INVALID);
    assert_int_equal(map(0x1000, 0x200000, LARGE_PAGE_SIZE, NPT_READ), ST_INVALID);
    assert_int_equal(map(0x200000, 0x1000, LARGE_PAGE_SIZE, NPT_READ), ST_INVALID);
    assert_int_equal(map(0, 0, (u64)1 << 30, NPT_READ), ST_INVALID);
    assert_int_equal(map(NPT_LIMIT, 0, PAGE_SIZE, NPT_READ), ST_INVALID);
    assert_int_equal(map(0, 0, PAGE_SIZE, NPT_WRITE), ST_INVALID);
    assert_int_equal(npt_unmap(&npt, gpa(NPT_LIMIT), PAGE_SIZE), ST_INVALID);
    expect_nothing(NPT_LIMIT);
}

/* What is near must say what the tables say, for each page and each set of rights. */
static void expect_near(u64 at)
{
    struct npt_entry entry;
    enum status status = npt_find(&npt, gpa(at), &entry);

    for (u32 need = NPT_READ; need <= (NPT_READ | NPT_WRITE | NPT_EXEC); need++) {
        const void *expected = NULL;

        if (status == ST_OK && (entry.flags & need) == need)
            expected = (u8 *)phys_to_virt(entry.frame) + (at & (entry.size - 1));
        assert_ptr_equal(npt_pointer(&npt, gpa(at), need), expected);
        assert_ptr_equal(npt_pointer(&npt, gpa(at), need), expected);
    }
}

static void near_pages_are_forgotten(void **state)
{
    (void)state;
    expect_near(0x1000);
    assert_int_equal(map(0x1000, 0x5000, PAGE_SIZE, NPT_READ), ST_OK);
    expect_near(0x1abc);
    assert_int_equal(map(0x1000, 0x6000, PAGE_SIZE, NPT_READ | NPT_WRITE), ST_OK);
    expect_near(0x1abc);
    assert_int_equal(map(0x1000, 0x6000, PAGE_SIZE, NPT_READ), ST_OK);
    expect_near(0x1abc);
    assert_int_equal(npt_unmap(&npt, gpa(0x1000), PAGE_SIZE), ST_OK);
    expect_near(0x1abc);
    assert_int_equal(map(0x200000, 0x40000000, LARGE_PAGE_SIZE, NPT_READ), ST_OK);
    expect_near(0x21f123);
    fill();
    assert_int_equal(npt_unmap(&npt, gpa(0x21f000), PAGE_SIZE), ST_OK);
    expect_near(0x21f123);
    expect_near(0x20f123);
    expect_near(NPT_LIMIT + 0x1000);
}

/* A page that comes where nothing was leaves what is near as it is. */
static void a_new_page_forgets_nothing(void **state)
{
    u64 changes;

    (void)state;
    assert_int_equal(map(0x1000, 0x5000, PAGE_SIZE, NPT_READ), ST_OK);
    changes = npt.changes;
    assert_int_not_equal(changes, 0);
    fill();
    assert_int_equal(map(0x2000, 0x6000, PAGE_SIZE, NPT_READ), ST_OK);
    fill();
    assert_int_equal(map(0x40000000, 0x200000, LARGE_PAGE_SIZE, NPT_READ), ST_OK);
    assert_int_equal(npt_unmap(&npt, gpa(0x3000), PAGE_SIZE), ST_OK);
    assert_int_equal(npt.changes, changes);
    fill();
    assert_int_equal(map(0x40001000, 0x7000, PAGE_SIZE, NPT_READ), ST_OK); /* splits */
    assert_int_not_equal(npt.changes, changes);
    changes = npt.changes;
    assert_int_equal(npt_unmap(&npt, gpa(0x1000), PAGE_SIZE), ST_OK);
    assert_int_not_equal(npt.changes, changes);
    changes = npt.changes;
    assert_int_equal(npt_unmap(&npt, gpa(0x40000000), LARGE_PAGE_SIZE), ST_OK);
    assert_int_not_equal(npt.changes, changes);
}

/* Pages of 8 large ones come and go at random; each is looked at again and again. */
static void near_pages_follow_the_tables(void **state)
{
    u64 random = 88172645463325252ull;

    (void)state;
    for (u32 step = 0; step < 20000; step++) {
        u64 at, size, frame;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        at = (random & 7) << 21 | (random >> 3 & 15) << 12;
        size = random >> 7 & 1 ? LARGE_PAGE_SIZE : PAGE_SIZE;
        frame = (random >> 20 & 0xff) << 21;
        fill();
        switch (random >> 8 & 7) {
        case 0:
            assert_int_equal(npt_unmap(&npt, gpa(at & ~(size - 1)), size), ST_OK);
            break;
        case 1:
            assert_int_equal(npt_map(&npt, gpa(at & ~(size - 1)), hpa(frame), size,
                                     NPT_READ | (u32)(random >> 12 & 6)),
                             ST_OK);
            break;
        default:
            expect_near(at | (random >> 32 & 0xfff));
            break;
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(small_pages, make, end),
        cmocka_unit_test_setup_teardown(large_page_splits, make, end),
        cmocka_unit_test_setup_teardown(table_replaced_by_large_page, make, end),
        cmocka_unit_test_setup_teardown(no_room_for_old_table, make, end),
        cmocka_unit_test_setup_teardown(bad_arguments, make, end),
        cmocka_unit_test_setup_teardown(near_pages_are_forgotten, make, end),
        cmocka_unit_test_setup_teardown(a_new_page_forgets_nothing, make, end),
        cmocka_unit_test_setup_teardown(near_pages_follow_the_tables, make, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
