/* The network back-end against rings written as front-ends write them. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/netif_pair.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_one_slot, setup),
        cmocka_unit_test_setup(test_many_slots_and_gso, setup),
        cmocka_unit_test_setup(test_gso_ipv6, setup),
        cmocka_unit_test_setup(test_waits_for_buffers, setup),
        cmocka_unit_test_setup(test_waits_for_enough, setup),
        cmocka_unit_test_setup(test_short_frames, setup),
        cmocka_unit_test_setup(test_most_slots, setup),
        cmocka_unit_test_setup(test_rounds, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
