/*
 * The two rings of a network front-end: packets by value, each field read once and checked
 * here, so that nothing behind this sees a guest's number that makes no sense.
 */
#ifndef GUEST_DRIVERS_SERVICE_NET_RING_H
#define GUEST_DRIVERS_SERVICE_NET_RING_H

#include "guest-drivers/service/net.h"
#include "guest-drivers/service/xen_ring.h"
#include "xen-adapter/abi/netif.h"

#define NET_SLOTS_MAX  XEN_NETIF_SLOTS_MIN
#define NET_EXTRAS_MAX 4u
#define NET_SLOT_BYTES 4096u

/* A part of a packet in a page of the guest's; offset + bytes stay in it. */
struct net_slot {
    u32 ref;
    u16 offset;
    u16 bytes;
    u16 id;
};

/* A packet that the guest sends. */
struct net_packet {
    u32 slots;
    u32 extras; /* ring entries behind the first slot's */
    u32 bytes;  /* of all slots */
    u32 flags;  /* enum net_frame_flag */
    enum net_gso gso;
    u32 gso_bytes;
    struct net_slot slot[NET_SLOTS_MAX];
};

void net_tx_open(struct xen_ring *ring, void *base);
/* The next packet. ST_NO_DATA: none waits. ST_CORRUPT: the ring is not to be used any more. */
enum status net_tx_take(struct xen_ring *ring, struct net_packet *out);
void net_tx_answer(struct xen_ring *ring, const struct net_packet *packet,
                   enum xen_netif_status status);

void net_rx_open(struct xen_ring *ring, void *base);
/* Entries that a frame takes. */
u32 net_rx_need(const struct net_frame *frame);
/*
 * The guest's buffers for a frame, its bytes dealt out to them. ST_NO_DATA: there are too few
 * by now, none is taken. ST_CORRUPT. Each success pairs with net_rx_answer().
 */
enum status net_rx_take(struct xen_ring *ring, const struct net_frame *frame,
                        struct net_packet *out);
/* `status` is OKAY or ERROR, for the whole frame. */
void net_rx_answer(struct xen_ring *ring, const struct net_frame *frame,
                   const struct net_packet *packet, enum xen_netif_status status);

#endif
