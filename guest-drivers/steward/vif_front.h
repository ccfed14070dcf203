/* The keys of a network device in xenstore: what it offers to its front-end, and what that one
 * answers. [xen/io/netif.h] */
#ifndef GUEST_DRIVERS_STEWARD_VIF_FRONT_H
#define GUEST_DRIVERS_STEWARD_VIF_FRONT_H

#include "guest-drivers/service/bus.h"
#include "guest-drivers/service/netif.h"
#include "guest-drivers/steward/vif_config.h"

/* To both sides; the front-end is to be invited when it has succeeded. */
enum status vif_keys_put(struct bus_device *bus, const struct vif_config *config);

/* Opens what the front-end wrote of, and lets frames go to and fro. After a failure
 * net_back_close(). */
enum status vif_rings_open(struct bus_device *bus, struct net_back *back,
                           struct net_switch *net);

#endif
