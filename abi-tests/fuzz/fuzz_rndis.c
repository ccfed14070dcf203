/* Messages of a guest's network driver, one behind the other: answers keep to their room,
 * frames and what is said of them to the bytes they came in; what a segment leaves out is
 * filled in within the frame. */
// sources: guest-drivers/service/rndis.c guest-drivers/service/rndis_packet.c
// sources: guest-drivers/service/rndis_scale.c guest-drivers/service/rss.c
// sources: guest-drivers/service/offload.c
#include <stdlib.h>
#include <string.h>
#include "guest-drivers/service/offload.h"
#include "guest-drivers/service/rndis.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void segment_check(u8 *at, u32 bytes, enum net_gso gso)
{
    struct net_headers headers;

    if (net_segment_complete(at, bytes, gso) != ST_OK)
        return;
    if (net_headers_read(at, bytes, &headers) != ST_OK || headers.end > bytes ||
        headers.is_ipv6 != (gso == NET_GSO_TCP6))
        abort();
}

static void frame_check(u8 *message, u32 length)
{
    struct rndis_frame frame;

    if (rndis_frame_read(message, length, &frame) != ST_OK)
        return;
    if (frame.at < message + sizeof(struct rndis_head) ||
        frame.at + frame.bytes > message + length || (frame.vlan >> 16) != 0)
        abort();
    if (frame.large_send != 0)
        segment_check(frame.at, frame.bytes,
                      frame.large_send & RNDIS_LARGE_SEND_IPV6 ? NET_GSO_TCP6 : NET_GSO_TCP4);
}

/* A guest that was not asked for it has no coalesced frames; its table leads to channels. */
static void device_check(const struct rndis_device *device)
{
    if (device->scale.entries > RSS_TABLE_MAX)
        abort();
    for (u32 i = 0; i < device->scale.entries; i++)
        if (device->scale.queue[i] >= device->queues)
            abort();
    if (!device->can_coalesce && (device->offloads & ~(u32)RNDIS_TAKES_GOOD))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct rndis_device device = {
        .address = 0x00163e000001, .mtu = 1500, .can_coalesce = size & 1, .queues = 4};
    u8 *all = malloc(size + 1);
    u8 answer[RNDIS_ANSWER_MAX];
    u8 *message;
    u32 length, answered;
    u32 at = 0;

    memcpy(all, bytes, size);
    while (rndis_next(all, (u32)size, &at, &message, &length) == ST_OK) {
        u8 *copy = malloc(length); /* so that a byte too far is seen */

        memcpy(copy, message, length);
        answered = rndis_serve(&device, copy, length, answer);
        frame_check(copy, length);
        free(copy);
        device_check(&device);
        if (answered > sizeof(answer))
            abort();
        if (answered != 0 && memcmp(answer + 4, &answered, 4) != 0)
            abort();
    }
    free(all);
    return 0;
}
