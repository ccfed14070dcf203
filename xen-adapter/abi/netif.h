/* The rings of a network front-end, of one page each. [xen/io/netif.h] */
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
    union {
        struct {
            uint16_t size;
            uint8_t type, pad;
            uint16_t features;
        } gso;
        struct {
            uint8_t type; /* the number of a bit of enum xen_netif_control_hash */
            uint8_t algorithm;
            uint8_t value[4]; /* lowest byte first */
        } hash;
    };
};

/* The control ring: what a front-end wants of its back-end beside packets. */
enum xen_netif_control_type {
    XEN_NETIF_CTRL_GET_HASH_FLAGS = 1,
    XEN_NETIF_CTRL_SET_HASH_FLAGS = 2,
    XEN_NETIF_CTRL_SET_HASH_KEY = 3,
    XEN_NETIF_CTRL_GET_HASH_MAPPING_SIZE = 4,
    XEN_NETIF_CTRL_SET_HASH_MAPPING_SIZE = 5,
    XEN_NETIF_CTRL_SET_HASH_MAPPING = 6,
    XEN_NETIF_CTRL_SET_HASH_ALGORITHM = 7,
    XEN_NETIF_CTRL_GET_GREF_MAPPING_SIZE = 8,
    XEN_NETIF_CTRL_ADD_GREF_MAPPING = 9,
    XEN_NETIF_CTRL_DEL_GREF_MAPPING = 10,
};
enum xen_netif_control_status {
    XEN_NETIF_CTRL_SUCCESS = 0,
    XEN_NETIF_CTRL_NOT_SUPPORTED = 1,
    XEN_NETIF_CTRL_INVALID_PARAMETER = 2,
    XEN_NETIF_CTRL_BUFFER_OVERFLOW = 3,
};
enum xen_netif_control_hash {
    XEN_NETIF_CTRL_HASH_IPV4 = 1,
    XEN_NETIF_CTRL_HASH_IPV4_TCP = 2,
    XEN_NETIF_CTRL_HASH_IPV6 = 4,
    XEN_NETIF_CTRL_HASH_IPV6_TCP = 8,
};
enum xen_netif_control_algorithm { XEN_NETIF_CTRL_NO_HASH = 0, XEN_NETIF_CTRL_TOEPLITZ = 1 };

struct xen_netif_control_request {
    uint16_t id, type;
    uint32_t data[3];
};
struct xen_netif_control_response {
    uint16_t id, type; /* the request's */
    uint32_t status, data;
};

#endif
