#include "guest-drivers/service/vmbus.h"
#include "hv/lib/string.h"

static void offer_post(struct vmbus *bus, const struct vmbus_channel *channel)
{
    struct vmbus_offer_channel offer = {
        .head = {.type = VMBUS_OFFER_CHANNEL},
        .interface = channel->service->interface,
        .instance = channel->instance,
        .flags = VMBUS_OFFER_ENUMERATE | channel->service->flags,
        .sub_channel = (u16)channel->index,
        .relid = channel->relid,
        .is_dedicated = !bus->interrupts,
        .connection =
            bus->interrupts ? VMBUS_CONNECTION_EVENT : VMBUS_CONNECTION_BASE + channel->relid,
    };

    memcpy(offer.user, &channel->service->pipe_mode, sizeof(channel->service->pipe_mode));
    vmbus_post(bus, &offer, sizeof(offer));
}

void vmbus_offers_post(struct vmbus *bus)
{
    bus->has_asked = true;
    for (u32 i = 0; i < VMBUS_CHANNELS_MAX; i++)
        if (bus->channel[i] && bus->channel[i]->state != VMBUS_RESCINDED)
            offer_post(bus, bus->channel[i]);
}

/* ---- relids ---- */

static u32 relids_free(const struct vmbus *bus)
{
    u32 count = 0;

    for (u32 i = 0; i < VMBUS_CHANNELS_MAX; i++)
        count += !bus->channel[i];
    return count;
}

/* The lowest one; 0 if there is none. */
static u32 relid_find_free(const struct vmbus *bus)
{
    for (u32 i = 0; i < VMBUS_CHANNELS_MAX; i++)
        if (!bus->channel[i])
            return i + 1;
    return 0;
}

static void relid_give(struct vmbus *bus, struct vmbus_channel *channel, u32 relid)
{
    bus->channel[relid - 1] = channel;
    bus->relids = MAX(bus->relids, relid);
    channel->bus = bus;
    channel->relid = relid;
    channel->state = VMBUS_OFFERED;
    if (bus->has_asked)
        offer_post(bus, channel);
}

void vmbus_channel_forget(struct vmbus_channel *channel)
{
    struct vmbus *bus = channel->bus;

    vmbus_gpadls_end_of(&bus->gpadls, channel->relid);
    bus->channel[channel->relid - 1] = NULL;
    channel->state = VMBUS_FREE;
}

/* ---- channels of devices ---- */

enum status vmbus_channel_offer(struct vmbus *bus, struct vmbus_channel *channel)
{
    u32 relid = relid_find_free(bus);

    if (relid == 0)
        return ST_NO_SPACE;
    relid_give(bus, channel, relid);
    return ST_OK;
}

void vmbus_channel_rescind(struct vmbus_channel *channel)
{
    struct vmbus *bus = channel->bus;
    struct vmbus_relid message = {{.type = VMBUS_RESCIND_OFFER}, channel->relid};

    vmbus_channel_close(channel);
    channel->state = VMBUS_RESCINDED;
    if (bus->has_asked)
        vmbus_post(bus, &message, sizeof(message));
    else
        vmbus_channel_forget(channel);
}

/* ---- their sub-channels ---- */

static void sub_channel_offer(struct vmbus_channel *primary, u32 index)
{
    u32 relid = relid_find_free(primary->bus);
    struct vmbus_channel *sub = &primary->bus->sub[relid - 1];

    *sub = (struct vmbus_channel){.service = primary->service,
                                  .own = primary->own,
                                  .instance = primary->instance,
                                  .primary = primary,
                                  .index = index};
    relid_give(primary->bus, sub, relid);
}

enum status vmbus_sub_channels_offer(struct vmbus_channel *primary, u32 count)
{
    struct vmbus *bus = primary->bus;

    if (primary->primary || primary->state != VMBUS_OPENED)
        return ST_INVALID;
    if (primary->sub_channels != 0)
        return ST_EXISTS;
    if (count > relids_free(bus) || count > VMBUS_POSTS_MAX - bus->posts)
        return ST_NO_SPACE;
    while (primary->sub_channels < count)
        sub_channel_offer(primary, ++primary->sub_channels);
    return ST_OK;
}

/* They end with the opening that asked for them; a guest that suspends waits for it. */
void vmbus_sub_channels_rescind(struct vmbus_channel *primary)
{
    for (u32 i = 0; i < VMBUS_CHANNELS_MAX; i++) {
        struct vmbus_channel *channel = primary->bus->channel[i];

        if (channel && channel->primary == primary && channel->state != VMBUS_RESCINDED)
            vmbus_channel_rescind(channel);
    }
    primary->sub_channels = 0;
}
