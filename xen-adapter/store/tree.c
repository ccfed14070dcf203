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

/* The nearest node above a missing one: only its rights count. */
static enum store_error nearest_find(struct store *s, struct transaction *t, const char *path,
                                     struct node **out)
{
    u32 bytes = path_parent_bytes(path);
    enum store_error error = STORE_OK;

    *out = NULL;
    while (bytes && !error && !*out) {
        error = node_find(s, t, path_cut(s->parent, path, bytes), out);
        bytes = path_parent_bytes(s->parent);
    }
    return error;
}

static enum store_error missing_error(struct store *s, struct connection *c,
                                      struct transaction *t, const char *path, u32 need)
{
    struct node *node;
    enum store_error error;

    need &= ~(u32)ACCESS_OWNER;
    error = nearest_find(s, t, path, &node);
    if (error)
        return error;
    if (c->is_privileged)
        return STORE_ENOENT;
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

/* A new node under an existing parent: the parent's rights, the maker as owner. Its name is put
 * last: one without a node could never be removed. */
static enum store_error child_make(struct store *s, struct connection *c, struct transaction *t,
                                   struct node *parent, const char *path, struct node **out)
{
    struct permission permissions[PERMISSIONS_MAX];
    struct contents is = {.permissions = permissions};
    const char *name = path + parent->path_bytes - (parent->path_bytes == 2 ? 1 : 0);
    enum store_error error;

    is.permission_count = parent->is.permission_count;
    memcpy(permissions, parent->is.permissions, is.permission_count * sizeof(permissions[0]));
    if (!c->is_privileged)
        permissions[0].domid = c->domid;
    error = node_put(s, t, path, &is, out);
    if (error)
        return error;
    error = parent_change(s, t, parent, name, true);
    if (!error && t)
        t->made++;
    else if (error && t)
        (*out)->flags |= NODE_DELETED;
    else if (error)
        node_drop(s, *out);
    return error;
}

/* A transaction in which something did not fit is lost. */
static enum store_error size_check(const struct connection *c, struct transaction *t,
                                   const struct contents *is, u32 more)
{
    bool is_too_big = !c->is_privileged && node_bytes(is) + more > QUOTA_NODE_BYTES;

    if (t)
        t->is_spoiled |= is_too_big;
    return is_too_big ? STORE_ENOSPC : STORE_OK;
}

/* Is there room for a node with this value, and for what is missing between it and the parent?
 */
static enum store_error create_check(const struct store *s, const struct connection *c,
                                     struct transaction *t, const struct node *parent,
                                     const char *path, u32 bytes)
{
    const char *name = path + parent->path_bytes - (parent->path_bytes == 2 ? 1 : 0);
    struct contents is = {.permission_count = parent->is.permission_count};
    u32 name_bytes = 0, nodes = 1, i;
    s64 all = (s64)s->owned[c->domid] + (t ? t->made : 0);
    enum store_error error;

    if (c->is_privileged)
        return STORE_OK;
    while (name[name_bytes] && name[name_bytes] != '/')
        name_bytes++;
    for (i = name_bytes; name[i]; i++)
        nodes += name[i] == '/';
    is.value_bytes = bytes;
    error = size_check(c, t, &is, 0);
    if (!error)
        error = size_check(c, t, &parent->is, name_bytes + 1);
    if (error)
        return error;
    return all + nodes > QUOTA_NODES ? STORE_ENOSPC : STORE_OK;
}

/*
 * Makes a missing node, for a value of so many bytes, and what is missing above it. The caller
 * may write the nearest parent.
 */
static enum store_error node_create(struct store *s, struct connection *c,
                                    struct transaction *t, const char *path, u32 value_bytes,
                                    struct node **out)
{
    u32 length = (u32)strlen(path);
    struct node *parent;
    enum store_error error = nearest_find(s, t, path, &parent);
    u32 bytes;

    if (!error && !parent)
        error = STORE_ENOENT;
    if (!error)
        error = create_check(s, c, t, parent, path, value_bytes);
    bytes = error ? length : parent->path_bytes - 1;
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
    error = node_create(s, c, t, path, 0, &node);
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
    if (error == STORE_ENOENT) {
        error = node_create(s, c, t, path, bytes, &node);
        if (error)
            return error;
    }
    is = node->is;
    is.value = value;
    is.value_bytes = bytes;
    error = size_check(c, t, &is, 0);
    if (!error)
        error = node_put(s, t, path, &is, &node);
    if (!error)
        watch_change(s, t, node, WATCH_ABOVE);
    return error;
}

enum store_error tree_permit(struct store *s, struct connection *c, struct transaction *t,
                             const char *path, const struct permission *permissions, u32 count)
{
    struct permission old[PERMISSIONS_MAX];
    struct contents is, was;
    struct node *node;
    enum store_error error = tree_find(s, c, t, path, ACCESS_WRITE | ACCESS_OWNER, &node);

    if (error)
        return error;
    if (!c->is_privileged && permissions[0].domid != node->is.permissions[0].domid)
        return STORE_EPERM;
    was = is = node->is;
    was.permissions = memcpy(old, is.permissions, is.permission_count * sizeof(old[0]));
    is.permissions = permissions;
    is.permission_count = count;
    error = size_check(c, t, &is, 0);
    if (!error)
        error = node_put(s, t, path, &is, &node);
    if (!error && t)
        node->flags |= NODE_FIRE;
    else if (!error)
        watch_fire(s, path, WATCH_ABOVE, &was, &is);
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
    if (t) {
        node->flags |= NODE_DELETED | NODE_MODIFIED;
        t->made -= node->is.permissions[0].domid == t->domid;
    } else {
        node_drop(s, node);
    }
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

    error = tree_find(s, c, t, path, ACCESS_WRITE, &node);
    if (!error && !path[1])
        return STORE_EINVAL;
    if (!error)
        return subtree_remove(s, t, path);
    if (error != STORE_ENOENT)
        return error;
    error = node_find(s, t, path_cut(s->parent, path, path_parent_bytes(path)), &parent);
    return error ? error : parent ? STORE_OK : STORE_ENOENT;
}

/* The next child of the node at `path` behind this name (NULL: the first one), or NULL. */
static const char *child_next(const struct node *node, const char *name)
{
    const char *end = node->is.names + node->is.names_bytes;
    const char *next = node->is.names;

    if (name) {
        next = name_in(&node->is, name);
        next = next ? next + strlen(next) + 1 : end;
    }
    return next < end ? next : NULL;
}

enum walk { WALK_INTO, WALK_OVER }; /* its children first, or what comes behind them */

/* Makes `path` the one of the next node in the tree's order; false at the end. */
static bool walk_on(const struct store *s, char *path, enum walk how)
{
    u32 bytes = (u32)strlen(path);
    const struct node *node = node_lookup(s, NULL, path, bytes);
    const char *name = node && how == WALK_INTO ? child_next(node, NULL) : NULL;

    while (!name) {
        bytes = path_parent_bytes(path);
        if (!bytes)
            return false;
        node = node_lookup(s, NULL, path, bytes);
        name = node ? child_next(node, path + bytes + (bytes > 1 ? 1 : 0)) : NULL;
        path[bytes] = 0;
    }
    if (bytes > 1)
        path[bytes++] = '/';
    memcpy(path + bytes, name, strlen(name) + 1);
    return true;
}

void tree_remove_owned(struct store *s, u32 domid)
{
    char *path = s->path;
    bool has_more = true;

    path_cut(path, "/", 1);
    while (has_more) {
        const struct node *node = node_lookup(s, NULL, path, (u32)strlen(path));

        if (!node || !path[1] || node->is.permissions[0].domid != domid) {
            has_more = walk_on(s, path, WALK_INTO);
            continue;
        }
        path_cut(s->made, path, (u32)strlen(path));
        has_more = walk_on(s, path, WALK_OVER);
        if (subtree_remove(s, NULL, s->made) != STORE_OK)
            return;
    }
}
