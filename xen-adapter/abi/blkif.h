/*
 * The block ring: shared page(s) of requests and responses [xen/io/blkif.h]. Layouts
 * as offsets, because a 32-bit guest packs the same fields differently.
 */
#ifndef XEN_ADAPTER_ABI_BLKIF_H
#define XEN_ADAPTER_ABI_BLKIF_H

#include <stdint.h>

enum xen_blkif_op {
    XEN_BLKIF_READ = 0,
    XEN_BLKIF_WRITE = 1,
    XEN_BLKIF_BARRIER = 2,
    XEN_BLKIF_FLUSH = 3,
    XEN_BLKIF_DISCARD = 5,
    XEN_BLKIF_INDIRECT = 6,
};
enum xen_blkif_status {
    XEN_BLKIF_OKAY = 0,
    XEN_BLKIF_ERROR = -1,
    XEN_BLKIF_EOPNOTSUPP = -2,
};
#define XEN_BLKIF_SEGMENTS          11u
#define XEN_BLKIF_INDIRECT_PAGES    8u
#define XEN_BLKIF_SEGMENTS_PER_PAGE 512u
#define XEN_BLKIF_SECTOR            512u
#define XEN_BLKIF_SECTORS_PER_PAGE  8u

enum xen_blkif_info { XEN_BLKIF_CDROM = 1, XEN_BLKIF_REMOVABLE = 2, XEN_BLKIF_READONLY = 4 };

struct xen_blkif_segment {
    uint32_t gref;
    uint8_t first_sect, last_sect;
    uint16_t pad;
};

/* Where the fields of a request and a response are. op is at 0, nr_segments at 1, the response
 * has its id at 0, operation at 8, status at 10. */
struct xen_blkif_layout {
    uint8_t request_bytes, response_bytes;
    uint8_t id, sector, segments;
    uint8_t discard_count;
    uint8_t indirect_op, indirect_segments, indirect_refs;
};
#define XEN_BLKIF_LAYOUT_64                                                                    \
    {                                                                                          \
        112, 16, 8, 16, 24, 24, 1, 2, 28                                                       \
    }
#define XEN_BLKIF_LAYOUT_32                                                                    \
    {                                                                                          \
        108, 12, 4, 12, 20, 20, 1, 2, 24                                                       \
    }

#endif
