/*
 * Frame lending: pages of one partition mapped into another, or copied from and to. A share is
 * broken by either side: when the lender ends, its pages vanish from the borrower; when the
 * borrower ends, the holds go. Pages are named by their address (the root may) or by a
 * reference into the lender's grant table (anybody whom the lender's entry names may).
 *
 * Only a partition's own pages are lent: what it has borrowed or shares with an adapter is not.
 */
#ifndef HV_CORE_SHARE_H
#define HV_CORE_SHARE_H

#include "hv/core/grant.h"
#include "hv/core/locks.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct partition;

/* Records of one borrower. */
#define SHARES_MAX   32256u
#define SHARE_NO_REF 0xffffffffu

struct share {                  /* all S */
    struct partition *lender;   /* NULL: it ended, and its pages with it */
    struct partition *borrower; /* NULL: free record */
    gpa_t lender_at, borrower_at;
    u64 pages;
    u32 handle;
    u32 ref;    /* in the lender's grant table, SHARE_NO_REF */
    u32 rights; /* enum grant_right, of the claim */
    u32 next_free;
    struct share *next; /* in the chain of the lender's page */
};

extern struct lock shares_lock;

/* Beside rights: pages that are not there, or not the lender's own, stay holes. */
#define SHARE_HOLES 16u

/*
 * Maps `pages` pages of the lender, from lender_at, into the borrower at borrower_at, with
 * SPACE_* rights. ST_FAULT when a page of the lender is not there or not its own, ST_EXISTS
 * when the borrower has something there, ST_NO_SPACE: too many; nothing is changed then.
 */
enum status share_map(struct partition *lender, gpa_t lender_at, struct partition *borrower,
                      gpa_t borrower_at, u64 pages, u32 flags);
/* Ends the share that was mapped at exactly this place. ST_NO_ENTRY. */
enum status share_unmap(struct partition *borrower, gpa_t borrower_at);

/* One page by reference; lender and borrower may be the same. As share_map and grant_claim. */
enum status share_map_grant(struct partition *lender, u32 ref, struct partition *borrower,
                            gpa_t borrower_at, u32 rights, u32 *handle);
/* ST_NO_ENTRY: no such handle; ST_INVALID: it is mapped elsewhere. */
enum status share_unmap_grant(struct partition *borrower, u32 handle, gpa_t borrower_at);

/* Bytes within one page, by reference or by address. */
struct share_side {
    struct partition *partition;
    u32 ref; /* SHARE_NO_REF: the page at `at` */
    u32 offset;
    gpa_t at;
};
/* On behalf of `actor`. As grant_claim; ST_FAULT: no such page; ST_RANGE: beyond the page. */
enum status share_copy(struct partition *actor, const struct share_side *from,
                       const struct share_side *to, u32 bytes);

/* Takes the partition's own pages away; moves one. ST_BUSY while one is lent: those stay where
 * they are. */
enum status share_space_remove(struct partition *p, gpa_t at, u64 bytes);
enum status share_space_move(struct partition *p, gpa_t from, gpa_t to);
/* Is any page of the range lent? */
bool share_is_lent(const struct partition *lender, gpa_t at, u64 bytes);
/* How many shares the partition borrows or lends. */
u32 share_count(const struct partition *p);
/* Ends every share this partition lends or borrows. */
void share_end_all(struct partition *p);

#endif
