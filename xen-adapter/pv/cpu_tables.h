/* GDT, TSS and IDT of a vCPU, its windows, and the system registers that point at them. */
#ifndef XEN_ADAPTER_PV_CPU_TABLES_H
#define XEN_ADAPTER_PV_CPU_TABLES_H

#include "xen-adapter/pv/shim.h"

/*
 * Maps the vCPU's windows (GDT pages 0..13 and LDT on the zero page, 14-15 the shim's own),
 * builds its TSS, and tells the MMU of it. `ist`: four stacks of `ist_bytes` each.
 */
void cpu_tables_make(struct pv_vcpu *vcpu, u64 ist, u64 ist_bytes);

/* Loads them on this CPU, with the entry points and control registers of a PV guest. */
void cpu_tables_load(struct pv_vcpu *vcpu);

/* CR0 as it was set for the guest, less TS; no exit for asking. */
u64 cpu_cr0(void);

/* EFER, the same way. */
u64 cpu_efer(void);

/* CR4 for a guest that sees vcpu->cr4 of it; on the vCPU itself. */
void cpu_cr4_load(struct pv_vcpu *vcpu);

#endif
