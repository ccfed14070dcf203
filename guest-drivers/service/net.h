/*
 * Frames and the ports they go through. A port is a face for a guest (netif, later netvsc) or a
 * device of the machine; between them stands the switch.
 */
#ifndef GUEST_DRIVERS_SERVICE_NET_H
#define GUEST_DRIVERS_SERVICE_NET_H

#include "guest-drivers/service/rss.h"

#define ETHERNET_HEAD    14u
#define ETHERNET_ADDRESS 6u
/* The longest frame of any port, one that is still to be cut into segments included. */
#define NET_FRAME_MAX    65535u

enum net_frame_flag {
    NET_CHECKSUM_BLANK =
        1,                 /* of the transport; whoever takes the frame fills it or trusts it */
    NET_CHECKSUM_GOOD = 2, /* somebody has checked it */
};

/* What is to be cut into segments before it goes over a wire. */
enum net_gso { NET_GSO_NONE, NET_GSO_TCP4, NET_GSO_TCP6 };

struct net_frame {
    const u8 *at;
    u32 bytes;
    u32 flags; /* enum net_frame_flag */
    enum net_gso gso;
    u32 gso_bytes;        /* payload of each segment */
    struct rss_hash hash; /* by its receiver's key, where that one asked for it */
};

/* Frames a port takes as they are; others are finished first. */
enum net_ability {
    NET_TAKES_BLANK4 = 1,
    NET_TAKES_BLANK6 = 2,
    NET_TAKES_GSO4 = 4,
    NET_TAKES_GSO6 = 8,
};

enum net_trust {
    NET_GUEST,   /* says what it likes */
    NET_MACHINE, /* no guest takes an address that lives behind it */
};

struct net_switch;
struct net_address;

struct net_counts {
    u64 frames, bytes;
    u64 dropped;
};

struct net_port {
    /* Takes the bytes before it returns. */
    void (*send)(struct net_port *port, const struct net_frame *frame);
    u32 abilities; /* enum net_ability */
    u32 largest;   /* bytes of a frame that is not cut */
    enum net_trust trust;
    u64 own;                     /* the address that is this port's for ever; 0: none */
    struct net_address *address; /* its share of the switch's table */
    u32 addresses;
    struct net_counts in, out; /* from it, to it */

    struct net_switch *home; /* NULL: not attached */
    struct net_port *next;
};

/* Six bytes of a frame as a number, first byte highest. */
static inline u64 net_address_get(const u8 *at)
{
    u64 address = 0;

    for (u32 i = 0; i < ETHERNET_ADDRESS; i++)
        address = address << 8 | at[i];
    return address;
}

#endif
