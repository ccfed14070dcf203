/* The face of the server: connections, their rings, and the local caller. */
#include "xen-adapter/store/store.h"

#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

static enum status status_of(enum store_error error)
{
    static const u8 statuses[STORE_ERRORS] = {
        [STORE_OK] = ST_OK,           [STORE_EINVAL] = ST_INVALID,
        [STORE_EACCES] = ST_DENIED,   [STORE_EEXIST] = ST_EXISTS,
        [STORE_ENOENT] = ST_NO_ENTRY, [STORE_ENOMEM] = ST_NO_MEMORY,
        [STORE_ENOSPC] = ST_NO_SPACE, [STORE_ENOSYS] = ST_NO_CALL,
        [STORE_EBUSY] = ST_BUSY,      [STORE_EAGAIN] = ST_AGAIN,
        [STORE_E2BIG] = ST_TOO_BIG,   [STORE_EPERM] = ST_DENIED,
    };

    return (enum status)statuses[error];
}

enum status store_make(void *arena, size_t bytes, struct store **out)
{
    static const char *const loose[] = {"/", "@introduceDomain", "@releaseDomain"};
    static const char *const first[] = {"/tool", "/local/domain", "/vm", "/libxl"};
    const struct permission nobody = {0, ACCESS_NONE};
    struct contents is = {.permissions = &nobody, .permission_count = 1};
    struct arena free;
    struct store *s;
    struct node *node;
    u32 i;

    if (bytes < STORE_ARENA_MIN)
        return ST_NO_MEMORY;
    arena_make(&free, arena, bytes);
    s = arena_alloc(&free, sizeof(*s));
    if (!s)
        return ST_NO_MEMORY;
    s->arena = free;
    s->arena.limit = STORE_GUEST_BYTES;
    s->arena.held = s->held;
    s->local.is_privileged = true;
    for (i = 0; i < ARRAY_SIZE(loose); i++)
        if (node_put(s, NULL, loose[i], &is, &node))
            return ST_NO_MEMORY;
    for (i = 0; i < ARRAY_SIZE(first); i++)
        TRY(store_make_directory(s, first[i]));
    *out = s;
    return ST_OK;
}

struct connection *connection_find(struct store *s, u32 domid)
{
    struct connection *c = s->connections;

    while (c && (c->domid != domid || !c->ring))
        c = c->next;
    return c;
}

enum status store_introduce(struct store *s, u32 domid, struct xen_store_ring *ring)
{
    struct connection *c;

    if (!domid || domid >= STORE_DOMAINS_MAX)
        return ST_INVALID;
    if (connection_find(s, domid))
        return ST_EXISTS;
    c = arena_alloc(&s->arena, sizeof(*c));
    if (!c)
        return ST_NO_MEMORY;
    c->domid = domid;
    c->ring = ring;
    c->next = s->connections;
    s->connections = c;
    ring->server_features = WIRE_FEATURE_RECONNECTION | WIRE_FEATURE_ERROR;
    watch_fire_special(s, "@introduceDomain");
    return ST_OK;
}

void connection_forget(struct store *s, struct connection *c)
{
    watch_remove_all(s, c);
    while (c->transactions)
        (void)transaction_finish(s, c, c->transactions->id, TRANSACTION_ABORT);
    message_drop_all(s, c);
    c->in_bytes = 0;
}

void store_release(struct store *s, u32 domid, enum store_release keep)
{
    struct connection **link = &s->connections;
    struct connection *c;

    while (*link && (*link)->domid != domid)
        link = &(*link)->next;
    c = *link;
    if (!c)
        return;
    connection_forget(s, c);
    *link = c->next;
    arena_free(&s->arena, c);
    if (keep == STORE_DROP_NODES)
        tree_remove_owned(s, domid);
    watch_fire_special(s, "@releaseDomain");
}

void store_tell_shutdown(struct store *s)
{
    watch_fire_special(s, "@releaseDomain");
}

static void ring_break(struct connection *c, u32 error)
{
    c->is_broken = true;
    c->ring->error = error;
    c->must_notify = true;
}

/* The guest asks for a fresh start (its kernel was replaced). */
static void ring_reconnect(struct store *s, struct connection *c)
{
    struct xen_store_ring *ring = c->ring;

    connection_forget(s, c);
    c->is_broken = false;
    ring->error = WIRE_ERROR_NONE;
    ring->req_cons = ring->req_prod = 0;
    ring->rsp_cons = ring->rsp_prod = 0;
    __atomic_store_n(&ring->connection, WIRE_CONNECTED, __ATOMIC_RELEASE);
    c->must_notify = true;
}

/* Copies up to `want` bytes from the ring; what the guest changes afterwards does not matter.
 */
static u32 ring_take(struct connection *c, u32 consumer, u32 available, u8 *to, u32 want)
{
    u32 count = MIN(want, available);
    u32 at = consumer % XEN_STORE_RING_SIZE;
    u32 first = MIN(count, XEN_STORE_RING_SIZE - at);

    memcpy(to, c->ring->req + at, first);
    memcpy(to + first, c->ring->req, count - first);
    return count;
}

u32 message_lack(struct connection *c)
{
    struct wire_header header;

    if (c->in_bytes < sizeof(header))
        return (u32)sizeof(header) - c->in_bytes;
    memcpy(&header, c->in, sizeof(header));
    c->is_broken |= header.bytes > PAYLOAD_MAX;
    return c->is_broken ? 0 : (u32)sizeof(header) + header.bytes - c->in_bytes;
}

/* At the guest's expense. What makes room in the end needs some on the way. */
static void charged_serve(struct store *s, struct connection *c)
{
    struct wire_header header;
    bool makes_room;

    memcpy(&header, c->in, sizeof(header));
    makes_room = header.type == WIRE_RM || header.type == WIRE_TRANSACTION_END;
    s->arena.payer = c->domid;
    s->arena.limit = makes_room ? 2 * STORE_GUEST_BYTES : STORE_GUEST_BYTES;
    request_serve(s, c);
    s->arena.payer = 0;
}

static void requests_serve(struct store *s, struct connection *c)
{
    u32 consumer = c->ring->req_cons;
    u32 left = __atomic_load_n(&c->ring->req_prod, __ATOMIC_ACQUIRE) - consumer;

    if (left > XEN_STORE_RING_SIZE) {
        ring_break(c, WIRE_ERROR_RINGIDX);
        return;
    }
    while (left && c->reply_count < QUOTA_MESSAGES && !c->is_broken) {
        u32 count = ring_take(c, consumer, left, c->in + c->in_bytes, message_lack(c));

        c->in_bytes += count;
        consumer += count;
        left -= count;
        __atomic_store_n(&c->ring->req_cons, consumer, __ATOMIC_SEQ_CST);
        c->must_notify = true;
        if (message_lack(c))
            continue;
        if (c->is_broken) {
            ring_break(c, WIRE_ERROR_PROTO);
            return;
        }
        c->in_bytes = 0;
        charged_serve(s, c);
    }
}

/*
 * A guest that adds to requests we have not taken yet does not tell: so we look again after
 * we have said how far we are. One that waits for room for its answers tells when it made some.
 */
static bool has_requests(const struct connection *c)
{
    const struct xen_store_ring *ring = c->ring;

    return !c->is_broken && c->reply_count < QUOTA_MESSAGES &&
           __atomic_load_n(&ring->req_prod, __ATOMIC_SEQ_CST) != ring->req_cons;
}

bool store_continue(struct store *s)
{
    bool has_more = false;

    for (struct connection *c = s->connections; c; c = c->next) {
        if (!c->has_more)
            continue;
        requests_serve(s, c);
        c->has_more = has_requests(c);
        has_more |= c->has_more;
    }
    return has_more;
}

bool store_serve(struct store *s, u32 domid)
{
    struct connection *c = connection_find(s, domid);
    bool must_notify;

    if (!c)
        return false;
    if (__atomic_load_n(&c->ring->connection, __ATOMIC_ACQUIRE) == WIRE_RECONNECT)
        ring_reconnect(s, c);
    if (!c->is_broken) {
        message_flush(s, c);
        requests_serve(s, c);
        c->has_more = has_requests(c);
    }
    must_notify = c->must_notify;
    c->must_notify = false;
    return must_notify;
}

size_t store_bytes(const struct store *s)
{
    return s->arena.used;
}

bool store_take_notify(struct store *s, u32 *domid)
{
    struct connection *c;

    for (c = s->connections; c; c = c->next) {
        if (!c->must_notify)
            continue;
        c->must_notify = false;
        *domid = c->domid;
        return true;
    }
    return false;
}

enum status store_write(struct store *s, const char *path, const void *value, size_t length)
{
    if (path[0] != '/' || !path_is_valid(path, PATH_NODE))
        return ST_INVALID;
    if (length > PAYLOAD_MAX)
        return ST_TOO_BIG;
    return status_of(tree_write(s, &s->local, NULL, path, value, (u32)length));
}

enum status store_write_text(struct store *s, const char *path, const char *text)
{
    return store_write(s, path, text, strlen(text));
}

enum status store_make_directory(struct store *s, const char *path)
{
    if (path[0] != '/' || !path_is_valid(path, PATH_NODE))
        return ST_INVALID;
    return status_of(tree_make(s, &s->local, NULL, path));
}

enum status store_remove(struct store *s, const char *path)
{
    if (path[0] != '/' || !path_is_valid(path, PATH_NODE))
        return ST_INVALID;
    return status_of(tree_remove(s, &s->local, NULL, path));
}

static enum status local_find(struct store *s, const char *path, struct node **out)
{
    if (path[0] != '/' || !path_is_valid(path, PATH_NODE))
        return ST_INVALID;
    return status_of(tree_find(s, &s->local, NULL, path, ACCESS_READ, out));
}

enum status store_read(struct store *s, const char *path, void *value, size_t room,
                       size_t *length)
{
    struct node *node;

    TRY(local_find(s, path, &node));
    *length = node->is.value_bytes;
    memcpy(value, node->is.value, MIN(room, *length));
    return *length > room ? ST_NO_BUFFER : ST_OK;
}

enum status store_list(struct store *s, const char *path, char *names, size_t room,
                       size_t *length)
{
    struct node *node;

    TRY(local_find(s, path, &node));
    *length = node->is.names_bytes;
    memcpy(names, node->is.names, MIN(room, *length));
    return *length > room ? ST_NO_BUFFER : ST_OK;
}

enum status store_permissions_set(struct store *s, const char *path, const char *permissions)
{
    struct permission list[PERMISSIONS_MAX];
    u32 count = 0, i;

    if (path[0] != '/' || !path_is_valid(path, PATH_NODE))
        return ST_INVALID;
    while (*permissions) {
        char word[16];

        for (i = 0; permissions[i] && permissions[i] != ' ' && i < sizeof(word) - 1; i++)
            word[i] = permissions[i];
        word[i] = 0;
        if (count == PERMISSIONS_MAX || !permission_read(word, &list[count++]))
            return ST_INVALID;
        permissions += i;
        while (*permissions == ' ')
            permissions++;
    }
    if (!count)
        return ST_INVALID;
    return status_of(tree_permit(s, &s->local, NULL, path, list, count));
}

enum status store_watch(struct store *s, const char *path, const char *token)
{
    enum store_error error;

    if (strlen(token) >= sizeof(((struct store_event *)0)->token))
        return ST_TOO_BIG;
    if (path[0] != '/' && path[0] != '@')
        return ST_INVALID;
    error = watch_add(s, &s->local, path, token);
    if (!error)
        watch_first_event(s, &s->local, token);
    return status_of(error);
}

enum status store_unwatch(struct store *s, const char *path, const char *token)
{
    if (path[0] != '/' && path[0] != '@')
        return ST_INVALID;
    return status_of(watch_remove(s, &s->local, path, token));
}

bool store_take_event(struct store *s, struct store_event *out)
{
    const char *text;

    if (!s->local.first)
        return false;
    text = (const char *)s->local.first->data + sizeof(struct wire_header);
    string_copy(out->path, text, sizeof(out->path));
    string_copy(out->token, text + strlen(text) + 1, sizeof(out->token));
    message_first_drop(s, &s->local);
    return true;
}

size_t store_used(const struct store *s)
{
    return s->arena.used;
}
