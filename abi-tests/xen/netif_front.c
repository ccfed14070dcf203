#include "abi-tests/xen/netif_front.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/kit/store.h"

#define AT(state)       (1u << (state))
#define ENTRIES         256u /* of a ring of packets */
#define CONTROL_ENTRIES 128u
#define RING_ENTRIES    64u /* where in the page they begin */
#define PATIENCE        2000000000ull
#define LOOK_AGAIN      1000000ull

static volatile struct g_ring_head *head_of(volatile uint8_t *page)
{
    return (volatile struct g_ring_head *)(volatile void *)page;
}

static union g_netif_tx *tx_slot(struct netif *netif, uint32_t index)
{
    return (union g_netif_tx *)(void *)(netif->pages[0].tx + RING_ENTRIES) + index % ENTRIES;
}

static union g_netif_rx *rx_slot(struct netif *netif, unsigned queue, uint32_t index)
{
    return (union g_netif_rx *)(void *)(netif->pages[queue].rx + RING_ENTRIES) +
           index % ENTRIES;
}

static volatile union g_netif_ctrl *control_slot(struct netif *netif, uint32_t index)
{
    return (volatile union g_netif_ctrl *)(volatile void *)(netif->control + RING_ENTRIES) +
           index % CONTROL_ENTRIES;
}

static void ring_make(uint8_t *page)
{
    memset(page, 0, KIT_PAGE);
    head_of(page)->req_event = head_of(page)->rsp_event = 1;
}

/* ---- the connection ---------------------------------------------------------------------- */

/* Responses come in the order of requests here, and a slot's buffer is always the same. */
static void buffer_give(struct netif *netif, unsigned queue)
{
    struct netif_queue *at = &netif->queue[queue];
    uint32_t index = at->rx_produced++;

    rx_slot(netif, queue, index)->request = (struct g_netif_rx_request){
        .id = (uint16_t)(index % NETIF_BUFFERS), .gref = at->buffer_ref[index % NETIF_BUFFERS]};
    __sync_synchronize();
    head_of(netif->pages[queue].rx)->req_prod = at->rx_produced;
}

static void key_put(struct netif *netif, unsigned queue, const char *key, uint64_t value)
{
    char name[48] = "queue-0/";
    size_t used = netif->queues > 1 ? 8 : 0;

    name[6] = (char)('0' + queue);
    while (*key != '\0')
        name[used++] = *key++;
    name[used] = '\0';
    kit_front_put_number(&netif->bus, name, value);
}

static void queue_offer(struct netif *netif, unsigned queue)
{
    struct netif_queue *at = &netif->queue[queue];
    struct netif_pages *pages = &netif->pages[queue];

    ring_make(pages->tx);
    ring_make(pages->rx);
    at->sent_ref = kit_lend(pages->sent, KIT_GRANT_READONLY);
    for (unsigned i = 0; i < NETIF_BUFFERS; i++)
        at->buffer_ref[i] = kit_lend(pages->buffer[i], 0);
    for (unsigned i = 0; i < NETIF_BUFFERS; i++)
        buffer_give(netif, queue);
    at->port = kit_port_offer(0);
    key_put(netif, queue, "tx-ring-ref", kit_lend(pages->tx, 0));
    key_put(netif, queue, "rx-ring-ref", kit_lend(pages->rx, 0));
    key_put(netif, queue, "event-channel", at->port);
}

static void control_offer(struct netif *netif, uint8_t *page)
{
    netif->control = page;
    ring_make(page);
    netif->control_port = kit_port_offer(0);
    kit_front_put_number(&netif->bus, "ctrl-ring-ref", kit_lend(page, 0));
    kit_front_put_number(&netif->bus, "event-channel-ctrl", netif->control_port);
}

static unsigned digit_of(char at)
{
    return (unsigned)(at <= '9' ? at - '0' : (at | 32) - 'a' + 10) & 15;
}

/* aa:bb:cc:dd:ee:ff */
static bool address_read(struct netif *netif)
{
    char path[KIT_FRONT_PATH + 8], text[32];
    size_t used = 0;

    for (const char *at = netif->bus.path; *at != '\0'; at++)
        path[used++] = *at;
    memcpy(path + used, "/mac", 5);
    if (kit_store_read(path, text, sizeof(text)) != 17)
        return false;
    for (unsigned i = 0; i < 6; i++)
        netif->address[i] = (uint8_t)(digit_of(text[3 * i]) << 4 | digit_of(text[3 * i + 1]));
    return true;
}

bool netif_connect(struct netif *netif, unsigned id, unsigned queues, uint8_t *control)
{
    struct netif_pages *pages = netif->pages;

    *netif = (struct netif){.pages = pages, .queues = queues};
    if (!kit_front_find(&netif->bus, "vif", id) || !address_read(netif) ||
        !kit_front_begin(&netif->bus))
        return false;
    for (unsigned i = 0; i < queues; i++)
        queue_offer(netif, i);
    if (control != NULL)
        control_offer(netif, control);
    kit_front_put_number(&netif->bus, "multi-queue-num-queues", queues);
    kit_front_put(&netif->bus, "feature-rx-notify", "1");
    kit_front_put(&netif->bus, "request-rx-copy", "1");
    return kit_front_state(&netif->bus, G_XENBUS_CONNECTED) &&
           kit_front_await(&netif->bus, AT(G_XENBUS_CONNECTED) | AT(G_XENBUS_CLOSING) |
                                            AT(G_XENBUS_CLOSED)) == G_XENBUS_CONNECTED;
}

bool netif_close(struct netif *netif)
{
    bool is_closed = kit_front_state(&netif->bus, G_XENBUS_CLOSED) &&
                     kit_front_await(&netif->bus, AT(G_XENBUS_CLOSED));

    for (unsigned i = 0; i < netif->queues; i++)
        kit_port_close(netif->queue[i].port);
    if (netif->control != NULL)
        kit_port_close(netif->control_port);
    return is_closed;
}

/* ---- the control ring -------------------------------------------------------------------- */

static void request_put(struct netif *netif, const struct g_netif_ctrl_request *request)
{
    control_slot(netif, netif->asked++)->request = *request;
}

/* Whether all that was asked is answered in time. */
static bool answers_await(struct netif *netif)
{
    volatile struct g_ring_head *head = head_of(netif->control);
    uint64_t end = kit_now() + PATIENCE;

    head->rsp_event = netif->asked;
    __sync_synchronize();
    head->req_prod = netif->asked;
    kit_port_send(netif->control_port);
    while (head->rsp_prod != netif->asked && kit_now() < end)
        kit_port_await(netif->control_port, LOOK_AGAIN);
    __sync_synchronize();
    return head->rsp_prod == netif->asked;
}

long netif_ask(struct netif *netif, unsigned type, uint32_t a, uint32_t b, uint32_t c)
{
    struct g_netif_ctrl_request request = {
        (uint16_t)(0xa000 + netif->asked), (uint16_t)type, {a, b, c}};

    request_put(netif, &request);
    if (!answers_await(netif))
        return NETIF_SILENCE;
    netif->answer = control_slot(netif, netif->asked - 1)->response;
    if (netif->answer.id != request.id || netif->answer.type != request.type)
        return NETIF_SILENCE;
    return netif->answer.status;
}

unsigned netif_ask_many(struct netif *netif, unsigned type, unsigned count, uint32_t status)
{
    struct g_netif_ctrl_request request = {.type = (uint16_t)type};
    struct g_netif_ctrl_response response;
    uint32_t first = netif->asked;
    unsigned right = 0;

    for (unsigned i = 0; i < count; i++) {
        request.id = (uint16_t)(first + i);
        request_put(netif, &request);
    }
    if (!answers_await(netif))
        return 0;
    for (unsigned i = 0; i < count; i++) {
        response = control_slot(netif, first + i)->response;
        right += response.id == (uint16_t)(first + i) && response.type == type &&
                 response.status == status;
    }
    return right;
}

/* ---- frames ------------------------------------------------------------------------------ */

void netif_send(struct netif *netif, const uint8_t *frame, uint32_t bytes,
                const struct g_netif_extra_hash *hash)
{
    struct netif_queue *queue = &netif->queue[0];

    memcpy(netif->pages[0].sent, frame, bytes);
    tx_slot(netif, queue->tx_produced++)->request =
        (struct g_netif_tx_request){.gref = queue->sent_ref,
                                    .size = (uint16_t)bytes,
                                    .flags = hash != NULL ? G_NETTXF_extra_info : 0};
    if (hash != NULL)
        memcpy(tx_slot(netif, queue->tx_produced++), hash, sizeof(*hash));
    __sync_synchronize();
    head_of(netif->pages[0].tx)->req_prod = queue->tx_produced;
    kit_port_send(queue->port);
}

/* Extras follow their frame's first response; one page is room for all that is sent here. */
static void arrival_take(struct netif *netif, unsigned queue, struct netif_arrival *out)
{
    struct netif_queue *at = &netif->queue[queue];
    uint32_t index = at->rx_taken++;
    struct g_netif_rx_response response = rx_slot(netif, queue, index)->response;
    bool has_more = response.flags & G_NETRXF_extra_info;

    *out = (struct netif_arrival){.queue = queue,
                                  .bytes = response.status > 0 ? (uint32_t)response.status : 0,
                                  .at = netif->pages[queue].buffer[index % NETIF_BUFFERS] +
                                        response.offset};
    buffer_give(netif, queue);
    while (has_more) {
        struct g_netif_extra_hash extra = rx_slot(netif, queue, at->rx_taken++)->extra;

        buffer_give(netif, queue);
        if (extra.type == G_NETIF_EXTRA_TYPE_HASH) {
            out->is_hashed = true;
            out->hash = extra;
        }
        has_more = extra.flags & G_NETIF_EXTRA_FLAG_MORE;
    }
    kit_port_send(at->port);
}

bool netif_receive(struct netif *netif, struct netif_arrival *out)
{
    for (unsigned i = 0; i < netif->queues; i++) {
        volatile struct g_ring_head *head = head_of(netif->pages[i].rx);

        if (head->rsp_prod != netif->queue[i].rx_taken) {
            __sync_synchronize();
            arrival_take(netif, i, out);
            return true;
        }
        head->rsp_event = netif->queue[i].rx_taken + 1;
    }
    return false;
}
