/* Memory operations that the shim forwards: reservations, and what is refused. */
// sources: abi-tests/unit/fake_pv_forward.c abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/forward_memory.c xen-adapter/pv/forward_reservation.c
#include "abi-tests/unit/fake_pv_forward.h"

static void test_reservations(void **state)
{
    struct xen_memory_reservation *r = (struct xen_memory_reservation *)forward_guest;
    u64 *list = (u64 *)(forward_guest + 4096);

    (void)state;
    forward_reset();
    forward_answer = 2; /* all of them */
    *r = (struct xen_memory_reservation){
        .extent_start = (u64)list, .nr_extents = 4, .domid = XEN_DOMID_SELF};
    list[0] = 16;
    list[1] = 63;
    list[2] = 64; /* not the forward_guest's: the count stops here */
    list[3] = 17;
    assert_int_equal(op_memory_op_decrease_reservation((u64)forward_guest, 0, 0, 1), 2);
    assert_int_equal(forward_released, 2);
    assert_int_equal(op_memory_op_decrease_reservation((u64)forward_guest, 0, 0, 1 | 3 << 6),
                     4);
    r->nr_extents = 1;
    list[0] = 99;
    assert_int_equal(op_memory_op_populate_physmap((u64)forward_guest, 0, 0, 6), 1);
    assert_int_equal(list[0], 20); /* the frame, in place of the pfn */
    assert_int_equal(forward_accepted, 1);
    r->mem_flags = 16; /* below 64 KiB: no such frame */
    assert_int_equal(op_memory_op_populate_physmap((u64)forward_guest, 0, 0, 6), 0);
    r->mem_flags = 0;
    r->domid = 0;
    assert_int_equal(op_memory_op_populate_physmap((u64)forward_guest, 0, 0, 6), 0);
    r->domid = XEN_DOMID_SELF;
    r->extent_order = 10;
    assert_int_equal(op_memory_op_decrease_reservation((u64)forward_guest, 0, 0, 1), 0);
    r->extent_order = 0;
    r->nr_extents = ~0ull;
    assert_int_equal(op_memory_op_decrease_reservation((u64)forward_guest, 0, 0, 1), 0);
    forward_answer = 0; /* the hypervisor below has none to give */
    r->nr_extents = 1;
    assert_int_equal(op_memory_op_populate_physmap((u64)forward_guest, 0, 0, 6), 0);
}

/* There is no physmap to change; foreign frames are for the batch alone. */
static void test_physmap_is_refused(void **state)
{
    struct xen_add_to_physmap *add = (struct xen_add_to_physmap *)forward_guest;

    (void)state;
    forward_reset();
    add->domid = 77;
    assert_int_equal(op_memory_op_add_to_physmap((u64)forward_guest, 0, 0, 0), -XEN_EACCES);
    assert_int_equal(op_memory_op_add_to_physmap_batch((u64)forward_guest, 0, 0, 0),
                     -XEN_EACCES);
    assert_int_equal(op_memory_op_remove_from_physmap((u64)forward_guest, 0, 0, 0),
                     -XEN_EACCES);
    forward_answer = -XEN_ESRCH;
    assert_int_equal(op_memory_op_add_to_physmap((u64)forward_guest, 0, 0, 0), -XEN_ESRCH);
    assert_int_equal(op_memory_op_add_to_physmap_batch((u64)forward_guest, 0, 0, 0),
                     -XEN_ESRCH);
    assert_int_equal(op_memory_op_remove_from_physmap((u64)forward_guest, 0, 0, 0), -XEN_ESRCH);
    add->space = XEN_MAPSPACE_GMFN_FOREIGN;
    assert_int_equal(op_memory_op_add_to_physmap((u64)forward_guest, 0, 0, 0), -XEN_ENOSYS);
}

/* Neither virtual NUMA nor devices: the domain and the flags are looked at all the same. */
static void test_nothing_to_tell(void **state)
{
    struct xen_vnuma_topology_info *numa = (struct xen_vnuma_topology_info *)forward_guest;
    struct xen_reserved_device_memory_map *map =
        (struct xen_reserved_device_memory_map *)(forward_guest + 4096);

    (void)state;
    forward_reset();
    assert_int_equal(op_memory_op_get_sharing_freed_pages(0, 0, 0, 0), 0);
    assert_int_equal(op_memory_op_get_sharing_shared_pages(0, 0, 0, 0), 0);
    assert_int_equal(op_memory_op_get_vnumainfo((u64)numa, 0, 0, 0), -XEN_EOPNOTSUPP);
    forward_answer = -XEN_EPERM;
    assert_int_equal(op_memory_op_get_vnumainfo((u64)numa, 0, 0, 0), -XEN_EPERM);
    numa->pad = 1;
    assert_int_equal(op_memory_op_get_vnumainfo((u64)numa, 0, 0, 0), -XEN_EINVAL);
    map->nr_entries = 5;
    map->flags = 2;
    assert_int_equal(op_memory_op_reserved_device_memory_map((u64)map, 0, 0, 0), -XEN_EINVAL);
    assert_int_equal(map->nr_entries, 5);
    map->flags = 1;
    assert_int_equal(op_memory_op_reserved_device_memory_map((u64)map, 0, 0, 0), 0);
    assert_int_equal(map->nr_entries, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_physmap_is_refused),
        cmocka_unit_test(test_nothing_to_tell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
