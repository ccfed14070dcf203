/* The inside of the xenstore server: nodes, connections, transactions, watches, messages. */
#ifndef XEN_ADAPTER_STORE_INTERNAL_H
#define XEN_ADAPTER_STORE_INTERNAL_H

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/store/arena.h"
#include "xen-adapter/store/store.h"
#include "xen-adapter/store/wire.h"

#define NODE_BUCKETS    512u
#define PERMISSIONS_MAX 8u
#define PAYLOAD_MAX     4096u
#define GUEST_PATH_MAX  2048u

/* Limits for a guest, as xenstored's defaults. */
#define QUOTA_NODES        1000u
#define QUOTA_WATCHES      129u  /* xenstored's 128 and 10 let one more pass */
#define QUOTA_NODE_BYTES   2048u /* rights, value and names of children, see node_bytes() */
#define QUOTA_TRANSACTIONS 11u
#define QUOTA_ACCESSES     1024u
#define QUOTA_PERMISSIONS  5u
#define QUOTA_MESSAGES     20u   /* unsent answers before requests wait */
#define QUOTA_EVENTS       1024u /* unsent events before new ones are dropped */

/* Store errors are the names on the wire; 0 is success. */
enum store_error {
    STORE_OK,
    STORE_EINVAL,
    STORE_EACCES,
    STORE_EEXIST,
    STORE_ENOENT,
    STORE_ENOMEM,
    STORE_ENOSPC,
    STORE_ENOSYS,
    STORE_EBUSY,
    STORE_EAGAIN,
    STORE_E2BIG,
    STORE_EPERM,
    STORE_ERRORS
};

enum access { ACCESS_NONE = 0, ACCESS_READ = 1, ACCESS_WRITE = 2, ACCESS_OWNER = 4 };
struct permission {
    u32 domid;
    u32 access; /* READ, WRITE */
};

#define NODE_MODIFIED   1u /* in a transaction: to be written at its end */
#define NODE_DELETED    2u /* in a transaction: is not there */
#define NODE_FIRE       4u /* tell the watchers of it and of what is above it */
#define NODE_FIRE_EXACT 8u /* tell only the watchers of this very path */

/* The contents of a node; the pointers may lie in the node's own block. */
struct contents {
    const struct permission *permissions;
    u32 permission_count;
    u32 value_bytes;
    u32 names_bytes;
    const u8 *value;
    const char *names; /* of the children, each with its NUL */
};

/* One block: path, permissions, value and names follow the header. */
struct node {
    struct node *next;               /* in its bucket */
    struct node *later;              /* in its transaction */
    struct transaction *transaction; /* NULL: the tree itself */
    u64 generation; /* of the tree's node; in a transaction: as it was at first sight, 0 = none
                     */
    u32 flags;
    u32 path_bytes; /* with NUL */
    struct contents is;
    char *path;
};

struct transaction {
    struct transaction *next;
    u32 id;
    u32 domid; /* whose it is */
    u32 access_count;
    s32 made;        /* nodes of the caller's that it would add */
    bool is_spoiled; /* something in it failed for want of room: it cannot commit */
    struct node *nodes;
};

struct watch {
    struct watch *next;
    char *path; /* absolute or special */
    char *token;
    u32 relative_bytes; /* of the path, cut off in events when the guest gave a relative one */
};

struct message {
    struct message *next;
    u32 bytes, sent;
    u32 is_event;
    u8 data[];
};

struct connection {
    struct connection *next;
    u32 domid;  /* 0: a client or the local caller */
    u32 target; /* a domain whose rights it has as well; 0: none */
    bool is_privileged;
    bool is_broken;  /* it broke the protocol: not served any more */
    bool is_waiting; /* a client whose order is being carried out */
    bool is_ordered; /* that order was taken */
    struct store_order order;
    bool must_notify;
    bool has_more;               /* requests that came while others were answered */
    struct xen_store_ring *ring; /* NULL: a client or the local caller */
    struct watch *watches;
    u32 watch_count;
    struct transaction *transactions;
    u32 transaction_count, last_transaction;
    struct message *first, *last;
    u32 reply_count, event_count;
    u32 in_bytes; /* of `in` so far */
    u8 in[sizeof(struct wire_header) + PAYLOAD_MAX + 1];
};

struct store {
    struct arena arena;
    struct node *bucket[NODE_BUCKETS];
    u64 generation;
    struct connection *connections; /* guests and clients */
    struct connection local;
    u32 owned[STORE_DOMAINS_MAX];   /* nodes of each domain */
    size_t held[STORE_DOMAINS_MAX]; /* bytes each domain has made us hold */
    char path[STORE_PATH_MAX + 1];  /* of the request being served, made absolute */
    char made[STORE_PATH_MAX + 1], parent[STORE_PATH_MAX + 1], walk[STORE_PATH_MAX + 1];
    u8 reply[PAYLOAD_MAX];
    u8 event[2 * PAYLOAD_MAX];
};

/* --- path.c --- */
/* Is it a path a node may have, or a special one ("@...") when `special` says so? */
enum path_kind { PATH_NODE, PATH_NODE_OR_SPECIAL };
bool path_is_valid(const char *path, enum path_kind kind);
/* Writes the absolute form; a relative one belongs below /local/domain/<id>. */
enum store_error path_absolute(const struct connection *c, const char *path,
                               enum path_kind kind, char out[STORE_PATH_MAX + 1]);
/* Length of the parent's path ("/" has 1), 0 for the root. */
u32 path_parent_bytes(const char *path);
bool path_is_below_or_same(const char *path, const char *top);
u32 number_write(char *out, u64 value);
bool number_read(const char *text, u64 *out);

/* --- node.c --- */
/* The node as this transaction (NULL: everybody) sees it; NULL when it is not there. */
enum store_error node_find(struct store *s, struct transaction *t, const char *path,
                           struct node **out);
/* Makes or replaces a node. */
enum store_error node_put(struct store *s, struct transaction *t, const char *path,
                          const struct contents *is, struct node **out);
void node_drop(struct store *s, struct node *node);
struct node *node_lookup(const struct store *s, const struct transaction *t, const char *path,
                         u32 path_bytes);
u32 contents_access(const struct connection *c, const struct contents *is);
u32 node_access(const struct connection *c, const struct node *node);
/* What counts against QUOTA_NODE_BYTES. */
u32 node_bytes(const struct contents *is);

/* --- tree.c --- */
/* Finds with a right; a missing node is ENOENT only to who may look at its nearest parent. */
enum store_error tree_find(struct store *s, struct connection *c, struct transaction *t,
                           const char *path, u32 need, struct node **out);
/* Sets the value, making the node and its parents when missing. */
enum store_error tree_write(struct store *s, struct connection *c, struct transaction *t,
                            const char *path, const u8 *value, u32 bytes);
enum store_error tree_make(struct store *s, struct connection *c, struct transaction *t,
                           const char *path);
enum store_error tree_remove(struct store *s, struct connection *c, struct transaction *t,
                             const char *path);
enum store_error tree_permit(struct store *s, struct connection *c, struct transaction *t,
                             const char *path, const struct permission *permissions, u32 count);
/* Removes what belongs to a domain that is gone. */
void tree_remove_owned(struct store *s, u32 domid);

/* --- transaction.c --- */
enum store_error transaction_begin(struct store *s, struct connection *c, u32 *id);
struct transaction *transaction_find(struct connection *c, u32 id);
/* Commits, or only forgets; EAGAIN when something it looked at has changed. */
enum transaction_end { TRANSACTION_COMMIT, TRANSACTION_ABORT };
enum store_error transaction_finish(struct store *s, struct connection *c, u32 id,
                                    enum transaction_end how);

/* --- watch.c --- */
enum store_error watch_add(struct store *s, struct connection *c, const char *path,
                           const char *token);
enum store_error watch_remove(struct store *s, struct connection *c, const char *path,
                              const char *token);
/* The event every new watch begins with; s->path is still the watch's. */
void watch_first_event(struct store *s, struct connection *c, const char *token);
void watch_remove_all(struct store *s, struct connection *c);
/* A node has changed; NULL: it was not there, or it is not there any more. */
enum watch_reach { WATCH_ABOVE, WATCH_EXACT };
void watch_fire(struct store *s, const char *path, enum watch_reach reach,
                const struct contents *was, const struct contents *is);
/* "@introduceDomain" or "@releaseDomain" has happened. */
void watch_fire_special(struct store *s, const char *path);
/* Remembers in a transaction, fires at once outside of one. */
void watch_change(struct store *s, struct transaction *t, struct node *node,
                  enum watch_reach reach);

/* --- message.c --- */
/* Into the queue; an event that waits there already is not put twice. */
enum store_error message_put(struct store *s, struct connection *c, u32 type, u32 request,
                             u32 transaction, const void *data, u32 bytes);
/* Moves what fits into the ring. */
void message_flush(struct store *s, struct connection *c);
void message_first_drop(struct store *s, struct connection *c);
void message_drop_all(struct store *s, struct connection *c);

/* --- request.c --- */
/* Serves the complete message in c->in. */
void request_serve(struct store *s, struct connection *c);
/* The answer to the request in c->in that became an order. */
void request_answer(struct store *s, struct connection *c, enum store_error error);

/* --- store.c --- */
struct connection *connection_find(struct store *s, u32 domid);
/* Drops its watches, transactions and messages. */
void connection_forget(struct store *s, struct connection *c);
/* Bytes that the message in c->in still lacks; 0 when it is whole, or is one that cannot be. */
u32 message_lack(struct connection *c);

/* "r5" and the like. */
bool permission_read(const char *text, struct permission *out);
const char *store_error_name(enum store_error error);

#endif
