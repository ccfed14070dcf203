#include "hv/core/space.h"
#include "hv/core/frame.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/run.h"
#include "hv/lib/print.h"

#define PAGES_PER_LARGE (LARGE_PAGE_SIZE / PAGE_SIZE)

struct hold {
    u64 frame; /* 0: free record */
    u32 count;
    bool is_orphan; /* no longer mapped: goes back with the last hold */
};

#define HOLDS_PER_PAGE 255
struct hold_page {
    struct hold_page *next;
    u64 used;
    struct hold hold[HOLDS_PER_PAGE];
};
_Static_assert(sizeof(struct hold_page) <= PAGE_SIZE, "hold records fit a page");

enum status space_make(struct space *space, u32 owner, u64 pages_max)
{
    hpa_t root;

    TRY(frame_alloc(0, owner, &root));
    lock_init(&space->memory_lock, LOCK_M);
    npt_make(&space->npt, root);
    space->owner = owner;
    space->pages_max = pages_max;
    space->pages = 0;
    space->highest_page = 0;
    space->holds = NULL;
    return ST_OK;
}

static enum status check_range(gpa_t at, u64 bytes)
{
    u64 end;

    if ((at.raw | bytes) & PAGE_MASK)
        return ST_INVALID;
    if (add_overflows(at.raw, bytes, &end) || end > SPACE_LIMIT)
        return ST_INVALID;
    return ST_OK;
}

/*
 * Before rights are taken away or frames go back: no vCPU is in its guest any more, none goes
 * in before lock H is dropped, and then without what it remembers. All are told before the
 * first is waited for: one interrupt for each that runs, none for the others.
 */
static void flush(const struct space *space)
{
    struct partition *p = partition_find(space->owner);
    u32 count = p ? p->vcpu_count : 0;

    for (u32 i = 0, found = 0; found < count; i++) {
        if (!p->vcpu[i])
            continue;
        sched_poke(p->vcpu[i]);
        found++;
    }
    for (u32 i = 0, found = 0; found < count; i++) {
        if (!p->vcpu[i])
            continue;
        sched_expel(p->vcpu[i]);
        guest_flush_tlb(p->vcpu[i]->guest);
        found++;
    }
}

static enum status tables_prepare(struct space *space)
{
    hpa_t frame;

    while (npt_wants(&space->npt)) {
        TRY(frame_alloc(0, space->owner, &frame));
        npt_give(&space->npt, frame);
    }
    return ST_OK;
}

/* A hold on one of the frames of a block. */
static struct hold *hold_find(const struct space *space, u64 frame, u64 bytes)
{
    for (struct hold_page *page = space->holds; page; page = page->next)
        for (u64 i = 0, left = page->used; left != 0; i++) {
            if (page->hold[i].frame == 0)
                continue;
            if (page->hold[i].frame - frame < bytes)
                return &page->hold[i];
            left--;
        }
    return NULL;
}

/* A single own frame is not mapped any more. */
static void frame_release(struct space *space, hpa_t frame)
{
    struct hold *hold = hold_find(space, frame.raw, PAGE_SIZE);

    if (hold)
        hold->is_orphan = true;
    else
        frame_free(frame, 0);
}

static enum status remove_large(struct space *space, gpa_t at, const struct npt_entry *entry)
{
    TRY(npt_unmap(&space->npt, at, LARGE_PAGE_SIZE));
    if (entry->flags & SPACE_KEEP)
        return ST_OK;
    space->pages -= PAGES_PER_LARGE;
    if (hold_find(space, entry->frame.raw, LARGE_PAGE_SIZE)) {
        frame_split(entry->frame);
        for (u64 i = 0; i < PAGES_PER_LARGE; i++)
            frame_release(space, hpa(entry->frame.raw + i * PAGE_SIZE));
    } else {
        frame_free(entry->frame, FRAME_ORDER_LARGE);
    }
    return ST_OK;
}

static enum status remove_small(struct space *space, gpa_t at, const struct npt_entry *entry)
{
    hpa_t frame = hpa(entry->frame.raw + (at.raw & (entry->size - 1)));

    TRY(tables_prepare(space));
    TRY(npt_unmap(&space->npt, at, PAGE_SIZE));
    if (entry->flags & SPACE_KEEP)
        return ST_OK;
    frame_split(frame); /* a large block may be mapped by small entries too */
    space->pages--;
    frame_release(space, frame);
    return ST_OK;
}

/* HOLDS(M) */
static enum status remove_range(struct space *space, gpa_t at, u64 bytes)
{
    u64 end = at.raw + bytes;
    struct npt_entry entry;

    while (at.raw < end) {
        bool is_whole;

        if (npt_find(&space->npt, at, &entry) != ST_OK) {
            at = gpa(align_down(at.raw, entry.size) + entry.size);
            continue;
        }
        is_whole = entry.size == LARGE_PAGE_SIZE && (at.raw & (LARGE_PAGE_SIZE - 1)) == 0 &&
                   end - at.raw >= LARGE_PAGE_SIZE;
        TRY(is_whole ? remove_large(space, at, &entry) : remove_small(space, at, &entry));
        at.raw += is_whole ? LARGE_PAGE_SIZE : PAGE_SIZE;
    }
    return ST_OK;
}

enum status space_remove(struct space *space, gpa_t at, u64 bytes)
{
    enum status status;

    TRY(check_range(at, bytes));
    lock_take(&space->memory_lock);
    flush(space);
    status = remove_range(space, at, bytes);
    lock_drop(&space->memory_lock);
    return status;
}

/* ST_EXISTS if any page of the range is mapped. */
static enum status check_empty(const struct space *space, gpa_t at, u64 bytes)
{
    u64 end = at.raw + bytes;
    struct npt_entry entry;

    while (at.raw < end) {
        if (npt_find(&space->npt, at, &entry) == ST_OK)
            return ST_EXISTS;
        at = gpa(align_down(at.raw, entry.size) + entry.size);
    }
    return ST_OK;
}

/* The largest page both addresses and the rest of the range allow. */
static u64 piece_size(u64 a, u64 b, u64 rest)
{
    return ((a | b) & (LARGE_PAGE_SIZE - 1)) == 0 && rest >= LARGE_PAGE_SIZE ? LARGE_PAGE_SIZE
                                                                             : PAGE_SIZE;
}

/* HOLDS(M) */
static enum status map_range(struct space *space, gpa_t at, hpa_t frame, u64 bytes, u32 flags)
{
    enum status status;

    TRY(check_empty(space, at, bytes));
    for (u64 done = 0; done < bytes;) {
        u64 size = piece_size(at.raw + done, frame.raw + done, bytes - done);

        status = tables_prepare(space);
        if (status == ST_OK)
            status =
                npt_map(&space->npt, gpa(at.raw + done), hpa(frame.raw + done), size, flags);
        if (status != ST_OK) {
            flush(space);
            remove_range(space, at, done);
            return status;
        }
        done += size;
    }
    return ST_OK;
}

enum status space_map(struct space *space, gpa_t at, hpa_t frame, u64 bytes, u32 flags)
{
    enum status status;

    TRY(check_range(at, bytes));
    if (frame.raw & PAGE_MASK)
        return ST_INVALID;
    lock_take(&space->memory_lock);
    status = map_range(space, at, frame, bytes, flags | SPACE_KEEP);
    lock_drop(&space->memory_lock);
    return status;
}

/* One fresh piece at `at`; *size is what it became. */
static enum status populate_piece(struct space *space, gpa_t at, u64 rest, u32 flags, u64 *size)
{
    hpa_t frame;
    enum status status;
    u32 order;

    TRY(tables_prepare(space));
    *size = piece_size(at.raw, 0, rest);
    order = *size == LARGE_PAGE_SIZE ? FRAME_ORDER_LARGE : 0;
    status = frame_alloc(order, space->owner, &frame);
    if (status != ST_OK && order != 0) {
        *size = PAGE_SIZE;
        order = 0;
        status = frame_alloc(order, space->owner, &frame);
    }
    TRY(status);
    status = npt_map(&space->npt, at, frame, *size, flags);
    if (status != ST_OK)
        frame_free(frame, order);
    return status;
}

/* HOLDS(M) */
static enum status populate_range(struct space *space, gpa_t at, u64 bytes, u32 flags)
{
    enum status status;
    u64 size;

    if (bytes / PAGE_SIZE > space->pages_max - MIN(space->pages, space->pages_max))
        return ST_NO_MEMORY;
    TRY(check_empty(space, at, bytes));
    for (u64 done = 0; done < bytes; done += size) {
        status = populate_piece(space, gpa(at.raw + done), bytes - done, flags, &size);
        if (status != ST_OK) {
            flush(space);
            remove_range(space, at, done);
            return status;
        }
        space->pages += size / PAGE_SIZE;
    }
    space->highest_page = MAX(space->highest_page, (at.raw + bytes) >> PAGE_SHIFT);
    return ST_OK;
}

enum status space_populate(struct space *space, gpa_t at, u64 bytes, u32 flags)
{
    enum status status;

    TRY(check_range(at, bytes));
    if (flags & SPACE_KEEP)
        return ST_INVALID;
    lock_take(&space->memory_lock);
    status = populate_range(space, at, bytes, flags);
    lock_drop(&space->memory_lock);
    return status;
}

/* HOLDS(M) */
static enum status move_page(struct space *space, gpa_t from, gpa_t to)
{
    struct npt_entry entry;
    hpa_t frame;

    if (npt_find(&space->npt, from, &entry) != ST_OK || (entry.flags & SPACE_KEEP))
        return ST_FAULT;
    frame = hpa(entry.frame.raw + (from.raw & (entry.size - 1)));
    TRY(tables_prepare(space));
    TRY(remove_range(space, to, PAGE_SIZE));
    TRY(tables_prepare(space));
    frame_split(frame);
    TRY(npt_unmap(&space->npt, from, PAGE_SIZE));
    TRY(tables_prepare(space));
    return npt_map(&space->npt, to, frame, PAGE_SIZE, entry.flags);
}

enum status space_move(struct space *space, gpa_t from, gpa_t to)
{
    enum status status;

    TRY(check_range(from, PAGE_SIZE));
    TRY(check_range(to, PAGE_SIZE));
    if (from.raw == to.raw)
        return ST_OK;
    lock_take(&space->memory_lock);
    flush(space);
    status = move_page(space, from, to);
    lock_drop(&space->memory_lock);
    return status;
}

enum status space_find(struct space *space, gpa_t at, hpa_t *frame, u32 *flags)
{
    struct npt_entry entry;

    if (npt_find(&space->npt, at, &entry) != ST_OK)
        return ST_FAULT;
    *frame = hpa(align_down(entry.frame.raw + (at.raw & (entry.size - 1)), PAGE_SIZE));
    *flags = entry.flags;
    return ST_OK;
}

/* A free record, from a fresh page if all are taken. */
static enum status hold_make(struct space *space, struct hold **out)
{
    struct hold_page *page = space->holds;
    hpa_t frame;

    while (page && page->used == HOLDS_PER_PAGE)
        page = page->next;
    if (!page) {
        TRY(frame_alloc(0, space->owner, &frame));
        page = phys_to_virt(frame);
        page->next = space->holds;
        space->holds = page;
    }
    for (u32 i = 0; i < HOLDS_PER_PAGE; i++) {
        if (page->hold[i].frame == 0) {
            page->used++;
            *out = &page->hold[i];
            return ST_OK;
        }
    }
    return ST_NO_SPACE;
}

/* HOLDS(M) */
static enum status hold_take(struct space *space, gpa_t at, hpa_t *frame)
{
    struct hold *hold;
    u32 flags;

    TRY(space_find(space, at, frame, &flags));
    if (!(flags & SPACE_WRITE) || (flags & SPACE_KEEP))
        return ST_FAULT;
    hold = hold_find(space, frame->raw, PAGE_SIZE);
    if (!hold) {
        TRY(hold_make(space, &hold));
        *hold = (struct hold){.frame = frame->raw};
    }
    hold->count++;
    return ST_OK;
}

enum status space_hold(struct space *space, gpa_t at, hpa_t *frame)
{
    enum status status;

    lock_take(&space->memory_lock);
    status = hold_take(space, at, frame);
    lock_drop(&space->memory_lock);
    return status;
}

static void hold_drop(struct space *space, struct hold *hold)
{
    struct hold_page *page = space->holds;

    if (--hold->count != 0)
        return;
    if (hold->is_orphan)
        frame_free(hpa(hold->frame), 0);
    *hold = (struct hold){0};
    while (hold < page->hold || hold >= page->hold + HOLDS_PER_PAGE)
        page = page->next;
    page->used--;
}

void space_unhold(struct space *space, hpa_t frame)
{
    struct hold *hold;

    lock_take(&space->memory_lock);
    hold = hold_find(space, align_down(frame.raw, PAGE_SIZE), PAGE_SIZE);
    ASSERT(hold != NULL);
    hold_drop(space, hold);
    lock_drop(&space->memory_lock);
}
