/* Debug registers as the guest sees them. [xen/xen.h, set_debugreg] */
#ifndef XEN_ADAPTER_PV_DEBUGREG_H
#define XEN_ADAPTER_PV_DEBUGREG_H

#include "hv/lib/status.h"
#include "xen-adapter/pv/shim.h"

/* ST_DENIED: an address of the shim or a reserved bit; ST_NO_DEVICE: DR4/5 with CR4.DE;
 * ST_INVALID: no such register. */
enum status debugreg_write(struct pv_vcpu *vcpu, u64 number, u64 value);
enum status debugreg_read(const struct pv_vcpu *vcpu, u64 number, u64 *value);

/* #DB from the guest: DR6 is merged into the guest's and the trap goes on to its handler. */
void debugreg_hit(struct pv_vcpu *vcpu);

/* The trap after an emulated instruction with TF set. */
void debugreg_single_step(struct pv_vcpu *vcpu);

#endif
