/* A request on its way to its answer. */
#ifndef XEN_ADAPTER_STORE_REQUEST_H
#define XEN_ADAPTER_STORE_REQUEST_H

#include "xen-adapter/store/internal.h"

struct request {
    struct store *store;
    struct connection *connection;
    struct transaction *transaction;
    struct wire_header header;
    const char *text; /* the payload, always with a NUL behind it */
    u32 bytes;
    const char *argument[PERMISSIONS_MAX + 2];
    u32 arguments;   /* strings that end with a NUL inside the payload */
    u32 reply_bytes; /* in store->reply */
};

/* Exactly one string and nothing behind it; NULL otherwise. */
const char *one_argument(const struct request *r);

enum store_error reply_text(struct request *r, const char *text);
/* "OK", or the error. */
enum store_error reply_ok(struct request *r, enum store_error error);

/* --- control.c --- */
/* What a toolstack asks about domains; ENOSYS for anything else. */
enum store_error request_control(struct request *r);

#endif
