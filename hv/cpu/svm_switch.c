/*
 * State that VMRUN leaves alone: x87/SSE/AVX registers, XCR0, DR0-3, TSC_AUX. The hypervisor
 * uses none of it, so it stays in the registers until another guest is entered.
 */
#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/svm.h"

#define PRED_CMD_IBPB 1u
#define FCW_INITIAL   0x37f
#define MXCSR_INITIAL 0x1f80u
#define XSAVE_MXCSR   24

void svm_extended_make(struct svm_guest *guest)
{
    u8 *area = guest->extended;

    /* XSTATE_BV stays 0: XRSTOR gives the initial state, but takes MXCSR from here. */
    *(u16 *)area = FCW_INITIAL;
    *(u32 *)(area + XSAVE_MXCSR) = MXCSR_INITIAL;
}

static void extended_save(const struct svm_guest *guest)
{
    if (svm_features.xsave)
        __asm__ volatile("xsave64 (%0)" ::"r"(guest->extended), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" ::"r"(guest->extended) : "memory");
}

static void extended_load(const struct svm_guest *guest)
{
    if (svm_features.xsave)
        __asm__ volatile("xrstor64 (%0)" ::"r"(guest->extended), "a"(~0u), "d"(~0u) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" ::"r"(guest->extended) : "memory");
}

static void xcr0_load(struct svm_cpu *cpu, u64 value)
{
    if (!svm_features.xsave || cpu->xcr0_now == value)
        return;
    insn_xsetbv(0, value);
    cpu->xcr0_now = value;
}

static void debug_save(struct guest *guest)
{
    __asm__ volatile("mov %%db0, %0" : "=r"(guest->dr[0]));
    __asm__ volatile("mov %%db1, %0" : "=r"(guest->dr[1]));
    __asm__ volatile("mov %%db2, %0" : "=r"(guest->dr[2]));
    __asm__ volatile("mov %%db3, %0" : "=r"(guest->dr[3]));
}

static void debug_load(const struct guest *guest)
{
    __asm__ volatile("mov %0, %%db0" ::"r"(guest->dr[0]));
    __asm__ volatile("mov %0, %%db1" ::"r"(guest->dr[1]));
    __asm__ volatile("mov %0, %%db2" ::"r"(guest->dr[2]));
    __asm__ volatile("mov %0, %%db3" ::"r"(guest->dr[3]));
}

static void switch_out(struct svm_cpu *cpu, struct svm_guest *old)
{
    /* QEMU's TCG does not know the XSETBV intercept: what the guest has set is in the register.
     */
    if (svm_features.xsave) {
        old->common.xcr0 = insn_xgetbv(0) & svm_features.xcr0_max;
        cpu->xcr0_now = old->common.xcr0;
        xcr0_load(cpu, svm_features.xcr0_max);
    }
    extended_save(old);
    debug_save(&old->common);
    if (svm_features.rdtscp)
        old->common.msr.tsc_aux = insn_rdmsr(MSR_TSC_AUX);
}

void svm_switch(struct svm_cpu *cpu, struct svm_guest *next)
{
    struct svm_guest *old = cpu->current;

    if (old)
        switch_out(cpu, old);
    xcr0_load(cpu, svm_features.xcr0_max);
    extended_load(next);
    xcr0_load(cpu, next->common.xcr0);
    debug_load(&next->common);
    if (svm_features.rdtscp)
        insn_wrmsr(MSR_TSC_AUX, next->common.msr.tsc_aux);
    if (cpu->last_owner != next->common.owner && svm_speculation.barrier_on_switch)
        insn_wrmsr(MSR_PRED_CMD, PRED_CMD_IBPB);
    cpu->last_owner = next->common.owner;
    cpu->current = next;
}

u64 guest_xcr0_allowed(void)
{
    return svm_features.xcr0_max;
}

u32 guest_xsave_bytes(void)
{
    return svm_features.xsave_bytes;
}

/* [APM2 11.5.2]: x87 always; AVX needs SSE; the AVX-512 bits come together and need AVX. */
enum status guest_xcr0_set(struct guest *guest, u64 value)
{
    struct svm_cpu *cpu = cpu_this()->backend;

    if (!svm_features.xsave || (value & ~svm_features.xcr0_max) || !(value & 1))
        return ST_INVALID;
    if ((value & 0xe4) && !(value & 2))
        return ST_INVALID;
    if ((value & 0xe0) && (value & 0xe4) != 0xe4)
        return ST_INVALID;
    guest->xcr0 = value;
    if (cpu->current == svm_of(guest))
        xcr0_load(cpu, value);
    return ST_OK;
}

void guest_xmm_read(const struct guest *guest, u8 *out)
{
    (void)guest;
    __asm__ volatile("movups %%xmm0, (%0)\n\t"
                     "movups %%xmm1, 16(%0)\n\t"
                     "movups %%xmm2, 32(%0)\n\t"
                     "movups %%xmm3, 48(%0)\n\t"
                     "movups %%xmm4, 64(%0)\n\t"
                     "movups %%xmm5, 80(%0)" ::"r"(out)
                     : "memory");
}
