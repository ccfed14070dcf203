/* A guest of VMBus for one test program: it asks, hears the answers, opens channels. It needs
 * abi-tests/unit/fake_vmbus.c. */
#ifndef ABI_TESTS_UNIT_VMBUS_GUEST_H
#define ABI_TESTS_UNIT_VMBUS_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_vmbus.h"

static struct guest_memory memory;
static struct vmbus bus;
static struct vmbus_channel channels[2];
static u32 opened, closed, served, is_full;
static enum status open_answer, last_status;
static struct vmbus_packet last;

static inline enum status service_opened(struct vmbus_channel *channel)
{
    (void)channel;
    opened++;
    return open_answer;
}

static inline void service_closed(struct vmbus_channel *channel)
{
    (void)channel;
    closed++;
}

static inline enum vmbus_ready service_ready(struct vmbus_channel *channel)
{
    if (is_full)
        return VMBUS_BUSY;
    return vmbus_channel_has_room(channel, 2048) ? VMBUS_READY : VMBUS_FULL;
}

/* An echo. */
static inline void service_packet(struct vmbus_channel *channel,
                                  const struct vmbus_packet *packet, enum status status)
{
    served++;
    last = *packet;
    last_status = status;
    if (status == ST_OK)
        (void)vmbus_channel_complete(channel, packet->head.transaction,
                                     packet->all + packet->data_at, packet->data_bytes);
}

static const struct vmbus_service service = {
    .interface = VMBUS_GUID_SCSI,
    .flags = VMBUS_OFFER_PIPE,
    .pipe_mode = VMBUS_PIPE_MESSAGES,
    .opened = service_opened,
    .closed = service_closed,
    .ready = service_ready,
    .packet = service_packet,
};

static inline int setup(void **state)
{
    (void)state;
    fake_vmbus_reset();
    opened = closed = served = is_full = 0;
    open_answer = ST_OK;
    memset(channels, 0, sizeof(channels));
    vmbus_make(&bus, &memory);
    for (u32 i = 0; i < 2; i++) {
        channels[i].service = &service;
        channels[i].instance.data1 = 0x100 + i;
        if (vmbus_channel_offer(&bus, &channels[i]) != ST_OK)
            return 1;
    }
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0 || fake_events != 0;
}

/* The message that came last, which must be of this type. */
static inline const void *answer(u32 type)
{
    const struct fake_post *post = &fake_posts[(fake_post_count - 1) % FAKE_POSTS];

    assert_int_not_equal(fake_post_count, 0);
    assert_int_equal(((const struct vmbus_head *)(const void *)post->payload)->type, type);
    return post->payload;
}

static inline void say(const void *message, size_t bytes)
{
    vmbus_message(&bus, bus.connection ? bus.connection : VMBUS_CONNECTION_5_0, message,
                  (u32)bytes);
    vmbus_flush(&bus);
}

static inline struct vmbus_open_result open_with(u32 relid, u32 gpadl, u32 down)
{
    struct vmbus_open_channel open = {.head = {VMBUS_OPEN_CHANNEL, 0},
                                      .relid = relid,
                                      .open_id = 77,
                                      .ring_gpadl = gpadl,
                                      .downstream_page = down};
    struct vmbus_open_result result;

    say(&open, sizeof(open));
    memcpy(&result, answer(VMBUS_OPEN_RESULT), sizeof(result));
    assert_int_equal(result.relid, relid);
    assert_int_equal(result.open_id, 77);
    return result;
}

static inline void close_channel(u32 relid)
{
    struct vmbus_relid message = {{VMBUS_CLOSE_CHANNEL, 0}, relid};

    say(&message, sizeof(message));
}

static inline void teardown_gpadl(u32 relid, u32 gpadl)
{
    struct vmbus_gpadl_teardown message = {{VMBUS_GPADL_TEARDOWN, 0}, relid, gpadl};
    const struct vmbus_gpadl_torndown *torndown;

    say(&message, sizeof(message));
    torndown = answer(VMBUS_GPADL_TORNDOWN);
    assert_int_equal(torndown->gpadl, gpadl);
}

#endif
