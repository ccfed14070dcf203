/*
 * The network back-end: rings of a guest on one side, a port of the switch on the other. What a
 * guest writes into its rings can only hurt itself: a packet that cannot be fetched is answered
 * with an error, rings that make no sense end the connection of this device.
 */
#ifndef GUEST_DRIVERS_SERVICE_NETIF_H
#define GUEST_DRIVERS_SERVICE_NETIF_H

#include "guest-drivers/service/backlog.h"
#include "guest-drivers/service/net_control.h"
#include "guest-drivers/service/net_ring.h"
#include "guest-drivers/service/platform.h"
#include "guest-drivers/service/switch.h"

#define NET_QUEUES_MAX    4u
#define NET_ADDRESSES     16u           /* of one guest's device that the switch remembers */
#define NET_BACKLOG_BYTES (256u * 1024) /* that wait for one guest's buffers */

struct net_back;

struct net_queue {
    struct net_back *back;
    struct xen_ring tx, rx;
    u32 tx_port, rx_port; /* may be the same */
    u32 place;            /* of the rings' pages */
    bool is_busy;         /* there is more in the ring than was served */
};

struct net_back {
    struct net_port port; /* first: the switch gives it back */
    struct net_address address[NET_ADDRESSES];
    u32 partition;
    u32 queues; /* connected */
    struct net_queue queue[NET_QUEUES_MAX];
    struct net_control control; /* opened by whoever opens the queues, or not */
    bool is_broken;             /* the guest's rings make no sense; to be closed */
    struct backlog backlog;
    u64 errors; /* packets whose pages the guest did not lend */
};

/* What a front-end says about one queue. */
struct net_offer {
    u32 tx_ref, rx_ref;
    u32 tx_port, rx_port;
};

/* A device with this address; `backlog` is NET_BACKLOG_BYTES of memory. */
void net_back_make(struct net_back *back, u32 partition, u64 address, void *backlog);
/* Connects one more queue. ST_NO_SPACE, and what mapping and binding answer. */
enum status net_queue_open(struct net_back *back, const struct net_offer *offer);
/* With all its queues open: frames go to and fro. `abilities` as the front-end said. */
void net_back_attach(struct net_back *back, struct net_switch *net, u32 abilities, u32 largest);
/* Gives all of the guest's back. */
void net_back_close(struct net_back *back);

/* Serves what waits behind this port; false if it is none of this back-end's. */
bool net_port_serve(struct net_back *back, u32 port, u64 now_ns);
/* Goes on with what was left over; true if there is still more. */
bool net_continue(struct net_back *back, u64 now_ns);
/* Shows the guest what it was given. Call when all back-ends have been served. */
void net_back_push(struct net_back *back);

#endif
