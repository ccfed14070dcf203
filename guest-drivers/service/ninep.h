/*
 * A file server of the protocol 9P2000.L over a tree that nobody changes: a message in, a
 * message out. Whatever would write is refused with EROFS. Pure: nothing here touches a guest.
 * [intro(5) of Plan 9 for 9P2000; diod's protocol.md for what .L adds]
 */
#ifndef GUEST_DRIVERS_SERVICE_NINEP_H
#define GUEST_DRIVERS_SERVICE_NINEP_H

#include "guest-drivers/service/cpio.h"
#include "guest-drivers/service/ninep_fid.h"

/* Every message begins with its size, its type and a tag. */
#define NINEP_HEADER_BYTES  7u
/* The part of a request that is looked at: a walk of 16 long names; what is longer writes. */
#define NINEP_REQUEST_MAX   8192u
/* The least size of a message that a connection must allow. */
#define NINEP_MESSAGE_LEAST 4096u
#define NINEP_REPLY_MAX     8192u

struct ninep {
    const struct cpio *tree;
    u32 limit;       /* bytes of a message, either way, that the connection can carry */
    u32 message_max; /* that both sides agreed to, not above limit; before that the least */
    struct ninep_fids fids;
};

/* The bytes of a reply, one part after the other; data are in the archive. */
struct ninep_reply {
    u8 head[NINEP_REPLY_MAX];
    u32 head_bytes;
    u32 data_bytes;
    const u8 *data;
};

/* A connection begins: nothing is attached. `limit` is NINEP_MESSAGE_LEAST or more. */
void ninep_begin(struct ninep *server, const struct cpio *tree, u32 limit);
/* Answers a request of which `bytes` are here, its header at least. The reply has message_max
 * bytes at most. */
void ninep_serve(struct ninep *server, const u8 *request, u32 bytes, struct ninep_reply *reply);

#endif
