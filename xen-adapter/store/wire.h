/* The wire protocol [xen/io/xs_wire.h]. */
#ifndef XEN_ADAPTER_STORE_WIRE_H
#define XEN_ADAPTER_STORE_WIRE_H

#include "hv/lib/types.h"

struct wire_header {
    u32 type;
    u32 request;
    u32 transaction;
    u32 bytes;
};

enum wire_type {
    WIRE_CONTROL = 0,
    WIRE_DIRECTORY = 1,
    WIRE_READ = 2,
    WIRE_GET_PERMS = 3,
    WIRE_WATCH = 4,
    WIRE_UNWATCH = 5,
    WIRE_TRANSACTION_START = 6,
    WIRE_TRANSACTION_END = 7,
    WIRE_INTRODUCE = 8,
    WIRE_RELEASE = 9,
    WIRE_GET_DOMAIN_PATH = 10,
    WIRE_WRITE = 11,
    WIRE_MKDIR = 12,
    WIRE_RM = 13,
    WIRE_SET_PERMS = 14,
    WIRE_WATCH_EVENT = 15,
    WIRE_ERROR = 16,
    WIRE_IS_DOMAIN_INTRODUCED = 17,
    WIRE_RESUME = 18,
    WIRE_SET_TARGET = 19,
    WIRE_RESET_WATCHES = 21,
    WIRE_DIRECTORY_PART = 22,
};

enum wire_feature { WIRE_FEATURE_RECONNECTION = 1, WIRE_FEATURE_ERROR = 2 };
enum wire_connection { WIRE_CONNECTED = 0, WIRE_RECONNECT = 1 };
enum wire_ring_error { WIRE_ERROR_NONE, WIRE_ERROR_COMM, WIRE_ERROR_RINGIDX, WIRE_ERROR_PROTO };

#endif
