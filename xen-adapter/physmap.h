/* Where in the guest's memory the adapter's pages lie. */
#ifndef XEN_ADAPTER_PHYSMAP_H
#define XEN_ADAPTER_PHYSMAP_H

#include "xen-adapter/state.h"

/* Frames that are being replaced or removed are no longer the place of one of our pages. */
void xen_place_forget(struct xen_domain *domain, u64 gfn, u64 count);

#endif
