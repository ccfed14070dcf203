/*
 * pvclock, wall clock, runstate and the one-shot timer of SET_TIMER_OP [xen/xen.h, vcpu.h].
 */
#include "xen-adapter/time.h"

#include "xen-adapter/abi/xen_time.h"
#include "xen-adapter/call.h"
#include "xen-adapter/xen.h"

#define NS_PER_SECOND       1000000000ull
/* Linux once asked for this far in the future by mistake; Xen answers with a soon tick. */
#define TIMEOUT_LIMIT_SHIFT 50
#define TIMEOUT_SOON_NS     100000000ull

static void wallclock_write(struct xen_domain *domain)
{
    u64 wall = op_clock_wall_base_ns();
    u64 seconds = wall / NS_PER_SECOND;
    u32 *wc =
        (u32 *)(void *)(domain->shared + (domain->is_narrow
                                              ? offsetof(struct xen_shared_info_32, wc_version)
                                              : offsetof(struct xen_shared_info, wc_version)));
    u32 *high =
        domain->is_narrow
            ? (u32 *)(void *)(domain->shared + offsetof(struct xen_shared_info_32, wc_sec_hi))
            : wc + 3;

    __atomic_store_n(wc, wc[0] | 1, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    wc[1] = (u32)seconds;
    wc[2] = (u32)(wall % NS_PER_SECOND);
    *high = (u32)(seconds >> 32);
    __atomic_store_n(wc, wc[0] + 1, __ATOMIC_RELEASE);
    domain->has_clock = true;
}

void xen_time_refresh(struct xen_vcpu *xv)
{
    struct xen_vcpu_time_info record = {0};
    struct op_clock clock;
    u32 offset = (u32)(xv->domain->is_narrow ? offsetof(struct xen_vcpu_info_32, time)
                                             : offsetof(struct xen_vcpu_info, time));

    op_clock_read(op_vcpu_partition(xv->vcpu), &clock);
    record.tsc_timestamp = clock.tsc;
    record.system_time = clock.now_ns;
    record.tsc_to_system_mul = clock.mul;
    record.tsc_shift = clock.shift;
    record.flags = XEN_PVCLOCK_TSC_STABLE;
    if (xv->info)
        xen_time_record_write((struct xen_vcpu_time_info *)(void *)(xv->info + offset),
                              &record);
    if (xen_area_is_set(&xv->time)) {
        record.version = 2;
        xen_area_write(&xv->time, 0, &record, sizeof(record));
    }
    if (!xv->domain->has_clock)
        wallclock_write(xv->domain);
}

static void runstate_write(struct xen_vcpu *xv, const struct xen_vcpu_runstate_info *info)
{
    struct xen_vcpu_runstate_info_32 narrow;
    u32 i;

    if (!xv->is_runstate_narrow) {
        xen_area_write(&xv->runstate, 0, info, sizeof(*info));
        return;
    }
    narrow.state = info->state;
    narrow.state_entry_time = info->state_entry_time;
    for (i = 0; i < XEN_RUNSTATES; i++)
        narrow.time[i] = info->time[i];
    xen_area_write(&xv->runstate, 0, &narrow, sizeof(narrow));
}

void xen_runstate_refresh(struct xen_vcpu *xv, u32 state)
{
    struct xen_vcpu_runstate_info info = {.state = state};
    struct op_runtime runtime;
    u64 entry_time, flagged;
    u32 offset, i;

    if (!xen_area_is_set(&xv->runstate))
        return;
    op_vcpu_runtime(xv->vcpu, &runtime);
    entry_time = runtime.since_ns;
    for (i = 0; i < XEN_RUNSTATES; i++)
        info.time[i] = runtime.ns[i];
    info.state_entry_time = entry_time;
    if (!(xv->domain->assist & 1u << XEN_VMASST_RUNSTATE_UPDATE_FLAG)) {
        runstate_write(xv, &info);
        return;
    }
    /* The guest asked to see that an update is on the way. */
    offset = (u32)(xv->is_runstate_narrow
                       ? offsetof(struct xen_vcpu_runstate_info_32, state_entry_time)
                       : offsetof(struct xen_vcpu_runstate_info, state_entry_time));
    flagged = entry_time | XEN_RUNSTATE_UPDATE;
    info.state_entry_time = flagged;
    xen_area_write(&xv->runstate, offset, &flagged, sizeof(flagged));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    runstate_write(xv, &info);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    xen_area_write(&xv->runstate, offset, &entry_time, sizeof(entry_time));
}

void xen_switch_in(struct vcpu *vcpu)
{
    struct xen_vcpu *xv = op_vcpu_abi(vcpu, OP_ABI_XEN);

    if (!xv)
        return;
    if (!xen_area_is_set(&xv->runstate) && xv->runstate_at.raw)
        (void)xen_area_set_virtual(vcpu, &xv->runstate, xv->runstate_at,
                                   (u32)(xv->is_runstate_narrow
                                             ? sizeof(struct xen_vcpu_runstate_info_32)
                                             : sizeof(struct xen_vcpu_runstate_info)));
    xen_runstate_refresh(xv, XEN_RUNSTATE_RUNNING);
}

void xen_switch_out(struct vcpu *vcpu)
{
    static const u8 states[] = {
        [OP_RUN_RUNNING] = XEN_RUNSTATE_RUNNING,
        [OP_RUN_WAITING] = XEN_RUNSTATE_RUNNABLE,
        [OP_RUN_BLOCKED] = XEN_RUNSTATE_BLOCKED,
        [OP_RUN_OFFLINE] = XEN_RUNSTATE_OFFLINE,
    };
    struct xen_vcpu *xv = op_vcpu_abi(vcpu, OP_ABI_XEN);
    struct op_runtime runtime;

    if (!xv || !xen_area_is_set(&xv->runstate))
        return;
    op_vcpu_runtime(vcpu, &runtime);
    xen_runstate_refresh(xv, states[runtime.now]);
}

s64 xen_set_timer_op(struct xen_call *call)
{
    u64 timeout = call->arg[0];
    u64 now = op_clock_now_ns();

    if (call->is_narrow)
        timeout = (u32)call->arg[0] | call->arg[1] << 32;
    if (!timeout) {
        op_vcpu_timer_stop(call->vcpu, OP_TIMER_SINGLE);
        return 0;
    }
    if ((s64)timeout < 0 || (timeout > now && (timeout - now) >> TIMEOUT_LIMIT_SHIFT))
        timeout = now + TIMEOUT_SOON_NS;
    op_vcpu_timer_single(call->vcpu, timeout);
    return 0;
}
