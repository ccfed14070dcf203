/* What the macros of <xen/io/ring.h> need of their user. Before the interface's own header. */
#ifndef ABI_TESTS_UNIT_XEN_RINGS_H
#define ABI_TESTS_UNIT_XEN_RINGS_H

/* They mix signs. */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"

#define mb()      __sync_synchronize()
#define wmb()     __sync_synchronize()
#define xen_mb()  __sync_synchronize()
#define xen_rmb() __sync_synchronize()
#define xen_wmb() __sync_synchronize()

#endif
