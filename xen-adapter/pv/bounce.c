#include "xen-adapter/pv/bounce.h"

#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

/* The five words that the CPU pushed are the end of the frame, as the guest may see them. */
static inline void hardware_words_settle(struct pv_vcpu *vcpu)
{
    struct pv_regs *regs = &vcpu->regs;
    u64 masked = vcpu->upcall[1];

    if (vcpu->mode == PV_KERNEL)
        regs->cs &= ~(u64)3;
    regs->cs |= masked << 32;
    regs->rflags &= ~(RFLAGS_IF | RFLAGS_IOPL);
    if (masked == 0)
        regs->rflags |= RFLAGS_IF;
}

static void go_on(struct pv_vcpu *vcpu, u64 address, u64 sp)
{
    struct pv_regs *regs = &vcpu->regs;

    regs->rip = address;
    regs->cs = PV_CS64;
    regs->ss = PV_SS;
    regs->rsp = sp;
    regs->rflags &= ~(RFLAGS_AC | RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_VM);
    regs->rflags |= RFLAGS_IF;
    regs->error = FRAME_SYSCALL;
    regs->vector = 0;
}

static void no_handler(const struct pv_vcpu *vcpu, u32 vector) __attribute__((noreturn, cold));
static void no_handler(const struct pv_vcpu *vcpu, u32 vector)
{
    shim_fail("the guest has no handler for vector %u (error %x) at %lx, stack %lx, cr2 %lx",
              vector, vcpu->regs.error, vcpu->regs.rip, vcpu->regs.rsp, vcpu->cr2);
}

static void no_stack(const struct pv_vcpu *vcpu, u64 sp) __attribute__((noreturn, cold));
static void no_stack(const struct pv_vcpu *vcpu, u64 sp)
{
    shim_fail(
        "the guest has no stack at %lx for a frame: rip %lx, stack %lx, error %x, cr2 %lx", sp,
        vcpu->regs.rip, vcpu->regs.rsp, vcpu->regs.error, vcpu->cr2);
}

/* Where a frame of that many words begins, in kernel mode: aligned to 16 before it is pushed.
 */
static inline u64 frame_start(struct pv_vcpu *vcpu, u64 words)
{
    u64 sp = vcpu->regs.rsp;

    if (vcpu->mode == PV_USER) {
        sp = vcpu->kernel_sp;
        vcpu_enter_kernel(vcpu);
    }
    return (sp & ~(u64)15) - words * 8;
}

/* rcx, r11, then `words` from regs, which end with ss. Returns the words not written. */
static inline u64 frame_write(u64 sp, const struct pv_regs *regs, u64 words)
{
    u64 *to = (u64 *)sp;
    const u64 *from = &regs->ss + 1 - words;

    __asm__ volatile(SMAP_SITE(1) "772: mov %[rcx], (%[to])\n\t"
                                  "774: mov %[r11], 8(%[to])\n\t"
                                  "add $16, %[to]\n\t"
                                  "775: rep movsq\n\t"
                                  "773:\n\t" SMAP_SITE(0) FIXUP("772b", "773b")
                                      FIXUP("774b", "773b") FIXUP("775b", "773b")
                     : [to] "+D"(to), "+S"(from), "+c"(words)
                     : [rcx] "r"(regs->rcx), [r11] "r"(regs->r11)
                     : "memory", "cc");
    return words;
}

void bounce(struct pv_vcpu *vcpu, u64 address, u32 flags)
{
    struct pv_regs *regs = &vcpu->regs;
    u64 words = 5;
    u64 sp;

    if (address == 0)
        no_handler(vcpu, regs->vector);
    hardware_words_settle(vcpu);
    if (flags & BOUNCE_ERROR) {
        regs->vector = 0; /* the upper half of the error word */
        words = 6;
    }
    sp = frame_start(vcpu, words + 2);
    if (!guest_range_ok(sp, 64) || frame_write(sp, regs, words) != 0)
        no_stack(vcpu, sp);
    go_on(vcpu, address, sp);
    if (flags & BOUNCE_MASK)
        vcpu->upcall[1] = 1;
}

/* rcx, r11, ds, es, fs, gs, then the hardware's five. */
void bounce_failsafe(struct pv_vcpu *vcpu)
{
    const struct pv_regs *regs = &vcpu->regs;
    u64 words[11] = {regs->rcx, regs->r11};
    u64 sp;

    if (vcpu->failsafe_callback.address == 0)
        no_handler(vcpu, regs->vector);
    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=r"(words[2]), "=r"(words[3]), "=r"(words[4]), "=r"(words[5]));
    hardware_words_settle(vcpu);
    for (u32 i = 0; i < 5; i++)
        words[6 + i] = (&regs->rip)[i];
    sp = frame_start(vcpu, 11);
    if (words_to_guest(sp, words, 11) != ST_OK)
        no_stack(vcpu, sp);
    go_on(vcpu, vcpu->failsafe_callback.address, sp);
    if (vcpu->failsafe_callback.flags & CALLBACK_MASKS)
        vcpu->upcall[1] = 1;
}

void bounce_fault(struct pv_vcpu *vcpu, u32 vector, u32 error)
{
    vcpu->regs.error = error;
    vcpu->regs.vector = vector;
    bounce_trap(vcpu, vector);
}
