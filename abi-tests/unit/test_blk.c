/* The block back-end against rings written as front-ends write them, and as none should. */
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

#define SECTORS 256u
#define PORT    107u

static u8 medium[SECTORS * SECTOR_BYTES];
static struct disk disk;
static struct blk_back back;
static struct blkif_sring *shared = (struct blkif_sring *)(void *)fake_pages[0];
static blkif_front_ring_t front;
static u8 said[32]; /* the operation of each request */

_Static_assert(sizeof(union blkif_sring_entry) == 112, "the 64-bit layout");
_Static_assert(offsetof(blkif_request_indirect_t, indirect_grefs) == 28, "as in blkif.h");

static int setup(void **state)
{
    struct blk_offer offer = {.pages = 1, .port = 7, .layout = BLK_64};

    (void)state;
    fake_platform_reset();
    SHARED_RING_INIT(shared);
    FRONT_RING_INIT(&front, shared, 4096);
    for (u32 i = 0; i < sizeof(medium); i++)
        medium[i] = (u8)(i / SECTOR_BYTES);
    memory_disk_make(&disk, medium, sizeof(medium), DISK_DISCARDS);
    blk_back_make(&back, &disk, 5, BLK_READ_WRITE);
    return blk_queue_open(&back, &offer) != ST_OK;
}

static blkif_request_t *request_put(u8 op, u64 sector, u8 segments)
{
    blkif_request_t *request = RING_GET_REQUEST(&front, front.req_prod_pvt);

    memset(request, 0xee, sizeof(*request)); /* front-ends do not clear what nobody reads */
    request->operation = op;
    said[front.req_prod_pvt % 32] = op;
    request->nr_segments = segments;
    request->id = front.req_prod_pvt + 1000u;
    request->sector_number = sector;
    for (u32 i = 0; i < segments; i++)
        request->seg[i] = (struct blkif_request_segment){10 + i, 0, 7};
    front.req_prod_pvt++;
    return request;
}

static void serve(void)
{
    int is_wanted;

    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&front, is_wanted);
    (void)is_wanted;
    assert_true(blk_port_serve(&back, PORT));
    assert_int_equal(fake_users, 0);
}

/* The status of the oldest response, which must be to the oldest request. */
static s16 answer(void)
{
    blkif_response_t *response = RING_GET_RESPONSE(&front, front.rsp_cons);

    assert_true(front.rsp_cons != shared->rsp_prod);
    assert_int_equal(response->id, front.rsp_cons + 1000u);
    assert_int_equal(response->operation, said[front.rsp_cons % 32]);
    front.rsp_cons++;
    return response->status;
}

static void test_read_and_write(void **state)
{
    blkif_request_t *request;

    (void)state;
    request = request_put(BLKIF_OP_READ, 3, 2);
    request->seg[1].first_sect = 2;
    request->seg[1].last_sect = 2;
    serve();
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(fake_pages[10][0], 3);
    assert_int_equal(fake_pages[10][4095], 10);
    assert_int_equal(fake_pages[11][1023], 0);
    assert_int_equal(fake_pages[11][1024], 11);
    assert_int_equal(fake_pages[11][1536], 0);
    memset(fake_pages[10], 0xaa, 4096);
    request_put(BLKIF_OP_WRITE, 100, 1);
    request_put(BLKIF_OP_FLUSH_DISKCACHE, 0, 0);
    serve();
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(medium[100 * 512], 0xaa);
    assert_int_equal(medium[108 * 512 - 1], 0xaa);
    assert_int_equal(medium[108 * 512], 108);
    assert_int_equal(back.sectors_read, 9);
    assert_int_equal(back.sectors_written, 8);
    assert_int_equal(fake_signals, 1); /* the front-end has not asked again */
    assert_false(blk_port_serve(&back, PORT + 1));
}

static void test_flush_with_data(void **state)
{
    (void)state;
    memset(fake_pages[10], 0x55, 4096);
    request_put(BLKIF_OP_FLUSH_DISKCACHE, 8, 1);
    serve();
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(medium[8 * 512], 0x55);
}

static void test_discard(void **state)
{
    blkif_request_discard_t *request;

    (void)state;
    request = (blkif_request_discard_t *)request_put(BLKIF_OP_DISCARD, 10, 0);
    request->nr_sectors = 2;
    request = (blkif_request_discard_t *)request_put(BLKIF_OP_DISCARD, 10, 0);
    request->nr_sectors = SECTORS - 9;
    request = (blkif_request_discard_t *)request_put(BLKIF_OP_DISCARD, 10, 0);
    request->nr_sectors = ~(u64)0;
    serve();
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(answer(), BLKIF_RSP_ERROR);
    assert_int_equal(answer(), BLKIF_RSP_ERROR);
    assert_int_equal(medium[10 * 512 - 1], 9);
    assert_int_equal(medium[10 * 512] | medium[12 * 512 - 1], 0);
    assert_int_equal(medium[12 * 512], 12);
}

static void test_indirect(void **state)
{
    blkif_request_indirect_t *request;
    struct blkif_request_segment *list = (struct blkif_request_segment *)(void *)fake_pages[9];

    (void)state;
    for (u32 i = 0; i < 20; i++)
        list[i] = (struct blkif_request_segment){20 + i, 0, 7};
    request = (blkif_request_indirect_t *)request_put(BLKIF_OP_INDIRECT, 0, 0);
    request->indirect_op = BLKIF_OP_READ;
    request->nr_segments = 20;
    request->id = 1000;
    request->sector_number = 16;
    request->indirect_grefs[0] = 9;
    said[0] = BLKIF_OP_READ; /* what it carried */
    memset(&list[20], 0xff, sizeof(list[0]));
    serve();
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    for (u32 i = 0; i < 20; i++)
        assert_int_equal(fake_pages[20 + i][0], 16 + i * 8);
    /* Lists that make no sense. */
    for (u32 bad = 0; bad < 5; bad++) {
        request = (blkif_request_indirect_t *)request_put(BLKIF_OP_INDIRECT, 0, 0);
        request->indirect_op = bad == 0 ? BLKIF_OP_FLUSH_DISKCACHE : BLKIF_OP_READ;
        request->nr_segments = bad == 1 ? 0 : bad == 2 ? BLK_SEGMENTS_MAX + 1 : 2;
        request->id = front.req_prod_pvt - 1 + 1000u;
        said[front.req_prod_pvt - 1] = request->indirect_op;
        request->sector_number = 16;
        request->indirect_grefs[0] = bad == 3 ? 0xffffffff : 9;
        list[1].last_sect = bad == 4 ? 8 : 7;
        serve();
        assert_int_equal(answer(), bad == 0 ? BLKIF_RSP_EOPNOTSUPP : BLKIF_RSP_ERROR);
    }
}

/* 11 in a request, 64 in a list. */
static void test_most_segments(void **state)
{
    struct blkif_request_segment *list = (struct blkif_request_segment *)(void *)fake_pages[9];
    blkif_request_indirect_t *request;

    (void)state;
    request_put(BLKIF_OP_READ, 8, 11);
    request = (blkif_request_indirect_t *)request_put(BLKIF_OP_INDIRECT, 0, 0);
    request->indirect_op = said[1] = BLKIF_OP_READ;
    request->nr_segments = 64;
    request->id = 1001;
    request->sector_number = 100;
    request->indirect_grefs[0] = 9;
    for (u32 i = 0; i < 64; i++)
        list[i] = (struct blkif_request_segment){30 + i, 0, 0};
    serve();
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    assert_int_equal(fake_pages[20][4095], 8 + 11 * 8 - 1);
    assert_int_equal(fake_pages[93][511], 163);
}

static void test_bad_requests(void **state)
{
    blkif_request_t *request;

    (void)state;
    request_put(BLKIF_OP_READ, 0, 0);
    request = request_put(BLKIF_OP_READ, 0, 1);
    request->nr_segments = 12;
    request = request_put(BLKIF_OP_READ, 0, 1);
    request->seg[0].first_sect = 5;
    request->seg[0].last_sect = 4;
    request_put(BLKIF_OP_READ, SECTORS - 7, 1);
    request_put(BLKIF_OP_READ, ~(u64)0, 1);
    request = request_put(BLKIF_OP_WRITE, 0, 2);
    request->seg[1].gref = 4000;
    serve();
    for (u32 i = 0; i < 6; i++)
        assert_int_equal(answer(), BLKIF_RSP_ERROR);
    request_put(BLKIF_OP_WRITE_BARRIER, 0, 1);
    request_put(99, 0, 1);
    serve();
    assert_int_equal(answer(), BLKIF_RSP_EOPNOTSUPP);
    assert_int_equal(answer(), BLKIF_RSP_EOPNOTSUPP);
    fake_readonly_from = 10;
    request_put(BLKIF_OP_READ, 0, 1);
    request_put(BLKIF_OP_WRITE, 0, 1);
    serve();
    assert_int_equal(answer(), BLKIF_RSP_ERROR);
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
    back.access = BLK_READ_ONLY;
    request_put(BLKIF_OP_WRITE, 0, 1);
    request_put(BLKIF_OP_READ, 0, 1);
    fake_readonly_from = FAKE_PAGES;
    serve();
    assert_int_equal(answer(), BLKIF_RSP_ERROR);
    assert_int_equal(answer(), BLKIF_RSP_OKAY);
}

static void test_full_ring_and_wrap(void **state)
{
    (void)state;
    for (u32 round = 0; round < 50; round++) {
        for (u32 i = 0; i < 32; i++)
            request_put(BLKIF_OP_READ, i, 1);
        serve();
        for (u32 i = 0; i < 32; i++)
            assert_int_equal(answer(), BLKIF_RSP_OKAY);
    }
}

static void test_impossible_indexes(void **state)
{
    (void)state;
    request_put(BLKIF_OP_READ, 0, 1);
    serve();
    shared->req_prod += 33;
    blk_port_serve(&back, PORT);
    assert_true(back.queue[0].is_broken);
    shared->req_prod = 2;
    blk_port_serve(&back, PORT);
    assert_int_equal(shared->rsp_prod, 1);
    assert_false(blk_continue(&back));
    blk_back_close(&back);
    setup(NULL);
    request_put(BLKIF_OP_READ, 0, 1);
    serve();
    shared->req_prod = 0; /* backwards */
    blk_port_serve(&back, PORT);
    assert_true(back.queue[0].is_broken);
}

static void test_offers(void **state)
{
    struct blk_offer offer = {.refs = {40}, .pages = 16, .port = 8, .layout = BLK_32};

    (void)state;
    assert_int_equal(blk_queue_open(&back, &offer), ST_OK);
    assert_int_equal(back.queue[1].ring.ring.entries, 512);
    offer.pages = 3;
    assert_int_equal(blk_queue_open(&back, &offer), ST_INVALID);
    offer.pages = 32;
    assert_int_equal(blk_queue_open(&back, &offer), ST_INVALID);
    offer.pages = 1;
    offer.port = 0;
    assert_int_equal(blk_queue_open(&back, &offer), ST_INVALID);
    offer.port = 9;
    offer.refs[0] = 5000;
    assert_int_equal(blk_queue_open(&back, &offer), ST_NO_ENTRY);
    offer.refs[0] = 60;
    assert_int_equal(blk_queue_open(&back, &offer), ST_OK);
    assert_int_equal(blk_queue_open(&back, &offer), ST_OK);
    assert_int_equal(blk_queue_open(&back, &offer), ST_INVALID);
    blk_back_close(&back);
    assert_false(blk_port_serve(&back, PORT));
}

/* The 32-bit layout: 108 bytes, fields 4 earlier. */
static void test_narrow_layout(void **state)
{
    struct blk_offer offer = {.refs = {40}, .pages = 1, .port = 8, .layout = BLK_32};
    u8 *entry = fake_pages[40] + 64;
    u64 id = 77, sector = 9;
    struct blkif_request_segment segment = {10, 0, 0};
    struct blkif_sring *narrow = (struct blkif_sring *)(void *)fake_pages[40];

    (void)state;
    SHARED_RING_INIT(narrow);
    assert_int_equal(blk_queue_open(&back, &offer), ST_OK);
    entry[0] = BLKIF_OP_READ;
    entry[1] = 1;
    memcpy(entry + 4, &id, 8);
    memcpy(entry + 12, &sector, 8);
    memcpy(entry + 20, &segment, 8);
    narrow->req_prod = 1;
    assert_true(blk_port_serve(&back, 108));
    assert_int_equal(narrow->rsp_prod, 1);
    assert_memory_equal(entry, &id, 8);
    assert_int_equal(entry[10] | entry[11], 0);
    assert_int_equal(fake_pages[10][0], 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_read_and_write, setup),
        cmocka_unit_test_setup(test_flush_with_data, setup),
        cmocka_unit_test_setup(test_discard, setup),
        cmocka_unit_test_setup(test_indirect, setup),
        cmocka_unit_test_setup(test_most_segments, setup),
        cmocka_unit_test_setup(test_bad_requests, setup),
        cmocka_unit_test_setup(test_full_ring_and_wrap, setup),
        cmocka_unit_test_setup(test_impossible_indexes, setup),
        cmocka_unit_test_setup(test_offers, setup),
        cmocka_unit_test_setup(test_narrow_layout, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
