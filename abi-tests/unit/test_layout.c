/* Start-of-day layout: order, counts of page tables, limits. */
// sources: xen-adapter/pv/build_layout.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "xen-adapter/pv/build_layout.h"

#define MIB ((u64)1 << 20)

static struct layout_wish linux_wish(void)
{
    return (struct layout_wish){.virt_base = 0xffffffff80000000,
                                .kernel_end = 74 * MIB + 5,
                                .nr_pages = 128 * MIB / PAGE_SIZE,
                                .ramdisk_pages = 300,
                                .init_p2m = 0x8000000000};
}

/* Distinct tables that the range needs, counted by walking it page by page. */
static u64 tables_counted(u64 virt, u64 pages)
{
    u64 count = 0, l3 = ~0ull, l2 = ~0ull, l1 = ~0ull;

    for (u64 i = 0; i < pages; i++, virt += PAGE_SIZE) {
        count += (virt >> 39) != l3;
        count += (virt >> 30) != l2;
        count += (virt >> 21) != l1;
        l3 = virt >> 39;
        l2 = virt >> 30;
        l1 = virt >> 21;
    }
    return count;
}

static void check(const struct layout_wish *wish, const struct pv_layout *l)
{
    assert_true(l->start_info < l->store && l->store < l->console && l->console < l->tables);
    assert_int_equal(l->stack, l->tables + l->table_pages);
    assert_int_equal((wish->virt_base + l->mapped_end * PAGE_SIZE) % (4 * MIB), 0);
    assert_true((l->mapped_end - l->stack - 1) * PAGE_SIZE >= 512 * 1024);
    assert_true(l->table_pages >= 1 + tables_counted(wish->virt_base, l->mapped_end));
    assert_true(l->table_pages <= 2 + tables_counted(wish->virt_base, l->mapped_end));
    assert_int_equal(l->p2m_pages, (wish->nr_pages * 8 + 4095) / 4096);
}

static void linux_layout(void **state)
{
    struct layout_wish wish = linux_wish();
    struct pv_layout l;

    (void)state;
    assert_int_equal(layout_make(&wish, &l), ST_OK);
    check(&wish, &l);
    assert_int_equal(l.start_info, l.kernel_end);
    assert_int_equal(l.p2m, l.mapped_end);
    assert_int_equal(l.p2m_virt, 0x8000000000);
    assert_int_equal(l.p2m_table_pages, tables_counted(l.p2m_virt, l.p2m_pages));
    assert_int_equal(l.ramdisk, l.p2m + l.p2m_pages + l.p2m_table_pages);
    assert_int_equal(l.end, l.ramdisk + 300);
}

static void old_layout_maps_everything(void **state)
{
    struct layout_wish wish = linux_wish();
    struct pv_layout l;

    (void)state;
    wish.virt_base = 0;
    wish.init_p2m = LAYOUT_NONE;
    wish.ramdisk_mapped = true;
    assert_int_equal(layout_make(&wish, &l), ST_OK);
    check(&wish, &l);
    assert_int_equal(l.ramdisk, l.kernel_end);
    assert_int_equal(l.p2m, l.kernel_end + 300);
    assert_int_equal(l.p2m_table_pages, 0);
    assert_int_equal(l.start_info, l.p2m + l.p2m_pages);
    assert_int_equal(l.end, l.mapped_end);
}

static void many_sizes(void **state)
{
    struct pv_layout l;

    (void)state;
    for (u64 mib = 1; mib < 600; mib += 7) {
        struct layout_wish wish = linux_wish();

        wish.kernel_end = mib * MIB;
        wish.nr_pages = (mib + 64) * MIB / PAGE_SIZE;
        wish.init_p2m = mib % 2 == 0 ? LAYOUT_NONE : wish.init_p2m;
        assert_int_equal(layout_make(&wish, &l), ST_OK);
        check(&wish, &l);
    }
}

static void limits(void **state)
{
    struct layout_wish wish = linux_wish();
    struct pv_layout l;

    (void)state;
    wish.nr_pages = 74 * MIB / PAGE_SIZE;
    assert_int_equal(layout_make(&wish, &l), ST_NO_MEMORY);
    wish = linux_wish();
    wish.ramdisk_pages = ~0ull;
    assert_int_equal(layout_make(&wish, &l), ST_NO_MEMORY);
    wish = linux_wish();
    wish.virt_base = 0xffff800000000000;
    assert_int_equal(layout_make(&wish, &l), ST_RANGE);
    wish.virt_base = 0x00007ffffffff000;
    assert_int_equal(layout_make(&wish, &l), ST_RANGE);
    wish.virt_base = 0xffffffffff000000;
    assert_int_equal(layout_make(&wish, &l), ST_RANGE);
    wish = linux_wish();
    wish.init_p2m = 0xffffffffc0000000;
    assert_int_equal(layout_make(&wish, &l), ST_RANGE);
    wish.init_p2m = 0xffff830000000000;
    assert_int_equal(layout_make(&wish, &l), ST_RANGE);
    wish.init_p2m = 0x8000000123;
    assert_int_equal(layout_make(&wish, &l), ST_RANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_layout),
        cmocka_unit_test(old_layout_maps_everything),
        cmocka_unit_test(many_sizes),
        cmocka_unit_test(limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
