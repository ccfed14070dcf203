#include "guest-drivers/service/rss.h"
#include "guest-drivers/service/offload.h"
#include "hv/lib/string.h"

#define PORTS_BYTES 4u

_Static_assert(RSS_INPUT_BYTES + sizeof(u32) == RSS_KEY_BYTES,
               "each bit of the input has 32 of the key");

u32 rss_toeplitz(const u8 key[RSS_KEY_BYTES], const u8 *input, u32 bytes)
{
    u64 window = 0;
    u32 hash = 0;

    for (u32 i = 0; i < sizeof(u32); i++)
        window = window << 8 | key[i];
    for (u32 i = 0; i < bytes; i++) {
        window = window << 8 | key[i + sizeof(u32)];
        /* Its topmost bit has the window as it was, the next one all moved by one. */
        for (u32 bits = input[i]; bits != 0; bits &= bits - 1)
            hash ^= (u32)(window >> (__builtin_ctz(bits) + 1));
    }
    return hash;
}

/* Of the kinds that a frame of this network protocol has, the richest that was asked for. */
static enum rss_kind kind_choose(u32 kinds, const struct net_headers *headers, bool is_tcp)
{
    enum rss_kind addresses = headers->is_ipv6 ? RSS_IPV6 : RSS_IPV4;
    enum rss_kind ports = headers->is_ipv6 ? RSS_IPV6_TCP : RSS_IPV4_TCP;

    if (is_tcp && (kinds & ports))
        return ports;
    return kinds & addresses ? addresses : RSS_NONE;
}

struct rss_hash rss_hash(const struct rss *rss, const u8 *frame, u32 bytes)
{
    struct rss_hash hash = {RSS_NONE, 0};
    struct net_headers headers;
    u8 input[RSS_INPUT_BYTES];
    u32 length;

    if (rss->kinds == 0 || net_network_read(frame, bytes, &headers) != ST_OK)
        return hash;
    hash.kind = kind_choose(rss->kinds, &headers,
                            headers.protocol == NET_PROTOCOL_TCP &&
                                headers.end - headers.transport >= PORTS_BYTES);
    if (hash.kind == RSS_NONE)
        return hash;
    length = headers.is_ipv6 ? 32 : 8;
    memcpy(input, frame + headers.network + (headers.is_ipv6 ? 8 : 12), length);
    if (hash.kind & (RSS_IPV4_TCP | RSS_IPV6_TCP)) {
        memcpy(input + length, frame + headers.transport, PORTS_BYTES);
        length += PORTS_BYTES;
    }
    hash.value = rss_toeplitz(rss->key, input, length);
    return hash;
}

u32 rss_queue(const struct rss *rss, u32 hash, u32 queues)
{
    return rss->entries != 0 ? rss->queue[hash % rss->entries] : hash % queues;
}
