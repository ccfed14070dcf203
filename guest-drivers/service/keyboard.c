#include "guest-drivers/service/keyboard.h"
#include "hv/lib/string.h"

#define PREFIX_E0   0xe000u
#define EVENTS_ROOM 128u

static enum status keyboard_opened(struct vmbus_channel *channel)
{
    (void)channel;
    return ST_OK;
}

static void keyboard_closed(struct vmbus_channel *channel)
{
    struct keyboard *keyboard = channel->own;

    keyboard->is_agreed = false;
}

static enum vmbus_ready keyboard_ready(struct vmbus_channel *channel)
{
    return vmbus_channel_has_room(channel, EVENTS_ROOM) ? VMBUS_READY : VMBUS_FULL;
}

static void request_serve(struct keyboard *keyboard, u32 version)
{
    struct keyboard_response response = {.type = KEYBOARD_PROTOCOL_RESPONSE};

    keyboard->is_agreed = version == KEYBOARD_VERSION;
    if (keyboard->is_agreed)
        response.status = KEYBOARD_ACCEPTED;
    (void)vmbus_channel_send(&keyboard->channel, 0, &response, sizeof(response));
}

/* Beside the request a guest has only its lights to tell of. */
static void keyboard_packet(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                            enum status status)
{
    struct keyboard *keyboard = channel->own;
    struct keyboard_request request;

    if (status != ST_OK || packet->head.type != VMBUS_PACKET_INBAND ||
        packet->data_bytes < sizeof(request))
        return;
    memcpy(&request, packet->all + packet->data_at, sizeof(request));
    if (packet->head.flags & VMBUS_PACKET_WANTS_COMPLETION)
        (void)vmbus_channel_complete(channel, packet->head.transaction, NULL, 0);
    if (request.type == KEYBOARD_PROTOCOL_REQUEST)
        request_serve(keyboard, request.version);
}

static const struct vmbus_service service = {
    .interface = VMBUS_GUID_KEYBOARD,
    .opened = keyboard_opened,
    .closed = keyboard_closed,
    .ready = keyboard_ready,
    .packet = keyboard_packet,
};

void keyboard_make(struct keyboard *keyboard)
{
    memset(keyboard, 0, sizeof(*keyboard));
    keyboard->channel.service = &service;
    keyboard->channel.own = keyboard;
    keyboard->channel.instance = (struct vmbus_guid){0x656e7473, 0, 0x4b42, {0x80}};
}

enum status keyboard_press(struct keyboard *keyboard, u32 code)
{
    struct keyboard_event event = {.type = KEYBOARD_EVENT, .make_code = code & 0xff};

    if ((code & ~0xffu) == PREFIX_E0)
        event.flags = KEYBOARD_E0;
    else if (code & ~0xffu)
        return ST_RANGE;
    if (event.make_code == 0 || event.make_code > KEYBOARD_CODE_MAX)
        return ST_RANGE;
    if (keyboard->channel.state != VMBUS_OPENED || !keyboard->is_agreed)
        return ST_NO_DATA;
    if (!vmbus_channel_has_room(&keyboard->channel, EVENTS_ROOM))
        return ST_BUSY;
    TRY(vmbus_channel_send(&keyboard->channel, 0, &event, sizeof(event)));
    event.flags |= KEYBOARD_BREAK;
    return vmbus_channel_send(&keyboard->channel, 0, &event, sizeof(event));
}
