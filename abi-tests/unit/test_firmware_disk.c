/* The disks of a guest's firmware, spoken to through queues as EDK2 does, and as it does not.
 */
// sources: guest-drivers/service/firmware_disk.c guest-drivers/service/virtq_chain.c
// sources: guest-drivers/service/disk.c abi-tests/unit/fake_guest_memory.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_guest_memory.h"
#include "guest-drivers/service/firmware_disk.h"

#define SECTORS 1024u
#define QUEUE   10u /* frames */
#define TALK    20u /* heads and status */
#define DATA    30u
#define STATUS  (TALK * 4096ul + 2048)
#define UNSAID  0xaau

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

static u8 medium[SECTORS * SECTOR_BYTES];
static struct disk disk, slow;
static struct disk_request *held;
static enum status held_status;
static u32 settles;
static struct guest_memory memory;
static struct native_firmware page;
static struct firmware_disks disks;

static void slow_submit(struct disk *base, struct disk_request *request)
{
    (void)base;
    assert_null(held);
    held = request;
}

static void slow_end(void)
{
    struct disk_request *request = held;

    held = NULL;
    request->status = held_status;
    request->done(request);
}

static void slow_settle(struct disk *base)
{
    (void)base;
    if (++settles > 2 && held)
        slow_end();
}

static struct virtq_legacy *queue_at(u32 frame)
{
    return (struct virtq_legacy *)(void *)fake_ram[frame];
}

static struct virtq_used *used_at(u32 frame)
{
    return (struct virtq_used *)(void *)fake_ram[frame + 1];
}

static int setup(void **state)
{
    (void)state;
    fake_ram_reset();
    for (u32 i = 0; i < sizeof(medium); i++)
        medium[i] = (u8)(i / SECTOR_BYTES);
    held = NULL;
    held_status = ST_OK;
    settles = 0;
    memory_disk_make(&disk, medium, sizeof(medium), 0);
    slow = (struct disk){.sectors = SECTORS, .submit = slow_submit, .settle = slow_settle};
    memset(&page, 0xff, sizeof(page));
    firmware_disks_make(&disks, &memory, &page);
    if (firmware_disks_add(&disks, &disk, FIRMWARE_READ_WRITE, "xvda") != ST_OK ||
        firmware_disks_add(&disks, &disk, FIRMWARE_READ_ONLY, "a name of 20 letters.") ||
        firmware_disks_add(&disks, &slow, FIRMWARE_READ_WRITE, "slow") != ST_OK)
        return 1;
    for (u32 i = 0; i < 3; i++) {
        page.disk[i].queue = QUEUE + 2 * i;
        page.disk[i].driver_features = 1u << 9;
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    firmware_disks_end(&disks);
    return fake_pins != 0;
}

static void desc_set(u32 device, u16 i, u64 address, u32 bytes, u32 flags)
{
    queue_at(page.disk[device].queue)->desc[i] =
        (struct virtq_desc){address, bytes, (u16)flags, (u16)(i + 1)};
}

static void chain_put(u32 device, u16 first)
{
    struct virtq_legacy *queue = queue_at(page.disk[device].queue);

    queue->avail.ring[queue->avail.index++ % 64] = first;
}

/* A request with its head at descriptor `first`, data in one. */
static void request_put_at(u32 device, u16 first, u32 type, u64 sector, u64 address, u32 bytes)
{
    struct virtio_blk_head head = {type, 0, sector};
    u64 head_at = TALK * 4096 + first * 16u;
    u32 data_flags = NEXT | (type == 1 ? 0 : WRITE);

    memcpy(&fake_ram[TALK][first * 16], &head, sizeof(head));
    fake_ram[TALK][2048 + first] = UNSAID;
    desc_set(device, first, head_at, 16, NEXT);
    desc_set(device, (u16)(first + 1), address, bytes, data_flags);
    desc_set(device, (u16)(first + 2), STATUS + first, 1, WRITE);
    chain_put(device, first);
}

static void request_put(u32 device, u32 type, u64 sector, u64 address, u32 bytes)
{
    request_put_at(device, 0, type, sector, address, bytes);
}

static void serve(void)
{
    u32 rounds = 0;

    page.disk[0].isr = page.disk[1].isr = page.disk[2].isr = 0;
    while (firmware_disks_serve(&disks) && !held)
        assert_true(++rounds < 1000);
}

/* What the status byte says after a request that was answered by the next entry. */
static u8 answer(u32 device, u16 first, u32 bytes)
{
    struct virtq_used *used = used_at(page.disk[device].queue);
    u32 last = (used->index - 1u) % 64;

    assert_int_equal(used->index, queue_at(page.disk[device].queue)->avail.index);
    assert_int_equal(used->ring[last].id, first);
    assert_int_equal(used->ring[last].bytes, bytes);
    assert_int_equal(page.disk[device].isr, 1);
    return fake_ram[TALK][2048 + first];
}

static u8 request(u32 device, u32 type, u64 sector, u64 address, u32 bytes, u32 used_bytes)
{
    request_put(device, type, sector, address, bytes);
    serve();
    return answer(device, 0, used_bytes);
}

/* The device said nothing and is not served until it is reset. */
static void expect_stop(u32 device)
{
    u16 before = used_at(page.disk[device].queue)->index;
    u64 stops = disks.stops;

    serve();
    assert_int_equal(disks.stops, stops + 1);
    assert_int_equal(fake_pins, 0);
    serve();
    assert_int_equal(disks.stops, stops + 1);
    assert_int_equal(used_at(page.disk[device].queue)->index, before);
    assert_int_equal(page.disk[device].isr, 0);
    memset(fake_ram[page.disk[device].queue], 0, 8192);
    page.disk[device].resets++;
    assert_int_equal(request(device, 0, 5, DATA * 4096, 512, 513), 0);
}

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

static u8 ram_byte(u64 at)
{
    return fake_ram[at / 4096][at % 4096];
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
    assert_int_equal(held->pieces, 0);
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 1), 0);
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
    assert_int_equal(request(0, 0, UINT64_MAX, DATA * 4096, 512, 0), 1);
    assert_int_equal(request(0, 0, 1, DATA * 4096, 511, 0), 1);
    assert_int_equal(request(0, 0, 1, end, 512, 0), 1);
    assert_int_equal(request(0, 0, 1, end - 512, 1024, 0), 1);
    assert_int_equal(request(0, 0, 1, UINT64_MAX - 511, 1024, 0), 1);
    assert_int_equal(request(0, 2, 1, DATA * 4096, 512, 0), 2); /* SCSI */
    assert_int_equal(request(0, 0x80000000, 1, DATA * 4096, 512, 0), 2);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(disks.errors, 9);
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

/* Requests that wait, around the end of both rings, and other disks between them. */
static void test_many(void **state)
{
    (void)state;
    for (u32 round = 0; round < 40; round++) {
        for (u16 i = 0; i < 60; i = (u16)(i + 3))
            request_put_at(0, i, 0, i, DATA * 4096 + i * 512u, 512);
        request_put(1, 0, 200 + round, 100 * 4096, 512);
        assert_true(firmware_disks_serve(&disks));
        assert_int_equal(used_at(QUEUE + 2)->index, round + 1); /* the other is not starved */
        assert_int_not_equal(used_at(QUEUE)->index, (round + 1) * 20);
        serve();
        assert_int_equal(answer(0, 57, 513), 0);
        assert_int_equal(fake_ram[100][0], 200 + round);
    }
    assert_int_equal(disks.requests, 40 * 21);
}

static void test_queue_sense(void **state)
{
    (void)state;
    request_put(0, 0, 5, DATA * 4096, 512);
    queue_at(QUEUE)->avail.index = 65;
    expect_stop(0);
    queue_at(QUEUE)->avail.index = 0; /* one was answered */
    expect_stop(0);
    chain_put(0, 64);
    expect_stop(0);
    chain_put(0, 0xffff);
    expect_stop(0);
    page.disk[0].queue = FAKE_FRAMES; /* no RAM */
    serve();
    page.disk[0].queue = UINT32_MAX;
    serve();
    assert_int_equal(disks.stops, 6);
    page.disk[0].queue = FAKE_FRAMES - 1; /* its used ring is none */
    request_put(0, 0, 5, DATA * 4096, 512);
    serve();
    assert_int_equal(disks.stops, 7);
    assert_int_equal(fake_pins, 0);
}

static void test_chain_sense(void **state)
{
    struct virtq_legacy *queue = queue_at(QUEUE);

    (void)state;
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[2].flags |= NEXT; /* a loop */
    queue->desc[2].next = 0;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[1].next = 64;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].flags = INDIRECT;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[1].flags |= INDIRECT;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].flags = 0; /* only a head */
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].flags |= WRITE;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[2].flags = 0; /* a status that is not to be written */
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[2].bytes = 2;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].bytes = 17;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 0xffffffff - 16); /* 4 GiB with head and status */
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].address = FAKE_FRAMES * 4096ul;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].address = UINT64_MAX;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[2].address = FAKE_FRAMES * 4096ul;
    expect_stop(0);
    /* The head around the end of a page is as good as elsewhere. */
    request_put(0, 0, 5, DATA * 4096, 512);
    memcpy(fake_ram[TALK] + 4090, fake_ram[TALK], 16);
    queue->desc[0].address = TALK * 4096 + 4090;
    serve();
    assert_int_equal(answer(0, 0, 513), 0);
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

/* Reset while the disk has a step: the old queue and the new one are not written to. */
static void test_reset(void **state)
{
    (void)state;
    request_put(2, 0, 5, DATA * 4096, 512);
    serve();
    assert_non_null(held);
    page.disk[2].queue = 0;
    page.disk[2].resets++;
    assert_true(firmware_disks_serve(&disks));
    page.disk[2].queue = 60;
    request_put(2, 0, 6, DATA * 4096, 512);
    assert_true(firmware_disks_serve(&disks)); /* the new one waits for the end of the old */
    fake_ram[TALK][2048] = UNSAID;
    slow_end();
    assert_int_equal(fake_pins, 0);
    serve();
    assert_non_null(held);
    assert_int_equal(held->sector, 6);
    assert_int_equal(fake_ram[TALK][2048], UNSAID);
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 513), 0);
    assert_int_equal(used_at(QUEUE + 4)->index, 0);
    assert_int_equal(disks.requests, 1);
}

/* The reset is seen after the step has ended, and between steps. */
static void test_reset_between_steps(void **state)
{
    (void)state;
    request_put(2, 0, 5, DATA * 4096, 80 * 4096);
    serve();
    slow_end();
    page.disk[2].resets++;
    memset(fake_ram[page.disk[2].queue], 0, 8192);
    serve();
    assert_null(held);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(used_at(page.disk[2].queue)->index, 0);
    assert_int_equal(fake_ram[TALK][2048], UNSAID);
    request_put(2, 0, 5, DATA * 4096, 512);
    serve();
    slow_end();
    serve();
    assert_int_equal(answer(2, 0, 513), 0);
}

/* Another queue without a reset begins anew as well. */
static void test_another_queue(void **state)
{
    (void)state;
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(request(0, 0, 5, DATA * 4096, 512, 513), 0);
    page.disk[0].queue = 60;
    assert_int_equal(request(0, 0, 9, DATA * 4096, 512, 513), 0);
    assert_int_equal(used_at(60)->index, 1);
    assert_int_equal(used_at(QUEUE)->index, 3);
    assert_int_equal(fake_ram[DATA][0], 9);
}

/* The guest ends while a disk is at work; teardown counts the pages. */
static void test_end(void **state)
{
    (void)state;
    request_put(2, 0, 5, DATA * 4096, 80 * 4096);
    serve();
    assert_non_null(held);
    firmware_disks_end(&disks);
    assert_null(held);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(used_at(QUEUE + 4)->index, 0);
}

/* Between two of its steps, too. */
static void test_end_between_steps(void **state)
{
    (void)state;
    request_put(2, 0, 5, DATA * 4096, 80 * 4096);
    serve();
    slow_end();
    firmware_disks_end(&disks);
    assert_null(held);
    assert_int_equal(used_at(QUEUE + 4)->index, 0);
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
        TEST(test_many),
        TEST(test_queue_sense),
        TEST(test_chain_sense),
        TEST(test_long_data),
        TEST(test_reset),
        TEST(test_reset_between_steps),
        TEST(test_another_queue),
        TEST(test_end),
        TEST(test_end_between_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
