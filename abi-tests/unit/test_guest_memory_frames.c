/* Frames of a guest's RAM that go, come back and are added while others are in use. */
// sources: guest-drivers/service/guest_memory.c guest-drivers/service/guest_frames.c
#include "abi-tests/unit/guest_memory_machine.h"

static void test_release(void **state)
{
    (void)state;
    touch(0);
    touch(1);
    assert_int_equal(guest_memory_release(&guest, 10, PIECE), ST_OK);
    assert_int_equal(removed.partition, 3);
    assert_int_equal(removed.at, 10 * PAGE_SIZE);
    assert_int_equal(removed.bytes, PIECE * PAGE_SIZE);
    assert_int_equal(map_count, 0); /* nobody used them */
    assert_int_equal(guest.used, 0);
    assert_int_equal(get_status(&guest, 10), ST_RANGE);
    assert_int_equal(get_status(&guest, 9 + PIECE), ST_RANGE);
    touch(0);
    assert_int_equal(get_status(&guest, 10 + PIECE), ST_OK);
    guest_page_put(&guest, 10 + PIECE);
    assert_int_equal(guest_memory_release(&guest, 5, 6), ST_RANGE);
    assert_int_equal(guest_memory_release(&guest, LOW - 1, 2), ST_RANGE);
    assert_int_equal(removes, 1);
}

/* The pages around them are as before when the memory is settled. */
static void test_release_beside_pages_in_use(void **state)
{
    u8 *at = page_get(&guest, 20);
    u32 moves = guest.moves;

    (void)state;
    assert_int_equal(guest_memory_release(&guest, 10, 10), ST_OK);
    assert_int_equal(guest_memory_release(&guest, 21, 2 * PIECE), ST_OK);
    assert_int_not_equal(guest.moves, moves);
    assert_int_equal(map_count, 0);
    guest_memory_settle(&guest);
    place_expect(at, &guest, 20);
    assert_ptr_equal(page_get(&guest, 20), at);
    guest_page_put(&guest, 20);
    guest_page_put(&guest, 20);
}

/* A page in use, the first or the last of them, keeps all. */
static void test_release_of_pages_in_use(void **state)
{
    static const u64 used[] = {PIECE - 1, 2 * PIECE, PIECE};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(used); i++) {
        u8 *at = page_get(&guest, used[i]);

        assert_int_equal(guest_memory_release(&guest, PIECE - 1, PIECE + 2), ST_BUSY);
        assert_int_equal(removes, 0);
        assert_int_equal(guest.frames.away_count, 0);
        place_expect(at, &guest, used[i]);
        guest_page_put(&guest, used[i]);
    }
    /* Those just outside do not. */
    page_get(&guest, PIECE - 2);
    page_get(&guest, 2 * PIECE + 1);
    assert_int_equal(guest_memory_release(&guest, PIECE - 1, PIECE + 2), ST_OK);
    guest_memory_settle(&guest);
    guest_page_put(&guest, PIECE - 2);
    guest_page_put(&guest, 2 * PIECE + 1);
}

static void test_release_that_is_refused(void **state)
{
    (void)state;
    remove_answer = ST_BUSY; /* somebody else has borrowed one of them */
    assert_int_equal(guest_memory_release(&guest, 10, 10), ST_BUSY);
    assert_int_equal(guest.frames.away_count, 0);
    remove_answer = ST_NO_MEMORY; /* some are left: they count as gone */
    assert_int_equal(guest_memory_release(&guest, 10, 10), ST_OK);
    assert_int_equal(guest.frames.away_count, 10);
}

/* ---- frames that come ---- */

static void test_restore(void **state)
{
    u8 *at;

    (void)state;
    assert_int_equal(guest_memory_restore(&guest, 10, 10), ST_RANGE);
    assert_int_equal(guest_memory_release(&guest, 10, 10), ST_OK);
    at = page_get(&guest, 5);
    assert_int_equal(guest_memory_restore(&guest, 10, 11), ST_RANGE);
    assert_int_equal(populates, 0);
    populate_answer = ST_NO_MEMORY;
    assert_int_equal(guest_memory_restore(&guest, 10, 10), ST_NO_MEMORY);
    assert_int_equal(guest.frames.away_count, 10);
    populate_answer = ST_OK;
    assert_int_equal(guest_memory_restore(&guest, 10, 10), ST_OK);
    assert_int_equal(populated.partition, 3);
    assert_int_equal(populated.at, 10 * PAGE_SIZE);
    assert_int_equal(populated.bytes, 10 * PAGE_SIZE);
    assert_int_equal(guest.frames.away_count, 0);
    assert_int_equal(map_count, 0); /* what was mapped had holes there */
    guest_memory_settle(&guest);
    place_expect(at, &guest, 5);
    place_expect(page_get(&guest, 19), &guest, 19);
    guest_page_put(&guest, 19);
    guest_page_put(&guest, 5);
}

/* Something lies where they belong: it goes, page by page. */
static void test_restore_over_what_is_there(void **state)
{
    (void)state;
    assert_int_equal(guest_memory_release(&guest, 10, 3), ST_OK);
    populate_answer = ST_EXISTS;
    removes = populates = 0;
    assert_int_equal(guest_memory_restore(&guest, 10, 3), ST_OK);
    assert_int_equal(removes, 3);
    assert_int_equal(populates, 1 + 3);
    assert_int_equal(removed.at, 12 * PAGE_SIZE);
    assert_int_equal(removed.bytes, PAGE_SIZE);
    assert_int_equal(populated.at, 12 * PAGE_SIZE);
    assert_int_equal(guest.frames.away_count, 0);
    assert_int_equal(guest_memory_release(&guest, 10, 3), ST_OK);
    remove_answer = ST_BUSY;
    assert_int_equal(guest_memory_restore(&guest, 10, 3), ST_BUSY);
    assert_int_equal(guest.frames.away_count, 3);
}

/* ---- more than the guest began with ---- */

static void test_add_and_take_back(void **state)
{
    u64 room = guest_frames_left(&guest.frames);

    (void)state;
    assert_int_equal(guest_memory_add(&guest, 0), ST_RANGE);
    assert_int_equal(guest_memory_add(&guest, room + 1), ST_RANGE);
    assert_int_equal(guest_memory_take_back(&guest, 1), ST_RANGE);
    populate_answer = ST_NO_MEMORY;
    assert_int_equal(guest_memory_add(&guest, PIECE), ST_NO_MEMORY);
    assert_int_equal(get_status(&guest, ADDED), ST_RANGE);
    populate_answer = ST_OK;
    assert_int_equal(guest_memory_add(&guest, 100), ST_OK);
    assert_int_equal(populated.at, (u64)ADDED * PAGE_SIZE);
    page_get(&guest, ADDED + 99);
    assert_int_equal(maps[0].pages, 100);
    assert_int_equal(guest_memory_add(&guest, room - 100), ST_OK);
    assert_int_equal(populated.at, (ADDED + 100) * PAGE_SIZE);
    assert_int_equal(populated.bytes, (room - 100) * PAGE_SIZE);
    guest_memory_settle(&guest);
    assert_int_equal(maps[0].pages, MIN(room, PIECE)); /* the piece has grown */
    assert_int_equal(guest_memory_take_back(&guest, 0), ST_RANGE);
    assert_int_equal(guest_memory_take_back(&guest, room + 1), ST_RANGE);
    assert_int_equal(guest_memory_take_back(&guest, room), ST_BUSY);
    assert_int_equal(guest_memory_take_back(&guest, room - 100), ST_OK);
    assert_int_equal(removed.at, (ADDED + 100) * PAGE_SIZE);
    assert_int_equal(get_status(&guest, ADDED + 100), ST_RANGE);
    guest_memory_settle(&guest);
    guest_page_put(&guest, ADDED + 99);
    assert_int_equal(guest_memory_release(&guest, ADDED + 1, 1), ST_OK);
    assert_int_equal(guest_memory_take_back(&guest, 100), ST_RANGE); /* one is away */
    assert_int_equal(guest_memory_take_back(&guest, 98), ST_OK);
    assert_int_equal(guest.frames.more, 2);
}

/* A piece nobody uses is mapped when it is used, not before. */
static void test_settle(void **state)
{
    (void)state;
    touch(0);
    page_get(&guest, PIECE);
    map_answer = ST_NO_MEMORY;
    assert_int_equal(guest_memory_release(&guest, PIECE - 1, 1), ST_OK);
    assert_int_equal(guest_memory_release(&guest, PIECE + 1, 1), ST_OK);
    guest_memory_settle(&guest);
    assert_int_equal(map_count, 0);
    map_answer = ST_OK;
    guest_memory_settle(&guest);
    assert_int_equal(map_count, 1);
    assert_non_null(map_of(&guest, PIECE));
    guest_page_put(&guest, PIECE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_release),
        TEST(test_release_beside_pages_in_use),
        TEST(test_release_of_pages_in_use),
        TEST(test_release_that_is_refused),
        TEST(test_restore),
        TEST(test_restore_over_what_is_there),
        TEST(test_add_and_take_back),
        TEST(test_settle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
