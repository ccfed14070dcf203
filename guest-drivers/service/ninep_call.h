/* Between the two halves of the 9P server: a request that is being answered. */
#ifndef GUEST_DRIVERS_SERVICE_NINEP_CALL_H
#define GUEST_DRIVERS_SERVICE_NINEP_CALL_H

#include "guest-drivers/service/ninep.h"

/* Errors go by Linux's numbers. */
enum ninep_error {
    NINEP_OK = 0,
    NINEP_ENOENT = 2,
    NINEP_EBADF = 9,
    NINEP_ENOTDIR = 20,
    NINEP_EISDIR = 21,
    NINEP_EINVAL = 22,
    NINEP_ENFILE = 23,
    NINEP_EROFS = 30,
    NINEP_ERANGE = 34,
    NINEP_EOPNOTSUPP = 95,
};

struct ninep_request {
    const u8 *at;
    u32 left;
};

struct ninep_call {
    struct ninep *server;
    struct ninep_fid *fid;        /* of rows that begin with one */
    const struct cpio_node *node; /* it stands for */
    struct ninep_request in;
    struct ninep_reply *out;
};

struct ninep_name {
    const char *at;
    u32 bytes;
};

static inline const struct cpio_node *ninep_node(const struct ninep_call *call, u32 index)
{
    return &call->server->tree->node[index];
}

/* A number, low byte first; its bytes are there. */
u64 ninep_take(struct ninep_request *in, u32 bytes);
enum ninep_error ninep_take_name(struct ninep_request *in, struct ninep_name *out);

/* The head has room for every reply but a folder's, which looks first. */
void ninep_put(struct ninep_reply *out, u64 value, u32 bytes);
void ninep_put_name(struct ninep_reply *out, struct ninep_name name);
#define NINEP_QID_BYTES 13u
void ninep_put_qid(struct ninep_reply *out, const struct cpio_node *node);

/* What files answer; each has the bytes of its row. */
enum ninep_error ninep_getattr(struct ninep_call *call);
enum ninep_error ninep_statfs(struct ninep_call *call);
enum ninep_error ninep_readlink(struct ninep_call *call);
enum ninep_error ninep_open(struct ninep_call *call);
enum ninep_error ninep_read(struct ninep_call *call);
enum ninep_error ninep_readdir(struct ninep_call *call);

#endif
