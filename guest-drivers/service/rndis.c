#include "guest-drivers/service/rndis.h"
#include "hv/lib/string.h"

#define LINK_SPEED 100000000u /* 10 Gbit/s in units of 100 bit/s */
#define ADDRESS    6u

static u32 initialize(const u8 *message, u8 *answer)
{
    struct rndis_initialize in;
    struct rndis_initialize_complete out = {
        .head = {RNDIS_INITIALIZE | RNDIS_COMPLETE, sizeof(out)},
        .major = 1,
        .device_flags = 1,
        .packets_max = 8,
        .transfer_max = RNDIS_MESSAGE_MAX,
        .alignment = 3, /* 8 bytes */
    };

    memcpy(&in, message, sizeof(in));
    out.id = in.id;
    memcpy(answer, &out, sizeof(out));
    return sizeof(out);
}

static u32 number_put(u8 *info, u32 value)
{
    memcpy(info, &value, sizeof(value));
    return sizeof(value);
}

static u32 address_put(u8 *info, u64 address)
{
    for (u32 i = 0; i < ADDRESS; i++)
        info[i] = (u8)(address >> 8 * (ADDRESS - 1 - i));
    return ADDRESS;
}

/* Revisions of an object have more at its end. */
static u32 revision_bytes(u32 revision)
{
    if (revision <= 1)
        return NDIS_OFFLOAD_BYTES_1;
    return revision == 2 ? NDIS_OFFLOAD_BYTES_2 : NDIS_OFFLOAD_BYTES_3;
}

/* What a device can do for its guest, in the revision that the guest asks for. */
static u32 offload_put(const struct rndis_device *device, u32 revision, u8 *info)
{
    struct ndis_offload offload = {
        .head = {NDIS_OFFLOAD_TYPE, (u8)revision, (u16)revision_bytes(revision)},
        .send4 = {NDIS_ETHERNET, NDIS_CHECKSUM4},
        .receive4 = {NDIS_ETHERNET, NDIS_CHECKSUM4},
        .send6 = {NDIS_ETHERNET, NDIS_CHECKSUM6},
        .receive6 = {NDIS_ETHERNET, NDIS_CHECKSUM6},
        .large4 = {NDIS_ETHERNET, RNDIS_LARGE_MAX, 2},
        .large6 = {NDIS_ETHERNET, RNDIS_LARGE_MAX, 2},
        .large6_options = NDIS_LARGE6,
        .coalesce4 = device->can_coalesce,
        .coalesce6 = device->can_coalesce,
    };

    memcpy(info, &offload, offload.head.bytes);
    return offload.head.bytes;
}

/* The revision of the object that came with a query. */
static u32 revision_of(const u8 *message, u32 length, const struct rndis_request *in)
{
    struct ndis_head head;

    if (in->info_bytes < sizeof(head) || !rndis_holds(length, in->info_offset, in->info_bytes))
        return 1;
    memcpy(&head, message + sizeof(in->head) + in->info_offset, sizeof(head));
    return head.revision == 0 ? 1 : MIN(head.revision, 3u);
}

/* The value of an object; its length, 0 where there is none. */
static u32 object_put(const struct rndis_device *device, u32 oid, u32 revision, u8 *info)
{
    switch ((enum rndis_oid)oid) {
    case RNDIS_OID_HARDWARE_STATUS:
    case RNDIS_OID_MEDIA_SUPPORTED:
    case RNDIS_OID_MEDIA_IN_USE:
    case RNDIS_OID_MEDIA_STATUS:
        return number_put(info, 0);
    case RNDIS_OID_FRAME_BYTES:
        return number_put(info, device->mtu);
    case RNDIS_OID_TOTAL_BYTES:
        return number_put(info, device->mtu + 14);
    case RNDIS_OID_LINK_SPEED:
        return number_put(info, LINK_SPEED);
    case RNDIS_OID_PACKET_FILTER:
        return number_put(info, device->filter);
    case RNDIS_OID_ADDRESS:
    case RNDIS_OID_CURRENT_ADDRESS:
        return address_put(info, device->address);
    case RNDIS_OID_OFFLOAD_ABILITIES:
    case RNDIS_OID_OFFLOAD_CURRENT:
        return offload_put(device, revision, info);
    case RNDIS_OID_SCALE_ABILITIES:
        return device->queues > 1 ? rndis_scale_put(device, info) : 0;
    case RNDIS_OID_MULTICAST_LIST:
    case RNDIS_OID_SCALE_PARAMETERS:
    case RNDIS_OID_OFFLOAD_PARAMETERS:
        break;
    }
    return 0;
}

static u32 query(const struct rndis_device *device, const u8 *message, u32 length, u8 *answer)
{
    struct rndis_request in;
    struct rndis_query_complete out = {
        .head.type = RNDIS_QUERY | RNDIS_COMPLETE,
        .info_offset = sizeof(out) - sizeof(out.head),
    };

    memcpy(&in, message, sizeof(in));
    out.id = in.id;
    out.info_bytes =
        object_put(device, in.oid, revision_of(message, length, &in), answer + sizeof(out));
    out.status = out.info_bytes != 0 ? RNDIS_SUCCESS : RNDIS_NOT_SUPPORTED;
    out.head.bytes = (u32)sizeof(out) + out.info_bytes;
    memcpy(answer, &out, sizeof(out));
    return out.head.bytes;
}
_Static_assert(sizeof(struct rndis_query_complete) + sizeof(struct ndis_offload) <=
                   RNDIS_ANSWER_MAX,
               "the longest answer");

static void offload_switch(struct rndis_device *device, u32 offload, bool is_on)
{
    device->offloads = is_on ? device->offloads | offload : device->offloads & ~offload;
}

/* What the guest wants to be done for it; a field that is 0 leaves things as they are. */
static u32 offload_set(struct rndis_device *device, const u8 *info, u32 bytes)
{
    struct ndis_offload_parameters want = {0};

    if (bytes < NDIS_PARAMETERS_BYTES_1)
        return RNDIS_INVALID_DATA;
    memcpy(&want, info, MIN(bytes, sizeof(want)));
    if (want.tcp4 != 0)
        offload_switch(device, RNDIS_TAKES_GOOD, want.tcp4 >= NDIS_CHECKSUM_RECEIVE);
    if (want.coalesce4 != 0)
        offload_switch(device, RNDIS_TAKES_LARGE4,
                       device->can_coalesce && want.coalesce4 == NDIS_PARAMETERS_ON);
    if (want.coalesce6 != 0)
        offload_switch(device, RNDIS_TAKES_LARGE6,
                       device->can_coalesce && want.coalesce6 == NDIS_PARAMETERS_ON);
    return RNDIS_SUCCESS;
}

static u32 object_set(struct rndis_device *device, const u8 *message, u32 length,
                      const struct rndis_request *in)
{
    const u8 *info;

    if (!rndis_holds(length, in->info_offset, in->info_bytes))
        return RNDIS_INVALID_DATA;
    info = message + sizeof(in->head) + in->info_offset;
    switch (in->oid) {
    case RNDIS_OID_PACKET_FILTER:
        if (in->info_bytes != sizeof(device->filter))
            return RNDIS_INVALID_DATA;
        memcpy(&device->filter, info, sizeof(device->filter));
        return RNDIS_SUCCESS;
    case RNDIS_OID_MULTICAST_LIST: /* all of them come */
        return RNDIS_SUCCESS;
    case RNDIS_OID_SCALE_PARAMETERS:
        return rndis_scale_set(device, info, in->info_bytes);
    case (u32)RNDIS_OID_OFFLOAD_PARAMETERS:
        return offload_set(device, info, in->info_bytes);
    default:
        return RNDIS_NOT_SUPPORTED;
    }
}

static u32 complete(u32 type, u32 id, u32 status, u8 *answer)
{
    struct rndis_complete out = {{type | RNDIS_COMPLETE, sizeof(out)}, id, status};

    memcpy(answer, &out, sizeof(out));
    return sizeof(out);
}

static u32 set(struct rndis_device *device, const u8 *message, u32 length, u8 *answer)
{
    struct rndis_request in;

    memcpy(&in, message, sizeof(in));
    return complete(RNDIS_SET, in.id, object_set(device, message, length, &in), answer);
}

u32 rndis_serve(struct rndis_device *device, const u8 *message, u32 length,
                u8 answer[RNDIS_ANSWER_MAX])
{
    struct rndis_head in;
    u32 id;

    if (length < sizeof(in) + sizeof(id)) /* the shortest of all */
        return 0;
    memcpy(&in, message, sizeof(in));
    memcpy(&id, message + sizeof(in), sizeof(id));
    if (in.type == RNDIS_INITIALIZE && length >= sizeof(struct rndis_initialize))
        return initialize(message, answer);
    if (in.type == RNDIS_QUERY && length >= sizeof(struct rndis_request))
        return query(device, message, length, answer);
    if (in.type == RNDIS_SET && length >= sizeof(struct rndis_request))
        return set(device, message, length, answer);
    if (in.type == RNDIS_KEEPALIVE)
        return complete(RNDIS_KEEPALIVE, id, RNDIS_SUCCESS, answer);
    if (in.type == RNDIS_HALT)
        device->filter = 0;
    return 0;
}
