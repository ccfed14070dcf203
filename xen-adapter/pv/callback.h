/* The guest kernel's entry points other than its trap table. */
#ifndef XEN_ADAPTER_PV_CALLBACK_H
#define XEN_ADAPTER_PV_CALLBACK_H

#include "xen-adapter/pv/shim.h"

/* Called by entry.S: on the way back with an event or an NMI due; a system call of any kind. */
void callback_deliver(struct pv_vcpu *vcpu);
void callback_syscall(struct pv_vcpu *vcpu);
void callback_syscall32(struct pv_vcpu *vcpu);
void callback_sysenter(struct pv_vcpu *vcpu);

#endif
