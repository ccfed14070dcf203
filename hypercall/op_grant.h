/* Operations on grant tables and on what they lend: see hv/core/grant.h and share.h. */
#ifndef HYPERCALL_OP_GRANT_H
#define HYPERCALL_OP_GRANT_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct partition;

#define OP_GRANT_FRAMES_MAX        64u
#define OP_GRANT_STATUS_FRAMES_MAX 8u
#define OP_GRANT_NO_REF            0xffffffffu

/* An adapter shows these pages to its guest, which writes the entries. A table grows only:
 * ST_INVALID beyond the maximum, ST_NO_MEMORY. */
enum status op_grant_grow(struct partition *p, u32 frames);
u32 op_grant_frame_count(const struct partition *p);
u32 op_grant_status_frame_count(const struct partition *p); /* 0 in version 1 */
void *op_grant_frame(const struct partition *p, u32 index);
void *op_grant_status_frame(const struct partition *p, u32 index);
u32 op_grant_version(const struct partition *p);
/* ST_BUSY while an entry is in use; all but the first eight are cleared. */
enum status op_grant_version_set(struct partition *p, u32 version);
/* ST_NO_ENTRY, ST_BUSY. */
enum status op_grant_swap(struct partition *p, u32 a, u32 b);

enum op_grant_right { OP_GRANT_READ = 1, OP_GRANT_WRITE = 2 };

/*
 * Maps the page that the lender's entry names. ST_NO_ENTRY: no such reference; ST_DENIED: not
 * for p or not with these rights; ST_FAULT: the entry names no page; ST_EXISTS: something is
 * mapped at `at`; ST_NO_SPACE: no handle left; ST_BUSY: the entry does not hold still.
 */
enum status op_grant_map(struct partition *p, gpa_t at, struct partition *lender, u32 ref,
                         u32 rights, u32 *handle);
/* ST_NO_ENTRY: no such handle; ST_INVALID: it is mapped elsewhere. */
enum status op_grant_unmap(struct partition *p, u32 handle, gpa_t at);

/* One side of a copy: a reference, or a page by its address. */
struct op_grant_side {
    struct partition *partition;
    u32 ref; /* OP_GRANT_NO_REF: the page at `at` */
    u32 offset;
    gpa_t at;
};
/* At most a page, on behalf of p. As op_grant_map; ST_RANGE: beyond the page or what is lent of
 * it. */
enum status op_grant_copy(struct partition *p, const struct op_grant_side *from,
                          const struct op_grant_side *to, u32 bytes);

#endif
