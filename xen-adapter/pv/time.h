/*
 * Time of the guest: L0's pvclock and wall clock copied when they change, the runstate that L0
 * keeps for us, and timers, which are L0's.
 */
#ifndef XEN_ADAPTER_PV_TIME_H
#define XEN_ADAPTER_PV_TIME_H

#include "hv/lib/status.h"
#include "xen-adapter/pv/shim.h"

/* L0 runs that vCPU now, in the guest or in the shim. */
bool time_vcpu_runs(u32 id);

/* A vCPU that has not started. */
void time_vcpu_make(u32 id);

/* First copy of all records, before the vCPU runs. */
void time_vcpu_start(struct pv_vcpu *vcpu);

/* Copies what has changed; at upcalls and after idling. */
void time_update(struct pv_vcpu *vcpu);

#endif
