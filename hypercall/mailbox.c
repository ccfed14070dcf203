#include "hypercall/mailbox.h"
#include "hv/core/partition.h"
#include "hv/lib/string.h"
#include "hypercall/op_memory.h"

#define SLOTS_PER_PAGE (PAGE_SIZE / sizeof(struct mailbox_message))
#define OUTBOX_PAGES   ((NATIVE_MESSAGES_MAX + SLOTS_PER_PAGE - 1) / SLOTS_PER_PAGE)
#define WORD_BITS      64u
#define FLAG_WORDS     (NATIVE_EVENT_FLAGS / WORD_BITS)

/* Messages to one vCPU, oldest first. */
struct inbox {
    u32 count;
    struct mailbox_message message[NATIVE_POSTS_MAX];
};
_Static_assert(sizeof(struct inbox) <= PAGE_SIZE, "one page");

/* Flags set for one vCPU. */
struct flags {
    u64 word[NATIVE_SINTS][FLAG_WORDS];
};
_Static_assert(sizeof(struct flags) <= PAGE_SIZE, "one page");

struct connection {
    u32 id;
    u32 port; /* ours, connected with the root's; 0: free record */
};

struct mailbox {
    u32 port; /* ours, for messages; 0: nobody listens */
    u32 first, count;
    struct mailbox_message *page[OUTBOX_PAGES];
    u32 connection_limit; /* no record at or above it is used */
    struct connection connection[NATIVE_EVENTS_MAX];
    u32 waiting; /* messages in all inboxes */
    struct inbox *inbox[VCPU_MAX];
    struct flags *flags[VCPU_MAX];
    u16 flagged[VCPU_MAX]; /* the sources with a flag set */
};
_Static_assert(sizeof(struct mailbox) <= PAGE_SIZE, "one page");

static enum status page_get(struct partition *p, void **page)
{
    return *page ? ST_OK : op_page_alloc(p, page);
}

static enum status mailbox_get(struct partition *p, struct mailbox **out)
{
    void *page = p->mailbox;

    if (!(p->flags & PARTITION_TLFS))
        return ST_INVALID;
    TRY(page_get(p, &page));
    p->mailbox = page;
    *out = page;
    return ST_OK;
}

/* The port of p at the other end of a root's port. */
static enum status far_port(const struct partition *p, struct partition *root, u32 root_port,
                            u32 *out)
{
    struct port_status status;

    TRY(port_status(root, root_port, &status));
    if (status.kind != PORT_INTERDOMAIN || status.remote_id != p->id)
        return ST_INVALID;
    *out = status.remote_port;
    return ST_OK;
}

static enum status outbox_make(struct partition *p, struct mailbox *box)
{
    for (u32 i = 0; i < OUTBOX_PAGES; i++) {
        void *page = box->page[i];

        TRY(page_get(p, &page));
        box->page[i] = page;
    }
    return ST_OK;
}

enum status mailbox_bind(struct partition *p, struct partition *root, u32 root_port)
{
    struct mailbox *box;
    u32 port;

    TRY(far_port(p, root, root_port, &port));
    TRY(mailbox_get(p, &box));
    TRY(outbox_make(p, box));
    box->port = port;
    return ST_OK;
}

/* NULL when there is none. */
static struct connection *connection_find(struct mailbox *box, u32 id)
{
    for (u32 i = 0; i < box->connection_limit; i++)
        if (box->connection[i].port != 0 && box->connection[i].id == id)
            return &box->connection[i];
    return NULL;
}

static struct connection *connection_free(struct mailbox *box)
{
    for (u32 i = 0; i < NATIVE_EVENTS_MAX; i++)
        if (box->connection[i].port == 0)
            return &box->connection[i];
    return NULL;
}

enum status mailbox_connect(struct partition *p, struct partition *root, u32 root_port,
                            u32 connection)
{
    struct connection *record;
    struct mailbox *box;
    u32 port;

    TRY(far_port(p, root, root_port, &port));
    TRY(mailbox_get(p, &box));
    if (connection_find(box, connection))
        return ST_EXISTS;
    record = connection_free(box);
    if (!record)
        return ST_NO_SPACE;
    *record = (struct connection){connection, port};
    box->connection_limit = MAX(box->connection_limit, (u32)(record - box->connection) + 1);
    return ST_OK;
}

/* A port whose other end the root has closed goes too: the guest knows of none, so that nobody
 * else would close it. */
static void port_forget(struct partition *p, u32 port)
{
    struct port_status status;

    if (port_status(p, port, &status) == ST_OK && status.kind == PORT_UNBOUND)
        (void)port_close(p, port);
}

enum status mailbox_disconnect(struct partition *p, u32 connection)
{
    struct connection *record = p->mailbox ? connection_find(p->mailbox, connection) : NULL;

    if (!record)
        return ST_NO_ENTRY;
    port_forget(p, record->port);
    *record = (struct connection){0};
    return ST_OK;
}

static struct mailbox_message *outbox_slot(const struct mailbox *box, u32 index)
{
    u32 slot = (box->first + index) % NATIVE_MESSAGES_MAX;

    return &box->page[slot / SLOTS_PER_PAGE][slot % SLOTS_PER_PAGE];
}

const struct mailbox_message *mailbox_peek(const struct partition *p)
{
    return p->mailbox && p->mailbox->count != 0 ? outbox_slot(p->mailbox, 0) : NULL;
}

void mailbox_drop(struct partition *p)
{
    p->mailbox->first = (p->mailbox->first + 1) % NATIVE_MESSAGES_MAX;
    p->mailbox->count--;
}

enum status op_message_send(struct partition *p, u32 connection, u32 type, const void *payload,
                            u32 bytes)
{
    struct mailbox *box = p->mailbox;
    struct mailbox_message *slot;

    if (!box || box->port == 0 ||
        (connection != NATIVE_MESSAGE_CONNECTION && connection != NATIVE_MESSAGE_CONNECTION_5))
        return ST_NO_ENTRY;
    if (bytes > NATIVE_MESSAGE_BYTES)
        return ST_TOO_BIG;
    if (box->count == NATIVE_MESSAGES_MAX)
        return ST_NO_SPACE;
    slot = outbox_slot(box, box->count++);
    slot->connection = connection;
    slot->type = type;
    slot->bytes = bytes;
    memcpy(slot->payload, payload, bytes);
    if (box->count == 1)
        (void)port_send(p, box->port);
    return ST_OK;
}

enum status op_event_signal(struct partition *p, u32 connection)
{
    const struct connection *record =
        p->mailbox ? connection_find(p->mailbox, connection) : NULL;

    return record ? port_send(p, record->port) : ST_NO_ENTRY;
}

/* ---- To a vCPU ----------------------------------------------------------------------------
 */

/* The adapter looks before the next entry; that of another one for a vCPU that is down. */
static void tell(struct vcpu *vcpu)
{
    struct partition *p = vcpu->partition;

    if (vcpu_is_up(vcpu)) {
        vcpu_wake(vcpu);
        return;
    }
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i] && vcpu_is_up(p->vcpu[i]))
            vcpu_wake(p->vcpu[i]);
}

enum status mailbox_reserve(struct vcpu *vcpu, struct mailbox_message **out)
{
    struct mailbox *box;
    void *page;

    TRY(mailbox_get(vcpu->partition, &box));
    page = box->inbox[vcpu->id];
    TRY(page_get(vcpu->partition, &page));
    box->inbox[vcpu->id] = page;
    if (box->inbox[vcpu->id]->count == NATIVE_POSTS_MAX)
        return ST_BUSY;
    *out = &box->inbox[vcpu->id]->message[box->inbox[vcpu->id]->count];
    return ST_OK;
}

void mailbox_commit(struct vcpu *vcpu)
{
    vcpu->partition->mailbox->inbox[vcpu->id]->count++;
    vcpu->partition->mailbox->waiting++;
    tell(vcpu);
}

enum status mailbox_flag_set(struct vcpu *vcpu, u32 sint, u32 flag)
{
    struct mailbox *box;
    void *page;

    if (sint >= NATIVE_SINTS || flag >= NATIVE_EVENT_FLAGS)
        return ST_INVALID;
    TRY(mailbox_get(vcpu->partition, &box));
    page = box->flags[vcpu->id];
    TRY(page_get(vcpu->partition, &page));
    box->flags[vcpu->id] = page;
    box->flags[vcpu->id]->word[sint][flag / WORD_BITS] |= BIT(flag % WORD_BITS);
    box->flagged[vcpu->id] |= (u16)(1u << sint);
    tell(vcpu);
    return ST_OK;
}

bool op_message_waits(const struct vcpu *vcpu)
{
    const struct mailbox *box = vcpu->partition->mailbox;

    return box && (box->flagged[vcpu->id] != 0 ||
                   (box->inbox[vcpu->id] && box->inbox[vcpu->id]->count != 0));
}

bool op_messages_wait(const struct partition *p)
{
    return p->mailbox && p->mailbox->waiting != 0;
}

const struct mailbox_message *op_message_at(const struct vcpu *vcpu, u32 index)
{
    const struct mailbox *box = vcpu->partition->mailbox;
    const struct inbox *inbox = box ? box->inbox[vcpu->id] : NULL;

    return inbox && index < inbox->count ? &inbox->message[index] : NULL;
}

void op_message_take(struct vcpu *vcpu, u32 index)
{
    struct inbox *inbox = vcpu->partition->mailbox->inbox[vcpu->id];

    inbox->count--;
    vcpu->partition->mailbox->waiting--;
    memmove(&inbox->message[index], &inbox->message[index + 1],
            (inbox->count - index) * sizeof(inbox->message[0]));
}

/* The lowest flag of a source; false when it has none. */
static bool source_take(struct flags *flags, u32 sint, u32 *flag)
{
    for (u32 i = 0; i < FLAG_WORDS; i++) {
        u64 *word = &flags->word[sint][i];

        if (*word == 0)
            continue;
        *flag = i * WORD_BITS + (u32)__builtin_ctzll(*word);
        *word &= *word - 1;
        return true;
    }
    return false;
}

bool op_event_flag_take(struct vcpu *vcpu, u32 *sint, u32 *flag)
{
    struct mailbox *box = vcpu->partition->mailbox;

    while (box && box->flagged[vcpu->id] != 0) {
        *sint = (u32)__builtin_ctz(box->flagged[vcpu->id]);
        if (source_take(box->flags[vcpu->id], *sint, flag))
            return true;
        box->flagged[vcpu->id] &= (u16) ~(1u << *sint);
    }
    return false;
}
