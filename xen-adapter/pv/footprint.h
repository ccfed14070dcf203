/*
 * The memory that a kernel takes while the loader is still there, and what gives way to it.
 */
#ifndef XEN_ADAPTER_PV_FOOTPRINT_H
#define XEN_ADAPTER_PV_FOOTPRINT_H

#include "xen-adapter/pv/l0.h"
#include "xen-adapter/pv/memory.h"

/* All below 4 GiB. */
struct footprint {
    struct span target; /* where the kernel will lie */
    struct span output; /* its unpacked file, until that is moved there */
};

/* Places outside footprint, loader and modules: a working copy, made anew by each call. */
struct spans *footprint_free(const struct footprint *footprint);

/* Gives a module another place below `limit` when it lies in the way, or above; its old one is
 * free then. ST_NO_MEMORY. */
enum status footprint_avoid(const struct footprint *footprint, struct start_module *module,
                            u64 limit);

#endif
