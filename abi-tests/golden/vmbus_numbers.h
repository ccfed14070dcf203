/*
 * VMBus as a guest speaks it, typed from Linux's public <linux/hyperv.h> and from the storage
 * driver's protocol, not from our own tables.
 */
#ifndef ABI_TESTS_GOLDEN_VMBUS_NUMBERS_H
#define ABI_TESTS_GOLDEN_VMBUS_NUMBERS_H

#include <stdint.h>

#define B_MESSAGE_MAX       240u
#define B_CONNECTION        4u /* of version 5.0 and later */
#define B_EVENT_BASE        0x2000u
#define B_VERSION_5_3       (5u << 16 | 3)
#define B_VERSION_5_0       (5u << 16)
#define B_SINT              2u
#define B_PACKET_INBAND     6
#define B_PACKET_DIRECT     9
#define B_PACKET_COMPLETION 11
#define B_WANTS_COMPLETION  1

enum b_message_type {
    B_OFFER = 1,
    B_REQUEST_OFFERS = 3,
    B_ALL_OFFERS = 4,
    B_OPEN = 5,
    B_OPEN_RESULT = 6,
    B_CLOSE = 7,
    B_GPADL_HEADER = 8,
    B_GPADL_BODY = 9,
    B_GPADL_CREATED = 10,
    B_GPADL_TEARDOWN = 11,
    B_GPADL_TORNDOWN = 12,
    B_RELID_RELEASED = 13,
    B_CONTACT = 14,
    B_VERSION_RESPONSE = 15,
    B_UNLOAD = 16,
    B_UNLOAD_RESPONSE = 17,
    B_MODIFY = 22,
};

/* A channel message; what is behind its head depends on the type. */
struct b_message {
    uint32_t type, padding;
    union {
        uint8_t bytes[B_MESSAGE_MAX - 8];
        struct {
            uint32_t version, vp;
            uint8_t sint, vtl, reserved[6];
            uint64_t monitor[2];
        } contact;
        struct {
            uint8_t is_supported, state;
            uint16_t padding;
            uint32_t connection;
        } version;
        struct {
            uint32_t interface[4], instance[4];
            uint8_t other[140];
            uint16_t sub_channel, reserved;
            uint32_t relid;
        } offer;
        struct {
            uint32_t relid, open_id, gpadl, vp, downstream;
            uint8_t user[120];
        } open;
        struct {
            uint32_t relid, open_id, status;
        } opened;
        struct {
            uint32_t relid, gpadl, status;
        } gpadl; /* CREATED; TEARDOWN without the status */
        struct {
            uint32_t relid, gpadl;
            uint16_t range_bytes, ranges;
            uint32_t bytes, offset;
            uint64_t pfn[26];
        } __attribute__((packed)) begin;
        struct {
            uint32_t number, gpadl;
            uint64_t pfn[28];
        } __attribute__((packed)) body;
        struct {
            uint32_t relid, vp;
        } relid;
    };
} __attribute__((packed));

struct b_ring_head {
    uint32_t write, read, interrupt_mask, pending_send, reserved[12], features;
};

struct b_packet_head {
    uint16_t type, head_words, words, flags;
    uint64_t transaction;
};

/* The storage protocol's packet. */
struct b_storage {
    uint32_t operation, flags, status;
    uint16_t length; /* of the SRB; the version in QUERY_VERSION, or how many sub-channels */
    uint8_t srb_status, scsi_status, port, path, target, lun;
    uint8_t cdb_bytes, sense_bytes, direction, reserved;
    uint32_t data_bytes;
    uint8_t cdb[20];
    uint8_t more[16];
} __attribute__((packed));
#define B_STORAGE_COMPLETE     1
#define B_STORAGE_EXECUTE      3
#define B_STORAGE_BEGIN        7
#define B_STORAGE_END          8
#define B_STORAGE_VERSION      9
#define B_STORAGE_PROPERTIES   10
#define B_STORAGE_SUB_CHANNELS 13
#define B_STORAGE_6_2          0x0602

/* The first words of the interfaces' names. */
#define B_INTERFACE_STORAGE 0xba6163d9u
#define B_INTERFACE_NETWORK 0xf8615163u
#define B_INTERFACE_DYNMEM  0x525074dcu

/* The network protocol's messages: a type, then what it says. */
#define B_NVSP_INIT           1
#define B_NVSP_NDIS_VERSION   100
#define B_NVSP_RECEIVE_BUFFER 101
#define B_NVSP_SEND_BUFFER    104
#define B_NVSP_RNDIS          107
#define B_NVSP_NDIS_CONFIG    125
#define B_NVSP_SUB_CHANNELS   133
struct b_nvsp {
    uint32_t type, word[9];
};

/* Dynamic memory: a head of two words, then what it says. A range is a page in the low 40 bits
 * and how many from bit 40 on. */
#define B_DYNMEM_VERSION            1
#define B_DYNMEM_VERSION_ANSWER     2
#define B_DYNMEM_CAPABILITIES       3
#define B_DYNMEM_CAPABILITY_ANSWER  4
#define B_DYNMEM_BALLOON            6
#define B_DYNMEM_BALLOON_ANSWER     7
#define B_DYNMEM_UNBALLOON          8
#define B_DYNMEM_UNBALLOON_ANSWER   9
#define B_DYNMEM_HOT_ADD            10
#define B_DYNMEM_HOT_ADD_ANSWER     11
#define B_DYNMEM_2_0                0x20000u
#define B_DYNMEM_RANGE(page, count) ((uint64_t)(page) | (uint64_t)(count) << 40)

#endif
