/* role=network: frames and rings that make no sense, and some that look like others'. */
#include "abi-tests/hostile/control.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/hostile/net.h"
#include "abi-tests/kit/store.h"

#define OFFSETS   512u /* where in its page a frame may begin */
#define SLOTS_MAX 20u  /* of a packet */

static uint32_t refs[HOSTILE_PAGES];

/* Ethernet, IPv4 and TCP heads, for what the switch cuts and sums up; then one is spoilt. */
static void frame_make(uint8_t *frame, bool is_spoilt)
{
    static const uint8_t good[54] = {
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x16, 0x3e, 0x68, 0x6f, 0x63, 0x08, 0x00,
        0x45, 0x00, 0x05, 0xdc, 0x00, 0x01, 0x40, 0x00, 0x40, 0x06, 0x00, 0x00, 10,   0,
        0,    9,    10,   0,    0,    8,    0x10, 0x00, 0x10, 0x01, 0,    0,    0,    1,
        0,    0,    0,    2,    0x50, 0x10, 0x10, 0x00, 0,    0,    0,    0,
    };
    const uint8_t ipv6[] = {0x86, 0xdd, 0x60, 0, 0, 0, 0x05, 0xb4, 6, 64};

    memcpy(frame, good, sizeof(good));
    if (one_in(2)) /* to a bystander, or from one */
        frame[below(2) * 6 + 5] = (uint8_t)(1 + below(2));
    if (one_in(2))
        memcpy(frame, good + 6, 5);
    if (one_in(4))
        memcpy(frame + 12, ipv6, sizeof(ipv6));
    if (is_spoilt)
        hostile_scribble(frame, one_in(2) ? 64 : KIT_PAGE - OFFSETS);
}

static struct g_netif_tx_request first_make(bool is_spoilt)
{
    uint32_t page = below(HOSTILE_PAGES);
    struct g_netif_tx_request request = {.gref = refs[page],
                                         .offset = (uint16_t)below(OFFSETS),
                                         .id = (uint16_t)kit_random(&hostile_chance)};

    frame_make(hostile_page[page] + request.offset, is_spoilt);
    request.size = (uint16_t)(54 + below(1460));
    if (one_in(2))
        request.flags |= G_NETTXF_csum_blank;
    return request;
}

static void request_spoil(struct g_netif_tx_request *request)
{
    switch (below(6)) {
    case 0:
        request->gref = (uint32_t)hostile_value();
        break;
    case 1:
        request->offset = (uint16_t)hostile_value();
        break;
    case 2:
        request->size = (uint16_t)hostile_value();
        break;
    case 3:
        request->flags = (uint16_t)hostile_value();
        break;
    default:
        hostile_scribble(request, sizeof(*request));
        break;
    }
}

static void extra_put(struct net *net, bool is_spoilt)
{
    union g_netif_tx *slot = net_tx_slot(net);
    struct g_netif_extra extra = {.type = one_in(4) ? G_NETIF_EXTRA_TYPE_HASH
                                                    : G_NETIF_EXTRA_TYPE_GSO,
                                  .size = (uint16_t)(500 + below(1000)),
                                  .gso_type = (uint8_t)(1 + below(2))};

    if (slot == NULL)
        return;
    if (is_spoilt)
        hostile_scribble(&extra, sizeof(extra));
    memcpy(slot, &extra, sizeof(extra));
}

/* A packet: its first slot, what is said about it, the slots behind it. */
static void packet_put(struct net *net, bool is_spoilt)
{
    struct g_netif_tx_request first = first_make(is_spoilt);
    union g_netif_tx *slot;
    uint32_t rest = one_in(3) ? below(18) : 0;
    bool has_extra = one_in(3);

    if (!is_spoilt && net->tx_produced - net->tx_taken > NET_ENTRIES - SLOTS_MAX)
        return;
    slot = net_tx_slot(net);
    if (slot == NULL)
        return;
    first.size = (uint16_t)(first.size + rest * 3000);
    first.flags |= (rest != 0 ? G_NETTXF_more_data : 0) | (has_extra ? G_NETTXF_extra_info : 0);
    if (is_spoilt && one_in(2))
        request_spoil(&first);
    slot->request = first;
    if (has_extra)
        extra_put(net, is_spoilt && one_in(2));
    for (; rest > 0 && (slot = net_tx_slot(net)) != NULL; rest--) {
        slot->request = (struct g_netif_tx_request){
            .gref = refs[below(HOSTILE_PAGES)],
            .size = 3000,
            .flags = rest > 1 ? G_NETTXF_more_data : 0,
        };
        if (is_spoilt && one_in(8))
            request_spoil(&slot->request);
    }
}

static void indexes_spoil(struct net *net)
{
    volatile struct g_ring_head *head = one_in(2) ? &net_tx.ring.head : &net_rx.ring.head;

    if (one_in(3))
        control_spoil();
    switch (below(4)) {
    case 0:
        head->req_prod = (uint32_t)hostile_value();
        break;
    case 1:
        head->req_prod -= 1 + below(4);
        break;
    case 2:
        head->rsp_prod = head->rsp_event = (uint32_t)hostile_value();
        break;
    default:
        hostile_scribble(one_in(2) ? &net_tx : &net_rx, KIT_PAGE);
        break;
    }
    kit_port_send(net->port);
}

/* Where frames shall go that others send to everybody. */
static void buffers_spoil(struct net *net)
{
    uint32_t which = below(NET_ENTRIES);

    net_rx.ring.rx[which].request.gref = (uint32_t)hostile_value();
    net->buffer_ref[below(NET_BUFFERS)] = (uint16_t)hostile_value();
}

static void keys_spoil(struct net *net)
{
    static const char *const keys[] = {
        "tx-ring-ref",
        "rx-ring-ref",
        "event-channel",
        "event-channel-tx",
        "request-rx-copy",
        "feature-sg",
        "feature-gso-tcpv4",
        "multi-queue-num-queues",
        "ctrl-ring-ref",
        "event-channel-ctrl",
        "state",
    };

    for (uint32_t count = 1 + below(3); count > 0; count--)
        kit_front_put_number(&net->bus, keys[below(sizeof(keys) / sizeof(keys[0]))],
                             hostile_value());
}

static void keys_mend(struct net *net)
{
    kit_front_put(&net->bus, "multi-queue-num-queues", "1");
    kit_front_put_number(&net->bus, "feature-sg", below(2));
    kit_front_put_number(&net->bus, "feature-gso-tcpv4", below(2));
    kit_front_put_number(&net->bus, "feature-no-csum-offload", below(2));
}

/* What was taken back is lent again, until the next time. */
static void pages_restore(void)
{
    for (unsigned i = 0; i < HOSTILE_PAGES; i++)
        kit_lend_restore(refs[i], hostile_page[i], 0);
}

/* What surrounds the packets. */
static void trouble(struct net *net, const struct mood *mood, bool is_spoilt)
{
    if (mood->indexes != 0 && one_in(mood->indexes))
        indexes_spoil(net);
    else if (mood->revokes != 0 && one_in(mood->revokes))
        (one_in(2) ? hostile_revoke : pages_restore)();
    else if (is_spoilt && one_in(8))
        buffers_spoil(net);
}

static void burst(struct net *net, const struct mood *mood)
{
    const uint8_t *frame;
    bool is_careful = one_in(3); /* with its packets, so that the connection lasts */

    for (uint32_t count = 1 + below(200); count > 0; count--) {
        bool is_spoilt = mood->spoils != 0 && one_in(mood->spoils);
        if (one_in(8))
            control_burst(is_spoilt);
        is_spoilt &= !is_careful;
        if (!is_careful)
            trouble(net, mood, is_spoilt);
        for (uint32_t packets = 1 + below(8); packets > 0; packets--)
            packet_put(net, is_spoilt);
        net_push(net);
        hostile_step();
        if (!one_in(8))
            net_tx_reap(net);
        while (!one_in(8) && net_receive(net, &frame) != 0)
            ;
        if (one_in(16))
            kit_port_await(net->port, below(2000000));
    }
}

void hostile_network(const struct mood *mood)
{
    struct net net;

    hostile_step();
    if (kit_store_number("domid", 0) == 0)
        kit_store_reconnect();
    if (!net_prepare(&net))
        hostile_lost();
    keys_mend(&net);
    control_offer(&net.bus);
    for (unsigned i = 0; i < HOSTILE_PAGES; i++)
        refs[i] = kit_lend(hostile_page[i], one_in(4) ? KIT_GRANT_READONLY : 0);
    if (mood->keys != 0 && one_in(mood->keys))
        keys_spoil(&net);
    if (net_connect(&net))
        burst(&net, mood);
    net_close(&net);
    control_close();
    kit_lend_end(0);
}
