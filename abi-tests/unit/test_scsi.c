/* SCSI disks: answers beside numbers typed from SPC-4 and SBC-3. */
// sources: guest-drivers/service/scsi.c guest-drivers/service/scsi_pages.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/scsi.h"

static struct disk disk = {.sectors = 0x12345, .flags = DISK_DISCARDS};
static struct disk large = {.sectors = 0x123456789a, .flags = DISK_READONLY};
static struct scsi_target target;
static struct scsi_command command;

static int setup(void **state)
{
    (void)state;
    memset(&target, 0, sizeof(target));
    target.unit[0] = (struct scsi_unit){&disk, SCSI_READ_WRITE, "SERIAL-1"};
    target.unit[2] = (struct scsi_unit){&large, SCSI_READ_WRITE, ""};
    target.unit[3] = (struct scsi_unit){&disk, SCSI_READ_ONLY, "SERIAL-1"};
    return 0;
}

static enum scsi_step begin(u32 lun, const u8 *cdb, size_t bytes)
{
    u8 full[SCSI_CDB_BYTES] = {0};

    memcpy(full, cdb, bytes);
    memset(&command, 0xee, sizeof(command));
    return scsi_begin(&command, &target, lun, full);
}
#define BEGIN(lun, ...) begin(lun, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}))

static void expect_good(enum scsi_step step, u32 bytes)
{
    assert_int_equal(step, SCSI_ANSWERED);
    assert_int_equal(command.status, 0);
    assert_int_equal(command.answer_bytes, bytes);
}

static void expect_refused(enum scsi_step step, u8 key, u8 code, u8 qualifier)
{
    assert_int_equal(step, SCSI_ANSWERED);
    assert_int_equal(command.status, 2);
    assert_int_equal(command.answer_bytes, 0);
    assert_int_equal(command.sense[0], 0x70);
    assert_int_equal(command.sense[2], key);
    assert_int_equal(command.sense[7], 10);
    assert_int_equal(command.sense[12], code);
    assert_int_equal(command.sense[13], qualifier);
}

static void test_inquiry(void **state)
{
    (void)state;
    expect_good(BEGIN(0, 0x12, 0, 0, 0, 255), 36);
    assert_memory_equal(command.answer, "\0\0\6\2\37\0\0\2Entente Disk            1   ", 36);
    expect_good(BEGIN(0, 0x12, 0, 0, 0, 5), 5);
    expect_good(BEGIN(0, 0x12, 0, 0, 1, 0), 36);
    expect_good(BEGIN(1, 0x12, 0, 0, 0, 36), 36);
    assert_int_equal(command.answer[0], 0x7f); /* no such unit */
    expect_good(BEGIN(255, 0x12, 0, 0, 0, 36), 36);
    assert_int_equal(command.answer[0], 0x7f);
    expect_refused(BEGIN(0, 0x12, 0, 1, 0, 36), 5, 0x24, 0);
    expect_refused(BEGIN(0, 0x12, 2, 0, 0, 36), 5, 0x24, 0);
}

static void test_vital_data(void **state)
{
    (void)state;
    expect_good(BEGIN(0, 0x12, 1, 0, 0, 255), 10);
    assert_memory_equal(command.answer, "\0\0\0\6\0\x80\x83\xb0\xb1\xb2", 10);
    expect_good(BEGIN(0, 0x12, 1, 0x80, 0, 255), 12);
    assert_memory_equal(command.answer, "\0\x80\0\10SERIAL-1", 12);
    expect_good(BEGIN(0, 0x12, 1, 0x83, 0, 255), 24);
    assert_memory_equal(command.answer, "\0\x83\0\24\2\1\0\20Entente SERIAL-1", 24);
    expect_good(BEGIN(0, 0x12, 1, 0xb0, 0, 255), 64);
    assert_memory_equal(command.answer, "\0\xb0\0\x3c\0\0\0\10\0\0\1\xf8\0\0\1\xf8", 16);
    assert_memory_equal(command.answer + 20, "\0\0\x80\0\0\0\0\1\0\0\0\10", 12);
    expect_good(BEGIN(0, 0x12, 1, 0xb1, 0, 255), 64);
    assert_memory_equal(command.answer, "\0\xb1\0\x3c\0\1\0\0", 8);
    expect_good(BEGIN(0, 0x12, 1, 0xb2, 0, 255), 8);
    assert_memory_equal(command.answer, "\0\xb2\0\4\0\x80\2\0", 8);
    /* A unit that discards nothing. */
    expect_good(BEGIN(3, 0x12, 1, 0xb2, 0, 255), 8);
    assert_memory_equal(command.answer, "\0\xb2\0\4\0\0\0\0", 8);
    expect_good(BEGIN(3, 0x12, 1, 0xb0, 0, 255), 64);
    assert_int_equal(command.answer[22] | command.answer[27], 0);
    expect_refused(BEGIN(0, 0x12, 1, 0x84, 0, 255), 5, 0x24, 0);
    expect_refused(BEGIN(1, 0x12, 1, 0x80, 0, 255), 5, 0x25, 0);
}

static void test_capacity(void **state)
{
    (void)state;
    expect_good(BEGIN(0, 0x25), 8);
    assert_memory_equal(command.answer, "\0\1\x23\x44\0\0\2\0", 8);
    expect_good(BEGIN(2, 0x25), 8);
    assert_memory_equal(command.answer, "\xff\xff\xff\xff\0\0\2\0", 8);
    expect_good(BEGIN(2, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), 32);
    assert_memory_equal(command.answer, "\0\0\0\x12\x34\x56\x78\x99\0\0\2\0\0\0\0\0", 16);
    expect_good(BEGIN(0, 0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12), 12);
    assert_int_equal(command.answer[14], 0x80);
    expect_refused(BEGIN(0, 0x9e, 0x11), 5, 0x24, 0);
}

static void test_small_answers(void **state)
{
    (void)state;
    expect_good(BEGIN(0, 0x00), 0);
    expect_good(BEGIN(0, 0x03, 0, 0, 0, 18), 18);
    assert_memory_equal(command.answer, "\x70\0\0\0\0\0\0\12\0\0\0\0\0\0", 14);
    expect_good(BEGIN(0, 0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0), 32);
    assert_memory_equal(command.answer, "\0\0\0\x18\0\0\0\0", 8);
    assert_memory_equal(command.answer + 8, "\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3", 18);
    expect_good(BEGIN(1, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16), 16);
    expect_refused(BEGIN(0, 0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15), 5, 0x24, 0);
}

static void test_mode_pages(void **state)
{
    (void)state;
    expect_good(BEGIN(0, 0x1a, 0, 0x08, 0, 255), 24);
    assert_memory_equal(command.answer, "\x17\0\x10\0\10\x12\4\0", 8);
    expect_good(BEGIN(3, 0x1a, 8, 0x3f, 0xff, 255), 36);
    assert_memory_equal(command.answer, "\x23\0\x90\0\10\x12\4\0", 8);
    assert_memory_equal(command.answer + 24, "\12\12\0\0", 4);
    expect_good(BEGIN(0, 0x1a, 0, 0x48, 0, 255), 24); /* what can be changed: nothing */
    assert_int_equal(command.answer[6], 0);
    expect_good(BEGIN(0, 0x5a, 0, 0x08, 0, 0, 0, 0, 1, 0), 28);
    assert_memory_equal(command.answer, "\0\x1a\0\x10\0\0\0\0\10\x12\4\0", 12);
    expect_good(BEGIN(0, 0x5a, 0, 0x0a, 0, 0, 0, 0, 0, 10), 10);
    expect_refused(BEGIN(0, 0x1a, 0, 0xc8, 0, 255), 5, 0x39, 0);
    expect_refused(BEGIN(0, 0x1a, 0, 0x1c, 0, 255), 5, 0x24, 0);
    expect_refused(BEGIN(0, 0x1a, 0, 0x08, 1, 255), 5, 0x24, 0);
}

static void expect_work(enum scsi_step step, enum disk_op op, u64 sector, u64 sectors)
{
    assert_int_equal(step, SCSI_WORKS);
    assert_int_equal(command.op, op);
    assert_int_equal(command.sector, sector);
    assert_int_equal(command.sectors, sectors);
}

static void test_transfers(void **state)
{
    (void)state;
    expect_work(BEGIN(0, 0x28, 0, 0, 1, 2, 3, 0, 1, 0xf8), DISK_READ, 0x10203, 504);
    expect_work(BEGIN(0, 0x2a, 0, 0, 1, 2, 3, 0, 0, 1), DISK_WRITE, 0x10203, 1);
    assert_false(command.is_lasting);
    expect_work(BEGIN(0, 0x2a, 8, 0, 1, 2, 3, 0, 0, 1), DISK_WRITE, 0x10203, 1);
    assert_true(command.is_lasting);
    expect_work(BEGIN(2, 0x88, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x98, 0, 0, 0, 2), DISK_READ,
                0x1234567898, 2);
    expect_work(BEGIN(0, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2), DISK_WRITE, 1, 2);
    expect_good(BEGIN(0, 0x28, 0, 0, 1, 0x23, 0x45, 0, 0, 0), 0); /* nothing, at the end */
    expect_refused(BEGIN(0, 0x28, 0, 0, 1, 0x23, 0x45, 0, 0, 1), 5, 0x21, 0);
    expect_refused(BEGIN(0, 0x28, 0, 0, 1, 0x23, 0x46, 0, 0, 0), 5, 0x21, 0);
    expect_refused(BEGIN(0, 0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2), 5,
                   0x21, 0);
    expect_refused(BEGIN(0, 0x28, 0, 0, 0, 0, 0, 0, 1, 0xf9), 5, 0x24, 0); /* too much */
    expect_refused(BEGIN(0, 0x28, 0x20, 0, 0, 0, 0, 0, 0, 1), 5, 0x24, 0); /* protection */
    expect_refused(BEGIN(2, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1), 7, 0x27, 0);
    expect_refused(BEGIN(3, 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2), 7, 0x27, 0);
    assert_int_equal(BEGIN(0, 0x35), SCSI_WORKS);
    assert_int_equal(command.op, DISK_FLUSH);
    assert_int_equal(BEGIN(0, 0x91), SCSI_WORKS);
}

static void test_unmap(void **state)
{
    static const u8 list[24] = {0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 9};
    u8 bad[24];

    (void)state;
    assert_int_equal(BEGIN(0, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), SCSI_ASKS);
    assert_int_equal(command.parameter_bytes, 24);
    expect_work(scsi_parameters(&command, list), DISK_DISCARD, 0x100, 9);
    memcpy(bad, list, sizeof(bad));
    bad[3] = 32; /* two descriptors */
    expect_refused(scsi_parameters(&command, bad), 5, 0x26, 0);
    bad[3] = 16;
    bad[8] = 1;
    BEGIN(0, 0x42, 0, 0, 0, 0, 0, 0, 0, 24);
    expect_refused(scsi_parameters(&command, bad), 5, 0x21, 0);
    assert_int_equal(BEGIN(0, 0x42, 0, 0, 0, 0, 0, 0, 0, 8), SCSI_ASKS);
    expect_refused(scsi_parameters(&command, list), 5, 0x26, 0);
    expect_refused(BEGIN(0, 0x42, 0, 0, 0, 0, 0, 0, 0, 7), 5, 0x1a, 0);
    expect_refused(BEGIN(0, 0x42, 1, 0, 0, 0, 0, 0, 0, 24), 5, 0x24, 0);
    expect_refused(BEGIN(3, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), 5, 0x20, 0);
    expect_good(BEGIN(0, 0x42), 0);
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refused(BEGIN(0, 0x04), 5, 0x20, 0);
    expect_refused(BEGIN(0, 0xff), 5, 0x20, 0);
    expect_refused(BEGIN(1, 0x00), 5, 0x25, 0);
    expect_refused(BEGIN(16, 0x28), 5, 0x25, 0);
    BEGIN(0, 0x28, 0, 0, 0, 0, 0, 0, 0, 1);
    scsi_end(&command, ST_OK);
    assert_int_equal(command.status, 0);
    scsi_end(&command, ST_CORRUPT);
    expect_refused(SCSI_ANSWERED, 3, 0x11, 0);
    scsi_end(&command, ST_RANGE);
    expect_refused(SCSI_ANSWERED, 5, 0x21, 0);
    scsi_end(&command, ST_DENIED);
    expect_refused(SCSI_ANSWERED, 7, 0x27, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
    const struct CMUnitTest tests[] = {
        TEST(test_inquiry),       TEST(test_vital_data), TEST(test_capacity),
        TEST(test_small_answers), TEST(test_mode_pages), TEST(test_transfers),
        TEST(test_unmap),         TEST(test_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
