/* Watches: who wants to be told, and telling them. */
#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

static char *text_copy(struct store *s, const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = arena_alloc(&s->arena, bytes);

    return copy ? memcpy(copy, text, bytes) : NULL;
}

static void event_send(struct store *s, struct connection *c, const struct watch *w,
                       const char *path)
{
    u32 cut = w->relative_bytes && path[0] == '/' ? w->relative_bytes : 0;
    u32 path_bytes = (u32)strlen(path) + 1;
    u32 token_bytes = (u32)strlen(w->token) + 1;
    u8 *data = s->event;

    if (cut >= path_bytes)
        cut = 0;
    path_bytes -= cut;
    memcpy(data, path + cut, path_bytes);
    memcpy(data + path_bytes, w->token, token_bytes);
    (void)message_put(s, c, WIRE_WATCH_EVENT, 0, 0, data, path_bytes + token_bytes);
}

static bool may_read(const struct connection *c, const struct contents *is)
{
    return is && contents_access(c, is) & ACCESS_READ;
}

/* Who may read it now, or might until now; what is not there belongs to the node above it. */
static bool may_hear(const struct store *s, const struct connection *c, const char *path,
                     const struct contents *was, const struct contents *is)
{
    u32 parent = path_parent_bytes(path);
    const struct node *above;

    if (c->is_privileged || may_read(c, was) || may_read(c, is))
        return true;
    above = parent ? node_lookup(s, NULL, path, parent) : NULL;
    return above && may_read(c, &above->is);
}

static void connection_tell(struct store *s, struct connection *c, const char *path,
                            enum watch_reach reach, const struct contents *was,
                            const struct contents *is)
{
    const struct watch *w;
    bool is_heard = false, is_asked = false;

    for (w = c->watches; w; w = w->next) {
        bool is_match = reach == WATCH_EXACT ? !strcmp(path, w->path)
                                             : path_is_below_or_same(path, w->path);

        if (!is_match)
            continue;
        if (!is_asked)
            is_heard = may_hear(s, c, path, was, is);
        is_asked = true;
        if (is_heard)
            event_send(s, c, w, path);
    }
    if (is_heard)
        message_flush(s, c);
}

void watch_fire(struct store *s, const char *path, enum watch_reach reach,
                const struct contents *was, const struct contents *is)
{
    struct connection *c;

    connection_tell(s, &s->local, path, reach, was, is);
    for (c = s->connections; c; c = c->next)
        connection_tell(s, c, path, reach, was, is);
}

void watch_fire_special(struct store *s, const char *path)
{
    const struct node *node = node_lookup(s, NULL, path, (u32)strlen(path));

    watch_fire(s, path, WATCH_ABOVE, NULL, node ? &node->is : NULL);
}

void watch_change(struct store *s, struct transaction *t, struct node *node,
                  enum watch_reach reach)
{
    if (t)
        node->flags |= reach == WATCH_ABOVE ? NODE_FIRE : NODE_FIRE_EXACT;
    else
        watch_fire(s, node->path, reach, NULL, &node->is);
}

static struct watch **watch_find(struct connection *c, const char *path, const char *token)
{
    struct watch **link = &c->watches;

    while (*link && (strcmp((*link)->path, path) || strcmp((*link)->token, token)))
        link = &(*link)->next;
    return link;
}

static void watch_free(struct store *s, struct watch *w)
{
    arena_free(&s->arena, w->path);
    arena_free(&s->arena, w->token);
    arena_free(&s->arena, w);
}

enum store_error watch_add(struct store *s, struct connection *c, const char *path,
                           const char *token)
{
    enum store_error error = path_absolute(c, path, PATH_NODE_OR_SPECIAL, s->path);
    struct watch **link;
    struct watch *w;

    if (error)
        return error;
    link = watch_find(c, s->path, token);
    if (*link)
        return STORE_EEXIST;
    if (!c->is_privileged && c->watch_count >= QUOTA_WATCHES)
        return STORE_E2BIG;
    w = arena_alloc(&s->arena, sizeof(*w));
    if (!w)
        return STORE_ENOMEM;
    w->path = text_copy(s, s->path);
    w->token = text_copy(s, token);
    if (!w->path || !w->token) {
        watch_free(s, w);
        return STORE_ENOMEM;
    }
    if (path[0] != '/' && path[0] != '@')
        w->relative_bytes = (u32)(strlen(s->path) - strlen(path));
    *link = w;
    c->watch_count++;
    return STORE_OK;
}

void watch_first_event(struct store *s, struct connection *c, const char *token)
{
    struct watch **link = watch_find(c, s->path, token);

    if (*link)
        event_send(s, c, *link, s->path);
    message_flush(s, c);
}

enum store_error watch_remove(struct store *s, struct connection *c, const char *path,
                              const char *token)
{
    enum store_error error = path_absolute(c, path, PATH_NODE_OR_SPECIAL, s->path);
    struct watch **link;
    struct watch *w;

    if (error)
        return error;
    link = watch_find(c, s->path, token);
    w = *link;
    if (!w)
        return STORE_ENOENT;
    *link = w->next;
    c->watch_count--;
    watch_free(s, w);
    return STORE_OK;
}

void watch_remove_all(struct store *s, struct connection *c)
{
    while (c->watches) {
        struct watch *w = c->watches;

        c->watches = w->next;
        watch_free(s, w);
    }
    c->watch_count = 0;
}
