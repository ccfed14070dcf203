/*
 * The hash that deals frames out to queues: the vectors Microsoft publishes for it ["Verifying
 * the RSS hash calculation", Windows driver documentation, NDIS], the code in Xen's header, and
 * frames of every sort.
 */
// sources: guest-drivers/service/rss.c guest-drivers/service/offload.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* The header's code and its ring macros mix signs. */
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wconversion"
#define XEN_NETIF_DEFINE_TOEPLITZ
#include <xen/io/netif.h>
#include "guest-drivers/service/net.h"
#include "guest-drivers/service/rss.h"

_Static_assert((int)XEN_NETIF_CTRL_HASH_TYPE_IPV4 == (int)RSS_IPV4 &&
                   (int)XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP == (int)RSS_IPV4_TCP &&
                   (int)XEN_NETIF_CTRL_HASH_TYPE_IPV6 == (int)RSS_IPV6 &&
                   (int)XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP == (int)RSS_IPV6_TCP,
               "the sets are those of netif.h");

static const struct rss usual = {
    .kinds = RSS_ALL,
    .key = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
            0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
            0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa}};

struct vector4 {
    u8 from[4], to[4];
    u16 from_port, to_port;
    u32 addresses, ports;
};
static const struct vector4 vectors4[] = {
    {{66, 9, 149, 187}, {161, 142, 100, 80}, 2794, 1766, 0x323e8fc2, 0x51ccc178},
    {{199, 92, 111, 2}, {65, 69, 140, 83}, 14230, 4739, 0xd718262a, 0xc626b0ea},
    {{24, 19, 198, 95}, {12, 22, 207, 184}, 12898, 38024, 0xd2d0a5de, 0x5c2b394a},
    {{38, 27, 205, 30}, {209, 142, 163, 6}, 48228, 2217, 0x82989176, 0xafc7327f},
    {{153, 39, 163, 191}, {202, 188, 127, 2}, 44251, 1303, 0x5d1809c5, 0x10e828a2},
};

/* Addresses as 16-bit groups. */
struct vector6 {
    u16 from[8], to[8];
    u16 from_port, to_port;
    u32 addresses, ports;
};
static const struct vector6 vectors6[] = {
    {{0x3ffe, 0x2501, 0x200, 0x1fff, 0, 0, 0, 7},
     {0x3ffe, 0x2501, 0x200, 3, 0, 0, 0, 1},
     2794,
     1766,
     0x2cc18cd5,
     0x40207d3d},
    {{0x3ffe, 0x501, 8, 0, 0x260, 0x97ff, 0xfe40, 0xefab},
     {0xff02, 0, 0, 0, 0, 0, 0, 1},
     14230,
     4739,
     0x0f0c461c,
     0xdde51bbf},
    {{0x3ffe, 0x1900, 0x4545, 3, 0x200, 0xf8ff, 0xfe21, 0x67cf},
     {0xfe80, 0, 0, 0, 0x200, 0xf8ff, 0xfe21, 0x67cf},
     44251,
     38024,
     0x4b61e985,
     0x02d1feef},
};

static u8 frame[128];
#define PACKET ETHERNET_HEAD

static void put16(u8 *at, u32 value)
{
    at[0] = (u8)(value >> 8);
    at[1] = (u8)value;
}

/* A TCP packet without payload; its size. */
static u32 frame4(const struct vector4 *vector)
{
    memset(frame, 0, sizeof(frame));
    put16(frame + 12, 0x0800);
    frame[PACKET] = 0x45;
    put16(frame + PACKET + 2, 40);
    frame[PACKET + 9] = 6;
    memcpy(frame + PACKET + 12, vector->from, 4);
    memcpy(frame + PACKET + 16, vector->to, 4);
    put16(frame + PACKET + 20, vector->from_port);
    put16(frame + PACKET + 22, vector->to_port);
    frame[PACKET + 32] = 0x50;
    return PACKET + 40;
}

static u32 frame6(const struct vector6 *vector)
{
    memset(frame, 0, sizeof(frame));
    put16(frame + 12, 0x86dd);
    frame[PACKET] = 0x60;
    put16(frame + PACKET + 4, 20);
    frame[PACKET + 6] = 6;
    for (u32 i = 0; i < 8; i++) {
        put16(frame + PACKET + 8 + 2 * i, vector->from[i]);
        put16(frame + PACKET + 24 + 2 * i, vector->to[i]);
    }
    put16(frame + PACKET + 40, vector->from_port);
    put16(frame + PACKET + 42, vector->to_port);
    frame[PACKET + 52] = 0x50;
    return PACKET + 60;
}

static void expect(u32 kinds, u32 bytes, enum rss_kind kind, u32 value)
{
    struct rss rss = usual;
    struct rss_hash hash;

    rss.kinds = kinds;
    hash = rss_hash(&rss, frame, bytes);
    assert_int_equal(hash.kind, kind);
    assert_int_equal(hash.value, value);
}

static void test_vectors(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(vectors4); i++) {
        u32 bytes = frame4(&vectors4[i]);

        expect(RSS_IPV4, bytes, RSS_IPV4, vectors4[i].addresses);
        expect(RSS_IPV4_TCP, bytes, RSS_IPV4_TCP, vectors4[i].ports);
        expect(RSS_ALL, bytes, RSS_IPV4_TCP, vectors4[i].ports);
        expect(RSS_IPV6 | RSS_IPV6_TCP, bytes, RSS_NONE, 0);
        expect(0, bytes, RSS_NONE, 0);
    }
    for (u32 i = 0; i < ARRAY_SIZE(vectors6); i++) {
        u32 bytes = frame6(&vectors6[i]);

        expect(RSS_IPV6, bytes, RSS_IPV6, vectors6[i].addresses);
        expect(RSS_IPV6_TCP, bytes, RSS_IPV6_TCP, vectors6[i].ports);
        expect(RSS_ALL, bytes, RSS_IPV6_TCP, vectors6[i].ports);
        expect(RSS_IPV4 | RSS_IPV4_TCP, bytes, RSS_NONE, 0);
    }
}

static void test_as_in_netif_h(void **state)
{
    u8 key[RSS_KEY_BYTES], input[RSS_INPUT_BYTES];

    (void)state;
    srand(1);
    for (u32 i = 0; i < 2000; i++) {
        u32 bytes = (u32)rand() % (RSS_INPUT_BYTES + 1);
        u32 key_bytes = (u32)rand() % (RSS_KEY_BYTES + 1);

        memset(key, 0, sizeof(key));
        for (u32 k = 0; k < key_bytes; k++)
            key[k] = (u8)rand();
        for (u32 k = 0; k < bytes; k++)
            input[k] = (u8)rand();
        assert_int_equal(rss_toeplitz(key, input, bytes),
                         xen_netif_toeplitz_hash(key, key_bytes, input, bytes));
    }
}

/* Ports count only where they are TCP's, and all of them are there. */
static void test_addresses_only(void **state)
{
    const struct vector4 *four = &vectors4[0];
    const struct vector6 *six = &vectors6[0];
    u32 bytes;

    (void)state;
    bytes = frame4(four);
    frame[PACKET + 9] = 17; /* UDP */
    expect(RSS_ALL, bytes, RSS_IPV4, four->addresses);
    expect(RSS_IPV4_TCP, bytes, RSS_NONE, 0);
    bytes = frame4(four);
    frame[PACKET + 6] = 0x20; /* more fragments */
    expect(RSS_ALL, bytes, RSS_IPV4, four->addresses);
    frame[PACKET + 6] = 0;
    frame[PACKET + 7] = 1; /* the second one */
    expect(RSS_ALL, bytes, RSS_IPV4, four->addresses);
    frame4(four);
    put16(frame + PACKET + 2, 23); /* half a port */
    expect(RSS_ALL, PACKET + 23, RSS_IPV4, four->addresses);
    put16(frame + PACKET + 2, 24); /* both, and no more */
    expect(RSS_ALL, PACKET + 24, RSS_IPV4_TCP, four->ports);
    bytes = frame6(six);
    frame[PACKET + 6] = 44; /* a fragment */
    frame[PACKET + 40] = 6;
    expect(RSS_ALL, bytes, RSS_IPV6, six->addresses);
    frame[PACKET + 6] = 58; /* ICMPv6 */
    expect(RSS_ALL, bytes, RSS_IPV6, six->addresses);
}

/* Options, extension headers and tags stand between, and do not count. */
static void test_longer_heads(void **state)
{
    const struct vector4 *four = &vectors4[1];
    const struct vector6 *six = &vectors6[1];

    (void)state;
    frame4(four);
    memmove(frame + PACKET + 24, frame + PACKET + 20, 20);
    memset(frame + PACKET + 20, 1, 4);
    frame[PACKET] = 0x46;
    put16(frame + PACKET + 2, 44);
    expect(RSS_ALL, PACKET + 44, RSS_IPV4_TCP, four->ports);
    frame6(six);
    memmove(frame + PACKET + 48, frame + PACKET + 40, 20);
    memset(frame + PACKET + 40, 0, 8);
    frame[PACKET + 6] = 0;
    frame[PACKET + 40] = 6;
    put16(frame + PACKET + 4, 28);
    expect(RSS_ALL, PACKET + 68, RSS_IPV6_TCP, six->ports);
    frame4(four);
    memmove(frame + 16, frame + 12, 80);
    put16(frame + 12, 0x8100);
    put16(frame + 14, 5);
    expect(RSS_ALL, PACKET + 44, RSS_IPV4_TCP, four->ports);
}

static void test_no_hash(void **state)
{
    u32 bytes = frame4(&vectors4[0]);

    (void)state;
    put16(frame + 12, 0x0806); /* ARP */
    expect(RSS_ALL, bytes, RSS_NONE, 0);
    for (bytes = 0; bytes < PACKET + 40; bytes++) {
        frame4(&vectors4[0]);
        expect(RSS_ALL, bytes, RSS_NONE, 0);
    }
    for (bytes = 0; bytes < PACKET + 60; bytes++) {
        frame6(&vectors6[0]);
        expect(RSS_ALL, bytes, RSS_NONE, 0);
    }
}

static void test_queues(void **state)
{
    struct rss rss = {.kinds = RSS_ALL};

    (void)state;
    assert_int_equal(rss_queue(&rss, 0x80000005, 4), 1);
    rss.entries = 3;
    rss.queue[0] = 3;
    rss.queue[1] = 0;
    rss.queue[2] = 2;
    for (u32 i = 0; i < 30; i++)
        assert_int_equal(rss_queue(&rss, i, 4), rss.queue[i % 3]);
    rss.entries = RSS_TABLE_MAX;
    rss.queue[RSS_TABLE_MAX - 1] = 7;
    assert_int_equal(rss_queue(&rss, ~0u, 8), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_as_in_netif_h),
        cmocka_unit_test(test_addresses_only), cmocka_unit_test(test_longer_heads),
        cmocka_unit_test(test_no_hash),        cmocka_unit_test(test_queues),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
