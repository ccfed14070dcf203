/* A VMBus guest: messages, GPADLs, and a channel's two rings. [<linux/hyperv.h>] */
#ifndef ABI_TESTS_TLFS_VMBUS_H
#define ABI_TESTS_TLFS_VMBUS_H

#include "abi-tests/golden/vmbus_numbers.h"
#include "abi-tests/kit/kit.h"

#define VMBUS_OFFERS_MAX 16u
#define VMBUS_RING_PAGES 4u /* of both rings, heads included */
#define VMBUS_RING_BYTES ((VMBUS_RING_PAGES / 2 - 1) * KIT_PAGE)

struct vmbus_offer {
    uint32_t relid, interface;
};
extern struct vmbus_offer vmbus_offers[VMBUS_OFFERS_MAX];
extern uint32_t vmbus_offer_count;

struct vmbus_channel {
    uint32_t relid, gpadl;
    uint8_t (*pages)[KIT_PAGE]; /* out, then in: head and data each */
    uint32_t interface;         /* of its device, where that matters */
};

/* 100 ns since the start of the partition; for how many of them an answer is awaited. */
uint64_t vmbus_now(void);
extern uint64_t vmbus_patience;

/* Interrupt pages, then version 5.3 and the offers; false: the host does not answer. */
bool vmbus_connect(void);

/* Posts so many bytes of a message; the call's result. */
uint64_t vmbus_post(const struct b_message *message, uint32_t bytes);
/* The next message to us; false: none came within the patience. */
bool vmbus_take(struct b_message *out, uint64_t patience);
/* Drops messages until one of this type comes. */
bool vmbus_await(enum b_message_type type, struct b_message *out);

/* Names `count` pages of the image one by one; the host's status, ~0 without an answer. */
uint32_t vmbus_gpadl_make(uint32_t relid, uint32_t gpadl, const uint64_t *frames,
                          uint32_t count, uint32_t bytes);
void vmbus_gpadl_end(uint32_t relid, uint32_t gpadl);

/* The rings are cleared, named and opened; false: the host refuses. */
bool vmbus_open(struct vmbus_channel *channel);
/* Closes, and takes the GPADL back. */
void vmbus_close(struct vmbus_channel *channel);
void vmbus_signal(const struct vmbus_channel *channel);

static inline volatile struct b_ring_head *vmbus_out(const struct vmbus_channel *channel)
{
    return (volatile struct b_ring_head *)(volatile void *)channel->pages[0];
}

static inline volatile struct b_ring_head *vmbus_in(const struct vmbus_channel *channel)
{
    return (volatile struct b_ring_head *)(volatile void *)channel->pages[VMBUS_RING_PAGES / 2];
}

/* Puts a packet of whole words (its head has its lengths) into the ring; false: no room. */
bool vmbus_put(struct vmbus_channel *channel, const struct b_packet_head *packet);
/* The next packet's head and at most `room` bytes of its data; false: none. */
bool vmbus_get(struct vmbus_channel *channel, struct b_packet_head *head, void *data,
               uint32_t room);

#endif
