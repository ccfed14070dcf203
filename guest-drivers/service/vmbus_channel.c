#include "guest-drivers/service/synic.h"
#include "guest-drivers/service/vmbus.h"
#include "hv/lib/string.h"

#define ROUND 64u /* packets of a channel before others have their turn */

static bool rings_open(struct vmbus_channel *channel, const struct vmbus_gpadl *gpadl, u32 down)
{
    struct vmbus_gpadls *all = &channel->bus->gpadls;

    if (vmbus_ring_open(&channel->in, all, gpadl, 0, down) != ST_OK)
        return false;
    if (vmbus_ring_open(&channel->out, all, gpadl, down, gpadl->frames - down) == ST_OK)
        return true;
    vmbus_ring_close(&channel->in);
    return false;
}

/* A head and at least one page of data each, in whole pages. */
static bool gpadl_holds_rings(const struct vmbus_gpadl *gpadl, u32 down)
{
    return vmbus_gpadl_is_whole(gpadl) && gpadl->offset == 0 && gpadl->bytes % PAGE_SIZE == 0 &&
           down >= 2 && down < gpadl->frames && gpadl->frames - down >= 2;
}

/* Where the guest signals; channels that share that have it already. */
static enum status signals_begin(struct vmbus_channel *channel)
{
    struct vmbus *bus = channel->bus;

    return bus->interrupts
               ? ST_OK
               : synic_event_connect(bus->memory->partition,
                                     VMBUS_CONNECTION_BASE + channel->relid, &channel->port);
}

static void signals_end(struct vmbus_channel *channel)
{
    struct vmbus *bus = channel->bus;

    if (!bus->interrupts)
        synic_event_disconnect(bus->memory->partition, VMBUS_CONNECTION_BASE + channel->relid,
                               channel->port);
}

u32 vmbus_channel_open(struct vmbus_channel *channel, const struct vmbus_open_channel *open)
{
    struct vmbus *bus = channel->bus;
    const struct vmbus_gpadl *gpadl = vmbus_gpadl_find(&bus->gpadls, open->ring_gpadl);

    if (channel->state != VMBUS_OFFERED || !gpadl || gpadl->relid != channel->relid ||
        !gpadl_holds_rings(gpadl, open->downstream_page))
        return VMBUS_INVALID_PARAMETER;
    if (!rings_open(channel, gpadl, open->downstream_page))
        return VMBUS_NO_RESOURCES;
    if (signals_begin(channel) != ST_OK)
        goto undo_rings;
    channel->gpadl = gpadl->id;
    channel->vp = open->target_vp;
    channel->is_broken = false;
    channel->is_full = false;
    channel->is_busy = true;
    channel->state = VMBUS_OPENED;
    if (channel->service->opened(channel) == ST_OK)
        return VMBUS_SUCCESS;
    channel->state = VMBUS_OFFERED;
    signals_end(channel);
undo_rings:
    vmbus_ring_close(&channel->out);
    vmbus_ring_close(&channel->in);
    return VMBUS_NO_RESOURCES;
}

void vmbus_channel_close(struct vmbus_channel *channel)
{
    if (channel->state != VMBUS_OPENED)
        return;
    vmbus_sub_channels_rescind(channel);
    channel->is_broken = true; /* what ends now is not answered */
    channel->service->closed(channel);
    signals_end(channel);
    vmbus_ring_close(&channel->out);
    vmbus_ring_close(&channel->in);
    channel->is_busy = false;
    channel->gpadl = 0;
    channel->state = VMBUS_OFFERED;
}

static void signal_guest(struct vmbus_channel *channel)
{
    struct vmbus *bus = channel->bus;

    if (bus->interrupts)
        vmbus_interrupt_set(bus, channel->relid);
    else
        synic_flag_set(bus->memory->partition, channel->vp, bus->sint, channel->relid);
}

/* One packet; false when there is none, or the service wants no more now. */
static bool packet_serve(struct vmbus_channel *channel, enum vmbus_ready *ready)
{
    static struct vmbus_packet packet; /* too large for the stack */
    enum status status;

    *ready = channel->service->ready(channel);
    if (*ready != VMBUS_READY)
        return false;
    status = vmbus_ring_take(&channel->in, &packet);
    if (status == ST_CORRUPT)
        channel->is_broken = true;
    if (status == ST_CORRUPT || status == ST_NO_DATA)
        return false;
    channel->service->packet(channel, &packet, status);
    return true;
}

static void channel_serve(struct vmbus_channel *channel)
{
    enum vmbus_ready ready = VMBUS_READY;
    u32 count = 0;

    if (channel->state != VMBUS_OPENED || channel->is_broken)
        return;
    do {
        vmbus_ring_mask(&channel->in);
        while (count < ROUND && packet_serve(channel, &ready))
            count++;
        if (vmbus_ring_release(&channel->in))
            signal_guest(channel);
        channel->is_busy = count >= ROUND || ready == VMBUS_BUSY;
        if (channel->is_broken || channel->is_busy || ready == VMBUS_FULL)
            return;
    } while (vmbus_ring_sleep(&channel->in));
}

/* Those that the guest has marked. */
static void shared_serve(struct vmbus *bus)
{
    for (u32 i = 0; i < bus->relids; i++) {
        struct vmbus_channel *channel = bus->channel[i];

        if (channel && vmbus_interrupt_take(bus, channel->relid))
            channel_serve(channel);
    }
}

bool vmbus_port_serve(struct vmbus *bus, u32 port)
{
    if (bus->interrupts) {
        if (port == bus->interrupt_port)
            shared_serve(bus);
        return port == bus->interrupt_port;
    }
    for (u32 i = 0; i < bus->relids; i++) {
        struct vmbus_channel *channel = bus->channel[i];

        if (channel && channel->state == VMBUS_OPENED && channel->port == port) {
            channel_serve(channel);
            return true;
        }
    }
    return false;
}

bool vmbus_continue(struct vmbus *bus)
{
    bool is_busy = false;

    for (u32 i = 0; i < bus->relids; i++) {
        struct vmbus_channel *channel = bus->channel[i];

        if (!channel || !channel->is_busy)
            continue;
        channel_serve(channel);
        is_busy |= channel->is_busy && !channel->is_broken;
    }
    return is_busy;
}

/* ---- for services ---- */

bool vmbus_channel_has_room(struct vmbus_channel *channel, u32 bytes)
{
    if (vmbus_ring_room(&channel->out) < bytes) {
        vmbus_ring_want(&channel->out, bytes + VMBUS_PACKET_TRAILER);
        channel->is_full = true;
    }
    /* Once more: it may have come before the guest saw that it is wanted. */
    if (vmbus_ring_room(&channel->out) < bytes)
        return false;
    if (channel->is_full)
        vmbus_ring_want(&channel->out, 0);
    channel->is_full = false;
    return true;
}

enum status vmbus_channel_put(struct vmbus_channel *channel, const struct vmbus_put *put)
{
    enum status status;
    bool is_signal;

    if (channel->state != VMBUS_OPENED || channel->is_broken)
        return ST_NO_ENTRY;
    status = vmbus_ring_put(&channel->out, put, &is_signal);
    if (status == ST_CORRUPT)
        channel->is_broken = true;
    if (is_signal)
        signal_guest(channel);
    return status;
}

static enum status packet_put(struct vmbus_channel *channel, u16 type, u64 transaction,
                              const void *data, u32 bytes)
{
    const struct vmbus_put put = {
        .head = {.type = type, .transaction = transaction}, .data = data, .data_bytes = bytes};

    return vmbus_channel_put(channel, &put);
}

enum status vmbus_channel_send(struct vmbus_channel *channel, u64 transaction, const void *data,
                               u32 bytes)
{
    return packet_put(channel, VMBUS_PACKET_INBAND, transaction, data, bytes);
}

enum status vmbus_channel_complete(struct vmbus_channel *channel, u64 transaction,
                                   const void *data, u32 bytes)
{
    return packet_put(channel, VMBUS_PACKET_COMPLETION, transaction, data, bytes);
}

/* The pages of one range; *at goes behind its PFNs. */
static enum status range_read(const struct vmbus_packet *packet, u32 *at,
                              struct vmbus_piece *piece, u32 room, u32 *count)
{
    struct vmbus_gpa_range range;
    u32 left, offset;

    if (packet->data_at - *at < sizeof(range))
        return ST_INVALID;
    memcpy(&range, packet->all + *at, sizeof(range));
    *at += (u32)sizeof(range);
    left = range.bytes;
    offset = range.offset;
    if (left == 0 || offset >= PAGE_SIZE)
        return ST_INVALID;
    while (left != 0) {
        u32 bytes = MIN(left, (u32)PAGE_SIZE - offset);

        if (packet->data_at - *at < sizeof(piece->gfn))
            return ST_INVALID;
        if (*count == room)
            return ST_TOO_BIG;
        memcpy(&piece[*count].gfn, packet->all + *at, sizeof(piece->gfn));
        piece[*count].offset = offset;
        piece[*count].bytes = bytes;
        *count += 1;
        *at += (u32)sizeof(piece->gfn);
        left -= bytes;
        offset = 0;
    }
    return ST_OK;
}

enum status vmbus_pieces_read(const struct vmbus_packet *packet, struct vmbus_piece *piece,
                              u32 room, u32 *count)
{
    struct vmbus_gpa_direct direct;
    u32 at = sizeof(packet->head);

    *count = 0;
    if (packet->head.type != VMBUS_PACKET_GPA_DIRECT || packet->data_at - at < sizeof(direct))
        return ST_INVALID;
    memcpy(&direct, packet->all + at, sizeof(direct));
    at += (u32)sizeof(direct);
    for (u32 i = 0; i < direct.ranges; i++)
        TRY(range_read(packet, &at, piece, room, count));
    return ST_OK;
}
