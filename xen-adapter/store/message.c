/* Messages to a connection: a queue, and as much of it as fits in the guest's ring. */
#include "hv/lib/string.h"
#include "xen-adapter/store/internal.h"

/* The same event waits already, untouched: once is enough. */
static bool is_repeated(const struct connection *c, const struct wire_header *header,
                        const void *data)
{
    const struct message *m;

    for (m = c->first; m; m = m->next)
        if (m->is_event && !m->sent && m->bytes == sizeof(*header) + header->bytes &&
            !memcmp(m->data + sizeof(*header), data, header->bytes))
            return true;
    return false;
}

/* Events wait at the expense of who listens, not of who caused them. Answers are few, and a
 * guest that holds too much must hear so. */
static struct message *message_make(struct store *s, const struct connection *c, u32 type,
                                    size_t bytes)
{
    u32 payer = s->arena.payer;
    struct message *m;

    s->arena.payer = type == WIRE_WATCH_EVENT ? c->domid : 0;
    m = arena_alloc(&s->arena, sizeof(*m) + bytes);
    s->arena.payer = payer;
    return m;
}

enum store_error message_put(struct store *s, struct connection *c, u32 type, u32 request,
                             u32 transaction, const void *data, u32 bytes)
{
    struct wire_header header = {type, request, transaction, bytes};
    struct message *m;

    if (bytes > PAYLOAD_MAX)
        return STORE_E2BIG;
    if (type == WIRE_WATCH_EVENT &&
        (c->event_count >= QUOTA_EVENTS || is_repeated(c, &header, data)))
        return STORE_OK;
    m = message_make(s, c, type, sizeof(header) + bytes);
    if (!m)
        return STORE_ENOMEM;
    m->bytes = (u32)sizeof(header) + bytes;
    m->is_event = type == WIRE_WATCH_EVENT;
    memcpy(m->data, &header, sizeof(header));
    if (bytes)
        memcpy(m->data + sizeof(header), data, bytes);
    if (c->last)
        c->last->next = m;
    else
        c->first = m;
    c->last = m;
    if (m->is_event)
        c->event_count++;
    else
        c->reply_count++;
    return STORE_OK;
}

void message_first_drop(struct store *s, struct connection *c)
{
    struct message *m = c->first;

    c->first = m->next;
    if (!c->first)
        c->last = NULL;
    if (m->is_event)
        c->event_count--;
    else
        c->reply_count--;
    arena_free(&s->arena, m);
}

void message_drop_all(struct store *s, struct connection *c)
{
    while (c->first)
        message_first_drop(s, c);
}

void message_flush(struct store *s, struct connection *c)
{
    struct xen_store_ring *ring = c->ring;
    u32 producer, used;

    if (!ring || c->is_broken)
        return;
    producer = ring->rsp_prod;
    used = producer - __atomic_load_n(&ring->rsp_cons, __ATOMIC_ACQUIRE);
    if (used > XEN_STORE_RING_SIZE) {
        c->is_broken = true;
        ring->error = WIRE_ERROR_RINGIDX;
        c->must_notify = true;
        return;
    }
    while (c->first && used < XEN_STORE_RING_SIZE) {
        struct message *m = c->first;
        u32 at = producer % XEN_STORE_RING_SIZE;
        u32 count = MIN(m->bytes - m->sent, XEN_STORE_RING_SIZE - used);

        count = MIN(count, XEN_STORE_RING_SIZE - at);
        memcpy(ring->rsp + at, m->data + m->sent, count);
        m->sent += count;
        producer += count;
        used += count;
        c->must_notify = true;
        if (m->sent == m->bytes)
            message_first_drop(s, c);
    }
    __atomic_store_n(&ring->rsp_prod, producer, __ATOMIC_RELEASE);
}
