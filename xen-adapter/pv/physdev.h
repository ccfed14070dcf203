/* I/O privilege of a PV guest: virtual IOPL and I/O bitmap; no port is really there. */
#ifndef XEN_ADAPTER_PV_PHYSDEV_H
#define XEN_ADAPTER_PV_PHYSDEV_H

#include "xen-adapter/pv/shim.h"

/* May the guest, in its present mode, name these ports? */
bool ioport_allowed(const struct pv_vcpu *vcpu, u32 port, u32 count);

#endif
