/* The guest's state as others see it: segments, control registers, mode, paging. */
#include "hv/cpu/svm.h"

#define CR0_PE   BIT(0)
#define DR6_STEP BIT(14)
#define SHADOW   BIT(0)

void guest_state_get(const struct guest *guest, struct guest_state *out)
{
    const struct vmcb *v = svm_of_const(guest)->vmcb;

    *out = (struct guest_state){
        .cs = v->cs,
        .ds = v->ds,
        .es = v->es,
        .fs = v->fs,
        .gs = v->gs,
        .ss = v->ss,
        .tr = v->tr,
        .ldtr = v->ldtr,
        .gdtr = v->gdtr,
        .idtr = v->idtr,
        .cr0 = v->cr0,
        .cr2 = v->cr2,
        .cr3 = v->cr3,
        .cr4 = v->cr4,
        .efer = v->efer & ~EFER_SVME,
        .dr6 = v->dr6,
        .dr7 = v->dr7,
        .pat = v->pat,
        .kernel_gs_base = v->kernel_gs_base,
        .star = v->star,
        .lstar = v->lstar,
        .cstar = v->cstar,
        .sfmask = v->sfmask,
        .sysenter_cs = v->sysenter_cs,
        .sysenter_esp = v->sysenter_esp,
        .sysenter_eip = v->sysenter_eip,
        .cpl = v->cpl,
    };
}

void guest_state_set(struct guest *guest, const struct guest_state *state)
{
    struct vmcb *v = svm_of(guest)->vmcb;

    v->cs = state->cs;
    v->ds = state->ds;
    v->es = state->es;
    v->fs = state->fs;
    v->gs = state->gs;
    v->ss = state->ss;
    v->tr = state->tr;
    v->ldtr = state->ldtr;
    v->gdtr = state->gdtr;
    v->idtr = state->idtr;
    v->cr0 = state->cr0;
    v->cr2 = state->cr2;
    v->cr3 = state->cr3;
    v->cr4 = state->cr4;
    v->efer = state->efer | EFER_SVME; /* VMRUN demands it [APM2 15.5.1] */
    v->dr6 = state->dr6;
    v->dr7 = state->dr7;
    v->pat = state->pat;
    v->kernel_gs_base = state->kernel_gs_base;
    v->star = state->star;
    v->lstar = state->lstar;
    v->cstar = state->cstar;
    v->sfmask = state->sfmask;
    v->sysenter_cs = state->sysenter_cs;
    v->sysenter_esp = state->sysenter_esp;
    v->sysenter_eip = state->sysenter_eip;
    v->cpl = state->cpl;
    v->clean = 0;
}

void guest_start_flat32(struct guest *guest, u32 entry, u32 start_info)
{
    struct segment data = {0, 0xc93, 0xffffffff, 0};
    struct guest_state state = {
        .cs = {0, 0xc9b, 0xffffffff, 0},
        .ds = data,
        .es = data,
        .fs = data,
        .gs = data,
        .ss = data,
        .tr = {0, 0x8b, 0x67, 0},
        .ldtr = {0, 0x82, 0, 0},
        .cr0 = 0x11, /* PE, ET */
        .dr6 = 0xffff0ff0,
        .dr7 = 0x400,
        .pat = 0x0007040600070406ull,
    };

    guest_state_set(guest, &state);
    guest->regs = (struct regs){.rbx = start_info, .rip = entry, .rflags = RFLAGS_FIXED};
}

enum guest_mode guest_mode(const struct guest *guest)
{
    const struct vmcb *v = svm_of_const(guest)->vmcb;

    if ((v->cs.attributes & SEGMENT_LONG) && (v->efer & EFER_LMA))
        return GUEST_LONG64;
    if (!(v->cr0 & CR0_PE))
        return GUEST_REAL;
    if (guest->regs.rflags & RFLAGS_VM)
        return GUEST_VM86;
    return v->cs.attributes & SEGMENT_BIG ? GUEST_PROT32 : GUEST_PROT16;
}

u32 guest_cpl(const struct guest *guest)
{
    return svm_of_const(guest)->vmcb->cpl;
}

void guest_paging(const struct guest *guest, struct guest_paging *out)
{
    const struct vmcb *v = svm_of_const(guest)->vmcb;

    *out = (struct guest_paging){.cr0 = v->cr0, .cr3 = v->cr3, .cr4 = v->cr4, .efer = v->efer};
}

void guest_skip(struct guest *guest, u32 length)
{
    struct svm_guest *svm = svm_of(guest);

    guest->regs.rip += length;
    if (!(svm->vmcb->cs.attributes & SEGMENT_LONG))
        guest->regs.rip = (u32)guest->regs.rip;
    guest->regs.rflags &= ~RFLAGS_RF;
    svm->vmcb->shadow &= ~SHADOW;
    if (guest->regs.rflags & RFLAGS_TF) {
        svm->vmcb->dr6 |= DR6_STEP;
        svm->vmcb->clean &= (u32)~CLEAN_DRX;
        guest_inject(guest, (struct event){.kind = EVENT_EXCEPTION, .vector = VECTOR_DB});
    }
}
