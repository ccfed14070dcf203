/* Two guests on a switch, their front-ends and our back-ends, for one test program: A sends, B
 * receives. It needs abi-tests/unit/fake_platform.c. */
#ifndef ABI_TESTS_UNIT_NETIF_PAIR_H
#define ABI_TESTS_UNIT_NETIF_PAIR_H

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

/* A guest: its half of the rings and our back-end. */
struct side {
    struct net_back back;
    netif_tx_front_ring_t tx;
    netif_rx_front_ring_t rx;
    _Alignas(8) u8 backlog[NET_BACKLOG_BYTES];
};

static struct side a, b;
static struct net_switch net;

static inline void side_make(struct side *side, u32 page, u32 port, u64 address)
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

static inline int setup(void **state)
{
    (void)state;
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    side_make(&a, 0, 7, 0xa0);
    side_make(&b, 2, 8, 0xb0);
    return 0;
}

static inline netif_tx_request_t *tx_put(u32 page, u16 offset, u16 size, u16 flags)
{
    netif_tx_request_t *request = RING_GET_REQUEST(&a.tx, a.tx.req_prod_pvt);

    *request = (netif_tx_request_t){page, offset, flags, (u16)(a.tx.req_prod_pvt + 500), size};
    a.tx.req_prod_pvt++;
    return request;
}

static inline struct netif_extra_info *extra_put(u8 type, u8 flags)
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

static inline void buffers_post(u32 count)
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

static inline void serve(void)
{
    int wanted;

    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&a.tx, wanted);
    (void)wanted;
    assert_true(net_port_serve(&a.back, 107, 1));
    net_back_push(&a.back);
    net_back_push(&b.back);
    assert_int_equal(fake_users, 0);
}

/* Frame bytes in a page of A's, to B. */
static inline void frame_write(u32 page, u16 offset)
{
    u8 *at = fake_pages[page] + offset;

    for (u32 i = 0; i < 4096u - offset; i++)
        at[i] = (u8)(i * 3 + page);
    memcpy(at, "\0\0\0\0\0\xb0\0\0\0\0\0\xa0\x77\x77", 14);
}

static inline void expect_answers(u32 count, s16 status)
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

static inline netif_rx_response_t *arrival_take(void)
{
    netif_rx_response_t *response = RING_GET_RESPONSE(&b.rx, b.rx.rsp_cons);

    assert_true(b.rx.rsp_cons != b.rx.sring->rsp_prod);
    b.rx.rsp_cons++;
    return response;
}

static inline void expect_nothing(void)
{
    assert_int_equal(b.rx.rsp_cons, b.rx.sring->rsp_prod);
}

#endif
