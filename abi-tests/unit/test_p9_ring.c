/* The rings of a 9P front-end, written as front-ends write them, and as none should. */
// sources: guest-drivers/service/p9_ring.c guest-drivers/service/ninep.c
// sources: guest-drivers/service/ninep_file.c guest-drivers/service/ninep_fid.c
// sources: guest-drivers/service/cpio.c abi-tests/unit/fake_platform.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
/* The ring macros of the interface mix signs. */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#include <xen/io/9pfs.h>
#include "abi-tests/unit/cpio_archive.h"
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/p9_ring.h"

#define PORT  107u
#define BYTES 20000u

_Static_assert(offsetof(struct xen_p9fs_interface, in_prod) ==
                       offsetof(struct xen_9pfs_data_intf, in_prod) &&
                   offsetof(struct xen_p9fs_interface, out_cons) ==
                       offsetof(struct xen_9pfs_data_intf, out_cons) &&
                   offsetof(struct xen_p9fs_interface, out_prod) ==
                       offsetof(struct xen_9pfs_data_intf, out_prod) &&
                   offsetof(struct xen_p9fs_interface, ring_order) ==
                       offsetof(struct xen_9pfs_data_intf, ring_order) &&
                   offsetof(struct xen_p9fs_interface, ref) ==
                       offsetof(struct xen_9pfs_data_intf, ref),
               "the public header");

/* A front-end's ring: its page, and the first of its data pages; those go downwards. */
struct front {
    struct xen_9pfs_data_intf *shared;
    u32 top;
    u32 half;
};

static struct cpio_node nodes[8];
static struct cpio tree;
static struct p9_back back;
static struct front front;
static char content[BYTES + 1];

static void front_make(struct front *out, u32 page, u32 top, u32 order, u32 begin)
{
    out->shared = (struct xen_9pfs_data_intf *)(void *)fake_pages[page];
    out->top = top;
    out->half = 2048u << order;
    out->shared->ring_order = order;
    for (u32 i = 0; i < 1u << order; i++)
        out->shared->ref[i] = top - i;
    out->shared->in_cons = out->shared->in_prod = begin;
    out->shared->out_cons = out->shared->out_prod = begin;
}

/* Just before the indexes overflow. */
static void begin(u32 order)
{
    front_make(&front, 0, 100, order, 0xfffffff0);
    p9_back_make(&back, &tree, 5);
    assert_int_equal(p9_ring_open(&back, 0, 7), ST_OK);
    p9_back_begin(&back);
}

static int setup(void **state)
{
    (void)state;
    fake_platform_reset();
    for (u32 i = 0; i < BYTES; i++)
        content[i] = (char)('a' + i * 7 % 26);
    archive_begin();
    entry_put("file", 0100644, 1, 1, content);
    archive_end();
    tree = (struct cpio){.node = nodes, .room = 8};
    return cpio_index(&tree, archive, archive_used) != ST_OK;
}

static u8 *byte_at(const struct front *ring, u32 half, u32 index)
{
    index = (index & (ring->half - 1)) + half * ring->half;
    return &fake_pages[ring->top - index / 4096][index % 4096];
}

static void put(struct front *ring, const void *bytes, u32 count)
{
    for (u32 i = 0; i < count; i++)
        *byte_at(ring, 1, ring->shared->out_prod++) = ((const u8 *)bytes)[i];
}

static u32 waiting(const struct front *ring)
{
    return ring->shared->in_prod - ring->shared->in_cons;
}

static void get(struct front *ring, void *bytes, u32 count)
{
    assert_true(waiting(ring) >= count);
    for (u32 i = 0; i < count; i++)
        ((u8 *)bytes)[i] = *byte_at(ring, 0, ring->shared->in_cons++);
}

static void expect(struct front *ring, const void *bytes, u32 count)
{
    static u8 got[64];

    get(ring, got, count);
    assert_memory_equal(got, bytes, count);
}

#define PUT(text)    put(&front, text, sizeof(text) - 1)
#define EXPECT(text) expect(&front, text, sizeof(text) - 1)

#define FLUSH   "\x09\0\0\0\x6c\x01\0\x02\0"
#define FLUSHED "\x07\0\0\0\x6d\x01\0"
#define VERSION(size)                                                                          \
    "\x15\0\0\0\x64\xff\xff" size "\0\0\x08\0"                                                 \
    "9P2000.L"
#define VERSION_ANSWER(size)                                                                   \
    "\x15\0\0\0\x65\xff\xff" size "\0\0\x08\0"                                                 \
    "9P2000.L"

static void serve(void)
{
    assert_true(p9_port_serve(&back, PORT));
}

static void attach_and_open(void)
{
    PUT("\x17\0\0\0\x68\x01\0\x05\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0");
    serve();
    EXPECT("\x14\0\0\0\x69\x01\0\x80\0\0\0\0\0\0\0\0\0\0\0\0");
    PUT("\x17\0\0\0\x6e\x01\0\x05\0\0\0\x06\0\0\0\x01\0\x04\0file");
    serve();
    EXPECT("\x16\0\0\0\x6f\x01\0\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0");
    PUT("\x0f\0\0\0\x0c\x01\0\x06\0\0\0\0\0\0\0");
    serve();
    EXPECT("\x18\0\0\0\x0d\x01\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0");
}

static void test_offers(void **state)
{
    (void)state;
    p9_back_make(&back, &tree, 5);
    for (u32 order = 0; order < 12; order++) {
        bool is_good = order >= 1 && order <= 9;

        front_make(&front, 0, 1000, order % 10, 0);
        front.shared->ring_order = order;
        assert_int_equal(p9_ring_open(&back, 0, 7), is_good ? ST_OK : ST_INVALID);
        if (is_good)
            assert_int_equal(back.ring[0].half, 2048u << order);
        p9_back_close(&back);
    }
    front_make(&front, 0, 100, 1, 0);
    assert_int_equal(p9_ring_open(&back, 5000, 7), ST_NO_ENTRY);
    assert_int_equal(p9_ring_open(&back, 0, 0), ST_INVALID);
    assert_int_equal(fake_rings, 0);
    for (u32 i = 0; i < P9_RINGS_MAX; i++)
        assert_int_equal(p9_ring_open(&back, 0, 7 + i), ST_OK);
    assert_int_equal(p9_ring_open(&back, 0, 20), ST_INVALID);
    assert_int_equal(fake_rings, P9_RINGS_MAX);
    p9_back_close(&back);
    assert_int_equal(fake_rings | fake_ports, 0);
    assert_false(p9_port_serve(&back, PORT));
}

/* Messages are as large as a half of the smallest ring. */
static void test_version(void **state)
{
    (void)state;
    begin(3);
    PUT(VERSION("\0\xff"));
    serve();
    EXPECT(VERSION_ANSWER("\0\x40"));
    assert_int_equal(waiting(&front), 0);
    assert_int_equal(front.shared->out_cons, front.shared->out_prod);
    assert_int_equal(fake_signals, 1);
    serve();
    assert_int_equal(fake_signals, 1);
    assert_false(p9_port_serve(&back, PORT + 1));
}

static void test_wrap(void **state)
{
    (void)state;
    begin(2);
    for (u32 i = 0; i < 3000; i++) {
        PUT(FLUSH);
        PUT(FLUSH);
        serve();
        EXPECT(FLUSHED FLUSHED);
    }
    assert_false(back.is_broken);
    assert_int_equal(back.requests, 6000);
}

/* A request that comes in pieces. */
static void test_pieces(void **state)
{
    (void)state;
    begin(1);
    for (u32 i = 0; i < 9; i++) {
        serve();
        assert_false(p9_continue(&back));
        assert_int_equal(waiting(&front) | fake_signals, 0);
        put(&front, &FLUSH[i], 1);
    }
    serve();
    EXPECT(FLUSHED);
}

/* Reads over several pages, at offsets that suit no page. */
static void test_long_reads(void **state)
{
    u8 read[] = "\x17\0\0\0\x74\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\x10\x27\0\0";
    static u8 got[BYTES];

    (void)state;
    begin(4);
    PUT(VERSION("\0\x80"));
    serve();
    EXPECT(VERSION_ANSWER("\0\x80"));
    attach_and_open();
    for (u32 offset = 0; offset < 10000; offset += 777) {
        memcpy(read + 11, &offset, 4);
        put(&front, read, 23);
        serve();
        EXPECT("\x1b\x27\0\0\x75\x01\0\x10\x27\0\0");
        get(&front, got, 10000);
        assert_memory_equal(got, content + offset, 10000);
    }
    assert_int_equal(waiting(&front), 0);
}

/* The front-end does not fetch its replies. */
static void test_full(void **state)
{
    static u8 got[BYTES];

    (void)state;
    begin(3);
    PUT(VERSION("\0\x20"));
    serve();
    EXPECT(VERSION_ANSWER("\0\x20"));
    attach_and_open();
    for (u32 i = 0; i < 4; i++)
        PUT("\x17\0\0\0\x74\x01\0\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0");
    serve();
    assert_int_equal(waiting(&front), 16384);
    assert_false(p9_continue(&back));
    EXPECT("\0\x20\0\0\x75\x01\0\xf5\x1f\0\0");
    serve();
    assert_int_equal(waiting(&front), 16384 - 11);
    get(&front, got, 8192 - 11);
    assert_memory_equal(got, content, 8192 - 11);
    serve();
    assert_int_equal(waiting(&front), 16384);
    get(&front, got, 16384);
    serve();
    assert_int_equal(waiting(&front), 8192);
    assert_int_equal(front.shared->out_cons, front.shared->out_prod);
    assert_false(back.is_broken);
}

/* Others have their turn. */
static void test_many(void **state)
{
    (void)state;
    begin(3);
    PUT(VERSION("\0\x10"));
    serve();
    EXPECT(VERSION_ANSWER("\0\x10"));
    for (u32 i = 0; i < 200; i++)
        PUT(FLUSH);
    serve();
    assert_int_equal(waiting(&front), 64 * 7);
    while (p9_continue(&back))
        continue;
    for (u32 i = 0; i < 200; i++)
        EXPECT(FLUSHED);
}

/* A write longer than what is looked at. */
static void test_long_request(void **state)
{
    static u8 junk[16384];

    (void)state;
    begin(3);
    attach_and_open();
    PUT("\0\x40\0\0\x76\x01\0\x06\0\0\0");
    put(&front, junk, 16384 - 12);
    serve();
    assert_int_equal(waiting(&front), 0);
    put(&front, junk, 1);
    serve();
    EXPECT("\x0b\0\0\0\x07\x01\0\x1e\0\0\0");
    PUT(FLUSH);
    serve();
    EXPECT(FLUSHED);
}

static void test_two_rings(void **state)
{
    struct front other;

    (void)state;
    front_make(&front, 0, 100, 1, 0);
    front_make(&other, 1, 80, 2, 17);
    p9_back_make(&back, &tree, 5);
    assert_int_equal(p9_ring_open(&back, 0, 7), ST_OK);
    assert_int_equal(p9_ring_open(&back, 1, 8), ST_OK);
    p9_back_begin(&back);
    put(&other, VERSION("\0\xff"), 21);
    assert_true(p9_port_serve(&back, PORT + 1));
    expect(&other, VERSION_ANSWER("\0\x10"), 21);
    attach_and_open();
    put(&other, "\x0b\0\0\0\x78\x01\0\x06\0\0\0", 11);
    assert_true(p9_port_serve(&back, PORT + 1));
    expect(&other, "\x07\0\0\0\x79\x01\0", 7);
}

static void expect_broken(void)
{
    u32 signals = fake_signals;

    serve();
    assert_true(back.is_broken);
    assert_false(p9_continue(&back));
    serve();
    assert_int_equal(fake_signals, signals);
    assert_int_equal(waiting(&front), 0);
    p9_back_close(&back);
    begin(2);
}

static void test_nonsense(void **state)
{
    (void)state;
    begin(2);
    PUT("\x06\0\0\0\x6c\x01\0"); /* shorter than its header */
    expect_broken();
    PUT("\x01\x20\0\0\x6c\x01\0"); /* longer than the ring */
    expect_broken();
    PUT("\xff\xff\xff\xff\x6c\x01\0");
    expect_broken();
    PUT(FLUSH);
    front.shared->out_prod += 8192 - 9 + 1;
    expect_broken();
    front.shared->out_prod--;
    expect_broken();
    front.shared->in_cons++;
    serve();
    assert_true(back.is_broken);
    front.shared->in_cons--; /* too late */
    PUT(FLUSH);
    serve();
    assert_int_equal(waiting(&front), 0);
    p9_back_close(&back);
    begin(2);
    back.ring[0].ref[2] = 5000; /* a page that is not lent */
    PUT("\x09\0\0\0\x6c\x01\0\x02\0");
    back.ring[0].ref[3] = 5000;
    expect_broken();
    back.ring[0].ref[0] = back.ring[0].ref[1] = 5000;
    PUT(FLUSH);
    expect_broken();
    fake_readonly_from = 90;
    PUT(FLUSH);
    expect_broken();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_offers, setup),
        cmocka_unit_test_setup(test_version, setup),
        cmocka_unit_test_setup(test_wrap, setup),
        cmocka_unit_test_setup(test_pieces, setup),
        cmocka_unit_test_setup(test_long_reads, setup),
        cmocka_unit_test_setup(test_full, setup),
        cmocka_unit_test_setup(test_many, setup),
        cmocka_unit_test_setup(test_long_request, setup),
        cmocka_unit_test_setup(test_two_rings, setup),
        cmocka_unit_test_setup(test_nonsense, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
