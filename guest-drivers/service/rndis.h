/*
 * RNDIS, the device's half: messages of the guest in, answers out. Pure; every length and
 * offset is the guest's and is checked here. [MS-RNDIS 2.2]
 */
#ifndef GUEST_DRIVERS_SERVICE_RNDIS_H
#define GUEST_DRIVERS_SERVICE_RNDIS_H

#include "enlight/abi/netvsp.h"
#include "guest-drivers/service/rss.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define RNDIS_ANSWER_MAX  192u
/* The longest message of a guest: a frame of 65535 bytes and what is said about it. */
#define RNDIS_MESSAGE_MAX 0x10200u
/* User data of a TCP segment that is to be cut; with the longest headers it is a frame yet. */
#define RNDIS_LARGE_MAX   (65535u - 18 - 60 - 60)

/* What the guest wants of that which is offered. */
enum rndis_offload {
    RNDIS_TAKES_GOOD = 1, /* word that a checksum was found good */
    RNDIS_TAKES_LARGE4 = 2,
    RNDIS_TAKES_LARGE6 = 4,
};

struct rndis_device {
    u64 address; /* MAC, first byte highest */
    u32 mtu;
    bool can_coalesce; /* the guest knows frames in fragments */
    u32 filter;        /* which packets the guest wants; 0: none */
    u32 offloads;      /* enum rndis_offload */
    u32 queues;        /* channels that the guest may have; its table leads to them */
    struct rss scale;  /* as it asked for */
};

/* A frame inside a message, and what the guest says about it. */
struct rndis_frame {
    u8 *at;
    u32 bytes;
    u32 checksum;   /* RNDIS_CHECKSUM_*: left to us */
    u32 large_send; /* 0: not to be cut */
    u32 vlan;
    bool has_vlan;
};

/* Do so many bytes at this offset, which counts from behind the head, lie in the message? */
static inline bool rndis_holds(u32 length, u32 offset, u32 bytes)
{
    return (u64)sizeof(struct rndis_head) + offset + bytes <= length;
}

/* The next message of those that lie one behind the other in `bytes` from *at on; *at goes
 * behind it. ST_NO_DATA, ST_CORRUPT. */
enum status rndis_next(u8 *from, u32 bytes, u32 *at, u8 **message, u32 *length);
/* The frame of a PACKET message. ST_UNSUPPORTED: it is no PACKET; ST_CORRUPT. */
enum status rndis_frame_read(u8 *message, u32 length, struct rndis_frame *out);
/* Serves another message; the length of the answer, 0 where none is due. */
u32 rndis_serve(struct rndis_device *device, const u8 *message, u32 length,
                u8 answer[RNDIS_ANSWER_MAX]);

/* What stands before a frame, or before a fragment of it. */
struct rndis_frame_head {
    struct rndis_packet packet;
    struct rndis_info_word info[3];
} __attribute__((packed));
/* What is said there; 0: nothing. */
struct rndis_frame_words {
    u32 checksum, hash, fragment;
};
/* The head of a PACKET message whose `bytes` of data follow, and its length. */
u32 rndis_frame_head(struct rndis_frame_head *head, u32 bytes,
                     const struct rndis_frame_words *words);

/* ---- between its parts ---- */

/* The objects of receive-side scaling: its abilities, and what the guest sets; a status. */
u32 rndis_scale_put(const struct rndis_device *device, u8 *info);
u32 rndis_scale_set(struct rndis_device *device, const u8 *info, u32 bytes);

#endif
