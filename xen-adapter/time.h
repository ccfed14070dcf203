/* Time as the guest reads it from memory: its pvclock records and the wall clock. */
#ifndef XEN_ADAPTER_TIME_H
#define XEN_ADAPTER_TIME_H

#include "xen-adapter/state.h"

/*
 * Writes the vCPU's record into vcpu_info and the registered area, and the wall clock into the
 * shared page. The guest's TSC runs at one rate with one offset, so a record stays right for
 * ever; it is written when it gets a new place.
 */
void xen_time_refresh(struct xen_vcpu *xv);

/* The registered runstate area, now. */
void xen_runstate_refresh(struct xen_vcpu *xv, u32 state);

#endif
