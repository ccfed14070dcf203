/* Where frames go once a network front-end has chosen by its control ring. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c guest-drivers/service/rss.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/net_control_guest.h"

static u8 frame[9000];

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_frames, setup),
        cmocka_unit_test_setup(test_waiting_frames, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
