/* Who of a PV guest may use I/O ports. */
// sources: abi-tests/unit/fake_pv_forward.c abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/physdev.c
#include "abi-tests/unit/fake_pv_forward.h"
#include "xen-adapter/pv/physdev.h"

static void test_io_rights(void **state)
{
    (void)state;
    forward_reset();
    forward_vcpu.mode = PV_KERNEL;
    assert_false(ioport_allowed(&forward_vcpu, 0x70, 1));
    forward_vcpu.iopl = 1;
    assert_true(ioport_allowed(&forward_vcpu, 0x70, 1));
    forward_vcpu.mode = PV_USER;
    assert_false(ioport_allowed(&forward_vcpu, 0x70, 1));
    forward_vcpu.iopl = 3;
    assert_true(ioport_allowed(&forward_vcpu, 0x70, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_io_rights),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
