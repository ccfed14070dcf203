/*
 * Transactions: private copies of what was looked at, with the generation seen. At the end all
 * of them must still be what they were; then the changes go into the tree in one step.
 */
#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

struct transaction *transaction_find(struct connection *c, u32 id)
{
    struct transaction *t = c->transactions;

    while (t && t->id != id)
        t = t->next;
    return t;
}

enum store_error transaction_begin(struct store *s, struct connection *c, u32 *id)
{
    struct transaction *t;

    if (!c->is_privileged && c->transaction_count >= QUOTA_TRANSACTIONS)
        return STORE_ENOSPC;
    t = arena_alloc(&s->arena, sizeof(*t));
    if (!t)
        return STORE_ENOMEM;
    do
        c->last_transaction++;
    while (!c->last_transaction || transaction_find(c, c->last_transaction));
    t->id = c->last_transaction;
    t->domid = c->domid;
    t->next = c->transactions;
    c->transactions = t;
    c->transaction_count++;
    *id = t->id;
    return STORE_OK;
}

static struct node *original_of(const struct store *s, const struct node *copy)
{
    return node_lookup(s, NULL, copy->path, copy->path_bytes - 1);
}

static bool is_unchanged(const struct store *s, const struct transaction *t)
{
    const struct node *copy;

    for (copy = t->nodes; copy; copy = copy->later) {
        const struct node *original = original_of(s, copy);

        if (copy->generation != (original ? original->generation : 0))
            return false;
    }
    return true;
}

/* All new blocks first, so that running out of memory changes nothing. */
static enum store_error reserve(struct store *s, const struct transaction *t)
{
    const struct node *copy;
    size_t bytes = 0;
    void *room;

    for (copy = t->nodes; copy; copy = copy->later)
        bytes += sizeof(*copy) + 64 + copy->path_bytes + copy->is.value_bytes +
                 copy->is.names_bytes + copy->is.permission_count * sizeof(struct permission);
    room = arena_alloc(&s->arena, bytes);
    if (!room)
        return STORE_ENOMEM;
    arena_free(&s->arena, room);
    return STORE_OK;
}

/* Told before the tree changes: who might read a node until now hears of it as well. */
static void tell(struct store *s, const struct transaction *t)
{
    const struct node *copy;

    for (copy = t->nodes; copy; copy = copy->later) {
        const struct node *original = original_of(s, copy);
        bool is_there = !(copy->flags & NODE_DELETED);

        if (copy->flags & (NODE_FIRE | NODE_FIRE_EXACT) && (original || is_there))
            watch_fire(s, copy->path, copy->flags & NODE_FIRE ? WATCH_ABOVE : WATCH_EXACT,
                       original ? &original->is : NULL, is_there ? &copy->is : NULL);
    }
}

static void apply(struct store *s, struct transaction *t)
{
    struct node *copy;

    for (copy = t->nodes; copy; copy = copy->later) {
        struct node *original = original_of(s, copy);
        struct node *out;

        if (!(copy->flags & NODE_MODIFIED))
            continue;
        if (!(copy->flags & NODE_DELETED))
            (void)node_put(s, NULL, copy->path, &copy->is, &out);
        else if (original)
            node_drop(s, original);
    }
}

static enum store_error commit_check(struct store *s, const struct connection *c,
                                     const struct transaction *t)
{
    if (t->is_spoiled)
        return STORE_ENOMEM;
    if (!is_unchanged(s, t))
        return STORE_EAGAIN;
    if (!c->is_privileged && (s64)s->owned[c->domid] + t->made > QUOTA_NODES)
        return STORE_ENOSPC;
    return reserve(s, t);
}

enum store_error transaction_finish(struct store *s, struct connection *c, u32 id,
                                    enum transaction_end how)
{
    struct transaction **link = &c->transactions;
    struct transaction *t;
    enum store_error error = STORE_OK;

    while (*link && (*link)->id != id)
        link = &(*link)->next;
    t = *link;
    if (!t)
        return STORE_ENOENT;
    if (how == TRANSACTION_COMMIT) {
        error = commit_check(s, c, t);
        if (!error) {
            tell(s, t);
            apply(s, t);
        }
    }
    *link = t->next;
    c->transaction_count--;
    while (t->nodes)
        node_drop(s, t->nodes);
    arena_free(&s->arena, t);
    return error;
}
