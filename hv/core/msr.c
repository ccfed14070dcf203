#include "hv/core/msr.h"
#include "hv/cpu/run.h"

/* Numbers: [APM2 app. A], [SDM 4]. */
enum {
    MSR_SPEC_CTRL = 0x48,
    MSR_PLATFORM_INFO = 0xce,
    MSR_MTRR_CAPABILITY = 0xfe,
    MSR_MISC_FEATURES = 0x140,
    MSR_MCG_CAPABILITY = 0x179,
    MSR_MCG_STATUS = 0x17a,
    MSR_MISC_ENABLE = 0x1a0,
    MSR_DEBUG_CONTROL = 0x1d9,
    MSR_MTRR_BASE0 = 0x200,
    MSR_MTRR_LAST = MSR_MTRR_BASE0 + 2 * GUEST_MTRR_PAIRS - 1,
    MSR_MTRR_FIX64K = 0x250,
    MSR_MTRR_FIX16K = 0x258,
    MSR_MTRR_FIX4K = 0x268,
    MSR_MTRR_FIX4K_LAST = 0x26f,
    MSR_PAT = 0x277,
    MSR_MTRR_DEFAULT = 0x2ff,
    MSR_UCODE_REVISION = 0x8b,
};
#define MSR_EFER        0xc0000080u
#define MSR_SYSCFG      0xc0010010u
#define MSR_HWCR        0xc0010015u
#define MSR_K8_NB_CFG   0xc001001fu
#define MSR_INT_PENDING 0xc0010055u
#define MSR_MMIO_BASE   0xc0010058u
#define MSR_LS_CFG      0xc0011020u
#define MSR_IC_CFG      0xc0011021u
#define MSR_DC_CFG      0xc0011022u
#define MSR_DE_CFG      0xc0011029u

#define EFER_SCE                BIT(0)
#define EFER_LME                BIT(8)
#define EFER_LMA                BIT(10)
#define EFER_NXE                BIT(11)
#define CR0_PG                  BIT(31)
#define PLATFORM_CPUID_FAULTING BIT(31)
#define FEATURES_CPUID_FAULTING BIT(0)
#define MTRR_CAPABILITY                                                                        \
    (GUEST_MTRR_PAIRS | BIT(8) | BIT(10)) /* fixed ranges, write combining */
#define MTRR_DEFAULT_VALID      0xcfful
#define MTRR_TYPE_WB            6u
#define MTRR_ENABLE             BIT(11)
#define HWCR_TSC_INVARIANT      BIT(24)
#define DE_CFG_LFENCE_SERIALIZE BIT(1)
#define SPEC_CTRL_VALID         7ul
/* Fast strings on; branch trace and precise sampling not available. */
#define MISC_ENABLE_RESET       (BIT(0) | BIT(11) | BIT(12))

void msr_reset(struct guest *guest)
{
    guest->msr = (struct guest_msrs){
        .mtrr_default = MTRR_ENABLE | MTRR_TYPE_WB, /* as PVH wants it [xen-pvh-hvm.md 1] */
        .misc_enable = MISC_ENABLE_RESET,
    };
}

static bool is_memory_type(u64 type)
{
    return type == 0 || type == 1 || (type >= 4 && type <= 6);
}

/* Eight types in eight bytes; 7 (UC-) only in the PAT. */
static bool are_memory_types(u64 value, bool with_uc_minus)
{
    for (u32 i = 0; i < 8; i++) {
        u64 type = value >> (8 * i) & 0xff;

        if (!is_memory_type(type) && !(with_uc_minus && type == 7))
            return false;
    }
    return true;
}

/* The place of a fixed-range MTRR in mtrr_fixed, or -1. */
static int fixed_index(u32 msr)
{
    if (msr == MSR_MTRR_FIX64K)
        return 0;
    if (msr == MSR_MTRR_FIX16K || msr == MSR_MTRR_FIX16K + 1)
        return (int)(1 + msr - MSR_MTRR_FIX16K);
    if (msr >= MSR_MTRR_FIX4K && msr <= MSR_MTRR_FIX4K_LAST)
        return (int)(3 + msr - MSR_MTRR_FIX4K);
    return -1;
}

static bool is_variable_mtrr(u32 msr)
{
    return msr >= MSR_MTRR_BASE0 && msr <= MSR_MTRR_LAST;
}

static u64 state_read(const struct guest *guest, u32 msr)
{
    struct guest_state state;

    guest_state_get(guest, &state);
    return msr == MSR_EFER ? state.efer : state.pat;
}

static enum status mtrr_read(const struct guest *guest, u32 msr, u64 *out)
{
    int fixed = fixed_index(msr);
    u32 pair = (msr - MSR_MTRR_BASE0) / 2;

    if (fixed >= 0)
        *out = guest->msr.mtrr_fixed[fixed];
    else if (is_variable_mtrr(msr))
        *out = msr & 1 ? guest->msr.mtrr_mask[pair] : guest->msr.mtrr_base[pair];
    else
        return ST_INVALID;
    return ST_OK;
}

/* Registers of a real AMD processor that kernels read without asking CPUID. */
static enum status quiet_read(u32 msr, u64 *out)
{
    switch (msr) {
    case MSR_HWCR:
        *out = HWCR_TSC_INVARIANT;
        return ST_OK;
    case MSR_DE_CFG:
        *out = DE_CFG_LFENCE_SERIALIZE;
        return ST_OK;
    case MSR_MCG_CAPABILITY: /* no banks */
    case MSR_MCG_STATUS:
    case MSR_DEBUG_CONTROL:
    case MSR_UCODE_REVISION:
    case MSR_SYSCFG:
    case MSR_K8_NB_CFG:
    case MSR_INT_PENDING:
    case MSR_MMIO_BASE:
    case MSR_LS_CFG:
    case MSR_IC_CFG:
    case MSR_DC_CFG:
        *out = 0;
        return ST_OK;
    default:
        return ST_INVALID;
    }
}

enum status msr_read(const struct guest *guest, u32 msr, u64 guest_tsc, u64 *out)
{
    switch (msr) {
    case MSR_TSC:
        *out = guest_tsc;
        return ST_OK;
    case MSR_EFER:
    case MSR_PAT:
        *out = state_read(guest, msr);
        return ST_OK;
    case MSR_PLATFORM_INFO:
        *out = PLATFORM_CPUID_FAULTING;
        return ST_OK;
    case MSR_MISC_FEATURES:
        *out = guest->msr.faulting;
        return ST_OK;
    case MSR_MISC_ENABLE:
        *out = guest->msr.misc_enable;
        return ST_OK;
    case MSR_SPEC_CTRL:
        if (!run_has_spec_ctrl())
            return ST_INVALID;
        *out = guest->msr.spec_ctrl;
        return ST_OK;
    case MSR_MTRR_CAPABILITY:
        *out = MTRR_CAPABILITY;
        return ST_OK;
    case MSR_MTRR_DEFAULT:
        *out = guest->msr.mtrr_default;
        return ST_OK;
    default:
        if (mtrr_read(guest, msr, out) == ST_OK)
            return ST_OK;
        return quiet_read(msr, out);
    }
}

static enum status efer_write(struct guest *guest, u64 value)
{
    struct guest_state state;

    guest_state_get(guest, &state);
    if (value & ~(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE))
        return ST_INVALID;
    if ((state.cr0 & CR0_PG) && ((value ^ state.efer) & EFER_LME))
        return ST_INVALID;
    state.efer = (value & ~EFER_LMA) | (state.efer & EFER_LMA);
    guest_state_set(guest, &state);
    guest_flush_tlb(guest); /* NXE changes what cached translations mean */
    return ST_OK;
}

static enum status pat_write(struct guest *guest, u64 value)
{
    struct guest_state state;

    if (!are_memory_types(value, true))
        return ST_INVALID;
    guest_state_get(guest, &state);
    state.pat = value;
    guest_state_set(guest, &state);
    return ST_OK;
}

/* MTRRs are stored and shown; nested paging makes all RAM write-back whatever they say. */
static enum status mtrr_write(struct guest *guest, u32 msr, u64 value)
{
    int fixed = fixed_index(msr);
    u32 pair = (msr - MSR_MTRR_BASE0) / 2;

    if (fixed >= 0) {
        if (!are_memory_types(value, false))
            return ST_INVALID;
        guest->msr.mtrr_fixed[fixed] = value;
        return ST_OK;
    }
    if (msr == MSR_MTRR_DEFAULT) {
        if ((value & ~MTRR_DEFAULT_VALID) || !is_memory_type(value & 0xff))
            return ST_INVALID;
        guest->msr.mtrr_default = value;
        return ST_OK;
    }
    if (!is_variable_mtrr(msr))
        return ST_INVALID;
    if (msr & 1) {
        guest->msr.mtrr_mask[pair] = value & ~0x7fful;
        return ST_OK;
    }
    if (!is_memory_type(value & 0xff) || (value & 0xf00))
        return ST_INVALID;
    guest->msr.mtrr_base[pair] = value;
    return ST_OK;
}

/* Written by kernels that tune a real machine: accepted, without effect. */
static enum status quiet_write(u32 msr, u64 value)
{
    u64 ignored;

    if (msr == MSR_MCG_CAPABILITY || (msr == MSR_MCG_STATUS && value))
        return ST_INVALID;
    return quiet_read(msr, &ignored);
}

enum status msr_write(struct guest *guest, u32 msr, u64 value)
{
    switch (msr) {
    case MSR_TSC:
        return ST_OK; /* time is the partition's: a guest does not move it */
    case MSR_EFER:
        return efer_write(guest, value);
    case MSR_PAT:
        return pat_write(guest, value);
    case MSR_MISC_FEATURES:
        if (value & ~FEATURES_CPUID_FAULTING)
            return ST_INVALID;
        guest->msr.faulting = value;
        return ST_OK;
    case MSR_MISC_ENABLE:
        guest->msr.misc_enable = value | BIT(11) | BIT(12);
        return ST_OK;
    case MSR_SPEC_CTRL:
        if (!run_has_spec_ctrl() || (value & ~SPEC_CTRL_VALID))
            return ST_INVALID;
        guest->msr.spec_ctrl = value;
        return ST_OK;
    default:
        if (mtrr_write(guest, msr, value) == ST_OK)
            return ST_OK;
        return quiet_write(msr, value);
    }
}
