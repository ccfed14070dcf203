#include "guest-drivers/service/blk_ring.h"
#include "hv/lib/string.h"

#define RING_PAGE 4096u

static const struct xen_blkif_layout layouts[] = {
    [BLK_64] = XEN_BLKIF_LAYOUT_64,
    [BLK_32] = XEN_BLKIF_LAYOUT_32,
};

void blk_ring_open(struct blk_ring *ring, void *base, u32 pages, enum blk_layout layout)
{
    xen_ring_open(&ring->ring, base, pages * RING_PAGE, layouts[layout].request_bytes);
    ring->layout = layout;
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
    const struct xen_blkif_layout *at = &layouts[ring->layout];
    u8 entry[112];
    u32 waiting;

    TRY(xen_ring_waiting(&ring->ring, &waiting));
    if (waiting == 0)
        return ST_NO_DATA;
    xen_ring_take(&ring->ring, entry, at->request_bytes);
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
    u8 response[12] = {0};

    memcpy(response, &request->id, sizeof(request->id));
    response[8] = request->said;
    memcpy(response + 10, &status, sizeof(status));
    xen_ring_answer(&ring->ring, response, sizeof(response));
}
