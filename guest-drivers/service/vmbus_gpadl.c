#include "guest-drivers/service/vmbus_gpadl.h"
#include "hv/lib/string.h"

void vmbus_gpadls_make(struct vmbus_gpadls *all, struct guest_memory *memory)
{
    all->memory = memory;
    all->used = 0;
    memset(all->entry, 0, sizeof(all->entry));
}

struct vmbus_gpadl *vmbus_gpadl_find(struct vmbus_gpadls *all, u32 id)
{
    for (u32 i = 0; id != 0 && i < VMBUS_GPADLS_MAX; i++)
        if (all->entry[i].id == id)
            return &all->entry[i];
    return NULL;
}

static struct vmbus_gpadl *entry_find_free(struct vmbus_gpadls *all)
{
    for (u32 i = 0; i < VMBUS_GPADLS_MAX; i++)
        if (all->entry[i].id == 0)
            return &all->entry[i];
    return NULL;
}

enum status vmbus_gpadl_begin(struct vmbus_gpadls *all, const struct vmbus_gpadl *want,
                              struct vmbus_gpadl **out)
{
    struct vmbus_gpadl *entry = entry_find_free(all);
    u64 bytes = (u64)want->offset + want->bytes;

    if (want->id == 0 || want->bytes == 0 || want->offset >= PAGE_SIZE ||
        align_up(bytes, PAGE_SIZE) / PAGE_SIZE != want->frames)
        return ST_INVALID;
    if (vmbus_gpadl_find(all, want->id))
        return ST_EXISTS;
    if (!entry || want->frames > VMBUS_FRAMES_MAX - all->used)
        return ST_NO_SPACE;
    *entry = *want;
    entry->first = all->used;
    entry->known = 0;
    all->used += want->frames;
    *out = entry;
    return ST_OK;
}

enum status vmbus_gpadl_tell(struct vmbus_gpadls *all, struct vmbus_gpadl *gpadl,
                             const u8 *pfns, u32 count)
{
    u64 pfn;

    if (count > gpadl->frames - gpadl->known)
        return ST_INVALID;
    for (u32 i = 0; i < count; i++) {
        memcpy(&pfn, pfns + i * sizeof(pfn), sizeof(pfn));
        if (pfn > UINT32_MAX)
            return ST_INVALID;
        all->frame[gpadl->first + gpadl->known++] = (u32)pfn;
    }
    return ST_OK;
}

/* What lies behind it moves down, so that the room stays in one piece. */
void vmbus_gpadl_end(struct vmbus_gpadls *all, struct vmbus_gpadl *gpadl)
{
    u32 after = gpadl->first + gpadl->frames;

    memmove(&all->frame[gpadl->first], &all->frame[after],
            (all->used - after) * sizeof(all->frame[0]));
    for (u32 i = 0; i < VMBUS_GPADLS_MAX; i++)
        if (all->entry[i].id != 0 && all->entry[i].first >= after)
            all->entry[i].first -= gpadl->frames;
    all->used -= gpadl->frames;
    *gpadl = (struct vmbus_gpadl){0};
}

void vmbus_gpadls_end_of(struct vmbus_gpadls *all, u32 relid)
{
    for (u32 i = 0; i < VMBUS_GPADLS_MAX; i++)
        if (all->entry[i].id != 0 && all->entry[i].relid == relid)
            vmbus_gpadl_end(all, &all->entry[i]);
}

u64 vmbus_gpadl_frame(const struct vmbus_gpadls *all, const struct vmbus_gpadl *gpadl,
                      u32 index)
{
    return all->frame[gpadl->first + index];
}

enum status vmbus_page_copy(struct guest_memory *memory, u64 gfn, enum vmbus_copy direction,
                            u32 offset, u8 *ours, u32 bytes)
{
    u8 *page;

    TRY(guest_page_get(memory, gfn, &page));
    if (direction == VMBUS_FETCH)
        memcpy(ours, page + offset, bytes);
    else
        memcpy(page + offset, ours, bytes);
    guest_page_put(memory, gfn);
    return ST_OK;
}

enum status vmbus_gpadl_copy(const struct vmbus_gpadls *all, const struct vmbus_gpadl *gpadl,
                             enum vmbus_copy direction, u32 at, u8 *ours, u32 bytes)
{
    u64 from = (u64)gpadl->offset + at;

    if (!vmbus_gpadl_is_whole(gpadl) || (u64)at + bytes > gpadl->bytes)
        return ST_RANGE;
    while (bytes != 0) {
        u32 offset = (u32)(from & PAGE_MASK);
        u32 count = MIN(bytes, (u32)PAGE_SIZE - offset);

        TRY(vmbus_page_copy(all->memory,
                            vmbus_gpadl_frame(all, gpadl, (u32)(from >> PAGE_SHIFT)), direction,
                            offset, ours, count));
        from += count;
        ours += count;
        bytes -= count;
    }
    return ST_OK;
}
