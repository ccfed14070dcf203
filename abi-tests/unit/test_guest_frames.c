/* Which frames of a guest are there, in three pieces of RAM with holes between them. */
// sources: guest-drivers/service/guest_frames.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/guest_frames.h"

/* 100 frames, a hole to 1000, 60 more, a hole to 2000, 40 that came later. */
#define LOW  100u
#define HIGH 1000u
#define MORE 2000u
#define ALL  200u

static u64 away[4];
static struct guest_frames frames;

static int setup(void **state)
{
    (void)state;
    memset(away, 0, sizeof(away));
    frames = (struct guest_frames){.low = LOW,
                                   .high_begin = HIGH,
                                   .high = 60,
                                   .more_begin = MORE,
                                   .more = 40,
                                   .room = 256,
                                   .away = away};
    return 0;
}

/* Begin and end of each piece, and what lies before and behind. */
static const struct {
    u64 gfn, run;
} runs[] = {{0, 100},  {1, 99},   {99, 1},    {100, 0},  {999, 0},  {1000, 60},    {1059, 1},
            {1060, 0}, {1999, 0}, {2000, 40}, {2039, 1}, {2040, 0}, {1u << 30, 0}, {~0ull, 0}};

static void test_runs(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(runs); i++) {
        assert_int_equal(guest_frames_run(&frames, runs[i].gfn), runs[i].run);
        assert_int_equal(guest_frame_is_here(&frames, runs[i].gfn), runs[i].run != 0);
        assert_false(guest_frames_are_here(&frames, runs[i].gfn, 0));
        assert_false(guest_frames_are_away(&frames, runs[i].gfn, 0));
        assert_false(guest_frames_are_here(&frames, runs[i].gfn, runs[i].run + 1));
        if (runs[i].run != 0)
            assert_true(guest_frames_are_here(&frames, runs[i].gfn, runs[i].run));
    }
    assert_int_equal(guest_frames_all(&frames), ALL);
    assert_int_equal(guest_frames_left(&frames), 56);
    assert_int_equal(guest_frames_words(64), 1);
    assert_int_equal(guest_frames_words(65), 2);
}

/* Each frame that goes is the one that is away, and no other; each comes back. */
static void test_each_frame(void **state)
{
    static const u64 begins[] = {0, HIGH, MORE}, sizes[] = {LOW, 60, 40};

    (void)state;
    for (u32 piece = 0; piece < 3; piece++) {
        for (u64 i = 0; i < sizes[piece]; i++) {
            u64 gfn = begins[piece] + i, first, count;

            guest_frames_take(&frames, gfn, 1);
            assert_false(guest_frame_is_here(&frames, gfn));
            assert_true(guest_frames_are_away(&frames, gfn, 1));
            assert_int_equal(frames.away_count, 1);
            assert_true(guest_frames_away_first(&frames, &first, &count));
            assert_int_equal(first, gfn);
            assert_int_equal(count, 1);
            guest_frames_give(&frames, gfn, 1);
            assert_true(guest_frame_is_here(&frames, gfn));
            assert_false(guest_frames_away_first(&frames, &first, &count));
        }
    }
    for (u32 i = 0; i < ARRAY_SIZE(away); i++)
        assert_int_equal(away[i], 0);
}

/* A range is here, or away, when each of its frames is: the first and the last too. */
static void test_mixed_ranges(void **state)
{
    (void)state;
    guest_frames_take(&frames, 60, 10);
    assert_true(guest_frames_are_away(&frames, 60, 10));
    assert_false(guest_frames_are_away(&frames, 59, 11));
    assert_false(guest_frames_are_away(&frames, 60, 11));
    assert_true(guest_frames_are_here(&frames, 50, 10));
    assert_false(guest_frames_are_here(&frames, 50, 11));
    assert_true(guest_frames_are_here(&frames, 70, 30));
    assert_false(guest_frames_are_here(&frames, 69, 31));
}

/* Those of two pieces are two runs, though nothing lies between their bits. */
static void test_runs_that_are_away(void **state)
{
    static const u64 expected[][2] = {{90, 10}, {HIGH, 60}, {MORE, 5}, {MORE + 7, 2}};
    u64 gfn, count;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(expected); i++)
        guest_frames_take(&frames, expected[i][0], expected[i][1]);
    assert_int_equal(frames.away_count, 77);
    for (u32 i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_true(guest_frames_away_first(&frames, &gfn, &count));
        assert_int_equal(gfn, expected[i][0]);
        assert_int_equal(count, expected[i][1]);
        guest_frames_give(&frames, gfn, count);
    }
    assert_false(guest_frames_away_first(&frames, &gfn, &count));
}

/* A guest whose memory stays has no map. */
static void test_without_a_map(void **state)
{
    u64 gfn, count;

    (void)state;
    frames.away = NULL;
    assert_true(guest_frames_are_here(&frames, HIGH, 60));
    assert_false(guest_frames_are_away(&frames, HIGH, 1));
    assert_false(guest_frames_away_first(&frames, &gfn, &count));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_runs, setup),
        cmocka_unit_test_setup(test_each_frame, setup),
        cmocka_unit_test_setup(test_mixed_ranges, setup),
        cmocka_unit_test_setup(test_runs_that_are_away, setup),
        cmocka_unit_test_setup(test_without_a_map, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
