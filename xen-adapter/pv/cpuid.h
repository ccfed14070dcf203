/*
 * CPUID of a PV guest: what L0 shows to us, less what a kernel in ring 3 cannot use, with Xen's
 * leaves of the PV kind. The same for the plain instruction (CPUID faulting, where L0 offers
 * it) and for the forced-emulation prefix.
 */
#ifndef XEN_ADAPTER_PV_CPUID_H
#define XEN_ADAPTER_PV_CPUID_H

#include "xen-adapter/pv/shim.h"

/* Turns CPUID faulting on where L0 offers it. */
void cpuid_init(void);

/* The same for a further CPU, on it. */
void cpuid_vcpu_start(void);

bool cpuid_host_has_xsave(void);
bool cpuid_faulting(void);

/* The leaf as the guest sees it: eax, ebx, ecx, edx. */
void cpuid_guest(const struct pv_vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4]);

/* The policy alone: takes bits away from (and adds them to) one of L0's leaves. */
void cpuid_policy(u32 leaf, u32 subleaf, u32 out[4]);

/* Xen's leaf `index` for PV; `below` is L0's leaf of the same index. */
void cpuid_xen_leaf(u32 index, u32 subleaf, const u32 below[4], u64 mfn_end, u32 out[4]);

#endif
