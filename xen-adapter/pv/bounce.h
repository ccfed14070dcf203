/*
 * Frames that the shim pushes on the guest kernel's stack before it goes on at one of the guest's
 * own entry points. [xen-pv-boot 10]
 */
#ifndef XEN_ADAPTER_PV_BOUNCE_H
#define XEN_ADAPTER_PV_BOUNCE_H

#include "xen-adapter/pv/shim.h"

#define BOUNCE_ERROR 1u /* push vcpu->regs.error */
#define BOUNCE_MASK 2u  /* upcalls are masked from here on */

#define BOUNCE_WORDS_MAX 11u

/* The words of a frame, lowest address first; returns how many. */
u32 bounce_words(const struct pv_vcpu *vcpu, u32 flags, u64 words[BOUNCE_WORDS_MAX]);

/* The same for the failsafe callback; `selectors` are ds, es, fs, gs. */
u32 bounce_failsafe_words(const struct pv_vcpu *vcpu, const u16 selectors[4],
                          u64 words[BOUNCE_WORDS_MAX]);

/*
 * Pushes the frame for what vcpu->regs hold, in kernel mode of the guest, and goes on at
 * `address`. No address, no stack: the domain crashes, as on Xen.
 */
void bounce(struct pv_vcpu *vcpu, u64 address, u32 flags);
void bounce_failsafe(struct pv_vcpu *vcpu);

/* To the guest's handler of an exception, with or without regs.error as the vector demands. */
void bounce_trap(struct pv_vcpu *vcpu, u32 vector);

/* The same with another error code: #GP(code) for an instruction that the guest may not use. */
void bounce_fault(struct pv_vcpu *vcpu, u32 vector, u32 error);

#endif
