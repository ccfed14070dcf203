/* The network back-end against rings written as no front-end should write them. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/netif_pair.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bad_pages, setup),
        cmocka_unit_test_setup(test_bad_rings, setup),
        cmocka_unit_test_setup(test_bad_receiver, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
