/*
 * The end of the loader: one page anywhere below 4 GiB that moves what lies on the loader and
 * jumps to the kernel: 32-bit flat, paging and interrupts off, with the selectors that Linux
 * wants (PVH lets us choose) and every register of the job or 0.
 */
#ifndef XEN_ADAPTER_PV_TRAMPOLINE_H
#define XEN_ADAPTER_PV_TRAMPOLINE_H

#include "xen-adapter/pv/spans.h"

#define TRAMPOLINE_MOVES_MAX 64u
#define TRAMPOLINE_ZERO      (~0u) /* as `from`: fill with zeros */

struct trampoline_move {
    u32 to, from, bytes;
};

/* Read by trampoline.S: the order counts. Moves are done in order, forward. */
struct trampoline_job {
    u32 entry;
    u32 start_info; /* ebx: hvm_start_info, or 0 */
    u32 zero_page;  /* esi: Linux's boot parameters, or 0 */
    u32 count;
    struct trampoline_move move[TRAMPOLINE_MOVES_MAX];
};

/* Moves nothing when there is nothing to move. Ends the domain when the job is full. */
void trampoline_move_add(struct trampoline_job *job, u64 to, u64 from, u64 bytes);

/* Unless the loader is in the way of the target the moves are done here, eight bytes at a time.
 */
void trampoline_moves_do(struct trampoline_job *job, const struct span *target);

/* `page` is free. */
void trampoline_run(u64 page, const struct trampoline_job *job) __attribute__((noreturn));

#endif
