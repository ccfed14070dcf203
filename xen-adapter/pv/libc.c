#include "xen-adapter/pv/libc.h"
#include "hv/lib/string.h"
#include "xen-adapter/pv/shim.h"

#define ARENA_ALIGN 64u

void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);
void free(void *memory);
void __stack_chk_fail(void) __attribute__((noreturn));

static struct {
    u8 *base;
    u64 bytes;
    u64 used;
} arena;

void arena_set(void *base, u64 bytes)
{
    u64 lost = align_up((u64)base, ARENA_ALIGN) - (u64)base;

    arena.base = (u8 *)base + lost;
    arena.bytes = bytes > lost ? bytes - lost : 0;
    arena.used = 0;
}

/* A decoder allocates a handful of blocks once: nothing is ever given back singly. */
void *malloc(size_t bytes)
{
    u64 left = arena.bytes - arena.used;
    u8 *block = arena.base + arena.used;

    if (bytes > left || align_up(bytes, ARENA_ALIGN) > left)
        return NULL;
    arena.used += align_up(bytes, ARENA_ALIGN);
    return block;
}

void *calloc(size_t count, size_t bytes)
{
    u64 total;
    void *block;

    if (mul_overflows(count, bytes, &total))
        return NULL;
    block = malloc(total);
    if (block != NULL)
        memset(block, 0, total);
    return block;
}

void free(void *memory)
{
    (void)memory;
}

void __stack_chk_fail(void)
{
    shim_fail("internal error: a decoder overran its stack");
}
