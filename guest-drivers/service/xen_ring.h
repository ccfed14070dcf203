/*
 * The back-end's half of a ring shared with a guest: requests are taken, responses put in their
 * place, the other side is signalled when it wants to be. [xen/io/ring.h]
 */
#ifndef GUEST_DRIVERS_SERVICE_XEN_RING_H
#define GUEST_DRIVERS_SERVICE_XEN_RING_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/abi/ring.h"

struct xen_ring {
    u8 *base; /* the pages, one after the other */
    u32 entries;
    u32 entry_bytes;
    u32 taken;    /* requests */
    u32 answered; /* responses, shown by xen_ring_push() */
    u32 pushed;
};

/* A ring from its present state on: as many entries, a power of two, as `bytes` hold. */
void xen_ring_open(struct xen_ring *ring, void *base, u32 bytes, u32 entry_bytes);

/* Requests that wait. ST_CORRUPT: the guest's index is impossible, or there is no room for the
 * response; the ring is not to be used any more. */
enum status xen_ring_waiting(const struct xen_ring *ring, u32 *count);
/* Copies the next request; one must wait. */
void xen_ring_take(struct xen_ring *ring, void *request, u32 bytes);
/* Puts a response; no more than were taken. */
void xen_ring_answer(struct xen_ring *ring, const void *response, u32 bytes);

/* Shows the responses; true if the guest wants a signal for them. */
bool xen_ring_push(struct xen_ring *ring);
/* Asks to be signalled when `count` requests wait; true if they do already. */
bool xen_ring_sleep(const struct xen_ring *ring, u32 count);

#endif
