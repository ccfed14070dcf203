/*
 * A partition's grant table: pages it writes itself, in which each entry names one of its pages
 * and the partition that may use it. The entries are the native format; an adapter only shows
 * the table at the place and under the names of its ABI. [xen/grant_table.h]
 *
 * A reference is claimed for each use of its page and released after it: the claim checks the
 * entry against a guest that rewrites it meanwhile, and says so in the entry's READING and
 * WRITING bits, which the guest's own compare-and-exchange respects.
 */
#ifndef HV_CORE_GRANT_H
#define HV_CORE_GRANT_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct partition;

#define GRANT_FRAMES_MAX        64u
#define GRANT_STATUS_FRAMES_MAX 8u
#define GRANT_RESERVED          8u /* survive a change of the version */

enum grant_flag {
    GRANT_TYPE_MASK = 3,
    GRANT_TYPE_ACCESS = 1,
    GRANT_READONLY = 1 << 2,
    GRANT_READING = 1 << 3,
    GRANT_WRITING = 1 << 4,
    GRANT_SUB_PAGE = 1 << 8, /* version 2 */
};

struct grant_entry_v1 {
    u16 flags;
    u16 borrower;
    u32 page;
};
struct grant_entry_v2 {
    u16 flags;
    u16 borrower;
    u16 offset; /* with SUB_PAGE */
    u16 bytes;
    u64 page;
};

enum grant_right { GRANT_READ = 1, GRANT_WRITE = 2 };

/* What a claim gives. */
struct grant_piece {
    gpa_t at; /* page */
    u32 offset, bytes;
};

/* The table begins with no frame, in version 1. A grown one is never made smaller. ST_INVALID:
 * more than GRANT_FRAMES_MAX; ST_NO_MEMORY. */
enum status grant_table_grow(struct partition *p, u32 frames);
u32 grant_frame_count(const struct partition *p);
u32 grant_status_frame_count(const struct partition *p); /* 0 in version 1 */
void *grant_frame(const struct partition *p, u32 index);
void *grant_status_frame(const struct partition *p, u32 index);
u32 grant_version(const struct partition *p);
/* Clears all entries but the reserved ones. ST_BUSY while another one is in use. */
enum status grant_version_set(struct partition *p, u32 version);
/* Exchanges two entries. ST_NO_ENTRY; ST_BUSY while one is in use. */
enum status grant_swap(struct partition *p, u32 a, u32 b);

/*
 * HOLDS(S). ST_NO_ENTRY: no such reference; ST_DENIED: not for this borrower, or not with these
 * rights (GRANT_READ, | GRANT_WRITE); ST_BUSY: the entry does not hold still, or too many uses.
 */
enum status grant_claim(struct partition *lender, u32 ref, u32 borrower, u32 rights,
                        struct grant_piece *out);
void grant_release(struct partition *lender, u32 ref, u32 rights);

#endif
