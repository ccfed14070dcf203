/*
 * A learning Ethernet switch. Pure: frames come in as arguments and go out through ports, time
 * is an argument, the memory of the address table is the ports'. Each port has its own share of
 * that table, so that a guest that makes addresses up pushes out only its own. [IEEE 802.1D 7]
 */
#ifndef GUEST_DRIVERS_SERVICE_SWITCH_H
#define GUEST_DRIVERS_SERVICE_SWITCH_H

#include "guest-drivers/service/net.h"

#define SWITCH_CHAINS 64u
#define SWITCH_AGE_NS ((u64)300 * 1000 * 1000 * 1000)

/* An address that was seen behind a port. */
struct net_address {
    u64 address;
    u64 seen_ns;
    struct net_port *port; /* NULL: free */
    struct net_address *next;
};

/* An address that belongs to one port alone, whether that is attached or not. */
struct net_claim {
    u64 address;
    struct net_claim *next;
};

struct net_switch {
    struct net_port *ports;
    struct net_claim *claims;
    struct net_address *chain[SWITCH_CHAINS];
};

/* Nobody but the port whose own it is sends from claim->address, from now on and for ever. */
void switch_claim(struct net_switch *net, struct net_claim *claim);

/* port->send, abilities, largest, trust, own, address and addresses (at least 1) are set; the
 * rest is zero. Its own address is known from now on. */
void switch_attach(struct net_switch *net, struct net_port *port);
/* Nothing of it stays. */
void switch_detach(struct net_port *port);

/* A frame that came in by a port goes where it belongs, maybe nowhere. */
void switch_input(struct net_port *from, const struct net_frame *frame, u64 now_ns);

#endif
