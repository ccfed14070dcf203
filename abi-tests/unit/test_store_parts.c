/* The xenstore server's paths, numbers and memory, at their edges. */
// sources: xen-adapter/store/arena.c xen-adapter/store/path.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/store/internal.h"

/* ---- Paths ------------------------------------------------------------------ */

static void test_characters(void **state)
{
    char path[] = "/x";

    (void)state;
    for (u32 c = 1; c < 128; c++) {
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_digit = c >= '0' && c <= '9';

        path[1] = (char)c;
        assert_int_equal(path_is_valid(path, PATH_NODE),
                         is_letter || is_digit || c == '-' || c == '_' || c == '@');
        path[1] = 'x';
    }
    path[1] = (char)0xe4;
    assert_false(path_is_valid(path, PATH_NODE));
    assert_false(path_is_valid(" a", PATH_NODE)); /* the first one too */
}

static void test_form(void **state)
{
    (void)state;
    assert_true(path_is_valid("/", PATH_NODE));
    assert_true(path_is_valid("/a/b-c/_d", PATH_NODE));
    assert_false(path_is_valid("", PATH_NODE));
    assert_false(path_is_valid("a/", PATH_NODE));
    assert_false(path_is_valid("/a/", PATH_NODE));
    assert_false(path_is_valid("//a", PATH_NODE));
    assert_false(path_is_valid("/a//b", PATH_NODE));
    assert_false(path_is_valid("@releaseDomain", PATH_NODE));
    assert_true(path_is_valid("@releaseDomain", PATH_NODE_OR_SPECIAL));
}

static const char *path_of(u32 length)
{
    static char path[STORE_PATH_MAX + 16];

    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[length] = 0;
    return path;
}

static void test_length(void **state)
{
    (void)state;
    assert_true(path_is_valid(path_of(STORE_PATH_MAX), PATH_NODE));
    assert_false(path_is_valid(path_of(STORE_PATH_MAX + 1), PATH_NODE));
}

static void test_absolute(void **state)
{
    struct connection root = {.is_privileged = true}, guest = {.domid = 5};
    char out[STORE_PATH_MAX + 1];

    (void)state;
    assert_int_equal(path_absolute(&guest, "name", PATH_NODE, out), STORE_OK);
    assert_string_equal(out, "/local/domain/5/name");
    assert_int_equal(path_absolute(&guest, "/vm", PATH_NODE, out), STORE_OK);
    assert_string_equal(out, "/vm");
    assert_int_equal(path_absolute(&guest, "@a", PATH_NODE_OR_SPECIAL, out), STORE_OK);
    assert_string_equal(out, "@a");
    assert_int_equal(path_absolute(&guest, "@a", PATH_NODE, out), STORE_EINVAL);
    assert_int_equal(path_absolute(&guest, "", PATH_NODE, out), STORE_EINVAL);
    assert_int_equal(path_absolute(&guest, "a b", PATH_NODE, out), STORE_EINVAL);
    root.domid = 0;
    assert_int_equal(path_absolute(&root, path_of(STORE_PATH_MAX), PATH_NODE, out), STORE_OK);
    assert_int_equal(strlen(out), STORE_PATH_MAX);
    assert_int_equal(path_absolute(&root, path_of(STORE_PATH_MAX + 1), PATH_NODE, out),
                     STORE_EINVAL);
}

/* "/local/domain/0/" has 16 characters. */
static void test_relative_length(void **state)
{
    struct connection root = {.is_privileged = true}, guest = {.domid = 5};
    char out[STORE_PATH_MAX + 1];

    (void)state;
    assert_int_equal(path_absolute(&root, path_of(STORE_PATH_MAX - 15) + 1, PATH_NODE, out),
                     STORE_OK);
    assert_int_equal(strlen(out), STORE_PATH_MAX);
    assert_int_equal(path_absolute(&root, path_of(STORE_PATH_MAX - 14) + 1, PATH_NODE, out),
                     STORE_EINVAL);
    assert_int_equal(path_absolute(&guest, path_of(GUEST_PATH_MAX + 1) + 1, PATH_NODE, out),
                     STORE_OK);
    assert_int_equal(path_absolute(&guest, path_of(GUEST_PATH_MAX + 2) + 1, PATH_NODE, out),
                     STORE_EINVAL);
    assert_int_equal(path_absolute(&guest, path_of(GUEST_PATH_MAX), PATH_NODE, out), STORE_OK);
    assert_int_equal(path_absolute(&guest, path_of(GUEST_PATH_MAX + 1), PATH_NODE, out),
                     STORE_EINVAL);
}

/* Only what lies below a domain's own directory has that directory for free. */
static void test_free_prefix(void **state)
{
    static const char *const none[] = {"/local/domain/5x", "/local/domain/x",
                                       "/local/Domain/5/"};
    struct connection guest = {.domid = 5};
    char out[STORE_PATH_MAX + 1], path[STORE_PATH_MAX + 1];

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(none); i++) {
        memset(path, 'y', sizeof(path));
        memcpy(path, none[i], strlen(none[i]));
        path[GUEST_PATH_MAX + 1] = 0;
        assert_int_equal(path_absolute(&guest, path, PATH_NODE, out), STORE_EINVAL);
        path[GUEST_PATH_MAX] = 0;
        assert_int_equal(path_absolute(&guest, path, PATH_NODE, out), STORE_OK);
    }
    memset(path, 'y', sizeof(path));
    memcpy(path, "/local/domain/1290/", 19);
    path[19 + GUEST_PATH_MAX] = 0;
    assert_int_equal(path_absolute(&guest, path, PATH_NODE, out), STORE_OK);
}

static void test_parent(void **state)
{
    (void)state;
    assert_int_equal(path_parent_bytes("/"), 0);
    assert_int_equal(path_parent_bytes("@releaseDomain"), 0);
    assert_int_equal(path_parent_bytes("/a"), 1);
    assert_int_equal(path_parent_bytes("/a/b"), 2);
    assert_int_equal(path_parent_bytes("/ab/c/d"), 5);
    assert_int_equal(path_parent_bytes("a/b"), 0);
}

static void test_below(void **state)
{
    (void)state;
    assert_true(path_is_below_or_same("/a/b", "/"));
    assert_false(path_is_below_or_same("@a", "/"));
    assert_true(path_is_below_or_same("/a", "/a"));
    assert_true(path_is_below_or_same("/a/b", "/a"));
    assert_false(path_is_below_or_same("/ab", "/a"));
    assert_false(path_is_below_or_same("/", "/a"));
    assert_false(path_is_below_or_same("/ab", "@"));
    assert_false(path_is_below_or_same("@ab", "@"));
    assert_false(path_is_below_or_same("/b", "//"));
}

static void test_numbers(void **state)
{
    static const char *const bad[] = {"", "/", ":", "1a", "a1", "-1", "99999999999999999999"};
    static const u64 good[] = {0, 7, 9, 10, 4711, ~0ull};
    char text[24];
    u64 value;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(number_read(bad[i], &value));
    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        char wanted[24];
        u32 length = 0;

        for (u64 rest = good[i]; rest || !length; rest /= 10)
            length++;
        wanted[length] = 0;
        for (u64 rest = good[i], at = length; at-- > 0; rest /= 10)
            wanted[at] = "0123456789"[rest % 10];
        assert_int_equal(number_write(text, good[i]), length);
        assert_string_equal(text, wanted);
        assert_int_equal(number_read(text, &value), length < 20);
        if (length < 20)
            assert_int_equal(value, good[i]);
    }
    assert_true(number_read("9999999999999999999", &value)); /* nineteen digits fit */
    assert_int_equal(value, 9999999999999999999ull);
}

/* ---- Memory ----------------------------------------------------------------- */

static _Alignas(16) u8 memory[1024];

static void test_arena_begin(void **state)
{
    struct arena arena;

    (void)state;
    arena_make(&arena, memory, 63);
    assert_null(arena_alloc(&arena, 1));
    arena_make(&arena, memory, 64);
    assert_int_equal(arena.used, 0);
    assert_null(arena_alloc(&arena, 33));
    assert_ptr_equal(arena_alloc(&arena, 32), memory + 16);
    assert_int_equal(arena.used, 48);
    assert_null(arena_alloc(&arena, 0));
    arena_make(&arena, memory + 1, 79); /* begins and ends at the next multiple */
    assert_null(arena_alloc(&arena, 33));
    assert_ptr_equal(arena_alloc(&arena, 32), memory + 32);
    arena_make(&arena, memory, 1024);
    assert_null(arena_alloc(&arena, ~(size_t)0));
    assert_null(arena_alloc(&arena, ~(size_t)0 - 15));
}

/* A block takes what it needs; what is left goes along when nothing would fit in it. */
static void test_arena_cut(void **state)
{
    struct arena arena;
    u8 *one, *two;

    (void)state;
    memset(memory, 0xff, sizeof(memory));
    arena_make(&arena, memory, 112); /* 96 usable */
    one = arena_alloc(&arena, 15);
    assert_int_equal(arena.used, 32);
    assert_int_equal(one[0] | one[15], 0);
    two = arena_alloc(&arena, 32); /* 16 are left over */
    assert_ptr_equal(two, one + 32);
    assert_int_equal(arena.used, 32 + 48); /* what was not asked for is nobody's */
    arena_free(&arena, one);
    assert_int_equal(arena.used, 48);
    arena_free(&arena, NULL);
    arena_free(&arena, two);
    assert_int_equal(arena.used, 0);
    assert_ptr_equal(arena_alloc(&arena, 80), one);
}

/* Whatever the order of giving back, it is one piece again. */
static void test_arena_join(void **state)
{
    static const u8 orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2},
                                   {2, 0, 3, 1}, {1, 3, 0, 2}, {0, 2, 1, 3}};
    struct arena arena;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(orders); i++) {
        void *block[4];

        arena_make(&arena, memory, sizeof(memory));
        for (u32 k = 0; k < 4; k++)
            block[k] = arena_alloc(&arena, 100 + 20 * k);
        assert_null(arena_alloc(&arena, 900));
        for (u32 k = 0; k < 4; k++)
            arena_free(&arena, block[orders[i][k]]);
        assert_int_equal(arena.used, 0);
        assert_non_null(arena_alloc(&arena, sizeof(memory) - 32));
    }
}

/* The first block that is large enough, wherever it lies. */
static void test_arena_first_fit(void **state)
{
    struct arena arena;
    void *small, *large, *wall;

    (void)state;
    arena_make(&arena, memory, sizeof(memory));
    small = arena_alloc(&arena, 16);
    wall = arena_alloc(&arena, 16);
    large = arena_alloc(&arena, 200);
    assert_non_null(arena_alloc(&arena, 700));
    arena_free(&arena, small);
    arena_free(&arena, large);
    assert_ptr_equal(arena_alloc(&arena, 150), large);
    assert_ptr_equal(arena_alloc(&arena, 16), small);
    arena_free(&arena, wall);
}

/* Each payer has its limit, 0 has none; who gives back does not matter. */
static void test_arena_payers(void **state)
{
    size_t held[3] = {0};
    struct arena arena;
    void *first, *second;

    (void)state;
    arena_make(&arena, memory, sizeof(memory));
    arena.held = held;
    arena.limit = 96;
    arena.payer = 2;
    first = arena_alloc(&arena, 32);
    second = arena_alloc(&arena, 32);
    assert_non_null(first);
    assert_non_null(second);
    assert_int_equal(held[2], 96);
    assert_null(arena_alloc(&arena, 1));
    arena.payer = 1;
    assert_non_null(arena_alloc(&arena, 80));
    assert_int_equal(held[1], 96);
    arena.payer = 0;
    assert_non_null(arena_alloc(&arena, 200));
    arena_free(&arena, first);
    assert_int_equal(held[2], 48);
    arena.payer = 2;
    assert_null(arena_alloc(&arena, 33));
    assert_non_null(arena_alloc(&arena, 32));
    assert_int_equal(held[1], 96);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters),      cmocka_unit_test(test_form),
        cmocka_unit_test(test_length),          cmocka_unit_test(test_absolute),
        cmocka_unit_test(test_relative_length), cmocka_unit_test(test_free_prefix),
        cmocka_unit_test(test_parent),          cmocka_unit_test(test_below),
        cmocka_unit_test(test_numbers),         cmocka_unit_test(test_arena_begin),
        cmocka_unit_test(test_arena_cut),       cmocka_unit_test(test_arena_join),
        cmocka_unit_test(test_arena_first_fit), cmocka_unit_test(test_arena_payers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
