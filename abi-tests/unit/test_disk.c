/* What a disk refuses before it is asked, and the one that is memory. */
// sources: guest-drivers/service/disk.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/disk.h"

#define MIB     ((u64)1 << 20)
#define SECTORS (17 * MIB / SECTOR_BYTES)

static u8 medium[17 * MIB + 100];
static u8 ours[SECTOR_BYTES];
static struct disk disk;
static u32 ended;

static int setup(void **state)
{
    (void)state;
    memset(medium, 0x5a, sizeof(medium));
    memset(ours, 0x77, sizeof(ours));
    ended = 0;
    memory_disk_make(&disk, medium, sizeof(medium), 0);
    return 0;
}

static void done(struct disk_request *request)
{
    (void)request;
    ended++;
}

static enum status submit(enum disk_op op, u64 sector, u64 sectors)
{
    struct disk_piece piece = {ours, sizeof(ours)};
    struct disk_request request = {.op = op,
                                   .sector = sector,
                                   .sectors = sectors,
                                   .piece = &piece,
                                   .pieces = op <= DISK_WRITE && sectors == 1,
                                   .done = done};
    u32 before = ended;

    disk_submit(&disk, &request);
    assert_int_equal(ended, before + 1);
    return request.status;
}

/* A broken last sector is not used; nothing may be moved behind the end, were it at it. */
static void test_end_of_the_disk(void **state)
{
    (void)state;
    assert_int_equal(disk.sectors, SECTORS);
    assert_int_equal(submit(DISK_WRITE, SECTORS - 1, 1), ST_OK);
    assert_int_equal(medium[(SECTORS - 1) * SECTOR_BYTES], 0x77);
    assert_int_equal(submit(DISK_WRITE, SECTORS, 1), ST_RANGE);
    assert_int_equal(submit(DISK_WRITE, SECTORS - 1, 2), ST_RANGE);
    assert_int_equal(submit(DISK_READ, SECTORS, 0), ST_OK);
    assert_int_equal(submit(DISK_READ, SECTORS + 1, 0), ST_RANGE);
    assert_int_equal(submit(DISK_READ, 1, ~(u64)0), ST_RANGE);
    assert_int_equal(submit(DISK_DISCARD, SECTORS - 1, 2), ST_RANGE);
    assert_int_equal(submit(DISK_FLUSH, ~(u64)0, 1), ST_OK); /* it has no place */
    assert_int_equal(medium[SECTORS * SECTOR_BYTES], 0x5a);
}

static void test_read_only(void **state)
{
    (void)state;
    disk.flags = DISK_READONLY;
    assert_int_equal(submit(DISK_WRITE, 0, 1), ST_DENIED);
    assert_int_equal(submit(DISK_DISCARD, 0, 1), ST_DENIED);
    assert_int_equal(medium[0], 0x5a);
    assert_int_equal(submit(DISK_FLUSH, 0, 0), ST_OK);
    assert_int_equal(submit(DISK_READ, 0, 1), ST_OK);
    assert_int_equal(ours[0], 0x5a);
}

/* A discard is a hint: up to 16 MiB are cleared, of more nothing. */
static void test_discards(void **state)
{
    (void)state;
    assert_int_equal(submit(DISK_DISCARD, 1, 16 * MIB / SECTOR_BYTES + 1), ST_OK);
    assert_int_equal(medium[SECTOR_BYTES], 0x5a);
    assert_int_equal(submit(DISK_DISCARD, 1, 16 * MIB / SECTOR_BYTES), ST_OK);
    assert_int_equal(medium[SECTOR_BYTES - 1], 0x5a);
    assert_int_equal(medium[SECTOR_BYTES] | medium[16 * MIB + SECTOR_BYTES - 1], 0);
    assert_int_equal(medium[16 * MIB + SECTOR_BYTES], 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_end_of_the_disk, setup),
        cmocka_unit_test_setup(test_read_only, setup),
        cmocka_unit_test_setup(test_discards, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
