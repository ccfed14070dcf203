#include "guest-drivers/service/offload.h"
#include "hv/lib/string.h"

#define TYPE_IPV4   0x0800u
#define TYPE_IPV6   0x86ddu
#define TYPE_VLAN   0x8100u
#define TYPE_VLAN_S 0x88a8u
#define VLAN_BYTES  4u
#define TAGS_MAX    2u

#define IPV4_HEAD       20u
#define IPV4_MORE       0x2000u
#define IPV4_OFFSET     0x1fffu
#define IPV6_HEAD       40u
#define IPV6_EXTRAS_MAX 8u

#define TCP_HEAD      20u
#define TCP_FIN_PSH   0x09u
#define TCP_CWR       0x80u
#define UDP_HEAD      8u
#define PROTOCOL_UDP  17u
/* IPv6 headers that stand before the transport's. */
#define EXTRA_HOPS    0u
#define EXTRA_ROUTING 43u
#define EXTRA_TARGET  60u
#define FRAGMENT      44u /* of a packet of either version: what is in it is not looked at */

/* A frame in the making. One at a time: ports take the bytes before they return. */
static u8 scratch[NET_FRAME_MAX + 1];

static u32 get16(const u8 *at)
{
    return (u32)at[0] << 8 | at[1];
}

static u32 get32(const u8 *at)
{
    return get16(at) << 16 | get16(at + 2);
}

static void put16(u8 *at, u32 value)
{
    at[0] = (u8)(value >> 8);
    at[1] = (u8)value;
}

static void put32(u8 *at, u32 value)
{
    put16(at, value >> 16);
    put16(at + 2, value);
}

/* The sum of 16-bit words, as they lie in memory; the last one may be half. */
static u64 sum_bytes(const u8 *at, u32 bytes, u64 sum)
{
    u32 word;
    u16 half = 0;

    for (; bytes >= 4; at += 4, bytes -= 4) {
        memcpy(&word, at, 4);
        sum += word;
    }
    if (bytes >= 2) {
        memcpy(&half, at, 2);
        sum += half;
        at += 2;
    }
    if (bytes & 1)
        sum += *at;
    return sum;
}

/* As it is stored. */
static u16 sum_fold(u64 sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

static enum status ipv4_read(const u8 *at, u32 bytes, struct net_headers *out)
{
    const u8 *head = at + out->network;
    u32 head_bytes, total;

    if (bytes - out->network < IPV4_HEAD || head[0] >> 4 != 4)
        return ST_UNSUPPORTED;
    head_bytes = (head[0] & 15u) * 4;
    total = get16(head + 2);
    if (head_bytes < IPV4_HEAD || total < head_bytes || total > bytes - out->network)
        return ST_UNSUPPORTED;
    out->is_ipv6 = false;
    out->protocol = get16(head + 6) & (IPV4_MORE | IPV4_OFFSET) ? FRAGMENT : head[9];
    out->transport = out->network + head_bytes;
    out->end = out->network + total;
    return ST_OK;
}

static enum status ipv6_read(const u8 *at, u32 bytes, struct net_headers *out)
{
    const u8 *head = at + out->network;

    if (bytes - out->network < IPV6_HEAD || head[0] >> 4 != 6)
        return ST_UNSUPPORTED;
    out->is_ipv6 = true;
    out->protocol = head[6];
    out->transport = out->network + IPV6_HEAD;
    out->end = out->transport + get16(head + 4);
    if (out->end > bytes)
        return ST_UNSUPPORTED;
    for (u32 i = 0; i < IPV6_EXTRAS_MAX &&
                    (out->protocol == EXTRA_HOPS || out->protocol == EXTRA_ROUTING ||
                     out->protocol == EXTRA_TARGET);
         i++) {
        if (out->end - out->transport < 8)
            return ST_UNSUPPORTED;
        out->protocol = at[out->transport];
        out->transport += (at[out->transport + 1] + 1u) * 8;
        if (out->transport > out->end)
            return ST_UNSUPPORTED;
    }
    return ST_OK;
}

static enum status transport_read(const u8 *at, struct net_headers *out)
{
    u32 left = out->end - out->transport;
    u32 head = UDP_HEAD;

    if (out->protocol == NET_PROTOCOL_TCP && left >= TCP_HEAD)
        head = (u32)(at[out->transport + 12] >> 4) * 4;
    else if (out->protocol != PROTOCOL_UDP)
        return ST_UNSUPPORTED;
    if (head > left || (out->protocol == NET_PROTOCOL_TCP && head < TCP_HEAD))
        return ST_UNSUPPORTED;
    out->payload = out->transport + head;
    return ST_OK;
}

/* The type of what lies behind Ethernet's head and tags; 0: it is not whole. */
static u32 network_find(const u8 *at, u32 bytes, u32 *network)
{
    u32 type_at = ETHERNET_HEAD - 2;
    u32 type;

    if (bytes < ETHERNET_HEAD)
        return 0;
    type = get16(at + type_at);
    for (u32 i = 0; i < TAGS_MAX && (type == TYPE_VLAN || type == TYPE_VLAN_S); i++) {
        type_at += VLAN_BYTES;
        if (bytes < type_at + 2)
            return 0;
        type = get16(at + type_at);
    }
    *network = type_at + 2;
    return type;
}

enum status net_network_read(const u8 *at, u32 bytes, struct net_headers *out)
{
    u32 type = network_find(at, bytes, &out->network);

    if (type == TYPE_IPV4)
        return ipv4_read(at, bytes, out);
    return type == TYPE_IPV6 ? ipv6_read(at, bytes, out) : ST_UNSUPPORTED;
}

enum status net_headers_read(const u8 *at, u32 bytes, struct net_headers *out)
{
    TRY(net_network_read(at, bytes, out));
    return transport_read(at, out);
}

static u32 checksum_at(const struct net_headers *headers)
{
    return headers->transport + (headers->protocol == NET_PROTOCOL_TCP ? 16 : 6);
}

/* [RFC 9293 3.1, RFC 8200 8.1] */
static u64 pseudo_sum(const u8 *at, const struct net_headers *headers)
{
    u32 addresses = headers->is_ipv6 ? 8 : 12;
    u8 pseudo[8];

    put32(pseudo, headers->end - headers->transport);
    put32(pseudo + 4, headers->protocol);
    return sum_bytes(at + headers->network + addresses, headers->is_ipv6 ? 32 : 8,
                     sum_bytes(pseudo, 8, 0));
}

static void checksum_put(u8 *at, const struct net_headers *headers)
{
    u8 *field = at + checksum_at(headers);
    u16 sum;

    memset(field, 0, 2);
    sum = sum_fold(sum_bytes(at + headers->transport, headers->end - headers->transport,
                             pseudo_sum(at, headers)));
    /* UDP: zero means none. [RFC 768] */
    if (sum == 0 && headers->protocol == PROTOCOL_UDP)
        sum = 0xffff;
    memcpy(field, &sum, 2);
}

static void ipv4_checksum_put(u8 *network, u32 bytes)
{
    u16 sum;

    put16(network + 10, 0);
    sum = sum_fold(sum_bytes(network, bytes, 0));
    memcpy(network + 10, &sum, 2);
}

enum status net_segment_complete(u8 *at, u32 bytes, enum net_gso gso)
{
    struct net_headers headers;
    u32 network = 0;
    u32 type = network_find(at, bytes, &network);
    u16 sum;

    if (gso == NET_GSO_TCP4 && type == TYPE_IPV4 && bytes - network >= IPV4_HEAD)
        put16(at + network + 2, bytes - network);
    else if (gso == NET_GSO_TCP6 && type == TYPE_IPV6 && bytes - network >= IPV6_HEAD)
        put16(at + network + 4, bytes - network - IPV6_HEAD);
    else
        return ST_UNSUPPORTED;
    TRY(net_headers_read(at, bytes, &headers));
    if (headers.protocol != NET_PROTOCOL_TCP)
        return ST_UNSUPPORTED;
    if (gso == NET_GSO_TCP4)
        ipv4_checksum_put(at + network, headers.transport - network);
    sum = (u16)~sum_fold(pseudo_sum(at, &headers));
    memcpy(at + checksum_at(&headers), &sum, 2);
    return ST_OK;
}

enum status net_checksum_fill(u8 *at, u32 bytes)
{
    struct net_headers headers;

    TRY(net_headers_read(at, bytes, &headers));
    checksum_put(at, &headers);
    return ST_OK;
}

/* One segment: the headers again, with lengths, identity, sequence and flags of its own. */
static void segment_make(const struct net_frame *frame, const struct net_headers *from,
                         u32 index, u32 bytes)
{
    struct net_headers headers = *from;
    u32 offset = index * frame->gso_bytes;
    bool is_last = from->payload + offset + bytes == from->end;
    u8 *network = scratch + from->network;
    u8 *tcp = scratch + from->transport;

    memcpy(scratch, frame->at, from->payload);
    memcpy(scratch + from->payload, frame->at + from->payload + offset, bytes);
    headers.end = from->payload + bytes;
    put32(tcp + 4, get32(tcp + 4) + offset);
    if (!is_last)
        tcp[13] &= (u8)~TCP_FIN_PSH;
    if (index != 0)
        tcp[13] &= (u8)~TCP_CWR;
    if (from->is_ipv6) {
        put16(network + 4, headers.end - from->network - IPV6_HEAD);
    } else {
        put16(network + 2, headers.end - from->network);
        put16(network + 4, get16(network + 4) + index);
        ipv4_checksum_put(network, from->transport - from->network);
    }
    checksum_put(scratch, &headers);
}

static bool segments_send(struct net_port *to, const struct net_frame *frame)
{
    struct net_headers headers;
    struct net_frame segment = {.at = scratch, .flags = NET_CHECKSUM_GOOD};
    u32 left;

    if (net_headers_read(frame->at, frame->bytes, &headers) != ST_OK ||
        headers.protocol != NET_PROTOCOL_TCP ||
        headers.is_ipv6 != (frame->gso == NET_GSO_TCP6) ||
        frame->gso_bytes < OFFLOAD_SEGMENT_LEAST ||
        headers.payload + MIN(frame->gso_bytes, NET_FRAME_MAX) > to->largest)
        return false;
    left = headers.end - headers.payload;
    for (u32 i = 0; i == 0 || left != 0; i++) {
        u32 bytes = MIN(left, frame->gso_bytes);

        segment_make(frame, &headers, i, bytes);
        segment.bytes = headers.payload + bytes;
        to->send(to, &segment);
        left -= bytes;
    }
    return true;
}

static bool filled_send(struct net_port *to, const struct net_frame *frame)
{
    struct net_frame whole = *frame;

    memcpy(scratch, frame->at, frame->bytes);
    if (net_checksum_fill(scratch, frame->bytes) != ST_OK)
        return false;
    whole.at = scratch;
    whole.flags = NET_CHECKSUM_GOOD;
    to->send(to, &whole);
    return true;
}

static bool takes_blank(const struct net_port *to, const struct net_frame *frame)
{
    u32 both = NET_TAKES_BLANK4 | NET_TAKES_BLANK6;
    struct net_headers headers;

    if ((to->abilities & both) == both)
        return true;
    if (!(to->abilities & both) || net_headers_read(frame->at, frame->bytes, &headers) != ST_OK)
        return false;
    return to->abilities & (headers.is_ipv6 ? NET_TAKES_BLANK6 : NET_TAKES_BLANK4);
}

bool offload_send(struct net_port *to, const struct net_frame *frame)
{
    static const u32 gso_ability[] = {
        [NET_GSO_NONE] = 0, [NET_GSO_TCP4] = NET_TAKES_GSO4, [NET_GSO_TCP6] = NET_TAKES_GSO6};

    if (frame->gso != NET_GSO_NONE && !(to->abilities & gso_ability[frame->gso]))
        return segments_send(to, frame);
    if (frame->gso == NET_GSO_NONE && frame->bytes > to->largest)
        return false;
    if ((frame->flags & NET_CHECKSUM_BLANK) && !takes_blank(to, frame))
        return filled_send(to, frame);
    to->send(to, frame);
    return true;
}
