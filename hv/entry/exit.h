/*
 * The parts of the run loop: what each kind of exit does, and what is delivered before an
 * entry. Everything here works on the running vCPU.
 */
#ifndef HV_ENTRY_EXIT_H
#define HV_ENTRY_EXIT_H

#include "hv/core/apic.h"
#include "hv/core/partition.h"
#include "hv/core/vcpu.h"
#include "hv/cpu/run.h"
#include "hv/lib/insn_decode.h"

/* Hands the exit to its owner. */
void exit_handle(struct vcpu *vcpu, const struct exit *exit);

/* Gives raised ports and interrupts to the guest; false when it has nothing to run for. */
bool entry_prepare(struct vcpu *vcpu);

/* One line why, one with the state; then the partition ends. */
void guest_fail(struct vcpu *vcpu, enum end_reason reason, const char *why, u64 detail);

/* Fetches and decodes the exiting instruction. ST_FAULT, ST_INVALID. */
enum status exit_decode(struct vcpu *vcpu, struct insn *out);
/* Length of the exiting instruction; `usual` when it cannot be read. */
u32 exit_length(struct vcpu *vcpu, u32 usual);
/* #PF at that address; error: PAGE_FAULT_ bits beside the user one, which follows the CPL. */
#define PAGE_FAULT_WRITE 2u
#define PAGE_FAULT_USER  4u
void exit_inject_pf(struct vcpu *vcpu, u64 linear, u32 error);
/* #GP(0), #UD. */
void exit_inject_gp(struct vcpu *vcpu);
void exit_inject_ud(struct vcpu *vcpu);

/* Has it the platform of a Hyper-V guest, and no Xen's? */
static inline bool exit_has_platform(const struct vcpu *vcpu)
{
    return (vcpu->partition->flags & (PARTITION_TLFS | PARTITION_XEN)) == PARTITION_TLFS;
}

void exit_cpuid(struct vcpu *vcpu);
void exit_msr_read(struct vcpu *vcpu);
void exit_msr_write(struct vcpu *vcpu);
void exit_port(struct vcpu *vcpu, const struct exit *exit);
void exit_memory(struct vcpu *vcpu, const struct exit *exit);

/* The guest's TSC now. */
u64 exit_guest_tsc(const struct vcpu *vcpu);

#endif
