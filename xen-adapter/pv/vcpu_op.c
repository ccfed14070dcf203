/* vcpu_op: bringing vCPUs up and down, register_vcpu_info, NMIs. Timers and areas: time.c. */
#include "hv/lib/string.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/vcpu.h"

/* One vCPU until SMP lands: it is up and initialised, and there is no other. */
static s64 vcpu_exists(u64 id)
{
    return vcpu_find((u32)id) && (u32)id == id ? 0 : -XEN_ENOENT;
}

HANDLER(op_vcpu_op_initialise)
{
    s64 result = vcpu_exists(a1);
    u64 first;

    if (result != 0)
        return result;
    if (copy_from_guest(&first, a2, sizeof(first)) != ST_OK)
        return -XEN_EFAULT;
    return vcpu_find((u32)a1)->initialised ? -XEN_EEXIST : -XEN_ENOSYS;
}

HANDLER(op_vcpu_op_up)
{
    s64 result = vcpu_exists(a1);

    if (result != 0)
        return result;
    if (!vcpu_find((u32)a1)->initialised)
        return -XEN_EINVAL;
    vcpu_find((u32)a1)->online = 1;
    return 0;
}

/* The last vCPU that goes down leaves a domain that never wakes: L0 is told. */
HANDLER(op_vcpu_op_down)
{
    s64 result = vcpu_exists(a1);

    if (result != 0)
        return result;
    vcpu_find((u32)a1)->online = 0;
    return l0_call(XENNR_vcpu_op, XENOP_vcpu_op_down, a1, 0, 0, 0);
}

HANDLER(op_vcpu_op_is_up)
{
    s64 result = vcpu_exists(a1);

    return result != 0 ? result : vcpu_find((u32)a1)->online;
}

HANDLER(op_vcpu_op_send_nmi)
{
    s64 result = vcpu_exists(a1);

    if (result != 0)
        return result;
    vcpu_find((u32)a1)->work |= WORK_NMI;
    return 0;
}

/*
 * Once for each vCPU; the frame stays writable memory from then on. What was pending in the old
 * place is pending in the new one, and to lose nothing the guest is made to look at all ports.
 */
HANDLER(op_vcpu_op_register_vcpu_info)
{
    struct xen_vcpu_register_vcpu_info want;
    struct pv_vcpu *vcpu = vcpu_find((u32)a1);
    struct xen_vcpu_info *info;

    if (copy_from_guest(&want, a2, sizeof(want)) != ST_OK)
        return -XEN_EFAULT;
    if (vcpu_exists(a1) != 0)
        return -XEN_ENOENT;
    if (want.offset > PAGE_SIZE - sizeof(*info) || (want.offset & 7) != 0)
        return -XEN_ENXIO;
    if (vcpu->info != &guest_shared->vcpu_info[vcpu->id] ||
        frame_type_get(want.mfn, FRAME_WRITABLE) != ST_OK)
        return -XEN_EINVAL;
    info = (struct xen_vcpu_info *)(mmu.direct + (want.mfn << PAGE_SHIFT) + want.offset);
    *info = *vcpu->info;
    info->pending_sel = ~(u64)0;
    vcpu->info = info;
    vcpu->upcall = &info->upcall_pending;
    event_mark(vcpu);
    return 0;
}
