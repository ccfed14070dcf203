/* The queues of a firmware's disks: many requests, none that make sense, resets, the end. */
// sources: guest-drivers/service/firmware_disk.c guest-drivers/service/virtq_chain.c
// sources: guest-drivers/service/disk.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/firmware_guest.h"

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
        assert_int_equal(ram_byte(DATA * 4096 + 57 * 512), 57);
    }
    assert_int_equal(disks.requests, 40 * 21);
    for (u32 i = 0; i < 64; i++)
        chain_put(0, 0);
    serve();
    assert_int_equal(answer(0, 0, 513), 0);
    assert_int_equal(disks.requests, 40 * 21 + 64);
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
    memcpy(&queue->avail, &(struct virtq_desc){0x20000, 1, WRITE, 0}, 16); /* poses as one */
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[0].flags = INDIRECT;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[1].flags |= INDIRECT;
    expect_stop(0);
    request_put(0, 0, 5, DATA * 4096, 512);
    queue->desc[2].flags |= INDIRECT;
    expect_stop(0);
}

/* Head and status have a descriptor each. */
static void test_frame_sense(void **state)
{
    struct virtq_legacy *queue = queue_at(QUEUE);

    (void)state;
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
    request_put(0, 0, 5, DATA * 4096, UINT32_MAX - 16); /* 4 GiB with head and status */
    expect_stop(0);
    assert_int_equal(request(0, 0, 5, DATA * 4096, UINT32_MAX - 17, 0), 1);
}

/* Without its head or its status a request cannot be answered. */
static void test_address_sense(void **state)
{
    struct virtq_legacy *queue = queue_at(QUEUE);

    (void)state;
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
    request_put(0, 0, 6, DATA * 4096, 512);
    memcpy(fake_ram[TALK] + 4090, fake_ram[TALK], 16);
    queue->desc[0].address = TALK * 4096 + 4090;
    serve();
    assert_int_equal(answer(0, 0, 513), 0);
    assert_int_equal(fake_ram[DATA][0], 6);
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

/* Between two of its steps, too; the disk is the first now. */
static void test_end_between_steps(void **state)
{
    (void)state;
    firmware_disks_make(&disks, &memory, &page);
    assert_int_equal(firmware_disks_add(&disks, &slow, FIRMWARE_READ_WRITE, "slow"), ST_OK);
    page.disk[0].queue = QUEUE;
    request_put(0, 0, 5, DATA * 4096, 80 * 4096);
    serve();
    slow_end();
    assert_int_equal(fake_pins, 2); /* where it would be answered */
    firmware_disks_end(&disks);
    assert_int_equal(fake_pins, 0);
    assert_null(held);
    assert_int_equal(used_at(QUEUE)->index, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_many),
        TEST(test_queue_sense),
        TEST(test_chain_sense),
        TEST(test_frame_sense),
        TEST(test_address_sense),
        TEST(test_reset),
        TEST(test_reset_between_steps),
        TEST(test_another_queue),
        TEST(test_end),
        TEST(test_end_between_steps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
