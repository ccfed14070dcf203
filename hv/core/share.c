#include "hv/core/share.h"
#include "hv/core/frame.h"
#include "hv/core/partition.h"
#include "hv/core/quota.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/string.h"

#define SHARES_PER_PAGE (PAGE_SIZE / sizeof(struct share))
#define SHARE_PAGES_MAX (SHARES_MAX / SHARES_PER_PAGE)
#define CHAINS          4096u
/* More pages than this are looked for in all shares, instead of each in its chain. */
#define RANGE_SMALL     64u

/* What a partition borrows. */
struct share_table { /* all S */
    u32 pages;
    u32 first_free; /* handle + 1 */
    u32 used;
    u32 lent; /* pages of this partition in others' tables */
    struct share *page[SHARE_PAGES_MAX];
};
_Static_assert(sizeof(struct share_table) <= PAGE_SIZE, "a share table fits a page");

struct lock shares_lock = LOCK_INIT(S);
static struct share *chain[CHAINS]; /* S: shares of one page, by lender and page */
static u32 areas;                   /* S: shares of more pages, in no chain */

/* Charged to the borrower, but for the root, whose number of shares is its guests' doing. */
static enum status page_make(struct partition *p, void **out)
{
    hpa_t frame;

    if (!(p->flags & PARTITION_PRIVILEGED))
        return quota_page_alloc(p, out);
    TRY(frame_alloc(0, p->id, &frame));
    *out = phys_to_virt(frame);
    return ST_OK;
}

/* HOLDS(S) */
static enum status table_get(struct partition *p, struct share_table **out)
{
    void *page;

    if (!p->shares) {
        TRY(page_make(p, &page));
        p->shares = page;
    }
    *out = p->shares;
    return ST_OK;
}

/* HOLDS(S) */
static enum status table_grow(struct partition *p, struct share_table *table)
{
    struct share *records;
    void *page;

    if (table->pages == SHARE_PAGES_MAX)
        return ST_NO_SPACE;
    TRY(page_make(p, &page));
    records = page;
    table->page[table->pages] = page;
    for (u32 i = SHARES_PER_PAGE; i-- > 0;) {
        records[i].handle = table->pages * (u32)SHARES_PER_PAGE + i;
        records[i].next_free = table->first_free;
        table->first_free = records[i].handle + 1;
    }
    table->pages++;
    return ST_OK;
}

static struct share *record_at(const struct share_table *table, u32 handle)
{
    if (!table || handle / SHARES_PER_PAGE >= table->pages)
        return NULL;
    return &table->page[handle / SHARES_PER_PAGE][handle % SHARES_PER_PAGE];
}

/* A free record and all the tables it needs, so that putting it into use cannot fail. */
static enum status record_find(struct partition *lender, struct partition *borrower,
                               struct share **out)
{
    struct share_table *table;
    struct share_table *lending;

    TRY(table_get(lender, &lending));
    TRY(table_get(borrower, &table));
    if (table->first_free == 0)
        TRY(table_grow(borrower, table));
    *out = record_at(table, table->first_free - 1);
    return ST_OK;
}

static struct share **chain_of(const struct partition *lender, gpa_t at)
{
    u64 key = (at.raw >> PAGE_SHIFT) * 0x9e3779b97f4a7c15ull + lender->id * 0x85ebca6bull;

    return &chain[(key >> 32) % CHAINS];
}

/* HOLDS(S) */
static void record_use(struct share *share, const struct share *value)
{
    struct share_table *table = value->borrower->shares;
    struct share **head = chain_of(value->lender, value->lender_at);
    u32 handle = share->handle;

    table->first_free = share->next_free;
    table->used++;
    value->lender->shares->lent++;
    *share = *value;
    share->handle = handle;
    if (share->pages == 1) {
        share->next = *head;
        *head = share;
    } else {
        areas++;
    }
}

/* HOLDS(S) */
static void record_unlink(struct share *share)
{
    struct share **at = chain_of(share->lender, share->lender_at);

    share->lender->shares->lent--;
    if (share->pages != 1) {
        areas--;
        return;
    }
    while (*at != share)
        at = &(*at)->next;
    *at = share->next;
}

/* HOLDS(S) */
static void record_free(struct share *share)
{
    struct share_table *table = share->borrower->shares;

    share->borrower = NULL;
    share->next_free = table->first_free;
    table->first_free = share->handle + 1;
    table->used--;
}

/* The lender's own frame behind an address, if it has these rights. */
static enum status own_frame(struct partition *lender, gpa_t at, u32 flags, hpa_t *out)
{
    u32 have;

    if (at.raw >= SPACE_LIMIT || space_find(&lender->space, at, out, &have) != ST_OK ||
        (flags & ~have & SPACE_RAM) || (have & SPACE_KEEP))
        return ST_FAULT;
    return ST_OK;
}

/* Maps what lies behind the lender's addresses, as far as it is contiguous in one go. */
static enum status map_pages(struct partition *from, gpa_t from_at, struct partition *to,
                             gpa_t to_at, u64 pages, u32 flags)
{
    for (u64 done = 0; done < pages;) {
        u64 run = 0;
        hpa_t first = hpa(0);
        hpa_t frame;
        enum status status = ST_OK;
        bool is_hole;

        for (; done + run < pages; run++) {
            status =
                own_frame(from, gpa(from_at.raw + (done + run) * PAGE_SIZE), flags, &frame);
            if (status != ST_OK)
                break;
            if (run == 0)
                first = frame;
            else if (frame.raw != first.raw + run * PAGE_SIZE)
                break;
        }
        is_hole = status != ST_OK && (flags & SHARE_HOLES);
        if (is_hole)
            status = ST_OK;
        if (status == ST_OK && run != 0)
            status = space_map(&to->space, gpa(to_at.raw + done * PAGE_SIZE), first,
                               run * PAGE_SIZE, flags & SPACE_RAM);
        if (status != ST_OK) {
            space_remove(&to->space, to_at, done * PAGE_SIZE);
            return status;
        }
        done += run + is_hole;
    }
    return ST_OK;
}

static enum status check(gpa_t lender_at, gpa_t borrower_at, u64 pages)
{
    u64 bytes;
    u64 end;

    if (pages == 0 || mul_overflows(pages, PAGE_SIZE, &bytes))
        return ST_INVALID;
    if ((lender_at.raw | borrower_at.raw) & PAGE_MASK)
        return ST_INVALID;
    if (add_overflows(lender_at.raw, bytes, &end) || end > SPACE_LIMIT ||
        add_overflows(borrower_at.raw, bytes, &end) || end > SPACE_LIMIT)
        return ST_INVALID;
    return ST_OK;
}

enum status share_map(struct partition *lender, gpa_t lender_at, struct partition *borrower,
                      gpa_t borrower_at, u64 pages, u32 flags)
{
    struct share value = {.lender = lender,
                          .borrower = borrower,
                          .lender_at = lender_at,
                          .borrower_at = borrower_at,
                          .pages = pages,
                          .ref = SHARE_NO_REF};
    struct share *share;
    enum status status;

    TRY(check(lender_at, borrower_at, pages));
    if (lender == borrower)
        return ST_INVALID;
    lock_take(&shares_lock);
    status = record_find(lender, borrower, &share);
    if (status == ST_OK)
        status = map_pages(lender, lender_at, borrower, borrower_at, pages, flags);
    if (status == ST_OK)
        record_use(share, &value);
    lock_drop(&shares_lock);
    return status;
}

_Static_assert((int)GRANT_READ == (int)SPACE_READ && (int)GRANT_WRITE == (int)SPACE_WRITE,
               "same rights");

/* HOLDS(S) */
static enum status map_grant(struct share *value, u32 *handle)
{
    struct grant_piece piece;
    struct share *share;
    enum status status;

    TRY(record_find(value->lender, value->borrower, &share));
    TRY(grant_claim(value->lender, value->ref, value->borrower->id, value->rights, &piece));
    value->lender_at = piece.at;
    status = piece.bytes == PAGE_SIZE ? check(piece.at, value->borrower_at, 1) : ST_DENIED;
    if (status == ST_OK)
        status = map_pages(value->lender, piece.at, value->borrower, value->borrower_at, 1,
                           value->rights);
    if (status != ST_OK) {
        grant_release(value->lender, value->ref, value->rights);
        return status;
    }
    record_use(share, value);
    *handle = share->handle;
    return ST_OK;
}

enum status share_map_grant(struct partition *lender, u32 ref, struct partition *borrower,
                            gpa_t borrower_at, u32 rights, u32 *handle)
{
    struct share value = {.lender = lender,
                          .borrower = borrower,
                          .borrower_at = borrower_at,
                          .pages = 1,
                          .ref = ref,
                          .rights = rights};
    enum status status;

    lock_take(&shares_lock);
    status = map_grant(&value, handle);
    lock_drop(&shares_lock);
    return status;
}

/* The lender's side of an end. HOLDS(S) */
static void share_part(struct share *share)
{
    space_remove(&share->borrower->space, share->borrower_at, share->pages * PAGE_SIZE);
    if (!share->lender)
        return;
    record_unlink(share);
    if (share->ref != SHARE_NO_REF)
        grant_release(share->lender, share->ref, share->rights);
    share->lender = NULL;
}

/* HOLDS(S) */
static void share_end(struct share *share)
{
    share_part(share);
    record_free(share);
}

enum status share_unmap(struct partition *borrower, gpa_t borrower_at)
{
    enum status status = ST_NO_ENTRY;
    u32 limit;

    lock_take(&shares_lock);
    limit = borrower->shares ? borrower->shares->pages * (u32)SHARES_PER_PAGE : 0;
    for (u32 i = 0; i < limit; i++) {
        struct share *share = record_at(borrower->shares, i);

        if (share->borrower && share->borrower_at.raw == borrower_at.raw) {
            share_end(share);
            status = ST_OK;
            break;
        }
    }
    lock_drop(&shares_lock);
    return status;
}

enum status share_unmap_grant(struct partition *borrower, u32 handle, gpa_t borrower_at)
{
    struct share *share;
    enum status status = ST_OK;

    lock_take(&shares_lock);
    share = record_at(borrower->shares, handle);
    if (!share || !share->borrower || share->ref == SHARE_NO_REF)
        status = ST_NO_ENTRY;
    else if (share->borrower_at.raw != align_down(borrower_at.raw, PAGE_SIZE))
        status = ST_INVALID;
    else
        share_end(share);
    lock_drop(&shares_lock);
    return status;
}

/* Where a side's bytes are, claimed if it is a reference. HOLDS(S) */
static enum status side_open(struct partition *actor, const struct share_side *side, u32 rights,
                             u32 bytes, u8 **out)
{
    struct grant_piece piece = {side->at, 0, PAGE_SIZE};
    struct space *space = &side->partition->space;
    enum status status = ST_OK;
    u8 *base;

    if (side->ref != SHARE_NO_REF) {
        TRY(grant_claim(side->partition, side->ref, actor->id, rights, &piece));
        base = space_pointer_own(space, piece.at, rights);
    } else {
        base = space_pointer(space, piece.at, rights);
    }
    if (!base)
        status = ST_FAULT;
    else if (side->offset < piece.offset || side->offset + bytes > piece.offset + piece.bytes)
        status = ST_RANGE;
    if (status != ST_OK) {
        if (side->ref != SHARE_NO_REF)
            grant_release(side->partition, side->ref, rights);
        return status;
    }
    *out = base + side->offset;
    return ST_OK;
}

static void side_close(const struct share_side *side, u32 rights)
{
    if (side->ref != SHARE_NO_REF)
        grant_release(side->partition, side->ref, rights);
}

enum status share_copy(struct partition *actor, const struct share_side *from,
                       const struct share_side *to, u32 bytes)
{
    u8 *source;
    u8 *target;
    enum status status;

    if (bytes > PAGE_SIZE || from->offset > PAGE_SIZE - bytes || to->offset > PAGE_SIZE - bytes)
        return ST_RANGE;
    lock_take(&shares_lock);
    status = side_open(actor, from, GRANT_READ, bytes, &source);
    if (status == ST_OK) {
        status = side_open(actor, to, GRANT_READ | GRANT_WRITE, bytes, &target);
        if (status == ST_OK) {
            memmove(target, source, bytes);
            side_close(to, GRANT_READ | GRANT_WRITE);
        }
        side_close(from, GRANT_READ);
    }
    lock_drop(&shares_lock);
    return status;
}

/* HOLDS(S) */
static bool page_is_lent(const struct partition *lender, gpa_t at)
{
    for (const struct share *share = *chain_of(lender, at); share; share = share->next)
        if (share->lender == lender && share->lender_at.raw == at.raw)
            return true;
    return false;
}

static bool share_overlaps(const struct share *share, const struct partition *lender, gpa_t at,
                           u64 bytes)
{
    return share->borrower && share->lender == lender &&
           share->lender_at.raw < at.raw + bytes &&
           at.raw < share->lender_at.raw + share->pages * PAGE_SIZE;
}

/* Of all shares, the first that `is_wanted` finds in the tables. HOLDS(S) */
static bool any_overlaps(const struct partition *lender, gpa_t at, u64 bytes)
{
    for (struct partition *p = partition_next(0); p; p = partition_next(p->id + 1)) {
        u32 limit = p->shares && p->shares->used ? p->shares->pages * (u32)SHARES_PER_PAGE : 0;

        for (u32 i = 0; i < limit; i++)
            if (share_overlaps(record_at(p->shares, i), lender, at, bytes))
                return true;
    }
    return false;
}

/* HOLDS(S) */
static bool is_lent(const struct partition *lender, gpa_t at, u64 bytes)
{
    u64 end = at.raw + bytes;

    if (!lender->shares || lender->shares->lent == 0)
        return false;
    if (areas != 0 || bytes > RANGE_SMALL * PAGE_SIZE)
        return any_overlaps(lender, at, bytes);
    for (at.raw = align_down(at.raw, PAGE_SIZE); at.raw < end; at.raw += PAGE_SIZE)
        if (page_is_lent(lender, at))
            return true;
    return false;
}

bool share_is_lent(const struct partition *lender, gpa_t at, u64 bytes)
{
    bool lent;

    lock_take(&shares_lock);
    lent = is_lent(lender, at, bytes);
    lock_drop(&shares_lock);
    return lent;
}

enum status share_space_remove(struct partition *p, gpa_t at, u64 bytes)
{
    enum status status;
    u64 end;

    if (add_overflows(at.raw, bytes, &end))
        return ST_INVALID;
    lock_take(&shares_lock);
    status = is_lent(p, at, bytes) ? ST_BUSY : space_remove(&p->space, at, bytes);
    lock_drop(&shares_lock);
    return status;
}

enum status share_space_move(struct partition *p, gpa_t from, gpa_t to)
{
    enum status status;

    lock_take(&shares_lock);
    status = is_lent(p, from, PAGE_SIZE) || is_lent(p, to, PAGE_SIZE)
                 ? ST_BUSY
                 : space_move(&p->space, from, to);
    lock_drop(&shares_lock);
    return status;
}

/* What others borrow of it goes; their handles stay until they give them back. HOLDS(S) */
static void lent_end(struct partition *lender, struct partition *borrower)
{
    u32 limit = borrower->shares ? borrower->shares->pages * (u32)SHARES_PER_PAGE : 0;

    for (u32 i = 0; i < limit; i++) {
        struct share *share = record_at(borrower->shares, i);

        if (!share->borrower || share->lender != lender)
            continue;
        if (share->ref == SHARE_NO_REF)
            share_end(share);
        else
            share_part(share);
    }
}

void share_end_all(struct partition *p)
{
    u32 limit;

    lock_take(&shares_lock);
    limit = p->shares ? p->shares->pages * (u32)SHARES_PER_PAGE : 0;
    for (u32 i = 0; i < limit; i++) {
        struct share *share = record_at(p->shares, i);

        if (share->borrower)
            share_end(share);
    }
    if (p->shares && p->shares->lent != 0)
        for (struct partition *q = partition_next(0); q; q = partition_next(q->id + 1))
            lent_end(p, q);
    lock_drop(&shares_lock);
}

u32 share_count(const struct partition *p)
{
    const struct share_table *table = p->shares;

    return table ? table->used + table->lent : 0;
}
