/*
 * The Xen adapter as the run loop sees it: partitions whose CPUID shows the Xen interface.
 * Nothing here calls upwards; every answer is in the vCPU's registers or in the result.
 */
#ifndef XEN_ADAPTER_XEN_H
#define XEN_ADAPTER_XEN_H

#include "hv/lib/types.h"
#include "hypercall/call.h"

struct vcpu;

/*
 * A vmcall or vmmcall. Arguments from rdi rsi rdx r10 r8 r9 (64-bit code) or ebx ecx edx esi
 * edi ebp; the answer is in rax. CALL_REPEAT: not finished, the same instruction runs again.
 */
enum call_end xen_call(struct vcpu *vcpu);

/* Leaves 0x40000000.. ; out = eax, ebx, ecx, edx. */
enum verdict xen_cpuid(struct vcpu *vcpu, u32 leaf, u32 subleaf, u32 out[4]);
/* The hypercall page MSR. */
enum verdict xen_msr_write(struct vcpu *vcpu, u32 msr, u64 value);
enum verdict xen_msr_read(struct vcpu *vcpu, u32 msr, u64 *value);

/*
 * Before an entry: moves raised ports into the pages the guest sees and asks for the upcall.
 * Must run when a port is raised or deliver was asked for; may run before every entry (cheap),
 * which makes the callback vector level-triggered as on Xen.
 */
void xen_deliver(struct vcpu *vcpu);

/* The vCPU gets the CPU, or has just lost it: brings its registered runstate area up to date.
 */
void xen_switch_in(struct vcpu *vcpu);
void xen_switch_out(struct vcpu *vcpu);

#endif
