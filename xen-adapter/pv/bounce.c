#include "xen-adapter/pv/bounce.h"

#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

/* Vectors that push an error code: #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX. [APM2 8.2] */
#define ERROR_VECTORS                                                                              \
    (BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17) | BIT(21) | BIT(29) |      \
     BIT(30))

#define PV_TRAP_MASKS 4u /* flag of set_trap_table: mask events on entry */

static u64 frame_cs(const struct pv_vcpu *vcpu)
{
    u64 cs = vcpu->regs.cs & 0xffff;

    if (vcpu->mode == PV_KERNEL)
        cs &= ~(u64)3;
    return cs | (u64)vcpu->upcall[1] << 32;
}

static u64 frame_rflags(const struct pv_vcpu *vcpu)
{
    u64 rflags = vcpu->regs.rflags & ~(RFLAGS_IF | RFLAGS_IOPL);

    return vcpu->upcall[1] != 0 ? rflags : rflags | RFLAGS_IF;
}

u32 bounce_words(const struct pv_vcpu *vcpu, u32 flags, u64 words[BOUNCE_WORDS_MAX])
{
    const struct pv_regs *regs = &vcpu->regs;
    u32 n = 0;

    words[n++] = regs->rcx;
    words[n++] = regs->r11;
    if (flags & BOUNCE_ERROR)
        words[n++] = regs->error;
    words[n++] = regs->rip;
    words[n++] = frame_cs(vcpu);
    words[n++] = frame_rflags(vcpu);
    words[n++] = regs->rsp;
    words[n++] = regs->ss & 0xffff;
    return n;
}

u32 bounce_failsafe_words(const struct pv_vcpu *vcpu, const u16 selectors[4],
                          u64 words[BOUNCE_WORDS_MAX])
{
    const struct pv_regs *regs = &vcpu->regs;
    u32 n = 0;

    words[n++] = regs->rcx;
    words[n++] = regs->r11;
    for (u32 i = 0; i < 4; i++)
        words[n++] = selectors[i];
    words[n++] = regs->rip;
    words[n++] = frame_cs(vcpu);
    words[n++] = frame_rflags(vcpu);
    words[n++] = regs->rsp;
    words[n++] = regs->ss & 0xffff;
    return n;
}

static inline __attribute__((always_inline)) void push_frame(struct pv_vcpu *vcpu, u64 address, const u64 *words, u32 count)
{
    struct pv_regs *regs = &vcpu->regs;
    u64 sp = vcpu->mode == PV_USER ? vcpu->kernel_sp : regs->rsp;

    sp = (sp & ~(u64)15) - count * 8;
    if (address == 0)
        shim_fail("the guest has no handler for vector %u (error %x) at %lx, stack %lx",
                  regs->vector & 0xff, regs->error, regs->rip, regs->rsp);
    if (vcpu->mode == PV_USER)
        vcpu_enter_kernel(vcpu);
    if (words_to_guest(sp, words, count) != ST_OK)
        shim_fail("no guest stack at %lx for a frame: vector %u, rip %lx, cr2 %lx", sp,
                  regs->vector & 0xff, regs->rip, vcpu->cr2);
    regs->rip = address;
    regs->cs = PV_CS64;
    regs->ss = PV_SS;
    regs->rsp = sp;
    regs->rflags &= ~(RFLAGS_AC | RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM);
    regs->error = FRAME_SYSCALL;
    regs->vector = 0;
}

void bounce(struct pv_vcpu *vcpu, u64 address, u32 flags)
{
    u64 words[BOUNCE_WORDS_MAX];
    u32 count = bounce_words(vcpu, flags, words);

    push_frame(vcpu, address, words, count);
    if (flags & BOUNCE_MASK)
        vcpu->upcall[1] = 1;
}

void bounce_failsafe(struct pv_vcpu *vcpu)
{
    u64 words[BOUNCE_WORDS_MAX];
    u16 selectors[4];
    u32 count;

    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=r"(selectors[0]), "=r"(selectors[1]), "=r"(selectors[2]),
                       "=r"(selectors[3]));
    count = bounce_failsafe_words(vcpu, selectors, words);
    push_frame(vcpu, vcpu->failsafe_callback.address, words, count);
    if (vcpu->failsafe_callback.flags & CALLBACK_MASKS)
        vcpu->upcall[1] = 1;
}

void bounce_trap(struct pv_vcpu *vcpu, u32 vector)
{
    const struct pv_trap *trap = &vcpu->trap[vector];
    u32 flags = (trap->flags & PV_TRAP_MASKS) ? BOUNCE_MASK : 0;

    if (vector < 32 && (ERROR_VECTORS >> vector & 1))
        flags |= BOUNCE_ERROR;
    bounce(vcpu, trap->address, flags);
}

void bounce_fault(struct pv_vcpu *vcpu, u32 vector, u32 error)
{
    vcpu->regs.error = error;
    vcpu->regs.vector = vector;
    bounce_trap(vcpu, vector);
}
