/* The network back-end against rings written as front-ends write them, and as none should. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "abi-tests/unit/xen_rings.h"

#include <xen/io/netif.h>
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/netif.h"

#define ALL_ABILITIES (NET_TAKES_BLANK4 | NET_TAKES_BLANK6 | NET_TAKES_GSO4 | NET_TAKES_GSO6)
#define BUFFERS       40u /* first page of B's receive buffers */
#define BUFFER_COUNT  64u

_Static_assert(sizeof(union netif_tx_sring_entry) == sizeof(struct xen_netif_tx_request) &&
                   sizeof(union netif_rx_sring_entry) == sizeof(struct xen_netif_rx_request) &&
                   sizeof(struct netif_extra_info) == sizeof(struct xen_netif_extra),
               "as in netif.h");
_Static_assert(offsetof(struct netif_extra_info, u.gso.type) ==
                       offsetof(struct xen_netif_extra, gso.type) &&
                   offsetof(struct netif_tx_request, size) ==
                       offsetof(struct xen_netif_tx_request, size) &&
                   offsetof(struct netif_rx_response, status) ==
                       offsetof(struct xen_netif_rx_response, status),
               "as in netif.h");
_Static_assert((int)NETTXF_csum_blank == (int)XEN_NETIF_TX_BLANK &&
                   (int)NETTXF_data_validated == (int)XEN_NETIF_TX_VALIDATED &&
                   (int)NETTXF_more_data == (int)XEN_NETIF_TX_MORE &&
                   (int)NETTXF_extra_info == (int)XEN_NETIF_TX_EXTRA &&
                   (int)NETRXF_csum_blank == (int)XEN_NETIF_RX_BLANK &&
                   (int)NETRXF_data_validated == (int)XEN_NETIF_RX_VALIDATED &&
                   (int)NETRXF_more_data == (int)XEN_NETIF_RX_MORE &&
                   (int)NETRXF_extra_info == (int)XEN_NETIF_RX_EXTRA,
               "as in netif.h");

/* A guest: its half of the rings and our back-end. */
struct side {
    struct net_back back;
    netif_tx_front_ring_t tx;
    netif_rx_front_ring_t rx;
    _Alignas(8) u8 backlog[NET_BACKLOG_BYTES];
};

static struct side a, b;
static struct net_switch net;

static void side_make(struct side *side, u32 page, u32 port, u64 address)
{
    struct net_offer offer = {page, page + 1, port, port};
    netif_tx_sring_t *tx = (void *)fake_pages[page];
    netif_rx_sring_t *rx = (void *)fake_pages[page + 1];

    SHARED_RING_INIT(tx);
    FRONT_RING_INIT(&side->tx, tx, 4096);
    SHARED_RING_INIT(rx);
    FRONT_RING_INIT(&side->rx, rx, 4096);
    net_back_make(&side->back, 1, address, side->backlog);
    assert_int_equal(net_queue_open(&side->back, &offer), ST_OK);
    net_back_attach(&side->back, &net, ALL_ABILITIES, NET_FRAME_MAX);
}

static int setup(void **state)
{
    (void)state;
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    side_make(&a, 0, 7, 0xa0);
    side_make(&b, 2, 8, 0xb0);
    return 0;
}

static netif_tx_request_t *tx_put(u32 page, u16 offset, u16 size, u16 flags)
{
    netif_tx_request_t *request = RING_GET_REQUEST(&a.tx, a.tx.req_prod_pvt);

    *request = (netif_tx_request_t){page, offset, flags, (u16)(a.tx.req_prod_pvt + 500), size};
    a.tx.req_prod_pvt++;
    return request;
}

static struct netif_extra_info *extra_put(u8 type, u8 flags)
{
    struct netif_extra_info *extra = (void *)RING_GET_REQUEST(&a.tx, a.tx.req_prod_pvt);

    memset(extra, 0, sizeof(netif_tx_request_t));
    extra->type = type;
    extra->flags = flags;
    extra->u.gso.size = 1448;
    extra->u.gso.type = XEN_NETIF_GSO_TYPE_TCPV4;
    a.tx.req_prod_pvt++;
    return extra;
}

static void buffers_post(u32 count)
{
    int wanted;

    for (u32 i = 0; i < count; i++) {
        u32 index = b.rx.req_prod_pvt++;
        netif_rx_request_t *request = RING_GET_REQUEST(&b.rx, index);

        *request = (netif_rx_request_t){.id = (u16)(index + 900),
                                        .gref = BUFFERS + index % BUFFER_COUNT};
    }
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&b.rx, wanted);
    (void)wanted;
}

static void serve_more(void)
{
    assert_true(net_port_serve(&a.back, 107, 1));
    net_back_push(&a.back);
    net_back_push(&b.back);
    assert_int_equal(fake_users, 0);
}

static void serve(void)
{
    int wanted;

    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&a.tx, wanted);
    (void)wanted;
    serve_more();
}

/* Frame bytes in a page of A's, to B. */
static void frame_write(u32 page, u16 offset)
{
    u8 *at = fake_pages[page] + offset;

    for (u32 i = 0; i < 4096u - offset; i++)
        at[i] = (u8)(i * 3 + page);
    memcpy(at, "\0\0\0\0\0\xb0\0\0\0\0\0\xa0\x77\x77", 14);
}

static void expect_answers(u32 count, s16 status)
{
    for (u32 i = 0; i < count; i++) {
        netif_tx_response_t *response = RING_GET_RESPONSE(&a.tx, a.tx.rsp_cons);

        assert_true(a.tx.rsp_cons != a.tx.sring->rsp_prod);
        if (response->status != NETIF_RSP_NULL) {
            assert_int_equal(response->id, a.tx.rsp_cons + 500);
            assert_int_equal(response->status, status);
        }
        a.tx.rsp_cons++;
    }
    assert_int_equal(a.tx.rsp_cons, a.tx.sring->rsp_prod);
}

static netif_rx_response_t *arrival_take(void)
{
    netif_rx_response_t *response = RING_GET_RESPONSE(&b.rx, b.rx.rsp_cons);

    assert_true(b.rx.rsp_cons != b.rx.sring->rsp_prod);
    b.rx.rsp_cons++;
    return response;
}

static void expect_nothing(void)
{
    assert_int_equal(b.rx.rsp_cons, b.rx.sring->rsp_prod);
}

static void test_one_slot(void **state)
{
    netif_rx_response_t *response;

    (void)state;
    buffers_post(4);
    frame_write(10, 100);
    tx_put(10, 100, 1000, NETTXF_data_validated);
    serve();
    expect_answers(1, NETIF_RSP_OKAY);
    response = arrival_take();
    assert_int_equal(response->id, 900);
    assert_int_equal(response->status, 1000);
    assert_int_equal(response->offset, 0);
    assert_int_equal(response->flags, NETRXF_data_validated);
    assert_memory_equal(fake_pages[BUFFERS], fake_pages[10] + 100, 1000);
    assert_int_equal(fake_pages[BUFFERS][1000], 0);
    expect_nothing();
    assert_int_equal(fake_signals, 2);
    assert_false(net_port_serve(&a.back, 109, 1));
}

static void test_many_slots_and_gso(void **state)
{
    netif_rx_response_t *response;
    struct netif_extra_info *extra;
    u8 sent[9000];

    (void)state;
    buffers_post(8);
    frame_write(10, 96);
    frame_write(11, 0);
    frame_write(12, 0);
    memcpy(sent, fake_pages[10] + 96, 4000);
    memcpy(sent + 4000, fake_pages[11] + 5, 3000);
    memcpy(sent + 7000, fake_pages[12] + 1, 2000);
    tx_put(10, 96, 9000, NETTXF_csum_blank | NETTXF_more_data | NETTXF_extra_info);
    extra_put(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE);
    extra_put(XEN_NETIF_EXTRA_TYPE_HASH, 0);
    tx_put(11, 5, 3000, NETTXF_more_data);
    tx_put(12, 1, 2000, 0);
    serve();
    assert_int_equal(RING_GET_RESPONSE(&a.tx, 1)->status, NETIF_RSP_NULL);
    assert_int_equal(RING_GET_RESPONSE(&a.tx, 2)->status, NETIF_RSP_NULL);
    expect_answers(5, NETIF_RSP_OKAY);
    response = arrival_take();
    assert_int_equal(response->flags, NETRXF_csum_blank | NETRXF_data_validated |
                                          NETRXF_more_data | NETRXF_extra_info);
    assert_int_equal(response->status, 4096);
    extra = (struct netif_extra_info *)arrival_take();
    assert_int_equal(extra->type, XEN_NETIF_EXTRA_TYPE_GSO);
    assert_int_equal(extra->flags, 0);
    assert_int_equal(extra->u.gso.size, 1448);
    assert_int_equal(extra->u.gso.type, XEN_NETIF_GSO_TYPE_TCPV4);
    response = arrival_take();
    assert_int_equal(response->id, 902);
    assert_int_equal(response->flags, NETRXF_more_data);
    assert_int_equal(response->status, 4096);
    response = arrival_take();
    assert_int_equal(response->flags, 0);
    assert_int_equal(response->status, 9000 - 8192);
    expect_nothing();
    assert_memory_equal(fake_pages[BUFFERS], sent, 4096);
    assert_memory_equal(fake_pages[BUFFERS + 2], sent + 4096, 4096);
    assert_memory_equal(fake_pages[BUFFERS + 3], sent + 8192, 9000 - 8192);
}

static void test_gso_ipv6(void **state)
{
    struct netif_extra_info *extra;

    (void)state;
    buffers_post(2);
    frame_write(10, 0);
    tx_put(10, 0, 1000, NETTXF_extra_info);
    extra = extra_put(XEN_NETIF_EXTRA_TYPE_GSO, 0);
    extra->u.gso.type = XEN_NETIF_GSO_TYPE_TCPV6;
    serve();
    expect_answers(2, NETIF_RSP_OKAY);
    /* A long segment's checksum is blank, whatever the guest says. */
    assert_int_equal(arrival_take()->flags,
                     NETRXF_csum_blank | NETRXF_data_validated | NETRXF_extra_info);
    extra = (struct netif_extra_info *)arrival_take();
    assert_int_equal(extra->u.gso.type, XEN_NETIF_GSO_TYPE_TCPV6);
    expect_nothing();
}

/* Frames wait for buffers, in order, and some are dropped when too many wait. */
static void test_waits_for_buffers(void **state)
{
    u32 sent = 0;

    (void)state;
    frame_write(10, 0);
    while (b.back.port.out.dropped == 0) {
        fake_pages[10][20] = (u8)sent++;
        tx_put(10, 0, 4000, 0);
        serve();
        expect_answers(1, NETIF_RSP_OKAY);
    }
    assert_in_range(sent, 60, 70);
    expect_nothing();
    for (u32 i = 0; i < sent - 1; i++) {
        buffers_post(1);
        /* The next one is asked for by an event. */
        assert_int_equal(b.rx.sring->req_event, i + 1);
        assert_true(net_port_serve(&b.back, 108, 1));
        net_back_push(&b.back);
        assert_int_equal(arrival_take()->status, 4000);
        assert_int_equal(fake_pages[BUFFERS + i % BUFFER_COUNT][20], i);
    }
    assert_int_equal(b.back.backlog.count, 0);
    buffers_post(1);
    assert_true(net_port_serve(&b.back, 108, 1));
    expect_nothing();
}

/* A frame that needs several buffers waits for all of them. */
static void test_waits_for_enough(void **state)
{
    (void)state;
    frame_write(10, 0);
    frame_write(11, 0);
    buffers_post(1);
    tx_put(10, 0, 8000, NETTXF_more_data);
    tx_put(11, 0, 4000, 0);
    tx_put(10, 0, 60, 0);
    serve();
    expect_nothing();
    assert_int_equal(b.rx.sring->req_event, 2);
    buffers_post(1);
    assert_true(net_port_serve(&b.back, 108, 1));
    net_back_push(&b.back);
    assert_int_equal(arrival_take()->status, 4096);
    assert_int_equal(arrival_take()->status, 8000 - 4096);
    expect_nothing();
    assert_int_equal(b.back.backlog.count, 1);
}

static void test_bad_pages(void **state)
{
    netif_rx_response_t *response;

    (void)state;
    buffers_post(2);
    frame_write(10, 0);
    tx_put(FAKE_PAGES, 0, 100, 0); /* not lent */
    tx_put(10, 0, 100, 0);
    serve();
    assert_int_equal(RING_GET_RESPONSE(&a.tx, 0)->status, NETIF_RSP_ERROR);
    a.tx.rsp_cons = 1;
    expect_answers(1, NETIF_RSP_OKAY);
    assert_int_equal(a.back.errors, 1);
    assert_int_equal(arrival_take()->status, 100);
    fake_readonly_from = BUFFERS; /* B does not let us write */
    tx_put(10, 0, 100, 0);
    serve();
    expect_answers(1, NETIF_RSP_OKAY);
    response = arrival_take();
    assert_int_equal(response->status, NETIF_RSP_ERROR);
    assert_int_equal(b.back.errors, 1);
    assert_false(a.back.is_broken || b.back.is_broken);
}

static void test_short_frames(void **state)
{
    (void)state;
    buffers_post(4);
    frame_write(10, 0);
    tx_put(10, 0, 0, 0);
    tx_put(10, 0, 13, 0);
    tx_put(10, 0, 14, 0);
    tx_put(10, 0, 20, NETTXF_more_data); /* the first slot itself is empty */
    tx_put(10, 0, 20, 0);
    serve();
    expect_answers(5, NETIF_RSP_OKAY);
    assert_int_equal(a.back.port.in.dropped, 2);
    assert_int_equal(arrival_take()->status, 14);
    assert_int_equal(arrival_take()->status, 20);
    assert_int_equal(a.back.errors + b.back.errors, 0);
}

static void expect_broken(void **state)
{
    u32 wanted;

    (void)state;
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&a.tx, wanted);
    (void)wanted;
    assert_true(net_port_serve(&a.back, 107, 1));
    assert_true(a.back.is_broken);
    assert_false(net_continue(&a.back, 1));
    net_back_push(&a.back);
    assert_int_equal(a.tx.sring->rsp_prod, 0);
    net_back_close(&a.back);
    /* The other is not touched. */
    assert_false(b.back.is_broken);
    assert_ptr_equal(net.ports, &b.back.port);
    setup(state);
}

static void test_bad_rings(void **state)
{
    struct netif_extra_info *extra;

    tx_put(10, 0, 100, NETTXF_more_data); /* and nothing behind it */
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    extra_put(0, 0);
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    extra_put(XEN_NETIF_EXTRA_TYPE_MAX, 0);
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    extra_put(XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_FLAG_MORE);
    extra_put(XEN_NETIF_EXTRA_TYPE_GSO, 0);
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    extra = extra_put(XEN_NETIF_EXTRA_TYPE_GSO, 0);
    extra->u.gso.size = 0;
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    extra = extra_put(XEN_NETIF_EXTRA_TYPE_GSO, 0);
    extra->u.gso.type = 3;
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_extra_info);
    for (u32 i = 0; i < 5; i++)
        extra_put(XEN_NETIF_EXTRA_TYPE_HASH, i < 4 ? XEN_NETIF_EXTRA_FLAG_MORE : 0);
    expect_broken(state);
    tx_put(10, 4090, 7, 0); /* over the end of the page */
    expect_broken(state);
    tx_put(10, 0, 5000, NETTXF_more_data);
    tx_put(10, 4000, 97, 0);
    expect_broken(state);
    tx_put(10, 0, 100, NETTXF_more_data); /* the parts are more than the whole */
    tx_put(10, 0, 101, 0);
    expect_broken(state);
    for (u32 i = 0; i < 19; i++)
        tx_put(10, 0, i ? 10 : 1000, i < 18 ? NETTXF_more_data : 0);
    expect_broken(state);
    a.tx.req_prod_pvt = 257;
    expect_broken(state);
    a.tx.req_prod_pvt = ~0u;
    expect_broken(state);
}

static void test_most_slots(void **state)
{
    (void)state;
    buffers_post(1);
    frame_write(10, 0);
    for (u32 i = 0; i < 18; i++)
        tx_put(10, 0, i ? 10 : 270, i < 17 ? NETTXF_more_data : 0);
    serve();
    expect_answers(18, NETIF_RSP_OKAY);
    assert_int_equal(arrival_take()->status, 270);
}

/* B's broken receive ring ends B's connection, not A's. */
static void test_bad_receiver(void **state)
{
    (void)state;
    frame_write(10, 0);
    b.rx.sring->req_prod = 1000;
    tx_put(10, 0, 100, 0);
    serve();
    expect_answers(1, NETIF_RSP_OKAY);
    assert_true(b.back.is_broken);
    tx_put(10, 0, 100, 0);
    serve();
    expect_answers(1, NETIF_RSP_OKAY);
    assert_false(a.back.is_broken);
}

/* A full ring is served in rounds. */
static void test_rounds(void **state)
{
    (void)state;
    frame_write(10, 0);
    for (u32 i = 0; i < 256; i++)
        tx_put(10, 0, 60, 0);
    serve();
    expect_answers(64, NETIF_RSP_OKAY);
    for (u32 round = 0; round < 3; round++) {
        assert_true(net_continue(&a.back, 1));
        net_back_push(&a.back);
        expect_answers(64, NETIF_RSP_OKAY);
    }
    assert_false(net_continue(&a.back, 1));
    assert_int_equal(a.tx.sring->req_event, 257);
}

/* A refused queue leaves nothing behind, and the end gives all back. */
static void test_offers(void **state)
{
    struct net_offer offer = {4, 5, 9, 0};

    (void)state;
    assert_int_equal(net_queue_open(&b.back, &offer), ST_INVALID);
    offer = (struct net_offer){4, 5, 0, 9};
    assert_int_equal(net_queue_open(&b.back, &offer), ST_INVALID);
    assert_int_equal(fake_rings, 2);
    assert_int_equal(fake_ports, 2);
    offer = (struct net_offer){4, 5, 9, 10};
    for (u32 i = 1; i < NET_QUEUES_MAX; i++)
        assert_int_equal(net_queue_open(&b.back, &offer), ST_OK);
    assert_int_equal(net_queue_open(&b.back, &offer), ST_NO_SPACE);
    assert_int_equal(fake_rings, 1 + NET_QUEUES_MAX);
    assert_int_equal(fake_ports, 2 * NET_QUEUES_MAX);
    net_back_close(&b.back);
    net_back_close(&a.back);
    assert_int_equal(fake_rings, 0);
    assert_int_equal(fake_ports, 0);
    assert_null(net.ports);
}

/* Flows of TCP are dealt out to the queues, each stays where it is. */
static void test_queues(void **state)
{
    struct net_offer offer = {4, 5, 9, 10};
    u32 shown[2] = {0, 0};

    (void)state;
    assert_int_equal(net_queue_open(&b.back, &offer), ST_OK);
    offer.tx_port = 0;
    assert_int_equal(net_queue_open(&b.back, &offer), ST_INVALID);
    offer = (struct net_offer){FAKE_PAGES, 0, 1, 1};
    assert_int_equal(net_queue_open(&b.back, &offer), ST_NO_ENTRY);
    assert_int_equal(b.back.queues, 2);
    for (u32 i = 0; i < 256; i++)
        for (u32 page = 3; page <= 5; page += 2)
            ((netif_rx_sring_t *)(void *)fake_pages[page])->ring[i].req.gref = BUFFERS;
    frame_write(10, 0);
    memcpy(fake_pages[10] + 12, "\x08\0\x45\0\0\x28\0\0\0\0\x40\x06", 12);
    fake_pages[10][46] = 0x50;
    for (u32 i = 0; i < 64; i++) {
        for (u32 again = 0; again < 2; again++) {
            u32 before = b.back.queue[0].rx.taken;
            u32 which;

            for (u32 q = 0; q < 2; q++)
                ((netif_rx_sring_t *)(void *)fake_pages[q ? 5 : 3])->req_prod += 1;
            fake_pages[10][35] = (u8)i; /* the source port */
            tx_put(10, 0, 60, 0);
            serve();
            expect_answers(1, NETIF_RSP_OKAY);
            which = b.back.queue[0].rx.taken == before;
            shown[which]++;
            if (again)
                assert_int_equal(shown[which] % 2, 0);
            ((netif_rx_sring_t *)(void *)fake_pages[which ? 3 : 5])->req_prod -= 1;
        }
    }
    assert_in_range(shown[0], 20, 108);
    assert_true(net_port_serve(&b.back, 110, 1));
    for (u32 i = 0; i < 2; i++)
        net_back_close(&b.back);
    assert_int_equal(b.back.queues, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_slot, setup),
        cmocka_unit_test_setup(test_many_slots_and_gso, setup),
        cmocka_unit_test_setup(test_gso_ipv6, setup),
        cmocka_unit_test_setup(test_waits_for_buffers, setup),
        cmocka_unit_test_setup(test_waits_for_enough, setup),
        cmocka_unit_test_setup(test_bad_pages, setup),
        cmocka_unit_test_setup(test_short_frames, setup),
        cmocka_unit_test_setup(test_bad_rings, setup),
        cmocka_unit_test_setup(test_most_slots, setup),
        cmocka_unit_test_setup(test_bad_receiver, setup),
        cmocka_unit_test_setup(test_rounds, setup),
        cmocka_unit_test_setup(test_offers, setup),
        cmocka_unit_test_setup(test_queues, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
