/* Privileged clients over a byte stream, and what the owner of the server does for them. */
#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

enum status store_client_make(struct store *s, struct connection **out)
{
    struct connection *c = arena_alloc(&s->arena, sizeof(*c));

    if (!c)
        return ST_NO_MEMORY;
    c->is_privileged = true;
    c->next = s->connections;
    s->connections = c;
    *out = c;
    return ST_OK;
}

void store_client_end(struct store *s, struct connection *client)
{
    struct connection **link = &s->connections;

    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    connection_forget(s, client);
    arena_free(&s->arena, client);
}

enum status store_client_put(struct store *s, struct connection *c, const void *bytes,
                             size_t count, size_t *taken)
{
    const u8 *from = bytes;

    *taken = 0;
    while (!c->is_broken && !c->is_waiting && c->reply_count < QUOTA_MESSAGES) {
        size_t part = MIN(count - *taken, (size_t)message_lack(c));

        memcpy(c->in + c->in_bytes, from + *taken, part);
        c->in_bytes += (u32)part;
        *taken += part;
        if (message_lack(c)) {
            if (*taken == count)
                break;
        } else if (!c->is_broken) {
            c->in_bytes = 0;
            request_serve(s, c);
        }
    }
    return c->is_broken ? ST_INVALID : ST_OK;
}

size_t store_client_take(struct store *s, struct connection *c, void *bytes, size_t room)
{
    size_t taken = 0;

    while (c->first && taken < room) {
        struct message *m = c->first;
        size_t part = MIN(room - taken, (size_t)(m->bytes - m->sent));

        memcpy((u8 *)bytes + taken, m->data + m->sent, part);
        m->sent += (u32)part;
        taken += part;
        if (m->sent == m->bytes)
            message_first_drop(s, c);
    }
    return taken;
}

bool store_take_order(struct store *s, struct store_order *out, struct connection **client)
{
    struct connection *c = s->connections;

    while (c && (!c->is_waiting || c->is_ordered))
        c = c->next;
    if (!c)
        return false;
    c->is_ordered = true;
    *out = c->order;
    *client = c;
    return true;
}

void store_order_done(struct store *s, struct connection *c, enum status status)
{
    enum store_error error = STORE_EINVAL;

    switch ((u32)status) {
    case ST_OK:
        error = STORE_OK;
        break;
    case ST_NO_ENTRY:
        error = STORE_ENOENT;
        break;
    case ST_NO_MEMORY:
        error = STORE_ENOMEM;
        break;
    default:
        break;
    }
    c->is_waiting = c->is_ordered = false;
    request_answer(s, c, error);
}
