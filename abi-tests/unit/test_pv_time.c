/* The shim's records of time: copied whole, and written where the guest wants them. */
// sources: abi-tests/unit/fake_pv_forward.c abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/time.c
#include "abi-tests/unit/fake_pv_forward.h"
#include "xen-adapter/abi/xen_time.h"

/* A page that the shim goes on writing to cannot become a page table meanwhile. */
static void test_areas_hold_their_frames(void **state)
{
    struct xen_vcpu_register_area *want = (struct xen_vcpu_register_area *)forward_guest;

    (void)state;
    forward_reset();
    want->addr = TABLE_FRAME << PAGE_SHIFT;
    assert_int_equal(op_vcpu_op_register_runstate_phys_area(0, (u64)forward_guest, 0, 0),
                     -XEN_EINVAL);
    assert_int_equal(op_vcpu_op_register_vcpu_time_phys_area(0, (u64)forward_guest, 0, 0),
                     -XEN_EINVAL);
    assert_int_equal(forward_held, 0);
    want->addr = 20 << PAGE_SHIFT;
    assert_int_equal(op_vcpu_op_register_runstate_phys_area(0, (u64)forward_guest, 0, 0), 0);
    assert_int_equal(op_vcpu_op_register_vcpu_time_phys_area(0, (u64)forward_guest, 0, 0), 0);
    assert_int_equal(forward_held, 2);
    want->addr = 21 << PAGE_SHIFT;
    assert_int_equal(op_vcpu_op_register_runstate_phys_area(0, (u64)forward_guest, 0, 0), 0);
    assert_int_equal(forward_held, 2);
    want->addr = 0;
    assert_int_equal(op_vcpu_op_register_vcpu_time_memory_area(0, (u64)forward_guest, 0, 0), 0);
    assert_int_equal(forward_held, 1);
    forward_walk_entry = 22 << PAGE_SHIFT | PTE_P;
    want->addr = 0x5000;
    assert_int_equal(op_vcpu_op_register_vcpu_time_memory_area(0, (u64)forward_guest, 0, 0),
                     -XEN_EFAULT);
    forward_walk_entry = TABLE_FRAME << PAGE_SHIFT | PTE_P | PTE_RW;
    assert_int_equal(op_vcpu_op_register_vcpu_time_memory_area(0, (u64)forward_guest, 0, 0),
                     -XEN_EFAULT);
    assert_int_equal(forward_held, 1);
}

static void test_time_record(void **state)
{
    struct xen_vcpu_time_info from = {.version = 6,
                                      .tsc_timestamp = 1,
                                      .system_time = 2,
                                      .tsc_to_system_mul = 3,
                                      .tsc_shift = -1,
                                      .flags = 1};
    struct xen_vcpu_time_info to = {.version = 11};

    (void)state;
    xen_time_record_write(&to, &from);
    assert_int_equal(to.version, 12);
    assert_int_equal(to.system_time, 2);
    assert_int_equal(to.tsc_shift, -1);
    xen_time_record_write(&to, &from);
    assert_int_equal(to.version, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas_hold_their_frames),
        cmocka_unit_test(test_time_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
