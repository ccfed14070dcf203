#include "guest-drivers/service/dynmem.h"
#include "hv/lib/string.h"

#define ANSWER_ROOM 128u

void dynmem_say(struct dynmem *dynmem, enum dynmem_message type, u32 transaction, void *message,
                u32 bytes)
{
    *(struct dynmem_head *)message = (struct dynmem_head){(u16)type, (u16)bytes, transaction};
    (void)vmbus_channel_send(&dynmem->channel, 0, message, bytes);
}

/* ---- what the guest says ---- */

static void respond(struct dynmem *dynmem, enum dynmem_message type, u32 transaction,
                    bool is_accepted)
{
    struct dynmem_response response = {.flags = is_accepted ? DYNMEM_ACCEPTED : 0};

    dynmem_say(dynmem, type, transaction, &response, sizeof(response));
}

static bool is_spoken(u32 version)
{
#define V(major, minor) DYNMEM_VERSION(major, minor),
    static const u32 versions[] = {DYNMEM_VERSIONS(V)};
#undef V

    for (u32 i = 0; i < ARRAY_SIZE(versions); i++)
        if (versions[i] == version)
            return true;
    return false;
}

static void version_hear(struct dynmem *dynmem, const struct dynmem_version_request *request)
{
    bool is_good = is_spoken(request->version) &&
                   (dynmem->state == DYNMEM_OPENED || dynmem->state == DYNMEM_VERSIONED);

    if (is_good) {
        dynmem->version = request->version;
        dynmem->state = DYNMEM_VERSIONED;
    }
    respond(dynmem, DYNMEM_VERSION_RESPONSE, request->head.transaction, is_good);
}

/* Where memory may be added is decided by the first driver that comes. */
static void capabilities_hear(struct dynmem *dynmem, const struct dynmem_capabilities *report)
{
    struct guest_frames *frames = &dynmem_memory(dynmem)->frames;
    u64 align_mib = BIT(report->flags >> DYNMEM_ALIGNMENT_SHIFT & 15);
    u64 align = MAX(align_mib << 20 >> PAGE_SHIFT, DYNMEM_HOT_ADD_ALIGN);
    bool is_good = dynmem->state == DYNMEM_VERSIONED;

    if (is_good) {
        dynmem->can = report->flags & (DYNMEM_CAN_BALLOON | DYNMEM_CAN_HOT_ADD);
        dynmem_request_end(dynmem, 0);
        if (frames->more == 0)
            frames->more_begin = align_up(frames->high_begin + frames->high, align);
    }
    respond(dynmem, DYNMEM_CAPABILITIES_RESPONSE, report->head.transaction, is_good);
}

static void range_hear(struct dynmem *dynmem, u64 range)
{
    u64 gfn = range & (BIT(DYNMEM_COUNT_SHIFT) - 1);
    u64 count = range >> DYNMEM_COUNT_SHIFT;

    if (count > dynmem->asked ||
        guest_memory_release(dynmem_memory(dynmem), gfn, count) != ST_OK) {
        dynmem->refused++;
        return;
    }
    dynmem->asked -= count;
}

/* Each range for itself: one that is refused stays the guest's. */
static void balloon_hear(struct dynmem *dynmem, const struct dynmem_balloon_response *response,
                         const u8 *ranges, u32 bytes)
{
    u32 count = response->more_and_ranges >> 1;
    u64 range;

    if (dynmem->state != DYNMEM_ASKED_BALLOON || count > bytes / DYNMEM_RANGE_BYTES) {
        dynmem->refused++;
        return;
    }
    for (u32 i = 0; i < count; i++) {
        memcpy(&range, ranges + i * DYNMEM_RANGE_BYTES, sizeof(range));
        range_hear(dynmem, range);
    }
    guest_memory_settle(dynmem_memory(dynmem));
    if (!(response->more_and_ranges & DYNMEM_MORE))
        dynmem_request_end(dynmem, dynmem->asked);
}

static void unballoon_hear(struct dynmem *dynmem)
{
    if (dynmem->state != DYNMEM_ASKED_UNBALLOON) {
        dynmem->refused++;
        return;
    }
    dynmem_request_end(dynmem, 0);
}

/* What it did not add goes back, but for pages that it uses all the same. A guest that added
 * less than all is not asked again. */
static void hot_add_hear(struct dynmem *dynmem, const struct dynmem_hot_add_response *response)
{
    u64 added = MIN((u64)response->pages, dynmem->asked);

    if (dynmem->state != DYNMEM_ASKED_HOT_ADD) {
        dynmem->refused++;
        return;
    }
    dynmem_request_end(dynmem, 0);
    if (added == dynmem->asked)
        return;
    dynmem->can &= ~(u64)DYNMEM_CAN_HOT_ADD;
    (void)guest_memory_take_back(dynmem_memory(dynmem), dynmem->asked - added);
    guest_memory_settle(dynmem_memory(dynmem));
}

static void status_hear(struct dynmem *dynmem, const struct dynmem_status *status)
{
    dynmem->available = status->available;
    dynmem->committed = status->committed;
}

/* The fixed part of what a guest may say. */
union dynmem_said {
    struct dynmem_head head;
    struct dynmem_version_request version;
    struct dynmem_capabilities capabilities;
    struct dynmem_status status;
    struct dynmem_balloon_response balloon;
    struct dynmem_hot_add_response hot_add;
};

static u32 least_bytes(u32 type)
{
    switch (type) {
    case DYNMEM_VERSION_REQUEST:
        return sizeof(struct dynmem_version_request);
    case DYNMEM_CAPABILITIES_REPORT:
        return sizeof(struct dynmem_capabilities);
    case DYNMEM_STATUS_REPORT:
        return sizeof(struct dynmem_status);
    case DYNMEM_BALLOON_RESPONSE:
        return sizeof(struct dynmem_balloon_response);
    case DYNMEM_UNBALLOON_RESPONSE:
        return sizeof(struct dynmem_head);
    case DYNMEM_HOT_ADD_RESPONSE:
        return sizeof(struct dynmem_hot_add_response);
    default:
        return UINT32_MAX; /* nothing that a guest says */
    }
}

static void message_hear(struct dynmem *dynmem, const union dynmem_said *said, const u8 *all)
{
    switch (said->head.type) {
    case DYNMEM_VERSION_REQUEST:
        version_hear(dynmem, &said->version);
        break;
    case DYNMEM_CAPABILITIES_REPORT:
        capabilities_hear(dynmem, &said->capabilities);
        break;
    case DYNMEM_STATUS_REPORT:
        status_hear(dynmem, &said->status);
        break;
    case DYNMEM_BALLOON_RESPONSE:
        balloon_hear(dynmem, &said->balloon, all + sizeof(said->balloon),
                     said->head.bytes - (u32)sizeof(said->balloon));
        break;
    case DYNMEM_UNBALLOON_RESPONSE:
        unballoon_hear(dynmem);
        break;
    default:
        hot_add_hear(dynmem, &said->hot_add);
        break;
    }
}

static void dynmem_packet(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                          enum status status)
{
    struct dynmem *dynmem = channel->own;
    union dynmem_said said = {0};
    const u8 *all = packet->all + packet->data_at;

    if (packet->head.type != VMBUS_PACKET_INBAND)
        return;
    if (packet->head.flags & VMBUS_PACKET_WANTS_COMPLETION)
        (void)vmbus_channel_complete(channel, packet->head.transaction, NULL, 0);
    if (status == ST_OK)
        memcpy(&said, all, MIN(packet->data_bytes, (u32)sizeof(said)));
    if (said.head.bytes > packet->data_bytes || said.head.bytes < least_bytes(said.head.type))
        dynmem->refused++;
    else
        message_hear(dynmem, &said, all);
}

/* ---- the channel ---- */

static enum status dynmem_opened(struct vmbus_channel *channel)
{
    struct dynmem *dynmem = channel->own;

    dynmem->state = DYNMEM_OPENED;
    dynmem->can = 0;
    return ST_OK;
}

/* What is away stays so: the kernel does not use it, and a driver that comes again takes it
 * back as the first one would have. */
static void dynmem_closed(struct vmbus_channel *channel)
{
    struct dynmem *dynmem = channel->own;

    dynmem->state = DYNMEM_CLOSED;
}

/* Another kernel knows of no pages that are away: they come back as far as the machine has
 * memory. */
static void dynmem_disconnected(struct vmbus_channel *channel)
{
    struct dynmem *dynmem = channel->own;
    struct guest_memory *memory = dynmem_memory(dynmem);
    u64 gfn, count;

    while (!dynmem->is_ending && guest_frames_away_first(&memory->frames, &gfn, &count))
        if (guest_memory_restore(memory, gfn, count) != ST_OK)
            break;
    guest_memory_settle(memory);
}

static enum vmbus_ready dynmem_ready(struct vmbus_channel *channel)
{
    return vmbus_channel_has_room(channel, ANSWER_ROOM) ? VMBUS_READY : VMBUS_FULL;
}

static const struct vmbus_service service = {
    .interface = VMBUS_GUID_DYNMEM,
    .opened = dynmem_opened,
    .closed = dynmem_closed,
    .disconnected = dynmem_disconnected,
    .ready = dynmem_ready,
    .packet = dynmem_packet,
};

void dynmem_make(struct dynmem *dynmem, const struct guest_frames *frames)
{
    memset(dynmem, 0, sizeof(*dynmem));
    dynmem->channel.service = &service;
    dynmem->channel.own = dynmem;
    dynmem->channel.instance = (struct vmbus_guid){0x656e7473, 0, 0x444d, {0x80}};
    dynmem->target_pages = frames->low + frames->high;
}
