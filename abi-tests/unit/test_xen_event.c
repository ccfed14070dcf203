/* Event channel calls of an HVM guest: what a port is after each, and what a reset leaves. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/event.h"

#define ARGUMENT 0x1000u
#define STRANGER 77u /* no such domain */

static s64 call(u32 sub, void *argument, size_t size)
{
    memcpy(fake_guest(ARGUMENT), argument, size);
    /* there is no third argument */
    caller_put(XENNR_event_channel_op, sub, ARGUMENT, 0xffff0000);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    memcpy(argument, fake_guest(ARGUMENT), size);
    return caller_result();
}
#define CALL(sub, object) call(XENOP_event_channel_op_##sub, &(object), sizeof(object))

static s64 unbound_make(u32 *port)
{
    struct xen_evtchn_alloc_unbound io = {.dom = XEN_DOMID_SELF, .remote_dom = XEN_DOMID_SELF};
    s64 error = CALL(alloc_unbound, io);

    *port = io.port;
    return error;
}

static s64 interdomain_make(u32 *port)
{
    struct xen_evtchn_bind_interdomain io = {.remote_dom = XEN_DOMID_SELF};

    assert_int_equal(unbound_make(&io.remote_port), 0);
    CALL(bind_interdomain, io);
    *port = io.local_port;
    return 0;
}

static s64 virq_make(u32 virq, u32 vcpu, u32 *port)
{
    struct xen_evtchn_bind_virq io = {.virq = virq, .vcpu = vcpu};
    s64 error = CALL(bind_virq, io);

    *port = io.port;
    return error;
}

static s64 debug_make(u32 *port)
{
    return virq_make(XEN_VIRQ_DEBUG, 0, port);
}

static s64 ipi_make(u32 *port)
{
    struct xen_evtchn_bind_ipi io = {.vcpu = 1};
    s64 error = CALL(bind_ipi, io);

    *port = io.port;
    return error;
}

static s64 close_port(u32 port)
{
    struct xen_evtchn_close in = {.port = port};

    return CALL(close, in);
}

static s64 status_of(u32 port, struct xen_evtchn_status *out)
{
    *out = (struct xen_evtchn_status){.dom = XEN_DOMID_SELF, .port = port};
    return CALL(status, *out);
}

static s64 move(u32 port, u32 vcpu)
{
    struct xen_evtchn_bind_vcpu in = {.port = port, .vcpu = vcpu};

    return CALL(bind_vcpu, in);
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

/* ---- Virtual interrupts ------------------------------------------------------ */

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

/* ---- What status says ---------------------------------------------------------- */

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

/* ---- Moving, unmasking --------------------------------------------------------- */

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

static bool upcall(u32 vcpu)
{
    struct xen_vcpu_info *info = (struct xen_vcpu_info *)xen_vcpu_get(&fake_vcpu[vcpu])->info;
    bool was = info->upcall_pending;

    info->upcall_pending = 0;
    return was;
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

/* ---- FIFO ---------------------------------------------------------------------- */

#define CONTROL_GFN 30u
#define ARRAY_GFN   31u /* two pages of event words */
#define OFFSET_LAST (4096u - sizeof(struct xen_fifo_control_block))

static s64 control_set(u32 vcpu, u64 gfn, u32 offset)
{
    struct xen_evtchn_init_control in = {.control_gfn = gfn, .offset = offset, .vcpu = vcpu};

    return CALL(init_control, in);
}

/* vCPU 0's control block lies at the start of its page, vCPU 1's at the end. */
static struct xen_fifo_control_block *control_of(u32 vcpu)
{
    return fake_guest((CONTROL_GFN << PAGE_SHIFT) + (vcpu ? OFFSET_LAST : 0));
}

static u32 *word_of(u32 port)
{
    return fake_guest((ARRAY_GFN << PAGE_SHIFT) + port * 4);
}

static s64 array_add(u64 gfn)
{
    struct xen_evtchn_expand_array in = {.array_gfn = gfn};

    return CALL(expand_array, in);
}

static s64 priority_set(u32 port, u32 priority)
{
    struct xen_evtchn_set_priority in = {.port = port, .priority = priority};

    return CALL(set_priority, in);
}

static void fifo_start(void)
{
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(control_set(1, CONTROL_GFN, OFFSET_LAST), 0);
    assert_int_equal(array_add(ARRAY_GFN), 0);
}

/* A port that may be moved between vCPUs. */
static u32 port_make(u32 vcpu, u32 priority)
{
    u32 port;

    assert_int_equal(unbound_make(&port), 0);
    assert_int_equal(move(port, vcpu), 0);
    assert_int_equal(priority_set(port, priority), 0);
    return port;
}

static void raise(u32 port)
{
    assert_int_equal(op_port_raise(&fake_partition, port), ST_OK);
    for (u32 i = 0; i < FAKE_VCPUS; i++)
        xen_deliver(&fake_vcpu[i]);
}

/* The guest takes the only event of a queue. */
static void consume(u32 vcpu, u32 priority, u32 port)
{
    struct xen_fifo_control_block *control = control_of(vcpu);

    assert_int_equal(control->ready, 1u << priority);
    assert_int_equal(control->head[priority], port);
    assert_int_equal(*word_of(port), XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    *word_of(port) = 0;
    control->head[priority] = 0;
    control->ready = 0;
}

static void test_control_blocks(void **state)
{
    struct xen_port_data data = {.virq_plus_1 = XEN_VIRQ_DEBUG + 1, .priority = 3};
    struct op_port_status raw;
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(debug_make(&port), 0);
    assert_int_equal(op_port_data_set(&fake_partition, port, xen_port_data_pack(data)), ST_OK);
    memset(fake_guest(CONTROL_GFN << PAGE_SHIFT), 0xff, PAGE_SIZE);
    assert_int_equal(control_set(FAKE_VCPUS, CONTROL_GFN, 0), -XEN_ENOENT);
    assert_int_equal(control_set(0, CONTROL_GFN, OFFSET_LAST + 8), -XEN_EINVAL);
    assert_int_equal(control_set(0, 1ull << 52 | CONTROL_GFN, 0), -XEN_EINVAL);
    fake_is_full = true;
    assert_int_equal(control_set(1, CONTROL_GFN, 0), -XEN_ENOMEM);
    fake_is_full = false;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(control_of(0)->ready, 0);
    assert_int_equal(control_of(0)->head[15], 0);
    assert_int_equal(control_set(0, CONTROL_GFN, 0), -XEN_EINVAL);
    assert_int_equal(control_set(1, CONTROL_GFN, OFFSET_LAST), 0);
    assert_int_equal(control_of(1)->head[15], 0);
    assert_int_equal(array_add(1ull << 52 | ARRAY_GFN), -XEN_EINVAL);
    /* every port begins at the middle priority */
    assert_int_equal(op_port_status(&fake_partition, port, &raw), ST_OK);
    data = xen_port_data_unpack(raw.data);
    assert_int_equal(data.priority, XEN_FIFO_PRIORITY_DEFAULT);
    assert_int_equal(data.virq_plus_1, XEN_VIRQ_DEBUG + 1);
}

static void test_priority_refused(void **state)
{
    u32 port;

    (void)state;
    fifo_start();
    port = port_make(0, XEN_FIFO_PRIORITY_MIN);
    assert_int_equal(priority_set(port, XEN_FIFO_PRIORITY_MIN + 1), -XEN_EINVAL);
    assert_int_equal(priority_set(port + 1, 1), -XEN_EACCES);
    assert_int_equal(priority_set(64, 1), -XEN_EINVAL);
}

/* Signalled before their words are there, they come with their words and no earlier. */
static void test_events_before_their_words(void **state)
{
    u8 *pending;
    u32 port;

    (void)state;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    for (port = 0; port < 1025;)
        assert_int_equal(unbound_make(&port), 0);
    pending = xen_shared_pending(xen_vcpu_get(&fake_vcpu[0])->domain);
    raise(75);
    raise(1024);
    assert_int_equal(pending[75 / 8], 1u << 75 % 8);
    assert_int_equal(pending[1024 / 8], 1);
    assert_int_equal(array_add(ARRAY_GFN), 0);
    assert_int_equal(pending[75 / 8], 0);
    assert_int_equal(pending[1024 / 8], 1);
    xen_deliver(&fake_vcpu[0]);
    consume(0, 7, 75);
    assert_int_equal(array_add(ARRAY_GFN + 1), 0);
    xen_deliver(&fake_vcpu[0]);
    consume(0, 7, 1024);
}

/* Only a bit of `ready` that was clear is news for the vCPU. */
static void test_upcalls(void **state)
{
    struct xen_fifo_control_block *control;
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(0, 5);
    upcall(0);
    control = control_of(0);
    control->ready = 1u << 6 | 1u << 4; /* the guest is at work on others */
    raise(a);
    assert_true(upcall(0));
    raise(b);
    assert_false(upcall(0)); /* it is behind the first */
    assert_int_equal(*word_of(a), XEN_FIFO_PENDING | XEN_FIFO_LINKED | b);
    *word_of(a) = *word_of(b) = 0; /* taken, with ready not cleared yet */
    raise(a);
    assert_int_equal(control->head[5], a);
    assert_false(upcall(0));
}

/* Whatever the guest has left in the tail's word, the link is the new event. */
static void test_link_over_a_link(void **state)
{
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(0, 5);
    raise(a);
    *word_of(a) |= XEN_FIFO_BUSY | 0x155;
    raise(b);
    assert_int_equal(*word_of(a), XEN_FIFO_PENDING | XEN_FIFO_LINKED | b);
}

/* An event that changes its queue while it is no queue's: both queues stay whole. */
static void test_event_changes_priority(void **state)
{
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(0, 2);
    raise(a);
    consume(0, 5, a);
    assert_int_equal(priority_set(a, 2), 0);
    raise(a);
    consume(0, 2, a);
    assert_int_equal(priority_set(a, 5), 0);
    raise(a); /* the tail of queue 2 until now */
    control_of(0)->ready = 0;
    raise(b);
    consume(0, 2, b);
    assert_int_equal(*word_of(a), XEN_FIFO_PENDING | XEN_FIFO_LINKED);
}

static void test_event_changes_vcpu(void **state)
{
    u32 a, b;

    (void)state;
    fifo_start();
    a = port_make(0, 5);
    b = port_make(1, 5);
    raise(a);
    consume(0, 5, a);
    assert_int_equal(move(a, 1), 0);
    raise(a);
    consume(1, 5, a);
    assert_true(upcall(1));
    assert_int_equal(move(a, 0), 0);
    raise(a); /* the tail of vCPU 1's queue until now */
    raise(b);
    consume(1, 5, b);
    consume(0, 5, a);
}

/* Without a control block there is no queue; the event is pending until there is one. */
static void test_vcpu_without_a_control_block(void **state)
{
    u32 port;

    (void)state;
    assert_int_equal(control_set(0, CONTROL_GFN, 0), 0);
    assert_int_equal(array_add(ARRAY_GFN), 0);
    port = port_make(1, 5);
    raise(port);
    assert_int_equal(*word_of(port), XEN_FIFO_PENDING);
    assert_int_equal(control_set(1, CONTROL_GFN, OFFSET_LAST), 0);
    raise(port);
    consume(1, 5, port);
}

/* ---- Reset --------------------------------------------------------------------- */

static s64 reset(u16 domid)
{
    struct xen_evtchn_reset in = {.dom = domid};

    return CALL(reset, in);
}

static void test_reset_of_another(void **state)
{
    struct xen_evtchn_status status;
    u32 port;

    (void)state;
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(reset(STRANGER), -XEN_ESRCH);
    assert_int_equal(reset(0), -XEN_EPERM);
    assert_int_equal(status_of(port, &status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_IPI);
}

/* Every port is closed, every page given back: a second kernel starts as the first one did. */
static void test_reset(void **state)
{
    struct xen_evtchn_init_control control = {.control_gfn = 30};
    struct xen_evtchn_expand_array array = {.array_gfn = 31};
    struct xen_vcpu *vcpus[] = {xen_vcpu_get(&fake_vcpu[0]), xen_vcpu_get(&fake_vcpu[1])};
    u32 port;

    (void)state;
    for (u32 round = 0; round < 2; round++) {
        for (u32 i = 1; i < OP_PORT_MAX; i++)
            assert_int_equal(ipi_make(&port), 0);
        assert_int_equal(port, OP_PORT_MAX - 1);
        for (u32 i = 0; i < ARRAY_SIZE(vcpus); i++) {
            control.vcpu = i;
            control.offset = i * 1024;
            assert_int_equal(CALL(init_control, control), 0);
        }
        for (u32 i = 0; i < 2; i++) {
            array.array_gfn = 31 + i;
            assert_int_equal(CALL(expand_array, array), 0);
        }
        assert_int_equal(fake_holds, 4);
        assert_int_equal(vcpus[0]->domain->fifo_pages, 2);
        assert_int_equal(reset(round ? XEN_DOMID_SELF : FAKE_DOMID), 0);
        assert_int_equal(fake_holds, 0);
        assert_int_equal(vcpus[0]->domain->fifo_pages, 0);
        assert_false(vcpus[0]->domain->is_fifo);
        for (u32 i = 0; i < ARRAY_SIZE(vcpus); i++)
            assert_null(vcpus[i]->control);
    }
    assert_int_equal(ipi_make(&port), 0);
    assert_int_equal(port, 1);
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
        cmocka_unit_test_setup(test_control_blocks, caller_setup),
        cmocka_unit_test_setup(test_priority_refused, caller_setup),
        cmocka_unit_test_setup(test_events_before_their_words, caller_setup),
        cmocka_unit_test_setup(test_upcalls, caller_setup),
        cmocka_unit_test_setup(test_link_over_a_link, caller_setup),
        cmocka_unit_test_setup(test_event_changes_priority, caller_setup),
        cmocka_unit_test_setup(test_event_changes_vcpu, caller_setup),
        cmocka_unit_test_setup(test_vcpu_without_a_control_block, caller_setup),
        cmocka_unit_test_setup(test_reset_of_another, caller_setup),
        cmocka_unit_test_setup(test_reset, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
