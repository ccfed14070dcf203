/*
 * test=hostile seed=N steps=N: connections to VMBus with messages, GPADLs, rings and packets
 * that make no sense, closed or begun anew in the middle; with die=1 the guest ends there.
 */
#include "abi-tests/golden/tlfs_numbers.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/hostile/vmbus_packet.h"
#include "abi-tests/kit/test.h"

#define DEVICES      3u
#define CHANNELS     8u /* sub-channels of storage and network among them */
#define SUB_CHANNELS 3u /* asked for at a time */
#define FRAMES_MAX   200u
#define RELIDS       80u
#define LOOK         20000ull   /* 2 ms */
#define PATIENCE     5000000ull /* 500 ms, once there was an answer */
#define RING_GPADL   0x1000u

static uint8_t rings[CHANNELS][VMBUS_RING_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static struct vmbus_channel channels[CHANNELS];
static uint32_t open_count;
static uint64_t steps, steps_end, sub_channels;

/* ---- packets ----------------------------------------------------------------------------- */

static bool is_network(const struct vmbus_channel *channel)
{
    return channel->interface == B_INTERFACE_NETWORK;
}

/* Messages to us wait in the slot until they are looked at, for a while. */
static void messages_drop(void)
{
    struct b_message message;

    while (!one_in(64) && vmbus_take(&message, LOOK))
        ;
}

/* A head that lies is put after the packet was, so that there is one. */
static void packet_put(struct vmbus_channel *channel)
{
    volatile struct b_ring_head *out = vmbus_out(channel);
    uint32_t began = out->write % VMBUS_RING_BYTES;
    bool is_spoilt = one_in(2);

    (is_network(channel) ? vmbus_network_packet : vmbus_storage_packet)(is_spoilt);
    if (!vmbus_put(channel, &vmbus_packet.head))
        messages_drop(); /* a while */
    else if (is_spoilt && one_in(64))
        hostile_scribble(channel->pages[1] + began, sizeof(vmbus_packet.head));
    if (!one_in(4))
        vmbus_signal(channel);
}

static void answers_drop(struct vmbus_channel *channel)
{
    struct b_packet_head head;
    uint64_t words[8];

    for (uint32_t i = below(16); i > 0; i--)
        if (!vmbus_get(channel, &head, words, sizeof(words)))
            break;
}

static void ring_spoil(struct vmbus_channel *channel)
{
    volatile struct b_ring_head *head = one_in(2) ? vmbus_out(channel) : vmbus_in(channel);

    switch (below(6)) {
    case 0:
        head->write = (uint32_t)hostile_value();
        break;
    case 1:
        head->read = (uint32_t)hostile_value();
        break;
    case 2:
        head->pending_send = (uint32_t)hostile_value();
        break;
    case 3:
        head->interrupt_mask = below(2);
        break;
    case 4:
        head->write = (head->write + 8 * below(64)) % VMBUS_RING_BYTES;
        break;
    default:
        hostile_scribble(channel->pages[below(VMBUS_RING_PAGES)], KIT_PAGE);
        break;
    }
    vmbus_signal(channel);
}

/* ---- messages ---------------------------------------------------------------------------- */

/* Lists of frames: whole, torn, the same page again and again, none of ours. */
static void gpadl_game(uint32_t relid)
{
    uint64_t frames[FRAMES_MAX];
    uint32_t count = 1 + below(one_in(4) ? FRAMES_MAX : 20),
             gpadl = VMBUS_OTHER_GPADL + below(8);
    struct b_message message = {.type = B_GPADL_HEADER,
                                .begin = {.relid = relid,
                                          .gpadl = gpadl,
                                          .range_bytes = (uint16_t)hostile_value(),
                                          .ranges = (uint16_t)(one_in(4) ? below(4) : 1),
                                          .bytes = (uint32_t)hostile_value(),
                                          .offset = one_in(2) ? 0 : (uint32_t)hostile_value()}};

    for (uint32_t i = 0; i < count; i++)
        frames[i] = vmbus_frame_any(true);
    if (one_in(2))
        vmbus_gpadl_make(relid, gpadl, frames, count, count * KIT_PAGE);
    else
        vmbus_post(&message, 28 + 8 * below(27));
    if (one_in(4))
        vmbus_gpadl_end(relid, gpadl);
}

static void message_game(uint32_t relid)
{
    struct b_message message = {.type = 1 + below(26)};
    uint32_t bytes = one_in(4) ? below(260) : 8 + below(40);

    if (message.type == B_CONTACT || message.type == B_UNLOAD)
        message.type = B_MODIFY; /* those end the connection: connection_end() */
    for (uint32_t i = 0; i < sizeof(message.bytes) / 8; i++) {
        uint64_t value = hostile_value();
        memcpy(message.bytes + 8 * i, &value, 8);
    }
    if (one_in(2))
        message.relid.relid = relid;
    if (one_in(4))
        message.open.gpadl = RING_GPADL + below(CHANNELS);
    vmbus_post(&message, bytes);
}

/* ---- connections ------------------------------------------------------------------------- */

/* Both rings of a channel in the same pages: what the host answers comes back to it. */
static bool open_folded(struct vmbus_channel *channel)
{
    struct b_message message = {.type = B_OPEN,
                                .open = {.relid = channel->relid,
                                         .gpadl = channel->gpadl,
                                         .downstream = VMBUS_RING_PAGES / 2}};
    uint64_t frames[VMBUS_RING_PAGES];

    memset(channel->pages, 0, VMBUS_RING_PAGES * KIT_PAGE);
    for (uint32_t i = 0; i < VMBUS_RING_PAGES; i++)
        frames[i] = (uintptr_t)channel->pages[i % (VMBUS_RING_PAGES / 2)] / KIT_PAGE;
    if (vmbus_gpadl_make(channel->relid, channel->gpadl, frames, VMBUS_RING_PAGES,
                         VMBUS_RING_PAGES * KIT_PAGE) != 0)
        return false;
    vmbus_post(&message, 8 + sizeof(message.open));
    return vmbus_await(B_OPEN_RESULT, &message) && message.opened.status == 0;
}

static void channels_open(void)
{
    open_count = 0;
    for (uint32_t i = 0; i < vmbus_offer_count && open_count < DEVICES; i++) {
        struct vmbus_channel *channel = &channels[open_count];
        if (vmbus_offers[i].interface != B_INTERFACE_STORAGE &&
            vmbus_offers[i].interface != B_INTERFACE_NETWORK && !one_in(8))
            continue;
        *channel = (struct vmbus_channel){vmbus_offers[i].relid, RING_GPADL + open_count,
                                          rings[open_count], vmbus_offers[i].interface};
        if ((one_in(8) ? open_folded : vmbus_open)(channel))
            open_count++;
    }
}

/* With rings of their own, or with those of another channel. */
static void sub_channels_open(struct vmbus_channel *primary)
{
    uint32_t relids[CHANNELS], count = 0;
    struct b_message message;
    uint32_t asked = one_in(8) ? (uint32_t)hostile_value() : 1 + below(SUB_CHANNELS);

    if (is_network(primary))
        vmbus_network_ask(primary, asked);
    else
        vmbus_storage_say(primary, B_STORAGE_SUB_CHANNELS, (uint16_t)asked);
    while (count < CHANNELS && vmbus_take(&message, 10 * LOOK))
        if (message.type == B_OFFER && message.offer.sub_channel != 0)
            relids[count++] = message.offer.relid;
    for (uint32_t i = 0; i < count && open_count < CHANNELS; i++) {
        uint32_t ring = one_in(4) ? below(open_count) : open_count;

        channels[open_count] = (struct vmbus_channel){relids[i], RING_GPADL + open_count,
                                                      rings[ring], primary->interface};
        if (!vmbus_open(&channels[open_count]))
            continue;
        open_count++;
        sub_channels++;
    }
}

/* The services' own first words, so that what follows is listened to. */
static void services_begin(struct vmbus_channel *channel)
{
    (is_network(channel) ? vmbus_network_begin : vmbus_storage_begin)(channel);
    vmbus_signal(channel);
    if (is_network(channel) || channel->interface == B_INTERFACE_STORAGE)
        sub_channels_open(channel);
}

/* Opens what is open, what was not offered, with the rings of another. */
static void open_game(const struct vmbus_channel *channel)
{
    const struct b_message message = {
        .type = B_OPEN,
        .open = {.relid = one_in(2) ? channel->relid : below(RELIDS),
                 .gpadl = channels[below(open_count)].gpadl,
                 .vp = one_in(4) ? (uint32_t)hostile_value() : 0,
                 .downstream = one_in(4) ? below(8) : VMBUS_RING_PAGES / 2}};

    vmbus_post(&message, 8 + sizeof(message.open));
}

/* A device's sub-channels go with it; their relids are released, or not. */
static void again_game(struct vmbus_channel *channel)
{
    struct b_message message = {.type = B_RELID_RELEASED};

    vmbus_close(channel);
    for (uint32_t i = below(32); i > 0; i--) {
        message.relid.relid = below(RELIDS);
        vmbus_post(&message, 12);
    }
    if (vmbus_open(channel))
        services_begin(channel);
}

static void connection_end(void)
{
    struct b_message message = {.type = B_UNLOAD};

    switch (below(4)) {
    case 0: /* as they came, or the last first, as Linux does */
        for (uint32_t i = 0, last = one_in(2) ? open_count - 1 : 0; i < open_count; i++)
            vmbus_close(&channels[last == 0 ? i : last - i]);
        break;
    case 1: /* the rings go first */
        for (uint32_t i = 0; i < open_count; i++)
            vmbus_gpadl_end(channels[i].relid, channels[i].gpadl);
        break;
    case 2:
        vmbus_post(&message, 8);
        vmbus_await(B_UNLOAD_RESPONSE, &message);
        break;
    default: /* begins anew, as after kexec */
        break;
    }
}

static void step(void)
{
    struct vmbus_channel *channel = &channels[below(open_count)];

    switch (below(16)) {
    case 0:
        gpadl_game(channel->relid);
        break;
    case 1:
        message_game(one_in(2) ? channel->relid : below(RELIDS));
        break;
    case 2:
        if (one_in(8))
            ring_spoil(channel);
        break;
    case 3:
        messages_drop();
        break;
    case 4:
        open_game(channel);
        break;
    case 5:
        if (one_in(8))
            again_game(channel);
        break;
    default:
        packet_put(channel);
        break;
    }
    if (one_in(2))
        answers_drop(channel);
}

/* The caller has requests under way. */
static void die(void)
{
    if (one_in(3))
        __asm__ volatile("outb %b0, %w1" ::"a"(1), "d"(T_PORT_RESET));
    if (one_in(2))
        kit_exit(0);
    for (;;) /* a triple fault */
        __asm__ volatile("lidt (%0); ud2" ::"r"(vmbus_packet.words));
}

TEST(hostile, "hostile", TEST_HYPERV | TEST_ALONE)
{
    uint64_t seed = kit_option("seed", 1), connections = 0;

    if (kit_option("exact", 0) == 0)
        seed += 64 * (vmbus_now() / 10000);
    hostile_chance = kit_chance_of(seed);
    steps_end = kit_option("steps", 1000);
    if (kit_option("die", 0) != 0)
        steps_end = 1 + below((uint32_t)steps_end);
    kit_print("hostile: vmbus, seed %lu, %lu steps\n", seed, steps_end);
    memset(vmbus_packet.words, 0, sizeof(vmbus_packet.words));
    while (steps < steps_end) {
        steps++;
        if (!vmbus_connect()) {
            kit_print("hostile: %s after %lu steps\n",
                      connections == 0 ? "NO DEVICE" : "end, lost", steps);
            break;
        }
        connections++;
        vmbus_patience = PATIENCE;
        channels_open();
        for (uint32_t i = 0; i < open_count; i++)
            services_begin(&channels[i]);
        for (uint32_t i = below(400); i > 0 && open_count > 0 && steps < steps_end;
             i--, steps++)
            step();
        if (steps >= steps_end && kit_option("die", 0) != 0)
            die();
        connection_end();
    }
    kit_print("hostile: end, %lu steps, %lu connections, %lu sub-channels\n", steps,
              connections, sub_channels);
    expect_true("hostile", "the guest is there afterwards", true);
}
