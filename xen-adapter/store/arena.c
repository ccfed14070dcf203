#include "xen-adapter/store/arena.h"

#include "hv/lib/string.h"

#define UNIT ((size_t)16)

struct arena_block {
    u32 bytes; /* with this header */
    u32 payer;
    union {
        struct arena_block *next; /* while free */
        size_t asked;             /* else: as many bytes, with the header, would have done */
    };
};
_Static_assert(sizeof(struct arena_block) == 16, "one unit");

void arena_make(struct arena *arena, void *memory, size_t bytes)
{
    uintptr_t start = ((uintptr_t)memory + UNIT - 1) & ~(UNIT - 1);
    struct arena_block *block = (struct arena_block *)start;

    *arena = (struct arena){0};
    if (bytes < 4 * UNIT || bytes > UINT32_MAX)
        return;
    block->bytes = (u32)((bytes - UNIT) & ~(UNIT - 1));
    block->next = NULL;
    arena->free = block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    struct arena_block **link;
    size_t need;

    if (bytes > (size_t)1 << 30)
        return NULL;
    need = ((bytes + UNIT - 1) & ~(UNIT - 1)) + sizeof(struct arena_block);
    if (arena->payer != 0 && arena->held[arena->payer] + need > arena->limit)
        return NULL;
    for (link = &arena->free; *link; link = &(*link)->next) {
        struct arena_block *block = *link;
        struct arena_block *rest;

        if (block->bytes < need)
            continue;
        if (block->bytes - need >= 4 * UNIT) {
            rest = (struct arena_block *)(void *)((u8 *)block + need);
            rest->bytes = block->bytes - (u32)need;
            rest->next = block->next;
            *link = rest;
            block->bytes = (u32)need;
        } else {
            *link = block->next;
        }
        arena->used += need;
        if (arena->payer != 0)
            arena->held[arena->payer] += need;
        block->payer = arena->payer;
        block->asked = need;
        return memset(block + 1, 0, block->bytes - sizeof(*block));
    }
    return NULL;
}

static void join(struct arena_block *block)
{
    struct arena_block *next = block->next;

    if (next && (u8 *)block + block->bytes == (u8 *)next) {
        block->bytes += next->bytes;
        block->next = next->next;
    }
}

void arena_free(struct arena *arena, void *pointer)
{
    struct arena_block *block, *previous = NULL;
    struct arena_block **link = &arena->free;

    if (!pointer)
        return;
    block = (struct arena_block *)pointer - 1;
    arena->used -= block->asked;
    if (block->payer != 0)
        arena->held[block->payer] -= block->asked;
    while (*link && *link < block) {
        previous = *link;
        link = &(*link)->next;
    }
    block->next = *link;
    *link = block;
    join(block);
    if (previous)
        join(previous);
}
