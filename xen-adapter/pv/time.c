#include "xen-adapter/pv/time.h"

#include "hv/lib/string.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/abi/xen_time.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/vcpu.h"

#define PERIOD_MIN_NS 1000000u

/*
 * A guest area that outlives the call that named it. It is reached through the direct map, so
 * that user page tables do not matter; it may lie across two pages. As long as it is there its
 * frames are held as writable memory, so that none of them becomes a page table.
 */
struct guest_area {
    u64 virt;     /* 0: none */
    u64 frame[2]; /* of the parts that are there */
    u8 *part[2];  /* NULL: not there */
    u32 first_bytes;
};

static struct xen_vcpu_runstate_info l0_runstate[SHIM_VCPUS_MAX];
static struct guest_area runstate_area[SHIM_VCPUS_MAX];
static struct guest_area time_area[SHIM_VCPUS_MAX];

/* HOLDS(M) */
static enum status part_hold(struct guest_area *area, u32 part, u64 frame, u64 offset)
{
    TRY(frame_type_get(frame, FRAME_WRITABLE));
    area->frame[part] = frame;
    area->part[part] = (u8 *)frame_page(frame) + offset;
    return ST_OK;
}

/* HOLDS(M) */
static void area_drop(const struct guest_area *area)
{
    for (u32 i = 0; i < ARRAY_SIZE(area->part); i++)
        if (area->part[i])
            frame_type_put(area->frame[i]);
}

/* Takes over what `found` holds. HOLDS(M) */
static void area_replace(struct guest_area *area, const struct guest_area *found)
{
    struct guest_area old = *area;

    *area = *found;
    area_drop(&old);
}

static enum status part_find(struct guest_area *area, u32 part, u64 virt)
{
    u64 entry;

    TRY(mmu_walk(this_vcpu(), PV_KERNEL, virt, &entry));
    if (!(entry & PTE_RW) ||
        part_hold(area, part, entry_frame(entry), virt & PAGE_MASK) != ST_OK)
        return ST_FAULT;
    return ST_OK;
}

/* The address is one of the caller's, whichever vCPU the area is for. */
static enum status area_set(struct guest_area *area, u64 virt, u32 bytes)
{
    struct guest_area found = {.virt = virt};
    enum status status = ST_OK;

    if (virt != 0 && !guest_range_ok(virt, bytes))
        return ST_FAULT;
    found.first_bytes = (u32)MIN((u64)bytes, PAGE_SIZE - (virt & PAGE_MASK));
    lock_take(&memory_lock);
    if (virt != 0)
        status = part_find(&found, 0, virt);
    if (status == ST_OK && found.first_bytes < bytes)
        status = part_find(&found, 1, virt + found.first_bytes);
    if (status == ST_OK)
        area_replace(area, &found);
    else
        area_drop(&found);
    lock_drop(&memory_lock);
    return status;
}

static void area_write(const struct guest_area *area, const void *from, u32 bytes)
{
    u32 first = MIN(area->first_bytes, bytes);

    if (area->virt == 0)
        return;
    memcpy(area->part[0], from, first);
    if (first < bytes)
        memcpy(area->part[1], (const u8 *)from + first, bytes - first);
}

/* ---- Clocks ------------------------------------------------------------------------------ */

static void wallclock_copy(void)
{
    lock_take(&event_lock); /* one writer */
    guest_shared->wc_version |= 1;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    guest_shared->wc_sec = l0_shared->wc_sec;
    guest_shared->wc_nsec = l0_shared->wc_nsec;
    guest_shared->wc_sec_hi = l0_shared->wc_sec_hi;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    guest_shared->wc_version++;
    lock_drop(&event_lock);
}

static void clock_copy(struct pv_vcpu *vcpu)
{
    const struct xen_vcpu_time_info *below = &l0_shared->vcpu_info[vcpu->id].time;

    xen_time_record_write(&vcpu->info->time, below);
    area_write(&time_area[vcpu->id], &vcpu->info->time, sizeof(vcpu->info->time));
    vcpu->time_version = below->version;
}

static void runstate_copy(const struct pv_vcpu *vcpu)
{
    struct xen_vcpu_runstate_info now = l0_runstate[vcpu->id];

    now.state = XEN_RUNSTATE_RUNNING; /* whoever reads it runs */
    now.state_entry_time &= ~XEN_RUNSTATE_UPDATE;
    area_write(&runstate_area[vcpu->id], &now, sizeof(now));
}

bool time_vcpu_runs(u32 id)
{
    return __atomic_load_n(&l0_runstate[id].state, __ATOMIC_SEQ_CST) == XEN_RUNSTATE_RUNNING;
}

void time_vcpu_make(u32 id)
{
    l0_runstate[id].state = XEN_RUNSTATE_OFFLINE;
}

void time_vcpu_start(struct pv_vcpu *vcpu)
{
    struct xen_vcpu_register_area area = {.addr = (u64)&l0_runstate[vcpu->id]};

    (void)l0_call(XENNR_vcpu_op, XENOP_vcpu_op_register_runstate_memory_area, vcpu->id,
                  (u64)&area, 0, 0);
    wallclock_copy();
    clock_copy(vcpu);
}

void time_update(struct pv_vcpu *vcpu)
{
    if (vcpu->time_version != l0_shared->vcpu_info[vcpu->id].time.version)
        clock_copy(vcpu);
    if (guest_shared->wc_sec != l0_shared->wc_sec ||
        guest_shared->wc_nsec != l0_shared->wc_nsec)
        wallclock_copy();
    if (runstate_area[vcpu->id].virt != 0)
        runstate_copy(vcpu);
}

/* ---- vcpu_op: areas and timers ------------------------------------------------------- */

static s64 area_register(u64 id, u64 argument, struct guest_area *areas, u32 bytes)
{
    struct pv_vcpu *vcpu = vcpu_find((u32)id);
    struct xen_vcpu_register_area want;

    if (!vcpu)
        return -XEN_ENOENT;
    if (copy_from_guest(&want, argument, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    return xen_errno(area_set(&areas[vcpu->id], want.addr, bytes));
}

HANDLER(op_vcpu_op_register_runstate_memory_area)
{
    s64 result = area_register(a1, a2, runstate_area, sizeof(struct xen_vcpu_runstate_info));

    if (result == 0)
        runstate_copy(vcpu_find((u32)a1));
    return result;
}

HANDLER(op_vcpu_op_register_vcpu_time_memory_area)
{
    s64 result = area_register(a1, a2, time_area, sizeof(struct xen_vcpu_time_info));

    /* A record has one writer, its vCPU; one that does not run yet begins with a copy. */
    if (result == 0 && (u32)a1 == this_vcpu()->id)
        clock_copy(this_vcpu());
    return result;
}

/* A physical area is one page's: the frame number and offset are the guest's own. */
static s64 area_register_phys(u64 id, u64 argument, struct guest_area *areas, u32 bytes)
{
    struct pv_vcpu *vcpu = vcpu_find((u32)id);
    struct guest_area found = {.virt = ~(u64)0, .first_bytes = bytes};
    struct xen_vcpu_register_area want;
    enum status status;

    if (!vcpu)
        return -XEN_ENOENT;
    if (copy_from_guest(&want, argument, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    if ((want.addr & 7) != 0 || (want.addr & PAGE_MASK) > PAGE_SIZE - bytes)
        return -XEN_EINVAL;
    lock_take(&memory_lock);
    status = part_hold(&found, 0, want.addr >> PAGE_SHIFT, want.addr & PAGE_MASK);
    if (status == ST_OK)
        area_replace(&areas[vcpu->id], &found);
    lock_drop(&memory_lock);
    return status == ST_OK ? 0 : -XEN_EINVAL;
}

HANDLER(op_vcpu_op_register_runstate_phys_area)
{
    return area_register_phys(a1, a2, runstate_area, sizeof(struct xen_vcpu_runstate_info));
}

HANDLER(op_vcpu_op_register_vcpu_time_phys_area)
{
    return area_register_phys(a1, a2, time_area, sizeof(struct xen_vcpu_time_info));
}

HANDLER(op_vcpu_op_get_runstate_info)
{
    if (!vcpu_find((u32)a1))
        return -XEN_ENOENT;
    return xen_errno(copy_to_guest(a2, &l0_runstate[(u32)a1], sizeof(l0_runstate[0])));
}

HANDLER(op_vcpu_op_set_singleshot_timer)
{
    struct xen_vcpu_set_singleshot_timer timer;

    if (!vcpu_find((u32)a1))
        return -XEN_ENOENT;
    if ((u32)a1 != this_vcpu()->id)
        return -XEN_EINVAL;
    if (copy_from_guest(&timer, a2, sizeof(timer)) != ST_OK)
        return -XEN_EFAULT;
    return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_set_singleshot_timer, a1, (u64)&timer, 0, 0);
}

HANDLER(op_vcpu_op_stop_singleshot_timer)
{
    if (!vcpu_find((u32)a1))
        return -XEN_ENOENT;
    if ((u32)a1 != this_vcpu()->id)
        return -XEN_EINVAL;
    return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_stop_singleshot_timer, a1, 0, 0, 0);
}

HANDLER(op_vcpu_op_set_periodic_timer)
{
    struct xen_vcpu_set_periodic_timer timer;

    if (!vcpu_find((u32)a1))
        return -XEN_ENOENT;
    if (copy_from_guest(&timer, a2, sizeof(timer)) != ST_OK)
        return -XEN_EFAULT;
    if (timer.period_ns < PERIOD_MIN_NS)
        return -XEN_EINVAL;
    return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_set_periodic_timer, a1, (u64)&timer, 0, 0);
}

HANDLER(op_vcpu_op_stop_periodic_timer)
{
    if (!vcpu_find((u32)a1))
        return -XEN_ENOENT;
    return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_stop_periodic_timer, a1, 0, 0, 0);
}

HANDLER(hypercall_set_timer_op)
{
    return l0_call(XENNR_set_timer_op, a1, 0, 0, 0, 0);
}
