/* Calls that go on to the hypervisor below: no guest pointer leaves the shim, ranges are
 * checked. */
// sources: abi-tests/unit/fake_pv_forward.c abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/forward_evtchn.c xen-adapter/pv/forward_sched.c
// sources: xen-adapter/pv/forward_memory.c xen-adapter/pv/forward_grant.c xen-adapter/pv/grant_map.c
// sources: xen-adapter/pv/forward_reservation.c
// sources: xen-adapter/pv/version.c xen-adapter/pv/time.c xen-adapter/pv/physdev.c
#include "abi-tests/unit/fake_pv_forward.h"

/* Operations by the place of their pointer: a1, a2, or a1 with a count of 1 in a2. */
enum shape { POINTER_FIRST, POINTER_SECOND, POINTER_LIST };

struct op {
    hypercall_fn run;
    enum shape shape;
    bool counts; /* answers with extents done, never with an error */
};

static const struct op ops[] = {
    {op_event_channel_op_alloc_unbound, POINTER_FIRST, false},
    {op_event_channel_op_bind_interdomain, POINTER_FIRST, false},
    {op_event_channel_op_bind_virq, POINTER_FIRST, false},
    {op_event_channel_op_bind_ipi, POINTER_FIRST, false},
    {op_event_channel_op_close, POINTER_FIRST, false},
    {op_event_channel_op_send, POINTER_FIRST, false},
    {op_event_channel_op_status, POINTER_FIRST, false},
    {op_event_channel_op_bind_vcpu, POINTER_FIRST, false},
    {op_event_channel_op_unmask, POINTER_FIRST, false},
    {op_event_channel_op_reset, POINTER_FIRST, false},
    {op_event_channel_op_init_control, POINTER_FIRST, false},
    {op_event_channel_op_expand_array, POINTER_FIRST, false},
    {op_event_channel_op_set_priority, POINTER_FIRST, false},
    {op_sched_op_shutdown, POINTER_FIRST, false},
    {op_sched_op_shutdown_code, POINTER_FIRST, false},
    {op_sched_op_poll, POINTER_FIRST, false},
    {op_sched_op_watchdog, POINTER_FIRST, false},
    {op_memory_op_increase_reservation, POINTER_FIRST, true},
    {op_memory_op_decrease_reservation, POINTER_FIRST, true},
    {op_memory_op_populate_physmap, POINTER_FIRST, true},
    {op_memory_op_current_reservation, POINTER_FIRST, false},
    {op_memory_op_get_vnumainfo, POINTER_FIRST, false},
    {op_memory_op_reserved_device_memory_map, POINTER_FIRST, false},
    {op_memory_op_add_to_physmap, POINTER_FIRST, false},
    {op_memory_op_add_to_physmap_batch, POINTER_FIRST, false},
    {op_memory_op_remove_from_physmap, POINTER_FIRST, false},
    {op_memory_op_maximum_reservation, POINTER_FIRST, false},
    {op_memory_op_memory_map, POINTER_FIRST, false},
    {op_memory_op_machphys_mapping, POINTER_FIRST, false},
    {op_memory_op_machphys_mfn_list, POINTER_FIRST, false},
    {op_memory_op_exchange, POINTER_FIRST, false},
    {op_xen_version_extraversion, POINTER_FIRST, false},
    {op_xen_version_compile_info, POINTER_FIRST, false},
    {op_xen_version_capabilities, POINTER_FIRST, false},
    {op_xen_version_changeset, POINTER_FIRST, false},
    {op_xen_version_platform_parameters, POINTER_FIRST, false},
    {op_xen_version_get_features, POINTER_FIRST, false},
    {op_xen_version_guest_handle, POINTER_FIRST, false},
    {op_xen_version_commandline, POINTER_FIRST, false},
    {op_xen_version_build_id, POINTER_FIRST, false},
    {op_xen_version_capabilities2, POINTER_FIRST, false},
    {op_physdev_op_set_iopl, POINTER_FIRST, false},
    {op_physdev_op_set_iobitmap, POINTER_FIRST, false},
    {op_grant_table_op_setup_table, POINTER_LIST, false},
    {op_grant_table_op_query_size, POINTER_LIST, false},
    {op_grant_table_op_set_version, POINTER_LIST, false},
    {op_grant_table_op_get_version, POINTER_LIST, false},
    {op_grant_table_op_get_status_frames, POINTER_LIST, false},
    {op_grant_table_op_swap_grant_ref, POINTER_LIST, false},
    {op_grant_table_op_copy, POINTER_LIST, false},
    {op_grant_table_op_transfer, POINTER_LIST, false},
    {op_grant_table_op_map_grant_ref, POINTER_LIST, false},
    {op_grant_table_op_unmap_grant_ref, POINTER_LIST, false},
    {op_grant_table_op_unmap_and_replace, POINTER_LIST, false},
    {op_vcpu_op_set_singleshot_timer, POINTER_SECOND, false},
    {op_vcpu_op_set_periodic_timer, POINTER_SECOND, false},
    {op_vcpu_op_register_runstate_memory_area, POINTER_SECOND, false},
    {op_vcpu_op_register_vcpu_time_memory_area, POINTER_SECOND, false},
    {op_vcpu_op_register_runstate_phys_area, POINTER_SECOND, false},
    {op_vcpu_op_get_runstate_info, POINTER_SECOND, false},
};

static s64 op_run(const struct op *op, u64 pointer)
{
    switch (op->shape) {
    case POINTER_SECOND:
        return op->run(0, pointer, 0, 0);
    case POINTER_LIST:
        return op->run(pointer, 1, 0, 0);
    case POINTER_FIRST:
    default:
        return op->run(pointer, 0, 0, 0);
    }
}

static void test_shim_addresses_are_refused(void **state)
{
    static const u64 bad[] = {SHIM_ADDRESS, SHIM_VIRT_END - 1, SHIM_VIRT_START - 1, 1ull << 47};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
        for (u32 k = 0; k < ARRAY_SIZE(bad); k++) {
            forward_reset();
            assert_int_equal(op_run(&ops[i], bad[k]), ops[i].counts ? 0 : -XEN_EFAULT);
        }
    }
}

static void test_no_guest_pointer_goes_down(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
        forward_reset();
        memset(forward_guest, 0x01, 64);
        (void)op_run(&ops[i], (u64)forward_guest);
        forward_reset();
        (void)op_run(&ops[i], (u64)forward_guest);
    }
}

static void test_counts_of_lists(void **state)
{
    static const hypercall_fn lists[] = {
        op_grant_table_op_map_grant_ref, op_grant_table_op_unmap_grant_ref,
        op_grant_table_op_copy,          op_grant_table_op_unmap_and_replace,
        op_grant_table_op_set_version,   op_grant_table_op_get_version,
        op_grant_table_op_swap_grant_ref};

    (void)state;
    forward_reset();
    for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
        assert_int_equal(lists[i](SHIM_ADDRESS, 1u << 31, 0, 0), -XEN_EINVAL);
    assert_int_equal(op_grant_table_op_get_version(SHIM_ADDRESS, 0, 0, 0), -XEN_EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shim_addresses_are_refused),
        cmocka_unit_test(test_no_guest_pointer_goes_down),
        cmocka_unit_test(test_counts_of_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
