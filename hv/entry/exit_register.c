/* CPUID and MSR exits: interface, local APIC, processor policy are asked in this order. */
#include "enlight/enlight.h"
#include "hv/core/cpuid_policy.h"
#include "hv/core/msr.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/tsc.h"
#include "hv/entry/exit.h"
#include "hv/lib/string.h"
#include "hypercall/abi/native.h"
#include "xen-adapter/xen.h"

enum { LENGTH_CPUID = 2, LENGTH_MSR = 2 };
#define FAULTING_CPUID  BIT(0)
#define CPUID_INTERFACE 0x40000000u

static bool is_xen(const struct vcpu *vcpu)
{
    return vcpu->partition->flags & PARTITION_XEN;
}

static void cpuid_processor(struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4])
{
    struct cpuid_leaf host = insn_cpuid(leaf, subleaf);
    struct guest_state state;
    struct cpuid_view view;

    guest_state_get(vcpu->guest, &state);
    view = (struct cpuid_view){
        .apic_id = vcpu->lapic->id,
        .vcpu_count = vcpu->partition->vcpu_count,
        .cr4 = state.cr4,
        .xcr0_allowed = guest_xcr0_allowed(),
        .xsave_bytes = guest_xsave_bytes(),
        .has_apic = vcpu->lapic->base_msr & VLAPIC_BASE_ENABLE,
        .has_spec_ctrl = run_has_spec_ctrl(),
    };
    out[0] = host.eax;
    out[1] = host.ebx;
    out[2] = host.ecx;
    out[3] = host.edx;
    cpuid_filter(&view, leaf, subleaf, out);
}

static bool is_tlfs(const struct vcpu *vcpu)
{
    return vcpu->partition->flags & PARTITION_TLFS;
}

/* The native interface shows its name and nothing else. */
static void cpuid_native(u32 leaf, u32 out[4])
{
    if (leaf != CPUID_INTERFACE)
        return;
    out[0] = CPUID_INTERFACE;
    memcpy(&out[1], NATIVE_SIGNATURE, 3 * sizeof(u32));
}

/* What nobody answers is 0. */
static void cpuid_interface(struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4])
{
    if (is_tlfs(vcpu) && tlfs_cpuid(vcpu, leaf, out) == VERDICT_ANSWERED)
        return;
    if (is_xen(vcpu))
        (void)xen_cpuid(vcpu, leaf, subleaf, out);
    else if (!is_tlfs(vcpu))
        cpuid_native(leaf, out);
}

void exit_cpuid(struct vcpu *vcpu)
{
    struct regs *regs = &vcpu->guest->regs;
    u32 leaf = (u32)regs->rax;
    u32 subleaf = (u32)regs->rcx;
    u32 out[4] = {0};

    if ((vcpu->guest->msr.faulting & FAULTING_CPUID) && guest_cpl(vcpu->guest) > 0) {
        exit_inject_gp(vcpu);
        return;
    }
    if (!cpuid_is_interface(leaf))
        cpuid_processor(vcpu, leaf, subleaf, out);
    else
        cpuid_interface(vcpu, leaf, subleaf, out);
    regs->rax = out[0];
    regs->rbx = out[1];
    regs->rcx = out[2];
    regs->rdx = out[3];
    guest_skip(vcpu->guest, exit_length(vcpu, LENGTH_CPUID));
}

static bool is_apic_msr(u32 msr)
{
    return msr == MSR_APIC_BASE || (msr >= MSR_X2APIC_FIRST && msr <= MSR_X2APIC_LAST);
}

static enum status processor_read(struct vcpu *vcpu, u32 msr, u64 *value)
{
    if (is_apic_msr(msr)) {
        vlapic_tpr_set(vcpu->lapic, vcpu->guest->tpr);
        return vlapic_msr_read(vcpu->lapic, msr, clock_now_ns(), value);
    }
    if (msr == MSR_TSC_DEADLINE) {
        *value = vcpu->lapic->tsc_deadline;
        return ST_OK;
    }
    return msr_read(vcpu->guest, msr, exit_guest_tsc(vcpu), value);
}

void exit_msr_read(struct vcpu *vcpu)
{
    struct regs *regs = &vcpu->guest->regs;
    u32 msr = (u32)regs->rcx;
    enum verdict verdict = VERDICT_NOT_MINE;
    u64 value = 0;

    if (guest_cpl(vcpu->guest) != 0)
        verdict = VERDICT_FAULTS;
    else if (is_tlfs(vcpu))
        verdict = tlfs_msr_read(vcpu, msr, &value);
    if (verdict == VERDICT_NOT_MINE && is_xen(vcpu))
        verdict = xen_msr_read(vcpu, msr, &value);
    if (verdict == VERDICT_NOT_MINE)
        verdict =
            processor_read(vcpu, msr, &value) == ST_OK ? VERDICT_ANSWERED : VERDICT_FAULTS;
    if (verdict == VERDICT_AGAIN)
        return;
    if (verdict == VERDICT_FAULTS) {
        exit_inject_gp(vcpu);
        return;
    }
    regs->rax = (u32)value;
    regs->rdx = value >> 32;
    guest_skip(vcpu->guest, exit_length(vcpu, LENGTH_MSR));
}

/* The guest's TSC value as a time of ours; what has passed or is unthinkably far stays so. */
static u64 deadline_of(const struct vcpu *vcpu, u64 guest_tsc)
{
    u64 now_tsc = exit_guest_tsc(vcpu);
    u64 now_ns = clock_now_ns();
    u64 deadline;

    if (guest_tsc <= now_tsc)
        return now_ns;
    return add_overflows(now_ns, tsc_to_ns(guest_tsc - now_tsc), &deadline) ? TIME_NEVER - 1
                                                                            : deadline;
}

static enum status processor_write(struct vcpu *vcpu, u32 msr, u64 value)
{
    struct vlapic_effect effect = {0};

    if (is_apic_msr(msr)) {
        vlapic_tpr_set(vcpu->lapic, vcpu->guest->tpr);
        TRY(vlapic_msr_write(vcpu->lapic, msr, value, clock_now_ns(), &effect));
        apic_apply(vcpu, &effect);
        return ST_OK;
    }
    if (msr == MSR_TSC_DEADLINE) {
        vlapic_tsc_deadline_set(vcpu->lapic, value, deadline_of(vcpu, value), &effect);
        apic_apply(vcpu, &effect);
        return ST_OK;
    }
    return msr_write(vcpu->guest, msr, value);
}

void exit_msr_write(struct vcpu *vcpu)
{
    const struct regs *regs = &vcpu->guest->regs;
    u32 msr = (u32)regs->rcx;
    u64 value = (u32)regs->rax | regs->rdx << 32;
    u32 length = exit_length(vcpu, LENGTH_MSR);
    enum verdict verdict = VERDICT_NOT_MINE;

    if (guest_cpl(vcpu->guest) != 0)
        verdict = VERDICT_FAULTS;
    else if (is_tlfs(vcpu))
        verdict = tlfs_msr_write(vcpu, msr, value);
    if (verdict == VERDICT_NOT_MINE && is_xen(vcpu))
        verdict = xen_msr_write(vcpu, msr, value);
    if (verdict == VERDICT_NOT_MINE)
        verdict =
            processor_write(vcpu, msr, value) == ST_OK ? VERDICT_ANSWERED : VERDICT_FAULTS;
    if (verdict == VERDICT_FAULTS)
        exit_inject_gp(vcpu);
    else
        guest_skip(vcpu->guest, length);
}
