/*
 * The xenstore server: one tree, a connection for each guest over its shared ring page, and a
 * privileged local caller (the steward). Wire protocol, errors, permissions, watches and
 * transactions as xenstored has them [xen/io/xs_wire.h, abi/xenstore-blk-net.md 1].
 *
 * Pure C: all memory comes from the arena given to store_make(); no clock, no system call. What
 * a call causes for other guests is fetched with store_take_notify(). Not reentrant.
 */
#ifndef XEN_ADAPTER_STORE_STORE_H
#define XEN_ADAPTER_STORE_STORE_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct store;
struct xen_store_ring;

#define STORE_DOMAINS_MAX 256
#define STORE_PATH_MAX    3072
/* What one guest's nodes, watches, transactions and events may hold of the arena. */
#define STORE_GUEST_BYTES ((size_t)256 * 1024)
/* Room for the tree, watches and messages of a handful of guests. */
#define STORE_ARENA_MIN   ((size_t)128 * 1024)

/* A tree with "/", "/local", "/local/domain", "/tool", all owned by 0 and closed to others. */
enum status store_make(void *arena, size_t bytes, struct store **out);

/*
 * Connects guest `domid` through its ring page. Clears nothing in the page but sets
 * server_features; fires @introduceDomain. ST_EXISTS, ST_INVALID, ST_NO_MEMORY.
 */
enum status store_introduce(struct store *store, u32 domid, struct xen_store_ring *ring);

/*
 * Disconnects it: watches and transactions are dropped, nodes it owns are removed when `keep`
 * is STORE_DROP_NODES (the guest is gone), and @releaseDomain fires. Unknown domid: nothing.
 */
enum store_release { STORE_KEEP_NODES, STORE_DROP_NODES };
void store_release(struct store *store, u32 domid, enum store_release keep);

/* Memory in use. */
size_t store_bytes(const struct store *store);

/*
 * Answers the requests that are in the ring now, as far as there is room for answers. True when
 * the guest must be notified (answers were put or room was made).
 */
bool store_serve(struct store *store, u32 domid);

/*
 * Answers requests that have come meanwhile, a ring of each guest at most; true while there are
 * more. Call after store_serve(), at the latest before waiting for signals.
 */
bool store_continue(struct store *store);

/*
 * The next guest that must be notified because of what others did (watch events); false when
 * there is none. Call in a loop after store_serve(), store_write() and the like.
 */
bool store_take_notify(struct store *store, u32 *domid);

/*
 * A privileged client over a byte stream, such as a program behind a Unix socket. ST_NO_MEMORY.
 */
struct connection;
enum status store_client_make(struct store *store, struct connection **out);
void store_client_end(struct store *store, struct connection *client);

/*
 * Takes bytes of its requests and answers them; fewer than all while it has an order
 * outstanding or does not fetch its answers. ST_INVALID: it broke the protocol, hang up.
 */
enum status store_client_put(struct store *store, struct connection *client, const void *bytes,
                             size_t count, size_t *taken);
/* Bytes for the client: as many as there are and fit. */
size_t store_client_take(struct store *store, struct connection *client, void *bytes,
                         size_t room);

/*
 * What only the owner of the server can do for a client; it waits for store_order_done().
 * INTRODUCE asks for store_introduce() with the guest's ring, RELEASE for store_release().
 */
enum store_order_kind { STORE_ORDER_INTRODUCE, STORE_ORDER_RELEASE };
struct store_order {
    enum store_order_kind kind;
    u32 domid;
    u64 gfn;
    u32 port;
};
/* The next order and who gave it; false when there is none. */
bool store_take_order(struct store *store, struct store_order *out, struct connection **client);
void store_order_done(struct store *store, struct connection *client, enum status status);

/* A guest has shut down but is still there: @releaseDomain fires. */
void store_tell_shutdown(struct store *store);

/*
 * The local caller, privileged. Paths are absolute and NUL-terminated; missing parents are
 * made. ST_INVALID (bad path), ST_NO_ENTRY, ST_NO_MEMORY, ST_TOO_BIG.
 */
enum status store_write(struct store *store, const char *path, const void *value,
                        size_t length);
enum status store_write_text(struct store *store, const char *path, const char *text);
enum status store_make_directory(struct store *store, const char *path);
enum status store_remove(struct store *store, const char *path);
/* Copies at most `room` bytes and reports the whole length; ST_NO_BUFFER if it did not fit. */
enum status store_read(struct store *store, const char *path, void *value, size_t room,
                       size_t *length);
/* Names of the children, each with its NUL, into names. */
enum status store_list(struct store *store, const char *path, char *names, size_t room,
                       size_t *length);

/*
 * Permissions as SET_PERMS has them: "n5", "r0", "w3", "b1", several separated by a space; the
 * first names the owner and what everybody else may do.
 */
enum status store_permissions_set(struct store *store, const char *path,
                                  const char *permissions);

/* Watches of the local caller; store_take_event() gives them in order. */
enum status store_watch(struct store *store, const char *path, const char *token);
enum status store_unwatch(struct store *store, const char *path, const char *token);
struct store_event {
    char path[STORE_PATH_MAX + 1];
    char token[64];
};
bool store_take_event(struct store *store, struct store_event *out);

/* Bytes of the arena in use: for the accounting of a guest's cost. */
size_t store_used(const struct store *store);

#endif
