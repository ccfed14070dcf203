/*
 * The shared ring of a block front-end: requests by value, each field read once and checked
 * here, so that nothing behind this sees a guest's number that makes no sense.
 */
#ifndef GUEST_DRIVERS_SERVICE_BLK_RING_H
#define GUEST_DRIVERS_SERVICE_BLK_RING_H

#include "guest-drivers/service/xen_ring.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/abi/blkif.h"

#define BLK_RING_PAGES_MAX 16u
/* Most segments of an indirect request; their list fits one page. */
#define BLK_SEGMENTS_MAX   64u

enum blk_layout { BLK_64, BLK_32 };

struct blk_ring {
    struct xen_ring ring;
    enum blk_layout layout;
};

struct blk_segment {
    u32 ref;
    u16 first; /* sectors of the page, first <= last < 8 */
    u16 last;
};

struct blk_request {
    u64 id;
    u8 said; /* the operation that the response repeats */
    u8 op;   /* enum xen_blkif_op; INDIRECT is replaced by what it carries */
    bool is_indirect;
    u32 segments;
    u64 sector;
    u64 sectors;  /* of DISCARD; else the segments', when those are known */
    u32 list_ref; /* of an indirect request: the page with its segments */
    struct blk_segment segment[BLK_SEGMENTS_MAX];
};

/* A ring of `pages` pages (a power of two) from its present state on. */
void blk_ring_open(struct blk_ring *ring, void *base, u32 pages, enum blk_layout layout);

/*
 * The next request. ST_NO_DATA: none waits. ST_CORRUPT: the guest's index is impossible, the
 * ring is not to be used any more. ST_INVALID, ST_UNSUPPORTED: this request (of which id and
 * said are set) is to be answered with an error.
 */
enum status blk_ring_take(struct blk_ring *ring, struct blk_request *out);
/* Checks the list of an indirect request, `bytes` of the page at list_ref: ST_INVALID. */
enum status blk_segments_read(struct blk_request *request, const void *list);

/* Puts a response, shown by xen_ring_push(). */
void blk_ring_answer(struct blk_ring *ring, const struct blk_request *request, s16 status);

#endif
