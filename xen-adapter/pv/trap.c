#include "xen-adapter/pv/trap.h"

#include "hv/lib/string.h"
#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/debugreg.h"
#include "xen-adapter/pv/emulate.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/vcpu.h"

struct fixup {
    s32 from; /* both relative to their own field */
    s32 to;
};

extern const struct fixup exception_table[], exception_table_end[];
extern const char entry_iret_fault[];

static void page_fault(struct pv_vcpu *vcpu)
{
    struct pv_regs *regs = &vcpu->regs;
    u64 cr2 = insn_read_cr2();

    if (mmu_fault(vcpu, cr2, regs->error, regs))
        return;
    cr2 = mmu_fault_address(vcpu, cr2);
    vcpu->cr2 = cr2;
    vcpu->info->cr2 = cr2;
    if (vcpu->mode == PV_KERNEL)
        regs->error &= ~PF_USER;
    bounce_trap(vcpu, VECTOR_PF);
}

static void protection_fault(struct pv_vcpu *vcpu)
{
    if (!emulate_privileged(vcpu))
        bounce_trap(vcpu, VECTOR_GP);
}

static void software_interrupt(struct pv_vcpu *vcpu, u32 vector)
{
    u32 needed = vcpu->mode == PV_KERNEL ? 1 : 3;

    if ((vcpu->trap[vector].flags & 3u) >= needed && vcpu->trap[vector].address != 0) {
        bounce_trap(vcpu, vector);
        return;
    }
    vcpu->regs.rip -= 2;
    bounce_fault(vcpu, VECTOR_GP, vector * 8 + 2);
}

void trap_from_guest(struct pv_vcpu *vcpu)
{
    u32 vector = vcpu->regs.vector;

    if (vector == VECTOR_PF) {
        page_fault(vcpu);
        return;
    }
    if (vector == VECTOR_UD) {
        if (!emulate_forced(vcpu))
            bounce_trap(vcpu, VECTOR_UD);
        return;
    }
    switch (vector) {
    case VECTOR_GP:
        protection_fault(vcpu);
        return;
    case VECTOR_UPCALL:
        event_upcall();
        return;
    case VECTOR_DB:
        debugreg_hit(vcpu);
        return;
    case VECTOR_NM:
        insn_clts();
        vcpu->cr0_ts = 0;
        bounce_trap(vcpu, VECTOR_NM);
        return;
    case VECTOR_NMI:
        __atomic_fetch_or(&vcpu->work, WORK_NMI, __ATOMIC_SEQ_CST);
        return;
    case VECTOR_MC:
        trap_fatal(&vcpu->regs);
    case 0x80:
        software_interrupt(vcpu, vector);
        return;
    default:
        if (vector < 32)
            bounce_trap(vcpu, vector);
        return; /* an interrupt that nobody asked for */
    }
}

static bool fixup_find(struct pv_regs *regs)
{
    for (const struct fixup *f = exception_table; f < exception_table_end; f++) {
        if (regs->rip == (u64)&f->from + (u64)(s64)f->from) {
            regs->rip = (u64)&f->to + (u64)(s64)f->to;
            return true;
        }
    }
    return false;
}

/*
 * The iretq to the guest faulted: a selector that cannot be loaded, or a bad rip. All registers
 * are the guest's already; its frame still lies in vcpu->regs. On with the failsafe callback.
 */
static void iret_failed(const struct pv_regs *regs) __attribute__((noreturn));
static void iret_failed(const struct pv_regs *regs)
{
    struct pv_vcpu *vcpu = this_vcpu();
    struct pv_regs general = *regs;

    memcpy(&vcpu->regs, &general, offsetof(struct pv_regs, error));
    vcpu->regs.error = general.error;
    vcpu->regs.vector = general.vector;
    if (vcpu->regs.vector == VECTOR_PF && mmu_fault_ldt(vcpu, insn_read_cr2())) {
        vcpu->regs.error = 0;
        vcpu->regs.vector = 0;
        entry_resume(vcpu);
    }
    bounce_failsafe(vcpu);
    entry_resume(vcpu);
}

/* No processor leaves long mode for virtual 8086 mode, where any CS looks like the shim's own,
 * but QEMU's TCG does at an iretd in ring 3 [docs/qemu.md]. It is beyond saving then. */
static void virtual_8086_refuse(const struct pv_regs *regs)
{
    if (regs->rflags & RFLAGS_VM)
        shim_fail("the guest is in virtual 8086 mode at %lx:%lx, where only a fault of the "
                  "processor can take it",
                  regs->cs, regs->rip);
}

void trap_from_shim(struct pv_regs *regs)
{
    virtual_8086_refuse(regs);
    if (regs->vector == VECTOR_UPCALL) {
        /* idle looks for itself; L0 would raise it again at once, until the page is drained */
        regs->rflags &= ~RFLAGS_IF;
        /* L0 may have lost the shadow of sti and come before the hlt: nothing would end that.
         */
        if (regs->rip == (u64)entry_idle_halt)
            regs->rip++;
        return;
    }
    if (fixup_find(regs))
        return;
    if (regs->rip == (u64)entry_iret_fault)
        iret_failed(regs);
    if (regs->vector == VECTOR_PF && mmu_fault_ldt(this_vcpu(), insn_read_cr2()))
        return;
    if (regs->vector >= 32)
        return;
    trap_fatal(regs);
}

void trap_fatal(struct pv_regs *regs)
{
    const u64 *stack = (const u64 *)regs->rsp;

    virtual_8086_refuse(regs);
    shim_print("pvshim: rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx\n", regs->rax,
               regs->rbx, regs->rcx, regs->rdx, regs->rsi, regs->rdi, regs->rbp);
    if (shim_owns_virt(regs->rsp)) {
        for (u32 i = 0; i < 24; i++)
            shim_print("%lx%s", stack[i], (i & 3) == 3 ? "\n" : " ");
    }
    shim_fail("vector %u, error %x, in the shim at %lx, cr2 %lx, cr3 %lx, stack %lx",
              regs->vector, regs->error, regs->rip, insn_read_cr2(), insn_read_cr3(),
              regs->rsp);
}
