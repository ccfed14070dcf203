#ifndef XEN_ADAPTER_PV_IRET_H
#define XEN_ADAPTER_PV_IRET_H

#include "xen-adapter/pv/shim.h"

struct xen_iret_context;

/* Makes vcpu->regs what the frame asks for, as far as a guest may; the mode it leads to. */
enum pv_mode iret_apply(struct pv_vcpu *vcpu, const struct xen_iret_context *frame);

#endif
