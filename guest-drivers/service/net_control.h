/*
 * The control ring of a network front-end: how its receive queues are chosen. A request is read
 * once; one that is refused changes nothing. [xen/io/netif.h: control ring, control messages]
 */
#ifndef GUEST_DRIVERS_SERVICE_NET_CONTROL_H
#define GUEST_DRIVERS_SERVICE_NET_CONTROL_H

#include "guest-drivers/service/rss.h"
#include "guest-drivers/service/xen_ring.h"
#include "xen-adapter/abi/netif.h"

/* All zero: there is no such ring. */
struct net_control {
    bool is_open;
    bool is_busy; /* there is more in the ring than was served */
    u32 partition;
    u32 port, place;
    struct xen_ring ring;
    enum xen_netif_control_algorithm algorithm;
    struct rss rss; /* is kept while the algorithm is none */
};

/* What mapping and binding answer. */
enum status net_control_open(struct net_control *control, u32 partition, u32 ref, u32 port);
/* Gives all of the guest's back; what was asked for is forgotten. */
void net_control_close(struct net_control *control);

/* Serves a round of what waits, for a device with so many queues. ST_CORRUPT: the ring is not
 * to be used any more. */
enum status net_control_serve(struct net_control *control, u32 queues);
/* Shows the guest its answers. */
void net_control_push(struct net_control *control);

/* How the guest wants its queues chosen; NULL: it leaves that to us. */
const struct rss *net_control_rss(const struct net_control *control);

#endif
