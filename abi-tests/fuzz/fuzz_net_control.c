/* A front-end that asks for whatever it likes on its control ring, one request at a time, while
 * frames come in for it; fuzz_net_ring has what is no ring. */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c guest-drivers/service/rss.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_platform.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/netif.h"

#define QUEUES  3u
#define CONTROL (2 * QUEUES) /* pages: those of the queues come first */
#define LENT    (CONTROL + 1)
#define PORT    (QUEUES + 101)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct net_back back;
static struct net_switch net;
static _Alignas(8) u8 backlog[NET_BACKLOG_BYTES];

static void wire_send(struct net_port *port, const struct net_frame *frame)
{
    (void)port;
    (void)frame;
}

static struct xen_ring_head *head_of(u32 page)
{
    return (struct xen_ring_head *)(void *)fake_pages[page];
}

static void guest_make(void)
{
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    net_back_make(&back, 1, 0xa0, backlog);
    for (u32 i = 0; i < QUEUES; i++) {
        struct net_offer offer = {2 * i, 2 * i + 1, i + 1, i + 1};

        if (net_queue_open(&back, &offer) != ST_OK)
            abort();
        head_of(2 * i + 1)->req_prod = 200; /* buffers, all of them the first page */
    }
    if (net_control_open(&back.control, 1, CONTROL, PORT - 100) != ST_OK)
        abort();
    net_back_attach(&back, &net, 0, NET_FRAME_MAX);
}

/* Small numbers, and those just below zero. */
static u32 widen(u8 byte)
{
    return byte < 0xf0 ? byte : 0xffffff00u | byte;
}

/* It is answered, whatever it is. */
static void ask(const u8 *at)
{
    struct xen_ring_head *head = head_of(CONTROL);
    u32 entries = back.control.ring.entries;
    struct xen_netif_control_request request = {
        (u16)head->req_prod, at[0], {widen(at[1]), widen(at[2]), widen(at[3])}};
    struct xen_netif_control_response response;
    u8 *slot =
        fake_pages[CONTROL] + XEN_RING_ENTRIES + head->req_prod % entries * sizeof(request);

    memcpy(slot, &request, sizeof(request));
    head->req_prod++;
    if (!net_port_serve(&back, PORT, 1) || back.is_broken)
        abort();
    net_back_push(&back);
    memcpy(&response, slot, sizeof(response));
    if (head->rsp_prod != head->req_prod || response.id != request.id ||
        response.type != request.type || response.status > XEN_NETIF_CTRL_BUFFER_OVERFLOW)
        abort();
}

static void rss_check(const struct rss *rss)
{
    if (rss->entries > RSS_TABLE_MAX || (rss->kinds & ~(u32)RSS_ALL))
        abort();
    for (u32 i = 0; i < RSS_TABLE_MAX; i++)
        if (rss->queue[i] >= QUEUES)
            abort();
}

/* Input: steps of {type, three numbers}: a request; of type 128 bytes of the page that is lent,
 * of a type above that a frame, with the bytes that follow. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct net_address share[4] = {0};
    struct net_port wire = {
        .send = wire_send, .largest = 1514, .address = share, .addresses = 4};

    guest_make();
    switch_attach(&net, &wire);
    for (size_t at = 0; at + 4 <= size; at += 4) {
        size_t count = MIN(size - at - 4, (size_t)bytes[at + 1]);

        if (bytes[at] < 128) {
            ask(bytes + at);
        } else if (bytes[at] == 128) {
            memcpy(fake_pages[LENT] + bytes[at + 2] * 4u, bytes + at + 4, count);
            at += count;
        } else {
            switch_input(&wire, &(struct net_frame){.at = bytes + at + 4, .bytes = (u32)count},
                         at);
            at += count;
        }
        rss_check(&back.control.rss);
    }
    net_back_close(&back);
    if (fake_rings != 0 || fake_ports != 0)
        abort();
    return 0;
}
