#include "abi-tests/hostile/net.h"

#define AT(state) (1u << (state))

union net_page net_tx __attribute__((aligned(4096)));
union net_page net_rx __attribute__((aligned(4096)));
uint8_t net_buffer[NET_BUFFERS][KIT_PAGE] __attribute__((aligned(4096)));

_Static_assert(sizeof(struct net_ring) <= KIT_PAGE, "a ring is a page");

static void buffer_give(struct net *net, uint16_t buffer)
{
    net_rx.ring.rx[net->rx_produced++ % NET_ENTRIES].request =
        (struct g_netif_rx_request){.id = buffer, .gref = net->buffer_ref[buffer]};
}

static void rings_make(struct net *net)
{
    memset(&net_tx, 0, sizeof(net_tx));
    memset(&net_rx, 0, sizeof(net_rx));
    net_tx.ring.head.req_event = net_tx.ring.head.rsp_event = 1;
    net_rx.ring.head.req_event = net_rx.ring.head.rsp_event = 1;
    for (uint16_t i = 0; i < NET_BUFFERS; i++) {
        net->buffer_ref[i] = (uint16_t)kit_lend(net_buffer[i], 0);
        buffer_give(net, i);
    }
    net_rx.ring.head.req_prod = net->rx_produced;
}

bool net_prepare(struct net *net)
{
    *net = (struct net){0};
    if (!kit_front_find(&net->bus, "vif", 0) || !kit_front_begin(&net->bus))
        return false;
    rings_make(net);
    net->port = kit_port_offer(0);
    kit_front_put_number(&net->bus, "tx-ring-ref", kit_lend(&net_tx, 0));
    kit_front_put_number(&net->bus, "rx-ring-ref", kit_lend(&net_rx, 0));
    kit_front_put_number(&net->bus, "event-channel", net->port);
    kit_front_put(&net->bus, "feature-no-csum-offload", "1");
    return kit_front_put(&net->bus, "request-rx-copy", "1");
}

bool net_connect(struct net *net)
{
    return kit_front_state(&net->bus, G_XENBUS_CONNECTED) &&
           kit_front_await(&net->bus, AT(G_XENBUS_CONNECTED) | AT(G_XENBUS_CLOSING) |
                                          AT(G_XENBUS_CLOSED)) == G_XENBUS_CONNECTED;
}

void net_close(struct net *net)
{
    kit_front_state(&net->bus, G_XENBUS_CLOSED);
    kit_front_await(&net->bus, AT(G_XENBUS_CLOSED));
    kit_port_close(net->port);
}

union g_netif_tx *net_tx_slot(struct net *net)
{
    if (net->tx_produced - net->tx_taken >= NET_ENTRIES)
        return NULL;
    return &net_tx.ring.tx[net->tx_produced++ % NET_ENTRIES];
}

void net_push(struct net *net)
{
    __sync_synchronize();
    net_tx.ring.head.req_prod = net->tx_produced;
    net_rx.ring.head.req_prod = net->rx_produced;
    kit_port_send(net->port);
}

void net_tx_reap(struct net *net)
{
    net->tx_taken = net_tx.ring.head.rsp_prod;
    net_tx.ring.head.rsp_event = net->tx_taken + 1;
}

uint32_t net_receive(struct net *net, const uint8_t **frame)
{
    struct g_netif_rx_response response;

    if (net_rx.ring.head.rsp_prod - net->rx_taken > NET_ENTRIES) /* it was spoilt */
        net->rx_taken = net_rx.ring.head.rsp_prod;
    while (net_rx.ring.head.rsp_prod != net->rx_taken) {
        __sync_synchronize();
        response = net_rx.ring.rx[net->rx_taken++ % NET_ENTRIES].response;
        net_rx.ring.head.rsp_event = net->rx_taken + 1;
        if (response.id >= NET_BUFFERS)
            continue;
        buffer_give(net, response.id);
        *frame = net_buffer[response.id] + response.offset % KIT_PAGE;
        if (response.status > 0 &&
            !(response.flags & (G_NETRXF_more_data | G_NETRXF_extra_info)))
            return (uint32_t)response.status;
    }
    return 0;
}
