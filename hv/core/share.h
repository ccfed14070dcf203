/*
 * Frame lending: pages of one partition mapped into another. A share is broken by either side:
 * when the lender ends, its pages vanish from the borrower; when the borrower ends, the holds
 * go.
 */
#ifndef HV_CORE_SHARE_H
#define HV_CORE_SHARE_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct partition;

#define SHARES_MAX 512

struct share { /* all S */
    struct partition *lender, *borrower;
    gpa_t lender_at, borrower_at;
    u64 pages; /* 0 = free record */
};

/*
 * Maps `pages` pages of the lender, from lender_at, into the borrower at borrower_at, with
 * SPACE_* rights. ST_FAULT when a page of the lender is not there, ST_EXISTS when the borrower
 * has something there; nothing is changed then.
 */
enum status share_map(struct partition *lender, gpa_t lender_at, struct partition *borrower,
                      gpa_t borrower_at, u64 pages, u32 flags);
/* Ends the share that was mapped at exactly this place. ST_NO_ENTRY. */
enum status share_unmap(struct partition *borrower, gpa_t borrower_at);
/* Is any page of the range lent? Such pages must stay where they are. */
bool share_is_lent(const struct partition *lender, gpa_t at, u64 bytes);
/* Ends every share this partition lends or borrows. */
void share_end_all(struct partition *p);

#endif
