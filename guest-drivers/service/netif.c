#include "guest-drivers/service/netif.h"
#include "guest-drivers/service/offload.h"
#include "hv/lib/string.h"

#define ROUND     64u                 /* packets of a queue before others have their turn */
#define PARTS_MAX (2 * NET_SLOTS_MAX) /* a slot may lie across two of our pages */

/* A packet that was fetched. One at a time: ports take the bytes before they return. */
static _Alignas(PAGE_SIZE) u8 arrival[NET_FRAME_MAX + 1];
static struct grant_part parts[PARTS_MAX];

void net_back_make(struct net_back *back, u32 partition, u64 address, void *backlog)
{
    memset(back, 0, sizeof(*back));
    back->partition = partition;
    back->port.own = address;
    back->port.address = back->address;
    back->port.addresses = NET_ADDRESSES;
    backlog_open(&back->backlog, backlog, NET_BACKLOG_BYTES);
}

static enum status ports_bind(struct net_queue *queue, const struct net_offer *offer)
{
    u32 partition = queue->back->partition;
    enum status status;

    TRY(port_bind(partition, offer->tx_port, &queue->tx_port));
    queue->rx_port = queue->tx_port;
    if (offer->rx_port == offer->tx_port)
        return ST_OK;
    status = port_bind(partition, offer->rx_port, &queue->rx_port);
    if (status != ST_OK)
        port_unbind(queue->tx_port);
    return status;
}

enum status net_queue_open(struct net_back *back, const struct net_offer *offer)
{
    struct net_queue *queue = &back->queue[back->queues];
    u32 refs[2] = {offer->tx_ref, offer->rx_ref};
    enum status status;
    void *base;

    if (back->queues == NET_QUEUES_MAX)
        return ST_NO_SPACE;
    TRY(grant_ring_map(back->partition, refs, 2, &queue->place, &base));
    queue->back = back;
    status = ports_bind(queue, offer);
    if (status != ST_OK) {
        grant_ring_unmap(queue->place);
        return status;
    }
    net_tx_open(&queue->tx, base);
    net_rx_open(&queue->rx, (u8 *)base + PAGE_SIZE);
    queue->is_busy = true;
    back->queues++;
    return ST_OK;
}

void net_back_close(struct net_back *back)
{
    switch_detach(&back->port);
    for (u32 i = 0; i < back->queues; i++) {
        struct net_queue *queue = &back->queue[i];

        port_unbind(queue->tx_port);
        if (queue->rx_port != queue->tx_port)
            port_unbind(queue->rx_port);
        grant_ring_unmap(queue->place);
    }
    back->queues = 0;
    net_control_close(&back->control);
    back->is_broken = false;
    backlog_open(&back->backlog, back->backlog.memory, back->backlog.room);
}

/* Copies between a packet's slots and memory of ours. */
static enum status packet_copy(const struct net_back *back, enum grant_direction direction,
                               const struct net_packet *packet, const u8 *at)
{
    u32 count = 0;

    for (u32 i = 0; i < packet->slots; i++) {
        const struct net_slot *slot = &packet->slot[i];
        u32 done = 0;

        while (done < slot->bytes) {
            u32 room = (u32)(PAGE_SIZE - ((u64)(uintptr_t)at & PAGE_MASK));
            u32 bytes = MIN(slot->bytes - done, room);

            parts[count++] = (struct grant_part){slot->ref, (u16)(slot->offset + done),
                                                 (u16)bytes, (u8 *)(uintptr_t)at};
            at += bytes;
            done += bytes;
        }
    }
    return grant_copy(back->partition, direction, parts, count);
}

/* ---- to the guest ------------------------------------------------------------------------ */

/* One flow stays in one queue, so that its packets keep their order. [FNV-1a; Knuth,
 * The Art of Computer Programming 6.4] */
static u32 flow_queue(const struct net_frame *frame, u32 queues)
{
    struct net_headers headers;
    u32 hash = 0;

    if (queues == 1 || net_headers_read(frame->at, frame->bytes, &headers) != ST_OK)
        return 0;
    for (u32 i = headers.network + (headers.is_ipv6 ? 8 : 12); i < headers.transport + 4; i++)
        hash = (hash ^ frame->at[i]) * 16777619u;
    hash ^= hash >> 16; /* the last bytes are in a part of the bits yet */
    return (hash * 0x9e3779b9u >> 24) % queues;
}

/* The queue for a frame, which is hashed on the way if the guest wants to see that. */
static struct net_queue *frame_steer(struct net_back *back, struct net_frame *frame)
{
    const struct rss *rss = net_control_rss(&back->control);

    frame->hash = (struct rss_hash){0};
    if (!rss)
        return &back->queue[flow_queue(frame, back->queues)];
    frame->hash = rss_hash(rss, frame->at, frame->bytes);
    return &back->queue[rss_queue(rss, frame->hash.value, back->queues)];
}

/* Into buffers of the guest. ST_NO_DATA: too few are there. */
static enum status frame_put(struct net_queue *queue, const struct net_frame *frame)
{
    struct net_packet packet;
    enum status status = net_rx_take(&queue->rx, frame, &packet);

    if (status == ST_CORRUPT)
        queue->back->is_broken = true;
    if (status != ST_OK)
        return status;
    status = packet_copy(queue->back, GRANT_STORE, &packet, frame->at);
    if (status != ST_OK)
        queue->back->errors++;
    net_rx_answer(&queue->rx, frame, &packet,
                  status == ST_OK ? XEN_NETIF_OKAY : XEN_NETIF_ERROR);
    return ST_OK;
}

static void back_send(struct net_port *port, const struct net_frame *frame)
{
    struct net_back *back = (struct net_back *)(void *)port;
    struct net_frame given = *frame;
    struct net_queue *queue = frame_steer(back, &given);
    enum status status = ST_NO_DATA;

    if (back->is_broken)
        return;
    if (back->backlog.count == 0)
        status = frame_put(queue, &given);
    if (status != ST_NO_DATA)
        return;
    if (!backlog_append(&back->backlog, &given))
        port->out.dropped++;
    else if (back->backlog.count == 1)
        queue->is_busy |= xen_ring_sleep(&queue->rx, net_rx_need(&given));
}

void net_back_attach(struct net_back *back, struct net_switch *net, u32 abilities, u32 largest)
{
    back->port.send = back_send;
    back->port.abilities = abilities;
    back->port.largest = largest;
    switch_attach(net, &back->port);
}

/* What waited goes to the guest as far as it has buffers. */
static void backlog_serve(struct net_back *back)
{
    struct net_frame frame;

    while (!back->is_broken && backlog_first(&back->backlog, &frame)) {
        struct net_queue *queue = frame_steer(back, &frame);
        enum status status = frame_put(queue, &frame);

        if (status == ST_NO_DATA && xen_ring_sleep(&queue->rx, net_rx_need(&frame)))
            status = frame_put(queue, &frame);
        if (status != ST_OK)
            return;
        backlog_drop(&back->backlog);
    }
}

/* ---- from the guest ---------------------------------------------------------------------- */

static void packet_forward(struct net_back *back, const struct net_packet *packet, u64 now_ns)
{
    struct net_frame frame = {
        .at = arrival,
        .bytes = packet->bytes,
        .flags = packet->flags,
        .gso = packet->gso,
        .gso_bytes = packet->gso_bytes,
    };

    switch_input(&back->port, &frame, now_ns);
}

/* One packet out of the ring; false when there is none. */
static bool packet_serve(struct net_queue *queue, u64 now_ns)
{
    struct net_back *back = queue->back;
    struct net_packet packet;
    enum status status = net_tx_take(&queue->tx, &packet);

    if (status == ST_CORRUPT)
        back->is_broken = true;
    if (status != ST_OK)
        return false;
    status = packet_copy(back, GRANT_FETCH, &packet, arrival);
    net_tx_answer(&queue->tx, &packet, status == ST_OK ? XEN_NETIF_OKAY : XEN_NETIF_ERROR);
    if (status == ST_OK)
        packet_forward(back, &packet, now_ns);
    else
        back->errors++;
    return true;
}

static void queue_serve(struct net_queue *queue, u64 now_ns)
{
    struct net_back *back = queue->back;
    u32 count = 0;

    do {
        while (count < ROUND && packet_serve(queue, now_ns))
            count++;
        queue->is_busy = count >= ROUND;
    } while (!back->is_broken && !queue->is_busy && xen_ring_sleep(&queue->tx, 1));
}

static void control_serve(struct net_back *back)
{
    if (net_control_serve(&back->control, back->queues) == ST_CORRUPT)
        back->is_broken = true;
}

bool net_port_serve(struct net_back *back, u32 port, u64 now_ns)
{
    if (back->control.is_open && port == back->control.port) {
        control_serve(back);
        return true;
    }
    for (u32 i = 0; i < back->queues; i++) {
        struct net_queue *queue = &back->queue[i];

        if (port != queue->tx_port && port != queue->rx_port)
            continue;
        backlog_serve(back);
        if (port == queue->tx_port && !back->is_broken)
            queue_serve(queue, now_ns);
        return true;
    }
    return false;
}

bool net_continue(struct net_back *back, u64 now_ns)
{
    bool is_busy;

    if (back->control.is_busy)
        control_serve(back);
    is_busy = back->control.is_busy;
    for (u32 i = 0; i < back->queues && !back->is_broken; i++) {
        if (back->queue[i].is_busy) {
            backlog_serve(back);
            queue_serve(&back->queue[i], now_ns);
        }
        is_busy |= back->queue[i].is_busy;
    }
    return is_busy && !back->is_broken;
}

void net_back_push(struct net_back *back)
{
    if (back->is_broken)
        return;
    net_control_push(&back->control);
    for (u32 i = 0; i < back->queues; i++) {
        struct net_queue *queue = &back->queue[i];
        bool wants_tx = xen_ring_push(&queue->tx);
        bool wants_rx = xen_ring_push(&queue->rx);

        if (wants_tx)
            port_signal(queue->tx_port);
        if (wants_rx && !(wants_tx && queue->rx_port == queue->tx_port))
            port_signal(queue->rx_port);
    }
}
