/* VCPU_OP [xen/vcpu.h]: bringing vCPUs up and what each registers for itself. */
#include "hv/lib/string.h"
#include "xen-adapter/call.h"
#include "xen-adapter/event.h"
#include "xen-adapter/time.h"

#define PERIOD_MIN_NS 1000000ull

/* The vCPU a call is about: its second argument. */
static s64 target_find(struct xen_call *call, struct xen_vcpu **target)
{
    struct vcpu *vcpu = op_vcpu_find(call->partition, (u32)call->arg[1]);

    if (!vcpu)
        return -XEN_ENOENT;
    *target = xen_vcpu_get(vcpu);
    return *target ? 0 : -XEN_ENOMEM;
}

s64 xen_vcpu_op_up(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    if (error)
        return error;
    if (!op_vcpu_is_initialised(xv->vcpu))
        return -XEN_EINVAL;
    return xen_errno(op_vcpu_up(xv->vcpu));
}

static bool is_any_up(const struct partition *partition)
{
    struct vcpu *vcpu;

    for (u32 id = 0; (vcpu = op_vcpu_find(partition, id)) != NULL; id++)
        if (op_vcpu_is_up(vcpu))
            return true;
    return false;
}

/* Nobody could take up a vCPU again after the last one: the guest is off then. */
s64 xen_vcpu_op_down(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    if (!error)
        error = xen_errno(op_vcpu_down(xv->vcpu));
    if (!error && !is_any_up(call->partition))
        op_partition_shutdown(call->partition, NATIVE_END_POWEROFF);
    return error;
}

s64 xen_vcpu_op_is_up(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    if (error)
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
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);
    u32 i;

    if (error)
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

/* The four register calls name a vCPU and one word, as wide as the caller's. */
static s64 area_fetch(struct xen_call *call, struct xen_vcpu **target, u64 *at)
{
    s64 error = target_find(call, target);

    *at = 0;
    if (error)
        return error;
    return xen_fetch(call, call->arg[2], at, call->is_narrow ? 4 : 8) == ST_OK ? 0
                                                                               : -XEN_EFAULT;
}

/* A physical area of all ones is taken back. */
static bool area_is_none(const struct xen_call *call, u64 at)
{
    return at == (call->is_narrow ? 0xffffffffu : ~(u64)0);
}

static s64 area_place(struct xen_vcpu *xv, struct xen_area *area, u64 at, u32 bytes)
{
    if ((at & PAGE_MASK) + bytes > PAGE_SIZE || at & 3)
        return -XEN_ENXIO;
    if (at >> 46 || xen_area_set_physical(xv->vcpu, area, gpa(at), bytes) != ST_OK)
        return -XEN_EINVAL;
    return 0;
}

static u32 runstate_bytes(const struct xen_call *call)
{
    return (u32)(call->is_narrow ? sizeof(struct xen_vcpu_runstate_info_32)
                                 : sizeof(struct xen_vcpu_runstate_info));
}

static void runstate_show(struct xen_vcpu *xv, const struct xen_call *call)
{
    xv->is_runstate_narrow = call->is_narrow;
    xen_runstate_refresh(xv,
                         op_vcpu_is_up(xv->vcpu) ? XEN_RUNSTATE_RUNNING : XEN_RUNSTATE_OFFLINE);
}

s64 xen_vcpu_op_register_runstate_memory_area(struct xen_call *call)
{
    struct xen_vcpu *xv;
    u64 at;
    s64 error = area_fetch(call, &xv, &at);

    if (error)
        return error;
    xen_area_clear(xv->vcpu, &xv->runstate);
    xv->runstate_at = gva(at);
    (void)xen_area_set_virtual(call->vcpu, &xv->runstate, xv->runstate_at,
                               runstate_bytes(call));
    runstate_show(xv, call);
    return 0;
}

s64 xen_vcpu_op_register_runstate_phys_area(struct xen_call *call)
{
    struct xen_vcpu *xv;
    u64 at;
    s64 error = area_fetch(call, &xv, &at);

    if (error)
        return error;
    xv->runstate_at = gva(0);
    if (area_is_none(call, at)) {
        xen_area_clear(xv->vcpu, &xv->runstate);
        return 0;
    }
    error = area_place(xv, &xv->runstate, at, runstate_bytes(call));
    if (error == 0)
        runstate_show(xv, call);
    return error;
}

s64 xen_vcpu_op_register_vcpu_time_memory_area(struct xen_call *call)
{
    struct xen_vcpu *xv;
    u64 at;
    s64 error = area_fetch(call, &xv, &at);

    if (error)
        return error;
    xen_area_clear(xv->vcpu, &xv->time);
    (void)xen_area_set_virtual(call->vcpu, &xv->time, gva(at),
                               sizeof(struct xen_vcpu_time_info));
    xen_time_refresh(xv);
    return 0;
}

s64 xen_vcpu_op_register_vcpu_time_phys_area(struct xen_call *call)
{
    struct xen_vcpu *xv;
    u64 at;
    s64 error = area_fetch(call, &xv, &at);

    if (error)
        return error;
    if (area_is_none(call, at)) {
        xen_area_clear(xv->vcpu, &xv->time);
        return 0;
    }
    error = area_place(xv, &xv->time, at, sizeof(struct xen_vcpu_time_info));
    if (error == 0)
        xen_time_refresh(xv);
    return error;
}

s64 xen_vcpu_op_register_vcpu_info(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);
    struct xen_vcpu_register_vcpu_info in;
    void *info;

    if (error)
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
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);
    struct xen_vcpu_set_periodic_timer in;

    if (error)
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
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    if (error)
        return error;
    op_vcpu_timer_stop(xv->vcpu, OP_TIMER_PERIODIC);
    return 0;
}

s64 xen_vcpu_op_set_singleshot_timer(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);
    struct xen_vcpu_set_singleshot_timer in;

    if (error)
        return error;
    if (xv != call->xv)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[2], &in, 12) != ST_OK)
        return -XEN_EFAULT;
    /* A time that has passed fires at once, whatever XEN_SINGLESHOT_FUTURE says: as on Xen. */
    op_vcpu_timer_single(xv->vcpu, in.timeout_abs_ns);
    return 0;
}

s64 xen_vcpu_op_stop_singleshot_timer(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    if (error)
        return error;
    if (xv != call->xv)
        return -XEN_EINVAL;
    op_vcpu_timer_stop(xv->vcpu, OP_TIMER_SINGLE);
    return 0;
}

/* For a domain whose vCPUs are pinned, and none of ours is. */
s64 xen_vcpu_op_get_physid(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    return error ? error : -XEN_EINVAL;
}

s64 xen_vcpu_op_send_nmi(struct xen_call *call)
{
    struct xen_vcpu *xv;
    s64 error = target_find(call, &xv);

    if (error)
        return error;
    op_vcpu_nmi(xv->vcpu);
    return 0;
}
