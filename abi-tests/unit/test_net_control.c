/* The control ring of a network front-end: each request's answers, and where frames go then. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c guest-drivers/service/rss.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_platform.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "abi-tests/unit/xen_rings.h"

#define XEN_NETIF_DEFINE_TOEPLITZ
#include <xen/io/netif.h>
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/netif.h"

#define SAME(ours, theirs) _Static_assert((u32)(ours) == (u32)(theirs), "as in netif.h")
SAME(sizeof(struct xen_netif_control_request), sizeof(struct xen_netif_ctrl_request));
SAME(sizeof(struct xen_netif_control_response), sizeof(struct xen_netif_ctrl_response));
SAME(offsetof(struct xen_netif_control_request, data),
     offsetof(struct xen_netif_ctrl_request, data));
SAME(offsetof(struct xen_netif_control_response, data),
     offsetof(struct xen_netif_ctrl_response, data));
SAME(sizeof(struct xen_netif_extra), sizeof(struct netif_extra_info));
SAME(offsetof(struct xen_netif_extra, hash.value),
     offsetof(struct netif_extra_info, u.hash.value));
SAME(XEN_NETIF_EXTRA_HASH, XEN_NETIF_EXTRA_TYPE_HASH);
SAME(XEN_NETIF_CTRL_GET_HASH_FLAGS, XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS);
SAME(XEN_NETIF_CTRL_SET_HASH_FLAGS, XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS);
SAME(XEN_NETIF_CTRL_SET_HASH_KEY, XEN_NETIF_CTRL_TYPE_SET_HASH_KEY);
SAME(XEN_NETIF_CTRL_GET_HASH_MAPPING_SIZE, XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE);
SAME(XEN_NETIF_CTRL_SET_HASH_MAPPING_SIZE, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE);
SAME(XEN_NETIF_CTRL_SET_HASH_MAPPING, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING);
SAME(XEN_NETIF_CTRL_SET_HASH_ALGORITHM, XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM);
SAME(XEN_NETIF_CTRL_GET_GREF_MAPPING_SIZE, XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE);
SAME(XEN_NETIF_CTRL_ADD_GREF_MAPPING, XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING);
SAME(XEN_NETIF_CTRL_DEL_GREF_MAPPING, XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING);
SAME(XEN_NETIF_CTRL_SUCCESS, XEN_NETIF_CTRL_STATUS_SUCCESS);
SAME(XEN_NETIF_CTRL_NOT_SUPPORTED, XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED);
SAME(XEN_NETIF_CTRL_INVALID_PARAMETER, XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER);
SAME(XEN_NETIF_CTRL_BUFFER_OVERFLOW, XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW);
SAME(XEN_NETIF_CTRL_HASH_IPV4, XEN_NETIF_CTRL_HASH_TYPE_IPV4);
SAME(XEN_NETIF_CTRL_HASH_IPV4_TCP, XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
SAME(XEN_NETIF_CTRL_HASH_IPV6, XEN_NETIF_CTRL_HASH_TYPE_IPV6);
SAME(XEN_NETIF_CTRL_HASH_IPV6_TCP, XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP);
SAME(XEN_NETIF_CTRL_NO_HASH, XEN_NETIF_CTRL_HASH_ALGORITHM_NONE);
SAME(XEN_NETIF_CTRL_TOEPLITZ, XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);

/* What a request is answered: short names of the header's. */
enum { DONE, NOT_SUPPORTED, INVALID, OVERFLOW };

#define QUEUES     3u
#define TX(queue)  (2 * (queue)) /* the pages of the rings */
#define RX(queue)  (2 * (queue) + 1)
#define CONTROL    8u
#define LENT       10u /* keys and tables */
#define BUFFERS    20u
#define PORT       30u /* of the control ring */
#define PORT_BOUND (PORT + 100)

static struct net_switch net;
static struct net_back back;
static struct net_port wire; /* where frames come from */
static struct net_address wire_share[4];
static netif_rx_front_ring_t rx[QUEUES];
static xen_netif_ctrl_front_ring_t control;
static u8 backlog[NET_BACKLOG_BYTES];
static u8 frame[9000];
static const u8 key[RSS_KEY_BYTES] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e,
                                      0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                                      0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb};

static void wire_send(struct net_port *port, const struct net_frame *given)
{
    (void)port;
    (void)given;
}

static void buffers_post(u32 queue)
{
    int wanted;

    for (u32 i = 0; i < 32; i++) {
        netif_rx_request_t *request = RING_GET_REQUEST(&rx[queue], rx[queue].req_prod_pvt);

        *request = (netif_rx_request_t){.id = (u16)i, .gref = BUFFERS + queue};
        rx[queue].req_prod_pvt++;
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&rx[queue], wanted);
    (void)wanted;
}

static void queue_make(u32 queue)
{
    struct net_offer offer = {TX(queue), RX(queue), queue + 1, queue + 1};
    netif_rx_sring_t *ring = (void *)fake_pages[RX(queue)];

    SHARED_RING_INIT((netif_tx_sring_t *)(void *)fake_pages[TX(queue)]);
    SHARED_RING_INIT(ring);
    FRONT_RING_INIT(&rx[queue], ring, 4096);
    assert_int_equal(net_queue_open(&back, &offer), ST_OK);
    buffers_post(queue);
}

static void control_make(void)
{
    xen_netif_ctrl_sring_t *ring = (void *)fake_pages[CONTROL];

    SHARED_RING_INIT(ring);
    FRONT_RING_INIT(&control, ring, 4096);
    assert_int_equal(net_control_open(&back.control, 1, CONTROL, PORT), ST_OK);
}

static int setup(void **state)
{
    (void)state;
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    memset(wire_share, 0, sizeof(wire_share));
    net_back_make(&back, 1, 0xa0, backlog);
    for (u32 i = 0; i < QUEUES; i++)
        queue_make(i);
    control_make();
    net_back_attach(&back, &net, NET_TAKES_BLANK4 | NET_TAKES_GSO4, NET_FRAME_MAX);
    wire = (struct net_port){
        .send = wire_send, .largest = 1514, .address = wire_share, .addresses = 4};
    switch_attach(&net, &wire);
    memcpy(fake_pages[LENT], key, sizeof(key));
    return 0;
}

/* ---- requests ---------------------------------------------------------------------------- */

static void request_put(u16 type, u32 a, u32 b, u32 c)
{
    struct xen_netif_ctrl_request *request = RING_GET_REQUEST(&control, control.req_prod_pvt);

    *request =
        (struct xen_netif_ctrl_request){(u16)(control.req_prod_pvt + 700), type, {a, b, c}};
    control.req_prod_pvt++;
}

static void push(void)
{
    int wanted;

    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&control, wanted);
    (void)wanted;
}

static struct xen_netif_ctrl_response answer_take(void)
{
    struct xen_netif_ctrl_response *response = RING_GET_RESPONSE(&control, control.rsp_cons);

    assert_true(control.rsp_cons != control.sring->rsp_prod);
    assert_int_equal(response->id, control.rsp_cons + 700);
    control.rsp_cons++;
    control.sring->rsp_event = control.rsp_cons + 1;
    return *response;
}

/* The status; the data of the answer goes to `data`, or is to be zero. */
static u32 ask_data(u16 type, u32 a, u32 b, u32 c, u32 *data)
{
    struct xen_netif_ctrl_response response;
    u32 signals = fake_signals;

    request_put(type, a, b, c);
    push();
    assert_true(net_port_serve(&back, PORT_BOUND, 1));
    assert_false(back.is_broken);
    net_back_push(&back);
    assert_int_equal(fake_signals, signals + 1);
    response = answer_take();
    assert_int_equal(control.rsp_cons, control.sring->rsp_prod);
    assert_int_equal(response.type, type);
    if (data)
        *data = response.data;
    else
        assert_int_equal(response.data, 0);
    return response.status;
}

static u32 ask(u16 type, u32 a, u32 b, u32 c)
{
    return ask_data(type, a, b, c, NULL);
}

#define ALGORITHM(a)     ask(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, a, 0, 0)
#define FLAGS(f)         ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, f, 0, 0)
#define KEY(ref, n)      ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, ref, n, 0)
#define SIZE(n)          ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, n, 0, 0)
#define TABLE(ref, n, o) ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, ref, n, o)
#define TOEPLITZ         XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ

static void test_algorithm_and_flags(void **state)
{
    u32 flags = 0;

    (void)state;
    assert_int_equal(ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0), NOT_SUPPORTED);
    assert_int_equal(FLAGS(15), INVALID);
    assert_int_equal(FLAGS(0), INVALID);
    assert_int_equal(ALGORITHM(2), INVALID);
    assert_int_equal(ALGORITHM(~0u), INVALID);
    assert_int_equal(ALGORITHM(TOEPLITZ), DONE);
    assert_int_equal(ask_data(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0, &flags), DONE);
    assert_int_equal(flags, 15);
    assert_null(net_control_rss(&back.control));
    assert_int_equal(FLAGS(16), INVALID);
    assert_int_equal(FLAGS(0x80000001), INVALID);
    assert_null(net_control_rss(&back.control));
    assert_int_equal(FLAGS(15), DONE);
    assert_int_equal(net_control_rss(&back.control)->kinds, 15);
    assert_int_equal(ALGORITHM(7), INVALID);
    assert_non_null(net_control_rss(&back.control));
    assert_int_equal(FLAGS(0), DONE);
    assert_null(net_control_rss(&back.control));
    assert_int_equal(FLAGS(4), DONE);
    assert_int_equal(ALGORITHM(0), DONE);
    assert_null(net_control_rss(&back.control));
    assert_int_equal(FLAGS(1), INVALID);
}

static void test_key(void **state)
{
    static const u8 none[RSS_KEY_BYTES];

    (void)state;
    assert_int_equal(KEY(LENT, 20), DONE);
    assert_memory_equal(back.control.rss.key, key, sizeof(key));
    assert_int_equal(KEY(LENT, 41), OVERFLOW);
    assert_int_equal(KEY(LENT, ~0u), OVERFLOW);
    assert_int_equal(KEY(FAKE_PAGES, 20), INVALID);
    assert_memory_equal(back.control.rss.key, key, sizeof(key));
    /* What is not given of a new one is zero. */
    assert_int_equal(KEY(LENT, 3), DONE);
    assert_memory_equal(back.control.rss.key, key, 3);
    assert_memory_equal(back.control.rss.key + 3, none, RSS_KEY_BYTES - 3);
    assert_int_equal(KEY(FAKE_PAGES, 0), DONE);
    assert_memory_equal(back.control.rss.key, none, RSS_KEY_BYTES);
    memset(fake_pages[LENT], 0xa5, 4096);
    assert_int_equal(KEY(LENT, 40), DONE);
    assert_memory_equal(back.control.rss.key, fake_pages[LENT], 40);
}

static void table_write(u32 count, u32 queue)
{
    for (u32 i = 0; i < count; i++)
        memcpy(fake_pages[LENT] + i * sizeof(u32), &queue, sizeof(queue));
}

static void test_mapping(void **state)
{
    u32 most = 0, four = QUEUES;

    (void)state;
    assert_int_equal(ask_data(XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE, 0, 0, 0, &most), DONE);
    assert_int_equal(most, RSS_TABLE_MAX);
    assert_int_equal(TABLE(LENT, 0, 0), DONE);
    assert_int_equal(TABLE(LENT, 1, 0), INVALID); /* there is no table */
    assert_int_equal(SIZE(most + 1), INVALID);
    assert_int_equal(SIZE(most), DONE);
    table_write(most + 1, QUEUES - 1);
    assert_int_equal(TABLE(LENT, most, 0), DONE);
    assert_int_equal(back.control.rss.queue[most - 1], QUEUES - 1);
    assert_int_equal(TABLE(LENT, most + 1, 0), OVERFLOW);
    assert_int_equal(TABLE(LENT, 1025, 0), OVERFLOW);
    assert_int_equal(TABLE(LENT, ~0u, 2), OVERFLOW);
    assert_int_equal(TABLE(LENT, 1, most), INVALID);
    assert_int_equal(TABLE(LENT, 2, ~0u), INVALID);
    assert_int_equal(TABLE(FAKE_PAGES, 1, 0), INVALID);
    table_write(8, 1);
    assert_int_equal(TABLE(LENT, 8, most - 8), DONE);
    assert_int_equal(back.control.rss.queue[most - 9], QUEUES - 1);
    assert_int_equal(back.control.rss.queue[most - 8], 1);
    /* One that is refused changes no entry. */
    table_write(8, 0);
    memcpy(fake_pages[LENT] + 28, &four, 4);
    assert_int_equal(TABLE(LENT, 8, 0), INVALID);
    memcpy(fake_pages[LENT], &four, 4);
    assert_int_equal(TABLE(LENT, 1, 0), INVALID);
    assert_int_equal(back.control.rss.queue[0], QUEUES - 1);
    assert_int_equal(SIZE(most + 1), INVALID);
    assert_int_equal(back.control.rss.entries, most);
    assert_int_equal(SIZE(5), DONE);
    assert_int_equal(back.control.rss.queue[0], 0);
    assert_int_equal(TABLE(LENT, 6, 0), INVALID);
    assert_int_equal(SIZE(0), DONE);
    assert_int_equal(back.control.rss.entries, 0);
}

static void test_others(void **state)
{
    static const u16 types[] = {0, 8, 9, 10, 11, 0xffff};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(types); i++)
        assert_int_equal(ask(types[i], 0, LENT, 1), NOT_SUPPORTED);
}

/* ---- frames ------------------------------------------------------------------------------ */

static void frame_make(u32 bytes)
{
    static const u8 head[] = {0,  0,    0,   0,   0,   0xa0, 0,   0,  0,    0,    0,    0xb0, 8,
                              0,  0x45, 0,   0,   0,   0,    0,   0,  0,    64,   6,    0,    0,
                              66, 9,    149, 187, 161, 142,  100, 80, 0x0a, 0xea, 0x06, 0xe6};

    memset(frame, 7, sizeof(frame));
    memcpy(frame, head, sizeof(head));
    frame[16] = (u8)((bytes - 14) >> 8);
    frame[17] = (u8)(bytes - 14);
    frame[46] = 0x50;
}

static void frame_send(u32 bytes, enum net_gso gso)
{
    struct net_frame given = {.at = frame, .bytes = bytes, .gso = gso, .gso_bytes = 1448};

    switch_input(&wire, &given, 1);
    net_back_push(&back);
}

/* Hash and queue of the one frame that came, with the number of its extras. */
static u32 expect_frame(u32 queue, u32 extras)
{
    netif_rx_response_t *first = RING_GET_RESPONSE(&rx[queue], rx[queue].rsp_cons);
    struct netif_extra_info *extra = NULL;
    u32 value = 0;

    for (u32 i = 0; i < QUEUES; i++)
        if (i != queue)
            assert_int_equal(rx[i].rsp_cons, rx[i].sring->rsp_prod);
    assert_true(rx[queue].rsp_cons != rx[queue].sring->rsp_prod);
    assert_int_equal(!!(first->flags & NETRXF_extra_info), extras != 0);
    rx[queue].rsp_cons++;
    for (u32 i = 0; i < extras; i++) {
        extra = (void *)RING_GET_RESPONSE(&rx[queue], rx[queue].rsp_cons++);
        assert_int_equal(extra->flags, i + 1 < extras ? XEN_NETIF_EXTRA_FLAG_MORE : 0);
    }
    rx[queue].rsp_cons = rx[queue].sring->rsp_prod;
    if (!extra || extra->type != XEN_NETIF_EXTRA_TYPE_HASH)
        return 0;
    assert_int_equal(extra->u.hash.type, _XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP);
    assert_int_equal(extra->u.hash.algorithm, XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ);
    memcpy(&value, extra->u.hash.value, sizeof(value));
    return value;
}

static void test_frames(void **state)
{
    u32 hash;

    (void)state;
    frame_make(100);
    hash = xen_netif_toeplitz_hash(key, sizeof(key), frame + 26, 12);
    assert_int_equal(ALGORITHM(TOEPLITZ), DONE);
    assert_int_equal(KEY(LENT, sizeof(key)), DONE);
    assert_int_equal(FLAGS(15), DONE);
    frame_send(100, NET_GSO_NONE);
    assert_int_equal(expect_frame(hash % QUEUES, 1), hash);
    assert_memory_equal(fake_pages[BUFFERS + hash % QUEUES], frame, 100);
    for (u32 queue = 0; queue < QUEUES; queue++) {
        table_write(7, queue);
        assert_int_equal(SIZE(7), DONE);
        assert_int_equal(TABLE(LENT, 7, 0), DONE);
        frame_send(100, NET_GSO_NONE);
        assert_int_equal(expect_frame(queue, 1), hash);
    }
    /* A long one says two things about itself. */
    frame_make(9000);
    frame_send(9000, NET_GSO_TCP4);
    assert_int_equal(expect_frame(QUEUES - 1, 2), hash);
    frame[12] = 9; /* no protocol that is hashed: the first entry's */
    frame_send(100, NET_GSO_NONE);
    assert_int_equal(expect_frame(QUEUES - 1, 0), 0);
    assert_int_equal(SIZE(0), DONE);
    frame_send(100, NET_GSO_NONE);
    assert_int_equal(expect_frame(0, 0), 0);
    assert_int_equal(ALGORITHM(0), DONE);
    frame_make(100);
    frame_send(100, NET_GSO_NONE);
    for (u32 i = 0; i < QUEUES; i++)
        if (rx[i].rsp_cons != rx[i].sring->rsp_prod)
            assert_int_equal(expect_frame(i, 0), 0);
}

/* A frame that waited goes where it is wanted by then, and needs a buffer more for its hash. */
static void test_waiting_frames(void **state)
{
    (void)state;
    frame_make(100);
    for (u32 i = 0; i < QUEUES; i++)
        ((netif_rx_sring_t *)(void *)fake_pages[RX(i)])->req_prod = 1;
    assert_int_equal(ALGORITHM(TOEPLITZ), DONE);
    assert_int_equal(FLAGS(2), DONE);
    frame_send(100, NET_GSO_NONE);
    assert_int_equal(back.backlog.count, 1);
    assert_int_equal(((netif_rx_sring_t *)(void *)fake_pages[RX(0)])->req_event, 2);
    table_write(1, 2);
    assert_int_equal(SIZE(1), DONE);
    assert_int_equal(TABLE(LENT, 1, 0), DONE);
    ((netif_rx_sring_t *)(void *)fake_pages[RX(2)])->req_prod = 2;
    assert_true(net_port_serve(&back, 103, 1));
    net_back_push(&back);
    assert_int_equal(back.backlog.count, 0);
    assert_int_equal(expect_frame(2, 1), 0); /* there is no key */
}

/* ---- the ring ---------------------------------------------------------------------------- */

/* A full ring is served in rounds. */
static void test_rounds(void **state)
{
    u32 rounds = 1;

    (void)state;
    assert_int_equal(RING_SIZE(&control), 128);
    for (u32 i = 0; i < 128; i++)
        request_put(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, i, 0, 0);
    push();
    assert_true(net_port_serve(&back, PORT_BOUND, 1));
    net_back_push(&back);
    assert_in_range(control.sring->rsp_prod, 1, 127);
    while (net_continue(&back, 1))
        rounds++;
    net_back_push(&back);
    assert_in_range(rounds, 3, 8);
    for (u32 i = 0; i < 128; i++)
        assert_int_equal(answer_take().status, i < 2 ? DONE : INVALID);
    assert_int_equal(control.sring->req_event, 129);
}

static void expect_broken(u32 producer)
{
    control.sring->req_prod = producer;
    assert_true(net_port_serve(&back, PORT_BOUND, 1));
    assert_true(back.is_broken);
    assert_false(net_continue(&back, 1));
    net_back_push(&back);
    assert_int_equal(control.sring->rsp_prod, 0);
    net_back_close(&back);
    assert_int_equal(fake_rings, 0);
    assert_int_equal(fake_ports, 0);
    assert_false(back.control.is_open);
}

static void test_bad_ring(void **state)
{
    expect_broken(129);
    setup(state);
    expect_broken(~0u);
}

/* Who connects anew has asked for nothing yet; one without the ring has none. */
static void test_reconnects(void **state)
{
    (void)state;
    assert_int_equal(ALGORITHM(TOEPLITZ), DONE);
    assert_int_equal(FLAGS(15), DONE);
    net_back_close(&back);
    assert_int_equal(fake_ports, 0);
    assert_int_equal(net_control_open(&back.control, 1, FAKE_PAGES, PORT), ST_NO_ENTRY);
    assert_int_equal(net_control_open(&back.control, 1, CONTROL, 0), ST_INVALID);
    assert_int_equal(fake_rings, 0);
    assert_null(net_control_rss(&back.control));
    queue_make(0);
    assert_false(net_port_serve(&back, 0, 1));
    assert_false(net_port_serve(&back, PORT_BOUND, 1));
    control_make();
    assert_int_equal(back.control.partition, 1);
    assert_int_equal(ask(XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS, 0, 0, 0), NOT_SUPPORTED);
    net_back_close(&back);
    assert_int_equal(fake_rings + fake_ports, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_algorithm_and_flags, setup),
        cmocka_unit_test_setup(test_key, setup),
        cmocka_unit_test_setup(test_mapping, setup),
        cmocka_unit_test_setup(test_others, setup),
        cmocka_unit_test_setup(test_frames, setup),
        cmocka_unit_test_setup(test_waiting_frames, setup),
        cmocka_unit_test_setup(test_rounds, setup),
        cmocka_unit_test_setup(test_bad_ring, setup),
        cmocka_unit_test_setup(test_reconnects, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
