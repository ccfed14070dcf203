#include "guest-drivers/service/rndis.h"
#include "hv/lib/string.h"

#define LINK_SPEED   100000000u /* 10 Gbit/s in units of 100 bit/s */
#define TRANSFER_MAX 0x4000u
#define ADDRESS      6u

enum status rndis_next(const u8 *from, u32 bytes, u32 *at, const u8 **message, u32 *length)
{
    struct rndis_head head;

    if (*at == bytes)
        return ST_NO_DATA;
    if (bytes - *at < sizeof(head))
        return ST_CORRUPT;
    memcpy(&head, from + *at, sizeof(head));
    if (head.bytes < sizeof(head) || head.bytes > bytes - *at)
        return ST_CORRUPT;
    *message = from + *at;
    *length = head.bytes;
    *at += head.bytes;
    return ST_OK;
}

/* Do so many bytes at this offset, which counts from behind the head, lie in the message? */
static bool holds(u32 length, u32 offset, u32 bytes)
{
    u64 end = (u64)sizeof(struct rndis_head) + offset + bytes;

    return end <= length;
}

enum status rndis_frame_read(const u8 *message, u32 length, struct rndis_frame *out)
{
    struct rndis_packet packet;

    memcpy(&packet.head, message, sizeof(packet.head));
    if (packet.head.type != RNDIS_PACKET)
        return ST_UNSUPPORTED;
    if (length < sizeof(packet))
        return ST_CORRUPT;
    memcpy(&packet, message, sizeof(packet));
    if (!holds(length, packet.data_offset, packet.data_bytes))
        return ST_CORRUPT;
    *out = (struct rndis_frame){message + sizeof(packet.head) + packet.data_offset,
                                packet.data_bytes};
    return ST_OK;
}

void rndis_frame_head(struct rndis_packet *head, u32 bytes)
{
    *head = (struct rndis_packet){
        .head = {RNDIS_PACKET, (u32)sizeof(*head) + bytes},
        .data_offset = sizeof(*head) - sizeof(head->head),
        .data_bytes = bytes,
    };
}

/* ---- control ---- */

static u32 initialize(struct rndis_device *device, const u8 *message, u8 *answer)
{
    struct rndis_initialize in;
    struct rndis_initialize_complete out = {
        .head = {RNDIS_INITIALIZE | RNDIS_COMPLETE, sizeof(out)},
        .major = 1,
        .device_flags = 1,
        .packets_max = 8,
        .transfer_max = TRANSFER_MAX,
        .alignment = 3, /* 8 bytes */
    };

    memcpy(&in, message, sizeof(in));
    out.id = in.id;
    device->is_initialised = true;
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

static u32 offload_put(u8 *info)
{
    memset(info, 0, RNDIS_OFFLOAD_BYTES);
    info[0] = RNDIS_OFFLOAD_TYPE;
    info[1] = 1; /* revision */
    info[2] = RNDIS_OFFLOAD_BYTES;
    return RNDIS_OFFLOAD_BYTES;
}

/* The value of an object; its length, 0 where there is none. */
static u32 object_put(const struct rndis_device *device, u32 oid, u8 *info)
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
        return offload_put(info);
    case RNDIS_OID_MULTICAST_LIST:
    case RNDIS_OID_OFFLOAD_PARAMETERS:
        break;
    }
    return 0;
}

static u32 query(const struct rndis_device *device, const u8 *message, u8 *answer)
{
    struct rndis_request in;
    struct rndis_query_complete out = {
        .head.type = RNDIS_QUERY | RNDIS_COMPLETE,
        .info_offset = sizeof(out) - sizeof(out.head),
    };

    memcpy(&in, message, sizeof(in));
    out.id = in.id;
    out.info_bytes = object_put(device, in.oid, answer + sizeof(out));
    out.status = out.info_bytes != 0 ? RNDIS_SUCCESS : RNDIS_NOT_SUPPORTED;
    out.head.bytes = (u32)sizeof(out) + out.info_bytes;
    memcpy(answer, &out, sizeof(out));
    return out.head.bytes;
}
_Static_assert(sizeof(struct rndis_query_complete) + RNDIS_OFFLOAD_BYTES <= RNDIS_ANSWER_MAX,
               "the longest answer");

static u32 object_set(struct rndis_device *device, const u8 *message, u32 length,
                      const struct rndis_request *in)
{
    if (!holds(length, in->info_offset, in->info_bytes))
        return RNDIS_INVALID_DATA;
    switch (in->oid) {
    case RNDIS_OID_PACKET_FILTER:
        if (in->info_bytes != sizeof(device->filter))
            return RNDIS_INVALID_DATA;
        memcpy(&device->filter, message + sizeof(in->head) + in->info_offset,
               sizeof(device->filter));
        return RNDIS_SUCCESS;
    case RNDIS_OID_MULTICAST_LIST:          /* all of them come */
    case (u32)RNDIS_OID_OFFLOAD_PARAMETERS: /* there is nothing to turn on */
        return RNDIS_SUCCESS;
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
        return initialize(device, message, answer);
    if (in.type == RNDIS_QUERY && length >= sizeof(struct rndis_request))
        return query(device, message, answer);
    if (in.type == RNDIS_SET && length >= sizeof(struct rndis_request))
        return set(device, message, length, answer);
    if (in.type == RNDIS_KEEPALIVE)
        return complete(RNDIS_KEEPALIVE, id, RNDIS_SUCCESS, answer);
    if (in.type == RNDIS_HALT) {
        device->is_initialised = false;
        device->filter = 0;
    }
    return 0;
}
