/*
 * Receive-side scaling: the Toeplitz hash over a frame's addresses and ports, and the table
 * that leads from it to a queue. Pure. [NDIS: RSS hashing functions, RSS hashing types;
 * xen/io/netif.h: hash types]
 */
#ifndef GUEST_DRIVERS_SERVICE_RSS_H
#define GUEST_DRIVERS_SERVICE_RSS_H

#include "hv/lib/types.h"

#define RSS_KEY_BYTES   40u
#define RSS_INPUT_BYTES 36u /* the most: addresses and ports of IPv6 */
#define RSS_TABLE_MAX   128u

/* What a hash was taken over, and as a set what it may be taken over. */
enum rss_kind {
    RSS_NONE = 0,
    RSS_IPV4 = 1,
    RSS_IPV4_TCP = 2,
    RSS_IPV6 = 4,
    RSS_IPV6_TCP = 8,
};
#define RSS_ALL (RSS_IPV4 | RSS_IPV4_TCP | RSS_IPV6 | RSS_IPV6_TCP)

/* As a receiver asked for it; all zero: no hashing. */
struct rss {
    u32 kinds;             /* enum rss_kind */
    u8 key[RSS_KEY_BYTES]; /* a shorter one ends with zeros */
    u32 entries;           /* of the table; 0: the hash modulo the queues */
    u32 queue[RSS_TABLE_MAX];
};

struct rss_hash {
    enum rss_kind kind;
    u32 value;
};

/* `bytes` up to RSS_INPUT_BYTES, in the order of the wire. */
u32 rss_toeplitz(const u8 key[RSS_KEY_BYTES], const u8 *input, u32 bytes);

/* By the richest kind that was asked for and that the frame has; RSS_NONE, value 0 without. */
struct rss_hash rss_hash(const struct rss *rss, const u8 *frame, u32 bytes);

/* The queue for a hash; below `queues` if the table's are. */
u32 rss_queue(const struct rss *rss, u32 hash, u32 queues);

#endif
