#include "guest-drivers/service/rndis.h"
#include "hv/lib/string.h"

enum status rndis_next(u8 *from, u32 bytes, u32 *at, u8 **message, u32 *length)
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

/* ---- from the guest ---- */

/* One piece of information; what nobody here knows is passed over. */
static enum status info_read(const u8 *at, const struct rndis_info *info,
                             struct rndis_frame *out)
{
    u32 value;

    if (info->type != RNDIS_INFO_CHECKSUM && info->type != RNDIS_INFO_LARGE_SEND &&
        info->type != RNDIS_INFO_VLAN)
        return ST_OK;
    if ((u64)info->offset + sizeof(value) > info->bytes)
        return ST_CORRUPT;
    memcpy(&value, at + info->offset, sizeof(value));
    if (info->type == RNDIS_INFO_CHECKSUM) {
        out->checksum = value & (RNDIS_CHECKSUM_TCP | RNDIS_CHECKSUM_UDP);
    } else if (info->type == RNDIS_INFO_LARGE_SEND) {
        out->large_send = value;
    } else {
        out->vlan = RNDIS_VLAN_TAG(value);
        out->has_vlan = true;
    }
    return ST_OK;
}

static enum status infos_read(const u8 *message, u32 length, const struct rndis_packet *packet,
                              struct rndis_frame *out)
{
    const u8 *at;
    u32 left = packet->info_bytes;
    struct rndis_info info;

    if (!rndis_holds(length, packet->info_offset, left))
        return ST_CORRUPT;
    at = message + sizeof(packet->head) + packet->info_offset;
    while (left >= sizeof(info)) {
        memcpy(&info, at, sizeof(info));
        if (info.bytes < sizeof(info) || info.bytes > left)
            return ST_CORRUPT;
        TRY(info_read(at, &info, out));
        at += info.bytes;
        left -= info.bytes;
    }
    return left == 0 ? ST_OK : ST_CORRUPT;
}

enum status rndis_frame_read(u8 *message, u32 length, struct rndis_frame *out)
{
    struct rndis_packet packet;

    memcpy(&packet.head, message, sizeof(packet.head));
    if (packet.head.type != RNDIS_PACKET)
        return ST_UNSUPPORTED;
    if (length < sizeof(packet))
        return ST_CORRUPT;
    memcpy(&packet, message, sizeof(packet));
    if (!rndis_holds(length, packet.data_offset, packet.data_bytes))
        return ST_CORRUPT;
    *out = (struct rndis_frame){.at = message + sizeof(packet.head) + packet.data_offset,
                                .bytes = packet.data_bytes};
    return packet.info_bytes == 0 ? ST_OK : infos_read(message, length, &packet, out);
}

/* ---- to the guest ---- */

static void info_add(struct rndis_frame_head *head, u32 type, u32 value)
{
    u32 index = head->packet.info_bytes / (u32)sizeof(head->info[0]);

    head->info[index] = (struct rndis_info_word){
        {sizeof(head->info[0]), type, sizeof(head->info[0].info)}, value};
    head->packet.info_offset = sizeof(head->packet) - sizeof(head->packet.head);
    head->packet.info_bytes += (u32)sizeof(head->info[0]);
}

u32 rndis_frame_head(struct rndis_frame_head *head, u32 bytes,
                     const struct rndis_frame_words *words)
{
    u32 head_bytes;

    head->packet = (struct rndis_packet){.data_bytes = bytes};
    if (words->checksum != 0)
        info_add(head, RNDIS_INFO_CHECKSUM, words->checksum);
    if (words->hash != 0)
        info_add(head, RNDIS_INFO_HASH, words->hash);
    if (words->fragment != 0)
        info_add(head, (u32)RNDIS_INFO_FRAGMENT, words->fragment);
    head_bytes = (u32)sizeof(head->packet) + head->packet.info_bytes;
    head->packet.head = (struct rndis_head){RNDIS_PACKET, head_bytes + bytes};
    head->packet.data_offset = head_bytes - (u32)sizeof(head->packet.head);
    return head_bytes;
}
