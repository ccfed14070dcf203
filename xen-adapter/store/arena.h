/*
 * An allocator in one block of memory: first fit, neighbours joined when given back. Whoever is
 * the payer when a piece is taken is charged for it until it is given back, by whomever.
 */
#ifndef XEN_ADAPTER_STORE_ARENA_H
#define XEN_ADAPTER_STORE_ARENA_H

#include "hv/lib/types.h"

struct arena_block;

struct arena {
    struct arena_block *free; /* by address */
    size_t used;
    u32 payer;    /* 0 has no limit */
    size_t limit; /* of each other payer */
    size_t *held; /* by each payer but 0, where there are any */
};

void arena_make(struct arena *arena, void *memory, size_t bytes);
/* Zeroed, aligned to 16; NULL when there is no room, or the payer holds too much. */
void *arena_alloc(struct arena *arena, size_t bytes);
void arena_free(struct arena *arena, void *pointer);

#endif
