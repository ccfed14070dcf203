/*
 * event_channel_op: L0 hands out the numbers and reaches the peers; what only concerns this
 * guest's own pages and its IPIs stays here.
 */
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/shootdown.h"
#include "xen-adapter/pv/vcpu.h"

/* Declares `arg`, read from the guest. */
#define FETCH(type, address)                                                                   \
    struct xen_evtchn_##type arg;                                                              \
    if (copy_from_guest(&arg, (address), sizeof(arg)) != ST_OK)                                \
    return -XEN_EFAULT

/* The same for the calls that a running guest makes all the time: their structure is the port.
 */
#define FETCH_PORT(type, address)                                                              \
    struct xen_evtchn_##type arg;                                                              \
    _Static_assert(sizeof(arg) == sizeof(arg.port), "a port and nothing else");                \
    if (!u32_from_guest(&arg.port, (address)))                                                 \
    return -XEN_EFAULT

static s64 below(u32 sub, void *argument)
{
    return l0_call(XENNR_event_channel_op, sub, (u64)argument, 0, 0, 0);
}

static s64 store(u64 to, const void *from, u64 bytes)
{
    return copy_to_guest(to, from, bytes) == ST_OK ? 0 : -XEN_EFAULT;
}

HANDLER(op_event_channel_op_alloc_unbound)
{
    s64 result;

    FETCH(alloc_unbound, a1);
    result = below(XENOP_event_channel_op_alloc_unbound, &arg);
    if (result != 0)
        return result;
    event_port_bind(arg.port, EVENT_REMOTE, 0);
    event_port_adopt(arg.port);
    return store(a1, &arg, sizeof(arg));
}

HANDLER(op_event_channel_op_bind_interdomain)
{
    s64 result;

    FETCH(bind_interdomain, a1);
    result = below(XENOP_event_channel_op_bind_interdomain, &arg);
    if (result != 0)
        return result;
    event_port_bind(arg.local_port, EVENT_REMOTE, 0);
    event_port_adopt(arg.local_port);
    return store(a1, &arg, sizeof(arg));
}

HANDLER(op_event_channel_op_bind_virq)
{
    s64 result;

    FETCH(bind_virq, a1);
    result = below(XENOP_event_channel_op_bind_virq, &arg);
    if (result != 0)
        return result;
    event_port_bind(arg.port, EVENT_VIRQ, arg.vcpu);
    event_port_adopt(arg.port);
    return store(a1, &arg, sizeof(arg));
}

HANDLER(op_event_channel_op_bind_ipi)
{
    s64 result;

    FETCH(bind_ipi, a1);
    result = below(XENOP_event_channel_op_bind_ipi, &arg);
    if (result != 0)
        return result;
    event_port_bind(arg.port, EVENT_IPI, arg.vcpu);
    return store(a1, &arg, sizeof(arg));
}

HANDLER(op_event_channel_op_close)
{
    s64 result;

    FETCH(close, a1);
    if (!event_port_is_guests(arg.port))
        return -XEN_EINVAL;
    result = below(XENOP_event_channel_op_close, &arg);
    if (result == 0)
        event_port_close(arg.port);
    return result;
}

HANDLER(op_event_channel_op_send)
{
    FETCH_PORT(send, a1);
    if (!event_port_is_guests(arg.port))
        return -XEN_EINVAL;
    /* Another vCPU has to be interrupted anyway: L0 shows it the event with the same exit. */
    if (event_ports[arg.port].kind == EVENT_IPI &&
        event_ports[arg.port].vcpu == this_vcpu()->id) {
        event_raise(arg.port);
        return 0;
    }
    return below(XENOP_event_channel_op_send, &arg);
}

HANDLER(op_event_channel_op_status)
{
    s64 result;

    FETCH(status, a1);
    if (arg.port < XEN_EVTCHN_2L_CHANNELS && event_ports[arg.port].kind == EVENT_KICK) {
        arg.status = XEN_EVTCHNSTAT_CLOSED;
        return store(a1, &arg, sizeof(arg));
    }
    result = below(XENOP_event_channel_op_status, &arg);
    return result != 0 ? result : store(a1, &arg, sizeof(arg));
}

HANDLER(op_event_channel_op_bind_vcpu)
{
    s64 result;

    FETCH(bind_vcpu, a1);
    if (!event_port_is_guests(arg.port))
        return -XEN_EINVAL;
    result = below(XENOP_event_channel_op_bind_vcpu, &arg);
    if (result != 0)
        return result;
    __atomic_store_n(&event_ports[arg.port].vcpu, (u8)arg.vcpu, __ATOMIC_SEQ_CST);
    event_port_adopt(arg.port);
    return 0;
}

HANDLER(op_event_channel_op_unmask)
{
    FETCH_PORT(unmask, a1);
    if (!event_port_is_guests(arg.port) || event_ports[arg.port].kind == EVENT_FREE)
        return -XEN_EINVAL;
    event_unmask(arg.port);
    return 0;
}

/* Signals that were under way to the shim's own ports are lost: everybody looks. HOLDS(M) */
static void ports_begin_anew(void)
{
    fifo_end();
    for (u32 port = 0; port < XEN_EVTCHN_2L_CHANNELS; port++)
        event_port_close(port);
    shootdown_start();
    for (u32 i = 0; i < shim.vcpu_count; i++)
        vcpu_kick(vcpu_find(i));
}

/* All ports are closed, the console's and the store's with them, as on Xen. */
HANDLER(op_event_channel_op_reset)
{
    s64 result;

    FETCH(reset, a1);
    lock_take(&memory_lock);
    result = below(XENOP_event_channel_op_reset, &arg);
    if (result == 0)
        ports_begin_anew();
    lock_drop(&memory_lock);
    return result;
}

HANDLER(op_event_channel_op_init_control)
{
    enum status status;

    FETCH(init_control, a1);
    lock_take(&memory_lock);
    status = fifo_init_control(&arg);
    lock_drop(&memory_lock);
    if (status != ST_OK)
        return xen_errno(status);
    return store(a1, &arg, sizeof(arg));
}

HANDLER(op_event_channel_op_expand_array)
{
    enum status status;

    FETCH(expand_array, a1);
    if (!fifo_in_use())
        return -XEN_EOPNOTSUPP;
    lock_take(&memory_lock);
    status = fifo_expand_array(mfn(arg.array_gfn));
    lock_drop(&memory_lock);
    return xen_errno(status);
}

HANDLER(op_event_channel_op_set_priority)
{
    FETCH(set_priority, a1);
    if (!fifo_in_use())
        return -XEN_ENOSYS;
    if (arg.port >= XEN_EVTCHN_2L_CHANNELS || arg.priority > XEN_FIFO_PRIORITY_MIN)
        return -XEN_EINVAL;
    if (event_ports[arg.port].kind == EVENT_FREE)
        return -XEN_EACCES;
    event_ports[arg.port].priority = (u8)arg.priority;
    return 0;
}
