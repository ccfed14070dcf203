#include "guest-drivers/service/xen_ring.h"
#include "hv/lib/string.h"

static struct xen_ring_head *head_of(const struct xen_ring *ring)
{
    return (struct xen_ring_head *)(void *)ring->base;
}

static u8 *entry_at(const struct xen_ring *ring, u32 index)
{
    return ring->base + XEN_RING_ENTRIES + (u64)(index % ring->entries) * ring->entry_bytes;
}

void xen_ring_open(struct xen_ring *ring, void *base, u32 bytes, u32 entry_bytes)
{
    u32 room = (bytes - XEN_RING_ENTRIES) / entry_bytes;

    *ring = (struct xen_ring){.base = base, .entries = 1, .entry_bytes = entry_bytes};
    while (ring->entries * 2 <= room)
        ring->entries *= 2;
    /* A front-end that was connected before goes on where its responses ended. */
    ring->pushed = __atomic_load_n(&head_of(ring)->rsp_prod, __ATOMIC_RELAXED);
    ring->answered = ring->pushed;
    ring->taken = ring->pushed;
}

enum status xen_ring_waiting(const struct xen_ring *ring, u32 *count)
{
    u32 producer = __atomic_load_n(&head_of(ring)->req_prod, __ATOMIC_ACQUIRE);

    *count = producer - ring->taken;
    return producer - ring->answered > ring->entries || *count > ring->entries ? ST_CORRUPT
                                                                               : ST_OK;
}

void xen_ring_take(struct xen_ring *ring, void *request, u32 bytes)
{
    memcpy(request, entry_at(ring, ring->taken++), bytes);
}

void xen_ring_answer(struct xen_ring *ring, const void *response, u32 bytes)
{
    memcpy(entry_at(ring, ring->answered++), response, bytes);
}

bool xen_ring_push(struct xen_ring *ring)
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

bool xen_ring_sleep(const struct xen_ring *ring, u32 count)
{
    struct xen_ring_head *head = head_of(ring);

    if (__atomic_load_n(&head->req_prod, __ATOMIC_ACQUIRE) - ring->taken >= count)
        return true;
    __atomic_store_n(&head->req_event, ring->taken + count, __ATOMIC_SEQ_CST);
    return __atomic_load_n(&head->req_prod, __ATOMIC_SEQ_CST) - ring->taken >= count;
}
