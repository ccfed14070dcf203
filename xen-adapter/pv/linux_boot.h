/*
 * Linux's 32-bit boot protocol, for kernels without a PVH entry in guests that are none of
 * Xen's: there a kernel counts on what PVH promises, and Xen's own tools refuse it too.
 */
#ifndef XEN_ADAPTER_PV_LINUX_BOOT_H
#define XEN_ADAPTER_PV_LINUX_BOOT_H

#include "hv/lib/types.h"

/* The kernel is a bzImage, and there is no Xen below. */
bool linux_boot_serves(void);

/* Places the bzImage as it is, which unpacks itself; leaves a zero page and is gone. Ends the
 * domain with a message when it cannot. */
void linux_boot_run(void) __attribute__((noreturn));

#endif
