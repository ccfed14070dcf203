#include "guest-drivers/service/rndis.h"
#include "hv/lib/string.h"

u32 rndis_scale_put(const struct rndis_device *device, u8 *info)
{
    const struct ndis_scale_abilities abilities = {
        .head = {NDIS_SCALE_ABILITIES_TYPE, 2, sizeof(abilities)},
        .flags = NDIS_SCALE_ABILITIES,
        .interrupts = device->queues,
        .queues = device->queues,
        .entries = RSS_TABLE_MAX,
    };

    memcpy(info, &abilities, sizeof(abilities));
    return sizeof(abilities);
}

static u32 kinds_of(u32 hash)
{
    static const struct {
        u32 bit;
        enum rss_kind kind;
    } kinds[] = {{NDIS_HASH_IPV4, RSS_IPV4},
                 {NDIS_HASH_TCP4, RSS_IPV4_TCP},
                 {NDIS_HASH_IPV6, RSS_IPV6},
                 {NDIS_HASH_TCP6, RSS_IPV6_TCP}};
    u32 out = 0;

    for (u32 i = 0; hash & NDIS_HASH_TOEPLITZ && i < ARRAY_SIZE(kinds); i++)
        if (hash & kinds[i].bit)
            out |= kinds[i].kind;
    return out;
}

/* Does a part of the object lie in it? */
static bool has_part(u32 bytes, u32 offset, u32 part_bytes)
{
    return (u64)offset + part_bytes <= bytes;
}

static bool table_is_good(const struct rndis_device *device, const struct rss *scale)
{
    for (u32 i = 0; i < scale->entries; i++)
        if (scale->queue[i] >= device->queues)
            return false;
    return scale->entries != 0;
}

u32 rndis_scale_set(struct rndis_device *device, const u8 *info, u32 bytes)
{
    static struct rss scale; /* too large for the stack */
    struct ndis_scale_parameters want;

    memset(&scale, 0, sizeof(scale));
    if (bytes < sizeof(want))
        return RNDIS_INVALID_DATA;
    memcpy(&want, info, sizeof(want));
    if (want.flags & NDIS_SCALE_OFF) {
        device->scale = scale;
        return RNDIS_SUCCESS;
    }
    if (want.key_bytes > sizeof(scale.key) || want.table_bytes > sizeof(scale.queue) ||
        want.table_bytes % sizeof(scale.queue[0]) != 0 ||
        !has_part(bytes, want.key_offset, want.key_bytes) ||
        !has_part(bytes, want.table_offset, want.table_bytes))
        return RNDIS_INVALID_DATA;
    scale.kinds = kinds_of(want.hash);
    scale.entries = want.table_bytes / (u32)sizeof(scale.queue[0]);
    memcpy(scale.key, info + want.key_offset, want.key_bytes);
    memcpy(scale.queue, info + want.table_offset, want.table_bytes);
    if (!table_is_good(device, &scale))
        return RNDIS_INVALID_DATA;
    device->scale = scale;
    return RNDIS_SUCCESS;
}
