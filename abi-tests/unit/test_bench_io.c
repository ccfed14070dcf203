/* The ruler of `make bench PARTS=io`: what it takes for right, and the line its reporter reads.
 */
// sources: abi-tests/bench/io_measure.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/bench/io.h"

enum { BYTES = 4096 };

static unsigned char bytes[BYTES];
static unsigned rounds, good_rounds, checks;

static bool round_until(const struct io_work *work)
{
    (void)work;
    return rounds++ < good_rounds;
}

static bool check_last_byte(const struct io_work *work)
{
    checks++;
    return io_is_filled(bytes, work->bytes, 0, 1);
}

static const struct io_work work = {.name = "a name",
                                    .count = 7,
                                    .round = round_until,
                                    .check = check_last_byte,
                                    .bytes = BYTES};

static void test_a_block_knows_its_place_and_its_generation(void **state)
{
    (void)state;
    io_fill(bytes, BYTES, 8192, 3);
    assert_true(io_is_filled(bytes, BYTES, 8192, 3));
    assert_false(io_is_filled(bytes, BYTES, 4096, 3));
    assert_false(io_is_filled(bytes, BYTES, 8192, 2));
    assert_true(io_is_filled(bytes + 1024, 1024, 8192 + 1024, 3));
}

static void test_every_byte_counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < BYTES; i++) {
        io_fill(bytes, BYTES, 0, 1);
        bytes[i] ^= 0x10;
        assert_false(io_is_filled(bytes, BYTES, 0, 1));
    }
}

/* Runs the work with standard output in a file; returns what it said. */
static const char *said(bool expected)
{
    static char text[128];
    FILE *out = stdout, *file = tmpfile();
    size_t length;

    rounds = checks = 0;
    assert_non_null(file);
    stdout = file;
    bool got = io_measure(&work);
    stdout = out;
    rewind(file);
    length = fread(text, 1, sizeof(text) - 1, file);
    text[length] = '\0';
    fclose(file);
    assert_int_equal(got, expected);
    return text;
}

static void test_a_good_run_is_one_line(void **state)
{
    unsigned long long ticks = 0;
    int end = 0;

    (void)state;
    good_rounds = IO_ROUNDS;
    io_fill(bytes, BYTES, 0, 1);
    const char *text = said(true);
    sscanf(text, "io: a name = %llu for each of 7 in 3\n%n", &ticks, &end);
    assert_int_equal(end, strlen(text));
    assert_int_equal(rounds, IO_ROUNDS);
    assert_int_equal(checks, IO_ROUNDS);
}

static void test_a_round_that_fails_ends_it(void **state)
{
    (void)state;
    good_rounds = 1;
    io_fill(bytes, BYTES, 0, 1);
    assert_string_equal(said(false), "io: a name FAILED in round 1\n");
    assert_int_equal(rounds, 2);
}

static void test_a_wrong_byte_ends_it(void **state)
{
    (void)state;
    good_rounds = IO_ROUNDS;
    io_fill(bytes, BYTES, 0, 1);
    bytes[BYTES - 1] ^= 1;
    assert_string_equal(said(false), "io: a name FAILED in round 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_block_knows_its_place_and_its_generation),
        cmocka_unit_test(test_every_byte_counts),
        cmocka_unit_test(test_a_good_run_is_one_line),
        cmocka_unit_test(test_a_round_that_fails_ends_it),
        cmocka_unit_test(test_a_wrong_byte_ends_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
