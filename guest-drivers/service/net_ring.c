#include "guest-drivers/service/net_ring.h"
#include "hv/lib/string.h"

_Static_assert(sizeof(struct xen_netif_tx_request) == 12, "as in netif.h");
_Static_assert(sizeof(struct xen_netif_rx_request) == 8, "as in netif.h");
_Static_assert(sizeof(struct xen_netif_rx_response) == sizeof(struct xen_netif_extra),
               "one takes the place of the other");
_Static_assert((u32)XEN_NETIF_CTRL_HASH_IPV4 == RSS_IPV4 &&
                   (u32)XEN_NETIF_CTRL_HASH_IPV4_TCP == RSS_IPV4_TCP &&
                   (u32)XEN_NETIF_CTRL_HASH_IPV6 == RSS_IPV6 &&
                   (u32)XEN_NETIF_CTRL_HASH_IPV6_TCP == RSS_IPV6_TCP,
               "kinds of hashes are told as they are");
_Static_assert((NET_FRAME_MAX + NET_SLOT_BYTES - 1) / NET_SLOT_BYTES < NET_SLOTS_MAX,
               "every frame fits");

void net_tx_open(struct xen_ring *ring, void *base)
{
    xen_ring_open(ring, base, PAGE_SIZE, sizeof(struct xen_netif_tx_request));
}

void net_rx_open(struct xen_ring *ring, void *base)
{
    xen_ring_open(ring, base, PAGE_SIZE, sizeof(struct xen_netif_rx_request));
}

/* ---- from the guest ---------------------------------------------------------------------- */

static enum status gso_read(const struct xen_netif_extra *extra, struct net_packet *out)
{
    if (out->gso != NET_GSO_NONE || extra->gso.size == 0)
        return ST_CORRUPT;
    if (extra->gso.type == XEN_NETIF_GSO_TCP4)
        out->gso = NET_GSO_TCP4;
    else if (extra->gso.type == XEN_NETIF_GSO_TCP6)
        out->gso = NET_GSO_TCP6;
    else
        return ST_CORRUPT;
    out->gso_bytes = extra->gso.size;
    out->flags |= NET_CHECKSUM_BLANK;
    return ST_OK;
}

/* What is said about a packet between its first slot and the others. */
static enum status extras_take(struct xen_ring *ring, u32 *waiting, struct net_packet *out)
{
    struct xen_netif_extra extra;

    do {
        if (*waiting == 0 || out->extras == NET_EXTRAS_MAX)
            return ST_CORRUPT;
        xen_ring_take(ring, &extra, sizeof(extra));
        --*waiting;
        out->extras++;
        if (extra.type == XEN_NETIF_EXTRA_GSO)
            TRY(gso_read(&extra, out));
        /* A hash is by the sender's key, which is nobody's on the other side. */
        else if (extra.type == 0 || extra.type > XEN_NETIF_EXTRA_HASH)
            return ST_CORRUPT;
    } while (extra.flags & XEN_NETIF_EXTRA_MORE);
    return ST_OK;
}

static enum status slot_read(const struct xen_netif_tx_request *request, u32 bytes,
                             struct net_packet *out)
{
    if ((u32)request->offset + bytes > NET_SLOT_BYTES)
        return ST_CORRUPT;
    out->slot[out->slots++] =
        (struct net_slot){request->gref, request->offset, (u16)bytes, request->id};
    return ST_OK;
}

/* The slots behind the first. `left` of the packet's bytes are the first slot's own. */
static enum status rest_take(struct xen_ring *ring, u32 *waiting, u32 *left,
                             struct net_packet *out)
{
    struct xen_netif_tx_request request;

    out->slots = 1;
    do {
        if (*waiting == 0 || out->slots == NET_SLOTS_MAX)
            return ST_CORRUPT;
        xen_ring_take(ring, &request, sizeof(request));
        --*waiting;
        if (request.size > *left)
            return ST_CORRUPT;
        *left -= request.size;
        TRY(slot_read(&request, request.size, out));
    } while (request.flags & XEN_NETIF_TX_MORE);
    return ST_OK;
}

enum status net_tx_take(struct xen_ring *ring, struct net_packet *out)
{
    struct xen_netif_tx_request first;
    u32 waiting, left, slots;

    TRY(xen_ring_waiting(ring, &waiting));
    if (waiting == 0)
        return ST_NO_DATA;
    xen_ring_take(ring, &first, sizeof(first));
    waiting--;
    out->slots = out->extras = out->flags = out->gso_bytes = 0;
    out->gso = NET_GSO_NONE;
    out->bytes = left = first.size;
    if (first.flags & XEN_NETIF_TX_BLANK)
        out->flags = NET_CHECKSUM_BLANK;
    else if (first.flags & XEN_NETIF_TX_VALIDATED)
        out->flags = NET_CHECKSUM_GOOD;
    if (first.flags & XEN_NETIF_TX_EXTRA)
        TRY(extras_take(ring, &waiting, out));
    if (first.flags & XEN_NETIF_TX_MORE)
        TRY(rest_take(ring, &waiting, &left, out));
    slots = MAX(out->slots, 1u);
    out->slots = 0;
    TRY(slot_read(&first, left, out));
    out->slots = slots;
    return ST_OK;
}

void net_tx_answer(struct xen_ring *ring, const struct net_packet *packet,
                   enum xen_netif_status status)
{
    struct xen_netif_tx_response response;

    for (u32 i = 0; i < packet->slots; i++) {
        response = (struct xen_netif_tx_response){packet->slot[i].id, (s16)status};
        xen_ring_answer(ring, &response, sizeof(response));
        response = (struct xen_netif_tx_response){.status = XEN_NETIF_NULL};
        for (u32 k = 0; i == 0 && k < packet->extras; k++)
            xen_ring_answer(ring, &response, sizeof(response));
    }
}

/* ---- to the guest ------------------------------------------------------------------------ */

static u32 slots_of(const struct net_frame *frame)
{
    return (frame->bytes + NET_SLOT_BYTES - 1) / NET_SLOT_BYTES;
}

static u32 extras_of(const struct net_frame *frame)
{
    return (frame->gso != NET_GSO_NONE ? 1u : 0u) + (frame->hash.kind != RSS_NONE ? 1u : 0u);
}

u32 net_rx_need(const struct net_frame *frame)
{
    return slots_of(frame) + extras_of(frame);
}

enum status net_rx_take(struct xen_ring *ring, const struct net_frame *frame,
                        struct net_packet *out)
{
    struct xen_netif_rx_request request;
    u32 waiting;
    u32 left = frame->bytes;

    TRY(xen_ring_waiting(ring, &waiting));
    if (waiting < net_rx_need(frame))
        return ST_NO_DATA;
    out->slots = out->extras = 0;
    while (out->slots < slots_of(frame)) {
        u32 bytes = MIN(left, NET_SLOT_BYTES);

        xen_ring_take(ring, &request, sizeof(request));
        out->slot[out->slots] = (struct net_slot){request.gref, 0, (u16)bytes, request.id};
        left -= bytes;
        out->slots++;
        /* The buffers whose places the extra information takes stay empty. */
        for (; out->extras < extras_of(frame); out->extras++)
            xen_ring_take(ring, &request, sizeof(request));
    }
    return ST_OK;
}

static void gso_answer(struct xen_ring *ring, const struct net_frame *frame)
{
    struct xen_netif_extra extra = {
        .type = XEN_NETIF_EXTRA_GSO,
        .flags = frame->hash.kind != RSS_NONE ? XEN_NETIF_EXTRA_MORE : 0,
        .gso.size = (u16)frame->gso_bytes,
        .gso.type = frame->gso == NET_GSO_TCP4 ? XEN_NETIF_GSO_TCP4 : XEN_NETIF_GSO_TCP6,
    };

    xen_ring_answer(ring, &extra, sizeof(extra));
}

static void hash_answer(struct xen_ring *ring, const struct rss_hash *hash)
{
    struct xen_netif_extra extra = {
        .type = XEN_NETIF_EXTRA_HASH,
        .hash.type = (u8)__builtin_ctz((u32)hash->kind),
        .hash.algorithm = XEN_NETIF_CTRL_TOEPLITZ,
    };

    memcpy(extra.hash.value, &hash->value, sizeof(extra.hash.value));
    xen_ring_answer(ring, &extra, sizeof(extra));
}

void net_rx_answer(struct xen_ring *ring, const struct net_frame *frame,
                   const struct net_packet *packet, enum xen_netif_status status)
{
    u32 flags = 0;

    if (frame->flags & NET_CHECKSUM_BLANK)
        flags = XEN_NETIF_RX_BLANK | XEN_NETIF_RX_VALIDATED;
    else if (frame->flags & NET_CHECKSUM_GOOD)
        flags = XEN_NETIF_RX_VALIDATED;
    if (packet->extras != 0)
        flags |= XEN_NETIF_RX_EXTRA;
    for (u32 i = 0; i < packet->slots; i++) {
        const struct net_slot *slot = &packet->slot[i];
        u32 more = i + 1 < packet->slots ? XEN_NETIF_RX_MORE : 0;
        struct xen_netif_rx_response response = {
            .id = slot->id,
            .flags = (u16)(flags | more),
            .status = status == XEN_NETIF_OKAY ? (s16)slot->bytes : (s16)status,
        };

        xen_ring_answer(ring, &response, sizeof(response));
        if (i == 0 && frame->gso != NET_GSO_NONE)
            gso_answer(ring, frame);
        if (i == 0 && frame->hash.kind != RSS_NONE)
            hash_answer(ring, &frame->hash);
        flags = 0;
    }
}
