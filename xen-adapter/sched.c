/* SCHED_OP [xen/sched.h]. */
#include "xen-adapter/call.h"
#include "xen-adapter/event.h"

#define NS_PER_SECOND 1000000000ull

s64 xen_sched_op_yield(struct xen_call *call)
{
    op_vcpu_yield(call->vcpu);
    return 0;
}

/* For a translated guest the upcall mask means nothing: only what is pending counts. */
s64 xen_sched_op_block(struct xen_call *call)
{
    if (!xen_upcall_is_pending(call->xv) && !op_port_has_raised(call->vcpu))
        op_vcpu_park(call->vcpu, OP_NEVER);
    return 0;
}

static enum native_end end_of(u32 reason)
{
    static const u8 ends[] = {
        [XEN_SHUTDOWN_POWEROFF] = NATIVE_END_POWEROFF,
        [XEN_SHUTDOWN_REBOOT] = NATIVE_END_REBOOT,
        [XEN_SHUTDOWN_SUSPEND] = NATIVE_END_SUSPEND,
        [XEN_SHUTDOWN_CRASH] = NATIVE_END_CRASH,
        [XEN_SHUTDOWN_WATCHDOG] = NATIVE_END_WATCHDOG,
        [XEN_SHUTDOWN_SOFT_RESET] = NATIVE_END_SOFT_RESET,
    };

    return reason < ARRAY_SIZE(ends) ? (enum native_end)ends[reason] : NATIVE_END_CRASH;
}

s64 xen_sched_op_shutdown(struct xen_call *call)
{
    struct xen_sched_shutdown in;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (call->domain->shutdown_code)
        in.reason = call->domain->shutdown_code - 1;
    op_partition_shutdown(call->partition, end_of(in.reason));
    return 0;
}

/* The reason that the shutdown to come will be given. */
s64 xen_sched_op_shutdown_code(struct xen_call *call)
{
    struct xen_sched_shutdown in;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (!call->domain->shutdown_code)
        call->domain->shutdown_code = (in.reason & 0xff) + 1;
    return 0;
}

/* Number 0 sets a free one and answers its number; another one sets it anew, or ends it with 0.
 */
s64 xen_sched_op_watchdog(struct xen_call *call)
{
    struct xen_sched_watchdog in;
    u64 deadline_ns;
    u32 i = 0;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    deadline_ns = op_clock_now_ns() + in.timeout * NS_PER_SECOND;
    if (in.id == 0) {
        while (i < OP_WATCHDOGS && op_partition_watchdog_is_set(call->partition, i))
            i++;
        if (i == OP_WATCHDOGS)
            return (u32)-XEN_ENOSPC; /* no wider: as Xen 4.17 */
        op_partition_watchdog(call->partition, i, deadline_ns);
        return i + 1;
    }
    if (in.id > OP_WATCHDOGS || !op_partition_watchdog_is_set(call->partition, in.id - 1))
        return -XEN_EINVAL;
    op_partition_watchdog(call->partition, in.id - 1, in.timeout ? deadline_ns : OP_NEVER);
    return 0;
}

s64 xen_sched_op_remote_shutdown(struct xen_call *call)
{
    struct xen_sched_remote_shutdown in;
    s64 error;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, in.domain_id);
    return error ? error : -XEN_EPERM;
}

struct poll_32 {
    u32 ports, nr_ports;
    u64 timeout;
} __attribute__((packed));

static enum status poll_fetch(struct xen_call *call, struct xen_sched_poll *out)
{
    struct poll_32 narrow;

    if (!call->is_narrow)
        return xen_fetch(call, call->arg[1], out, sizeof(*out));
    TRY(xen_fetch(call, call->arg[1], &narrow, sizeof(narrow)));
    *out = (struct xen_sched_poll){
        .ports = narrow.ports,
        .nr_ports = narrow.nr_ports,
        .timeout = narrow.timeout,
    };
    return ST_OK;
}

/* Any event ends the wait, not only the named ones; the guest looks for itself. */
s64 xen_sched_op_poll(struct xen_call *call)
{
    struct xen_sched_poll in;
    u32 i;

    if (poll_fetch(call, &in) != ST_OK)
        return -XEN_EFAULT;
    if (in.nr_ports > XEN_POLL_PORTS_MAX)
        return -XEN_EINVAL;
    for (i = 0; i < in.nr_ports; i++) {
        struct op_port_status status;
        u32 port;

        if (xen_fetch(call, in.ports + i * sizeof(port), &port, sizeof(port)) != ST_OK)
            return -XEN_EFAULT;
        if (op_port_status(call->partition, port, &status) != ST_OK ||
            status.kind == OP_PORT_FREE)
            return -XEN_EINVAL;
        if (xen_event_is_pending(call->domain, port))
            return 0;
    }
    if (op_port_has_raised(call->vcpu) || (in.timeout && in.timeout <= op_clock_now_ns()))
        return 0;
    op_vcpu_park(call->vcpu, in.timeout ? in.timeout : OP_NEVER);
    return 0;
}
