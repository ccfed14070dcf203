#include "guest-drivers/service/blk_ring.h"
#include "hv/lib/string.h"

#define RING_PAGE 4096u

static const struct xen_blkif_layout layouts[] = {
    [BLK_64] = XEN_BLKIF_LAYOUT_64,
    [BLK_32] = XEN_BLKIF_LAYOUT_32,
};

static struct xen_ring_head *head_of(const struct blk_ring *ring)
{
    return (struct xen_ring_head *)(void *)ring->base;
}

static u8 *entry_at(const struct blk_ring *ring, u32 index)
{
    return ring->base + XEN_RING_ENTRIES +
           (u64)(index % ring->entries) * layouts[ring->layout].request_bytes;
}

void blk_ring_open(struct blk_ring *ring, void *base, u32 pages, enum blk_layout layout)
{
    u32 room = (pages * RING_PAGE - XEN_RING_ENTRIES) / layouts[layout].request_bytes;
    const struct xen_ring_head *head = base;

    *ring = (struct blk_ring){.base = base, .entries = 1, .layout = layout};
    while (ring->entries * 2 <= room)
        ring->entries *= 2;
    /* A front-end that was connected before goes on where its responses ended. */
    ring->pushed = __atomic_load_n(&head->rsp_prod, __ATOMIC_RELAXED);
    ring->answered = ring->pushed;
    ring->taken = ring->pushed;
}

static u64 get(const u8 *entry, u32 at, u32 bytes)
{
    u64 value = 0;

    memcpy(&value, entry + at, bytes);
    return value;
}

static enum status segment_read(const struct xen_blkif_segment *raw, struct blk_request *out,
                                u32 index)
{
    if (raw->first_sect > raw->last_sect || raw->last_sect >= XEN_BLKIF_SECTORS_PER_PAGE)
        return ST_INVALID;
    out->segment[index] = (struct blk_segment){raw->gref, raw->first_sect, raw->last_sect};
    out->sectors += (u64)raw->last_sect - raw->first_sect + 1;
    return ST_OK;
}

/* Sectors to move: their number is the segments', and there is at least one. */
static enum status direct_read(const struct xen_blkif_layout *at, const u8 *entry,
                               struct blk_request *out)
{
    struct xen_blkif_segment raw;

    out->segments = (u32)get(entry, 1, 1);
    if (out->segments > XEN_BLKIF_SEGMENTS ||
        (out->segments == 0 && out->op != XEN_BLKIF_FLUSH))
        return ST_INVALID;
    for (u32 i = 0; i < out->segments; i++) {
        memcpy(&raw, entry + at->segments + i * sizeof(raw), sizeof(raw));
        TRY(segment_read(&raw, out, i));
    }
    return ST_OK;
}

static enum status indirect_read(const struct xen_blkif_layout *at, const u8 *entry,
                                 struct blk_request *out)
{
    out->op = (u8)get(entry, at->indirect_op, 1);
    out->is_indirect = true;
    out->said = out->op; /* the response is one to what was carried */
    out->segments = (u32)get(entry, at->indirect_segments, 2);
    out->list_ref = (u32)get(entry, at->indirect_refs, 4);
    if (out->op != XEN_BLKIF_READ && out->op != XEN_BLKIF_WRITE)
        return ST_UNSUPPORTED;
    return out->segments == 0 || out->segments > BLK_SEGMENTS_MAX ? ST_INVALID : ST_OK;
}

static enum status request_read(const struct xen_blkif_layout *at, const u8 *entry,
                                struct blk_request *out)
{
    out->said = entry[0];
    out->op = entry[0];
    out->is_indirect = false;
    out->id = get(entry, at->id, 8);
    out->sector = get(entry, at->sector, 8);
    out->sectors = 0;
    out->segments = 0;
    switch (out->op) {
    case XEN_BLKIF_READ:
    case XEN_BLKIF_WRITE:
    case XEN_BLKIF_FLUSH:
        return direct_read(at, entry, out);
    case XEN_BLKIF_DISCARD:
        out->sectors = get(entry, at->discard_count, 8);
        return ST_OK;
    case XEN_BLKIF_INDIRECT:
        return indirect_read(at, entry, out);
    default:
        return ST_UNSUPPORTED;
    }
}

enum status blk_ring_take(struct blk_ring *ring, struct blk_request *out)
{
    u32 producer = __atomic_load_n(&head_of(ring)->req_prod, __ATOMIC_ACQUIRE);
    const struct xen_blkif_layout *at = &layouts[ring->layout];
    u8 entry[112];

    if (producer - ring->answered > ring->entries)
        return ST_CORRUPT;
    if (producer == ring->taken)
        return ST_NO_DATA;
    if (ring->taken - ring->answered >= ring->entries || producer - ring->taken > ring->entries)
        return ST_CORRUPT;
    memcpy(entry, entry_at(ring, ring->taken), at->request_bytes);
    ring->taken++;
    return request_read(at, entry, out);
}

enum status blk_segments_read(struct blk_request *request, const void *list)
{
    const u8 *from = list;
    struct xen_blkif_segment raw;

    for (u32 i = 0; i < request->segments; i++) {
        memcpy(&raw, from + i * sizeof(raw), sizeof(raw));
        TRY(segment_read(&raw, request, i));
    }
    return ST_OK;
}

void blk_ring_answer(struct blk_ring *ring, const struct blk_request *request, s16 status)
{
    u8 *entry = entry_at(ring, ring->answered);

    memcpy(entry, &request->id, sizeof(request->id));
    entry[8] = request->said;
    entry[9] = 0;
    memcpy(entry + 10, &status, sizeof(status));
    ring->answered++;
}

bool blk_ring_push(struct blk_ring *ring)
{
    struct xen_ring_head *head = head_of(ring);
    u32 old = ring->pushed;
    u32 wanted;

    if (old == ring->answered)
        return false;
    __atomic_store_n(&head->rsp_prod, ring->answered, __ATOMIC_SEQ_CST);
    ring->pushed = ring->answered;
    wanted = __atomic_load_n(&head->rsp_event, __ATOMIC_SEQ_CST);
    return ring->answered - wanted < ring->answered - old;
}

bool blk_ring_sleep(struct blk_ring *ring)
{
    struct xen_ring_head *head = head_of(ring);

    if (__atomic_load_n(&head->req_prod, __ATOMIC_ACQUIRE) != ring->taken)
        return true;
    __atomic_store_n(&head->req_event, ring->taken + 1, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&head->req_prod, __ATOMIC_SEQ_CST) != ring->taken;
}
