/*
 * The network protocol above VMBus packets (NVSP), and RNDIS inside it. [Linux:
 * drivers/net/hyperv/hyperv_net.h, <linux/rndis.h>; MS-RNDIS]
 */
#ifndef ENLIGHT_ABI_NETVSP_H
#define ENLIGHT_ABI_NETVSP_H

#include <stddef.h>
#include <stdint.h>

/* ---- NVSP ---- */

/* Versions a host of ours agrees to, as the guest says them. */
#define NETVSP_VERSIONS(V) V(0x00002) V(0x30002) V(0x40000) V(0x50000) V(0x60000) V(0x60001)
#define NETVSP_VERSION_6_1 0x60001u

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
    NETVSP_SUB_CHANNELS = 133, /* its answer too */
    NETVSP_SEND_TABLE = 134,
};
#define NETVSP_SUCCESS       1u
#define NETVSP_FAILED        2u
#define NETVSP_NO_SECTION    0xffffffffu
#define NETVSP_DATA          0u /* channel type of a RNDIS message */
#define NETVSP_CONTROL       1u
#define NETVSP_MESSAGE_BYTES 40u   /* what every guest has room for and copies */
#define NETVSP_CAN_COALESCE  0x80u /* of NDIS_CONFIG, version 6.1: the guest knows fragments */

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
            uint32_t operation, count;
        } __attribute__((packed)) sub_channels;
        struct {
            uint32_t status, count;
        } __attribute__((packed)) sub_channels_complete;
        struct {
            uint32_t frame_bytes, reserved;
            uint64_t abilities; /* NETVSP_CAN_* */
        } __attribute__((packed)) ndis_config;
        struct {
            uint32_t channel, section, section_bytes;
        } __attribute__((packed)) rndis;
        uint32_t status;
        uint8_t all[NETVSP_MESSAGE_BYTES - 4];
    };
} __attribute__((packed));

/* Version 5: which channel a flow is to be sent by, of the guest's hash modulo the entries. */
#define NETVSP_VERSION_5    0x50000u
#define NETVSP_ALLOCATE     1u /* operation of SUB_CHANNELS */
#define NETVSP_SEND_ENTRIES 16u
struct netvsp_send_table {
    uint32_t type;
    uint32_t count, offset; /* from the type on */
    uint32_t channel[NETVSP_SEND_ENTRIES];
    uint32_t padding;
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

/* Per-packet information: heads with what they say, one behind the other. */
enum rndis_info_type {
    RNDIS_INFO_CHECKSUM = 0,
    RNDIS_INFO_LARGE_SEND = 2,
    RNDIS_INFO_VLAN = 6,
    RNDIS_INFO_HASH = 8,                   /* of a packet to the guest */
    RNDIS_INFO_FRAGMENT = (int)0x80000001, /* between guest and switch only */
};
struct rndis_info {
    uint32_t bytes; /* this head included */
    uint32_t type;
    uint32_t offset; /* from this head to the value */
} __attribute__((packed));
/* With the value behind it. */
struct rndis_info_word {
    struct rndis_info info;
    uint32_t value;
} __attribute__((packed));

/* RNDIS_INFO_CHECKSUM of a packet from the guest: what is left to the device. */
#define RNDIS_CHECKSUM_TCP         0x04u
#define RNDIS_CHECKSUM_UDP         0x08u
/* The same of one to the guest: what was found good, and that its field is not filled in. */
#define RNDIS_GOOD_TCP             0x08u
#define RNDIS_GOOD_UDP             0x10u
#define RNDIS_BLANK_TCP            0x80u
/* RNDIS_INFO_LARGE_SEND */
#define RNDIS_SEGMENT_BYTES(value) ((value)&0xfffffu)
#define RNDIS_LARGE_SEND_V2        0x40000000u
#define RNDIS_LARGE_SEND_IPV6      0x80000000u
/* RNDIS_INFO_VLAN as IEEE 802.1Q has it */
#define RNDIS_VLAN_TAG(value)      (((value)&7u) << 13 | ((value)&8u) << 9 | ((value) >> 4 & 0xfffu))
/* RNDIS_INFO_FRAGMENT */
#define RNDIS_FRAGMENT             0x101u
#define RNDIS_FRAGMENT_FIRST       0x200u
#define RNDIS_FRAGMENT_LAST        0x400u

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
    RNDIS_OID_SCALE_ABILITIES = 0x00010203,
    RNDIS_OID_SCALE_PARAMETERS = 0x00010204,
    RNDIS_OID_ADDRESS = 0x01010101,
    RNDIS_OID_CURRENT_ADDRESS = 0x01010102,
    RNDIS_OID_MULTICAST_LIST = 0x01010103,
    RNDIS_OID_OFFLOAD_CURRENT = (int)0xfc01020b,
    RNDIS_OID_OFFLOAD_PARAMETERS = (int)0xfc01020c,
    RNDIS_OID_OFFLOAD_ABILITIES = (int)0xfc01020d,
};

/* ---- offloads: NDIS_OFFLOAD and NDIS_OFFLOAD_PARAMETERS ---- */

struct ndis_head {
    uint8_t type, revision;
    uint16_t bytes;
} __attribute__((packed));

#define NDIS_ETHERNET 2u /* encapsulation that an ability goes for */

/* Checksums of TCP, with options, of UDP; of IPv6 also behind extension headers. */
#define NDIS_CHECKSUM4 0x54u
#define NDIS_CHECKSUM6 0x55u
#define NDIS_LARGE6    0x05u /* extension headers, TCP options */

struct ndis_checksum {
    uint32_t encapsulation, abilities;
} __attribute__((packed));

struct ndis_large_send {
    uint32_t encapsulation, bytes_max, segments_min;
} __attribute__((packed));

struct ndis_offload {
    struct ndis_head head;
    struct ndis_checksum send4, receive4, send6, receive6;
    uint32_t large_send1[4], ipsec1[7];
    struct ndis_large_send large4, large6;
    uint32_t large6_options;
    uint32_t flags;
    /* from revision 2 on */
    uint32_t ipsec2[8];
    /* from revision 3 on */
    uint8_t coalesce4, coalesce6;
    uint8_t padding[2];
    uint32_t encapsulations[2];
} __attribute__((packed));
#define NDIS_OFFLOAD_TYPE    0xa7u
#define NDIS_OFFLOAD_BYTES_1 112u
#define NDIS_OFFLOAD_BYTES_2 144u
#define NDIS_OFFLOAD_BYTES_3 156u

/* Each is 0 (as before), 1 (off) or more (on, for checksums in one direction or both). */
struct ndis_offload_parameters {
    struct ndis_head head;
    uint8_t ip4, tcp4, udp4, tcp6, udp6;
    uint8_t large_send1, ipsec1, large4, large6, connection4, connection6, padding;
    uint32_t flags;
    /* from revision 2 on */
    uint8_t ipsec2, ipsec2_4;
    /* from revision 3 on */
    uint8_t coalesce4, coalesce6;
    uint8_t encapsulation[2];
    uint8_t padding2[2];
} __attribute__((packed));
#define NDIS_PARAMETERS_BYTES_1 20u
#define NDIS_PARAMETERS_OFF     1u
#define NDIS_PARAMETERS_ON      2u /* of what has no directions */
#define NDIS_CHECKSUM_RECEIVE   3u
#define NDIS_CHECKSUM_BOTH      4u

/* ---- several channels: NDIS_RECEIVE_SCALE_CAPABILITIES and _PARAMETERS ---- */

struct ndis_scale_abilities {
    struct ndis_head head;
    uint32_t flags;
    uint32_t interrupts, queues;
    uint16_t entries;
} __attribute__((packed));
#define NDIS_SCALE_ABILITIES_TYPE 0x88u
/* Toeplitz; TCP of IPv4 and IPv6; an interrupt for each queue */
#define NDIS_SCALE_ABILITIES      0x01000301u

/* Offsets count from the head; entries are numbers of channels. */
struct ndis_scale_parameters {
    struct ndis_head head;
    uint16_t flags;
    uint16_t base_processor;
    uint32_t hash; /* NDIS_HASH_* */
    uint16_t table_bytes, padding;
    uint32_t table_offset;
    uint16_t key_bytes, padding2;
    uint32_t key_offset;
} __attribute__((packed));
#define NDIS_SCALE_OFF     0x10u /* flags */
#define NDIS_HASH_TOEPLITZ 1u
#define NDIS_HASH_IPV4     0x100u
#define NDIS_HASH_TCP4     0x200u
#define NDIS_HASH_IPV6     0x400u
#define NDIS_HASH_TCP6     0x1000u

_Static_assert(sizeof(struct netvsp_message) == NETVSP_MESSAGE_BYTES, "packed");
_Static_assert(sizeof(struct netvsp_send_table) % 8 == 0, "whole words of a ring");
_Static_assert(sizeof(struct ndis_scale_abilities) == 18, "NDIS 6.20");
_Static_assert(sizeof(struct ndis_scale_parameters) == 28, "the part of revision 1");
_Static_assert(sizeof(struct rndis_packet) == 44, "<linux/rndis.h>");
_Static_assert(sizeof(struct rndis_initialize_complete) == 52, "<linux/rndis.h>");
_Static_assert(sizeof(struct rndis_request) == 28, "<linux/rndis.h>");
_Static_assert(offsetof(struct ndis_offload, ipsec2) == NDIS_OFFLOAD_BYTES_1, "NDIS 6.0");
_Static_assert(offsetof(struct ndis_offload, coalesce4) == NDIS_OFFLOAD_BYTES_2, "NDIS 6.1");
_Static_assert(sizeof(struct ndis_offload) == NDIS_OFFLOAD_BYTES_3, "NDIS 6.30");
_Static_assert(offsetof(struct ndis_offload_parameters, ipsec2) == NDIS_PARAMETERS_BYTES_1,
               "NDIS 6.0");
_Static_assert(sizeof(struct ndis_offload_parameters) == 28, "NDIS 6.30");

#endif
