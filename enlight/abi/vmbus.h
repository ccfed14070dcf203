/*
 * VMBus between a guest and its host: channel messages, GPADLs, ring buffers and packets, as
 * Linux's <linux/hyperv.h> states them. All numbers are little-endian.
 */
#ifndef ENLIGHT_ABI_VMBUS_H
#define ENLIGHT_ABI_VMBUS_H

#include <stdint.h>

/* ---- the connection ---- */

#define VMBUS_SINT             2u /* unless a guest of version 5.0 names another */
#define VMBUS_MESSAGE_TYPE     1u /* of a SynIC message that carries a channel message */
#define VMBUS_MESSAGE_MAX      240u
#define VMBUS_CONNECTION_OLD   1u /* where guests post to, before version 5.0 */
#define VMBUS_CONNECTION_5_0   4u
#define VMBUS_CONNECTION_EVENT 2u /* version 0.13: signals of all channels */
#define VMBUS_VERSION(ma, mi)  ((uint32_t)(ma) << 16 | (mi))

/* The first: all channels share a connection for signals, an event flag and a page of bits. */
#define VMBUS_VERSION_FIRST VMBUS_VERSION(0, 13)

/* Every version a host of ours agrees to: VERSION(major, minor) */
#define VMBUS_VERSIONS(V)                                                                      \
    V(0, 13) V(2, 4) V(3, 0) V(4, 0) V(4, 1) V(5, 0) V(5, 1) V(5, 2) V(5, 3)

enum vmbus_message_type {
    VMBUS_OFFER_CHANNEL = 1,
    VMBUS_RESCIND_OFFER = 2,
    VMBUS_REQUEST_OFFERS = 3,
    VMBUS_ALL_OFFERS_DELIVERED = 4,
    VMBUS_OPEN_CHANNEL = 5,
    VMBUS_OPEN_RESULT = 6,
    VMBUS_CLOSE_CHANNEL = 7,
    VMBUS_GPADL_HEADER = 8,
    VMBUS_GPADL_BODY = 9,
    VMBUS_GPADL_CREATED = 10,
    VMBUS_GPADL_TEARDOWN = 11,
    VMBUS_GPADL_TORNDOWN = 12,
    VMBUS_RELID_RELEASED = 13,
    VMBUS_INITIATE_CONTACT = 14,
    VMBUS_VERSION_RESPONSE = 15,
    VMBUS_UNLOAD = 16,
    VMBUS_UNLOAD_RESPONSE = 17,
    VMBUS_TL_CONNECT = 21,
    VMBUS_MODIFY_CHANNEL = 22,
    VMBUS_TL_CONNECT_RESULT = 23,
    VMBUS_MODIFY_RESPONSE = 24,
};

/* Results that messages carry: NTSTATUS. */
#define VMBUS_SUCCESS           0u
#define VMBUS_INVALID_PARAMETER 0xc000000du
#define VMBUS_NO_RESOURCES      0xc000009au

struct vmbus_guid {
    uint32_t data1;
    uint16_t data2, data3;
    uint8_t data4[8];
} __attribute__((packed));

struct vmbus_head {
    uint32_t type;
    uint32_t padding;
} __attribute__((packed));

/* Of RELID_RELEASED, CLOSE_CHANNEL, RESCIND_OFFER. */
struct vmbus_relid {
    struct vmbus_head head;
    uint32_t relid;
} __attribute__((packed));

struct vmbus_initiate_contact {
    struct vmbus_head head;
    uint32_t version;
    uint32_t target_vp;
    union {
        uint64_t interrupt_page; /* before 5.0 */
        struct {
            uint8_t sint;
            uint8_t vtl;
            uint8_t reserved[6];
        };
    };
    uint64_t monitor_page[2];
} __attribute__((packed));

struct vmbus_version_response {
    struct vmbus_head head;
    uint8_t is_supported;
    uint8_t state; /* 0: connected */
    uint16_t padding;
    uint32_t connection; /* where to post from now on, since 5.0 */
} __attribute__((packed));

#define VMBUS_OFFER_ENUMERATE  1u /* chan_flags: the guest is to look for a driver */
#define VMBUS_OFFER_PIPE       0x10u
#define VMBUS_OFFER_USER_BYTES 120u
#define VMBUS_PIPE_MESSAGES    4u /* first word of the user bytes of a pipe */

struct vmbus_offer_channel {
    struct vmbus_head head;
    struct vmbus_guid interface;
    struct vmbus_guid instance;
    uint64_t reserved[2];
    uint16_t flags;
    uint16_t mmio_mib;
    uint8_t user[VMBUS_OFFER_USER_BYTES];
    uint16_t sub_channel;
    uint16_t reserved2;
    uint32_t relid;
    uint8_t monitor;
    uint8_t has_monitor;
    uint16_t is_dedicated; /* the guest does not mark its interrupt in a shared page */
    uint32_t connection;   /* for HvSignalEvent */
} __attribute__((packed));

struct vmbus_open_channel {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t open_id;
    uint32_t ring_gpadl;
    uint32_t target_vp;
    uint32_t downstream_page; /* of the GPADL: where the ring to the guest begins */
    uint8_t user[VMBUS_OFFER_USER_BYTES];
} __attribute__((packed));

struct vmbus_open_result {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t open_id;
    uint32_t status;
} __attribute__((packed));

/* PFNs follow, and go on in GPADL_BODY; one range of bytes. */
struct vmbus_gpadl_header {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t gpadl;
    uint16_t range_bytes;
    uint16_t ranges;
    uint32_t byte_count;
    uint32_t byte_offset;
} __attribute__((packed));

struct vmbus_gpadl_body {
    struct vmbus_head head;
    uint32_t number;
    uint32_t gpadl;
} __attribute__((packed));

struct vmbus_gpadl_created {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t gpadl;
    uint32_t status;
} __attribute__((packed));

struct vmbus_gpadl_teardown {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t gpadl;
} __attribute__((packed));

struct vmbus_gpadl_torndown {
    struct vmbus_head head;
    uint32_t gpadl;
} __attribute__((packed));

struct vmbus_modify_channel {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t target_vp;
} __attribute__((packed));

struct vmbus_modify_response {
    struct vmbus_head head;
    uint32_t relid;
    uint32_t status;
} __attribute__((packed));

/* ---- rings ---- */

/* The first page of a ring; its data is in the pages after it. */
struct vmbus_ring_head {
    uint32_t write;
    uint32_t read;
    uint32_t interrupt_mask;
    uint32_t pending_send;
    uint32_t reserved[12];
    uint32_t features;
};
#define VMBUS_RING_PENDING_SEND 1u /* features: its producer says what room it waits for */

enum vmbus_packet_type {
    VMBUS_PACKET_INBAND = 6,
    VMBUS_PACKET_XFER_PAGES = 7,
    VMBUS_PACKET_GPA_DIRECT = 9,
    VMBUS_PACKET_COMPLETION = 11,
};
#define VMBUS_PACKET_WANTS_COMPLETION 1u

struct vmbus_packet_head {
    uint16_t type;
    uint16_t head_words; /* to the data, in 8 bytes */
    uint16_t words;      /* all of it */
    uint16_t flags;
    uint64_t transaction;
} __attribute__((packed));
#define VMBUS_PACKET_TRAILER 8u /* behind each packet: where it began << 32 */

/* Behind the head of a GPA direct packet; each range: bytes, offset, then its PFNs. */
struct vmbus_gpa_direct {
    uint32_t reserved;
    uint32_t ranges;
} __attribute__((packed));
struct vmbus_gpa_range {
    uint32_t bytes;
    uint32_t offset;
} __attribute__((packed));

/* Behind the head of a transfer-page packet. */
struct vmbus_xfer_pages {
    uint16_t set;
    uint8_t is_owned;
    uint8_t reserved;
    uint32_t ranges;
} __attribute__((packed));
struct vmbus_xfer_range {
    uint32_t bytes;
    uint32_t offset;
} __attribute__((packed));

/* ---- interfaces ---- */

#define VMBUS_GUID_SCSI                                                                        \
    {                                                                                          \
        0xba6163d9, 0x04a1, 0x4d29,                                                            \
        {                                                                                      \
            0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_NETWORK                                                                     \
    {                                                                                          \
        0xf8615163, 0xdf3e, 0x46c5,                                                            \
        {                                                                                      \
            0x91, 0x3f, 0xf2, 0xd2, 0xf9, 0x65, 0xed, 0x0e                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_SHUTDOWN                                                                    \
    {                                                                                          \
        0x0e0b6031, 0x5213, 0x4934,                                                            \
        {                                                                                      \
            0x81, 0x8b, 0x38, 0xd9, 0x0c, 0xed, 0x39, 0xdb                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_TIME                                                                        \
    {                                                                                          \
        0x9527e630, 0xd0ae, 0x497b,                                                            \
        {                                                                                      \
            0xad, 0xce, 0xe8, 0x0a, 0xb0, 0x17, 0x5c, 0xaf                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_HEARTBEAT                                                                   \
    {                                                                                          \
        0x57164f39, 0x9115, 0x4e78,                                                            \
        {                                                                                      \
            0xab, 0x55, 0x38, 0x2f, 0x3b, 0xd5, 0x42, 0x2d                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_KVP                                                                         \
    {                                                                                          \
        0xa9a0f4e7, 0x5a45, 0x4d96,                                                            \
        {                                                                                      \
            0xb8, 0x27, 0x8a, 0x84, 0x1e, 0x8c, 0x03, 0xe6                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_DYNMEM                                                                      \
    {                                                                                          \
        0x525074dc, 0x8985, 0x46e2,                                                            \
        {                                                                                      \
            0x80, 0x57, 0xa3, 0x07, 0xdc, 0x18, 0xa5, 0x02                                     \
        }                                                                                      \
    }
#define VMBUS_GUID_KEYBOARD                                                                    \
    {                                                                                          \
        0xf912ad6d, 0x2b17, 0x48ea,                                                            \
        {                                                                                      \
            0xbd, 0x65, 0xf9, 0x27, 0xa6, 0x1c, 0x76, 0x84                                     \
        }                                                                                      \
    }

_Static_assert(sizeof(struct vmbus_initiate_contact) == 40, "<linux/hyperv.h>");
_Static_assert(sizeof(struct vmbus_version_response) == 16, "<linux/hyperv.h>");
_Static_assert(sizeof(struct vmbus_offer_channel) == 196, "<linux/hyperv.h>");
_Static_assert(sizeof(struct vmbus_open_channel) == 148, "<linux/hyperv.h>");
_Static_assert(sizeof(struct vmbus_gpadl_header) == 28, "<linux/hyperv.h>");
_Static_assert(sizeof(struct vmbus_ring_head) == 68, "<linux/hyperv.h>");
_Static_assert(sizeof(struct vmbus_packet_head) == 16, "<linux/hyperv.h>");

#endif
