/*
 * Frames that the shim pushes on the guest kernel's stack before it goes on at one of the
 * guest's own entry points. [xen-pv-boot 10]
 */
#ifndef XEN_ADAPTER_PV_BOUNCE_H
#define XEN_ADAPTER_PV_BOUNCE_H

#include "xen-adapter/pv/shim.h"

#define BOUNCE_ERROR 1u /* push vcpu->regs.error */
#define BOUNCE_MASK  2u /* upcalls are masked from here on */

/*
 * Pushes the frame for what vcpu->regs hold, in kernel mode of the guest, and goes on at
 * `address`. No address, no stack: the domain crashes, as on Xen.
 */
void bounce(struct pv_vcpu *vcpu, u64 address, u32 flags);
void bounce_failsafe(struct pv_vcpu *vcpu);

/* Vectors that push an error code: #DF #TS #NP #SS #GP #PF #AC #CP #VC #SX. [APM2 8.2] */
#define BOUNCE_ERROR_VECTORS                                                                   \
    (BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(17) | BIT(21) | BIT(29) |  \
     BIT(30))

/* To the guest's handler of an exception, with or without regs.error as the vector demands. */
static inline void bounce_trap(struct pv_vcpu *vcpu, u32 vector)
{
    const struct pv_trap *trap = &vcpu->trap[vector];
    u32 flags = (trap->flags & 4u) >> 1; /* mask events on entry: BOUNCE_MASK */

    if (vector < 32 && (BOUNCE_ERROR_VECTORS >> vector & 1))
        flags |= BOUNCE_ERROR;
    bounce(vcpu, trap->address, flags);
}

/* The same with another error code: #GP(code) for an instruction that the guest may not use. */
void bounce_fault(struct pv_vcpu *vcpu, u32 vector, u32 error);

#endif
