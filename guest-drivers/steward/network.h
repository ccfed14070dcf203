/*
 * The networks of the guests: each bridge that a vif = names is a switch here, each entry of
 * vif = a port of one. The machine's own network device, where there is one, is a port of the
 * bridge `xenbr0`, or of the first that is named.
 */
#ifndef GUEST_DRIVERS_STEWARD_NETWORK_H
#define GUEST_DRIVERS_STEWARD_NETWORK_H

#include "guest-drivers/service/switch.h"
#include "guest-drivers/steward/steward.h"

/* Connects the machine's network device, if it has one, when all manifests are read. */
void networks_init(void);

/* Reads the guest's vif = list; refuses the guest when an entry is wrong. Call it last of the
 * checks: the addresses are taken from now on. */
void networks_check(struct config *config);

/* Offers a guest that is being made its devices; takes them away again. */
enum status networks_introduce(struct guest *guest);
void networks_release(struct guest *guest);

/* Device `index` of a guest that is served elsewhere; false: it has no more. */
struct network_device {
    struct net_switch *net;
    u64 address;
    u32 mtu;
};
bool networks_device(const struct config *config, u32 index, struct network_device *out);

/* Counted over its devices since it was made, as the guest sees it; bytes. */
struct networks_counts {
    u64 received_bytes, sent_bytes;
};
void networks_count(const struct guest *guest, struct networks_counts *out);

/* A signal of a front-end; false if the port is of no network device. */
bool networks_serve(u32 port);
/* Goes on with what was put off, takes what the machine's device has received, and shows both
 * sides what they were given; true if there may be more to do at once. */
bool networks_continue(void);

#endif
