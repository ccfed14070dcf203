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

#define NETVSC_ADDRESSES     16u /* of one device that the switch remembers */
#define NETVSC_CHANNELS_MAX  8u
#define NETVSC_SECTIONS_MAX  2048u /* of the buffer to the guest that we use */
#define NETVSC_RECEIVE_BYTES 8192u /* of a section: a frame with its head, or a fragment */
#define NETVSC_SEND_BYTES    6144u
#define NETVSC_MTU_MAX       1500u
#define NETVSC_FRAME_MAX     (NETVSC_MTU_MAX + ETHERNET_HEAD + 4) /* not coalesced, with a tag */
#define NETVSC_FRAGMENT_MAX  (NETVSC_RECEIVE_BYTES - (u32)sizeof(struct rndis_frame_head))
#define NETVSC_FRAGMENTS_MAX ((NET_FRAME_MAX + NETVSC_FRAGMENT_MAX - 1) / NETVSC_FRAGMENT_MAX)

/* What one packet to the guest takes in the ring, and what frames leave for answers. */
#define NETVSC_PACKET_ROOM                                                                     \
    (sizeof(struct vmbus_packet_head) + sizeof(struct vmbus_xfer_pages) +                      \
     NETVSC_FRAGMENTS_MAX * sizeof(struct vmbus_xfer_range) + sizeof(struct netvsp_message) +  \
     VMBUS_PACKET_TRAILER)
#define NETVSC_ANSWERS_ROOM (4 * NETVSC_PACKET_ROOM)

struct netvsc {
    struct net_port port; /* first: the switch gives it back */
    struct net_address address[NETVSC_ADDRESSES];
    struct vmbus_channel *channel;                  /* the primary one */
    struct vmbus_channel *sub[NETVSC_CHANNELS_MAX]; /* by index, from 1; NULL: not open */
    struct net_switch *net;
    struct rndis_device device;
    u32 version; /* of NVSP; 0: none agreed to yet */
    u32 receive_gpadl, send_gpadl;
    u16 receive_set; /* what the guest calls it in packets */
    u32 sections;    /* of the buffer to the guest */
    u32 next;        /* to look at for free ones */
    u64 now_ns;      /* set by the caller before frames come */
    u64 malformed;   /* messages that made no sense */
    /* Of each section: how many the packet that begins there has, NETVSC_INSIDE, or 0: free. */
    u8 taken[NETVSC_SECTIONS_MAX];
};
#define NETVSC_INSIDE 0xffu

extern const struct vmbus_service netvsc_service;

/* Makes `channel` one of this service's, with this address (first byte highest), at a switch;
 * vmbus_channel_offer() follows. */
void netvsc_make(struct netvsc *netvsc, struct vmbus_channel *channel, struct net_switch *net,
                 u64 address, u32 mtu);

/* ---- between its parts ---- */

/* The switch has a frame for the guest; it is dropped where there is no room. */
void netvsc_send(struct net_port *port, const struct net_frame *frame);
/* Puts an answer into a section. ST_NO_SPACE. */
enum status netvsc_answer(struct netvsc *netvsc, const u8 *answer, u32 bytes);
/* The guest gives the sections of a packet back. */
void netvsc_sections_give(struct netvsc *netvsc, u64 transaction);
/* RNDIS messages came; the status of NVSP. */
u32 netvsc_receive(struct netvsc *netvsc, const struct vmbus_packet *packet,
                   const struct netvsp_message *said);
/* One of them is no frame. */
void netvsc_control(struct netvsc *netvsc, const u8 *message, u32 length);

#endif
