/* The life of a network back-end: whose it is, what it finds when it is connected, what waits,
 * and that nothing of one connection is left in the next. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/netif_pair.h"

/* ---- whose it is ---- */

static void test_whose_pages_and_ports(void **state)
{
    (void)state;
    assert_int_equal(fake_asked, 1);
    fake_asked = 0;
    frame_write(10, 0);
    tx_put(10, 0, 60, 0);
    serve();
    assert_int_equal(fake_asked, 1);
}

static struct net_port third;
static struct net_address third_share[4];
static u32 third_count;

static void third_send(struct net_port *port, const struct net_frame *frame)
{
    (void)port;
    (void)frame;
    third_count++;
}

static void third_attach(void)
{
    third = (struct net_port){
        .send = third_send, .largest = 1514, .address = third_share, .addresses = 4};
    memset(third_share, 0, sizeof(third_share));
    third_count = 0;
    switch_attach(&net, &third);
}

static void third_say(u8 to, u8 from)
{
    u8 bytes[60] = {0, 0, 0, 0, 0, to, 0, 0, 0, 0, 0, from};

    switch_input(&third, &(struct net_frame){.at = bytes, .bytes = sizeof(bytes)}, 1);
}

/* It is known before the guest has sent anything, and nobody else sends from it. */
static void test_address_is_its_own(void **state)
{
    (void)state;
    third_attach();
    third_say(0xb0, 0xc0);
    assert_int_equal(b.back.backlog.count, 1);
    assert_int_equal(a.back.backlog.count, 0);
    third_say(0xa0, 0xb0);
    assert_int_equal(third.in.dropped, 1);
    assert_int_equal(a.back.backlog.count, 0);
}

/* Of a bridge inside the guest. */
static void test_addresses_behind_it(void **state)
{
    (void)state;
    third_attach();
    frame_write(10, 0);
    fake_pages[10][11] = 0xa7;
    tx_put(10, 0, 60, 0);
    serve();
    assert_int_equal(third_count, 0); /* B is known */
    assert_int_equal(b.back.backlog.count, 1);
    third_say(0xa7, 0xc0);
    assert_int_equal(a.back.backlog.count, 1);
    assert_int_equal(b.back.backlog.count, 1);
}

/* ---- its begin ---- */

static void test_two_pages_are_all(void **state)
{
    struct net_offer offer = {FAKE_PAGES - 2, FAKE_PAGES - 1, 9, 9};

    (void)state;
    assert_int_equal(net_queue_open(&b.back, &offer), ST_OK);
}

/* A front-end may fill its rings before it says that they are there, and nothing signals then.
 */
static void test_what_lay_in_the_rings(void **state)
{
    int wanted;

    (void)state;
    frame_write(10, 0);
    tx_put(10, 0, 60, 0);
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&a.tx, wanted);
    (void)wanted;
    assert_false(net_continue(&a.back, 1));
    net_back_push(&a.back);
    expect_answers(1, NETIF_RSP_OKAY);
    assert_int_equal(b.back.backlog.count, 1);
    buffers_post(2);
    assert_false(net_continue(&b.back, 1));
    net_back_push(&b.back);
    assert_int_equal(arrival_take()->status, 60);
    expect_nothing();
}

/* ---- what waits ---- */

static void frames_send(u32 count)
{
    frame_write(10, 0);
    for (u32 i = 0; i < count; i++) {
        fake_pages[10][20] = (u8)i;
        tx_put(10, 0, 60, 0);
        serve();
        expect_answers(1, NETIF_RSP_OKAY);
    }
}

/* Each comes once, however many buffers there are by then. */
static void test_more_buffers_than_frames(void **state)
{
    (void)state;
    frames_send(3);
    buffers_post(8);
    assert_true(net_port_serve(&b.back, 108, 1));
    net_back_push(&b.back);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(arrival_take()->status, 60);
        assert_int_equal(fake_pages[BUFFERS + i][20], i);
    }
    expect_nothing();
}

static void test_lost_frames_are_counted(void **state)
{
    u32 waiting;

    (void)state;
    frame_write(10, 0);
    do {
        waiting = b.back.backlog.count;
        tx_put(10, 0, 4000, 0);
        serve();
        expect_answers(1, NETIF_RSP_OKAY);
    } while (b.back.backlog.count != waiting);
    assert_int_equal(b.back.port.out.dropped, 1);
}

/* The guest asked for hashes when the frame came, and no more when it had a buffer for it. */
static void test_hash_of_a_frame_that_waited(void **state)
{
    struct net_control *control = &b.back.control;

    (void)state;
    control->algorithm = XEN_NETIF_CTRL_TOEPLITZ;
    control->rss.kinds = RSS_ALL;
    frame_write(10, 0);
    memcpy(fake_pages[10] + 12, "\x08\0\x45\0\0\x28\0\0\0\0\x40\x06", 12);
    fake_pages[10][46] = 0x50;
    tx_put(10, 0, 60, 0);
    serve();
    assert_int_equal(b.back.backlog.count, 1);
    control->algorithm = XEN_NETIF_CTRL_NO_HASH;
    buffers_post(2);
    assert_true(net_port_serve(&b.back, 108, 1));
    net_back_push(&b.back);
    assert_int_equal(arrival_take()->flags & NETRXF_extra_info, 0);
    expect_nothing();
}

/* ---- signals ---- */

/* A queue of A's whose ring of answers and ring of arrivals both have news. */
static u32 signals_of(u32 tx_port, u32 rx_port)
{
    struct net_offer offer = {4, 5, tx_port, rx_port};
    netif_tx_sring_t *tx = (void *)fake_pages[4];
    netif_rx_sring_t *rx = (void *)fake_pages[5];

    net_back_close(&a.back);
    SHARED_RING_INIT(tx);
    SHARED_RING_INIT(rx);
    assert_int_equal(net_queue_open(&a.back, &offer), ST_OK);
    net_back_attach(&a.back, &net, ALL_ABILITIES, NET_FRAME_MAX);
    tx->ring[0].req = (netif_tx_request_t){.gref = 10, .size = 60};
    rx->ring[0].req = (netif_rx_request_t){.gref = 11};
    tx->req_prod = rx->req_prod = 1;
    frame_write(10, 0);
    third_say(0xa0, 0xc0);
    assert_true(net_port_serve(&a.back, tx_port + 100, 1));
    fake_signals = 0;
    net_back_push(&a.back);
    assert_int_equal(tx->rsp_prod, 1);
    assert_int_equal(rx->rsp_prod, 1);
    return fake_signals;
}

static void test_signals(void **state)
{
    (void)state;
    third_attach();
    assert_int_equal(signals_of(9, 9), 1);
    assert_int_equal(signals_of(9, 10), 2);
}

/* ---- its end ---- */

/* The same guest connects again. */
static void b_again(void)
{
    struct net_offer offer = {2, 3, 8, 8};

    SHARED_RING_INIT(b.rx.sring);
    FRONT_RING_INIT(&b.rx, b.rx.sring, 4096);
    assert_int_equal(net_queue_open(&b.back, &offer), ST_OK);
    net_back_attach(&b.back, &net, ALL_ABILITIES, NET_FRAME_MAX);
}

static void test_frames_that_waited_end_with_it(void **state)
{
    (void)state;
    frames_send(3);
    assert_int_equal(b.back.backlog.count, 3);
    net_back_close(&b.back);
    b_again();
    buffers_post(8);
    assert_true(net_port_serve(&b.back, 108, 1));
    net_back_push(&b.back);
    expect_nothing();
    frames_send(1);
    assert_int_equal(arrival_take()->status, 60);
}

/* The ring to the guest makes no sense: the one from it is not looked at any more, until the
 * guest connects again. */
static void test_broken(void **state)
{
    netif_tx_sring_t *tx = (void *)fake_pages[2];

    (void)state;
    frames_send(1);
    b.rx.sring->req_prod = 1000;
    tx->ring[0].req = (netif_tx_request_t){.gref = 10, .size = 60};
    tx->req_prod = 1;
    assert_true(net_port_serve(&b.back, 108, 1));
    assert_true(b.back.is_broken);
    assert_int_equal(b.back.queue[0].tx.taken, 0);
    net_back_close(&b.back);
    tx->req_prod = 0;
    b_again();
    buffers_post(1);
    frames_send(1);
    assert_int_equal(arrival_take()->status, 60);
    assert_false(b.back.is_broken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_whose_pages_and_ports, setup),
        cmocka_unit_test_setup(test_address_is_its_own, setup),
        cmocka_unit_test_setup(test_addresses_behind_it, setup),
        cmocka_unit_test_setup(test_two_pages_are_all, setup),
        cmocka_unit_test_setup(test_what_lay_in_the_rings, setup),
        cmocka_unit_test_setup(test_more_buffers_than_frames, setup),
        cmocka_unit_test_setup(test_lost_frames_are_counted, setup),
        cmocka_unit_test_setup(test_hash_of_a_frame_that_waited, setup),
        cmocka_unit_test_setup(test_signals, setup),
        cmocka_unit_test_setup(test_frames_that_waited_end_with_it, setup),
        cmocka_unit_test_setup(test_broken, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
