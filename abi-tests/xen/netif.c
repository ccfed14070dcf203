/*
 * The control ring of the network back-end, on a guest with two interfaces on one bridge: what
 * each request is answered, and in which queue, with which hash, a frame then comes in that was
 * sent by the other interface. [xen/io/netif.h: control messages, hash types]
 */
#include "abi-tests/kit/store.h"
#include "abi-tests/kit/test.h"
#include "abi-tests/xen/netif_front.h"

#define ROW(type) "netif." #type
/* An observation of a request's status. */
#define ASK(type, class, a, b, c, wanted)                                                      \
    expect_number(ROW(type), class, netif_ask(&in, G_NETIF_CTRL_##type, a, b, c), wanted)

/* The same where netbacks go their own way. */
#define LOOK(type, class, a, b, c)                                                             \
    observe_number(ROW(type), class, netif_ask(&in, G_NETIF_CTRL_##type, a, b, c))

enum {
    DONE = G_NETIF_CTRL_SUCCESS,
    NOT_SUPPORTED = G_NETIF_CTRL_NOT_SUPPORTED,
    INVALID = G_NETIF_CTRL_INVALID_PARAMETER,
};
#define ALL_KINDS                                                                              \
    (G_NETIF_HASH_IPV4 | G_NETIF_HASH_IPV4_TCP | G_NETIF_HASH_IPV6 | G_NETIF_HASH_IPV6_TCP)
#define KEY_BYTES  40u
#define TABLE_MOST 128u
#define NOT_LENT   500u
#define LINK_NS    10000000000ull /* until a bridge lets frames through */
#define FRAME_NS   200000000ull

static struct netif_pages in_pages[NETIF_QUEUES], out_pages[1];
static struct netif in = {.pages = in_pages}, out = {.pages = out_pages};
static uint8_t control_page[KIT_PAGE] __attribute__((aligned(4096)));
static uint32_t table[KIT_PAGE / 4] __attribute__((aligned(4096)));
static uint32_t table_ref;

static const uint8_t key[KEY_BYTES] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static bool is_connected(void)
{
    kit_store_begin();
    if (kit_store_ring() == NULL || !kit_front_find(&in.bus, "vif", 1)) {
        test_skip("the guest has no two interfaces");
        return false;
    }
    if (!kit_lend_begin() || !netif_connect(&in, 0, NETIF_QUEUES, control_page) ||
        !netif_connect(&out, 1, 1, NULL)) {
        test_error("an interface does not connect");
        return false;
    }
    table_ref = kit_lend(table, KIT_GRANT_READONLY);
    return true;
}

static void disconnect(void)
{
    expect_true(ROW(close), "with a control ring", netif_close(&in) && netif_close(&out));
    expect_true(ROW(close), "all pages are given back", kit_lend_end(0));
}

static void table_fill(uint32_t queue)
{
    for (uint32_t i = 0; i < KIT_PAGE / 4; i++)
        table[i] = queue;
}

/* ---- statuses ---------------------------------------------------------------------------- */

static void flags_and_algorithm(void)
{
    expect_number(ROW(keys), "feature-ctrl-ring",
                  (long)kit_front_back_number(&in.bus, "feature-ctrl-ring", 0), 1);
    ASK(GET_HASH_FLAGS, "no algorithm", 0, 0, 0, NOT_SUPPORTED);
    ASK(SET_HASH_FLAGS, "no algorithm", ALL_KINDS, 0, 0, INVALID);
    ASK(SET_HASH_FLAGS, "none, no algorithm", 0, 0, 0, INVALID);
    ASK(SET_HASH_ALGORITHM, "unknown", 2, 0, 0, INVALID);
    ASK(SET_HASH_ALGORITHM, "far away", ~0u, 0, 0, INVALID);
    ASK(SET_HASH_ALGORITHM, "toeplitz", G_NETIF_ALGORITHM_TOEPLITZ, 0, 0, DONE);
    ASK(SET_HASH_ALGORITHM, "toeplitz, more data", G_NETIF_ALGORITHM_TOEPLITZ, 1, 2, DONE);
    ASK(GET_HASH_FLAGS, "toeplitz", 0, 0, 0, DONE);
    expect_number(ROW(GET_HASH_FLAGS), "data", in.answer.data, ALL_KINDS);
    ASK(SET_HASH_FLAGS, "all", ALL_KINDS, 0, 0, DONE);
    ASK(SET_HASH_FLAGS, "unknown", ALL_KINDS + 1, 0, 0, INVALID);
    ASK(SET_HASH_FLAGS, "unknown beside known", 0x80000001, 0, 0, INVALID);
    ASK(SET_HASH_FLAGS, "none", 0, 0, 0, DONE);
    ASK(SET_HASH_ALGORITHM, "none", G_NETIF_ALGORITHM_NONE, 0, 0, DONE);
    ASK(GET_HASH_FLAGS, "none again", 0, 0, 0, NOT_SUPPORTED);
}

static void key_sizes(void)
{
    ASK(SET_HASH_KEY, "whole", table_ref, KEY_BYTES, 0, DONE);
    ASK(SET_HASH_KEY, "a short one", table_ref, 3, 0, DONE);
    LOOK(SET_HASH_KEY, "too long, by a byte", table_ref, KEY_BYTES + 1, 0);
    LOOK(SET_HASH_KEY, "too long, more than a page", table_ref, KIT_PAGE + 1, 0);
    LOOK(SET_HASH_KEY, "too long, by far", table_ref, ~0u, 0);
    ASK(SET_HASH_KEY, "not lent", NOT_LENT, KEY_BYTES, 0, INVALID);
    ASK(SET_HASH_KEY, "beyond the table of grants", ~0u, KEY_BYTES, 0, INVALID);
    ASK(SET_HASH_KEY, "none", table_ref, 0, 0, DONE);
    ASK(SET_HASH_KEY, "none, not lent", NOT_LENT, 0, 0, DONE);
}

static void mapping_sizes(void)
{
    ASK(GET_HASH_MAPPING_SIZE, "plain", 0, 0, 0, DONE);
    expect_number(ROW(GET_HASH_MAPPING_SIZE), "data", in.answer.data, TABLE_MOST);
    ASK(SET_HASH_MAPPING_SIZE, "one too many", TABLE_MOST + 1, 0, 0, INVALID);
    ASK(SET_HASH_MAPPING_SIZE, "far too many", ~0u, 0, 0, INVALID);
    ASK(SET_HASH_MAPPING_SIZE, "most", TABLE_MOST, 0, 0, DONE);
}

static void mappings(void)
{
    table_fill(NETIF_QUEUES - 1);
    ASK(SET_HASH_MAPPING, "whole", table_ref, TABLE_MOST, 0, DONE);
    LOOK(SET_HASH_MAPPING, "too long, by an entry", table_ref, TABLE_MOST + 1, 0);
    LOOK(SET_HASH_MAPPING, "too long, more than a page", table_ref, KIT_PAGE / 4 + 1, 0);
    LOOK(SET_HASH_MAPPING, "too long, by far", table_ref, ~0u, 0);
    ASK(SET_HASH_MAPPING, "the end", table_ref, 8, TABLE_MOST - 8, DONE);
    ASK(SET_HASH_MAPPING, "over the end", table_ref, 8, TABLE_MOST - 7, INVALID);
    ASK(SET_HASH_MAPPING, "behind the end", table_ref, 1, TABLE_MOST, INVALID);
    ASK(SET_HASH_MAPPING, "round the end", table_ref, 2, ~0u, INVALID);
    ASK(SET_HASH_MAPPING, "nothing", table_ref, 0, 0, DONE);
    ASK(SET_HASH_MAPPING, "nothing, at the end", table_ref, 0, TABLE_MOST, DONE);
    ASK(SET_HASH_MAPPING, "not lent", NOT_LENT, 1, 0, INVALID);
    table[1] = NETIF_QUEUES;
    ASK(SET_HASH_MAPPING, "no such queue", table_ref, 2, 0, INVALID);
    table[1] = ~0u;
    ASK(SET_HASH_MAPPING, "far no such queue", table_ref, 2, 0, INVALID);
    ASK(SET_HASH_MAPPING_SIZE, "a smaller one", 5, 0, 0, DONE);
    ASK(SET_HASH_MAPPING, "more than that", table_ref, 6, 0, INVALID);
    ASK(SET_HASH_MAPPING_SIZE, "none", 0, 0, 0, DONE);
    ASK(SET_HASH_MAPPING, "no table", table_ref, 1, 0, INVALID);
}

static void others(void)
{
    ASK(GET_GREF_MAPPING_SIZE, "plain", 0, 0, 0, NOT_SUPPORTED);
    ASK(ADD_GREF_MAPPING, "plain", 0, table_ref, 1, NOT_SUPPORTED);
    ASK(DEL_GREF_MAPPING, "plain", 0, table_ref, 1, NOT_SUPPORTED);
    expect_number(ROW(unknown), "0", netif_ask(&in, 0, 0, 0, 0), NOT_SUPPORTED);
    expect_number(ROW(unknown), "11", netif_ask(&in, 11, 0, 0, 0), NOT_SUPPORTED);
    expect_number(ROW(unknown), "65535", netif_ask(&in, 65535, 0, 0, 0), NOT_SUPPORTED);
    expect_number(ROW(unknown), "a full ring of them",
                  netif_ask_many(&in, 99, 128, NOT_SUPPORTED), 128);
}

TEST(netif_control, "netif-control", TEST_ALL | TEST_GUEST | TEST_ALONE)
{
    if (!is_connected())
        return;
    flags_and_algorithm();
    key_sizes();
    mapping_sizes();
    mappings();
    others();
    disconnect();
}

/* ---- frames ------------------------------------------------------------------------------ */

#define PACKET 14u
enum { ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58 };

static uint8_t frame[256];
static uint8_t tag; /* the last byte of a frame, so that no other is taken for it */

/* The last of Microsoft's vectors for IPv4, the first for IPv6. */
static const uint8_t addresses4[] = {153, 39, 163, 191, 202, 188, 127, 2};
static const uint8_t ports4[] = {0xac, 0xdb, 0x05, 0x17};
#define HASH4     0x5d1809c5u
#define HASH4_TCP 0x10e828a2u
static const uint8_t addresses6[] = {
    0x3f, 0xfe, 0x25, 0x01, 0x02, 0, 0x1f, 0xff, 0, 0, 0, 0, 0, 0, 0, 7,
    0x3f, 0xfe, 0x25, 0x01, 0x02, 0, 0,    3,    0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t ports6[] = {0x0a, 0xea, 0x06, 0xe6};
#define HASH6     0x2cc18cd5u
#define HASH6_TCP 0x40207d3du

static uint8_t *frame_begin(uint16_t type)
{
    memset(frame, 0, sizeof(frame));
    memcpy(frame, in.address, 6);
    memcpy(frame + 6, out.address, 6);
    frame[12] = (uint8_t)(type >> 8);
    frame[13] = (uint8_t)type;
    return frame + PACKET;
}

static void frame4(uint8_t protocol)
{
    uint8_t *ip = frame_begin(0x0800);

    ip[0] = 0x45;
    ip[3] = 60;
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, addresses4, sizeof(addresses4));
    memcpy(ip + 20, ports4, sizeof(ports4));
    ip[32] = 0x50;
}

static void frame6(uint8_t protocol)
{
    uint8_t *ip = frame_begin(0x86dd);

    ip[0] = 0x60;
    ip[5] = 40;
    ip[6] = protocol;
    ip[7] = 64;
    memcpy(ip + 8, addresses6, sizeof(addresses6));
    memcpy(ip + 40, ports6, sizeof(ports6));
    ip[52] = 0x50;
}

/* Whether the frame with this tag comes in within that time; others are dropped. */
static bool frame_await(struct netif_arrival *arrival, uint64_t ns)
{
    uint64_t end = kit_now() + ns;

    while (kit_now() < end) {
        while (netif_receive(&in, arrival))
            if (arrival->bytes >= 100 && arrival->bytes < KIT_PAGE && arrival->at[99] == tag &&
                arrival->at[11] == out.address[5])
                return true;
        kit_yield();
    }
    return false;
}

/* Bridges forget frames until they know that a port is up. */
static bool frame_exchange(const struct g_netif_extra_hash *hash, struct netif_arrival *arrival)
{
    uint64_t end = kit_now() + LINK_NS;
    struct netif_arrival dropped;

    frame[99] = ++tag;
    while (kit_now() < end) {
        while (netif_receive(&out, &dropped))
            ;
        netif_send(&out, frame, 100, hash);
        if (frame_await(arrival, FRAME_NS))
            return true;
    }
    return false;
}

static void expect_frame(const char *class, unsigned kind, uint32_t hash, unsigned queue)
{
    struct netif_arrival arrival;
    uint32_t value;

    if (!frame_exchange(NULL, &arrival)) {
        expect_true(ROW(frame), class, false);
        return;
    }
    expect_number(ROW(queue), class, arrival.queue, queue);
    expect_number(ROW(hash), class, arrival.is_hashed ? 1l << arrival.hash.hash_type : 0, kind);
    if (!arrival.is_hashed)
        return;
    memcpy(&value, arrival.hash.value, sizeof(value));
    expect_number(ROW(hash_value), class, value, hash);
    expect_number(ROW(hash_algorithm), class, arrival.hash.algorithm,
                  G_NETIF_ALGORITHM_TOEPLITZ);
}

static void hashing_begin(uint32_t kinds)
{
    memcpy(table, key, sizeof(key));
    ASK(SET_HASH_ALGORITHM, "toeplitz", G_NETIF_ALGORITHM_TOEPLITZ, 0, 0, DONE);
    ASK(SET_HASH_KEY, "whole", table_ref, KEY_BYTES, 0, DONE);
    ASK(SET_HASH_FLAGS, "some", kinds, 0, 0, DONE);
    ASK(SET_HASH_MAPPING_SIZE, "none", 0, 0, 0, DONE);
}

static void all_kinds(void)
{
    hashing_begin(ALL_KINDS);
    frame4(TCP);
    expect_frame("IPv4, TCP", G_NETIF_HASH_IPV4_TCP, HASH4_TCP, HASH4_TCP % NETIF_QUEUES);
    frame4(UDP);
    expect_frame("IPv4, UDP", G_NETIF_HASH_IPV4, HASH4, HASH4 % NETIF_QUEUES);
    frame4(ICMP);
    expect_frame("IPv4, ICMP", G_NETIF_HASH_IPV4, HASH4, HASH4 % NETIF_QUEUES);
    frame6(TCP);
    expect_frame("IPv6, TCP", G_NETIF_HASH_IPV6_TCP, HASH6_TCP, HASH6_TCP % NETIF_QUEUES);
    frame6(UDP);
    expect_frame("IPv6, UDP", G_NETIF_HASH_IPV6, HASH6, HASH6 % NETIF_QUEUES);
    frame_begin(0x88b5); /* for local experiments */
    expect_frame("no IP", 0, 0, 0);
    frame4(TCP);
    frame[PACKET + 6] = 0x20;
    expect_frame("the first fragment", G_NETIF_HASH_IPV4, HASH4, HASH4 % NETIF_QUEUES);
    frame[PACKET + 7] = 3;
    expect_frame("a later fragment", G_NETIF_HASH_IPV4, HASH4, HASH4 % NETIF_QUEUES);
}

TEST(netif_kinds, "netif-kinds", TEST_ALL | TEST_GUEST | TEST_ALONE)
{
    if (!is_connected())
        return;
    all_kinds();
    hashing_begin(G_NETIF_HASH_IPV4 | G_NETIF_HASH_IPV6_TCP);
    frame4(TCP);
    expect_frame("TCP, by addresses", G_NETIF_HASH_IPV4, HASH4, HASH4 % NETIF_QUEUES);
    frame6(UDP);
    expect_frame("UDP, only TCP is hashed", 0, 0, 0);
    ASK(SET_HASH_KEY, "none", table_ref, 0, 0, DONE);
    frame4(TCP);
    expect_frame("no key", G_NETIF_HASH_IPV4, 0, 0);
    disconnect();
}

TEST(netif_steering, "netif-steering", TEST_ALL | TEST_GUEST | TEST_ALONE)
{
    static const struct g_netif_extra_hash wrong = {
        G_NETIF_EXTRA_TYPE_HASH, 0, 9, G_NETIF_ALGORITHM_TOEPLITZ, {1, 2, 3, 4}};
    struct netif_arrival arrival;

    if (!is_connected())
        return;
    hashing_begin(ALL_KINDS);
    frame4(TCP);
    for (uint32_t queue = 0; queue < NETIF_QUEUES; queue++) {
        table_fill(queue);
        ASK(SET_HASH_MAPPING_SIZE, "seven", 7, 0, 0, DONE);
        ASK(SET_HASH_MAPPING, "one queue for all", table_ref, 7, 0, DONE);
        expect_frame(queue == 0 ? "all to the first" : "all to the last", G_NETIF_HASH_IPV4_TCP,
                     HASH4_TCP, queue);
    }
    table_fill(0);
    ASK(SET_HASH_MAPPING, "this entry to the first", table_ref, 1, HASH4_TCP % 7, DONE);
    expect_frame("its own entry", G_NETIF_HASH_IPV4_TCP, HASH4_TCP, 0);
    expect_true(ROW(frame), "a hash of the sender's", frame_exchange(&wrong, &arrival));
    ASK(SET_HASH_MAPPING_SIZE, "none", 0, 0, 0, DONE);
    expect_frame("modulo", G_NETIF_HASH_IPV4_TCP, HASH4_TCP, HASH4_TCP % NETIF_QUEUES);
    ASK(SET_HASH_FLAGS, "none", 0, 0, 0, DONE);
    expect_true(ROW(frame), "no kinds", frame_exchange(NULL, &arrival) && !arrival.is_hashed);
    ASK(SET_HASH_ALGORITHM, "none", G_NETIF_ALGORITHM_NONE, 0, 0, DONE);
    expect_true(ROW(frame), "no algorithm",
                frame_exchange(NULL, &arrival) && !arrival.is_hashed);
    disconnect();
}

/* Whether anything of what one connection asked for is there in the next. */
TEST(netif_again, "netif-again", TEST_ALL | TEST_GUEST | TEST_ALONE)
{
    if (!is_connected())
        return;
    ASK(SET_HASH_ALGORITHM, "toeplitz", G_NETIF_ALGORITHM_TOEPLITZ, 0, 0, DONE);
    ASK(SET_HASH_MAPPING_SIZE, "a table", 5, 0, 0, DONE);
    disconnect();
    if (!is_connected())
        return;
    LOOK(GET_HASH_FLAGS, "another connection", 0, 0, 0);
    table_fill(0);
    LOOK(SET_HASH_MAPPING, "another connection", table_ref, 1, 0);
    disconnect();
}
