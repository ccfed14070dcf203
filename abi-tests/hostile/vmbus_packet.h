/* Packets to the storage and to the network: honest ones, and such as could be mistakes. */
#ifndef ABI_TESTS_HOSTILE_VMBUS_PACKET_H
#define ABI_TESTS_HOSTILE_VMBUS_PACKET_H

#include "abi-tests/tlfs/vmbus.h"

#define VMBUS_WORDS_MAX   64u
#define VMBUS_OTHER_GPADL 0x2000u /* of the network's buffers, and for games */

/* The one that is made next. */
extern struct vmbus_packet {
    struct b_packet_head head;
    uint64_t words[VMBUS_WORDS_MAX];
} vmbus_packet;

/* A page of ours, or whatever. */
uint64_t vmbus_frame_any(bool is_spoilt);

void vmbus_storage_packet(bool is_spoilt);
void vmbus_network_packet(bool is_spoilt);

/* What is said before commands; the network's buffers are named too. */
void vmbus_storage_begin(struct vmbus_channel *channel);
void vmbus_network_begin(struct vmbus_channel *channel);
/* For sub-channels. */
void vmbus_network_ask(struct vmbus_channel *channel, uint32_t sub_channels);
/* One operation, with its value where it has one. */
void vmbus_storage_say(struct vmbus_channel *channel, uint32_t operation, uint16_t value);

#endif
