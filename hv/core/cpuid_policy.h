/*
 * What CPUID says to a guest: the host's answer, filtered. An allow-list: a feature bit that
 * this file does not name is not shown. [APM3 app. E, SDM 2 CPUID]
 */
#ifndef HV_CORE_CPUID_POLICY_H
#define HV_CORE_CPUID_POLICY_H

#include "hv/lib/types.h"

/* What the answer depends on beside the host. */
struct cpuid_view {
    u32 apic_id;
    u32 vcpu_count;
    u64 cr4;
    u64 xcr0_allowed;   /* 0: no XSAVE */
    u32 xsave_bytes;    /* area for all of xcr0_allowed */
    bool has_apic;      /* IA32_APIC_BASE enable */
    bool has_spec_ctrl; /* SPEC_CTRL and PRED_CMD are the guest's own */
};

/* Highest leaves shown, at most what the host has. */
#define CPUID_BASIC_LAST    0xdu
#define CPUID_EXTENDED_LAST 0x80000021u

/* Leaves 0x40000000-0x400fffff belong to the interfaces, not to this policy. */
static inline bool cpuid_is_interface(u32 leaf)
{
    return leaf >> 20 == 0x400;
}

/* out: the host's eax, ebx, ecx, edx for this leaf and subleaf; becomes the guest's. */
void cpuid_filter(const struct cpuid_view *view, u32 leaf, u32 subleaf, u32 out[4]);

#endif
