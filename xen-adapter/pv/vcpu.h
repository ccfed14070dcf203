/*
 * vCPUs of the PV guest. Each has a block (offsets.h): IST stacks, entry stack and, on top, its
 * struct pv_vcpu. this_vcpu() is found from the stack pointer, so code that may ask for it runs
 * on a block's stack: start.S takes vcpu_boot_block for its own.
 */
#ifndef XEN_ADAPTER_PV_VCPU_H
#define XEN_ADAPTER_PV_VCPU_H

#include "xen-adapter/pv/insn.h"
#include "xen-adapter/pv/offsets.h"
#include "xen-adapter/pv/shim.h"

/* The block of vCPU 0; its entry stack begins at vcpu_boot_block + VCPU_BLOCK_VCPU - 8. */
extern u8 vcpu_boot_block[VCPU_BLOCK_SIZE];

/* The vCPU of that id with the state of a fresh one; NULL when there is no memory. */
struct pv_vcpu *vcpu_make(u32 id);

/* How many vCPUs L0 gives the partition, as many as we can use. */
u32 vcpu_count_below(void);

/* L0 starts it (the first time in begin(), then where it went down); 0 or an error of Xen's. */
s64 vcpu_start_below(struct pv_vcpu *vcpu);

/* On the vCPU itself, when it is leaving: down until vcpu_start_below(). */
void vcpu_stay_down(struct pv_vcpu *vcpu);

/* NULL when no such vCPU was made. */
struct pv_vcpu *vcpu_find(u32 id);

/* From user to kernel mode of the guest and back: page tables and GS bases change. */
void vcpu_enter_kernel(struct pv_vcpu *vcpu);
void vcpu_enter_user(struct pv_vcpu *vcpu);

/*
 * Interrupts on and halt in one step, off again afterwards (entry.S). An upcall that comes at
 * entry_idle_halt ends the halt before it begins: QEMU 7.2 forgets STI's shadow over a VM exit.
 */
void entry_idle(void);
extern const char entry_idle_halt[];

/* Goes back to the guest with vcpu->regs, for good (entry.S). */
void entry_resume(struct pv_vcpu *vcpu) __attribute__((noreturn));

#endif
