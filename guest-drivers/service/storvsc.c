#include "guest-drivers/service/storvsc.h"
#include "enlight/abi/storvsp.h"
#include "hv/lib/string.h"

static const u16 versions[] = {
#define V(major, minor) STORVSP_VERSION(major, minor),
    STORVSP_VERSIONS(V)
#undef V
};

void storvsc_make(struct storvsc *storvsc, struct vmbus_channel *channel, u32 instance,
                  u32 vcpus)
{
    memset(storvsc, 0, sizeof(*storvsc));
    memset(channel, 0, sizeof(*channel));
    storvsc->channel = channel;
    storvsc->sub_channels_max = vcpus / STORVSC_VCPUS_EACH;
    channel->service = &storvsc_service;
    channel->own = storvsc;
    channel->instance =
        (struct vmbus_guid){0x656e7473, 0x0000, 0x4353, {0x80, 0, 0, 0, 0, 0, 0, (u8)instance}};
}

enum status storvsc_unit_add(struct storvsc *storvsc, struct disk *disk,
                             enum scsi_access access, const char *serial)
{
    for (u32 i = 0; i < SCSI_UNITS_MAX; i++) {
        struct scsi_unit *unit = &storvsc->target.unit[i];

        if (unit->disk)
            continue;
        unit->disk = disk;
        unit->access = access;
        memcpy(unit->serial, serial, strnlen(serial, SCSI_SERIAL_BYTES));
        return ST_OK;
    }
    return ST_NO_SPACE;
}

/* ---- the channel ---- */

static u32 version_agree(struct storvsc *storvsc, u16 version)
{
    for (u32 i = 0; i < ARRAY_SIZE(versions); i++) {
        if (versions[i] != version)
            continue;
        storvsc->version = version;
        return STORVSP_SUCCESS;
    }
    return STORVSP_REVISION_MISMATCH;
}

/* Status of a demand for sub-channels. */
static u32 sub_channels_create(struct vmbus_channel *channel, u32 count)
{
    const struct storvsc *storvsc = channel->own;

    if (storvsc->state != STORVSC_READY)
        return STORVSP_INVALID_STATE;
    if (count == 0 || count > storvsc->sub_channels_max ||
        vmbus_sub_channels_offer(channel, count) != ST_OK)
        return STORVSP_INVALID_REQUEST;
    return STORVSP_SUCCESS;
}

/* What the controller is told by its first channel. */
static u32 control(struct vmbus_channel *channel, struct storvsp_packet *packet)
{
    struct storvsc *storvsc = channel->own;

    if (channel->primary)
        return STORVSP_INVALID_REQUEST;
    switch (packet->operation) {
    case STORVSP_BEGIN_INITIALIZATION:
        storvsc->state = STORVSC_BEGUN;
        storvsc->version = 0;
        return STORVSP_SUCCESS;
    case STORVSP_QUERY_VERSION:
        return storvsc->state == STORVSC_BEGUN ? version_agree(storvsc, packet->version.version)
                                               : STORVSP_INVALID_STATE;
    case STORVSP_QUERY_PROPERTIES:
        if (storvsc->version == 0)
            return STORVSP_INVALID_STATE;
        packet->properties = (struct storvsp_properties){
            .max_channels = (u16)storvsc->sub_channels_max,
            .flags = storvsc->sub_channels_max ? STORVSP_MULTI_CHANNEL : 0,
            .max_transfer_bytes = SCSI_SECTORS_MAX * SECTOR_BYTES};
        return STORVSP_SUCCESS;
    case STORVSP_END_INITIALIZATION:
        if (storvsc->version == 0)
            return STORVSP_INVALID_STATE;
        storvsc->state = STORVSC_READY;
        return STORVSP_SUCCESS;
    case STORVSP_CREATE_SUB_CHANNELS:
        return sub_channels_create(channel, packet->sub_channels);
    case STORVSP_RESET_LUN:
    case STORVSP_RESET_ADAPTER:
    case STORVSP_RESET_BUS:
        return STORVSP_SUCCESS; /* what is under way ends by itself */
    default:
        return STORVSP_INVALID_REQUEST;
    }
}

/* The packets of old guests end before the last fields of the SRB; those count as 0. */
static void storvsc_packet(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                           enum status status)
{
    struct storvsc *storvsc = channel->own;
    struct storvsp_packet said = {0};

    if (packet->head.type == VMBUS_PACKET_COMPLETION)
        return; /* we ask for none; an answer might come back as the next */
    if (status == ST_OK && (packet->head.type == VMBUS_PACKET_INBAND ||
                            packet->head.type == VMBUS_PACKET_GPA_DIRECT))
        memcpy(&said, packet->all + packet->data_at, MIN(packet->data_bytes, sizeof(said)));
    if (said.operation == STORVSP_EXECUTE_SRB && storvsc->state == STORVSC_READY)
        storvsc_execute(channel, packet, &said);
    else
        storvsc_answer(channel, packet->head.transaction, &said, control(channel, &said));
}

static enum status storvsc_opened(struct vmbus_channel *channel)
{
    struct storvsc *storvsc = channel->own;

    if (!channel->primary) {
        storvsc->state = STORVSC_CLOSED;
        storvsc->version = 0;
    }
    return ST_OK;
}

static void storvsc_closed(struct vmbus_channel *channel)
{
    struct storvsc *storvsc = channel->own;

    storvsc_settle(channel);
    if (!channel->primary)
        storvsc->state = STORVSC_CLOSED;
}

const struct vmbus_service storvsc_service = {
    .interface = VMBUS_GUID_SCSI,
    .opened = storvsc_opened,
    .closed = storvsc_closed,
    .ready = storvsc_ready,
    .packet = storvsc_packet,
};
