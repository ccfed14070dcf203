/*
 * A connection of a program to a xenstore server: a Unix socket, or the kernel's device inside
 * a guest. Any thread may use it; there is no thread of its own.
 */
#ifndef XEN_ADAPTER_STORE_CLIENT_HANDLE_H
#define XEN_ADAPTER_STORE_CLIENT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "xen-adapter/store/wire.h"

struct xs_handle;

/* One piece of a request's payload. */
struct part {
    const void *data;
    unsigned bytes;
};

/* NULL with errno. */
struct xs_handle *handle_open(const char *path, bool drops_unwatched);
/* Without a word to the server: also for a child after fork(). */
void handle_close(struct xs_handle *h);

/*
 * Sends a request and waits for its answer: malloc()ed, with a NUL behind its *bytes. NULL with
 * errno, the server's word for it or EIO, E2BIG, ENOMEM.
 */
char *handle_ask(struct xs_handle *h, enum wire_type type, uint32_t transaction,
                 const struct part *parts, unsigned count, unsigned *bytes);

/* The next event, path and token with their NULs: malloc()ed. NULL with errno, EAGAIN. */
enum handle_wait { HANDLE_WAIT, HANDLE_POLL };
char *handle_event(struct xs_handle *h, enum handle_wait how, unsigned *bytes);
/* Readable when there may be an event; -1. */
int handle_fileno(struct xs_handle *h);
/* A watch was taken back: where the handle drops such events, those that wait are dropped. */
void handle_drop_events(struct xs_handle *h, const char *path, const char *token);

#endif
