// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/* Ports of an HVM guest: made, moved, ended, sent to and asked about. */
#include "abi-tests/unit/xen_ports.h"

static s64 interdomain_make(u32 *port)
{
    struct xen_evtchn_bind_interdomain io = {.remote_dom = XEN_DOMID_SELF};

    assert_int_equal(unbound_make(&io.remote_port), 0);
    CALL(bind_interdomain, io);
    *port = io.local_port;
    return 0;
}

static s64 close_port(u32 port)
{
    struct xen_evtchn_close in = {.port = port};

    return CALL(close, in);
}

/* Whatever was in the guest's bitmap before, a new port is not pending, and of middle priority.
 */
static void test_a_new_port_is_clean(void **state)
{
    static const struct {
        s64 (*make)(u32 *port);
        u8 virq_plus_1;
    } kinds[] = {{unbound_make, 0},
                 {interdomain_make, 0},
                 {debug_make, XEN_VIRQ_DEBUG + 1},
                 {ipi_make, 0}};

    for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct op_port_status raw;
        struct xen_port_data data;
        u8 *pending;
        u32 port;

        caller_setup(state);
        pending = xen_shared_pending(xen_vcpu_get(&fake_vcpu[0])->domain);
        memset(pending, 0xff, 8);
        assert_int_equal(kinds[i].make(&port), 0);
        assert_int_equal(pending[port / 8] >> port % 8 & 1, 0);
        assert_int_equal(pending[1], 0xff);
        assert_int_equal(op_port_status(&fake_partition, port, &raw), ST_OK);
        data = xen_port_data_unpack(raw.data);
        assert_int_equal(data.virq_plus_1, kinds[i].virq_plus_1);
        assert_int_equal(data.priority, XEN_FIFO_PRIORITY_DEFAULT);
        assert_int_equal(data.last_priority, XEN_FIFO_PRIORITY_DEFAULT);
    }
}

static void test_close_clears(void **state)
{
    u8 *pending = xen_shared_pending(xen_vcpu_get(&fake_vcpu[0])->domain);
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    memset(pending, 0xff, 8);
    assert_int_equal(close_port(port), 0);
    assert_int_equal(pending[port / 8] >> port % 8 & 1, 0);
    assert_int_equal(close_port(port), -XEN_EINVAL);
    assert_int_equal(close_port(0), -XEN_EINVAL);
    assert_int_equal(close_port(OP_PORT_MAX), -XEN_EINVAL);
}

static void test_virq_sources(void **state)
{
    static const struct {
        u32 virq;
        enum op_event source;
    } cases[] = {{XEN_VIRQ_TIMER, OP_EVENT_TIMER},
                 {XEN_VIRQ_DEBUG, OP_EVENT_DEBUG},
                 {XEN_VIRQ_CONSOLE, OP_EVENT_OTHER},
                 {XEN_VIRQ_XENPMU, OP_EVENT_OTHER},
                 {XEN_VIRQ_COUNT - 1, OP_EVENT_OTHER}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        struct op_port_status raw;
        u32 port, again;

        assert_int_equal(virq_make(cases[i].virq, 0, &port), 0);
        assert_int_equal(op_port_status(&fake_partition, port, &raw), ST_OK);
        assert_int_equal(raw.source, cases[i].source);
        assert_int_equal(virq_make(cases[i].virq, 0, &again), -XEN_EEXIST);
        assert_int_equal(close_port(port), 0); /* then it is free again */
        assert_int_equal(virq_make(cases[i].virq, 0, &again), 0);
    }
    assert_int_equal(virq_make(XEN_VIRQ_COUNT, 0, &(u32){0}), -XEN_EINVAL);
}

/* Four virtual interrupts are each vCPU's own; the others belong to vCPU 0. */
static void test_virqs_of_vcpus(void **state)
{
    static const u32 own[] = {XEN_VIRQ_TIMER, XEN_VIRQ_DEBUG, XEN_VIRQ_XENOPROF,
                              XEN_VIRQ_XENPMU};

    (void)state;
    for (u32 virq = 0; virq < XEN_VIRQ_COUNT; virq++) {
        bool is_own = false;
        u32 port, other;

        for (u32 i = 0; i < ARRAY_SIZE(own); i++)
            is_own = is_own || own[i] == virq;
        assert_int_equal(virq_make(virq, 0, &port), 0);
        assert_int_equal(virq_make(virq, 1, &other), is_own ? 0 : -XEN_EINVAL);
        assert_int_equal(move(port, 1), is_own ? -XEN_EINVAL : 0);
        if (!is_own)
            continue;
        assert_int_equal(close_port(other), 0); /* vCPU 0's is not touched */
        assert_int_equal(virq_make(virq, 0, &other), -XEN_EEXIST);
        assert_int_equal(virq_make(virq, 1, &other), 0);
    }
    assert_int_equal(virq_make(XEN_VIRQ_TIMER, FAKE_VCPUS, &(u32){0}), -XEN_ENOENT);
}

static void test_no_memory(void **state)
{
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0); /* the domain's own state is there */
    fake_is_full = true;
    assert_int_equal(virq_make(XEN_VIRQ_TIMER, 1, &port), -XEN_ENOMEM);
    fake_is_full = false;
    assert_int_equal(virq_make(XEN_VIRQ_TIMER, 1, &port), 0);
}

static void test_status(void **state)
{
    struct xen_evtchn_status status;
    u32 unbound, connected, virq, ipi;

    (void)state;
    assert_int_equal(interdomain_make(&connected), 0);
    assert_int_equal(unbound_make(&unbound), 0);
    assert_int_equal(virq_make(XEN_VIRQ_XENPMU, 1, &virq), 0);
    assert_int_equal(ipi_make(&ipi), 0);
    assert_int_equal(status_of(unbound, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_UNBOUND);
    assert_int_equal(status.u.unbound.dom, FAKE_DOMID);
    assert_int_equal(status_of(connected, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_INTERDOMAIN);
    assert_int_equal(status.u.interdomain.dom, FAKE_DOMID);
    assert_int_equal(status.u.interdomain.port, connected - 1);
    assert_int_equal(status_of(virq, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_VIRQ);
    assert_int_equal(status.vcpu, 1);
    assert_int_equal(status.u.virq, XEN_VIRQ_XENPMU);
    assert_int_equal(status_of(ipi, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_IPI);
    assert_int_equal(status.vcpu, 1);
    assert_int_equal(status_of(ipi + 1, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_CLOSED);
    assert_int_equal(status_of(0, &status), 0); /* a number like others, never in use */
    assert_int_equal(status.status, XEN_EVTCHNSTAT_CLOSED);
    status.dom = STRANGER;
    assert_int_equal(CALL(status, status), -XEN_ESRCH);
    status.dom = 0;
    assert_int_equal(CALL(status, status), -XEN_EPERM);
}

static void test_move(void **state)
{
    struct xen_evtchn_status status;
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(move(port, 0), -XEN_EINVAL); /* an IPI stays where it is */
    assert_int_equal(move(port + 1, 0), -XEN_EINVAL);
    assert_int_equal(move(0, 0), -XEN_EINVAL);
    assert_int_equal(move(OP_PORT_MAX, 0), -XEN_EINVAL);
    assert_int_equal(unbound_make(&port), 0);
    assert_int_equal(move(port, FAKE_VCPUS), -XEN_ENOENT);
    assert_int_equal(move(port, 1), 0);
    assert_int_equal(status_of(port, &status), 0);
    assert_int_equal(status.vcpu, 1);
}

/* A send is one event for whoever is at the other end: masked or pending already, no more than
 * the bit. */
static void test_send(void **state)
{
    struct xen_evtchn_send in = {.port = 1};
    struct xen_domain *domain = xen_vcpu_get(&fake_vcpu[0])->domain;
    struct xen_vcpu_info *info = (struct xen_vcpu_info *)xen_vcpu_get(&fake_vcpu[0])->info;
    struct op_port_status far;
    u32 port;
    u8 *pending = xen_shared_pending(domain);

    (void)state;
    assert_int_equal(CALL(send, in), -XEN_EINVAL);
    assert_int_equal(interdomain_make(&port), 0);
    assert_int_equal(op_port_status(&fake_partition, port, &far), ST_OK);
    xen_deliver(&fake_vcpu[0]); /* what binding has raised */
    memset(pending, 0, 8);
    info->pending_sel = 0;
    (void)upcall(0);
    in.port = port;
    assert_int_equal(CALL(send, in), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(pending[far.remote_port / 8], 1u << far.remote_port % 8);
    assert_true(upcall(0));
    assert_int_equal(CALL(send, in), 0); /* pending there */
    xen_deliver(&fake_vcpu[0]);
    assert_false(upcall(0));
    pending[far.remote_port / 8] = 0;
    info->pending_sel = 0;
    xen_shared_mask(domain)[far.remote_port / 8] = (u8)(1u << far.remote_port % 8);
    assert_int_equal(CALL(send, in), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(pending[far.remote_port / 8], 1u << far.remote_port % 8);
    assert_false(upcall(0));
    assert_int_equal(info->pending_sel, 0);
    caller_put(XENNR_event_channel_op, XENOP_event_channel_op_send, FAKE_PAGES << PAGE_SHIFT,
               0);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    assert_int_equal(caller_result(), -XEN_EFAULT);
    /* The port lies in two pages. */
    memcpy(fake_guest(2 * PAGE_SIZE - 2), &port, 2);
    memcpy(fake_guest(2 * PAGE_SIZE), (u8 *)&port + 2, 2);
    caller_put(XENNR_event_channel_op, XENOP_event_channel_op_send, 2 * PAGE_SIZE - 2, 0);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    assert_int_equal(caller_result(), 0);
}

static void test_unmask(void **state)
{
    struct xen_evtchn_unmask in = {.port = 64};
    u32 port;

    (void)state;
    assert_int_equal(CALL(unmask, in), -XEN_EINVAL); /* no room for it yet */
    assert_int_equal(ipi_make(&port), 0);
    in.port = 63;
    assert_int_equal(CALL(unmask, in), 0);
    in.port = 64;
    assert_int_equal(CALL(unmask, in), -XEN_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_new_port_is_clean, caller_setup),
        cmocka_unit_test_setup(test_close_clears, caller_setup),
        cmocka_unit_test_setup(test_virq_sources, caller_setup),
        cmocka_unit_test_setup(test_virqs_of_vcpus, caller_setup),
        cmocka_unit_test_setup(test_no_memory, caller_setup),
        cmocka_unit_test_setup(test_status, caller_setup),
        cmocka_unit_test_setup(test_move, caller_setup),
        cmocka_unit_test_setup(test_send, caller_setup),
        cmocka_unit_test_setup(test_unmask, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
