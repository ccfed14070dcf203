/* The way from the guest's kernel to wherever it wants. [xen-pv-boot 11] */
#include "xen-adapter/pv/iret.h"

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/vcpu.h"

enum pv_mode iret_apply(struct pv_vcpu *vcpu, const struct xen_iret_context *frame)
{
    struct pv_regs *regs = &vcpu->regs;

    regs->rip = frame->rip;
    regs->cs = (frame->cs & 0xffff) | 3;
    regs->rflags = (frame->rflags & ~(RFLAGS_IOPL | RFLAGS_VM)) | RFLAGS_IF | RFLAGS_FIXED;
    regs->rsp = frame->rsp;
    regs->ss = (frame->ss & 0xffff) | 3;
    regs->rax = frame->rax;
    regs->error = FRAME_SYSCALL;
    regs->vector = 0;
    if (!(frame->flags & XEN_VGCF_IN_SYSCALL)) {
        regs->error = 0;
        regs->r11 = frame->r11;
        regs->rcx = frame->rcx;
    }
    vcpu->upcall[1] = !(frame->rflags & RFLAGS_IF);
    vcpu->nmi_masked = 0;
    return (frame->cs & 3) == 3 ? PV_USER : PV_KERNEL;
}

HANDLER(hypercall_iret)
{
    struct pv_vcpu *vcpu = this_vcpu();
    struct xen_iret_context frame;

    if (words_from_guest((u64 *)&frame, vcpu->regs.rsp, sizeof(frame) / 8) != ST_OK)
        shim_fail("no iret frame at %lx", vcpu->regs.rsp);
    if (iret_apply(vcpu, &frame) == PV_USER) {
        if (vcpu->user_l4.raw == 0)
            shim_fail("iret to user mode at %lx without user page tables", frame.rip);
        vcpu_enter_user(vcpu);
    }
    return (s64)vcpu->regs.rax;
}
