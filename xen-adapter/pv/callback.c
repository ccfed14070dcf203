/* The guest kernel's entry points: traps, callbacks, and what is delivered on the way back. */
#include "xen-adapter/pv/callback.h"

#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

#define SYSCALL_BYTES 2u

void callback_deliver(struct pv_vcpu *vcpu)
{
    if (vcpu->work & WORK_DOWN)
        vcpu_stay_down(vcpu);
    if ((vcpu->work & WORK_NMI) && !vcpu->nmi_masked) {
        const struct pv_trap *trap = &vcpu->trap[VECTOR_NMI];

        __atomic_fetch_and(&vcpu->work, ~(u32)WORK_NMI, __ATOMIC_SEQ_CST);
        if (trap->address != 0) {
            vcpu->nmi_masked = 1;
            vcpu->regs.vector = VECTOR_NMI;
            bounce(vcpu, trap->address, BOUNCE_MASK);
        }
    }
    if (vcpu->upcall[0] == 0 || vcpu->upcall[1] != 0)
        return;
    bounce(vcpu, vcpu->event_callback.address, BOUNCE_MASK);
}

static u32 mask_flag(const struct pv_callback *callback)
{
    return (callback->flags & CALLBACK_MASKS) ? BOUNCE_MASK : 0;
}

/* SYSCALL is two bytes long; without a callback it never was an instruction. */
static void refuse_syscall(struct pv_vcpu *vcpu)
{
    vcpu->regs.rip -= SYSCALL_BYTES;
    vcpu->regs.vector = VECTOR_UD;
    bounce_trap(vcpu, VECTOR_UD);
}

void callback_syscall(struct pv_vcpu *vcpu)
{
    if (vcpu->syscall_callback.address == 0)
        refuse_syscall(vcpu);
    else
        bounce(vcpu, vcpu->syscall_callback.address, mask_flag(&vcpu->syscall_callback));
}

void callback_syscall32(struct pv_vcpu *vcpu)
{
    if (vcpu->mode == PV_KERNEL || vcpu->syscall32_callback.address == 0)
        refuse_syscall(vcpu);
    else
        bounce(vcpu, vcpu->syscall32_callback.address, mask_flag(&vcpu->syscall32_callback));
}

void callback_sysenter(struct pv_vcpu *vcpu)
{
    if (vcpu->mode == PV_KERNEL || vcpu->sysenter_callback.address == 0) {
        bounce_fault(vcpu, VECTOR_GP, 0);
        return;
    }
    vcpu->regs.rflags &= ~RFLAGS_TF;
    bounce(vcpu, vcpu->sysenter_callback.address, mask_flag(&vcpu->sysenter_callback));
}

/* ---- Registration -------------------------------------------------------------------- */

/* A NULL handle clears the table; an entry with address 0 ends it. */
HANDLER(hypercall_set_trap_table)
{
    struct pv_vcpu *vcpu = this_vcpu();
    struct xen_trap_info info;

    if (a1 == 0) {
        for (u32 i = 0; i < 256; i++)
            vcpu->trap[i] = (struct pv_trap){0};
        return 0;
    }
    for (;; a1 += sizeof(info)) {
        if (copy_from_guest(&info, a1, sizeof(info)) != ST_OK)
            return -XEN_EFAULT;
        if (info.address == 0)
            return 0;
        if (!virt_is_canonical(info.address))
            return -XEN_EINVAL;
        vcpu->trap[info.vector] = (struct pv_trap){
            .cs = (u16)(info.cs | 3), .flags = info.flags, .address = info.address};
    }
}

HANDLER(hypercall_set_callbacks)
{
    struct pv_vcpu *vcpu = this_vcpu();

    if (!virt_is_canonical(a1) || !virt_is_canonical(a2) || !virt_is_canonical(a3))
        return -XEN_EINVAL;
    vcpu->event_callback = (struct pv_callback){.address = a1};
    vcpu->failsafe_callback.address = a2;
    vcpu->syscall_callback.address = a3;
    return 0;
}

static s64 nmi_register(struct pv_vcpu *vcpu, u64 address)
{
    vcpu->trap[VECTOR_NMI] = (struct pv_trap){.cs = PV_CS64, .flags = 0, .address = address};
    return 0;
}

static s64 callback_register(struct pv_vcpu *vcpu, const struct xen_callback_register *want)
{
    struct pv_callback callback = {want->address, want->flags & XEN_CALLBACK_MASK_EVENTS};

    if (!virt_is_canonical(want->address))
        return -XEN_EINVAL;
    switch (want->type) {
    case XEN_CALLBACK_EVENT:
        vcpu->event_callback = callback;
        return 0;
    case XEN_CALLBACK_FAILSAFE:
        vcpu->failsafe_callback = callback;
        return 0;
    case XEN_CALLBACK_SYSCALL:
        vcpu->syscall_callback = callback;
        return 0;
    case XEN_CALLBACK_SYSCALL32:
        vcpu->syscall32_callback = callback;
        return 0;
    case XEN_CALLBACK_SYSENTER:
    case XEN_CALLBACK_SYSENTER_DEPRECATED:
        vcpu->sysenter_callback = callback;
        return 0;
    case XEN_CALLBACK_NMI:
        return nmi_register(vcpu, want->address);
    default:
        return -XEN_ENOSYS;
    }
}

static s64 callback_unregister(struct pv_vcpu *vcpu, u16 type)
{
    switch (type) {
    case XEN_CALLBACK_EVENT:
    case XEN_CALLBACK_FAILSAFE:
    case XEN_CALLBACK_SYSCALL:
    case XEN_CALLBACK_SYSCALL32:
    case XEN_CALLBACK_SYSENTER:
    case XEN_CALLBACK_SYSENTER_DEPRECATED:
        return -XEN_EINVAL;
    case XEN_CALLBACK_NMI:
        return nmi_register(vcpu, 0);
    default:
        return -XEN_ENOSYS;
    }
}

HANDLER(hypercall_callback_op)
{
    struct xen_callback_register want;
    struct xen_callback_unregister old;

    switch ((u32)a1) {
    case XENOP_callback_op_register_event:
        if (copy_from_guest(&want, a2, sizeof(want)) != ST_OK)
            return -XEN_EFAULT;
        return callback_register(this_vcpu(), &want);
    case XENOP_callback_op_unregister:
        if (copy_from_guest(&old, a2, sizeof(old)) != ST_OK)
            return -XEN_EFAULT;
        return callback_unregister(this_vcpu(), old.type);
    default:
        return -XEN_ENOSYS;
    }
}

HANDLER(op_nmi_op_register_callback)
{
    struct xen_nmi_callback nmi;

    if (copy_from_guest(&nmi, a1, sizeof(nmi)) != ST_OK)
        return -XEN_EFAULT;
    if (this_vcpu()->id != 0 || !virt_is_canonical(nmi.handler_address))
        return -XEN_EINVAL;
    return nmi_register(this_vcpu(), nmi.handler_address);
}

HANDLER(op_nmi_op_unregister_callback)
{
    return nmi_register(this_vcpu(), 0);
}
