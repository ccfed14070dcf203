/* Model-specific registers of a PV guest. [xen-pv-boot 12] */
#ifndef XEN_ADAPTER_PV_MSR_H
#define XEN_ADAPTER_PV_MSR_H

#include "xen-adapter/pv/shim.h"

#define MSR_PAT 0x277u
#define XEN_PAT 0x050100070406ull /* WB WT UC- UC WC WP UC UC */

/* What is done with an MSR: pure, by number. */
enum msr_kind {
    MSR_KIND_NONE,  /* #GP */
    MSR_KIND_BASE,  /* segment base: the live register */
    MSR_KIND_OWN,   /* answered by the shim */
    MSR_KIND_BELOW, /* L0's, both ways */
    MSR_KIND_SHOWN, /* L0's value (0 if it has none), writes dropped */
    MSR_KIND_ZERO,  /* reads 0, writes #GP */
    MSR_KIND_QUIET, /* reads 0, writes dropped */
};
enum msr_kind msr_kind(u32 msr);

/* false: #GP. */
bool msr_guest_read(struct pv_vcpu *vcpu, u32 msr, u64 *value);
bool msr_guest_write(struct pv_vcpu *vcpu, u32 msr, u64 value);

static inline bool virt_is_canonical(u64 virt)
{
    return (u64)((s64)virt >> 47) + 1 <= 1;
}

#endif
