/* The tree: looking, writing, removing, with the rights and limits of the caller. */
#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

/* Copies the first `bytes` of a path into one of the store's path buffers. */
static const char *path_cut(char *out, const char *path, u32 bytes)
{
    memcpy(out, path, bytes);
    out[bytes] = 0;
    return out;
}

/* The nearest node above a missing one; only its rights count. */
static enum store_error missing_error(struct store *s, struct connection *c,
                                      struct transaction *t, const char *path, u32 need)
{
    u32 bytes = path_parent_bytes(path);
    struct node *node = NULL;

    (void)t;
    while (bytes) {
        node = node_lookup(s, NULL, path, bytes);
        if (node)
            break;
        for (bytes = bytes - 1; bytes > 1 && path[bytes] != '/'; bytes--)
            ;
        bytes = bytes ? bytes : 1;
    }
    return node && (node_access(c, node) & need) == need ? STORE_ENOENT : STORE_EACCES;
}

enum store_error tree_find(struct store *s, struct connection *c, struct transaction *t,
                           const char *path, u32 need, struct node **out)
{
    enum store_error error = node_find(s, t, path, out);

    if (error)
        return error;
    if (!*out)
        return missing_error(s, c, t, path, need);
    return (node_access(c, *out) & need) == need ? STORE_OK : STORE_EACCES;
}

static const char *name_in(const struct contents *is, const char *name)
{
    u32 at = 0;

    while (at < is->names_bytes) {
        if (!strcmp(is->names + at, name))
            return is->names + at;
        at += (u32)strlen(is->names + at) + 1;
    }
    return NULL;
}

/* The parent's list with one more name, or one less; the parent keeps everything else. */
static enum store_error parent_change(struct store *s, struct transaction *t,
                                      struct node *parent, const char *name, bool is_added)
{
    struct contents is = parent->is;
    u32 name_bytes = (u32)strlen(name) + 1;
    const char *old = name_in(&parent->is, name);
    struct node *out;
    char *names;
    u32 before;
    enum store_error error;

    if (is_added == (old != NULL))
        return STORE_OK;
    names = arena_alloc(&s->arena, parent->is.names_bytes + name_bytes);
    if (!names)
        return STORE_ENOMEM;
    before = old ? (u32)(old - parent->is.names) : parent->is.names_bytes;
    memcpy(names, parent->is.names, before);
    if (is_added) {
        memcpy(names + before, name, name_bytes);
        is.names_bytes = before + name_bytes;
    } else {
        is.names_bytes = parent->is.names_bytes - name_bytes;
        memcpy(names + before, old + name_bytes, is.names_bytes - before);
    }
    is.names = names;
    error = node_put(s, t, parent->path, &is, &out);
    arena_free(&s->arena, names);
    return error;
}

/* A new node under an existing parent: the parent's rights, the maker as owner. */
static enum store_error child_make(struct store *s, struct connection *c, struct transaction *t,
                                   struct node *parent, const char *path, struct node **out)
{
    struct permission permissions[PERMISSIONS_MAX];
    struct contents is = {.permissions = permissions};
    const char *name = path + parent->path_bytes - (parent->path_bytes == 2 ? 1 : 0);
    enum store_error error;

    if (!c->is_privileged && c->domid < STORE_DOMAINS_MAX && s->owned[c->domid] >= QUOTA_NODES)
        return STORE_ENOSPC;
    is.permission_count = parent->is.permission_count;
    memcpy(permissions, parent->is.permissions, is.permission_count * sizeof(permissions[0]));
    if (!c->is_privileged)
        permissions[0].domid = c->domid;
    error = parent_change(s, t, parent, name, true);
    return error ? error : node_put(s, t, path, &is, out);
}

/* Makes a missing node and what is missing above it. The caller may write the nearest parent.
 */
static enum store_error node_create(struct store *s, struct connection *c,
                                    struct transaction *t, const char *path, struct node **out)
{
    u32 length = (u32)strlen(path);
    u32 bytes = path_parent_bytes(path);
    struct node *parent = NULL;
    enum store_error error = STORE_OK;

    /* Up to the nearest node there is. */
    while (bytes && !error && !parent) {
        error = node_find(s, t, path_cut(s->made, path, bytes), &parent);
        if (!parent)
            bytes = path_parent_bytes(s->made);
    }
    if (error || !parent)
        return error ? error : STORE_ENOENT;
    /* And down again. */
    while (!error && bytes < length) {
        for (bytes = bytes == 1 ? 1 : bytes + 1; bytes < length && path[bytes] != '/'; bytes++)
            ;
        error = child_make(s, c, t, parent, path_cut(s->made, path, bytes), out);
        parent = *out;
    }
    return error;
}

enum store_error tree_make(struct store *s, struct connection *c, struct transaction *t,
                           const char *path)
{
    struct node *node;
    enum store_error error = tree_find(s, c, t, path, ACCESS_WRITE, &node);

    if (error != STORE_ENOENT)
        return error;
    error = node_create(s, c, t, path, &node);
    if (!error)
        watch_change(s, t, node, WATCH_ABOVE);
    return error;
}

enum store_error tree_write(struct store *s, struct connection *c, struct transaction *t,
                            const char *path, const u8 *value, u32 bytes)
{
    struct contents is;
    struct node *node;
    enum store_error error = tree_find(s, c, t, path, ACCESS_WRITE, &node);

    if (error && error != STORE_ENOENT)
        return error;
    if (bytes > STORE_VALUE_MAX && !c->is_privileged)
        return STORE_ENOSPC;
    if (error == STORE_ENOENT) {
        error = node_create(s, c, t, path, &node);
        if (error)
            return error;
    }
    is = node->is;
    is.value = value;
    is.value_bytes = bytes;
    error = node_put(s, t, path, &is, &node);
    if (!error)
        watch_change(s, t, node, WATCH_ABOVE);
    return error;
}

enum store_error tree_permit(struct store *s, struct connection *c, struct transaction *t,
                             const char *path, const struct permission *permissions, u32 count)
{
    struct contents is;
    struct node *node;
    enum store_error error = tree_find(s, c, t, path, ACCESS_WRITE | ACCESS_OWNER, &node);

    if (error)
        return error;
    if (!c->is_privileged && permissions[0].domid != node->is.permissions[0].domid)
        return STORE_EPERM;
    is = node->is;
    is.permissions = permissions;
    is.permission_count = count;
    error = node_put(s, t, path, &is, &node);
    if (!error)
        watch_change(s, t, node, WATCH_ABOVE);
    return error;
}

/* Takes one node without children away, its name in the parent included. */
static enum store_error leaf_remove(struct store *s, struct transaction *t, struct node *node,
                                    enum watch_reach reach)
{
    u32 bytes = path_parent_bytes(node->path);
    struct node *parent;
    enum store_error error = node_find(s, t, path_cut(s->parent, node->path, bytes), &parent);

    if (!error && parent)
        error = parent_change(s, t, parent, node->path + bytes + (bytes > 1 ? 1 : 0), false);
    if (error)
        return error;
    watch_change(s, t, node, reach);
    if (t)
        node->flags |= NODE_DELETED | NODE_MODIFIED;
    else
        node_drop(s, node);
    return STORE_OK;
}

/* Goes down by first names from the top to a leaf; s->walk is its path. */
static enum store_error leaf_find(struct store *s, struct transaction *t, const char *top,
                                  struct node **out)
{
    u32 bytes = (u32)strlen(top);
    enum store_error error;

    path_cut(s->walk, top, bytes);
    error = node_find(s, t, s->walk, out);
    while (!error && *out && (*out)->is.names_bytes) {
        struct node *parent = *out;
        u32 name_bytes = (u32)strlen(parent->is.names);

        if (bytes + 1 + name_bytes > STORE_PATH_MAX)
            return STORE_EINVAL;
        s->walk[bytes++] = '/';
        memcpy(s->walk + bytes, parent->is.names, name_bytes + 1);
        error = node_find(s, t, s->walk, out);
        if (!error && !*out) /* a name without a node cannot be: the arena is damaged */
            return STORE_ENOMEM;
        bytes += name_bytes;
    }
    return error;
}

/* Children first, always the first name, until the top itself has gone. */
static enum store_error subtree_remove(struct store *s, struct transaction *t, const char *top)
{
    for (;;) {
        struct node *node;
        enum store_error error = leaf_find(s, t, top, &node);
        bool is_top;

        if (error || !node)
            return error;
        is_top = node->path_bytes == strlen(top) + 1;
        error = leaf_remove(s, t, node, is_top ? WATCH_ABOVE : WATCH_EXACT);
        if (error || is_top)
            return error;
    }
}

enum store_error tree_remove(struct store *s, struct connection *c, struct transaction *t,
                             const char *path)
{
    struct node *node, *parent;
    enum store_error error;

    if (!path[1])
        return STORE_EINVAL;
    error = tree_find(s, c, t, path, ACCESS_WRITE, &node);
    if (!error)
        return subtree_remove(s, t, path);
    if (error != STORE_ENOENT)
        return error;
    error = node_find(s, t, path_cut(s->parent, path, path_parent_bytes(path)), &parent);
    return error ? error : parent ? STORE_OK : STORE_ENOENT;
}

void tree_remove_owned(struct store *s, u32 domid)
{
    u32 i = 0;

    while (i < NODE_BUCKETS) {
        struct node *node = s->bucket[i];

        while (node &&
               (node->transaction || !node->path[1] || node->is.permissions[0].domid != domid))
            node = node->next;
        if (!node) {
            i++;
            continue;
        }
        memcpy(s->path, node->path, node->path_bytes);
        if (subtree_remove(s, NULL, s->path) != STORE_OK)
            return;
    }
}
