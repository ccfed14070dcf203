/*
 * The CPUID leaves [TLFS 2.4]. The profile `windows` is one fixed set: every FEATURE row of
 * tlfs.def that is DONE, privileges, features and advice together. The control of the invariant
 * TSC alone is there on demand: Linux takes its time from elsewhere as soon as it sees it.
 */
#include "enlight/enlight.h"
#include "enlight/state.h"
#include "hv/lib/string.h"

enum { EAX, EBX, ECX, EDX };

struct feature {
    u32 leaf;
    u32 mask;
    u8 reg;
    u8 is_on;
};

static const struct feature features[] = {
#define FEATURE(name, leaf, reg, bit, prio, state, doc)                                        \
    {leaf, 1u << (bit), reg, TLFS_STATE_##state},
#include "enlight/abi/tlfs.def"
};

enum {
#define FEATURE(name, leaf, reg, bit, prio, state, doc) MASK_##name = 1 << (bit),
#include "enlight/abi/tlfs.def"
};

static void features_fill(u32 leaf, u32 out[4])
{
    for (u32 i = 0; i < ARRAY_SIZE(features); i++)
        if (features[i].leaf == leaf && features[i].is_on)
            out[features[i].reg] |= features[i].mask;
}

static void vendor_fill(u32 last, u32 out[4])
{
    out[EAX] = last;
    memcpy(&out[EBX], TLFS_VENDOR, 3 * sizeof(u32));
}

/* Until the guest has asked for it, the TSC's leaf has nothing to say. */
static enum verdict tsc_leaf(struct vcpu *vcpu)
{
    struct partition *p = op_vcpu_partition(vcpu);
    const struct tlfs_domain *domain;

    if (!tlfs_has_tsc_control(p))
        return VERDICT_NOT_MINE;
    domain = tlfs_domain_get(p);
    return domain && domain->tsc_invariant ? VERDICT_NOT_MINE : VERDICT_ANSWERED;
}

enum verdict tlfs_cpuid(struct vcpu *vcpu, u32 leaf, u32 out[4])
{
    out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
    switch (leaf) {
    case TLFS_CPUID_BASE:
        vendor_fill(TLFS_CPUID_LAST, out);
        break;
    case TLFS_CPUID_INTERFACE:
        out[EAX] = TLFS_INTERFACE;
        break;
    case TLFS_CPUID_VERSION: /* build 0, version 0: nobody's */
        break;
    case TLFS_CPUID_ADVICE:
        out[EBX] = TLFS_SPIN_RETRIES;
        features_fill(leaf, out);
        break;
    case TLFS_CPUID_FEATURES:
        features_fill(leaf, out);
        if (!tlfs_has_tsc_control(op_vcpu_partition(vcpu)))
            out[EAX] &= ~(u32)MASK_access_tsc_invariant_controls;
        break;
    case TLFS_CPUID_LIMITS:
        out[EAX] = TLFS_VPS_MAX;
        out[EBX] = op_partition_vcpu_count(op_vcpu_partition(vcpu));
        break;
    case TLFS_CPUID_HARDWARE:
        out[EAX] = TLFS_HARDWARE_FEATURES;
        break;
    case TLFS_CPUID_STACK:
        vendor_fill(TLFS_CPUID_STACK_LAST, out);
        break;
    case TLFS_CPUID_STACK_FACE:
        out[EAX] = TLFS_STACK_INTERFACE;
        break;
    case TLFS_CPUID_STACK_LAST: /* no property */
        break;
    case TLFS_CPUID_POWER:
        return tsc_leaf(vcpu);
    default:
        return VERDICT_NOT_MINE;
    }
    return VERDICT_ANSWERED;
}
