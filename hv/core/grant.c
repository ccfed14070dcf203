#include "hv/core/grant.h"
#include "hv/core/partition.h"
#include "hv/core/quota.h"
#include "hv/core/share.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define ENTRIES_V1        (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define ENTRIES_V2        (PAGE_SIZE / sizeof(struct grant_entry_v2))
#define STATUS_ENTRIES    (PAGE_SIZE / sizeof(u16))
#define ACTIVE_ENTRIES    (PAGE_SIZE / sizeof(struct active))
#define ACTIVE_FRAMES_MAX (GRANT_FRAMES_MAX * ENTRIES_V1 / ACTIVE_ENTRIES)
#define RACES_MAX         8u
#define HEAD_BORROWER     16 /* bits below it in the first word: flags */

/* An entry in use: what it said when it was claimed first counts until its last release. */
struct active {
    u64 page;
    u16 borrower;
    u16 readers;
    u16 writers;
    u16 reserved;
};

struct grant_table { /* all S */
    u32 version;
    u32 frames;
    u32 status_frames;
    u32 in_use; /* entries, the reserved ones not counted */
    void *frame[GRANT_FRAMES_MAX];
    void *status[GRANT_STATUS_FRAMES_MAX];
    struct active *active[ACTIVE_FRAMES_MAX];
};
_Static_assert(sizeof(struct grant_table) <= PAGE_SIZE, "a grant table fits a page");
_Static_assert(GRANT_STATUS_FRAMES_MAX *STATUS_ENTRIES >= GRANT_FRAMES_MAX * ENTRIES_V2,
               "a status for each entry");

static u32 status_frames_wanted(u32 frames)
{
    return (u32)((frames * ENTRIES_V2 + STATUS_ENTRIES - 1) / STATUS_ENTRIES);
}

/* HOLDS(S) */
static enum status table_grow(struct partition *p, u32 frames)
{
    struct grant_table *table = p->grants;
    void *page;

    if (frames > GRANT_FRAMES_MAX)
        return ST_INVALID;
    if (!table) {
        TRY(quota_page_alloc(p, &page));
        table = page;
        table->version = 1;
        p->grants = table;
    }
    for (; table->frames < frames; table->frames++)
        TRY(quota_page_alloc(p, &table->frame[table->frames]));
    while (table->version == 2 && table->status_frames < status_frames_wanted(table->frames)) {
        TRY(quota_page_alloc(p, &table->status[table->status_frames]));
        table->status_frames++;
    }
    return ST_OK;
}

enum status grant_table_grow(struct partition *p, u32 frames)
{
    enum status status;

    lock_take(&shares_lock);
    status = table_grow(p, frames);
    lock_drop(&shares_lock);
    return status;
}

u32 grant_frame_count(const struct partition *p)
{
    return p->grants ? p->grants->frames : 0;
}

u32 grant_status_frame_count(const struct partition *p)
{
    return p->grants && p->grants->version == 2 ? p->grants->status_frames : 0;
}

void *grant_frame(const struct partition *p, u32 index)
{
    return index < grant_frame_count(p) ? p->grants->frame[index] : NULL;
}

void *grant_status_frame(const struct partition *p, u32 index)
{
    return index < grant_status_frame_count(p) ? p->grants->status[index] : NULL;
}

u32 grant_version(const struct partition *p)
{
    return p->grants ? p->grants->version : 1;
}

static u64 entry_bytes(const struct grant_table *table)
{
    return table->version == 2 ? sizeof(struct grant_entry_v2) : sizeof(struct grant_entry_v1);
}

/* Kernel address of an entry; NULL beyond the table. HOLDS(S) */
static void *entry_find(const struct grant_table *table, u32 ref)
{
    u64 per_frame = table ? PAGE_SIZE / entry_bytes(table) : 1;

    if (!table || ref / per_frame >= table->frames)
        return NULL;
    return (u8 *)table->frame[ref / per_frame] + ref % per_frame * entry_bytes(table);
}

/* The record of an entry's use, if there is one. HOLDS(S) */
static struct active *active_find(const struct grant_table *table, u32 ref)
{
    struct active *page = table->active[ref / ACTIVE_ENTRIES];

    return page ? &page[ref % ACTIVE_ENTRIES] : NULL;
}

/* HOLDS(S) */
static enum status active_get(struct partition *p, u32 ref, struct active **out)
{
    void *page;

    if (!p->grants->active[ref / ACTIVE_ENTRIES]) {
        TRY(quota_page_alloc(p, &page));
        p->grants->active[ref / ACTIVE_ENTRIES] = page;
    }
    *out = active_find(p->grants, ref);
    return ST_OK;
}

static bool is_used(const struct active *active)
{
    return active && (active->readers | active->writers) != 0;
}

/* May this entry, by the word of its flags and borrower, be used so? */
static enum status head_check(u32 head, u32 borrower, u32 rights)
{
    if ((head & GRANT_TYPE_MASK) != GRANT_TYPE_ACCESS || head >> HEAD_BORROWER != borrower)
        return ST_DENIED;
    return (rights & GRANT_WRITE) && (head & GRANT_READONLY) ? ST_DENIED : ST_OK;
}

static u16 use_bits(u32 rights)
{
    return (rights & GRANT_WRITE) ? GRANT_READING | GRANT_WRITING : GRANT_READING;
}

/* The check and the bits of version 1 are one step, whatever the guest does to the entry. */
static enum status mark_v1(struct grant_entry_v1 *entry, u32 borrower, u32 rights,
                           struct grant_piece *out)
{
    u32 *head = (u32 *)(void *)entry;
    u32 word = __atomic_load_n(head, __ATOMIC_RELAXED);

    for (u32 i = 0; i < RACES_MAX; i++) {
        TRY(head_check(word, borrower, rights));
        if (__atomic_compare_exchange_n(head, &word, word | use_bits(rights), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
            u64 page = __atomic_load_n(&entry->page, __ATOMIC_RELAXED);

            *out = (struct grant_piece){gpa(page << PAGE_SHIFT), 0, PAGE_SIZE};
            return ST_OK;
        }
    }
    return ST_BUSY;
}

static u16 *status_word(const struct grant_table *table, u32 ref)
{
    return (u16 *)table->status[ref / STATUS_ENTRIES] + ref % STATUS_ENTRIES;
}

/* In version 2 the bits are elsewhere: set them first, then look again. */
static enum status mark_v2(struct grant_table *table, u32 ref, u32 borrower, u32 rights,
                           struct grant_piece *out)
{
    struct grant_entry_v2 *entry = entry_find(table, ref);
    u32 *head = (u32 *)(void *)entry;
    u16 *status = status_word(table, ref);
    u16 old = __atomic_load_n(status, __ATOMIC_RELAXED);
    u32 word = __atomic_load_n(head, __ATOMIC_RELAXED);
    u64 page;

    TRY(head_check(word, borrower, rights));
    __atomic_fetch_or(status, use_bits(rights), __ATOMIC_SEQ_CST);
    page = __atomic_load_n(&entry->page, __ATOMIC_RELAXED);
    *out = (struct grant_piece){gpa(page << PAGE_SHIFT), 0, PAGE_SIZE};
    if (word & GRANT_SUB_PAGE) {
        out->offset = __atomic_load_n(&entry->offset, __ATOMIC_RELAXED);
        out->bytes = __atomic_load_n(&entry->bytes, __ATOMIC_RELAXED);
    }
    if (__atomic_load_n(head, __ATOMIC_SEQ_CST) == word && page < SPACE_LIMIT >> PAGE_SHIFT &&
        out->offset + out->bytes <= PAGE_SIZE)
        return ST_OK;
    __atomic_fetch_and(status, (u16)(old | (u16) ~(GRANT_READING | GRANT_WRITING)),
                       __ATOMIC_SEQ_CST);
    return ST_DENIED;
}

static enum status mark(struct grant_table *table, u32 ref, u32 borrower, u32 rights,
                        struct grant_piece *out)
{
    if (table->version == 2)
        return mark_v2(table, ref, borrower, rights, out);
    return mark_v1(entry_find(table, ref), borrower, rights, out);
}

enum status grant_claim(struct partition *lender, u32 ref, u32 borrower, u32 rights,
                        struct grant_piece *out)
{
    struct grant_table *table = lender->grants;
    struct active *active;
    bool was_used;

    HOLDS(S);
    if (!entry_find(table, ref))
        return ST_NO_ENTRY;
    TRY(active_get(lender, ref, &active));
    was_used = is_used(active);
    if (was_used && active->borrower != borrower)
        return ST_DENIED;
    if (active->readers == UINT16_MAX || active->writers == UINT16_MAX)
        return ST_BUSY;
    /* With what it has already there is nothing new to tell the guest. */
    if (was_used && table->version == 1 && (active->writers || !(rights & GRANT_WRITE)))
        *out = (struct grant_piece){gpa(active->page << PAGE_SHIFT), 0, PAGE_SIZE};
    else
        TRY(mark(table, ref, borrower, rights, out));
    if (was_used)
        out->at = gpa(active->page << PAGE_SHIFT);
    else
        *active = (struct active){.page = out->at.raw >> PAGE_SHIFT, .borrower = (u16)borrower};
    if (!was_used && ref >= GRANT_RESERVED)
        table->in_use++;
    if (rights & GRANT_WRITE)
        active->writers++;
    else
        active->readers++;
    return ST_OK;
}

void grant_release(struct partition *lender, u32 ref, u32 rights)
{
    struct grant_table *table = lender->grants;
    struct active *active = active_find(table, ref);
    u16 *flags;
    u16 gone = 0;

    HOLDS(S);
    flags = table->version == 2 ? status_word(table, ref) : entry_find(table, ref);
    if (rights & GRANT_WRITE)
        active->writers--;
    else
        active->readers--;
    if (active->writers == 0)
        gone = GRANT_WRITING;
    if (!is_used(active)) {
        gone |= GRANT_READING;
        if (ref >= GRANT_RESERVED)
            table->in_use--;
    }
    if (gone)
        __atomic_fetch_and(flags, (u16)~gone, __ATOMIC_SEQ_CST);
}

static void reserved_take(const struct grant_table *table, struct grant_entry_v2 *kept)
{
    for (u32 i = 0; i < GRANT_RESERVED; i++) {
        const struct grant_entry_v1 *one = entry_find(table, i);
        const struct grant_entry_v2 *two = entry_find(table, i);

        kept[i] = (struct grant_entry_v2){0};
        if (table->version == 2 && (two->flags & GRANT_TYPE_MASK) == GRANT_TYPE_ACCESS)
            kept[i] = (struct grant_entry_v2){two->flags, two->borrower, 0, 0, two->page};
        else if (table->version == 1)
            kept[i] = (struct grant_entry_v2){one->flags, one->borrower, 0, 0, one->page};
    }
}

static void reserved_put(const struct grant_table *table, const struct grant_entry_v2 *kept)
{
    for (u32 i = 0; i < GRANT_RESERVED; i++) {
        if (table->version == 2)
            *(struct grant_entry_v2 *)entry_find(table, i) = kept[i];
        else
            *(struct grant_entry_v1 *)entry_find(table, i) =
                (struct grant_entry_v1){kept[i].flags, kept[i].borrower, (u32)kept[i].page};
    }
}

/* HOLDS(S) */
static enum status version_change(struct partition *p, u32 version)
{
    struct grant_entry_v2 kept[GRANT_RESERVED];
    struct grant_table *table = p->grants;
    u32 old = table->version;
    enum status status;

    if (old == version)
        return ST_OK;
    for (u32 i = 0; i < GRANT_RESERVED; i++)
        if (table->active[0] && is_used(&table->active[0][i]))
            return ST_BUSY;
    if (table->in_use != 0)
        return ST_BUSY;
    reserved_take(table, kept);
    table->version = version;
    status = table_grow(p, table->frames);
    if (status != ST_OK) {
        table->version = old;
        return status;
    }
    for (u32 i = 0; i < table->frames; i++)
        memset(table->frame[i], 0, PAGE_SIZE);
    for (u32 i = 0; i < table->status_frames; i++)
        memset(table->status[i], 0, PAGE_SIZE);
    reserved_put(table, kept);
    return ST_OK;
}

enum status grant_version_set(struct partition *p, u32 version)
{
    enum status status;

    if (version != 1 && version != 2)
        return ST_INVALID;
    lock_take(&shares_lock);
    status = table_grow(p, MAX(grant_frame_count(p), 1u));
    if (status == ST_OK)
        status = version_change(p, version);
    lock_drop(&shares_lock);
    return status;
}

/* HOLDS(S) */
static enum status swap_locked(struct grant_table *table, u32 a, u32 b)
{
    u8 *first = entry_find(table, a);
    u8 *second = entry_find(table, b);

    if (!first || !second)
        return ST_NO_ENTRY;
    if (is_used(active_find(table, a)) || is_used(active_find(table, b)))
        return ST_BUSY;
    for (u64 i = 0; i < entry_bytes(table); i++) {
        u8 byte = first[i];

        first[i] = second[i];
        second[i] = byte;
    }
    return ST_OK;
}

enum status grant_swap(struct partition *p, u32 a, u32 b)
{
    enum status status;

    lock_take(&shares_lock);
    status = swap_locked(p->grants, a, b);
    lock_drop(&shares_lock);
    return status;
}
