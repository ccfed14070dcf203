/*
 * The network service of a VMBus guest: a channel on one side, a port of the switch on the
 * other. Frames go through two buffers of the guest, cut into sections, or straight from its
 * pages.
 */
#ifndef GUEST_DRIVERS_SERVICE_NETVSC_H
#define GUEST_DRIVERS_SERVICE_NETVSC_H

#include "guest-drivers/service/rndis.h"
#include "guest-drivers/service/switch.h"
#include "guest-drivers/service/vmbus.h"

#define NETVSC_ADDRESSES     16u   /* of one device that the switch remembers */
#define NETVSC_SECTIONS_MAX  2048u /* of the buffer to the guest that we use */
#define NETVSC_RECEIVE_BYTES 1728u /* of a section: a frame with its head */
#define NETVSC_SEND_BYTES    6144u
#define NETVSC_FRAME_MAX     1514u

struct netvsc {
    struct net_port port; /* first: the switch gives it back */
    struct net_address address[NETVSC_ADDRESSES];
    struct vmbus_channel *channel;
    struct net_switch *net;
    struct rndis_device device;
    u32 version; /* of NVSP; 0: none agreed to yet */
    u32 receive_gpadl, send_gpadl;
    u32 sections;  /* of the buffer to the guest */
    u32 next;      /* to look at for a free one */
    u64 now_ns;    /* set by the caller before frames come */
    u64 malformed; /* messages that made no sense */
    u64 used[NETVSC_SECTIONS_MAX / 64];
};

extern const struct vmbus_service netvsc_service;

/* Makes `channel` one of this service's, with this address (first byte highest), at a switch;
 * vmbus_channel_offer() follows. */
void netvsc_make(struct netvsc *netvsc, struct vmbus_channel *channel, struct net_switch *net,
                 u64 address, u32 mtu);

#endif
