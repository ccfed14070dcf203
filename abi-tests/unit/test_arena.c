// sources: xen-adapter/store/arena.c
/* The memory of the xenstore server: what it counts is what was asked for, wherever it lay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "xen-adapter/store/arena.h"

#define BYTES 4096u

static _Alignas(16) u8 memory[BYTES];

static size_t cost_of(struct arena *arena, size_t bytes)
{
    size_t before = arena->used;

    assert_non_null(arena_alloc(arena, bytes));
    return arena->used - before;
}

/* A hole a little larger than what is put there is used as a whole, and counts no more. */
static void test_count_knows_no_holes(void **state)
{
    struct arena arena;
    void *hole;
    size_t usual;

    (void)state;
    arena_make(&arena, memory, sizeof(memory));
    usual = cost_of(&arena, 48);
    hole = arena_alloc(&arena, 96);
    assert_non_null(arena_alloc(&arena, 16));
    arena_free(&arena, hole);
    assert_int_equal(cost_of(&arena, 64), usual + 16);
}

static void test_all_comes_back(void **state)
{
    struct arena arena;
    void *piece[16];

    (void)state;
    arena_make(&arena, memory, sizeof(memory));
    for (unsigned round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 16; i++)
            piece[i] = arena_alloc(&arena, 8 + (i * 37 + round * 11) % 150);
        for (unsigned i = 0; i < 16; i++)
            arena_free(&arena, piece[(i * 5 + round) % 16]);
        assert_int_equal(arena.used, 0);
    }
    assert_non_null(arena_alloc(&arena, BYTES - 64));
    assert_null(arena_alloc(&arena, 64));
}

/* Each payer has its part, whoever gives a piece back; 0 has all. */
static void test_payers_have_limits(void **state)
{
    size_t held[3] = {0};
    struct arena arena;
    void *piece;

    (void)state;
    arena_make(&arena, memory, sizeof(memory));
    arena.limit = 1024;
    arena.held = held;
    arena.payer = 1;
    piece = arena_alloc(&arena, 600);
    assert_non_null(piece);
    assert_null(arena_alloc(&arena, 600));
    arena.payer = 2;
    assert_non_null(arena_alloc(&arena, 600));
    arena.payer = 0;
    assert_non_null(arena_alloc(&arena, 1200));
    arena_free(&arena, piece);
    assert_int_equal(held[1], 0);
    arena.payer = 1;
    assert_non_null(arena_alloc(&arena, 600));
    assert_int_equal(held[1], held[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_count_knows_no_holes),
        cmocka_unit_test(test_all_comes_back),
        cmocka_unit_test(test_payers_have_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
