/* Rings of requests and responses in shared pages. [xen/io/ring.h] */
#ifndef XEN_ADAPTER_ABI_RING_H
#define XEN_ADAPTER_ABI_RING_H

#include <stdint.h>

/* Indexes at the head of a shared ring; entries begin at byte XEN_RING_ENTRIES. */
struct xen_ring_head {
    uint32_t req_prod, req_event;
    uint32_t rsp_prod, rsp_event;
};
#define XEN_RING_ENTRIES 64u

#endif
