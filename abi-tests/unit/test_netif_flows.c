/* Which of its queues a guest gets a frame by when it leaves that to us: flows are spread by
 * all that tells them apart, and by nothing else, so that each keeps its order. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include "abi-tests/unit/netif_pair.h"

#define QUEUES   NET_QUEUES_MAX
#define RX(page) ((netif_rx_sring_t *)(void *)fake_pages[page])
#define TX(page) ((netif_tx_sring_t *)(void *)fake_pages[page])

static struct net_back back;
static struct net_port wire;
static struct net_address wire_share[4];
static u8 backlog[NET_BACKLOG_BYTES] __attribute__((aligned(8)));
static u8 frame[100];

static u32 rx_page(u32 queue)
{
    return 2 * queue + 1;
}

static void wire_send(struct net_port *port, const struct net_frame *given)
{
    (void)port;
    (void)given;
}

static int begin(void **state)
{
    (void)state;
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    memset(wire_share, 0, sizeof(wire_share));
    net_back_make(&back, 1, 0xb0, backlog);
    for (u32 i = 0; i < QUEUES; i++) {
        struct net_offer offer = {2 * i, rx_page(i), i + 1, i + 1};

        SHARED_RING_INIT(TX(2 * i));
        SHARED_RING_INIT(RX(rx_page(i)));
        assert_int_equal(net_queue_open(&back, &offer), ST_OK);
    }
    net_back_attach(&back, &net, ALL_ABILITIES, NET_FRAME_MAX);
    wire = (struct net_port){
        .send = wire_send, .largest = 1514, .address = wire_share, .addresses = 4};
    switch_attach(&net, &wire);
    return 0;
}

/* Each queue has a buffer; the one that got the frame. */
static u32 queue_of_frame(void)
{
    u32 queue = QUEUES;

    for (u32 i = 0; i < QUEUES; i++) {
        u32 next = back.queue[i].rx.taken;

        RX(rx_page(i))->ring[next % 256].req.gref = BUFFERS;
        RX(rx_page(i))->req_prod = next + 1;
    }
    switch_input(&wire, &(struct net_frame){.at = frame, .bytes = sizeof(frame)}, 1);
    for (u32 i = 0; i < QUEUES; i++) {
        if (back.queue[i].rx.taken != RX(rx_page(i))->req_prod)
            continue;
        assert_int_equal(queue, QUEUES); /* one alone */
        queue = i;
    }
    assert_in_range(queue, 0, QUEUES - 1);
    net_back_push(&back);
    return queue;
}

static void head_make(const char *network, u32 bytes)
{
    memset(frame, 7, sizeof(frame));
    memcpy(frame, "\0\0\0\0\0\xb0\0\0\0\0\0\xa0", 12);
    memcpy(frame + 12, network, bytes);
}

/* TCP; ports follow at 34. */
static void ipv4_make(void)
{
    head_make("\x08\0\x45\0\0\x56\0\0\0\0\x40\x06\0\0\x0a\0\0\1\x0a\0\0\2", 22);
    frame[46] = 0x50;
}

/* TCP; ports follow at 54. */
static void ipv6_make(void)
{
    head_make("\x86\xdd\x60\0\0\0\0\x2e\x06\x40", 10);
    frame[66] = 0x50;
}

/* How many queues are used when this byte counts up, as the ports of one guest do: Linux takes
 * every second one. */
static u32 queues_used(u32 at, u32 step)
{
    u8 was = frame[at];
    u32 used = 0;

    for (u32 i = 0; i < 64; i++) {
        frame[at] = (u8)(i * step);
        used |= 1u << queue_of_frame();
    }
    frame[at] = was;
    return (u32)__builtin_popcount(used);
}

static void spread_expect(u32 first, u32 end)
{
    for (u32 at = first; at < end; at++)
        for (u32 step = 1; step <= 4; step *= 2)
            assert_int_equal(queues_used(at, step), QUEUES);
}

static void order_expect(const u32 *at, u32 count)
{
    for (u32 i = 0; i < count; i++)
        assert_int_equal(queues_used(at[i], 1), 1);
}

static void test_flows_of_ipv4(void **state)
{
    /* sender, type of service, identification, time to live, checksum; sequence, data */
    static const u32 same[] = {11, 15, 18, 19, 22, 24, 25, 38, 41, 60};

    (void)state;
    ipv4_make();
    spread_expect(26, 38);
    order_expect(same, ARRAY_SIZE(same));
}

static void test_flows_of_ipv6(void **state)
{
    /* sender, class, flow label, hop limit; sequence, data */
    static const u32 same[] = {11, 16, 17, 21, 58, 61, 80};

    (void)state;
    ipv6_make();
    spread_expect(22, 58);
    order_expect(same, ARRAY_SIZE(same));
}

/* No ports, no flow: the first queue. */
static void test_other_frames(void **state)
{
    (void)state;
    ipv4_make();
    frame[23] = 1; /* ICMP */
    assert_int_equal(queues_used(29, 1), 1);
    assert_int_equal(queue_of_frame(), 0);
    head_make("\x08\x06", 2); /* ARP */
    assert_int_equal(queue_of_frame(), 0);
}

/* Every queue is gone on with until it is empty, and shown what it was answered. */
static void test_all_queues_go_on(void **state)
{
    u32 rounds = 1;

    (void)state;
    ipv4_make();
    memcpy(fake_pages[10], frame, sizeof(frame));
    memcpy(fake_pages[10], "\xff\xff\xff\xff\xff\xff\0\0\0\0\0\xb0", 12);
    for (u32 i = 0; i < QUEUES; i++) {
        for (u32 k = 0; k < 150; k++)
            TX(2 * i)->ring[k].req = (netif_tx_request_t){.gref = 10, .size = sizeof(frame)};
        TX(2 * i)->req_prod = 150;
    }
    while (net_continue(&back, 1))
        rounds++;
    net_back_push(&back);
    assert_in_range(rounds, 2, 10);
    for (u32 i = 0; i < QUEUES; i++)
        assert_int_equal(TX(2 * i)->rsp_prod, 150);
    assert_int_equal(wire.out.frames, 150 * QUEUES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_flows_of_ipv4, begin),
        cmocka_unit_test_setup(test_flows_of_ipv6, begin),
        cmocka_unit_test_setup(test_other_frames, begin),
        cmocka_unit_test_setup(test_all_queues_go_on, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
