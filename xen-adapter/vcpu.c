/* VCPU_OP [xen/vcpu.h]: bringing vCPUs up and what each registers for itself. */
#include "hv/lib/string.h"
#include "xen-adapter/call.h"
#include "xen-adapter/event.h"
#include "xen-adapter/time.h"

#define PERIOD_MIN_NS 1000000ull

/* The vCPU a call is about: its second argument. */
static struct xen_vcpu *target_find(struct xen_call *call, s64 *error)
{
    struct vcpu *vcpu = op_vcpu_find(call->partition, (u32)call->arg[1]);
    struct xen_vcpu *xv;

    *error = -XEN_ENOENT;
    if (!vcpu)
        return NULL;
    xv = xen_vcpu_get(vcpu);
    *error = -XEN_ENOMEM;
    return xv;
}

s64 xen_vcpu_op_up(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);

    if (!xv)
        return error;
    if (!op_vcpu_is_initialised(xv->vcpu))
        return -XEN_EINVAL;
    return xen_errno(op_vcpu_up(xv->vcpu));
}

s64 xen_vcpu_op_down(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);

    return xv ? xen_errno(op_vcpu_down(xv->vcpu)) : error;
}

s64 xen_vcpu_op_is_up(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);

    if (!xv)
        return error;
    return op_vcpu_is_up(xv->vcpu) ? 1 : 0;
}

s64 xen_vcpu_op_get_runstate_info(struct xen_call *call)
{
    static const u8 states[] = {
        [OP_RUN_RUNNING] = XEN_RUNSTATE_RUNNING,
        [OP_RUN_WAITING] = XEN_RUNSTATE_RUNNABLE,
        [OP_RUN_BLOCKED] = XEN_RUNSTATE_BLOCKED,
        [OP_RUN_OFFLINE] = XEN_RUNSTATE_OFFLINE,
    };
    struct xen_vcpu_runstate_info out = {0};
    struct op_runtime runtime;
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    u32 i;

    if (!xv)
        return error;
    op_vcpu_runtime(xv->vcpu, &runtime);
    out.state = states[runtime.now];
    out.state_entry_time = runtime.since_ns;
    for (i = 0; i < XEN_RUNSTATES; i++)
        out.time[i] = runtime.ns[i];
    if (call->is_narrow) {
        /* No gap behind the first word there. */
        u8 *packed = (u8 *)&out + 4;

        ((struct xen_vcpu_runstate_info_32 *)(void *)packed)->state = out.state;
        return xen_errno(
            xen_store(call, call->arg[2], packed, sizeof(struct xen_vcpu_runstate_info_32)));
    }
    return xen_errno(xen_store(call, call->arg[2], &out, sizeof(out)));
}

/* The argument of the four register calls: one word, as wide as the caller's. */
static enum status area_fetch(struct xen_call *call, u64 *at)
{
    *at = 0;
    return xen_fetch(call, call->arg[2], at, call->is_narrow ? 4 : 8);
}

s64 xen_vcpu_op_register_runstate_memory_area(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    u32 bytes = (u32)(call->is_narrow ? sizeof(struct xen_vcpu_runstate_info_32)
                                      : sizeof(struct xen_vcpu_runstate_info));
    u64 at;

    if (!xv)
        return error;
    if (area_fetch(call, &at) != ST_OK)
        return -XEN_EFAULT;
    xen_area_clear(xv->vcpu, &xv->runstate);
    xv->runstate_at = gva(at);
    xv->is_runstate_narrow = call->is_narrow;
    (void)xen_area_set_virtual(call->vcpu, &xv->runstate, xv->runstate_at, bytes);
    xen_runstate_refresh(xv,
                         op_vcpu_is_up(xv->vcpu) ? XEN_RUNSTATE_RUNNING : XEN_RUNSTATE_OFFLINE);
    return 0;
}

s64 xen_vcpu_op_register_runstate_phys_area(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    u32 bytes = (u32)(call->is_narrow ? sizeof(struct xen_vcpu_runstate_info_32)
                                      : sizeof(struct xen_vcpu_runstate_info));
    u64 at;

    if (!xv)
        return error;
    if (area_fetch(call, &at) != ST_OK)
        return -XEN_EFAULT;
    xv->runstate_at = gva(0);
    if (at == (call->is_narrow ? 0xffffffffu : ~(u64)0)) {
        xen_area_clear(xv->vcpu, &xv->runstate);
        return 0;
    }
    if ((at & PAGE_MASK) + bytes > PAGE_SIZE || at & 3)
        return -XEN_ENXIO;
    if (at >> 46 || xen_area_set_physical(xv->vcpu, &xv->runstate, gpa(at), bytes) != ST_OK)
        return -XEN_EINVAL;
    xv->is_runstate_narrow = call->is_narrow;
    xen_runstate_refresh(xv,
                         op_vcpu_is_up(xv->vcpu) ? XEN_RUNSTATE_RUNNING : XEN_RUNSTATE_OFFLINE);
    return 0;
}

s64 xen_vcpu_op_register_vcpu_time_memory_area(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    u64 at;

    if (!xv)
        return error;
    if (area_fetch(call, &at) != ST_OK)
        return -XEN_EFAULT;
    xen_area_clear(xv->vcpu, &xv->time);
    (void)xen_area_set_virtual(call->vcpu, &xv->time, gva(at),
                               sizeof(struct xen_vcpu_time_info));
    xen_time_refresh(xv);
    return 0;
}

s64 xen_vcpu_op_register_vcpu_time_phys_area(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    u64 at;

    if (!xv)
        return error;
    if (area_fetch(call, &at) != ST_OK)
        return -XEN_EFAULT;
    if (at == (call->is_narrow ? 0xffffffffu : ~(u64)0)) {
        xen_area_clear(xv->vcpu, &xv->time);
        return 0;
    }
    if ((at & PAGE_MASK) + sizeof(struct xen_vcpu_time_info) > PAGE_SIZE || at & 3)
        return -XEN_ENXIO;
    if (at >> 46 || xen_area_set_physical(xv->vcpu, &xv->time, gpa(at),
                                          sizeof(struct xen_vcpu_time_info)) != ST_OK)
        return -XEN_EINVAL;
    xen_time_refresh(xv);
    return 0;
}

s64 xen_vcpu_op_register_vcpu_info(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    struct xen_vcpu_register_vcpu_info in;
    void *info;

    if (!xv)
        return error;
    if (xen_fetch(call, call->arg[2], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (in.offset > XEN_PAGE_SIZE - sizeof(struct xen_vcpu_info) || in.offset & 7)
        return -XEN_ENXIO;
    if (xv->is_info_moved || in.mfn >> 34 ||
        op_memory_hold(call->partition, gpa((in.mfn << PAGE_SHIFT) + in.offset), &info) !=
            ST_OK)
        return -XEN_EINVAL;
    if (xv->info)
        memcpy(info, xv->info, sizeof(struct xen_vcpu_info));
    else
        memset(info, 0, sizeof(struct xen_vcpu_info));
    xv->info = info;
    xv->is_info_moved = true;
    xen_time_refresh(xv);
    xen_upcall_force(xv);
    return 0;
}

s64 xen_vcpu_op_set_periodic_timer(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    struct xen_vcpu_set_periodic_timer in;

    if (!xv)
        return error;
    if (xen_fetch(call, call->arg[2], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (in.period_ns < PERIOD_MIN_NS || (s64)in.period_ns < 0)
        return -XEN_EINVAL;
    op_vcpu_timer_periodic(xv->vcpu, in.period_ns);
    return 0;
}

s64 xen_vcpu_op_stop_periodic_timer(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);

    if (!xv)
        return error;
    op_vcpu_timer_stop(xv->vcpu, OP_TIMER_PERIODIC);
    return 0;
}

s64 xen_vcpu_op_set_singleshot_timer(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);
    struct xen_vcpu_set_singleshot_timer in;

    if (!xv)
        return error;
    if (xv != call->xv)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[2], &in, 12) != ST_OK)
        return -XEN_EFAULT;
    /* A time that has passed fires at once, whatever XEN_SINGLESHOT_FUTURE says: as Xen 4.17.
     */
    op_vcpu_timer_single(xv->vcpu, in.timeout_abs_ns);
    return 0;
}

s64 xen_vcpu_op_stop_singleshot_timer(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);

    if (!xv)
        return error;
    if (xv != call->xv)
        return -XEN_EINVAL;
    op_vcpu_timer_stop(xv->vcpu, OP_TIMER_SINGLE);
    return 0;
}

/* For a domain whose vCPUs are pinned, and none of ours is. */
s64 xen_vcpu_op_get_physid(struct xen_call *call)
{
    s64 error;

    return target_find(call, &error) ? -XEN_EINVAL : error;
}

s64 xen_vcpu_op_send_nmi(struct xen_call *call)
{
    s64 error;
    struct xen_vcpu *xv = target_find(call, &error);

    if (!xv)
        return error;
    op_vcpu_nmi(xv->vcpu);
    return 0;
}
