/*
 * The shared page of a 9P connection: indexes that count bytes, and the pages that carry them.
 * The first half of those is for replies, the second for requests. [xen/io/9pfs.h, io/ring.h]
 */
#ifndef XEN_ADAPTER_ABI_P9FS_H
#define XEN_ADAPTER_ABI_P9FS_H

#include <stdint.h>

#define XEN_P9FS_VERSION   1u
#define XEN_P9FS_ORDER_MAX 9u

struct xen_p9fs_interface {
    uint32_t in_cons, in_prod; /* replies: the back-end produces */
    uint8_t pad1[56];
    uint32_t out_cons, out_prod; /* requests: the front-end produces */
    uint8_t pad2[56];
    uint32_t ring_order; /* the pages: 1 << ring_order */
    uint32_t ref[1u << XEN_P9FS_ORDER_MAX];
};

#endif
