#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/synic.h"

#include <string.h>

struct fake_post fake_posts[FAKE_POSTS];
u32 fake_post_count, fake_post_room;
u32 fake_flags, fake_flag_vp, fake_flag;
u32 fake_events;

void fake_vmbus_reset(void)
{
    fake_ram_reset();
    fake_post_count = 0;
    fake_post_room = UINT32_MAX;
    fake_flags = 0;
    fake_events = 0;
}

enum status synic_message_post(u32 partition, u32 vp, u32 sint, const void *bytes, u32 count)
{
    struct fake_post *post = &fake_posts[fake_post_count % FAKE_POSTS];

    (void)partition;
    if (fake_post_count >= fake_post_room)
        return ST_AGAIN;
    fake_post_count++;
    post->vp = vp;
    post->sint = sint;
    post->bytes = count;
    memcpy(post->payload, bytes, count);
    return ST_OK;
}

void synic_flag_set(u32 partition, u32 vp, u32 sint, u32 flag)
{
    (void)partition;
    (void)sint;
    fake_flags++;
    fake_flag_vp = vp;
    fake_flag = flag;
}

enum status synic_event_connect(u32 partition, u32 connection, u32 *port)
{
    (void)partition;
    *port = FAKE_PORT + connection - VMBUS_CONNECTION_BASE;
    fake_events++;
    return ST_OK;
}

void synic_event_disconnect(u32 partition, u32 connection, u32 port)
{
    (void)partition;
    (void)connection;
    (void)port;
    fake_events--;
}

struct fake_ring fake_ring_at(u32 frame, u32 pages)
{
    return (struct fake_ring){(struct vmbus_ring_head *)(void *)fake_ram[frame],
                              fake_ram[frame + 1], (pages - 1) * 4096};
}

static void bytes_put(struct fake_ring *ring, const void *from, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++) {
        ring->data[ring->head->write] = ((const u8 *)from)[i];
        ring->head->write = (ring->head->write + 1) % ring->bytes;
    }
}

void fake_ring_put(struct fake_ring *ring, u16 type, u64 transaction, const void *more,
                   u32 more_bytes, const void *data, u32 bytes)
{
    struct vmbus_packet_head head = {.type = type,
                                     .head_words = (u16)((sizeof(head) + more_bytes) / 8),
                                     .words =
                                         (u16)((sizeof(head) + more_bytes + bytes + 7) / 8),
                                     .flags = VMBUS_PACKET_WANTS_COMPLETION,
                                     .transaction = transaction};
    u64 trailer = (u64)ring->head->write << 32;

    bytes_put(ring, &head, sizeof(head));
    bytes_put(ring, more, more_bytes);
    bytes_put(ring, data, bytes);
    bytes_put(ring, "\0\0\0\0\0\0\0", -bytes & 7);
    bytes_put(ring, &trailer, sizeof(trailer));
}

static void bytes_take(struct fake_ring *ring, u8 *to, u32 bytes, u32 room)
{
    for (u32 i = 0; i < bytes; i++) {
        if (i < room)
            to[i] = ring->data[ring->head->read];
        ring->head->read = (ring->head->read + 1) % ring->bytes;
    }
}

int fake_ring_take(struct fake_ring *ring, struct vmbus_packet_head *head, void *data, u32 room)
{
    u8 rest[64];
    u32 bytes;

    if (ring->head->read == ring->head->write)
        return -1;
    bytes_take(ring, (u8 *)head, sizeof(*head), sizeof(*head));
    bytes_take(ring, rest, head->head_words * 8u - (u32)sizeof(*head), sizeof(rest));
    bytes = (u32)(head->words - head->head_words) * 8u;
    bytes_take(ring, data, bytes, room);
    bytes_take(ring, rest, 8, sizeof(rest));
    return (int)bytes;
}

void fake_vmbus_contact(struct vmbus *bus)
{
    struct vmbus_initiate_contact contact = {
        .head = {VMBUS_INITIATE_CONTACT, 0}, .version = VMBUS_VERSION(5, 3), .sint = 2};
    struct vmbus_head ask = {VMBUS_REQUEST_OFFERS, 0};

    vmbus_message(bus, VMBUS_CONNECTION_5_0, &contact, sizeof(contact));
    vmbus_message(bus, VMBUS_CONNECTION_5_0, &ask, sizeof(ask));
    vmbus_flush(bus);
}

void fake_gpadl_make(struct vmbus *bus, u32 relid, u32 id, u32 frame, u32 pages)
{
    struct {
        struct vmbus_gpadl_header header;
        u64 pfn[26];
    } __attribute__((packed)) gpadl = {.header = {.head = {VMBUS_GPADL_HEADER, 0},
                                                  .relid = relid,
                                                  .gpadl = id,
                                                  .range_bytes = (u16)(8 + pages * 8),
                                                  .ranges = 1,
                                                  .byte_count = pages * 4096}};

    for (u32 i = 0; i < pages; i++)
        gpadl.pfn[i] = frame + i;
    vmbus_message(bus, bus->connection, &gpadl, (u32)(sizeof(gpadl.header) + pages * 8));
}

u32 fake_channel_open(struct vmbus *bus, u32 relid, u32 frame, u32 pages)
{
    struct vmbus_open_channel open = {.head = {VMBUS_OPEN_CHANNEL, 0},
                                      .relid = relid,
                                      .open_id = relid,
                                      .ring_gpadl = 0xe1e10 + relid,
                                      .target_vp = 1,
                                      .downstream_page = pages};
    struct vmbus_open_result result = {0};

    fake_gpadl_make(bus, relid, open.ring_gpadl, frame, pages * 2);
    vmbus_message(bus, bus->connection, &open, sizeof(open));
    vmbus_flush(bus);
    memcpy(&result, fake_posts[(fake_post_count - 1) % FAKE_POSTS].payload, sizeof(result));
    return result.head.type == VMBUS_OPEN_RESULT ? result.status : UINT32_MAX;
}

bool fake_channel_begin(struct vmbus *bus, struct fake_ring *out, struct fake_ring *in)
{
    fake_vmbus_contact(bus);
    if (fake_channel_open(bus, 1, 10, 4) != 0)
        return false;
    *out = fake_ring_at(10, 4);
    *in = fake_ring_at(14, 4);
    return true;
}
