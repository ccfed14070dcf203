/*
 * The Hyper-V adapter as the run loop sees it: partitions whose CPUID shows Microsoft's
 * interface. Nothing here calls upwards; every answer is in the vCPU's registers or in the
 * result.
 */
#ifndef ENLIGHT_ENLIGHT_H
#define ENLIGHT_ENLIGHT_H

#include "hv/lib/types.h"
#include "hypercall/call.h"

struct vcpu;

/* A vmcall or vmmcall. CALL_UNDEFINED: #UD, the caller's mode may not call. [TLFS 3.7] */
enum call_end tlfs_call(struct vcpu *vcpu);
/* Whose is a call of a guest with both interfaces: bit 31 of eax tells. */
bool tlfs_owns_call(struct vcpu *vcpu);

/* Leaves 0x40000000.. ; out = eax, ebx, ecx, edx. */
enum verdict tlfs_cpuid(struct vcpu *vcpu, u32 leaf, u32 out[4]);
enum verdict tlfs_msr_write(struct vcpu *vcpu, u32 msr, u64 value);
enum verdict tlfs_msr_read(struct vcpu *vcpu, u32 msr, u64 *value);

/* The platform's I/O ports, 1, 2 or 4 bytes: serial port, clock, sleep and reset registers; for
 * firmware its timer and PCI. */
enum verdict tlfs_port_read(struct vcpu *vcpu, u16 port, u32 size, u32 *value);
enum verdict tlfs_port_write(struct vcpu *vcpu, u16 port, u32 size, u32 value);
/* Its pages of registers, 32 bits each, by guest-physical address: the I/O APIC. */
enum verdict tlfs_page_read(struct vcpu *vcpu, u64 at, u32 *value);
enum verdict tlfs_page_write(struct vcpu *vcpu, u64 at, u32 value);

/* Before an entry: what waits for the vCPU goes into its pages, expired timers fire. */
void tlfs_deliver(struct vcpu *vcpu);
/* An interrupt of the local APIC has just been given to the guest. */
void tlfs_given(struct vcpu *vcpu, u8 vector);
/* The vCPU is back in the state of a start-up IPI. */
void tlfs_reset(struct vcpu *vcpu);

#endif
