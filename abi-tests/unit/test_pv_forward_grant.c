/* Grant table operations that the shim forwards: whose frames they name. */
// sources: abi-tests/unit/fake_pv_forward.c abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/forward_grant.c xen-adapter/pv/grant_map.c
// sources: xen-adapter/pv/forward_memory.c xen-adapter/pv/forward_reservation.c
#include "abi-tests/unit/fake_pv_forward.h"
#include "xen-adapter/pv/grant_map.h"

/* A page that may be offered is gone, whatever is said of the receiver; others stay. */
static void test_transfer(void **state)
{
    static const struct {
        u64 frame;
        u16 domain;
        s64 below;
        s16 status;
        u32 released;
    } cases[] = {
        {~0ull, 1, 1, XEN_GNTST_BAD_PAGE, 0},
        {TABLE_FRAME, 1, 1, XEN_GNTST_BAD_PAGE, 0},
        {16, 1, 1, XEN_GNTST_GENERAL_ERROR, 1},
        {16, 1, -XEN_EPERM, XEN_GNTST_GENERAL_ERROR, 1},
        {16, 1, -XEN_ESRCH, XEN_GNTST_BAD_DOMAIN, 1},
        {16, XEN_DOMID_SELF, 1, XEN_GNTST_BAD_DOMAIN, 1},
    };
    struct xen_gnttab_transfer *offer = (struct xen_gnttab_transfer *)forward_guest;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        forward_reset();
        forward_answer = cases[i].below;
        *offer = (struct xen_gnttab_transfer){
            .mfn = cases[i].frame, .domid = cases[i].domain, .status = 99};
        assert_int_equal(op_grant_table_op_transfer((u64)forward_guest, 1, 0, 0), 0);
        assert_int_equal(offer->status, cases[i].status);
        assert_int_equal(forward_released, cases[i].released);
    }
    assert_int_equal(op_grant_table_op_transfer(SHIM_ADDRESS, 1u << 31, 0, 0), -XEN_EINVAL);
    assert_int_equal(op_grant_table_op_transfer(SHIM_ADDRESS, 1ull << 32, 0, 0), 0);
}

static void test_grant_copy_sides(void **state)
{
    struct xen_gnttab_copy *copy = (struct xen_gnttab_copy *)forward_guest;

    (void)state;
    forward_reset();
    copy->source.ref_or_gmfn = 15; /* the shim's */
    copy->dest.ref_or_gmfn = 3;
    copy->flags = 2;
    assert_int_equal(op_grant_table_op_copy((u64)forward_guest, 1, 0, 0), 0);
    assert_int_equal(copy->status, XEN_GNTST_BAD_PAGE);
    assert_int_equal(forward_calls, 0);
    copy->source.ref_or_gmfn = 16;
    assert_int_equal(op_grant_table_op_copy((u64)forward_guest, 1, 0, 0), 0);
    assert_int_equal(forward_calls, 1);
}

/* The hypervisor below would write over a page table of the forward_guest's. */
static void test_grant_copy_to_a_table(void **state)
{
    struct xen_gnttab_copy *copy = (struct xen_gnttab_copy *)forward_guest;

    (void)state;
    forward_reset();
    copy->source.ref_or_gmfn = 16;
    copy->dest.ref_or_gmfn = TABLE_FRAME;
    assert_int_equal(op_grant_table_op_copy((u64)forward_guest, 1, 0, 0), 0);
    assert_int_equal(copy->status, XEN_GNTST_BAD_PAGE);
    assert_int_equal(forward_calls, 0);
    copy->dest.ref_or_gmfn = 17;
    assert_int_equal(op_grant_table_op_copy((u64)forward_guest, 1, 0, 0), 0);
    assert_int_equal(forward_calls, 1);
    assert_int_equal(forward_held, 0);
}

static void test_grant_map_handles(void **state)
{
    struct xen_gnttab_map_grant_ref *map = (struct xen_gnttab_map_grant_ref *)forward_guest;
    struct xen_gnttab_unmap_grant_ref *unmap =
        (struct xen_gnttab_unmap_grant_ref *)(forward_guest + 4096);

    (void)state;
    forward_reset();
    map->flags = XEN_GNTMAP_HOST_MAP;
    map->host_addr = 0x1000;
    assert_int_equal(op_grant_table_op_map_grant_ref((u64)forward_guest, 1, 0, 0), 0);
    assert_int_equal(map->status, XEN_GNTST_OKAY);
    assert_int_equal(map->dev_bus_addr >> PAGE_SHIFT, 1000 + GRANT_WINDOW_FIRST + map->handle);
    unmap->handle = map->handle;
    unmap->host_addr = 0x2000;
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_BAD_VIRT_ADDR);
    unmap->host_addr = 0x1000;
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_OKAY);
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_BAD_HANDLE);
    unmap->handle = 0xffffffff;
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_BAD_HANDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_grant_copy_sides),
        cmocka_unit_test(test_grant_copy_to_a_table),
        cmocka_unit_test(test_grant_map_handles),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
