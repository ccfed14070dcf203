/* The indexes of a shared ring: where it begins, what may wait in it, when each side is told.
 * [xen/io/ring.h] */
// sources: guest-drivers/service/xen_ring.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/xen_ring.h"

#define ENTRIES 256u /* of 8 bytes in a page */

static _Alignas(4096) u8 page[4096];
static struct xen_ring ring;

static struct xen_ring_head *head(void)
{
    return (struct xen_ring_head *)(void *)page;
}

static u64 *entry(u32 index)
{
    return (u64 *)(void *)(page + 64) + index % ENTRIES;
}

static int setup(void **state)
{
    (void)state;
    memset(page, 0, sizeof(page));
    xen_ring_open(&ring, page, sizeof(page), 8);
    return 0;
}

static u32 waiting(enum status expected)
{
    u32 count = 0;

    assert_int_equal(xen_ring_waiting(&ring, &count), expected);
    return count;
}

static u64 take(void)
{
    u64 request;

    xen_ring_take(&ring, &request, sizeof(request));
    return request;
}

static void answer(u64 response)
{
    xen_ring_answer(&ring, &response, sizeof(response));
}

/* The largest power of two that fits behind the head. */
static void test_entries(void **state)
{
    static const struct {
        u32 bytes, entry_bytes, entries;
    } rings[] = {{4096, 112, 32}, {4096, 108, 32}, {4096, 8, 256},
                 {4096, 63, 64},  {4096, 64, 32},  {65536, 112, 512},
                 {4096, 4032, 1}, {4096, 2016, 2}, {4096, 2017, 1}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(rings); i++) {
        xen_ring_open(&ring, page, rings[i].bytes, rings[i].entry_bytes);
        assert_int_equal(ring.entries, rings[i].entries);
    }
}

/* A front-end that was connected before goes on where its responses ended. */
static void test_goes_on(void **state)
{
    static const u32 begins[] = {0, 100, ENTRIES, 0xfffffffe};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(begins); i++) {
        u32 at = begins[i];

        setup(NULL);
        head()->rsp_prod = at;
        head()->req_prod = at + 3;
        for (u32 k = 0; k < 3; k++)
            *entry(at + k) = 70 + k;
        xen_ring_open(&ring, page, sizeof(page), 8);
        for (u32 k = 0; k < 3; k++) {
            assert_int_equal(waiting(ST_OK), 3 - k);
            assert_int_equal(take(), 70 + k);
            answer(90 + k);
            assert_int_equal(*entry(at + k), 90 + k);
        }
        assert_int_equal(waiting(ST_OK), 0);
        assert_int_equal(head()->rsp_prod, at); /* not shown yet */
        xen_ring_push(&ring);
        assert_int_equal(head()->rsp_prod, at + 3);
    }
}

/* As many as there are entries, those included that are under way; and none is taken back. */
static void test_what_may_wait(void **state)
{
    (void)state;
    head()->req_prod = ENTRIES;
    assert_int_equal(waiting(ST_OK), ENTRIES);
    head()->req_prod = ENTRIES + 1;
    (void)waiting(ST_CORRUPT);
    head()->req_prod = ENTRIES;
    (void)take();
    (void)take();
    head()->req_prod = ENTRIES + 1; /* over one that has no answer yet */
    (void)waiting(ST_CORRUPT);
    answer(1);
    assert_int_equal(waiting(ST_OK), ENTRIES - 1);
    head()->req_prod = 1; /* one that was taken already */
    (void)waiting(ST_CORRUPT);
    head()->req_prod = 2;
    assert_int_equal(waiting(ST_OK), 0);
}

/* Where enough waits there is no sleep; else the event is asked for at what is enough. */
static void test_sleep(void **state)
{
    (void)state;
    head()->req_event = 55;
    head()->req_prod = 2;
    assert_true(xen_ring_sleep(&ring, 1));
    assert_true(xen_ring_sleep(&ring, 2));
    assert_int_equal(head()->req_event, 55);
    assert_false(xen_ring_sleep(&ring, 3));
    assert_int_equal(head()->req_event, 3);
    (void)take();
    (void)take();
    assert_false(xen_ring_sleep(&ring, 1));
    assert_int_equal(head()->req_event, 3);
    assert_false(xen_ring_sleep(&ring, 4));
    assert_int_equal(head()->req_event, 6);
}

/* The front-end is told of the response it waits for, once. */
static void test_push(void **state)
{
    static const u32 begins[] = {0, 0xfffffffe};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(begins); i++) {
        setup(NULL);
        head()->rsp_prod = begins[i];
        xen_ring_open(&ring, page, sizeof(page), 8);
        head()->rsp_event = begins[i] + 3;
        assert_false(xen_ring_push(&ring)); /* there is none */
        answer(1);
        answer(2);
        assert_false(xen_ring_push(&ring));
        assert_int_equal(head()->rsp_prod, begins[i] + 2);
        answer(3);
        assert_true(xen_ring_push(&ring));
        answer(4);
        assert_false(xen_ring_push(&ring));
        head()->rsp_event = begins[i] + 6;
        answer(5);
        answer(6);
        answer(7);
        assert_true(xen_ring_push(&ring)); /* among others */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_entries, setup),
        cmocka_unit_test_setup(test_goes_on, setup),
        cmocka_unit_test_setup(test_what_may_wait, setup),
        cmocka_unit_test_setup(test_sleep, setup),
        cmocka_unit_test_setup(test_push, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
