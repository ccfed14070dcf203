#include "abi-tests/xen/store_ask.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define EVENTS 16u

struct event {
    uint32_t bytes;
    char data[512];
};

char ask_data[G_XENSTORE_PAYLOAD_MAX + 1];
uint32_t ask_bytes;

static struct event events[EVENTS];
static uint32_t first_event, last_event;

bool ask_begin(void)
{
    if (kit_store_ring() == NULL && !kit_is_control_domain)
        kit_store_begin();
    return kit_store_ring() != NULL;
}

/* One message into ask_data; an event goes to the queue, as far as that has room. */
static bool message_get(struct g_xsd_sockmsg *head)
{
    if (!kit_store_get(head, ask_data, G_XENSTORE_PAYLOAD_MAX) ||
        head->len > G_XENSTORE_PAYLOAD_MAX)
        return false;
    ask_bytes = head->len;
    ask_data[ask_bytes] = '\0';
    if (head->type == G_XS_WATCH_EVENT && last_event - first_event < EVENTS) {
        struct event *event = &events[last_event++ % EVENTS];

        event->bytes = ask_bytes < sizeof(event->data) ? ask_bytes : sizeof(event->data);
        memcpy(event->data, ask_data, event->bytes);
    }
    return true;
}

static bool is_same(const char *one, const char *other)
{
    while (*one != '\0' && *one == *other)
        one++, other++;
    return *one == *other;
}

static long error_number(const char *name)
{
    static const struct {
        const char *name;
        long number;
    } errors[] = {
        {"EINVAL", G_EINVAL}, {"EACCES", G_EACCES}, {"EEXIST", G_EEXIST}, {"ENOENT", G_ENOENT},
        {"ENOMEM", G_ENOMEM}, {"ENOSPC", G_ENOSPC}, {"EIO", G_EIO},       {"ENOSYS", G_ENOSYS},
        {"EBUSY", G_EBUSY},   {"EAGAIN", G_EAGAIN}, {"E2BIG", G_E2BIG},   {"EPERM", G_EPERM},
    };

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (is_same(errors[i].name, name))
            return -errors[i].number;
    return -999;
}

long ask_raw(uint32_t type, uint32_t transaction, const char *data, uint32_t bytes)
{
    static uint32_t requests = 0x10000;
    struct g_xsd_sockmsg head = {type, ++requests, transaction, bytes};

    if (!kit_store_put(&head, sizeof(head)) || !kit_store_put(data, bytes))
        return ASK_SILENCE;
    do {
        if (!message_get(&head))
            return ASK_SILENCE;
    } while (head.type == G_XS_WATCH_EVENT || head.req_id != requests);
    return head.type == G_XS_ERROR ? error_number(ask_data) : 0;
}

uint32_t ask_number(void)
{
    uint32_t value = 0;

    for (const char *at = ask_data; *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (uint32_t)(*at - '0');
    return value;
}

bool ask_event_is(const char *path, const char *token)
{
    struct g_xsd_sockmsg head;
    const struct event *event;
    size_t length = 0;

    while (first_event == last_event)
        if (!message_get(&head))
            return false;
    event = &events[first_event++ % EVENTS];
    if (!is_same(event->data, path))
        return false;
    while (path[length] != '\0')
        length++;
    return is_same(event->data + length + 1, token);
}

/* What was caused by earlier requests has come when the answer to this one has. */
bool ask_is_quiet(void)
{
    return ask(G_XS_GET_DOMAIN_PATH, 0, "0") == 0 && first_event == last_event;
}
