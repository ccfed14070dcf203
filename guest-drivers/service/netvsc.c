#include "guest-drivers/service/netvsc.h"
#include "hv/lib/string.h"

#define PIECES_MAX 64u

/* What one packet to the guest takes in the ring, and what frames leave for answers. */
#define PACKET_ROOM                                                                            \
    (sizeof(struct vmbus_packet_head) + sizeof(struct vmbus_xfer_pages) +                      \
     sizeof(struct vmbus_xfer_range) + sizeof(struct netvsp_message) + VMBUS_PACKET_TRAILER)
#define ANSWERS_ROOM (4 * PACKET_ROOM)

/* What a guest sent. One at a time: ports take the bytes before they return. */
static u8 arrival[NET_FRAME_MAX + 1];
static struct vmbus_piece pieces[PIECES_MAX];

static const u32 versions[] = {
#define V(version) version,
    NETVSP_VERSIONS(V)
#undef V
};

/* ---- to the guest ---- */

static u32 section_take(struct netvsc *netvsc)
{
    for (u32 i = 0; i < netvsc->sections; i++) {
        u32 section = (netvsc->next + i) % netvsc->sections;

        if (netvsc->used[section / 64] & BIT(section % 64))
            continue;
        netvsc->used[section / 64] |= BIT(section % 64);
        netvsc->next = section + 1;
        return section;
    }
    return NETVSP_NO_SECTION;
}

/* A guest may say what it likes: only sections it has are given back. */
static void section_give(struct netvsc *netvsc, u64 transaction)
{
    if (transaction - 1 < netvsc->sections)
        netvsc->used[(transaction - 1) / 64] &= ~BIT((transaction - 1) % 64);
}

/* Says that `bytes` are in a section; the guest's completion gives it back. */
static enum status section_show(struct netvsc *netvsc, u32 channel, u32 section, u32 bytes)
{
    struct netvsp_message message = {.type = NETVSP_RNDIS,
                                     .rndis = {channel, NETVSP_NO_SECTION, 0}};
    struct {
        struct vmbus_xfer_pages pages;
        struct vmbus_xfer_range range;
    } __attribute__((packed))
    more = {{NETVSP_RECEIVE_SET, 0, 0, 1}, {bytes, section * NETVSC_RECEIVE_BYTES}};
    const struct vmbus_put put = {
        .head = {.type = VMBUS_PACKET_XFER_PAGES,
                 .flags = VMBUS_PACKET_WANTS_COMPLETION,
                 .transaction = section + 1},
        .more = &more,
        .more_bytes = sizeof(more),
        .data = &message,
        .data_bytes = sizeof(message),
    };

    return vmbus_channel_put(netvsc->channel, &put);
}

/* Puts a head and what follows it into a section. */
static enum status message_put(struct netvsc *netvsc, u32 channel, const void *head,
                               u32 head_bytes, const void *rest, u32 rest_bytes)
{
    struct vmbus_gpadls *all = &netvsc->channel->bus->gpadls;
    const struct vmbus_gpadl *gpadl = vmbus_gpadl_find(all, netvsc->receive_gpadl);
    u32 section = gpadl ? section_take(netvsc) : NETVSP_NO_SECTION;
    u32 at = section * NETVSC_RECEIVE_BYTES;
    enum status status;

    if (section == NETVSP_NO_SECTION)
        return ST_NO_SPACE;
    status = vmbus_gpadl_copy(all, gpadl, VMBUS_STORE, at, (u8 *)(uintptr_t)head, head_bytes);
    if (status == ST_OK)
        status = vmbus_gpadl_copy(all, gpadl, VMBUS_STORE, at + head_bytes,
                                  (u8 *)(uintptr_t)rest, rest_bytes);
    if (status == ST_OK)
        status = section_show(netvsc, channel, section, head_bytes + rest_bytes);
    if (status != ST_OK)
        section_give(netvsc, (u64)section + 1);
    return status;
}

/* The switch has a frame for the guest; it is dropped where there is no room. */
static void netvsc_send(struct net_port *port, const struct net_frame *frame)
{
    struct netvsc *netvsc = (struct netvsc *)(void *)port;
    struct rndis_packet head;

    rndis_frame_head(&head, frame->bytes);
    if (frame->bytes > NETVSC_FRAME_MAX ||
        vmbus_ring_room(&netvsc->channel->out) < PACKET_ROOM + ANSWERS_ROOM ||
        message_put(netvsc, NETVSP_DATA, &head, sizeof(head), frame->at, frame->bytes) != ST_OK)
        port->out.dropped++;
}
_Static_assert(sizeof(struct rndis_packet) + NETVSC_FRAME_MAX <= NETVSC_RECEIVE_BYTES,
               "a frame fits a section");

/* ---- from the guest: RNDIS ---- */

/* At the switch while the guest wants packets. */
static void filter_follow(struct netvsc *netvsc)
{
    bool is_wanted = netvsc->device.filter != 0;

    if (is_wanted && !netvsc->port.home)
        switch_attach(netvsc->net, &netvsc->port);
    else if (!is_wanted && netvsc->port.home)
        switch_detach(&netvsc->port);
}

static void control(struct netvsc *netvsc, const u8 *message, u32 length)
{
    u8 answer[RNDIS_ANSWER_MAX];
    u32 bytes = rndis_serve(&netvsc->device, message, length, answer);

    filter_follow(netvsc);
    if (bytes != 0 && message_put(netvsc, NETVSP_CONTROL, answer, bytes, NULL, 0) != ST_OK)
        netvsc->malformed++; /* it has given us nowhere to put it */
}

static enum status message_serve(struct netvsc *netvsc, const u8 *message, u32 length)
{
    struct rndis_frame frame;
    enum status status = rndis_frame_read(message, length, &frame);

    if (status == ST_UNSUPPORTED) {
        control(netvsc, message, length);
        return ST_OK;
    }
    if (status == ST_OK && netvsc->port.home)
        switch_input(&netvsc->port, &(struct net_frame){.at = frame.at, .bytes = frame.bytes},
                     netvsc->now_ns);
    return status;
}

/* Bytes of the buffer from the guest, then of its pages, to `arrival`. */
static enum status message_fetch(struct netvsc *netvsc, const struct vmbus_packet *packet,
                                 const struct netvsp_message *said, u32 *out)
{
    struct vmbus_gpadls *all = &netvsc->channel->bus->gpadls;
    const struct vmbus_gpadl *gpadl = vmbus_gpadl_find(all, netvsc->send_gpadl);
    u32 bytes = said->rndis.section == NETVSP_NO_SECTION ? 0 : said->rndis.section_bytes;
    u32 count = 0;

    if (bytes > NETVSC_SEND_BYTES || (bytes != 0 && !gpadl))
        return ST_INVALID;
    if (bytes != 0 && said->rndis.section >= gpadl->bytes / NETVSC_SEND_BYTES)
        return ST_RANGE;
    if (bytes != 0)
        TRY(vmbus_gpadl_copy(all, gpadl, VMBUS_FETCH, said->rndis.section * NETVSC_SEND_BYTES,
                             arrival, bytes));
    if (packet->head.type == VMBUS_PACKET_GPA_DIRECT)
        TRY(vmbus_pieces_read(packet, pieces, PIECES_MAX, &count));
    for (u32 i = 0; i < count; i++) {
        if (pieces[i].bytes > sizeof(arrival) - bytes)
            return ST_TOO_BIG;
        TRY(vmbus_page_copy(all->memory, pieces[i].gfn, VMBUS_FETCH, pieces[i].offset,
                            arrival + bytes, pieces[i].bytes));
        bytes += pieces[i].bytes;
    }
    *out = bytes;
    return ST_OK;
}

static u32 rndis_receive(struct netvsc *netvsc, const struct vmbus_packet *packet,
                         const struct netvsp_message *said)
{
    const u8 *message;
    u32 length, bytes = 0;
    u32 at = 0;
    enum status status = message_fetch(netvsc, packet, said, &bytes);

    while (status == ST_OK) {
        status = rndis_next(arrival, bytes, &at, &message, &length);
        if (status == ST_OK)
            status = message_serve(netvsc, message, length);
    }
    if (status == ST_NO_DATA)
        return NETVSP_SUCCESS;
    netvsc->malformed++;
    return NETVSP_FAILED;
}

/* ---- from the guest: NVSP ---- */

static u32 version_agree(struct netvsc *netvsc, u32 version)
{
    for (u32 i = 0; i < ARRAY_SIZE(versions); i++) {
        if (versions[i] != version)
            continue;
        netvsc->version = version;
        return NETVSP_SUCCESS;
    }
    return NETVSP_FAILED;
}

static const struct vmbus_gpadl *buffer_find(struct netvsc *netvsc, u32 id)
{
    const struct vmbus_gpadl *gpadl = vmbus_gpadl_find(&netvsc->channel->bus->gpadls, id);

    return gpadl && vmbus_gpadl_is_whole(gpadl) && gpadl->relid == netvsc->channel->relid
               ? gpadl
               : NULL;
}

static void receive_buffer(struct netvsc *netvsc, const struct netvsp_message *said,
                           struct netvsp_message *answer)
{
    const struct vmbus_gpadl *gpadl = buffer_find(netvsc, said->buffer.gpadl);
    u32 sections = gpadl ? gpadl->bytes / NETVSC_RECEIVE_BYTES : 0;

    answer->type = NETVSP_RECEIVE_BUFFER_COMPLETE;
    answer->receive_complete.status = NETVSP_FAILED;
    if (netvsc->version == 0 || netvsc->receive_gpadl != 0 || sections == 0)
        return;
    netvsc->receive_gpadl = gpadl->id;
    netvsc->sections = MIN(sections, NETVSC_SECTIONS_MAX);
    netvsc->next = 0;
    memset(netvsc->used, 0, sizeof(netvsc->used));
    answer->receive_complete.status = NETVSP_SUCCESS;
    answer->receive_complete.sections = 1;
    answer->receive_complete.section_bytes = NETVSC_RECEIVE_BYTES;
    answer->receive_complete.count = netvsc->sections;
    answer->receive_complete.end = netvsc->sections * NETVSC_RECEIVE_BYTES;
}

static void send_buffer(struct netvsc *netvsc, const struct netvsp_message *said,
                        struct netvsp_message *answer)
{
    const struct vmbus_gpadl *gpadl = buffer_find(netvsc, said->buffer.gpadl);

    answer->type = NETVSP_SEND_BUFFER_COMPLETE;
    answer->send_complete.status = NETVSP_FAILED;
    if (netvsc->version == 0 || netvsc->send_gpadl != 0 || !gpadl)
        return;
    netvsc->send_gpadl = gpadl->id;
    answer->send_complete.status = NETVSP_SUCCESS;
    answer->send_complete.section_bytes = NETVSC_SEND_BYTES;
}

static void message_answer(struct netvsc *netvsc, const struct vmbus_packet *packet,
                           const struct netvsp_message *said, struct netvsp_message *answer)
{
    switch (said->type) {
    case NETVSP_INIT:
        answer->type = NETVSP_INIT_COMPLETE;
        answer->init_complete.status = version_agree(netvsc, said->init.most);
        answer->init_complete.version = netvsc->version;
        answer->init_complete.chain_max = PIECES_MAX;
        break;
    case NETVSP_RECEIVE_BUFFER:
        receive_buffer(netvsc, said, answer);
        break;
    case NETVSP_REVOKE_RECEIVE_BUFFER:
        netvsc->receive_gpadl = 0;
        netvsc->sections = 0;
        break;
    case NETVSP_SEND_BUFFER:
        send_buffer(netvsc, said, answer);
        break;
    case NETVSP_REVOKE_SEND_BUFFER:
        netvsc->send_gpadl = 0;
        break;
    case NETVSP_RNDIS:
        answer->type = NETVSP_RNDIS_COMPLETE;
        answer->status = rndis_receive(netvsc, packet, said);
        break;
    case NETVSP_SUB_CHANNELS: /* one channel serves it all */
        answer->type = NETVSP_SUB_CHANNELS;
        answer->status = NETVSP_FAILED;
        break;
    default: /* what versions of NDIS it speaks, how long frames may be: nothing follows */
        break;
    }
}

static void netvsc_packet(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                          enum status status)
{
    struct netvsc *netvsc = channel->own;
    struct netvsp_message said = {0};
    struct netvsp_message answer = {0};

    if (packet->head.type == VMBUS_PACKET_COMPLETION) {
        section_give(netvsc, packet->head.transaction);
        return;
    }
    if (status == ST_OK)
        memcpy(&said, packet->all + packet->data_at, MIN(packet->data_bytes, sizeof(said)));
    message_answer(netvsc, packet, &said, &answer);
    if (packet->head.flags & VMBUS_PACKET_WANTS_COMPLETION)
        (void)vmbus_channel_complete(channel, packet->head.transaction, &answer,
                                     sizeof(answer));
}

/* ---- the channel ---- */

static enum vmbus_ready netvsc_ready(struct vmbus_channel *channel)
{
    return vmbus_channel_has_room(channel, ANSWERS_ROOM) ? VMBUS_READY : VMBUS_FULL;
}

static void netvsc_closed(struct vmbus_channel *channel)
{
    struct netvsc *netvsc = channel->own;

    if (netvsc->port.home)
        switch_detach(&netvsc->port);
    netvsc->version = 0;
    netvsc->receive_gpadl = 0;
    netvsc->send_gpadl = 0;
    netvsc->sections = 0;
    netvsc->device.filter = 0;
    netvsc->device.is_initialised = false;
}

static enum status netvsc_opened(struct vmbus_channel *channel)
{
    (void)channel;
    return ST_OK;
}

const struct vmbus_service netvsc_service = {
    .interface = VMBUS_GUID_NETWORK,
    .opened = netvsc_opened,
    .closed = netvsc_closed,
    .ready = netvsc_ready,
    .packet = netvsc_packet,
};

void netvsc_make(struct netvsc *netvsc, struct vmbus_channel *channel, struct net_switch *net,
                 u64 address, u32 mtu)
{
    memset(netvsc, 0, sizeof(*netvsc));
    memset(channel, 0, sizeof(*channel));
    netvsc->channel = channel;
    netvsc->net = net;
    netvsc->device.address = address;
    netvsc->device.mtu = MIN(mtu, NETVSC_FRAME_MAX - ETHERNET_HEAD);
    netvsc->port.send = netvsc_send;
    netvsc->port.largest = NETVSC_FRAME_MAX;
    netvsc->port.own = address;
    netvsc->port.address = netvsc->address;
    netvsc->port.addresses = NETVSC_ADDRESSES;
    channel->service = &netvsc_service;
    channel->own = netvsc;
    channel->instance = (struct vmbus_guid){0x656e7473, 0x0000, 0x4e49, {0x80, 0}};
    for (u32 i = 0; i < ETHERNET_ADDRESS; i++)
        channel->instance.data4[2 + i] = (u8)(address >> 8 * (ETHERNET_ADDRESS - 1 - i));
}
