/* An allocator in one block of memory: first fit, neighbours joined when given back. */
#ifndef XEN_ADAPTER_STORE_ARENA_H
#define XEN_ADAPTER_STORE_ARENA_H

#include "hv/lib/types.h"

struct arena_block;

struct arena {
    struct arena_block *free; /* by address */
    size_t used;
};

void arena_make(struct arena *arena, void *memory, size_t bytes);
/* Zeroed, aligned to 16; NULL when there is no room. */
void *arena_alloc(struct arena *arena, size_t bytes);
void arena_free(struct arena *arena, void *pointer);

#endif
