/* Queues of the network back-end: opened, refused, given back; flows dealt out to them. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/netif_pair.h"

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
        cmocka_unit_test_setup(test_offers, setup),
        cmocka_unit_test_setup(test_queues, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
