/* A network front-end: one queue of two rings. [xen/io/netif.h] */
#ifndef ABI_TESTS_HOSTILE_NET_H
#define ABI_TESTS_HOSTILE_NET_H

#include "abi-tests/golden/xen_io.h"
#include "abi-tests/kit/front.h"

#define NET_ENTRIES 256u /* of each ring */
#define NET_BUFFERS 32u  /* for what comes in */

struct net {
    struct kit_front bus;
    uint32_t port;
    uint32_t tx_produced, tx_taken, rx_produced, rx_taken;
    uint16_t buffer_ref[NET_BUFFERS];
};

struct net_ring {
    volatile struct g_ring_head head;
    union {
        union g_netif_tx tx[NET_ENTRIES];
        union g_netif_rx rx[NET_ENTRIES];
    };
};
extern union net_page {
    struct net_ring ring;
    uint8_t bytes[KIT_PAGE];
} net_tx, net_rx;
extern uint8_t net_buffer[NET_BUFFERS][KIT_PAGE];

/* As those of a disk. */
bool net_prepare(struct net *net);
bool net_connect(struct net *net);
void net_close(struct net *net);

/* The next place of the ring to the switch; NULL: it is full. */
union g_netif_tx *net_tx_slot(struct net *net);
/* Shows what was put, in both rings, and signals. */
void net_push(struct net *net);
/* Takes the answers to what was sent. */
void net_tx_reap(struct net *net);

/* A frame that came in: its bytes, and how many; 0: none. Its buffer goes back at the next. */
uint32_t net_receive(struct net *net, const uint8_t **frame);

#endif
