/* Nodes by path in one hash table; a transaction has copies of its own in the same table. */
#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

static u32 bucket_of(const struct transaction *t, const char *path, u32 path_bytes)
{
    u32 hash = 2166136261u ^ (t ? t->id * 0x9e3779b1u : 0);
    u32 i;

    for (i = 0; i < path_bytes; i++)
        hash = (hash ^ (u8)path[i]) * 16777619u;
    return (hash ^ hash >> 15) % NODE_BUCKETS;
}

struct node *node_lookup(const struct store *s, const struct transaction *t, const char *path,
                         u32 path_bytes)
{
    struct node *node = s->bucket[bucket_of(t, path, path_bytes)];

    while (node && (node->transaction != t || node->path_bytes != path_bytes + 1 ||
                    memcmp(node->path, path, path_bytes)))
        node = node->next;
    return node;
}

/* Where a transaction's list, in the order of first sight, names a node; NULL: its end. */
static struct node **place_of(struct transaction *t, const struct node *node)
{
    struct node **link = &t->nodes;

    while (*link != node)
        link = &(*link)->later;
    return link;
}

static void unlink_node(struct store *s, struct node *node)
{
    struct node **link =
        &s->bucket[bucket_of(node->transaction, node->path, node->path_bytes - 1)];

    while (*link != node)
        link = &(*link)->next;
    *link = node->next;
    if (!node->transaction)
        return;
    link = place_of(node->transaction, node);
    *link = node->later;
}

static void owner_count(struct store *s, const struct node *node, int change)
{
    u32 owner = node->is.permission_count ? node->is.permissions[0].domid : 0;

    if (!node->transaction && owner < STORE_DOMAINS_MAX)
        s->owned[owner] += (u32)change;
}

void node_drop(struct store *s, struct node *node)
{
    owner_count(s, node, -1);
    unlink_node(s, node);
    arena_free(&s->arena, node);
}

static struct node *node_build(struct store *s, struct transaction *t, const char *path,
                               const struct contents *is)
{
    u32 path_bytes = (u32)strlen(path) + 1;
    u32 permission_bytes = is->permission_count * (u32)sizeof(struct permission);
    struct node *node = arena_alloc(&s->arena, sizeof(*node) + permission_bytes + path_bytes +
                                                   is->value_bytes + is->names_bytes);
    u8 *to;

    if (!node)
        return NULL;
    to = (u8 *)(node + 1);
    node->transaction = t;
    node->is = *is;
    node->is.permissions =
        permission_bytes ? memcpy(to, is->permissions, permission_bytes) : (void *)to;
    to += permission_bytes;
    node->path = memcpy(to, path, path_bytes);
    node->path_bytes = path_bytes;
    to += path_bytes;
    node->is.value = is->value_bytes ? memcpy(to, is->value, is->value_bytes) : to;
    to += is->value_bytes;
    node->is.names = is->names_bytes ? memcpy(to, is->names, is->names_bytes) : (char *)to;
    return node;
}

/* `place` is where in its transaction's list. */
static void link_node(struct store *s, struct node *node, struct node **place)
{
    struct node **bucket =
        &s->bucket[bucket_of(node->transaction, node->path, node->path_bytes - 1)];

    node->next = *bucket;
    *bucket = node;
    if (node->transaction) {
        node->later = *place;
        *place = node;
    }
    owner_count(s, node, 1);
}

/* A transaction's first sight of a path: a copy, or a note that nothing was there. */
static enum store_error node_adopt(struct store *s, struct transaction *t, const char *path,
                                   struct node **out)
{
    static const struct contents nothing;
    struct node *original = node_lookup(s, NULL, path, (u32)strlen(path));
    struct node *copy;

    t->is_spoiled |= t->access_count >= QUOTA_ACCESSES;
    if (t->access_count >= QUOTA_ACCESSES)
        return STORE_ENOSPC;
    copy = node_build(s, t, path, original ? &original->is : &nothing);
    t->is_spoiled |= !copy;
    if (!copy)
        return STORE_ENOMEM;
    copy->generation = original ? original->generation : 0;
    copy->flags = original ? 0 : NODE_DELETED;
    link_node(s, copy, place_of(t, NULL));
    t->access_count++;
    *out = copy;
    return STORE_OK;
}

enum store_error node_find(struct store *s, struct transaction *t, const char *path,
                           struct node **out)
{
    struct node *node = node_lookup(s, t, path, (u32)strlen(path));
    enum store_error error;

    *out = NULL;
    if (!node && t) {
        error = node_adopt(s, t, path, &node);
        if (error)
            return error;
    }
    *out = node && !(node->flags & NODE_DELETED) ? node : NULL;
    return STORE_OK;
}

enum store_error node_put(struct store *s, struct transaction *t, const char *path,
                          const struct contents *is, struct node **out)
{
    struct node *old = node_lookup(s, t, path, (u32)strlen(path));
    struct node **place = NULL;
    struct node *node;
    enum store_error error;

    if (!old && t) {
        error = node_adopt(s, t, path, &old);
        if (error)
            return error;
    }
    node = node_build(s, t, path, is);
    if (t)
        t->is_spoiled |= !node;
    if (!node)
        return STORE_ENOMEM;
    if (t) {
        node->generation = old->generation;
        node->flags = (old->flags & ~NODE_DELETED) | NODE_MODIFIED;
    } else {
        node->generation = ++s->generation;
    }
    if (t)
        place = place_of(t, old);
    if (old)
        node_drop(s, old);
    link_node(s, node, place);
    *out = node;
    return STORE_OK;
}

u32 node_bytes(const struct contents *is)
{
    return 16 + 8 * is->permission_count + is->value_bytes + is->names_bytes;
}

static u32 domain_access(u32 domid, const struct contents *is)
{
    u32 i;

    if (is->permissions[0].domid == domid)
        return ACCESS_READ | ACCESS_WRITE | ACCESS_OWNER;
    for (i = 1; i < is->permission_count; i++)
        if (is->permissions[i].domid == domid)
            return is->permissions[i].access;
    return is->permissions[0].access;
}

u32 contents_access(const struct connection *c, const struct contents *is)
{
    if (c->is_privileged)
        return ACCESS_READ | ACCESS_WRITE | ACCESS_OWNER;
    if (!is->permission_count)
        return ACCESS_NONE;
    return domain_access(c->domid, is) |
           (c->target ? domain_access(c->target, is) : ACCESS_NONE);
}

u32 node_access(const struct connection *c, const struct node *node)
{
    return contents_access(c, &node->is);
}
