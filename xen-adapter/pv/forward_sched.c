/* sched_op and console_io. */
#include "hv/lib/string.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/time.h"

#define CONSOLE_CHUNK 256u

HANDLER(op_sched_op_yield)
{
    return l0_call(XENNR_sched_op, XENOP_sched_op_yield, 0, 0, 0, 0);
}

HANDLER(op_sched_op_block)
{
    struct pv_vcpu *vcpu = this_vcpu();

    vcpu->upcall[1] = 0;
    event_wait(vcpu);
    return 0;
}

/* Only a suspend comes back: L0's pages and vector are as new then. */
static s64 shutdown(u32 reason)
{
    struct xen_sched_shutdown argument = {.reason = reason};

    return l0_call(XENNR_sched_op, XENOP_sched_op_shutdown, (u64)&argument, 0, 0, 0);
}

HANDLER(op_sched_op_shutdown)
{
    struct xen_sched_shutdown want;

    if (copy_from_guest(&want, a1, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    return shutdown(want.reason);
}

HANDLER(op_sched_op_shutdown_code)
{
    struct xen_sched_shutdown want;

    if (copy_from_guest(&want, a1, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    return l0_call(XENNR_sched_op, XENOP_sched_op_shutdown_code, (u64)&want, 0, 0, 0);
}

HANDLER(op_sched_op_watchdog)
{
    struct xen_sched_watchdog want;

    if (copy_from_guest(&want, a1, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    return l0_call(XENNR_sched_op, XENOP_sched_op_watchdog, (u64)&want, 0, 0, 0);
}

/*
 * Ports that fell pending before are in the guest's pages already; L0 polls for those that
 * come.
 */
HANDLER(op_sched_op_poll)
{
    u32 *ports = this_vcpu()->poll_ports;
    struct xen_sched_poll want;
    s64 result;

    _Static_assert(sizeof(this_vcpu()->poll_ports) == XEN_POLL_PORTS_MAX * sizeof(u32), "room");
    if (copy_from_guest(&want, a1, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    if (want.nr_ports > XEN_POLL_PORTS_MAX)
        return -XEN_EINVAL;
    event_upcall();
    for (u32 i = 0; i < want.nr_ports; i++) {
        if (copy_from_guest(&ports[i], want.ports + i * sizeof(u32), sizeof(u32)) != ST_OK)
            return -XEN_EFAULT;
        if (ports[i] >= XEN_EVTCHN_2L_CHANNELS || event_ports[ports[i]].kind == EVENT_FREE)
            return -XEN_EINVAL;
        if (event_is_pending(ports[i]))
            return 0;
    }
    want.ports = (u64)ports;
    result = l0_call(XENNR_sched_op, XENOP_sched_op_poll, (u64)&want, 0, 0, 0);
    event_upcall();
    return result;
}

HANDLER(op_sched_op_compat_yield)
{
    return op_sched_op_yield(0, 0, 0, 0);
}

HANDLER(op_sched_op_compat_block)
{
    return op_sched_op_block(0, 0, 0, 0);
}

HANDLER(op_sched_op_compat_shutdown)
{
    return shutdown((u32)a1);
}

/* ---- console_io: (count, buffer) ----------------------------------------------------- */

HANDLER(op_console_io_consoleio_write)
{
    char chunk[CONSOLE_CHUNK];
    u64 left = (u32)a1;

    while (left > 0) {
        u64 bytes = MIN(left, sizeof(chunk));
        s64 result;

        if (copy_from_guest(chunk, a2, bytes) != ST_OK)
            return -XEN_EFAULT;
        result = l0_call(XENNR_console_io, XENOP_console_io_consoleio_write, bytes, (u64)chunk,
                         0, 0);
        if (result != 0)
            return result;
        a2 += bytes;
        left -= bytes;
    }
    return 0;
}

HANDLER(op_console_io_consoleio_read)
{
    char chunk[CONSOLE_CHUNK];
    u64 bytes = MIN((u64)(u32)a1, sizeof(chunk));
    s64 result =
        l0_call(XENNR_console_io, XENOP_console_io_consoleio_read, bytes, (u64)chunk, 0, 0);

    if (result <= 0)
        return result;
    if (result > (s64)bytes || copy_to_guest(a2, chunk, (u64)result) != ST_OK)
        return -XEN_EFAULT;
    return result;
}
