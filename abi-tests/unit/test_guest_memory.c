/* The RAM of guests as services see it: pieces of 2 MiB that are mapped while they are used,
 * frames that go and come while others are in use. */
// sources: guest-drivers/service/guest_memory.c guest-drivers/service/guest_frames.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/guest_memory.h"
#include "guest-drivers/service/platform.h"

#define PIECE 512u /* frames */

/* ---- the hypervisor, as far as these calls go ---- */

static struct native_memory_map maps[GUEST_CHUNKS];
static u32 map_count;
static enum status map_answer, populate_answer, remove_answer;
static struct native_memory_populate populated;
static struct native_memory_remove removed;
static u32 populates, removes;

static u64 map_end(const struct native_memory_map *map)
{
    return map->remote_at + map->pages * PAGE_SIZE;
}

static enum status memory_map(const struct native_memory_map *in)
{
    if (map_answer != ST_OK)
        return map_answer;
    assert_int_equal(in->flags, NATIVE_READ | NATIVE_WRITE | NATIVE_HOLES);
    assert_in_range(in->pages, 1, PIECE);
    assert_in_range(in->local_at, GUEST_WINDOW, GUEST_MAPPED - PIECE * PAGE_SIZE);
    for (u32 i = 0; i < map_count; i++)
        assert_int_not_equal(maps[i].local_at, in->local_at);
    assert_in_range(map_count, 0, GUEST_CHUNKS - 1);
    maps[map_count++] = *in;
    return ST_OK;
}

static enum status memory_unmap(const struct native_memory_unmap *in)
{
    for (u32 i = 0; i < map_count; i++) {
        if (maps[i].local_at != in->local_at)
            continue;
        maps[i] = maps[--map_count];
        return ST_OK;
    }
    fail_msg("unmaps what is not mapped");
    return ST_NO_ENTRY;
}

/* Frames that somebody has borrowed stay. */
static enum status memory_remove(const struct native_memory_remove *in)
{
    removed = *in;
    removes++;
    for (u32 i = 0; i < map_count; i++)
        if (maps[i].partition == in->partition && maps[i].remote_at < in->at + in->bytes &&
            in->at < map_end(&maps[i]))
            return ST_BUSY;
    return remove_answer;
}

/* All that is there is in the way of what comes. */
static enum status memory_populate(const struct native_memory_populate *in)
{
    populated = *in;
    populates++;
    assert_int_equal(in->flags, NATIVE_READ | NATIVE_WRITE | NATIVE_EXEC);
    return populate_answer == ST_EXISTS && in->bytes == PAGE_SIZE ? ST_OK : populate_answer;
}

enum status native_invoke(u64 number, const void *in, void *out)
{
    assert_null(out);
    switch (number) {
    case NATIVE_memory_map:
        return memory_map(in);
    case NATIVE_memory_unmap:
        return memory_unmap(in);
    case NATIVE_memory_remove:
        return memory_remove(in);
    case NATIVE_memory_populate:
        return memory_populate(in);
    default:
        fail_msg("call %lu", (unsigned long)number);
        return ST_NO_CALL;
    }
}

static bool has_memory;

void *platform_memory(u64 bytes)
{
    return has_memory ? calloc(1, bytes) : NULL; /* for ever */
}

/* ---- the guests ---- */

/* 3 pieces and 100 frames; 2 pieces from 4 GiB on; more may come behind 8 GiB. */
#define LOW   (3 * PIECE + 100)
#define HIGH  (1u << 20)
#define ADDED (2u << 20)

static u64 away[64];
static struct guest_memory guest, other;

static int setup(void **state)
{
    (void)state;
    map_count = populates = removes = 0;
    map_answer = populate_answer = remove_answer = ST_OK;
    has_memory = true;
    memset(away, 0, sizeof(away));
    guest = (struct guest_memory){.partition = 3,
                                  .limit = 4,
                                  .frames = {.low = LOW,
                                             .high_begin = HIGH,
                                             .high = 2 * PIECE,
                                             .more_begin = ADDED,
                                             .room = 64 * 64,
                                             .away = away}};
    other = (struct guest_memory){.partition = 4, .limit = 4, .frames = {.low = LOW}};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    guest_memory_end(&guest);
    guest_memory_end(&other);
    return map_count != 0 || guest.used != 0 || other.used != 0;
}

static u8 *page_get(struct guest_memory *memory, u64 gfn)
{
    u8 *at = NULL;

    assert_int_equal(guest_page_get(memory, gfn, &at), ST_OK);
    return at;
}

static enum status get_status(struct guest_memory *memory, u64 gfn)
{
    u8 *at;

    return guest_page_get(memory, gfn, &at);
}

static void touch(u64 piece)
{
    page_get(&guest, piece * PIECE);
    guest_page_put(&guest, piece * PIECE);
}

/* What is mapped of a guest at its frame; NULL: nothing. */
static const struct native_memory_map *map_of(const struct guest_memory *memory, u64 gfn)
{
    for (u32 i = 0; i < map_count; i++)
        if (maps[i].partition == memory->partition && maps[i].remote_at <= gfn * PAGE_SIZE &&
            gfn * PAGE_SIZE < map_end(&maps[i]))
            return &maps[i];
    return NULL;
}

/* A page is where its piece is mapped. */
static void place_expect(const u8 *at, const struct guest_memory *memory, u64 gfn)
{
    const struct native_memory_map *map = map_of(memory, gfn);

    assert_non_null(map);
    assert_int_equal((u64)(uintptr_t)at, map->local_at + gfn * PAGE_SIZE - map->remote_at);
}

/* ---- pages ---- */

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

/* ---- frames that go ---- */

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
        TEST(test_no_memory_to_count),
        TEST(test_pages_of_a_piece),
        TEST(test_ends_of_the_ram),
        TEST(test_two_guests),
        TEST(test_one_chain),
        TEST(test_the_one_used_longest_ago_goes),
        TEST(test_all_in_use),
        TEST(test_no_place_for_a_piece),
        TEST(test_no_memory_to_map),
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
