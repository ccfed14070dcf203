#include "hv/core/share.h"
#include "hv/core/partition.h"

static struct lock shares_lock = LOCK_INIT(S);
static struct share share_table[SHARES_MAX]; /* S */

/* HOLDS(S) */
static struct share *share_free(void)
{
    for (u32 i = 0; i < SHARES_MAX; i++)
        if (share_table[i].pages == 0)
            return &share_table[i];
    return NULL;
}

/* Maps what lies behind the lender's addresses, as far as it is contiguous in one go. */
static enum status map_pages(struct space *from, gpa_t from_at, struct space *to, gpa_t to_at,
                             u64 pages, u32 flags)
{
    for (u64 done = 0; done < pages;) {
        u64 run = 0;
        hpa_t first = hpa(0);
        hpa_t frame;
        u32 have;
        enum status status = ST_OK;

        for (; done + run < pages; run++) {
            if (space_find(from, gpa(from_at.raw + (done + run) * PAGE_SIZE), &frame, &have) !=
                    ST_OK ||
                (flags & ~have & SPACE_RAM)) {
                status = ST_FAULT;
                break;
            }
            if (run == 0)
                first = frame;
            else if (frame.raw != first.raw + run * PAGE_SIZE)
                break;
        }
        if (status == ST_OK)
            status =
                space_map(to, gpa(to_at.raw + done * PAGE_SIZE), first, run * PAGE_SIZE, flags);
        if (status != ST_OK) {
            space_remove(to, to_at, done * PAGE_SIZE);
            return status;
        }
        done += run;
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
    struct share *share;
    enum status status;

    TRY(check(lender_at, borrower_at, pages));
    if (lender == borrower)
        return ST_INVALID;
    lock_take(&shares_lock);
    share = share_free();
    status = share ? map_pages(&lender->space, lender_at, &borrower->space, borrower_at, pages,
                               flags & SPACE_RAM)
                   : ST_NO_SPACE;
    if (status == ST_OK)
        *share = (struct share){lender, borrower, lender_at, borrower_at, pages};
    lock_drop(&shares_lock);
    return status;
}

/* HOLDS(S) */
static void share_end(struct share *share)
{
    space_remove(&share->borrower->space, share->borrower_at, share->pages * PAGE_SIZE);
    share->pages = 0;
}

enum status share_unmap(struct partition *borrower, gpa_t borrower_at)
{
    enum status status = ST_NO_ENTRY;

    lock_take(&shares_lock);
    for (u32 i = 0; i < SHARES_MAX; i++) {
        struct share *share = &share_table[i];
        if (share->pages != 0 && share->borrower == borrower &&
            share->borrower_at.raw == borrower_at.raw) {
            share_end(share);
            status = ST_OK;
            break;
        }
    }
    lock_drop(&shares_lock);
    return status;
}

bool share_is_lent(const struct partition *lender, gpa_t at, u64 bytes)
{
    bool is_lent = false;

    lock_take(&shares_lock);
    for (u32 i = 0; i < SHARES_MAX && !is_lent; i++) {
        const struct share *share = &share_table[i];
        is_lent = share->pages != 0 && share->lender == lender &&
                  share->lender_at.raw < at.raw + bytes &&
                  at.raw < share->lender_at.raw + share->pages * PAGE_SIZE;
    }
    lock_drop(&shares_lock);
    return is_lent;
}

void share_end_all(struct partition *p)
{
    lock_take(&shares_lock);
    for (u32 i = 0; i < SHARES_MAX; i++)
        if (share_table[i].pages != 0 &&
            (share_table[i].lender == p || share_table[i].borrower == p))
            share_end(&share_table[i]);
    lock_drop(&shares_lock);
}
