/*
 * The integration components above VMBus packets: the host asks, the guest sends the same
 * message back with its answer in it. [<linux/hyperv.h>, <uapi/linux/hyperv.h>]
 */
#ifndef ENLIGHT_ABI_IC_H
#define ENLIGHT_ABI_IC_H

#include <stdint.h>

#define IC_PIPE_DATA 1u

enum ic_message {
    IC_NEGOTIATE = 0,
    IC_HEARTBEAT = 1,
    IC_KVP = 2,
    IC_SHUTDOWN = 3,
    IC_TIME_SYNC = 4,
};
#define IC_TRANSACTION 1u /* flags */
#define IC_REQUEST     2u
#define IC_RESPONSE    4u

struct ic_version {
    uint16_t major, minor;
} __attribute__((packed));

/* A message begins with the pipe's two words. */
struct ic_head {
    uint32_t pipe_flags;
    uint32_t pipe_bytes; /* behind the pipe's words */
    struct ic_version framework;
    uint16_t type;
    struct ic_version version;
    uint16_t bytes; /* behind this structure */
    uint32_t status;
    uint8_t transaction;
    uint8_t flags;
    uint8_t reserved[2];
} __attribute__((packed));

/* NEGOTIATE: what the host offers; the guest leaves one of each, or none. */
#define IC_VERSIONS_MAX 4u
struct ic_negotiate {
    uint16_t frameworks;
    uint16_t versions;
    uint32_t reserved;
    struct ic_version
        version[2 * IC_VERSIONS_MAX]; /* of the framework, then of the component */
} __attribute__((packed));

/* SHUTDOWN */
#define IC_SHUTDOWN_FORCE   1u /* flags */
#define IC_SHUTDOWN_RESTART 2u
struct ic_shutdown {
    uint32_t reason;
    uint32_t timeout_s;
    uint32_t flags;
    uint8_t message[2048];
} __attribute__((packed));

/* HEARTBEAT: comes back one higher. */
struct ic_heartbeat {
    uint64_t sequence;
    uint32_t reserved[8];
} __attribute__((packed));

/* TIME_SYNC: host's time in 100 ns since 1601. */
#define IC_TIME_SYNC_SET    1u                    /* flags */
#define IC_TIME_SYNC_SAMPLE 2u                    /* to know, not to set */
#define IC_EPOCH_100NS      116444736000000000ull /* 1970 in the host's time */
struct ic_time_sync {
    uint64_t host_time;
    uint64_t guest_time;
    uint64_t round_trip;
    uint8_t flags;
} __attribute__((packed));

/* The same of version 4: with the guest's reference time of that moment. */
struct ic_time_reference {
    uint64_t host_time;
    uint64_t reference_time;
    uint8_t flags;
    uint8_t leap;
    uint8_t stratum;
    uint8_t reserved[3];
} __attribute__((packed));

/* KVP: a key and its value in UTF-16, by index, until the guest answers with a status. */
#define IC_KVP_SET         1u
#define IC_KVP_ENUMERATE   3u
#define IC_KVP_POOL_AUTO   2u /* the guest's */
#define IC_KVP_POOL_HOST   3u /* what the host says of itself and of the guest */
#define IC_KVP_STRING      1u
#define IC_KVP_KEY_BYTES   512u
#define IC_KVP_VALUE_BYTES 2048u
struct ic_kvp {
    uint8_t operation;
    uint8_t pool;
    uint16_t padding;
    uint32_t index;
    uint32_t value_type;
    uint32_t key_bytes;
    uint32_t value_bytes;
    uint8_t key[IC_KVP_KEY_BYTES];
    uint8_t value[IC_KVP_VALUE_BYTES];
} __attribute__((packed));

/* SET */
struct ic_kvp_set {
    uint8_t operation;
    uint8_t pool;
    uint16_t padding;
    uint32_t value_type;
    uint32_t key_bytes;
    uint32_t value_bytes;
    uint8_t key[IC_KVP_KEY_BYTES];
    uint8_t value[IC_KVP_VALUE_BYTES];
} __attribute__((packed));

_Static_assert(sizeof(struct ic_head) == 28, "<linux/hyperv.h>");
_Static_assert(sizeof(struct ic_shutdown) == 2060, "<linux/hyperv.h>");
_Static_assert(sizeof(struct ic_heartbeat) == 40, "<linux/hyperv.h>");
_Static_assert(sizeof(struct ic_time_sync) == 25, "<linux/hyperv.h>");
_Static_assert(sizeof(struct ic_time_reference) == 22, "<linux/hyperv.h>");
_Static_assert(sizeof(struct ic_kvp) == 2580, "<uapi/linux/hyperv.h>");
_Static_assert(sizeof(struct ic_kvp_set) == 2576, "<uapi/linux/hyperv.h>");

#endif
