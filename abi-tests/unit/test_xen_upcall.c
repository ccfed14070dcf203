// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/* Events of an HVM guest on both interfaces, from the port to the upcall. */
#include "abi-tests/unit/xen_argument.h"

static void callback_set(void)
{
    struct xen_hvm_param p = {XEN_DOMID_SELF, 0, XEN_HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | 0xf3};

    assert_int_equal(with(hvm_op, set_param, p), 0);
}

static void port_send(u32 port)
{
    struct xen_evtchn_send send = {port};

    assert_int_equal(with(event_channel_op, send, send), 0);
}

static void test_two_level(void **state)
{
    struct xen_shared_info *shared = shared_map(20);
    struct xen_evtchn_unmask unmask;
    u32 port;

    (void)state;
    callback_set();
    port = ipi_bind(0);
    shared->evtchn_mask[0] = 1ull << port;
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(shared->evtchn_pending[0], 1ull << port);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 0);
    assert_int_equal(fake_vcpu[0].external, 0);
    unmask.port = port;
    assert_int_equal(with(event_channel_op, unmask, unmask), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(shared->evtchn_pending[0], 1ull << port);
    assert_int_equal(shared->vcpu_info[0].pending_sel, 1);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 1);
    assert_int_equal(fake_vcpu[0].external, 0xf3);
    /* Handled: the line falls. */
    shared->vcpu_info[0].upcall_pending = 0;
    shared->vcpu_info[0].pending_sel = 0;
    shared->evtchn_pending[0] = 0;
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].external, 0);
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].external, 0xf3);
}

static void test_lapic_vector(void **state)
{
    struct xen_hvm_evtchn_upcall_vector in = {0, 0x0f};
    struct xen_shared_info *shared = shared_map(20);
    u32 port;

    (void)state;
    callback_set();
    assert_int_equal(with(hvm_op, set_evtchn_upcall_vector, in), -XEN_EINVAL);
    in = (struct xen_hvm_evtchn_upcall_vector){9, 0xf3};
    assert_int_equal(with(hvm_op, set_evtchn_upcall_vector, in), -XEN_ENOENT);
    in.vcpu = 0;
    assert_int_equal(with(hvm_op, set_evtchn_upcall_vector, in), 0);
    port = ipi_bind(0);
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].lapic, 0xf3);
    assert_int_equal(fake_vcpu[0].lapic_raises, 1);
    assert_int_equal(fake_vcpu[0].external, 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].lapic_raises, 1);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 1);
}

/* What a guest does: takes the head of a queue off. */
static u32 fifo_consume(struct xen_fifo_control_block *control, u32 *words, u32 queue)
{
    u32 port = control->head[queue];
    u32 link = words[port] & XEN_FIFO_LINK_MASK;

    words[port] &= ~(XEN_FIFO_LINKED | XEN_FIFO_LINK_MASK | XEN_FIFO_PENDING);
    control->head[queue] = link;
    if (!link)
        control->ready &= ~(1u << queue);
    return port;
}

/* The guest's control block for vCPU 0, and its words by port. */
static struct xen_fifo_control_block *control;
static u32 *words;

static s64 priority_set(u32 port, u32 level)
{
    struct xen_evtchn_set_priority priority = {port, level};

    return with(event_channel_op, set_priority, priority);
}

/* Two levels at first; an event that waits there is on a queue after the change. */
static u32 fifo_begin(void)
{
    struct xen_evtchn_init_control init = {.control_gfn = 30, .offset = 128, .vcpu = 0};
    struct xen_evtchn_expand_array expand = {31};
    u32 port = ipi_bind(0);

    control = fake_guest(0x1e080);
    words = fake_guest(0x1f000);
    callback_set();
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(with(event_channel_op, init_control, init), 0);
    assert_int_equal(init.link_bits, 17);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(with(event_channel_op, expand_array, expand), 0);
    return port;
}

/* The same, and that event is dealt with. */
static u32 fifo_begin_empty(void)
{
    u32 port = fifo_begin();

    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 7), port);
    return port;
}

static void test_fifo_begins(void **state)
{
    struct xen_shared_info *shared = shared_map(20);
    u32 port;

    (void)state;
    port = fifo_begin();
    shared->vcpu_info[0].upcall_pending = 0;
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(words[port], XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    assert_int_equal(control->ready, 1u << 7);
    assert_int_equal(control->head[7], port);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 1);
}

static void test_fifo_refusals(void **state)
{
    struct xen_evtchn_init_control init = {.control_gfn = 30, .offset = 4, .vcpu = 0};
    struct xen_evtchn_expand_array expand = {0};
    u32 port;

    (void)state;
    assert_int_equal(priority_set(ipi_bind(0), 3), -XEN_ENOSYS);
    assert_int_equal(with(event_channel_op, init_control, init), -XEN_EINVAL);
    port = fifo_begin_empty();
    init.offset = 128;
    assert_int_equal(with(event_channel_op, init_control, init), -XEN_EINVAL);
    assert_int_equal(priority_set(port, 16), -XEN_EINVAL);
    for (u32 i = 1; i < 4; i++) {
        expand.array_gfn = 40 + i;
        assert_int_equal(with(event_channel_op, expand_array, expand), 0);
    }
    assert_int_equal(with(event_channel_op, expand_array, expand), -XEN_ENOSPC);
}

/* Three in order, one of them twice, one at another priority. */
static void test_fifo_order(void **state)
{
    u32 a, b, c;

    (void)state;
    a = fifo_begin_empty();
    b = ipi_bind(0);
    c = ipi_bind(0);
    assert_int_equal(priority_set(c, 0), 0);
    for (u32 i = 0; i < 3; i++) {
        port_send(a);
        port_send(b);
        port_send(a);
        port_send(c);
        xen_deliver(&fake_vcpu[0]);
        assert_int_equal(control->ready, 1u << 7 | 1);
        assert_int_equal(fifo_consume(control, words, 0), c);
        assert_int_equal(fifo_consume(control, words, 7), a);
        assert_int_equal(fifo_consume(control, words, 7), b);
        assert_int_equal(control->ready, 0);
    }
}

/* The same event again and again must become the head each time. */
static void test_fifo_again(void **state)
{
    u32 port;

    (void)state;
    port = fifo_begin_empty();
    for (u32 i = 0; i < 3; i++) {
        port_send(port);
        xen_deliver(&fake_vcpu[0]);
        assert_int_equal(control->ready, 1u << 7);
        assert_int_equal(fifo_consume(control, words, 7), port);
    }
}

/* Masked: pending but on no queue, until it is unmasked. */
static void test_fifo_masked(void **state)
{
    struct xen_evtchn_unmask unmask;

    (void)state;
    unmask.port = fifo_begin_empty();
    words[unmask.port] |= XEN_FIFO_MASKED;
    port_send(unmask.port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(words[unmask.port], XEN_FIFO_MASKED | XEN_FIFO_PENDING);
    assert_int_equal(control->ready, 0);
    assert_int_equal(with(event_channel_op, unmask, unmask), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 7), unmask.port);
}

/* Queued at one priority, then raised at another: each queue stays whole. */
static void test_fifo_priority_changes(void **state)
{
    u32 a, b;

    (void)state;
    a = fifo_begin_empty();
    b = ipi_bind(0);
    port_send(a);
    port_send(b);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 7), a);
    assert_int_equal(fifo_consume(control, words, 7), b);
    assert_int_equal(priority_set(a, 2), 0);
    port_send(a);
    port_send(b);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 2), a);
    assert_int_equal(fifo_consume(control, words, 7), b);
    assert_int_equal(control->ready, 0);
}

static void test_virqs(void **state)
{
    struct xen_evtchn_bind_virq bind = {XEN_VIRQ_TIMER, 1, 0};
    struct xen_evtchn_close close;
    struct xen_evtchn_status status = {.dom = XEN_DOMID_SELF};
    struct xen_evtchn_bind_vcpu move;

    (void)state;
    assert_int_equal(with(event_channel_op, bind_virq, bind), 0);
    status.port = bind.port;
    assert_int_equal(with(event_channel_op, status, status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_VIRQ);
    assert_int_equal(status.u.virq, XEN_VIRQ_TIMER);
    assert_int_equal(status.vcpu, 1);
    move = (struct xen_evtchn_bind_vcpu){bind.port, 0};
    assert_int_equal(with(event_channel_op, bind_vcpu, move), -XEN_EINVAL);
    close.port = bind.port;
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_EEXIST);
    assert_int_equal(with(event_channel_op, close, close), 0);
    assert_int_equal(with(event_channel_op, close, close), -XEN_EINVAL);
    assert_int_equal(with(event_channel_op, bind_virq, bind), 0);
    bind = (struct xen_evtchn_bind_virq){24, 0, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_EINVAL);
    bind = (struct xen_evtchn_bind_virq){XEN_VIRQ_CONSOLE, 1, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_EINVAL);
    bind = (struct xen_evtchn_bind_virq){XEN_VIRQ_TIMER, 9, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_ENOENT);
    bind = (struct xen_evtchn_bind_virq){XEN_VIRQ_ARCH_0, 0, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), 0);
    move = (struct xen_evtchn_bind_vcpu){bind.port, 1};
    assert_int_equal(with(event_channel_op, bind_vcpu, move), 0);
    move.vcpu = 7;
    assert_int_equal(with(event_channel_op, bind_vcpu, move), -XEN_ENOENT);
}

static void test_interdomain(void **state)
{
    struct xen_evtchn_alloc_unbound alloc = {XEN_DOMID_SELF, XEN_DOMID_SELF, 0};
    struct xen_evtchn_bind_interdomain bind = {XEN_DOMID_SELF, 0, 0};
    struct xen_shared_info *shared = shared_map(20);
    struct xen_evtchn_reset reset = {XEN_DOMID_SELF};

    (void)state;
    assert_int_equal(with(event_channel_op, alloc_unbound, alloc), 0);
    bind.remote_port = alloc.port;
    assert_int_equal(with(event_channel_op, bind_interdomain, bind), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(shared->evtchn_pending[0], 1ull << bind.local_port);
    assert_int_equal(with(event_channel_op, bind_interdomain, bind), -XEN_EINVAL);
    bind.remote_dom = 55;
    assert_int_equal(with(event_channel_op, bind_interdomain, bind), -XEN_ESRCH);
    alloc.dom = 0;
    assert_int_equal(with(event_channel_op, alloc_unbound, alloc), -XEN_EPERM);
    assert_int_equal(with(event_channel_op, reset, reset), 0);
    assert_int_equal(shared->evtchn_pending[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_two_level, caller_setup),
        cmocka_unit_test_setup(test_lapic_vector, caller_setup),
        cmocka_unit_test_setup(test_fifo_begins, caller_setup),
        cmocka_unit_test_setup(test_fifo_refusals, caller_setup),
        cmocka_unit_test_setup(test_fifo_order, caller_setup),
        cmocka_unit_test_setup(test_fifo_again, caller_setup),
        cmocka_unit_test_setup(test_fifo_masked, caller_setup),
        cmocka_unit_test_setup(test_fifo_priority_changes, caller_setup),
        cmocka_unit_test_setup(test_virqs, caller_setup),
        cmocka_unit_test_setup(test_interdomain, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
