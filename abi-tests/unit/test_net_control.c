/* The control ring of a network front-end: each request's answers, and the ring itself. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c guest-drivers/service/rss.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/net_control_guest.h"

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
        cmocka_unit_test_setup(test_rounds, setup),
        cmocka_unit_test_setup(test_bad_ring, setup),
        cmocka_unit_test_setup(test_reconnects, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
