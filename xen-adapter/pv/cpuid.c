#include "xen-adapter/pv/cpuid.h"

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/insn.h"

#define PLATFORM_INFO_FAULTING BIT(31)
#define MISC_FEATURES_FAULTING BIT(0)

#define CACHE_BASIC    0x20u
#define CACHE_EXTENDED 0x22u
#define LEAF_TOPOLOGY  0xbu
#define LEAF_XSAVE     0xdu
#define LEAF_EXTENDED  0x80000000u

struct cached_leaf {
    u32 out[4];
    u8 valid;
};

static struct cached_leaf cache_basic[CACHE_BASIC];
static struct cached_leaf cache_extended[CACHE_EXTENDED];
static struct cached_leaf cache_xen[XEN_CPUID_LEAF_MAX + 1];
static u8 faulting;
static u8 host_xsave;

/* CPUID.1 */
#define F1C_HIDDEN                                                                             \
    (BIT(2) /* DTES64 */ | BIT(3) /* MONITOR */ | BIT(4) | BIT(5) /* VMX */ | BIT(6) |         \
     BIT(7) | BIT(8) | BIT(10) | BIT(11) | BIT(14) | BIT(15) /* PDCM */ | BIT(17) /* PCID */ | \
     BIT(18) | BIT(21) /* x2APIC */ | BIT(24) /* TSC deadline */)
#define F1C_XSAVE      BIT(26)
#define F1C_OSXSAVE    BIT(27)
#define F1C_HYPERVISOR BIT(31)
#define F1D_HIDDEN                                                                             \
    (BIT(1) /* VME */ | BIT(3) /* PSE */ | BIT(12) /* MTRR */ | BIT(13) /* PGE */ |            \
     BIT(17) /* PSE36 */ | BIT(18) | BIT(21) | BIT(22) | BIT(29) | BIT(31))

/* CPUID.7.0, 7.1 */
#define F7B_SHOWN                                                                              \
    (BIT(0) /* FSGSBASE */ | BIT(3) | BIT(4) /* HLE */ | BIT(5) /* AVX2 */ | BIT(6) | BIT(8) | \
     BIT(9) /* ERMS */ | BIT(11) /* RTM */ | BIT(13) | BIT(16) /* AVX512F */ | BIT(17) |       \
     BIT(18) | BIT(19) /* ADX */ | BIT(21) | BIT(23) | BIT(24) | BIT(26) | BIT(27) | BIT(28) | \
     BIT(29) /* SHA */ | BIT(30) | BIT(31))
#define F7C_SHOWN                                                                              \
    (BIT(1) | BIT(6) | BIT(8) /* GFNI */ | BIT(9) | BIT(10) | BIT(11) | BIT(12) | BIT(14) |    \
     BIT(22) /* RDPID */ | BIT(25) | BIT(27) | BIT(28))
#define F7D_SHOWN                                                                              \
    (BIT(2) | BIT(3) | BIT(4) /* FSRM */ | BIT(8) | BIT(9) | BIT(10) /* MD_CLEAR */ |          \
     BIT(14) | BIT(23) | BIT(26) /* IBRSB */ | BIT(27) | BIT(28) | BIT(29) | BIT(30) |         \
     BIT(31))
#define F71A_SHOWN (BIT(4) /* AVX-VNNI */ | BIT(5) | BIT(10) | BIT(11) | BIT(12))

/* CPUID.D.1: XSAVES is privileged. */
#define FD1A_SHOWN (BIT(0) | BIT(1) | BIT(2))

/* CPUID.80000001 */
#define E1C_SHOWN                                                                              \
    (BIT(0) | BIT(1) | BIT(4) /* CR8 legacy */ | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(11) | \
     BIT(16) | BIT(21) | BIT(26))
#define E1D_HIDDEN                                                                             \
    (BIT(1) | BIT(3) | BIT(12) | BIT(13) | BIT(17) | BIT(25) /* FFXSR */ | BIT(26) /* 1 GiB    \
                                                                                    */)

static void policy_extended(u32 leaf, u32 out[4])
{
    switch (leaf & ~LEAF_EXTENDED) {
    case 1:
        out[2] &= (u32)E1C_SHOWN;
        out[3] &= (u32)~E1D_HIDDEN;
        break;
    case 7:
        out[0] = out[1] = out[2] = 0;
        out[3] &= (u32)BIT(8); /* invariant TSC */
        break;
    case 8:
        out[2] &= 0xf0ff;
        out[3] = 0;
        break;
    case 0xa:  /* SVM */
    case 0x1b: /* IBS */
    case 0x1f: /* SEV */
        out[0] = out[1] = out[2] = out[3] = 0;
        break;
    default:
        break;
    }
}

static void policy_features(u32 subleaf, u32 out[4])
{
    if (subleaf == 0) {
        out[1] &= (u32)F7B_SHOWN;
        out[2] &= (u32)F7C_SHOWN;
        out[3] &= (u32)F7D_SHOWN;
        out[0] = MIN(out[0], 1u);
        return;
    }
    out[0] = subleaf == 1 ? out[0] & (u32)F71A_SHOWN : 0;
    out[1] = out[2] = out[3] = 0;
}

void cpuid_policy(u32 leaf, u32 subleaf, u32 out[4])
{
    switch (leaf) {
    case 1:
        out[1] &= 0x00ffffff; /* no APIC id: a PV guest has no local APIC of its own */
        out[2] = (out[2] & (u32)~F1C_HIDDEN) | (u32)F1C_HYPERVISOR;
        out[2] &= (u32)~F1C_OSXSAVE;
        if (out[2] & F1C_XSAVE)
            out[2] |= (u32)F1C_OSXSAVE;
        out[3] &= (u32)~F1D_HIDDEN;
        break;
    case 7:
        policy_features(subleaf, out);
        break;
    case LEAF_XSAVE:
        if (subleaf == 1) {
            out[0] &= (u32)FD1A_SHOWN;
            out[1] = out[2] = out[3] = 0;
        }
        break;
    case 5:   /* MONITOR */
    case 6:   /* thermal */
    case 0xa: /* performance counters */
    case 0xf: /* resource monitoring */
    case 0x10:
    case 0x12: /* SGX */
    case 0x14: /* processor trace */
        out[0] = out[1] = out[2] = out[3] = 0;
        break;
    default:
        if (leaf >= LEAF_EXTENDED)
            policy_extended(leaf, out);
        break;
    }
}

void cpuid_xen_leaf(u32 index, u32 subleaf, const u32 below[4], u64 mfn_end, u32 out[4])
{
    u32 bits = PAGE_SHIFT;

    for (u32 i = 0; i < 4; i++)
        out[i] = 0;
    switch (index) {
    case XEN_CPUID_LEAF_SIGNATURE:
        out[0] = XEN_CPUID_BASE + XEN_CPUID_LEAF_MAX;
        out[1] = XEN_CPUID_SIGNATURE_EBX;
        out[2] = XEN_CPUID_SIGNATURE_ECX;
        out[3] = XEN_CPUID_SIGNATURE_EDX;
        break;
    case XEN_CPUID_LEAF_VERSION:
        out[0] = below[0];
        break;
    case XEN_CPUID_LEAF_HYPERCALL:
        out[0] = 1;
        out[1] = XEN_MSR_HYPERCALL_PAGE;
        out[2] = XEN_CPUID2_ECX_MMU_PT_UPDATE_PRESERVE_AD;
        break;
    case XEN_CPUID_LEAF_TIME:
        if (subleaf < 3)
            for (u32 i = 0; i < 4; i++)
                out[i] = below[i];
        break;
    case XEN_CPUID_LEAF_PV:
        while (mfn_end > 1) {
            mfn_end = (mfn_end + 1) / 2;
            bits++;
        }
        out[1] = bits;
        break;
    default:
        break;
    }
}

void cpuid_init(void)
{
    u64 info;
    u32 out[4];

    insn_cpuid(1, 0, out);
    host_xsave = (out[2] & F1C_XSAVE) != 0;
    if (msr_read_safe(MSR_PLATFORM_INFO, &info) == 0 && (info & PLATFORM_INFO_FAULTING) &&
        msr_write_safe(MSR_MISC_FEATURES, MISC_FEATURES_FAULTING) == 0)
        faulting = 1;
}

void cpuid_vcpu_start(void)
{
    if (faulting)
        (void)msr_write_safe(MSR_MISC_FEATURES, MISC_FEATURES_FAULTING);
}

bool cpuid_host_has_xsave(void)
{
    return host_xsave;
}

bool cpuid_faulting(void)
{
    return faulting;
}

static struct cached_leaf *cache_slot(u32 leaf, u32 subleaf)
{
    if (subleaf != 0 || leaf == LEAF_XSAVE || leaf == LEAF_TOPOLOGY) /* D.0 follows XCR0 */
        return NULL;
    if (leaf < CACHE_BASIC)
        return &cache_basic[leaf];
    if (leaf >= LEAF_EXTENDED && leaf - LEAF_EXTENDED < CACHE_EXTENDED)
        return &cache_extended[leaf - LEAF_EXTENDED];
    if (leaf - XEN_CPUID_BASE <= XEN_CPUID_LEAF_MAX)
        return &cache_xen[leaf - XEN_CPUID_BASE];
    return NULL;
}

static void host_leaf(u32 leaf, u32 subleaf, u32 out[4])
{
    u32 index = leaf - XEN_CPUID_BASE;
    u32 below[4];

    if (index <= XEN_CPUID_LEAF_MAX) {
        insn_cpuid(shim.xen_leaf + index, subleaf, below);
        cpuid_xen_leaf(index, subleaf, below, shim.domain.mfn_end, out);
    } else if (leaf >> 28 == 4) {
        out[0] = out[1] = out[2] = out[3] = 0;
    } else {
        insn_cpuid(leaf, subleaf, out);
        cpuid_policy(leaf, subleaf, out);
    }
}

void cpuid_guest(const struct pv_vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4])
{
    struct cached_leaf *slot = cache_slot(leaf, subleaf);

    (void)vcpu;
    if (!slot) {
        host_leaf(leaf, subleaf, out);
        return;
    }
    if (!__atomic_load_n(&slot->valid, __ATOMIC_ACQUIRE)) {
        host_leaf(leaf, 0, slot->out); /* twice at a time writes the same */
        __atomic_store_n(&slot->valid, 1, __ATOMIC_RELEASE);
    }
    for (u32 i = 0; i < 4; i++)
        out[i] = slot->out[i];
}
