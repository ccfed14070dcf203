#include "xen-adapter/pv/msr.h"

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

#define MSR_TSC                0x10u
#define MSR_SPEC_CTRL          0x48u
#define MSR_PRED_CMD           0x49u
#define MSR_PATCH_LEVEL        0x8bu
#define MSR_ARCH_CAPABILITIES  0x10au
#define MSR_FLUSH_CMD          0x10bu
#define MSR_MCG_CAP            0x179u
#define MSR_MCG_STATUS         0x17au
#define MSR_MCG_CTL            0x17bu
#define MSR_MC0_CTL            0x400u
#define MSR_MISC_ENABLE        0x1a0u
#define MSR_PERF_CAPABILITIES  0x345u
#define MSR_TSC_AUX            0xc0000103u
#define MSR_AMD_SYSCFG         0xc0010010u
#define MSR_AMD_HWCR           0xc0010015u
#define MSR_AMD_NB_CFG         0xc001001fu
#define MSR_AMD_FIDVID_CTL     0xc0010041u
#define MSR_AMD_FIDVID_STATUS  0xc0010042u
#define MSR_AMD_PSTATE_FIRST   0xc0010061u
#define MSR_AMD_PSTATE_LAST    0xc001006bu
#define MSR_AMD_VIRT_SPEC_CTRL 0xc001011fu
#define MSR_AMD_LS_CFG         0xc0011020u
#define MSR_AMD_IC_CFG         0xc0011021u
#define MSR_AMD_DE_CFG         0xc0011029u

/* Machine check banks that a guest sees, as on Xen: always quiet. */
#define MC_BANKS     2u
#define MC_BANK_MSRS 4u

#define APIC_BASE_DEFAULT 0xfee00000ull
#define APIC_BASE_ENABLE  0x800ull
#define APIC_BASE_BSP     0x100ull

enum msr_kind msr_kind(u32 msr)
{
    switch (msr) {
    case MSR_FS_BASE:
    case MSR_GS_BASE:
    case MSR_KERNEL_GS_BASE:
        return MSR_KIND_BASE;
    case MSR_EFER:
    case MSR_APIC_BASE:
    case MSR_TSC:
    case MSR_PAT:
    case MSR_PLATFORM_INFO:
    case MSR_MISC_FEATURES:
    case MSR_MCG_CAP:
    case XEN_MSR_HYPERCALL_PAGE:
        return MSR_KIND_OWN;
    case MSR_MCG_STATUS:
    case MSR_MCG_CTL:
        return MSR_KIND_QUIET;
    case MSR_SPEC_CTRL:
    case MSR_PRED_CMD:
    case MSR_FLUSH_CMD:
    case MSR_AMD_VIRT_SPEC_CTRL:
    case MSR_TSC_AUX:
        return MSR_KIND_BELOW;
    case MSR_MISC_ENABLE:
    case MSR_ARCH_CAPABILITIES:
    case MSR_PATCH_LEVEL:
    case MSR_AMD_SYSCFG:
    case MSR_AMD_HWCR:
    case MSR_AMD_NB_CFG:
    case MSR_AMD_FIDVID_CTL:
    case MSR_AMD_FIDVID_STATUS:
    case MSR_AMD_LS_CFG:
    case MSR_AMD_IC_CFG:
    case MSR_AMD_DE_CFG:
        return MSR_KIND_SHOWN;
    case MSR_PERF_CAPABILITIES:
        return MSR_KIND_ZERO;
    default:
        if (msr >= MSR_AMD_PSTATE_FIRST && msr <= MSR_AMD_PSTATE_LAST)
            return MSR_KIND_SHOWN;
        if (msr >= MSR_MC0_CTL && msr < MSR_MC0_CTL + MC_BANKS * MC_BANK_MSRS)
            return MSR_KIND_QUIET;
        return MSR_KIND_NONE;
    }
}

static bool own_read(const struct pv_vcpu *vcpu, u32 msr, u64 *value)
{
    switch (msr) {
    case MSR_EFER:
        *value = cpu_efer();
        return true;
    case MSR_APIC_BASE:
        *value = APIC_BASE_DEFAULT | APIC_BASE_ENABLE | (vcpu->id == 0 ? APIC_BASE_BSP : 0);
        return true;
    case MSR_TSC:
        *value = insn_rdtsc();
        return true;
    case MSR_PAT:
        *value = XEN_PAT;
        return true;
    case MSR_MCG_CAP:
        *value = MC_BANKS;
        return true;
    case MSR_PLATFORM_INFO:
    case MSR_MISC_FEATURES:
        *value = 0;
        return true;
    default:
        return false;
    }
}

/*
 * Until the guest has a #GP handler, what L0 lets us read reads as 0: early kernels probe
 * before they can take the fault.
 */
static bool early_read(const struct pv_vcpu *vcpu, u32 msr, u64 *value)
{
    u64 ignored;

    if (vcpu->trap[VECTOR_GP].address != 0 || msr_read_safe(msr, &ignored) != 0)
        return false;
    *value = 0;
    return true;
}

bool msr_guest_read(struct pv_vcpu *vcpu, u32 msr, u64 *value)
{
    switch (msr_kind(msr)) {
    case MSR_KIND_BASE:
        *value = insn_rdmsr(msr);
        return true;
    case MSR_KIND_OWN:
        return own_read(vcpu, msr, value);
    case MSR_KIND_BELOW:
        return msr_read_safe(msr, value) == 0;
    case MSR_KIND_SHOWN:
        if (msr_read_safe(msr, value) != 0)
            *value = 0;
        return true;
    case MSR_KIND_ZERO:
    case MSR_KIND_QUIET:
        *value = 0;
        return true;
    case MSR_KIND_NONE:
    default:
        return early_read(vcpu, msr, value);
    }
}

static bool hypercall_page_write(u64 value)
{
    u64 frame = value >> PAGE_SHIFT;
    bool is_memory;

    if ((value & PAGE_MASK) != 0)
        return false;
    lock_take(&memory_lock);
    is_memory = frame_type_get(frame, FRAME_WRITABLE) == ST_OK;
    if (is_memory) {
        hypercall_page_fill(frame_page(frame));
        frame_type_put(frame);
    }
    lock_drop(&memory_lock);
    return is_memory;
}

static bool own_write(u32 msr, u64 value)
{
    switch (msr) {
    case MSR_EFER:
        return value == cpu_efer();
    case MSR_PAT:
        return value == XEN_PAT;
    case MSR_TSC:
        return true; /* the time record is the clock; an offset of our own would break it */
    case XEN_MSR_HYPERCALL_PAGE:
        return hypercall_page_write(value);
    default:
        return false;
    }
}

bool msr_guest_write(struct pv_vcpu *vcpu, u32 msr, u64 value)
{
    (void)vcpu;
    switch (msr_kind(msr)) {
    case MSR_KIND_BASE:
        if (!virt_is_canonical(value))
            return false;
        insn_wrmsr(msr, value);
        return true;
    case MSR_KIND_OWN:
        return own_write(msr, value);
    case MSR_KIND_BELOW:
        return msr_write_safe(msr, value) == 0;
    case MSR_KIND_SHOWN:
    case MSR_KIND_QUIET:
        return true;
    case MSR_KIND_NONE:
    case MSR_KIND_ZERO:
    default:
        return false;
    }
}
