/*
 * The network protocol above VMBus packets (NVSP), and RNDIS inside it. [Linux:
 * drivers/net/hyperv/hyperv_net.h, <linux/rndis.h>; MS-RNDIS]
 */
#ifndef ENLIGHT_ABI_NETVSP_H
#define ENLIGHT_ABI_NETVSP_H

#include <stdint.h>

/* ---- NVSP ---- */

/* Versions a host of ours agrees to, as the guest says them. */
#define NETVSP_VERSIONS(V) V(0x00002) V(0x30002) V(0x40000) V(0x50000) V(0x60000) V(0x60001)

enum netvsp_message_type {
    NETVSP_INIT = 1,
    NETVSP_INIT_COMPLETE = 2,
    NETVSP_NDIS_VERSION = 100,
    NETVSP_RECEIVE_BUFFER = 101,
    NETVSP_RECEIVE_BUFFER_COMPLETE = 102,
    NETVSP_REVOKE_RECEIVE_BUFFER = 103,
    NETVSP_SEND_BUFFER = 104,
    NETVSP_SEND_BUFFER_COMPLETE = 105,
    NETVSP_REVOKE_SEND_BUFFER = 106,
    NETVSP_RNDIS = 107,
    NETVSP_RNDIS_COMPLETE = 108,
    NETVSP_NDIS_CONFIG = 125,
    NETVSP_SUB_CHANNELS = 133,
};
#define NETVSP_SUCCESS       1u
#define NETVSP_FAILED        2u
#define NETVSP_RECEIVE_SET   0xcafeu /* of transfer-page packets */
#define NETVSP_NO_SECTION    0xffffffffu
#define NETVSP_DATA          0u /* channel type of a RNDIS message */
#define NETVSP_CONTROL       1u
#define NETVSP_MESSAGE_BYTES 40u /* what every guest has room for and copies */

struct netvsp_message {
    uint32_t type;
    union {
        struct {
            uint32_t least, most;
        } __attribute__((packed)) init;
        struct {
            uint32_t version, chain_max, status;
        } __attribute__((packed)) init_complete;
        struct {
            uint32_t gpadl;
            uint16_t id;
        } __attribute__((packed)) buffer;
        struct {
            uint32_t status;
            uint32_t sections; /* kinds of them: one */
            uint32_t offset, section_bytes, count, end;
        } __attribute__((packed)) receive_complete;
        struct {
            uint32_t status, section_bytes;
        } __attribute__((packed)) send_complete;
        struct {
            uint32_t channel, section, section_bytes;
        } __attribute__((packed)) rndis;
        uint32_t status;
        uint8_t all[NETVSP_MESSAGE_BYTES - 4];
    };
} __attribute__((packed));

/* ---- RNDIS ---- */

enum rndis_message_type {
    RNDIS_PACKET = 1,
    RNDIS_INITIALIZE = 2,
    RNDIS_HALT = 3,
    RNDIS_QUERY = 4,
    RNDIS_SET = 5,
    RNDIS_KEEPALIVE = 8,
};
#define RNDIS_COMPLETE 0x80000000u /* the answer to one of them */

#define RNDIS_SUCCESS       0u
#define RNDIS_NOT_SUPPORTED 0xc00000bbu
#define RNDIS_INVALID_DATA  0xc0010015u

struct rndis_head {
    uint32_t type;
    uint32_t bytes; /* of the whole message */
} __attribute__((packed));

/* Offsets count from the first field behind the head. */
struct rndis_packet {
    struct rndis_head head;
    uint32_t data_offset, data_bytes;
    uint32_t oob_offset, oob_bytes, oob_elements;
    uint32_t info_offset, info_bytes;
    uint32_t reserved[2];
} __attribute__((packed));

struct rndis_initialize {
    struct rndis_head head;
    uint32_t id;
    uint32_t major, minor;
    uint32_t transfer_max;
} __attribute__((packed));

struct rndis_initialize_complete {
    struct rndis_head head;
    uint32_t id, status;
    uint32_t major, minor;
    uint32_t device_flags; /* 1: connectionless */
    uint32_t medium;       /* 0: 802.3 */
    uint32_t packets_max;  /* in one message */
    uint32_t transfer_max;
    uint32_t alignment; /* of packets, power of two */
    uint32_t list_offset, list_bytes;
} __attribute__((packed));

/* QUERY and SET */
struct rndis_request {
    struct rndis_head head;
    uint32_t id;
    uint32_t oid;
    uint32_t info_bytes, info_offset;
    uint32_t reserved;
} __attribute__((packed));

struct rndis_query_complete {
    struct rndis_head head;
    uint32_t id, status;
    uint32_t info_bytes, info_offset;
} __attribute__((packed));

/* Of SET and KEEPALIVE. */
struct rndis_complete {
    struct rndis_head head;
    uint32_t id, status;
} __attribute__((packed));

enum rndis_oid {
    RNDIS_OID_HARDWARE_STATUS = 0x00010102,
    RNDIS_OID_MEDIA_SUPPORTED = 0x00010103,
    RNDIS_OID_MEDIA_IN_USE = 0x00010104,
    RNDIS_OID_FRAME_BYTES = 0x00010106,
    RNDIS_OID_LINK_SPEED = 0x00010107, /* in 100 bit/s */
    RNDIS_OID_PACKET_FILTER = 0x0001010e,
    RNDIS_OID_TOTAL_BYTES = 0x00010111,
    RNDIS_OID_MEDIA_STATUS = 0x00010114, /* 0: connected */
    RNDIS_OID_ADDRESS = 0x01010101,
    RNDIS_OID_CURRENT_ADDRESS = 0x01010102,
    RNDIS_OID_MULTICAST_LIST = 0x01010103,
    RNDIS_OID_OFFLOAD_PARAMETERS = (int)0xfc01020c,
    RNDIS_OID_OFFLOAD_ABILITIES = (int)0xfc01020d,
};

/* What a device can do for the guest (NDIS_OFFLOAD of revision 1): here nothing. */
#define RNDIS_OFFLOAD_BYTES 112u
#define RNDIS_OFFLOAD_TYPE  0xa7u

_Static_assert(sizeof(struct netvsp_message) == NETVSP_MESSAGE_BYTES, "packed");
_Static_assert(sizeof(struct rndis_packet) == 44, "<linux/rndis.h>");
_Static_assert(sizeof(struct rndis_initialize_complete) == 52, "<linux/rndis.h>");
_Static_assert(sizeof(struct rndis_request) == 28, "<linux/rndis.h>");

#endif
