/* Exceptions and interrupts: from the guest to its own handlers, from the shim to a fix-up. */
#ifndef XEN_ADAPTER_PV_TRAP_H
#define XEN_ADAPTER_PV_TRAP_H

#include "xen-adapter/pv/shim.h"

#define CALLBACK_MASKS 1u /* CALLBACKF_mask_events */

#define VECTOR_DB  1u
#define VECTOR_NMI 2u
#define VECTOR_UD  6u
#define VECTOR_NM  7u
#define VECTOR_DF  8u
#define VECTOR_GP  13u
#define VECTOR_PF  14u
#define VECTOR_MC  18u

#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_USER    4u
#define PF_FETCH   16u

/* Called by entry.S. */
void trap_from_guest(struct pv_vcpu *vcpu);
void trap_from_shim(struct pv_regs *regs);
void trap_fatal(struct pv_regs *regs) __attribute__((noreturn));

#endif
