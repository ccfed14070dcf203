/* The RAM of guests as services see it: pieces of 2 MiB that are mapped while they are used. */
// sources: guest-drivers/service/guest_memory.c guest-drivers/service/guest_frames.c
#include "abi-tests/unit/guest_memory_machine.h"

static void test_pages_of_a_piece(void **state)
{
    const u8 *first, *last;

    (void)state;
    first = page_get(&guest, PIECE);
    last = page_get(&guest, 2 * PIECE - 1);
    assert_int_equal(map_count, 1);
    assert_int_equal(maps[0].pages, PIECE);
    assert_int_equal(maps[0].remote_at, PIECE * PAGE_SIZE);
    place_expect(first, &guest, PIECE);
    place_expect(last, &guest, 2 * PIECE - 1);
    guest_page_put(&guest, PIECE);
    guest_page_put(&guest, 2 * PIECE - 1);
    assert_int_equal(map_count, 1); /* it may be wanted again */
}

static void test_ends_of_the_ram(void **state)
{
    static const u64 none[] = {LOW, 4 * PIECE, HIGH - 1, HIGH + 2 * PIECE, ADDED, ~0ull};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(none); i++)
        assert_int_equal(get_status(&guest, none[i]), ST_RANGE);
    assert_int_equal(guest.used, 0);
    page_get(&guest, LOW - 1);
    assert_int_equal(maps[0].pages, 100);
    page_get(&guest, HIGH);
    assert_int_equal(maps[1].pages, PIECE);
    guest_page_put(&guest, LOW - 1);
    guest_page_put(&guest, HIGH);
}

/* The same number is another page of another guest, found again by either, and stays when the
 * other one ends. */
static void test_two_guests(void **state)
{
    u8 *at, *beside;

    (void)state;
    at = page_get(&guest, 5);
    beside = page_get(&other, 5);
    place_expect(at, &guest, 5);
    place_expect(beside, &other, 5);
    assert_ptr_not_equal(at, beside);
    guest_page_put(&other, 5);
    guest_memory_end(&other);
    assert_null(map_of(&other, 5));
    assert_ptr_equal(page_get(&guest, 5), at);
    assert_int_equal(map_count, 1);
    guest_page_put(&guest, 5);
    guest_page_put(&guest, 5);
}

/* Pieces of both that hang in one chain. */
static void test_one_chain(void **state)
{
    static const u64 middle = 257 * PIECE, far = 1024 * PIECE;

    (void)state;
    guest.frames.low = other.frames.low = 1025 * PIECE;
    guest.frames.away = NULL;
    for (u32 i = 0; i < 3; i++) {
        place_expect(page_get(&other, 0), &other, 0);
        place_expect(page_get(&guest, middle), &guest, middle);
        place_expect(page_get(&other, far), &other, far);
        guest_page_put(&other, 0);
        guest_page_put(&guest, middle);
        guest_page_put(&other, far);
        guest_memory_end(i == 0 ? &guest : &other);
    }
}

/* The first of all tests: what counts the uses of pages is kept for ever. */
static void test_no_memory_to_count(void **state)
{
    (void)state;
    has_memory = false;
    assert_int_equal(get_status(&guest, 0), ST_AGAIN);
    assert_int_equal(guest.used, 0);
    has_memory = true;
    place_expect(page_get(&guest, 0), &guest, 0);
    guest_page_put(&guest, 0);
}

/* ---- which pieces stay mapped ---- */

static void test_the_one_used_longest_ago_goes(void **state)
{
    (void)state;
    guest.limit = 3;
    touch(0);
    touch(1);
    touch(2);
    touch(0);
    touch(3);
    assert_null(map_of(&guest, PIECE));
    assert_int_equal(map_count, 3);
    assert_int_equal(guest.used, 3);
    page_get(&guest, 2 * PIECE); /* in use: not to go */
    touch(HIGH / PIECE);
    assert_null(map_of(&guest, 0));
    touch(1);
    assert_null(map_of(&guest, 3 * PIECE));
    assert_non_null(map_of(&guest, 2 * PIECE));
    guest_page_put(&guest, 2 * PIECE);
}

static void test_all_in_use(void **state)
{
    (void)state;
    guest.limit = 2;
    page_get(&guest, 0);
    page_get(&guest, PIECE);
    page_get(&guest, PIECE + 1);
    assert_int_equal(get_status(&guest, 2 * PIECE), ST_AGAIN);
    guest_page_put(&guest, PIECE);
    assert_int_equal(get_status(&guest, 2 * PIECE), ST_AGAIN); /* its neighbour is in use */
    guest_page_put(&guest, PIECE + 1);
    page_get(&guest, 2 * PIECE);
    assert_int_equal(map_count, 2);
    guest_page_put(&guest, 0);
    guest_page_put(&guest, 2 * PIECE);
}

/* So many of all guests together. */
static void test_no_place_for_a_piece(void **state)
{
    (void)state;
    guest.limit = GUEST_CHUNKS + 1;
    guest.frames.low = (GUEST_CHUNKS + 1) * (u64)PIECE;
    guest.frames.away = NULL;
    guest.frames.high = 0;
    for (u64 i = 0; i < GUEST_CHUNKS; i++)
        page_get(&guest, i * PIECE);
    assert_int_equal(map_count, GUEST_CHUNKS);
    assert_int_equal(get_status(&guest, GUEST_CHUNKS * (u64)PIECE), ST_AGAIN);
    assert_int_equal(get_status(&other, 0), ST_AGAIN);
    for (u64 i = 0; i < GUEST_CHUNKS; i++)
        guest_page_put(&guest, i * PIECE);
}

/* Whatever is missing now: nothing is lost by asking. */
static void test_no_memory_to_map(void **state)
{
    (void)state;
    for (u32 i = 0; i < 10; i++) {
        map_answer = ST_NO_MEMORY;
        assert_int_equal(get_status(&guest, 0), ST_AGAIN);
        assert_int_equal(guest.used, 1);
    }
    map_answer = ST_OK;
    place_expect(page_get(&guest, 0), &guest, 0);
    guest_page_put(&guest, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_no_memory_to_count), TEST(test_pages_of_a_piece),
        TEST(test_ends_of_the_ram),    TEST(test_two_guests),
        TEST(test_one_chain),          TEST(test_the_one_used_longest_ago_goes),
        TEST(test_all_in_use),         TEST(test_no_place_for_a_piece),
        TEST(test_no_memory_to_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
