/* A guest's SynIC for tests of VMBus, and that guest's half of rings. */
#ifndef ABI_TESTS_UNIT_FAKE_VMBUS_H
#define ABI_TESTS_UNIT_FAKE_VMBUS_H

#include "abi-tests/unit/fake_guest_memory.h"
#include "guest-drivers/service/vmbus.h"

#define FAKE_POSTS 64u
#define FAKE_PORT  1000u /* and the relid */

/* What came to the guest. */
struct fake_post {
    u32 vp, sint, bytes;
    u8 payload[VMBUS_MESSAGE_MAX];
};
extern struct fake_post fake_posts[FAKE_POSTS];
extern u32 fake_post_count;
extern u32 fake_post_room; /* then ST_AGAIN */
extern u32 fake_flags;     /* event flags that were set */
extern u32 fake_flag_vp, fake_flag;
extern u32 fake_events; /* connections */

void fake_vmbus_reset(void);

/* The guest's rings: `pages` each, at these frames one after the other. */
struct fake_ring {
    struct vmbus_ring_head *head;
    u8 *data;
    u32 bytes;
};
struct fake_ring fake_ring_at(u32 frame, u32 pages);
/* Puts a packet of this type; more is what belongs to the head. */
void fake_ring_put(struct fake_ring *ring, u16 type, u64 transaction, const void *more,
                   u32 more_bytes, const void *data, u32 bytes);
/* Takes the next packet: its data's length rounded up, or -1 when there is none. */
int fake_ring_take(struct fake_ring *ring, struct vmbus_packet_head *head, void *data,
                   u32 room);

/* Connects with 5.3. */
void fake_vmbus_contact(struct vmbus *bus);
/* Names `pages` pages in a row, so many that one message holds them. */
void fake_gpadl_make(struct vmbus *bus, u32 relid, u32 id, u32 frame, u32 pages);
/* Opens channel `relid` with rings of `pages` pages each from `frame`; the host's status. */
u32 fake_channel_open(struct vmbus *bus, u32 relid, u32 frame, u32 pages);
/* Both, for a channel that is the only one: rings of four pages from frame 10. */
bool fake_channel_begin(struct vmbus *bus, struct fake_ring *out, struct fake_ring *in);

#endif
