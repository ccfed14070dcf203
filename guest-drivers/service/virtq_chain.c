#include "guest-drivers/service/virtq_chain.h"
#include "hv/lib/string.h"

/* Each descriptor is read once. A chain of 4 GiB is forbidden, and so is a loop. [2.7.5.2] */
static enum status chain_read(const struct virtq_legacy *queue, u16 first,
                              struct virtq_chain *chain)
{
    struct virtq_desc *desc;
    u64 bytes = 0;
    u32 next = first;

    chain->first = first;
    chain->count = 0;
    do {
        if (chain->count == VIRTQ_ENTRIES || next >= VIRTQ_ENTRIES)
            return ST_CORRUPT;
        desc = &chain->desc[chain->count++];
        memcpy(desc, &queue->desc[next], sizeof(*desc));
        next = desc->next;
        bytes += desc->bytes;
        if (desc->flags & VIRTQ_INDIRECT)
            return ST_CORRUPT;
    } while (desc->flags & VIRTQ_NEXT);
    return bytes <= UINT32_MAX ? ST_OK : ST_CORRUPT;
}

enum status virtq_chain_take(const struct virtq_legacy *queue, u16 index,
                             struct virtq_chain *chain)
{
    u16 end = __atomic_load_n(&queue->avail.index, __ATOMIC_ACQUIRE);
    u16 waiting = (u16)(end - index);

    if (waiting == 0)
        return ST_NO_DATA;
    if (waiting > VIRTQ_ENTRIES)
        return ST_CORRUPT;
    return chain_read(
        queue, __atomic_load_n(&queue->avail.ring[index % VIRTQ_ENTRIES], __ATOMIC_RELAXED),
        chain);
}

/* The entry is there when the index shows it. [2.7.8] */
void virtq_chain_return(struct virtq_used *used, u16 index, u16 first, u32 bytes)
{
    used->ring[index % VIRTQ_ENTRIES].id = first;
    used->ring[index % VIRTQ_ENTRIES].bytes = bytes;
    __atomic_store_n(&used->index, (u16)(index + 1), __ATOMIC_RELEASE);
}
