/*
 * The protocols that front-ends speak, typed in from the public headers io/xs_wire.h,
 * io/xenbus.h, io/ring.h, io/blkif.h, io/netif.h and io/9pfs.h, not from our own tables.
 */
#ifndef ABI_TESTS_GOLDEN_XEN_IO_H
#define ABI_TESTS_GOLDEN_XEN_IO_H

#include <stdint.h>

/* xenstore [xen/io/xs_wire.h] */
#define G_XS_CONTROL              0
#define G_XS_DIRECTORY            1
#define G_XS_READ                 2
#define G_XS_GET_PERMS            3
#define G_XS_WATCH                4
#define G_XS_UNWATCH              5
#define G_XS_TRANSACTION_START    6
#define G_XS_TRANSACTION_END      7
#define G_XS_INTRODUCE            8
#define G_XS_RELEASE              9
#define G_XS_GET_DOMAIN_PATH      10
#define G_XS_WRITE                11
#define G_XS_MKDIR                12
#define G_XS_RM                   13
#define G_XS_SET_PERMS            14
#define G_XS_WATCH_EVENT          15
#define G_XS_ERROR                16
#define G_XS_IS_DOMAIN_INTRODUCED 17
#define G_XS_RESUME               18
#define G_XS_SET_TARGET           19
#define G_XS_RESET_WATCHES        21
#define G_XS_DIRECTORY_PART       22
#define G_XS_TYPE_COUNT           23
#define G_XENSTORE_RING_SIZE      1024
#define G_XENSTORE_PAYLOAD_MAX    4096
#define G_XENSTORE_ERROR_RINGIDX  2
#define G_XENSTORE_ERROR_PROTO    3
#define G_XENSTORE_RECONNECT      1

struct g_xsd_sockmsg {
    uint32_t type, req_id, tx_id, len;
};
struct g_xenstore_ring {
    uint8_t req[G_XENSTORE_RING_SIZE], rsp[G_XENSTORE_RING_SIZE];
    uint32_t req_cons, req_prod, rsp_cons, rsp_prod;
    uint32_t server_features, connection, error;
};

/* [xen/io/xenbus.h] */
#define G_XENBUS_INITIALISING 1
#define G_XENBUS_INIT_WAIT    2
#define G_XENBUS_INITIALISED  3
#define G_XENBUS_CONNECTED    4
#define G_XENBUS_CLOSING      5
#define G_XENBUS_CLOSED       6

/* The head of a shared ring; its entries follow at byte 64. [xen/io/ring.h] */
struct g_ring_head {
    uint32_t req_prod, req_event, rsp_prod, rsp_event, pad[12];
};

/* Block [xen/io/blkif.h] */
#define G_BLKIF_OP_READ        0
#define G_BLKIF_OP_WRITE       1
#define G_BLKIF_OP_FLUSH       3
#define G_BLKIF_OP_DISCARD     5
#define G_BLKIF_OP_INDIRECT    6
#define G_BLKIF_RSP_OKAY       0
#define G_BLKIF_SEGMENTS       11
#define G_BLKIF_INDIRECT_PAGES 8

struct g_blkif_segment {
    uint32_t gref;
    uint8_t first_sect, last_sect;
    uint16_t pad;
};
struct g_blkif_request {
    uint8_t operation, nr_segments;
    uint16_t handle;
    uint32_t pad;
    uint64_t id, sector_number;
    struct g_blkif_segment seg[G_BLKIF_SEGMENTS];
};
struct g_blkif_indirect {
    uint8_t operation, indirect_op;
    uint16_t nr_segments;
    uint32_t pad;
    uint64_t id, sector_number;
    uint16_t handle, pad2;
    uint32_t indirect_grefs[G_BLKIF_INDIRECT_PAGES];
};
struct g_blkif_response {
    uint64_t id;
    uint8_t operation, pad;
    int16_t status;
    uint32_t pad2;
};

/* Network [xen/io/netif.h] */
#define G_NETTXF_csum_blank     1
#define G_NETTXF_more_data      4
#define G_NETTXF_extra_info     8
#define G_NETRXF_more_data      4
#define G_NETRXF_extra_info     8
#define G_NETIF_EXTRA_TYPE_GSO  1
#define G_NETIF_EXTRA_TYPE_HASH 4
#define G_NETIF_EXTRA_FLAG_MORE 1

struct g_netif_tx_request {
    uint32_t gref;
    uint16_t offset, flags, id, size;
};
struct g_netif_extra {
    uint8_t type, flags;
    uint16_t size;
    uint8_t gso_type, pad;
    uint16_t features;
};
struct g_netif_extra_hash {
    uint8_t type, flags, hash_type, algorithm;
    uint8_t value[4];
};
struct g_netif_tx_response {
    uint16_t id;
    int16_t status;
};
union g_netif_tx {
    struct g_netif_tx_request request;
    struct g_netif_tx_response response;
};
struct g_netif_rx_request {
    uint16_t id, pad;
    uint32_t gref;
};
struct g_netif_rx_response {
    uint16_t id, offset, flags;
    int16_t status;
};
union g_netif_rx {
    struct g_netif_rx_request request;
    struct g_netif_rx_response response;
    struct g_netif_extra_hash extra;
};

/* The network's control ring */
#define G_NETIF_CTRL_GET_HASH_FLAGS        1
#define G_NETIF_CTRL_SET_HASH_FLAGS        2
#define G_NETIF_CTRL_SET_HASH_KEY          3
#define G_NETIF_CTRL_GET_HASH_MAPPING_SIZE 4
#define G_NETIF_CTRL_SET_HASH_MAPPING_SIZE 5
#define G_NETIF_CTRL_SET_HASH_MAPPING      6
#define G_NETIF_CTRL_SET_HASH_ALGORITHM    7
#define G_NETIF_CTRL_GET_GREF_MAPPING_SIZE 8
#define G_NETIF_CTRL_ADD_GREF_MAPPING      9
#define G_NETIF_CTRL_DEL_GREF_MAPPING      10
#define G_NETIF_CTRL_SUCCESS               0
#define G_NETIF_CTRL_NOT_SUPPORTED         1
#define G_NETIF_CTRL_INVALID_PARAMETER     2
#define G_NETIF_CTRL_BUFFER_OVERFLOW       3
#define G_NETIF_HASH_IPV4                  1 /* as extra information: the number of the bit */
#define G_NETIF_HASH_IPV4_TCP              2
#define G_NETIF_HASH_IPV6                  4
#define G_NETIF_HASH_IPV6_TCP              8
#define G_NETIF_ALGORITHM_NONE             0
#define G_NETIF_ALGORITHM_TOEPLITZ         1

struct g_netif_ctrl_request {
    uint16_t id, type;
    uint32_t data[3];
};
struct g_netif_ctrl_response {
    uint16_t id, type;
    uint32_t status, data;
};
union g_netif_ctrl {
    struct g_netif_ctrl_request request;
    struct g_netif_ctrl_response response;
};

/* Files: replies come in, requests go out. [xen/io/9pfs.h] */
struct g_9pfs_interface {
    uint32_t in_cons, in_prod;
    uint8_t pad1[56];
    uint32_t out_cons, out_prod;
    uint8_t pad2[56];
    uint32_t ring_order, ref[512];
};

#endif
