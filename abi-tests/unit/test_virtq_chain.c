/* Chains of descriptors as drivers write them, and as none should. [virtio 1.2 2.7] */
// sources: guest-drivers/service/virtq_chain.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/virtq_chain.h"

static struct virtq_legacy queue;
static struct virtq_chain chain;

static int setup(void **state)
{
    (void)state;
    memset(&queue, 0, sizeof(queue));
    memset(&chain, 0xee, sizeof(chain));
    return 0;
}

/* One chain waits that begins here. */
static enum status take(u16 first)
{
    queue.avail.index = 1;
    queue.avail.ring[0] = first;
    return virtq_chain_take(&queue, 0, &chain);
}

/* Descriptors from `first` on, each before the next of the table. */
static void chain_put(u16 first, u32 count, u32 bytes)
{
    for (u32 i = 0; i < count; i++)
        queue.desc[(first + i) % VIRTQ_ENTRIES] =
            (struct virtq_desc){0x1000 * i, bytes, i + 1 < count ? VIRTQ_NEXT : 0,
                                (u16)((first + i + 1) % VIRTQ_ENTRIES)};
}

static void test_longest_chain(void **state)
{
    (void)state;
    chain_put(3, VIRTQ_ENTRIES, 512);
    assert_int_equal(take(3), ST_OK);
    assert_int_equal(chain.first, 3);
    assert_int_equal(chain.count, VIRTQ_ENTRIES);
    for (u32 i = 0; i < VIRTQ_ENTRIES; i++)
        assert_int_equal(chain.desc[i].address, 0x1000 * i);
}

static void test_loops(void **state)
{
    (void)state;
    for (u16 back = 0; back < 4; back++) {
        chain_put(0, 5, 1);
        queue.desc[4].flags = VIRTQ_NEXT;
        queue.desc[4].next = back;
        assert_int_equal(take(0), ST_CORRUPT);
    }
}

/* A place behind the table, of the first one and of one that follows. */
static void test_places(void **state)
{
    static const u16 bad[] = {VIRTQ_ENTRIES, VIRTQ_ENTRIES + 1, 0xffff};

    (void)state;
    chain_put(0, 1, 1);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(take(bad[i]), ST_CORRUPT);
        chain_put(0, 2, 1);
        queue.desc[0].next = bad[i];
        assert_int_equal(take(0), ST_CORRUPT);
    }
}

/* 4 GiB in all are forbidden; a byte less is not. */
static void test_bytes(void **state)
{
    (void)state;
    chain_put(0, 2, 0x80000000);
    assert_int_equal(take(0), ST_CORRUPT);
    queue.desc[1].bytes--;
    assert_int_equal(take(0), ST_OK);
    chain_put(0, 3, 0xffffffff); /* the sum would fit 32 bits again */
    assert_int_equal(take(0), ST_CORRUPT);
}

static void test_indirect(void **state)
{
    (void)state;
    chain_put(0, 2, 16);
    for (u32 i = 0; i < 2; i++) {
        queue.desc[i].flags |= VIRTQ_INDIRECT;
        assert_int_equal(take(0), ST_CORRUPT);
        queue.desc[i].flags &= (u16)~VIRTQ_INDIRECT;
    }
    queue.desc[0].flags |= VIRTQ_WRITE;
    assert_int_equal(take(0), ST_OK);
    assert_int_equal(chain.desc[0].flags, VIRTQ_NEXT | VIRTQ_WRITE);
}

/* As many as there are descriptors may wait, around the end of the index too. */
static void test_how_many_wait(void **state)
{
    static const u16 begins[] = {0, 5, 0xfff0};

    (void)state;
    chain_put(0, 1, 1);
    for (u32 i = 0; i < ARRAY_SIZE(begins); i++) {
        queue.avail.index = begins[i];
        assert_int_equal(virtq_chain_take(&queue, begins[i], &chain), ST_NO_DATA);
        queue.avail.index = (u16)(begins[i] + VIRTQ_ENTRIES);
        assert_int_equal(virtq_chain_take(&queue, begins[i], &chain), ST_OK);
        queue.avail.index++;
        assert_int_equal(virtq_chain_take(&queue, begins[i], &chain), ST_CORRUPT);
        queue.avail.index = (u16)(begins[i] - 1); /* backwards */
        assert_int_equal(virtq_chain_take(&queue, begins[i], &chain), ST_CORRUPT);
    }
}

static void test_return(void **state)
{
    static struct virtq_used used;

    (void)state;
    virtq_chain_return(&used, 0xffff, 9, 513);
    assert_int_equal(used.ring[VIRTQ_ENTRIES - 1].id, 9);
    assert_int_equal(used.ring[VIRTQ_ENTRIES - 1].bytes, 513);
    assert_int_equal(used.index, 0);
    virtq_chain_return(&used, VIRTQ_ENTRIES + 2, 7, 1);
    assert_int_equal(used.ring[2].id, 7);
    assert_int_equal(used.index, VIRTQ_ENTRIES + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_longest_chain, setup),
        cmocka_unit_test_setup(test_loops, setup),
        cmocka_unit_test_setup(test_places, setup),
        cmocka_unit_test_setup(test_bytes, setup),
        cmocka_unit_test_setup(test_indirect, setup),
        cmocka_unit_test_setup(test_how_many_wait, setup),
        cmocka_unit_test_setup(test_return, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
