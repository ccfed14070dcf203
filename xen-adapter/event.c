/* EVENT_CHANNEL_OP: ports by number [xen/event_channel.h]. */
#include "xen-adapter/event.h"

#include "hv/lib/string.h"
#include "xen-adapter/call.h"

#define PORTS_PER_BUCKET 64u

/* The native word a remote domid stands for. */
static u32 remote_id(const struct xen_call *call, u16 domid)
{
    return domid == XEN_DOMID_SELF ? op_partition_id(call->partition) : domid;
}

/* A native port that was just made is the guest's, with nothing pending. */
static void port_begin(struct xen_call *call, u32 port, u8 virq_plus_1)
{
    struct xen_port_data data = {
        .virq_plus_1 = virq_plus_1,
        .priority = XEN_FIFO_PRIORITY_DEFAULT,
        .last_priority = XEN_FIFO_PRIORITY_DEFAULT,
    };

    xen_event_clear_pending(call->domain, port);
    call->domain->highest_port = MAX(call->domain->highest_port, port);
    (void)op_port_data_set(call->partition, port, xen_port_data_pack(data));
}

s64 xen_event_channel_op_alloc_unbound(struct xen_call *call)
{
    struct xen_evtchn_alloc_unbound io;
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, io.dom);
    if (error)
        return error;
    error = xen_errno(
        op_port_alloc_unbound(call->partition, remote_id(call, io.remote_dom), &io.port));
    if (error)
        return error;
    port_begin(call, io.port, 0);
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_event_channel_op_bind_interdomain(struct xen_call *call)
{
    struct xen_evtchn_bind_interdomain io;
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_errno(op_port_bind_interdomain(call->partition, remote_id(call, io.remote_dom),
                                               io.remote_port, &io.local_port));
    if (error)
        return error;
    port_begin(call, io.local_port, 0);
    /* The other side may have signalled while we were not there. */
    (void)op_port_raise(call->partition, io.local_port);
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

static bool virq_is_global(u32 virq)
{
    return virq != XEN_VIRQ_TIMER && virq != XEN_VIRQ_DEBUG && virq != XEN_VIRQ_XENOPROF &&
           virq != XEN_VIRQ_XENPMU;
}

static enum op_event virq_source(u32 virq)
{
    if (virq == XEN_VIRQ_TIMER)
        return OP_EVENT_TIMER;
    return virq == XEN_VIRQ_DEBUG ? OP_EVENT_DEBUG : OP_EVENT_OTHER;
}

s64 xen_event_channel_op_bind_virq(struct xen_call *call)
{
    struct xen_evtchn_bind_virq io;
    struct vcpu *vcpu;
    struct xen_vcpu *xv;
    u32 *slot;
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    if (io.virq >= XEN_VIRQ_COUNT || (virq_is_global(io.virq) && io.vcpu))
        return -XEN_EINVAL;
    vcpu = op_vcpu_find(call->partition, io.vcpu);
    if (!vcpu)
        return -XEN_ENOENT;
    xv = xen_vcpu_get(vcpu);
    if (!xv)
        return -XEN_ENOMEM;
    slot =
        virq_is_global(io.virq) ? &call->domain->virq_port[io.virq] : &xv->virq_port[io.virq];
    if (*slot)
        return -XEN_EEXIST;
    error =
        xen_errno(op_port_bind_event(call->partition, virq_source(io.virq), io.vcpu, &io.port));
    if (error)
        return error;
    *slot = io.port;
    port_begin(call, io.port, (u8)(io.virq + 1));
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_event_channel_op_bind_ipi(struct xen_call *call)
{
    struct xen_evtchn_bind_ipi io;
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_errno(op_port_bind_ipi(call->partition, io.vcpu, &io.port));
    if (error)
        return error;
    port_begin(call, io.port, 0);
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

/* A number the table has room for, whether or not it is in use: others are -EINVAL. */
bool xen_port_is_valid(const struct xen_call *call, u32 port)
{
    return port < align_up((u64)call->domain->highest_port + 1, PORTS_PER_BUCKET);
}

static void port_close(struct partition *p, struct xen_domain *domain, u32 port)
{
    struct op_port_status status;
    struct vcpu *vcpu;
    struct xen_vcpu *xv;
    u8 virq_plus_1;

    if (op_port_status(p, port, &status) != ST_OK)
        return;
    virq_plus_1 = xen_port_data_unpack(status.data).virq_plus_1;
    if (status.kind == OP_PORT_EVENT && virq_plus_1 && virq_plus_1 <= XEN_VIRQ_COUNT) {
        if (domain->virq_port[virq_plus_1 - 1] == port)
            domain->virq_port[virq_plus_1 - 1] = 0;
        vcpu = op_vcpu_find(p, status.vcpu);
        xv = vcpu ? op_vcpu_abi(vcpu, OP_ABI_XEN) : NULL;
        if (xv && xv->virq_port[virq_plus_1 - 1] == port)
            xv->virq_port[virq_plus_1 - 1] = 0;
    }
    xen_event_clear_pending(domain, port);
    (void)op_port_close(p, port);
}

s64 xen_event_channel_op_close(struct xen_call *call)
{
    struct xen_evtchn_close in;
    struct op_port_status status;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (op_port_status(call->partition, in.port, &status) != ST_OK ||
        status.kind == OP_PORT_FREE || status.kind == OP_PORT_RESERVED)
        return -XEN_EINVAL;
    port_close(call->partition, call->domain, in.port);
    return 0;
}

s64 xen_event_channel_op_send(struct xen_call *call)
{
    struct xen_evtchn_send in;
    enum status status;

    status = xen_fetch(call, call->arg[1], &in, sizeof(in));
    if (status == ST_OK)
        status = op_port_send(call->partition, in.port);
    return xen_errno(status);
}

static u32 status_code(enum op_port_kind kind)
{
    static const u8 codes[] = {
        [OP_PORT_FREE] = XEN_EVTCHNSTAT_CLOSED,
        [OP_PORT_RESERVED] = XEN_EVTCHNSTAT_UNBOUND,
        [OP_PORT_UNBOUND] = XEN_EVTCHNSTAT_UNBOUND,
        [OP_PORT_INTERDOMAIN] = XEN_EVTCHNSTAT_INTERDOMAIN,
        [OP_PORT_EVENT] = XEN_EVTCHNSTAT_VIRQ,
        [OP_PORT_IPI] = XEN_EVTCHNSTAT_IPI,
    };

    return codes[kind];
}

s64 xen_event_channel_op_status(struct xen_call *call)
{
    struct xen_evtchn_status io;
    struct op_port_status port = {0};
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, io.dom);
    if (error)
        return error;
    if (!xen_port_is_valid(call, io.port))
        return -XEN_EINVAL;
    if (op_port_status(call->partition, io.port, &port) != ST_OK)
        port.kind = OP_PORT_FREE;
    io.status = status_code(port.kind);
    io.vcpu = port.vcpu;
    if (port.kind == OP_PORT_UNBOUND) {
        io.u.unbound.dom = (u16)port.remote_id;
    } else if (port.kind == OP_PORT_INTERDOMAIN) {
        io.u.interdomain.dom = (u16)port.remote_id;
        io.u.interdomain.port = port.remote_port;
    } else if (port.kind == OP_PORT_EVENT) {
        io.u.virq = (u32)xen_port_data_unpack(port.data).virq_plus_1 - 1;
    }
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_event_channel_op_bind_vcpu(struct xen_call *call)
{
    struct xen_evtchn_bind_vcpu in;
    struct op_port_status port;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (!op_vcpu_find(call->partition, in.vcpu))
        return -XEN_ENOENT;
    if (op_port_status(call->partition, in.port, &port) != ST_OK)
        return -XEN_EINVAL;
    if (port.kind == OP_PORT_IPI || port.kind == OP_PORT_FREE ||
        (port.kind == OP_PORT_EVENT &&
         !virq_is_global((u32)xen_port_data_unpack(port.data).virq_plus_1 - 1)))
        return -XEN_EINVAL;
    return xen_errno(op_port_bind_vcpu(call->partition, in.port, in.vcpu));
}

s64 xen_event_channel_op_unmask(struct xen_call *call)
{
    struct xen_evtchn_unmask in;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (!xen_port_is_valid(call, in.port))
        return -XEN_EINVAL;
    if (xen_event_unmask(call->domain, in.port))
        (void)op_port_raise(call->partition, in.port);
    return 0;
}

/* Back to the 2-level ABI with no port open, for a new kernel in the same partition. */
s64 xen_event_channel_op_reset(struct xen_call *call)
{
    struct xen_domain *domain = call->domain;
    struct xen_evtchn_reset in;
    u32 i;
    s64 error;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, in.dom);
    if (error)
        return error;
    for (i = 1; i < OP_PORT_MAX; i++)
        port_close(call->partition, domain, i);
    for (i = 0; i < domain->fifo_pages; i++)
        op_memory_unhold(call->partition, domain->fifo_page[i]);
    domain->fifo_pages = 0;
    domain->is_fifo = false;
    for (i = 0; i < op_partition_vcpu_count(call->partition); i++) {
        struct vcpu *vcpu = op_vcpu_find(call->partition, i);
        struct xen_vcpu *xv = vcpu ? op_vcpu_abi(vcpu, OP_ABI_XEN) : NULL;

        if (!xv || !xv->control)
            continue;
        op_memory_unhold(call->partition, xv->control);
        xv->control = NULL;
        memset(xv->queue, 0, sizeof(xv->queue));
    }
    return 0;
}
