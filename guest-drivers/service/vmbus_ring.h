/*
 * One direction of a channel: a ring of packets in pages of the guest. Its indexes and bytes
 * are the guest's to write at any time; each is read once and checked here. [<linux/hyperv.h>]
 */
#ifndef GUEST_DRIVERS_SERVICE_VMBUS_RING_H
#define GUEST_DRIVERS_SERVICE_VMBUS_RING_H

#include "enlight/abi/vmbus.h"
#include "guest-drivers/service/vmbus_gpadl.h"

#define VMBUS_PACKET_MAX 4112u /* a page of data and its head */

/* A page of the ring, where it is mapped; looked up anew when mappings have moved. */
struct vmbus_window {
    u8 *at;
    u32 page;
    u32 moves;
};

struct vmbus_ring {
    struct vmbus_gpadls *gpadls;
    const struct vmbus_gpadl *gpadl;
    u32 page;                       /* of the GPADL: the ring's head, its data follows */
    u32 bytes;                      /* of data */
    u32 at;                         /* our own index: what we read next, or write next */
    u32 shown;                      /* the reader's: what the guest knows of it */
    struct vmbus_window head, data; /* its head; the page of data that was used last */
};

/* A packet, as a value. */
struct vmbus_packet {
    struct vmbus_packet_head head;
    u32 bytes;      /* all of it */
    u32 data_at;    /* where its data begins */
    u32 data_bytes; /* rounded up to 8 */
    u8 all[VMBUS_PACKET_MAX];
};

/* A ring of `pages` pages of the GPADL, its head included (at least two); they stay mapped
 * until it is closed. */
enum status vmbus_ring_open(struct vmbus_ring *ring, struct vmbus_gpadls *gpadls,
                            const struct vmbus_gpadl *gpadl, u32 page, u32 pages);
void vmbus_ring_close(struct vmbus_ring *ring);

/*
 * The next packet. ST_NO_DATA: none waits. ST_TOO_BIG: taken, but only its head is in *out.
 * ST_CORRUPT: the ring makes no sense and is not to be used any more.
 */
enum status vmbus_ring_take(struct vmbus_ring *ring, struct vmbus_packet *out);
/* While packets are being taken the guest need not signal. */
void vmbus_ring_mask(struct vmbus_ring *ring);
/* Shows what was taken; true if the guest waits for the room and is to be signalled. */
bool vmbus_ring_release(struct vmbus_ring *ring);
/* Asks to be signalled for the next packet; true if one came meanwhile. */
bool vmbus_ring_sleep(struct vmbus_ring *ring);

/*
 * Puts a packet: its head (words are filled in), then what belongs to the head, then data.
 * ST_NO_SPACE, ST_CORRUPT. *is_signal: the guest is to be signalled.
 */
struct vmbus_put {
    struct vmbus_packet_head head;
    const void *more; /* of the head, whole words */
    u32 more_bytes;
    const void *data;
    u32 data_bytes;
};
enum status vmbus_ring_put(struct vmbus_ring *ring, const struct vmbus_put *put,
                           bool *is_signal);
/* Bytes of packets that fit now, trailers included. */
u32 vmbus_ring_room(struct vmbus_ring *ring);
/* Asks to be signalled when there is more room than this; 0: no more. */
void vmbus_ring_want(struct vmbus_ring *ring, u32 bytes);

#endif
