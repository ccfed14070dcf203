#include "guest-drivers/service/netvsc.h"
#include "hv/lib/string.h"

#define CHAIN_MAX 64u /* pieces of memory in a packet */

static const u32 versions[] = {
#define V(version) version,
    NETVSP_VERSIONS(V)
#undef V
};

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

/* Frames come as the guest said it takes them: those it does not take whole are cut. A guest
 * that sends on what it gets wants none whole, and so gets no blank checksum either. */
static void offloads_follow(struct netvsc *netvsc)
{
    u32 offloads = netvsc->device.offloads;
    u32 abilities = 0;

    if ((offloads & RNDIS_TAKES_GOOD) && (offloads & RNDIS_TAKES_LARGE4))
        abilities |= NET_TAKES_BLANK4 | NET_TAKES_GSO4;
    if ((offloads & RNDIS_TAKES_GOOD) && (offloads & RNDIS_TAKES_LARGE6))
        abilities |= NET_TAKES_BLANK6 | NET_TAKES_GSO6;
    netvsc->port.abilities = abilities;
}

void netvsc_control(struct netvsc *netvsc, const u8 *message, u32 length)
{
    u8 answer[RNDIS_ANSWER_MAX];
    u32 bytes = rndis_serve(&netvsc->device, message, length, answer);

    filter_follow(netvsc);
    offloads_follow(netvsc);
    if (bytes != 0 && netvsc_answer(netvsc, answer, bytes) != ST_OK)
        netvsc->malformed++; /* it has given us nowhere to put it */
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
    netvsc->receive_set = said->buffer.id;
    netvsc->sections = MIN(sections, NETVSC_SECTIONS_MAX);
    memset(netvsc->taken, 0, sizeof(netvsc->taken));
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

/* As many as it asks for, or as it may have. */
static void sub_channels(struct netvsc *netvsc, const struct netvsp_message *said,
                         struct netvsp_message *answer)
{
    u32 count = MIN(said->sub_channels.count, NETVSC_CHANNELS_MAX - 1);

    answer->type = NETVSP_SUB_CHANNELS;
    answer->sub_channels_complete.status = NETVSP_FAILED;
    if (netvsc->version < NETVSP_VERSION_5 || count == 0 ||
        said->sub_channels.operation != NETVSP_ALLOCATE ||
        vmbus_sub_channels_offer(netvsc->channel, count) != ST_OK)
        return;
    answer->sub_channels_complete.status = NETVSP_SUCCESS;
    answer->sub_channels_complete.count = count;
}

static void message_answer(struct netvsc *netvsc, const struct vmbus_packet *packet,
                           const struct netvsp_message *said, struct netvsp_message *answer)
{
    switch (said->type) {
    case NETVSP_INIT:
        answer->type = NETVSP_INIT_COMPLETE;
        answer->init_complete.status = version_agree(netvsc, said->init.most);
        answer->init_complete.version = netvsc->version;
        answer->init_complete.chain_max = CHAIN_MAX;
        break;
    case NETVSP_RECEIVE_BUFFER:
        receive_buffer(netvsc, said, answer);
        break;
    case NETVSP_REVOKE_RECEIVE_BUFFER:
        netvsc->receive_gpadl = 0;
        break;
    case NETVSP_SEND_BUFFER:
        send_buffer(netvsc, said, answer);
        break;
    case NETVSP_REVOKE_SEND_BUFFER:
        netvsc->send_gpadl = 0;
        break;
    case NETVSP_RNDIS:
        answer->type = NETVSP_RNDIS_COMPLETE;
        answer->status = netvsc_receive(netvsc, packet, said);
        break;
    case NETVSP_NDIS_CONFIG:
        netvsc->device.can_coalesce = netvsc->version >= NETVSP_VERSION_6_1 &&
                                      (said->ndis_config.abilities & NETVSP_CAN_COALESCE);
        break;
    case NETVSP_SUB_CHANNELS:
        sub_channels(netvsc, said, answer);
        break;
    default: /* what versions of NDIS it speaks: nothing follows */
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
        netvsc_sections_give(netvsc, packet->head.transaction);
        return;
    }
    if (status == ST_OK)
        memcpy(&said, packet->all + packet->data_at, MIN(packet->data_bytes, sizeof(said)));
    if (!channel->primary || said.type == NETVSP_RNDIS) /* the rest is for the first channel */
        message_answer(netvsc, packet, &said, &answer);
    if (packet->head.flags & VMBUS_PACKET_WANTS_COMPLETION)
        (void)vmbus_channel_complete(channel, packet->head.transaction, &answer,
                                     sizeof(answer));
}

/* ---- the channels ---- */

static void device_begin(struct netvsc *netvsc, u64 address, u32 mtu)
{
    netvsc->device =
        (struct rndis_device){.address = address, .mtu = mtu, .queues = NETVSC_CHANNELS_MAX};
}

static enum vmbus_ready netvsc_ready(struct vmbus_channel *channel)
{
    return vmbus_channel_has_room(channel, NETVSC_ANSWERS_ROOM) ? VMBUS_READY : VMBUS_FULL;
}

static void netvsc_closed(struct vmbus_channel *channel)
{
    struct netvsc *netvsc = channel->own;

    if (channel->primary) {
        netvsc->sub[channel->index] = NULL;
        return;
    }
    if (netvsc->port.home)
        switch_detach(&netvsc->port);
    netvsc->version = 0;
    netvsc->receive_gpadl = 0;
    netvsc->send_gpadl = 0;
    device_begin(netvsc, netvsc->device.address, netvsc->device.mtu);
    offloads_follow(netvsc);
}

/* All channels there are, one after the other; told when the last one is open. */
static void send_table_tell(struct netvsc *netvsc)
{
    struct netvsp_send_table table = {.type = NETVSP_SEND_TABLE,
                                      .count = NETVSP_SEND_ENTRIES,
                                      .offset = offsetof(struct netvsp_send_table, channel)};

    for (u32 i = 0; i < NETVSP_SEND_ENTRIES; i++)
        table.channel[i] = i % (netvsc->channel->sub_channels + 1);
    /* Where there is no room the guest keeps the same table, its own. */
    (void)vmbus_channel_send(netvsc->channel, 0, &table, sizeof(table));
}

static enum status netvsc_opened(struct vmbus_channel *channel)
{
    struct netvsc *netvsc = channel->own;
    u32 open = 0;

    if (!channel->primary)
        return ST_OK;
    netvsc->sub[channel->index] = channel;
    for (u32 i = 1; i < NETVSC_CHANNELS_MAX; i++)
        open += netvsc->sub[i] != NULL;
    if (open == netvsc->channel->sub_channels)
        send_table_tell(netvsc);
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
    device_begin(netvsc, address, MIN(mtu, NETVSC_MTU_MAX));
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
