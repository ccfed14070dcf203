/*
 * Dynamic memory above VMBus packets: the host asks for pages (balloon), gives them back, and
 * adds others behind the guest's memory.
 * [Linux: drivers/hv/hv_balloon.c states it; numbers are little-endian]
 */
#ifndef ENLIGHT_ABI_DYNMEM_H
#define ENLIGHT_ABI_DYNMEM_H

#include <stdint.h>

#define DYNMEM_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))
/* Of Windows 10 and Server 2016, of 8, of 7. */
#define DYNMEM_VERSIONS(V)           V(2, 0) V(1, 0) V(0, 3)

#define DYNMEM_MESSAGE_MAX 4096u

enum dynmem_message {
    DYNMEM_VERSION_REQUEST = 1, /* by the guest */
    DYNMEM_VERSION_RESPONSE = 2,
    DYNMEM_CAPABILITIES_REPORT = 3, /* by the guest */
    DYNMEM_CAPABILITIES_RESPONSE = 4,
    DYNMEM_STATUS_REPORT = 5, /* by the guest, unanswered */
    DYNMEM_BALLOON_REQUEST = 6,
    DYNMEM_BALLOON_RESPONSE = 7,
    DYNMEM_UNBALLOON_REQUEST = 8,
    DYNMEM_UNBALLOON_RESPONSE = 9,
    DYNMEM_HOT_ADD_REQUEST = 10,
    DYNMEM_HOT_ADD_RESPONSE = 11,
};

struct dynmem_head {
    uint16_t type;
    uint16_t bytes; /* of the message, this included */
    uint32_t transaction;
} __attribute__((packed));

struct dynmem_version_request {
    struct dynmem_head head;
    uint32_t version;
    uint32_t is_last;
} __attribute__((packed));

/* Of a version, of capabilities. */
#define DYNMEM_ACCEPTED 1u
struct dynmem_response {
    struct dynmem_head head;
    uint64_t flags;
} __attribute__((packed));

#define DYNMEM_CAN_BALLOON     1u
#define DYNMEM_CAN_HOT_ADD     2u
#define DYNMEM_ALIGNMENT_SHIFT 2 /* 4 bits: 2^n MiB */
struct dynmem_capabilities {
    struct dynmem_head head;
    uint64_t flags;
    uint64_t pages_least;
    uint64_t page_last;
} __attribute__((packed));

struct dynmem_status {
    struct dynmem_head head;
    uint64_t available; /* pages */
    uint64_t committed;
    uint64_t page_file;
    uint64_t zeroed;
    uint32_t page_file_writes;
    uint32_t io;
} __attribute__((packed));

struct dynmem_balloon_request {
    struct dynmem_head head;
    uint32_t pages;
    uint32_t reserved;
} __attribute__((packed));

/* Pages one after the other: the first in the low 40 bits, then how many. */
#define DYNMEM_COUNT_SHIFT 40
#define DYNMEM_RANGE_BYTES 8u

/* Ranges follow. */
#define DYNMEM_MORE 1u /* not the last message of its transaction */
struct dynmem_balloon_response {
    struct dynmem_head head;
    uint32_t reserved;
    uint32_t more_and_ranges; /* DYNMEM_MORE, from bit 1 on their number */
} __attribute__((packed));

struct dynmem_unballoon_request {
    struct dynmem_head head;
    uint32_t flags;
    uint32_t ranges;
} __attribute__((packed));

struct dynmem_hot_add_request {
    struct dynmem_head head;
    uint64_t range;
} __attribute__((packed));

struct dynmem_hot_add_response {
    struct dynmem_head head;
    uint32_t pages; /* that were added */
    uint32_t result;
} __attribute__((packed));

_Static_assert(sizeof(struct dynmem_capabilities) == 32, "as Linux has it");
_Static_assert(sizeof(struct dynmem_status) == 48, "as Linux has it");
_Static_assert(sizeof(struct dynmem_balloon_response) == 16, "as Linux has it");
_Static_assert(sizeof(struct dynmem_unballoon_request) == 16, "as Linux has it");

#endif
