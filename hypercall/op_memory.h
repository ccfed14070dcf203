/* Operations on a partition's memory. Addresses and sizes are multiples of 4 KiB. */
#ifndef HYPERCALL_OP_MEMORY_H
#define HYPERCALL_OP_MEMORY_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "hypercall/abi/native.h"

struct partition;

/* Fresh zeroed memory. ST_EXISTS if something is mapped there, ST_NO_MEMORY (machine or quota).
 */
enum status op_memory_populate(struct partition *p, gpa_t at, u64 bytes);
/* The frames go back; a hole is no error. */
enum status op_memory_remove(struct partition *p, gpa_t at, u64 bytes);
/* Moves the frame from one address to another; what was at `to` goes back. ST_FAULT. */
enum status op_memory_move(struct partition *p, gpa_t from, gpa_t to);

/* Zeroed pages for adapter state, charged to the partition and freed with it. ST_NO_MEMORY. */
enum status op_page_alloc(struct partition *p, void **page);
void op_page_free(struct partition *p, void *page);

/* Maps an adapter page at a guest address (what was there goes back); writable for the guest.
 */
enum status op_memory_map_page(struct partition *p, void *page, gpa_t at);
/* Where op_memory_map_page last put it stays mapped until removed: takes it away again. */
enum status op_memory_unmap_page(struct partition *p, void *page, gpa_t at);

/* Maps a page of another partition; ends with either. Rights: enum native_memory_flag. */
enum status op_memory_map_foreign(struct partition *p, gpa_t at, struct partition *lender,
                                  gpa_t lender_at, u32 flags);

/*
 * The kernel address of a byte of guest memory that stays good although the guest may unmap the
 * page: for structures a guest registers (vcpu_info, runstate, time areas). ST_FAULT if there
 * is no writable memory. Every hold is dropped once, with any address in the page.
 */
enum status op_memory_hold(struct partition *p, gpa_t at, void **pointer);
void op_memory_unhold(struct partition *p, void *pointer);

bool op_memory_is_present(struct partition *p, gpa_t at);
u64 op_memory_pages(const struct partition *p);     /* mapped now */
u64 op_memory_pages_max(const struct partition *p); /* allowed */
/* Highest address of memory ever populated, as a page number. */
u64 op_memory_highest_page(const struct partition *p);
/* The map the root set, for the guest to read. */
const struct native_memory_range *op_memory_layout(const struct partition *p, u32 *count);

#endif
