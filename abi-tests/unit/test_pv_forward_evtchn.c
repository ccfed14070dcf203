/* Event channel operations that the shim forwards: what it does itself. */
// sources: abi-tests/unit/fake_pv_forward.c abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/forward_evtchn.c
#include "abi-tests/unit/fake_pv_forward.h"

static void test_send_to_ipi_is_local(void **state)
{
    struct xen_evtchn_send *send = (struct xen_evtchn_send *)forward_guest;

    (void)state;
    forward_reset();
    event_ports[7].kind = EVENT_IPI;
    send->port = 7;
    assert_int_equal(op_event_channel_op_send((u64)forward_guest, 0, 0, 0), 0);
    assert_int_equal(forward_calls, 0);
    assert_true(event_is_pending(7));
    send->port = 8;
    op_event_channel_op_send((u64)forward_guest, 0, 0, 0);
    assert_int_equal(forward_calls, 1);
}

/* Every vCPU looks after it: what was signalled to the shim's own ports meanwhile is lost. */
static void test_ports_reset(void **state)
{
    struct xen_evtchn_reset *in = (struct xen_evtchn_reset *)forward_guest;

    (void)state;
    forward_reset();
    lock_is_needed = 1;
    shim.vcpu_count = 1;
    fake_smp.kicks = forward_fifo_ends = forward_ports_closed = 0;
    in->dom = XEN_DOMID_SELF;
    forward_answer = -XEN_EPERM;
    assert_int_equal(op_event_channel_op_reset((u64)forward_guest, 0, 0, 0), -XEN_EPERM);
    assert_int_equal(forward_fifo_ends + forward_ports_closed + fake_smp.kicks, 0);
    assert_int_equal(memory_lock.taken, 0);
    forward_answer = 0;
    assert_int_equal(op_event_channel_op_reset((u64)forward_guest, 0, 0, 0), 0);
    assert_int_equal(forward_fifo_ends, 1);
    assert_int_equal(forward_ports_closed, XEN_EVTCHN_2L_CHANNELS);
    assert_int_equal(fake_smp.kicks, 1);
    assert_int_equal(memory_lock.taken, 0);
    lock_is_needed = 0;
    shim.vcpu_count = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_to_ipi_is_local),
        cmocka_unit_test(test_ports_reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
