/* A guest with a network front-end and its control ring, for one test program: queues, buffers
 * for what comes from a wire, requests. It needs abi-tests/unit/fake_platform.c. */
#ifndef ABI_TESTS_UNIT_NET_CONTROL_GUEST_H
#define ABI_TESTS_UNIT_NET_CONTROL_GUEST_H

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
static const u8 key[RSS_KEY_BYTES] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e,
                                      0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
                                      0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb};

static inline void wire_send(struct net_port *port, const struct net_frame *given)
{
    (void)port;
    (void)given;
}

static inline void buffers_post(u32 queue)
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

static inline void queue_make(u32 queue)
{
    struct net_offer offer = {TX(queue), RX(queue), queue + 1, queue + 1};
    netif_rx_sring_t *ring = (void *)fake_pages[RX(queue)];

    SHARED_RING_INIT((netif_tx_sring_t *)(void *)fake_pages[TX(queue)]);
    SHARED_RING_INIT(ring);
    FRONT_RING_INIT(&rx[queue], ring, 4096);
    assert_int_equal(net_queue_open(&back, &offer), ST_OK);
    buffers_post(queue);
}

static inline void control_make(void)
{
    xen_netif_ctrl_sring_t *ring = (void *)fake_pages[CONTROL];

    SHARED_RING_INIT(ring);
    FRONT_RING_INIT(&control, ring, 4096);
    assert_int_equal(net_control_open(&back.control, 1, CONTROL, PORT), ST_OK);
}

static inline int setup(void **state)
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

static inline void request_put(u16 type, u32 a, u32 b, u32 c)
{
    struct xen_netif_ctrl_request *request = RING_GET_REQUEST(&control, control.req_prod_pvt);

    *request =
        (struct xen_netif_ctrl_request){(u16)(control.req_prod_pvt + 700), type, {a, b, c}};
    control.req_prod_pvt++;
}

static inline void push(void)
{
    int wanted;

    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&control, wanted);
    (void)wanted;
}

static inline struct xen_netif_ctrl_response answer_take(void)
{
    struct xen_netif_ctrl_response *response = RING_GET_RESPONSE(&control, control.rsp_cons);

    assert_true(control.rsp_cons != control.sring->rsp_prod);
    assert_int_equal(response->id, control.rsp_cons + 700);
    control.rsp_cons++;
    control.sring->rsp_event = control.rsp_cons + 1;
    return *response;
}

/* The status; the data of the answer goes to `data`, or is to be zero. */
static inline u32 ask_data(u16 type, u32 a, u32 b, u32 c, u32 *data)
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

static inline u32 ask(u16 type, u32 a, u32 b, u32 c)
{
    return ask_data(type, a, b, c, NULL);
}

#define ALGORITHM(a)     ask(XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM, a, 0, 0)
#define FLAGS(f)         ask(XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS, f, 0, 0)
#define KEY(ref, n)      ask(XEN_NETIF_CTRL_TYPE_SET_HASH_KEY, ref, n, 0)
#define SIZE(n)          ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE, n, 0, 0)
#define TABLE(ref, n, o) ask(XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING, ref, n, o)
#define TOEPLITZ         XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ

static inline void table_write(u32 count, u32 queue)
{
    for (u32 i = 0; i < count; i++)
        memcpy(fake_pages[LENT] + i * sizeof(u32), &queue, sizeof(queue));
}

#endif
