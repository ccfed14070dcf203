/*
 * The end of the loader: one page anywhere below 4 GiB that moves segments over the loader and
 * jumps to the kernel in the PVH start state.
 */
#ifndef XEN_ADAPTER_PV_TRAMPOLINE_H
#define XEN_ADAPTER_PV_TRAMPOLINE_H

#include "hv/lib/types.h"

#define TRAMPOLINE_MOVES_MAX 64u
#define TRAMPOLINE_ZERO      (~0u) /* as `from`: fill with zeros */

struct trampoline_move {
    u32 to, from, bytes;
};

/* Read by trampoline.S: the order counts. Moves are done in order, forward. */
struct trampoline_job {
    u32 entry;
    u32 start_info;
    u32 count;
    struct trampoline_move move[TRAMPOLINE_MOVES_MAX];
};

/* `page` must be mapped executable at its physical address. */
void trampoline_run(u64 page, const struct trampoline_job *job) __attribute__((noreturn));

#endif
