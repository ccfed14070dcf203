/* The block back-end above a disk that takes its time: how many requests are under way, when
 * they are answered, and what its end and a broken ring do to them. */
// sources: guest-drivers/service/blk.c guest-drivers/service/blk_ring.c
// sources: guest-drivers/service/xen_ring.c
// sources: guest-drivers/service/disk.c abi-tests/unit/fake_platform.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "abi-tests/unit/xen_rings.h"

#include <xen/io/blkif.h>
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/blk.h"

#define PORT 107u
#define HELD 96u /* more than are ever under way */

static struct disk disk;
static struct disk_request *held[HELD];
static u32 held_count, settled;
static struct blk_back back;
static struct blkif_sring *shared = (struct blkif_sring *)(void *)fake_pages[0];
static blkif_front_ring_t front;

static void slow_submit(struct disk *base, struct disk_request *request)
{
    (void)base;
    assert_in_range(held_count, 0, HELD - 1);
    held[held_count++] = request;
}

/* The oldest one ends. */
static void one_end(enum status status)
{
    struct disk_request *request = held[0];

    assert_int_not_equal(held_count, 0);
    memmove(held, held + 1, --held_count * sizeof(held[0]));
    request->status = status;
    request->done(request);
}

/* As many as a disk may end at a time: one. */
static void slow_settle(struct disk *base)
{
    (void)base;
    settled++;
    one_end(ST_OK);
}

static void ring_begin(void)
{
    SHARED_RING_INIT(shared);
    FRONT_RING_INIT(&front, shared, 4096);
}

static enum status queue_open(struct blk_back *of, u32 page, u32 port)
{
    struct blk_offer offer = {.refs = {page}, .pages = 1, .port = port, .layout = BLK_64};

    return blk_queue_open(of, &offer);
}

static int setup(void **state)
{
    (void)state;
    fake_platform_reset();
    held_count = settled = 0;
    disk = (struct disk){.sectors = 1024, .submit = slow_submit, .settle = slow_settle};
    blk_back_make(&back, &disk, 5, BLK_READ_WRITE);
    ring_begin();
    return queue_open(&back, 0, 7) != ST_OK;
}

/* Nothing of the back-end's is left to any test behind this one. */
static int teardown(void **state)
{
    (void)state;
    blk_back_close(&back);
    return back.jobs != 0 || fake_rings != 0 || fake_ports != 0 || fake_users != 0;
}

static void requests_put(u32 count, u8 op)
{
    int is_wanted;

    for (u32 i = 0; i < count; i++) {
        u32 index = front.req_prod_pvt++;
        blkif_request_t *request = RING_GET_REQUEST(&front, index);

        *request = (blkif_request_t){.operation = op,
                                     .nr_segments = op == BLKIF_OP_DISCARD ? 0 : 1,
                                     .id = index,
                                     .seg = {{10, 0, 0}}};
        if (op == BLKIF_OP_DISCARD)
            ((blkif_request_discard_t *)request)->nr_sectors = 1;
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, is_wanted);
    (void)is_wanted;
}

static void serve(void)
{
    assert_true(blk_port_serve(&back, PORT));
}

/* ---- how many ---- */

static void test_sixteen_at_a_time(void **state)
{
    (void)state;
    requests_put(20, BLKIF_OP_READ);
    serve();
    assert_int_equal(held_count, 16);
    assert_int_equal(fake_users, 16);
    assert_int_equal(shared->rsp_prod, 0);
    assert_true(blk_continue(&back));
    assert_int_equal(held_count, 16);
    for (u32 i = 0; i < 3; i++)
        one_end(ST_OK);
    assert_true(blk_continue(&back));
    assert_int_equal(held_count, 16);
    assert_int_equal(shared->rsp_prod, 3);
    while (held_count != 0) {
        one_end(ST_OK);
        blk_continue(&back);
    }
    assert_false(blk_continue(&back));
    assert_int_equal(shared->rsp_prod, 20);
    assert_int_equal(shared->req_event, 21);
    assert_int_equal(fake_users, 0);
    assert_int_equal(back.requests, 20);
    assert_int_equal(back.errors, 0);
}

/* All disks of the machine share 64: who finds none goes on when there are. */
static void test_disks_share(void **state)
{
    static struct blk_back other[4];

    (void)state;
    requests_put(16, BLKIF_OP_READ);
    for (u32 i = 0; i < ARRAY_SIZE(other); i++) {
        struct blkif_sring *ring = (struct blkif_sring *)(void *)fake_pages[1 + i];

        blk_back_make(&other[i], &disk, 6 + i, BLK_READ_WRITE);
        memcpy(ring, shared, 4096);
        assert_int_equal(queue_open(&other[i], 1 + i, 10 + i), ST_OK);
        assert_true(blk_port_serve(&other[i], 110 + i));
    }
    assert_int_equal(held_count, 64);
    serve();
    assert_int_equal(held_count, 64);
    assert_true(blk_continue(&back));
    while (held_count != 0) {
        one_end(ST_OK);
        blk_continue(&back);
    }
    assert_int_equal(back.requests, 16);
    for (u32 i = 0; i < ARRAY_SIZE(other); i++) {
        assert_int_equal(other[i].requests, 16);
        blk_back_close(&other[i]);
    }
}

/* A long ring of a quick disk is served in rounds. */
static void test_rounds(void **state)
{
    static u8 bytes[SECTOR_BYTES];
    struct blk_offer offer = {.refs = {40}, .pages = 8, .port = 9, .layout = BLK_64};
    struct blkif_sring *ring = (struct blkif_sring *)(void *)fake_pages[40];

    (void)state;
    memory_disk_make(&disk, bytes, sizeof(bytes), 0);
    SHARED_RING_INIT(ring);
    assert_int_equal(blk_queue_open(&back, &offer), ST_OK);
    for (u32 i = 0; i < 128; i++)
        ring->ring[i].req = (blkif_request_t){.nr_segments = 1, .seg = {{10, 0, 0}}};
    ring->req_prod = 128;
    assert_true(blk_port_serve(&back, 109));
    assert_int_equal(ring->rsp_prod, 64);
    assert_true(blk_continue(&back));
    assert_int_equal(ring->rsp_prod, 128);
    assert_false(blk_continue(&back));
    assert_int_equal(ring->req_event, 129);
}

/* ---- answers ---- */

/* In the order in which they end, shown when nobody serves the ring. */
static void test_answers(void **state)
{
    (void)state;
    requests_put(3, BLKIF_OP_WRITE);
    serve();
    assert_int_equal(fake_signals, 0);
    held[0]->status = ST_NO_DATA;
    held[2]->status = ST_OK;
    held[2]->done(held[2]);
    held[0]->done(held[0]);
    assert_int_equal(shared->rsp_prod, 0);
    assert_false(blk_continue(&back));
    assert_int_equal(shared->rsp_prod, 2);
    assert_int_equal(fake_signals, 1);
    assert_int_equal(RING_GET_RESPONSE(&front, 0)->id, 2);
    assert_int_equal(RING_GET_RESPONSE(&front, 0)->status, BLKIF_RSP_OKAY);
    assert_int_equal(RING_GET_RESPONSE(&front, 1)->id, 0);
    assert_int_equal(RING_GET_RESPONSE(&front, 1)->status, BLKIF_RSP_ERROR);
    assert_int_equal(back.errors, 1);
    assert_int_equal(back.requests, 2);
    assert_int_equal(back.sectors_written, 1);
    held[0] = held[1];
    held_count = 1;
}

/* A request without pages takes none, whatever the one before had. */
static void test_discard_after_a_read(void **state)
{
    (void)state;
    requests_put(1, BLKIF_OP_READ);
    serve();
    one_end(ST_OK);
    requests_put(1, BLKIF_OP_DISCARD);
    serve();
    assert_int_equal(held[0]->op, DISK_DISCARD);
    assert_int_equal(held[0]->pieces, 0);
    assert_int_equal(fake_users, 0);
    assert_int_equal(back.sectors_read, 1);
    one_end(ST_OK);
    assert_int_equal(back.sectors_read + back.sectors_written, 1);
}

/* Data that came with a flush is on the medium when it is answered; other data may not be. */
static void test_lasting_writes(void **state)
{
    (void)state;
    requests_put(1, BLKIF_OP_WRITE);
    requests_put(1, BLKIF_OP_FLUSH_DISKCACHE);
    serve();
    assert_int_equal(held[0]->op, DISK_WRITE);
    assert_false(held[0]->is_lasting);
    assert_int_equal(held[1]->op, DISK_WRITE);
    assert_true(held[1]->is_lasting);
}

/* One guest's disk may be for reading though another's is not. */
static void test_read_only(void **state)
{
    (void)state;
    blk_back_close(&back);
    blk_back_make(&back, &disk, 5, BLK_READ_ONLY);
    assert_int_equal(back.pool.limit, BLK_PAGES_KEPT);
    ring_begin();
    assert_int_equal(queue_open(&back, 0, 7), ST_OK);
    requests_put(1, BLKIF_OP_WRITE);
    requests_put(1, BLKIF_OP_DISCARD);
    requests_put(1, BLKIF_OP_READ);
    serve();
    assert_int_equal(held_count, 1);
    assert_int_equal(held[0]->op, DISK_READ);
    assert_int_equal(back.errors, 2);
}

/* ---- ends ---- */

/* The guest's pages are in use until the last request has ended; then nothing of it is left,
 * and no answer is written to a ring that may be somebody's memory again. */
static void test_end_with_requests_under_way(void **state)
{
    union blkif_sring_entry was;

    (void)state;
    requests_put(5, BLKIF_OP_READ);
    serve();
    was = shared->ring[0];
    blk_back_close(&back);
    assert_int_equal(settled, 5);
    assert_int_equal(fake_users, 0);
    assert_int_equal(fake_rings, 0);
    assert_int_equal(fake_ports, 0);
    assert_int_equal(fake_pool_ends, 1);
    assert_int_equal(shared->rsp_prod, 0);
    assert_memory_equal(&shared->ring[0], &was, sizeof(was));
    assert_false(blk_port_serve(&back, PORT));
}

static void test_end_of_two_queues(void **state)
{
    struct blkif_sring *ring = (struct blkif_sring *)(void *)fake_pages[1];

    (void)state;
    requests_put(2, BLKIF_OP_READ);
    memcpy(ring, shared, 4096);
    assert_int_equal(queue_open(&back, 1, 8), ST_OK);
    serve();
    assert_true(blk_port_serve(&back, PORT + 1));
    blk_back_close(&back);
    assert_int_equal(settled, 4);
    assert_int_equal(ring->ring[0].req.seg[0].gref, 10); /* no answer lies there */
}

/* The guest connects again, with a ring that has requests before it says so. */
static void test_connects_again(void **state)
{
    (void)state;
    blk_back_close(&back);
    ring_begin();
    requests_put(2, BLKIF_OP_READ);
    assert_int_equal(queue_open(&back, 0, 7), ST_OK);
    assert_int_equal(back.queues, 1);
    assert_int_equal(fake_asked, 5);
    assert_false(blk_continue(&back));
    assert_int_equal(held_count, 2);
}

static void test_ring_that_breaks(void **state)
{
    (void)state;
    requests_put(3, BLKIF_OP_READ);
    serve();
    shared->req_prod += 100;
    serve();
    assert_true(back.queue[0].is_broken);
    while (held_count != 0)
        one_end(ST_OK);
    assert_false(blk_continue(&back));
    assert_int_equal(shared->rsp_prod, 0);
    assert_int_equal(fake_users, 0);
    assert_int_equal(fake_signals, 0);
}

/* A queue that is refused leaves nothing behind; there may be four. */
static void test_offers(void **state)
{
    (void)state;
    assert_int_equal(queue_open(&back, 1, 0), ST_INVALID);
    assert_int_equal(fake_rings, 1);
    for (u32 i = 1; i < BLK_QUEUES_MAX; i++)
        assert_int_equal(queue_open(&back, i, 7 + i), ST_OK);
    assert_int_equal(queue_open(&back, 5, 20), ST_INVALID);
    for (u32 i = 0; i < BLK_QUEUES_MAX; i++)
        assert_true(blk_port_serve(&back, PORT + i));
    assert_false(blk_port_serve(&back, PORT + BLK_QUEUES_MAX));
    assert_false(blk_continue(&back));
}

/* All queues are gone on with. */
static void test_queues_go_on(void **state)
{
    struct blkif_sring *ring = (struct blkif_sring *)(void *)fake_pages[1];

    (void)state;
    requests_put(16, BLKIF_OP_READ);
    memcpy(ring, shared, 4096);
    assert_int_equal(queue_open(&back, 1, 8), ST_OK);
    serve();
    assert_true(blk_port_serve(&back, PORT + 1));
    assert_int_equal(held_count, 16);
    while (held_count != 0) {
        one_end(ST_OK);
        blk_continue(&back);
    }
    assert_int_equal(shared->rsp_prod, 16);
    assert_int_equal(ring->rsp_prod, 16);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sixteen_at_a_time),
        TEST(test_disks_share),
        TEST(test_rounds),
        TEST(test_answers),
        TEST(test_discard_after_a_read),
        TEST(test_lasting_writes),
        TEST(test_read_only),
        TEST(test_end_with_requests_under_way),
        TEST(test_end_of_two_queues),
        TEST(test_connects_again),
        TEST(test_ring_that_breaks),
        TEST(test_offers),
        TEST(test_queues_go_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
