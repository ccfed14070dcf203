/* A front-end that writes what it likes into its three rings and its pages, between and while
 * the back-end serves it; beside it one that only receives, and a port that takes no offloads.
 */
// sources: guest-drivers/service/netif.c guest-drivers/service/net_ring.c
// sources: guest-drivers/service/net_control.c
// sources: guest-drivers/service/xen_ring.c guest-drivers/service/backlog.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c guest-drivers/service/rss.c
// sources: abi-tests/unit/fake_platform.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_platform.h"
#include "guest-drivers/service/netif.h"

#define WIRE_LARGEST 1514u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static _Alignas(8) u8 backlogs[2][NET_BACKLOG_BYTES];
static u64 sum;

static void wire_send(struct net_port *port, const struct net_frame *frame)
{
    (void)port;
    if (frame->bytes > WIRE_LARGEST || frame->gso != NET_GSO_NONE ||
        (frame->flags & NET_CHECKSUM_BLANK))
        abort();
    for (u32 i = 0; i < frame->bytes; i++)
        sum += frame->at[i];
}

static void back_open(struct net_back *back, struct net_switch *net, u32 which, u32 abilities)
{
    struct net_offer offer = {which * 2, which * 2 + 1, which + 1, which + 1};

    net_back_make(back, which, 0xa0 + 2 * which, backlogs[which]);
    if (net_queue_open(back, &offer) != ST_OK)
        abort();
    if (net_control_open(&back->control, which, 4 + which, which + 3) != ST_OK)
        abort();
    /* One has its frames hashed from the start. */
    if (which == 1)
        back->control.algorithm = XEN_NETIF_CTRL_TOEPLITZ;
    back->control.rss.kinds = RSS_ALL;
    net_back_attach(back, net, abilities, NET_FRAME_MAX);
}

static void control_check(const struct net_back *back)
{
    const struct rss *rss = &back->control.rss;

    if (rss->entries > RSS_TABLE_MAX || (rss->kinds & ~(u32)RSS_ALL))
        abort();
    for (u32 i = 0; i < RSS_TABLE_MAX; i++)
        if (rss->queue[i] >= MAX(back->queues, 1u))
            abort();
}

/* Input: abilities, then steps of {offset, count, bytes}: a piece of the ring pages of both or
 * of the pages behind them is overwritten, then both are served. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct net_back back[2];
    static struct net_switch net;
    struct net_address share[4] = {0};
    struct net_port wire = {
        .send = wire_send, .largest = WIRE_LARGEST, .address = share, .addresses = 4};
    size_t at = 1;

    if (size < 2)
        return 0;
    fake_platform_reset();
    memset(&net, 0, sizeof(net));
    back_open(&back[0], &net, 0, bytes[0] & 15u);
    back_open(&back[1], &net, 1, bytes[0] >> 4);
    switch_attach(&net, &wire);
    while (at + 4 <= size) {
        u32 offset = (u32)(bytes[at] | bytes[at + 1] << 8) % (6 * 4096);
        size_t count = MIN((size_t)bytes[at + 2], size - at - 3);

        count = MIN(count, 6u * 4096 - offset);
        memcpy(&fake_pages[0][0] + offset, bytes + at + 3, count);
        at += 3 + count;
        for (u32 i = 0; i < 2; i++) {
            (void)net_port_serve(&back[i], 101 + i, at);
            (void)net_port_serve(&back[i], 103 + i, at);
            (void)net_continue(&back[i], at);
            net_back_push(&back[i]);
            control_check(&back[i]);
        }
    }
    for (u32 i = 0; i < 2; i++)
        net_back_close(&back[i]);
    if (net.ports != &wire)
        abort();
    return 0;
}
