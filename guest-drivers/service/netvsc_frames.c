#include "guest-drivers/service/netvsc.h"
#include "guest-drivers/service/offload.h"
#include "hv/lib/string.h"

#define PIECES_MAX 64u
#define TAG_BYTES  4u

/* What a guest sent. One at a time: ports take the bytes before they return. */
static u8 arrival[RNDIS_MESSAGE_MAX];
static struct vmbus_piece pieces[PIECES_MAX];

/* ---- the buffer to the guest ---- */

static void sections_free(struct netvsc *netvsc, u32 first)
{
    memset(&netvsc->taken[first], 0, netvsc->taken[first]);
}

/* A guest may say what it likes: only the sections of a packet it was shown are given back. */
void netvsc_sections_give(struct netvsc *netvsc, u64 transaction)
{
    u64 first = transaction - 1;

    if (first < netvsc->sections && netvsc->taken[first] != 0 &&
        netvsc->taken[first] != NETVSC_INSIDE)
        sections_free(netvsc, (u32)first);
}

/* The first of `count` free ones in a row at or behind this one; `sections`: there are none. */
static u32 row_find(const struct netvsc *netvsc, u32 at, u32 count)
{
    u32 clear = 0;

    while (clear < count && at < netvsc->sections)
        clear = netvsc->taken[at++] == 0 ? clear + 1 : 0;
    return clear == count ? at - count : netvsc->sections;
}

/* So many in a row; in turn, so that the next ones are most often free. ST_NO_SPACE. */
static enum status sections_take(struct netvsc *netvsc, u32 count, u32 *out)
{
    u32 first = row_find(netvsc, netvsc->next, count);

    if (first == netvsc->sections)
        first = row_find(netvsc, 0, count);
    if (first == netvsc->sections)
        return ST_NO_SPACE;
    memset(&netvsc->taken[first], NETVSC_INSIDE, count);
    netvsc->taken[first] = (u8)count;
    netvsc->next = first + count;
    *out = first;
    return ST_OK;
}
_Static_assert(NETVSC_FRAGMENTS_MAX < NETVSC_INSIDE, "a count is none of the marks");

/* ---- to the guest ---- */

/* A packet to the guest in the making: messages in sections in a row. */
struct parcel {
    const struct vmbus_gpadl *gpadl;
    u32 first, count;
    struct {
        struct vmbus_xfer_pages pages;
        struct vmbus_xfer_range range[NETVSC_FRAGMENTS_MAX];
    } __attribute__((packed)) more;
};

static enum status parcel_begin(struct netvsc *netvsc, struct parcel *parcel, u32 count)
{
    parcel->gpadl = vmbus_gpadl_find(&netvsc->channel->bus->gpadls, netvsc->receive_gpadl);
    parcel->count = count;
    parcel->more.pages = (struct vmbus_xfer_pages){netvsc->receive_set, 0, 0, count};
    return parcel->gpadl ? sections_take(netvsc, count, &parcel->first) : ST_NO_SPACE;
}

/* Puts a head and what follows it into one of the sections. */
static enum status parcel_fill(struct netvsc *netvsc, struct parcel *parcel, u32 index,
                               const struct rndis_frame_head *head, u32 head_bytes,
                               const u8 *rest, u32 rest_bytes)
{
    const struct vmbus_gpadls *all = &netvsc->channel->bus->gpadls;
    u32 at = (parcel->first + index) * NETVSC_RECEIVE_BYTES;

    parcel->more.range[index] = (struct vmbus_xfer_range){head_bytes + rest_bytes, at};
    TRY(vmbus_gpadl_copy(all, parcel->gpadl, VMBUS_STORE, at, (u8 *)(uintptr_t)head,
                         head_bytes));
    return vmbus_gpadl_copy(all, parcel->gpadl, VMBUS_STORE, at + head_bytes,
                            (u8 *)(uintptr_t)rest, rest_bytes);
}

/* Says what is in the sections; the guest's completion gives them back. */
static enum status parcel_show(struct vmbus_channel *channel, const struct parcel *parcel,
                               u32 type)
{
    struct netvsp_message message = {.type = NETVSP_RNDIS,
                                     .rndis = {type, NETVSP_NO_SECTION, 0}};
    const struct vmbus_put put = {
        .head = {.type = VMBUS_PACKET_XFER_PAGES,
                 .flags = VMBUS_PACKET_WANTS_COMPLETION,
                 .transaction = parcel->first + 1},
        .more = &parcel->more,
        .more_bytes =
            (u32)(sizeof(parcel->more.pages) + parcel->count * sizeof(parcel->more.range[0])),
        .data = &message,
        .data_bytes = sizeof(message),
    };

    return vmbus_channel_put(channel, &put);
}

/* Shows it, as `status` says, if it could be filled. */
static enum status parcel_end(struct netvsc *netvsc, struct vmbus_channel *channel,
                              const struct parcel *parcel, u32 type, enum status status)
{
    if (status == ST_OK)
        status = parcel_show(channel, parcel, type);
    if (status != ST_OK)
        sections_free(netvsc, parcel->first);
    return status;
}

enum status netvsc_answer(struct netvsc *netvsc, const u8 *answer, u32 bytes)
{
    struct parcel parcel;

    TRY(parcel_begin(netvsc, &parcel, 1));
    return parcel_end(netvsc, netvsc->channel, &parcel, NETVSP_CONTROL,
                      parcel_fill(netvsc, &parcel, 0, NULL, 0, answer, bytes));
}

/* What is said of the frame's checksum. */
static u32 checksum_of(const struct netvsc *netvsc, const struct net_frame *frame)
{
    struct net_headers headers;

    if (!(netvsc->device.offloads & RNDIS_TAKES_GOOD) ||
        !(frame->flags & (NET_CHECKSUM_BLANK | NET_CHECKSUM_GOOD)) ||
        net_headers_read(frame->at, frame->bytes, &headers) != ST_OK)
        return 0;
    if (headers.protocol != NET_PROTOCOL_TCP)
        return RNDIS_GOOD_UDP;
    return frame->flags & NET_CHECKSUM_BLANK ? RNDIS_GOOD_TCP | RNDIS_BLANK_TCP
                                             : RNDIS_GOOD_TCP;
}

/* Of a frame that stands for several; others are not in fragments. */
static u32 fragment_of(const struct net_frame *frame, u32 index, u32 count)
{
    if (frame->gso == NET_GSO_NONE)
        return 0;
    return RNDIS_FRAGMENT | (index == 0 ? RNDIS_FRAGMENT_FIRST : 0) |
           (index + 1 == count ? RNDIS_FRAGMENT_LAST : 0);
}

static enum status frame_put(struct netvsc *netvsc, struct vmbus_channel *channel,
                             const struct net_frame *frame, u32 hash)
{
    u32 count = (frame->bytes + NETVSC_FRAGMENT_MAX - 1) / NETVSC_FRAGMENT_MAX;
    struct rndis_frame_words words = {.checksum = checksum_of(netvsc, frame), .hash = hash};
    enum status status = ST_OK;
    struct parcel parcel;

    TRY(parcel_begin(netvsc, &parcel, count));
    for (u32 i = 0; i < count && status == ST_OK; i++) {
        u32 at = i * NETVSC_FRAGMENT_MAX;
        u32 bytes = MIN(frame->bytes - at, NETVSC_FRAGMENT_MAX);
        struct rndis_frame_head head;
        u32 head_bytes;

        words.fragment = fragment_of(frame, i, count);
        head_bytes = rndis_frame_head(&head, bytes, &words);
        status = parcel_fill(netvsc, &parcel, i, &head, head_bytes, frame->at + at, bytes);
        words = (struct rndis_frame_words){0}; /* the rest is said with the first one */
    }
    return parcel_end(netvsc, channel, &parcel, NETVSP_DATA, status);
}

/* Where the guest wants frames of that hash; the primary one while the other is not open. */
static struct vmbus_channel *channel_of(struct netvsc *netvsc, u32 hash)
{
    struct vmbus_channel *sub = netvsc->sub[rss_queue(&netvsc->device.scale, hash, 1)];

    return sub ? sub : netvsc->channel;
}

void netvsc_send(struct net_port *port, const struct net_frame *frame)
{
    struct netvsc *netvsc = (struct netvsc *)(void *)port;
    u32 hash = netvsc->channel->sub_channels != 0
                   ? rss_hash(&netvsc->device.scale, frame->at, frame->bytes).value
                   : 0;
    struct vmbus_channel *channel = channel_of(netvsc, hash);

    if ((frame->gso == NET_GSO_NONE && frame->bytes > NETVSC_FRAME_MAX) ||
        vmbus_ring_room(&channel->out) < NETVSC_PACKET_ROOM + NETVSC_ANSWERS_ROOM ||
        frame_put(netvsc, channel, frame, hash) != ST_OK)
        port->out.dropped++;
}
_Static_assert(NETVSC_FRAME_MAX <= NETVSC_FRAGMENT_MAX, "a frame fits a section");
_Static_assert(RNDIS_ANSWER_MAX <= NETVSC_RECEIVE_BYTES, "an answer too");

/* ---- from the guest ---- */

/* Ethernet's addresses move down, over what was said about the frame. [IEEE 802.1Q 9.4] */
static enum status tag_insert(struct rndis_frame *frame)
{
    u8 *tag;

    if (frame->bytes < ETHERNET_HEAD)
        return ST_CORRUPT;
    memmove(frame->at - TAG_BYTES, frame->at, 2 * ETHERNET_ADDRESS);
    frame->at -= TAG_BYTES;
    frame->bytes += TAG_BYTES;
    tag = frame->at + 2 * ETHERNET_ADDRESS;
    tag[0] = 0x81;
    tag[1] = 0x00;
    tag[2] = (u8)(frame->vlan >> 8);
    tag[3] = (u8)frame->vlan;
    return ST_OK;
}
_Static_assert(sizeof(struct rndis_head) >= TAG_BYTES, "there is room before a frame");

static enum status segment_read(const struct rndis_frame *said, struct net_frame *out)
{
    out->gso = said->large_send & RNDIS_LARGE_SEND_IPV6 ? NET_GSO_TCP6 : NET_GSO_TCP4;
    out->gso_bytes = RNDIS_SEGMENT_BYTES(said->large_send);
    out->flags = NET_CHECKSUM_BLANK;
    if (!(said->large_send & RNDIS_LARGE_SEND_V2) || out->gso_bytes == 0 ||
        out->gso_bytes > NET_FRAME_MAX || said->bytes > NET_FRAME_MAX)
        return ST_CORRUPT;
    return net_segment_complete(said->at, said->bytes, out->gso);
}

/* A frame as the switch takes it. ST_CORRUPT, ST_UNSUPPORTED: it is not what is said of it. */
static enum status frame_read(struct rndis_frame *said, struct net_frame *out)
{
    if (said->has_vlan)
        TRY(tag_insert(said));
    *out = (struct net_frame){.at = said->at,
                              .bytes = said->bytes,
                              .flags = said->checksum != 0 ? NET_CHECKSUM_BLANK : 0};
    return said->large_send != 0 ? segment_read(said, out) : ST_OK;
}

static enum status message_serve(struct netvsc *netvsc, u8 *message, u32 length)
{
    struct rndis_frame said;
    struct net_frame frame;
    enum status status = rndis_frame_read(message, length, &said);

    if (status == ST_UNSUPPORTED) {
        netvsc_control(netvsc, message, length);
        return ST_OK;
    }
    if (status == ST_OK)
        status = frame_read(&said, &frame);
    if (status == ST_OK && netvsc->port.home)
        switch_input(&netvsc->port, &frame, netvsc->now_ns);
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

u32 netvsc_receive(struct netvsc *netvsc, const struct vmbus_packet *packet,
                   const struct netvsp_message *said)
{
    u32 length, bytes = 0;
    u32 at = 0;
    u8 *message;
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
