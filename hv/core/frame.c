#include "hv/core/frame.h"
#include "hv/core/locks.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

enum frame_state { FRAME_ABSENT, FRAME_BODY, FRAME_FREE, FRAME_USED };

static struct lock frames_lock = LOCK_INIT(F);

/* all F */
static struct frame_meta *frames;
static u64 frame_limit;
static u64 frames_free;
static u64 frames_total;
static u32 free_list[FRAME_ORDER_MAX + 1];
static u32 owner_list[FRAME_OWNER_LIMIT];
static u64 owner_count[FRAME_OWNER_LIMIT];

static void list_push(u32 *head, u32 index)
{
    frames[index].next = *head;
    frames[index].prev = 0;
    if (*head != 0)
        frames[*head].prev = index;
    *head = index;
}

static void list_remove(u32 *head, u32 index)
{
    struct frame_meta *meta = &frames[index];

    if (meta->prev != 0)
        frames[meta->prev].next = meta->next;
    else
        *head = meta->next;
    if (meta->next != 0)
        frames[meta->next].prev = meta->prev;
}

static void block_release(u32 index, u32 order)
{
    frames[index].state = FRAME_FREE;
    frames[index].order = (u8)order;
    list_push(&free_list[order], index);
}

/* Joins a freed block with its free buddies as far as that goes. */
static void block_merge(u32 index, u32 order)
{
    for (; order < FRAME_ORDER_MAX; order++) {
        u32 buddy = index ^ ((u32)1 << order);
        if (buddy >= frame_limit || frames[buddy].state != FRAME_FREE ||
            frames[buddy].order != order)
            break;
        list_remove(&free_list[order], buddy);
        frames[buddy].state = FRAME_BODY;
        frames[index].state = FRAME_BODY;
        index = MIN(index, buddy);
    }
    block_release(index, order);
}

void frame_setup(struct frame_meta *meta, u64 count)
{
    lock_init(&frames_lock, LOCK_F);
    frames = meta;
    frame_limit = count;
    frames_free = 0;
    frames_total = 0;
    memset(meta, 0, count * sizeof(*meta));
    memset(free_list, 0, sizeof(free_list));
    memset(owner_list, 0, sizeof(owner_list));
    memset(owner_count, 0, sizeof(owner_count));
}

void frame_range_add(hpa_t begin, hpa_t end)
{
    /* Frame 0 ends the lists, so it is never given out. */
    u64 index = MAX(align_up(begin.raw, PAGE_SIZE) >> PAGE_SHIFT, 1);
    u64 limit = MIN(end.raw >> PAGE_SHIFT, frame_limit);

    while (index < limit) {
        u32 order = MIN((u32)__builtin_ctzll(index), (u32)FRAME_ORDER_MAX);
        while (index + ((u64)1 << order) > limit)
            order--;
        for (u64 i = 0; i < (u64)1 << order; i++)
            frames[index + i].state = FRAME_BODY;
        frames_free += (u64)1 << order;
        frames_total += (u64)1 << order;
        block_merge((u32)index, order);
        index += (u64)1 << order;
    }
}

/* HOLDS(F) */
static enum status block_take(u32 order, u32 owner, hpa_t *out)
{
    u32 found = order;
    u32 index;

    while (found <= FRAME_ORDER_MAX && free_list[found] == 0)
        found++;
    if (found > FRAME_ORDER_MAX)
        return ST_NO_MEMORY;
    index = free_list[found];
    list_remove(&free_list[found], index);
    while (found > order) {
        found--;
        block_release(index + ((u32)1 << found), found);
    }
    frames[index].state = FRAME_USED;
    frames[index].order = (u8)order;
    frames[index].owner = (u16)owner;
    list_push(&owner_list[owner], index);
    owner_count[owner] += (u64)1 << order;
    frames_free -= (u64)1 << order;
    *out = hpa((u64)index << PAGE_SHIFT);
    return ST_OK;
}

enum status frame_alloc(u32 order, u32 owner, hpa_t *out)
{
    enum status status;

    if (order > FRAME_ORDER_MAX || owner >= FRAME_OWNER_LIMIT)
        return ST_INVALID;
    lock_take(&frames_lock);
    status = block_take(order, owner, out);
    lock_drop(&frames_lock);
    if (status == ST_OK)
        memset(phys_to_virt(*out), 0, PAGE_SIZE << order);
    return status;
}

/* HOLDS(F) */
static void block_give(hpa_t block, u32 order)
{
    u64 index = block.raw >> PAGE_SHIFT;
    struct frame_meta *meta = &frames[index];

    list_remove(&owner_list[meta->owner], (u32)index);
    owner_count[meta->owner] -= (u64)1 << order;
    frames_free += (u64)1 << order;
    block_merge((u32)index, order);
}

void frame_free(hpa_t block, u32 order)
{
    u64 index = block.raw >> PAGE_SHIFT;

    /* A block in use changes only by its owner's hand: the caller's. */
    ASSERT(index < frame_limit && frames[index].state == FRAME_USED &&
           frames[index].order == order);
    lock_take(&frames_lock);
    block_give(block, order);
    lock_drop(&frames_lock);
}

void frame_split(hpa_t frame)
{
    u64 index = frame.raw >> PAGE_SHIFT;
    u32 order = 0;
    u32 owner;

    ASSERT(index < frame_limit);
    lock_take(&frames_lock);
    while (frames[align_down(index, (u64)1 << order)].state != FRAME_USED)
        order++;
    index = align_down(index, (u64)1 << order);
    owner = frames[index].owner;
    order = frames[index].order;
    frames[index].order = 0;
    for (u64 i = 1; i < (u64)1 << order; i++) {
        frames[index + i].state = FRAME_USED;
        frames[index + i].order = 0;
        frames[index + i].owner = (u16)owner;
        list_push(&owner_list[owner], (u32)(index + i));
    }
    lock_drop(&frames_lock);
}

u64 frame_free_owner_all(u32 owner)
{
    u64 count;

    ASSERT(owner < FRAME_OWNER_LIMIT);
    lock_take(&frames_lock);
    count = owner_count[owner];
    while (owner_list[owner] != 0) {
        u32 index = owner_list[owner];
        block_give(hpa((u64)index << PAGE_SHIFT), frames[index].order);
    }
    lock_drop(&frames_lock);
    return count;
}

/* HOLDS(F) */
static u32 owner_find(u64 index)
{
    if (index >= frame_limit || frames[index].state == FRAME_ABSENT)
        return FRAME_OWNER_LIMIT;
    for (u32 order = 0; order <= FRAME_ORDER_MAX; order++) {
        const struct frame_meta *head = &frames[align_down(index, (u64)1 << order)];
        if (head->state == FRAME_BODY || head->state == FRAME_ABSENT || head->order < order)
            continue;
        return head->state == FRAME_USED ? head->owner : FRAME_OWNER_LIMIT;
    }
    return FRAME_OWNER_LIMIT;
}

u32 frame_owner(hpa_t frame)
{
    u32 owner;

    lock_take(&frames_lock);
    owner = owner_find(frame.raw >> PAGE_SHIFT);
    lock_drop(&frames_lock);
    return owner;
}

u64 frame_count_free(void)
{
    return frames_free;
}

u64 frame_count_total(void)
{
    return frames_total;
}

u64 frame_count_owned(u32 owner)
{
    return owner < FRAME_OWNER_LIMIT ? owner_count[owner] : 0;
}
