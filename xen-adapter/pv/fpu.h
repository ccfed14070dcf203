/*
 * The shim keeps no state in the FPU, and one vCPU owns it for good: only CR0.TS is virtual.
 */
#ifndef XEN_ADAPTER_PV_FPU_H
#define XEN_ADAPTER_PV_FPU_H

#include "xen-adapter/pv/shim.h"

/* ts != 0: the guest's next FPU instruction is a #NM. */
void fpu_ts_set(struct pv_vcpu *vcpu, u64 ts);

#endif
