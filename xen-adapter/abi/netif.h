/* The two rings of a network front-end, of one page each. [xen/io/netif.h] */
#ifndef XEN_ADAPTER_ABI_NETIF_H
#define XEN_ADAPTER_ABI_NETIF_H

#include <stdint.h>

/* Slots a back-end must take for one packet. */
#define XEN_NETIF_SLOTS_MIN 18u

enum xen_netif_tx_flag {
    XEN_NETIF_TX_BLANK = 1,
    XEN_NETIF_TX_VALIDATED = 2,
    XEN_NETIF_TX_MORE = 4,
    XEN_NETIF_TX_EXTRA = 8,
};
enum xen_netif_rx_flag {
    XEN_NETIF_RX_VALIDATED = 1,
    XEN_NETIF_RX_BLANK = 2,
    XEN_NETIF_RX_MORE = 4,
    XEN_NETIF_RX_EXTRA = 8,
};
enum xen_netif_status {
    XEN_NETIF_NULL = 1, /* the response to an extra slot */
    XEN_NETIF_OKAY = 0,
    XEN_NETIF_ERROR = -1,
    XEN_NETIF_DROPPED = -2,
};

struct xen_netif_tx_request {
    uint32_t gref;
    uint16_t offset, flags, id;
    uint16_t size; /* of the first slot: of the whole packet */
};
struct xen_netif_tx_response {
    uint16_t id;
    int16_t status;
};
struct xen_netif_rx_request {
    uint16_t id, pad;
    uint32_t gref;
};
struct xen_netif_rx_response {
    uint16_t id, offset, flags;
    int16_t status; /* bytes, or enum xen_netif_status */
};

/* In place of a request (12 bytes) or a response (8 bytes). */
enum xen_netif_extra_type {
    XEN_NETIF_EXTRA_GSO = 1,
    XEN_NETIF_EXTRA_GROUP_ADD = 2,
    XEN_NETIF_EXTRA_GROUP_REMOVE = 3,
    XEN_NETIF_EXTRA_HASH = 4,
};
#define XEN_NETIF_EXTRA_MORE 1u
enum xen_netif_gso { XEN_NETIF_GSO_TCP4 = 1, XEN_NETIF_GSO_TCP6 = 2 };
struct xen_netif_extra {
    uint8_t type, flags;
    uint16_t gso_size;
    uint8_t gso_type, pad;
    uint16_t gso_features;
};

#endif
