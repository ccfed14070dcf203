#include "guest-drivers/service/p9_ring.h"
#include "hv/lib/string.h"

#define ROUND 64u /* requests of a ring before others have their turn */

/* One message at a time; both on pages of their own, which copies do not like to cross. */
static _Alignas(PAGE_SIZE) u8 request[NINEP_REQUEST_MAX];
static _Alignas(PAGE_SIZE) struct ninep_reply reply;

void p9_back_make(struct p9_back *back, const struct cpio *tree, u32 partition)
{
    memset(back, 0, sizeof(*back));
    back->tree = tree;
    back->partition = partition;
}

/* What the front-end has put into the page, read once. */
static enum status ring_read(struct p9_ring *ring)
{
    const struct xen_p9fs_interface *shared = ring->shared;
    u32 order = __atomic_load_n(&shared->ring_order, __ATOMIC_RELAXED);

    if (order == 0 || order > XEN_P9FS_ORDER_MAX)
        return ST_INVALID;
    ring->half = (u32)PAGE_SIZE << (order - 1);
    memcpy(ring->ref, shared->ref, sizeof(u32) << order);
    /* A front-end that was connected before goes on where it was. */
    ring->taken = __atomic_load_n(&shared->out_cons, __ATOMIC_RELAXED);
    ring->put = __atomic_load_n(&shared->in_prod, __ATOMIC_RELAXED);
    return ST_OK;
}

enum status p9_ring_open(struct p9_back *back, u32 ref, u32 port)
{
    struct p9_ring *ring = &back->ring[back->rings];
    enum status status;
    void *page;

    if (back->rings == P9_RINGS_MAX)
        return ST_INVALID;
    TRY(grant_ring_map(back->partition, &ref, 1, &ring->place, &page));
    ring->shared = page;
    status = ring_read(ring);
    if (status == ST_OK)
        status = port_bind(back->partition, port, &ring->port);
    if (status != ST_OK) {
        grant_ring_unmap(ring->place);
        return status;
    }
    ring->is_busy = true;
    back->rings++;
    return ST_OK;
}

void p9_back_begin(struct p9_back *back)
{
    u32 limit = UINT32_MAX;

    for (u32 i = 0; i < back->rings; i++)
        limit = MIN(limit, back->ring[i].half);
    back->is_broken = false;
    ninep_begin(&back->server, back->tree, limit);
}

void p9_back_close(struct p9_back *back)
{
    for (u32 i = 0; i < back->rings; i++) {
        port_unbind(back->ring[i].port);
        grant_ring_unmap(back->ring[i].place);
    }
    back->rings = 0;
}

/* ---- bytes ------------------------------------------------------------------------------- */

/* Bytes of one direction's half, from an index on, that lie in one page of the guest and in one
 * of ours. */
static struct grant_part part_of(const struct p9_ring *ring, enum grant_direction direction,
                                 u32 index, u8 *at, u32 bytes)
{
    u32 pages = ring->half >> PAGE_SHIFT;
    u32 page = (index & (ring->half - 1)) >> PAGE_SHIFT;
    u32 offset = index & PAGE_MASK;
    u32 room = (u32)PAGE_SIZE - MAX(offset, (u32)((uintptr_t)at & PAGE_MASK));

    return (struct grant_part){.ref = ring->ref[page + (direction == GRANT_FETCH ? pages : 0)],
                               .offset = (u16)offset,
                               .bytes = (u16)MIN(bytes, room),
                               .at = at};
}

static enum status ring_copy(const struct p9_back *back, const struct p9_ring *ring,
                             enum grant_direction direction, u32 index, u8 *at, u32 bytes)
{
    static struct grant_part part[GRANT_PARTS_MAX]; /* too large for the stack */
    u32 count;

    while (bytes != 0) {
        for (count = 0; count < GRANT_PARTS_MAX && bytes != 0; count++) {
            part[count] = part_of(ring, direction, index, at, bytes);
            index += part[count].bytes;
            at += part[count].bytes;
            bytes -= part[count].bytes;
        }
        TRY(grant_copy(back->partition, direction, part, count));
    }
    return ST_OK;
}

/* ---- messages ---------------------------------------------------------------------------- */

/* The next request, or as much of it as matters. ST_NO_DATA: it is not all there, or there is
 * no room for the longest reply; the front-end will signal. */
static enum status request_take(struct p9_back *back, struct p9_ring *ring, u32 *size)
{
    struct xen_p9fs_interface *shared = ring->shared;
    u32 waiting = __atomic_load_n(&shared->out_prod, __ATOMIC_ACQUIRE) - ring->taken;
    u32 unread = ring->put - __atomic_load_n(&shared->in_cons, __ATOMIC_ACQUIRE);

    if (waiting > ring->half || unread > ring->half)
        return ST_CORRUPT;
    if (waiting < NINEP_HEADER_BYTES || ring->half - unread < back->server.message_max)
        return ST_NO_DATA;
    TRY(ring_copy(back, ring, GRANT_FETCH, ring->taken, request,
                  MIN(waiting, NINEP_REQUEST_MAX)));
    memcpy(size, request, sizeof(*size));
    if (*size < NINEP_HEADER_BYTES || *size > ring->half)
        return ST_CORRUPT;
    return waiting < *size ? ST_NO_DATA : ST_OK;
}

static enum status reply_put(struct p9_back *back, struct p9_ring *ring)
{
    TRY(ring_copy(back, ring, GRANT_STORE, ring->put, reply.head, reply.head_bytes));
    ring->put += reply.head_bytes;
    TRY(ring_copy(back, ring, GRANT_STORE, ring->put, (u8 *)(uintptr_t)reply.data,
                  reply.data_bytes));
    ring->put += reply.data_bytes;
    return ST_OK;
}

static enum status request_serve(struct p9_back *back, struct p9_ring *ring)
{
    u32 size;

    TRY(request_take(back, ring, &size));
    ninep_serve(&back->server, request, MIN(size, NINEP_REQUEST_MAX), &reply);
    TRY(reply_put(back, ring));
    ring->taken += size;
    back->requests++;
    back->read_bytes += reply.data_bytes;
    return ST_OK;
}

static void ring_serve(struct p9_back *back, struct p9_ring *ring)
{
    struct xen_p9fs_interface *shared = ring->shared;
    enum status status = ST_OK;
    u32 taken = ring->taken;
    u32 count = 0;

    for (; count < ROUND && status == ST_OK; count++)
        status = request_serve(back, ring);
    back->is_broken = status != ST_OK && status != ST_NO_DATA;
    ring->is_busy = status == ST_OK;
    if (ring->taken == taken)
        return;
    __atomic_store_n(&shared->in_prod, ring->put, __ATOMIC_RELEASE);
    __atomic_store_n(&shared->out_cons, ring->taken, __ATOMIC_RELEASE);
    port_signal(ring->port);
}

bool p9_port_serve(struct p9_back *back, u32 port)
{
    for (u32 i = 0; i < back->rings; i++) {
        if (back->ring[i].port == port) {
            if (!back->is_broken)
                ring_serve(back, &back->ring[i]);
            return true;
        }
    }
    return false;
}

bool p9_continue(struct p9_back *back)
{
    bool is_busy = false;

    for (u32 i = 0; i < back->rings && !back->is_broken; i++) {
        if (back->ring[i].is_busy)
            ring_serve(back, &back->ring[i]);
        is_busy |= back->ring[i].is_busy;
    }
    return is_busy;
}
