/* How a record of time is written that the guest may read meanwhile: for the adapter and the
 * shim. [xen/xen.h] */
#ifndef XEN_ADAPTER_ABI_XEN_TIME_H
#define XEN_ADAPTER_ABI_XEN_TIME_H

#include "xen-adapter/abi/xen.h"

/* The version is odd while the record changes. */
static inline void xen_time_record_write(struct xen_vcpu_time_info *to,
                                         const struct xen_vcpu_time_info *from)
{
    uint32_t version = __atomic_load_n(&to->version, __ATOMIC_RELAXED) | 1;

    __atomic_store_n(&to->version, version, __ATOMIC_RELEASE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    to->tsc_timestamp = from->tsc_timestamp;
    to->system_time = from->system_time;
    to->tsc_to_system_mul = from->tsc_to_system_mul;
    to->tsc_shift = from->tsc_shift;
    to->flags = from->flags;
    __atomic_store_n(&to->version, version + 1, __ATOMIC_RELEASE);
}

#endif
