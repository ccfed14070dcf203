/* The disks of a guest's firmware: what requests ask for, as EDK2 does, and as it does not. */
// sources: guest-drivers/service/firmware_disk.c guest-drivers/service/virtq_chain.c
// sources: guest-drivers/service/disk.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/firmware_guest.h"

static void test_offer(void **state)
{
    static const struct native_firmware_disk nothing;

    (void)state;
    assert_int_equal(page.disk[0].sectors, SECTORS);
    assert_int_equal(page.disk[0].features, 1u << 9);
    assert_int_equal(page.disk[1].features, 1u << 9 | 1u << 5);
    assert_memory_equal(&page.disk[3], &nothing, sizeof(nothing));
    disk.flags = DISK_READONLY;
    for (u32 i = 3; i < NATIVE_FIRMWARE_DISKS; i++)
        assert_int_equal(firmware_disks_add(&disks, &disk, FIRMWARE_READ_WRITE, ""), ST_OK);
    assert_int_equal(page.disk[7].features, 1u << 9 | 1u << 5);
    assert_int_equal(firmware_disks_add(&disks, &disk, FIRMWARE_READ_WRITE, ""), ST_NO_SPACE);
    serve();
}

static void test_nothing(void **state)
{
    (void)state;
    page.disk[1].queue = 0;
    fake_ram[0][1026] = 1; /* frame 0 is not a queue */
    assert_false(firmware_disks_serve(&disks));
    assert_int_equal(disks.requests + disks.stops, 0);
    assert_int_equal(page.disk[0].isr | page.disk[1].isr, 0);
}

static void test_read(void **state)
{
    (void)state;
    assert_int_equal(request(0, 0, 7, DATA * 4096 + 512, 8192, 8193), 0);
    assert_int_equal(fake_ram[DATA][511], 0);
    assert_int_equal(fake_ram[DATA][512], 7);
    assert_int_equal(fake_ram[DATA + 1][0], 14);
    assert_int_equal(fake_ram[DATA + 2][511], 22);
    assert_int_equal(fake_ram[DATA + 2][512], 0);
    /* To where no sector is aligned. */
    assert_int_equal(request(0, 0, 9, DATA * 4096 + 4001, 512, 513), 0);
    assert_int_equal(fake_ram[DATA][4000], 13);
    assert_int_equal(fake_ram[DATA][4001], 9);
    assert_int_equal(fake_ram[DATA + 1][416], 9);
    assert_int_equal(fake_ram[DATA + 1][417], 14);
    assert_int_equal(disks.requests, 2);
    assert_int_equal(disks.sectors_read, 17);
    assert_int_equal(disks.errors, 0);
}

static void test_write(void **state)
{
    (void)state;
    memset(fake_ram[DATA], 0xab, 8192);
    assert_int_equal(request(0, 1, 100, DATA * 4096 + 3584, 1024, 1), 0);
    assert_int_equal(medium[100 * 512 - 1], 99);
    assert_int_equal(medium[100 * 512], 0xab);
    assert_int_equal(medium[102 * 512 - 1], 0xab);
    assert_int_equal(medium[102 * 512], 102);
    assert_int_equal(disks.sectors_written, 2);
    assert_int_equal(request(1, 1, 100, DATA * 4096, 512, 0), 1); /* read-only */
    assert_int_equal(disks.errors, 1);
}

/* Data in several descriptors, some without any. */
static void test_many_descriptors(void **state)
{
    (void)state;
    request_put(0, 0, 3, DATA * 4096, 0);
    desc_set(0, 2, DATA * 4096, 512, NEXT | WRITE);
    desc_set(0, 3, DATA * 4096 + 8192, 0, NEXT | WRITE);
    desc_set(0, 4, DATA * 4096 + 4096, 1024, NEXT | WRITE);
    desc_set(0, 5, STATUS, 1, WRITE);
    serve();
    assert_int_equal(answer(0, 0, 1537), 0);
    assert_int_equal(fake_ram[DATA][0], 3);
    assert_int_equal(fake_ram[DATA][512], 0);
    assert_int_equal(fake_ram[DATA + 1][0], 4);
    assert_int_equal(fake_ram[DATA + 1][1023], 5);
    /* As many as there are. */
    request_put(0, 0, 6, DATA * 4096, 512);
    for (u16 i = 2; i < 63; i++)
        desc_set(0, i, DATA * 4096 + i * 512u, 512, NEXT | WRITE);
    desc_set(0, 63, STATUS, 1, WRITE);
    serve();
    assert_int_equal(answer(0, 0, 62 * 512 + 1), 0);
    assert_int_equal(fake_ram[DATA + 7][4095], 0);
    assert_int_equal(fake_ram[DATA + 7][3583], 6 + 61);
}

/* More than a disk is asked for at once, from a page's last byte on. */
static void test_steps(void **state)
{
    u32 sectors = 91 * 8;
    u64 at = DATA * 4096 + 4095;

    (void)state;
    assert_int_equal(request(0, 0, 10, at, sectors * 512, sectors * 512 + 1), 0);
    for (u32 i = 0; i < sectors; i++)
        assert_int_equal(ram_byte(at + i * 512 + 511), (10 + i) & 255);
    assert_int_equal(disks.sectors_read, sectors);
    /* Each step of a disk that ends them late. */
    request_put(2, 1, 10, at, sectors * 512);
    serve();
    assert_int_equal(held->sector, 10);
    assert_int_equal(held->sectors, 63 * 8);
    assert_int_equal(held->pieces, 64);
    assert_int_equal(held->piece[63].bytes, 4095);
    assert_true(firmware_disks_serve(&disks)); /* it waits */
    slow_end();
    serve();
    assert_int_equal(held->sector, 10 + 63 * 8);
    assert_int_equal(held->sectors, 28 * 8);
    assert_int_equal(held->pieces, 29);
    assert_int_equal(fake_ram[TALK][2048], UNSAID);
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 1), 0);
    assert_int_equal(fake_pins, 0);
    /* A step that fails is the last. */
    request_put(2, 0, 10, at, sectors * 512);
    serve();
    held_status = ST_CORRUPT;
    slow_end();
    serve();
    assert_null(held);
    assert_int_equal(answer(2, 0, 0), 1);
}

static void test_flush(void **state)
{
    (void)state;
    request_put(2, 4, 0, 0, 0);
    desc_set(2, 0, TALK * 4096, 16, NEXT);
    desc_set(2, 1, STATUS, 1, WRITE); /* no data */
    serve();
    assert_int_equal(held->op, DISK_FLUSH);
    assert_int_equal(held->pieces + held->sectors, 0);
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 1), 0);
    /* One that fails leaves nothing to the next. */
    request_put(2, 4, 0, 0, 0);
    serve();
    held_status = ST_CORRUPT;
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 0), 1);
    held_status = ST_OK;
    request_put(2, 4, 0, 0, 0);
    serve();
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 1), 0);
    assert_int_equal(request(0, 4, 7, DATA * 4096, 512, 1), 0); /* what is no data */
    assert_int_equal(medium[7 * 512], 7);
    /* A write to a driver without the feature lasts when it is answered. */
    request_put(2, 1, 0, DATA * 4096, 512);
    serve();
    assert_false(held->is_lasting);
    slow_end();
    page.disk[2].driver_features = 0;
    request_put(2, 1, 0, DATA * 4096, 512);
    serve();
    assert_true(held->is_lasting);
    slow_end();
}

static void test_id(void **state)
{
    static const u8 xvda[20] = "xvda";

    (void)state;
    memset(fake_ram[DATA], UNSAID, 8192);
    assert_int_equal(request(0, 8, 0, DATA * 4096 + 4090, 20, 21), 0);
    assert_memory_equal(fake_ram[DATA] + 4090, xvda, 20);
    assert_int_equal(request(1, 8, 0, DATA * 4096, 512, 21), 0);
    assert_memory_equal(fake_ram[DATA], "a name of 20 letters", 20);
    assert_int_equal(fake_ram[DATA][20], UNSAID);
    assert_int_equal(medium[0], 0);
    assert_int_equal(request(0, 8, 0, DATA * 4096 + 100, 3, 4), 0);
    assert_memory_equal(fake_ram[DATA] + 100, "xvd\xaa", 4);
    assert_int_equal(request(0, 8, 0, (u64)FAKE_FRAMES * 4096 - 1, 20, 0), 1);
    /* Without room, and into what is not to be written. */
    request_put(0, 8, 0, DATA * 4096, 20);
    desc_set(0, 1, DATA * 4096, 20, NEXT);
    serve();
    assert_int_equal(answer(0, 0, 0), 1);
    request_put(0, 8, 0, 0, 0);
    desc_set(0, 1, STATUS, 1, WRITE);
    serve();
    assert_int_equal(answer(0, 0, 0), 1);
}

static void test_errors(void **state)
{
    u64 end = FAKE_FRAMES * 4096ul;

    (void)state;
    assert_int_equal(request(0, 0, SECTORS, DATA * 4096, 512, 0), 1);
    assert_int_equal(request(0, 0, SECTORS - 1, DATA * 4096, 512, 513), 0);
    assert_int_equal(request(0, 0, SECTORS - 1, DATA * 4096, 1024, 0), 1);
    assert_int_equal(request(0, 0, SECTORS, DATA * 4096, 0, 1), 0);
    assert_int_equal(request(0, 0, SECTORS + 1, DATA * 4096, 0, 0), 1);
    assert_int_equal(request(0, 0, UINT64_MAX, DATA * 4096, 512, 0), 1);
    assert_int_equal(request(0, 0, 1, DATA * 4096, 511, 0), 1);
    assert_int_equal(request(0, 0, 1, end, 512, 0), 1);
    assert_int_equal(request(0, 0, 1, end - 512, 1024, 0), 1);
    assert_int_equal(request(0, 0, 1, UINT64_MAX - 511, 1024, 0), 1);
    assert_int_equal(request(0, 2, 1, DATA * 4096, 512, 0), 2); /* SCSI */
    assert_int_equal(request(0, 0x80000000, 1, DATA * 4096, 512, 0), 2);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(disks.errors, 10);
    assert_int_equal(disks.stops, 0);
    /* Data in the wrong direction: nothing is moved. */
    request_put(0, 1, 50, DATA * 4096, 512);
    desc_set(0, 1, DATA * 4096, 512, NEXT | WRITE);
    serve();
    assert_int_equal(answer(0, 0, 0), 1);
    assert_int_equal(medium[50 * 512], 50);
    request_put(0, 0, 50, DATA * 4096, 512);
    desc_set(0, 2, DATA * 4096, 512, NEXT);
    desc_set(0, 3, STATUS, 1, WRITE);
    serve();
    assert_int_equal(answer(0, 0, 0), 1);
    assert_int_equal(disks.sectors_written, 0);
}

/* What is wrong at its end only is wrong before anything is written. */
static void test_late_error(void **state)
{
    (void)state;
    memset(fake_ram[DATA], 0xab, 4096);
    request_put(0, 1, SECTORS - 1, DATA * 4096, 512);
    desc_set(0, 2, DATA * 4096, 512, NEXT);
    desc_set(0, 3, STATUS, 1, WRITE);
    serve();
    assert_int_equal(answer(0, 0, 0), 1);
    assert_int_equal(medium[(SECTORS - 1) * 512], 255);
}

static void test_pages_in_use(void **state)
{
    (void)state;
    fake_pins_max = 1; /* not even the answer's */
    request_put(0, 0, 1, DATA * 4096, 512);
    assert_false(firmware_disks_serve(&disks));
    assert_int_equal(fake_pins + disks.stops + disks.requests, 0);
    fake_pins_max = 0;
    assert_false(firmware_disks_serve(&disks));
    fake_pins_max = 3;
    serve();
    assert_int_equal(answer(0, 0, 513), 0);
    assert_int_equal(request(0, 0, 1, DATA * 4096 + 4000, 512, 0), 1);
}

/* A descriptor of more than the guest has is an error when its RAM ends, not before. */
static void test_long_data(void **state)
{
    (void)state;
    disk.sectors = 1u << 30;
    request_put(2, 0, 5, DATA * 4096, 1u << 31);
    disks.disk[2].disk->sectors = 1u << 30;
    serve();
    slow_end();
    serve();
    assert_null(held);
    assert_int_equal(answer(2, 0, 0), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_offer),
        TEST(test_nothing),
        TEST(test_read),
        TEST(test_write),
        TEST(test_many_descriptors),
        TEST(test_steps),
        TEST(test_flush),
        TEST(test_id),
        TEST(test_errors),
        TEST(test_late_error),
        TEST(test_pages_in_use),
        TEST(test_long_data),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
