/*
 * test=hostile seed=N steps=N: connections to VMBus with messages, GPADLs, rings and packets
 * that make no sense, closed or begun anew in the middle; with die=1 the guest ends there.
 */
#include "abi-tests/golden/tlfs_numbers.h"
#include "abi-tests/hostile/hostile.h"
#include "abi-tests/hostile/vmbus.h"
#include "abi-tests/kit/test.h"

#define CHANNELS     3u
#define DATA_PAGES   24u
#define WORDS_MAX    64u
#define FRAMES_MAX   200u
#define BUFFER_PAGES 8u
#define LOOK         20000ull   /* 2 ms */
#define PATIENCE     5000000ull /* 500 ms, once there was an answer */
#define RING_GPADL   0x1000u
#define OTHER_GPADL  0x2000u

static uint8_t rings[CHANNELS][VMBUS_RING_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t data[DATA_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t buffers[BUFFER_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static struct vmbus_channel channels[CHANNELS];
static uint32_t open_count;
static uint64_t steps, steps_end;

static struct packet {
    struct b_packet_head head;
    uint64_t words[WORDS_MAX];
} packet;

/* ---- packets ----------------------------------------------------------------------------- */

static uint64_t frame_any(bool is_spoilt)
{
    return is_spoilt && one_in(8) ? hostile_value()
                                  : (uintptr_t)data[below(DATA_PAGES)] / KIT_PAGE;
}

/* One range of pages in front of what is said; the words it takes. */
static uint32_t ranges_put(uint32_t pages, bool is_spoilt)
{
    uint32_t bytes = pages * KIT_PAGE, offset = 0, at = 2;

    if (is_spoilt && one_in(2))
        bytes = (uint32_t)hostile_value();
    if (is_spoilt && one_in(2))
        offset = (uint32_t)hostile_value();
    packet.words[0] = (is_spoilt && one_in(4) ? hostile_value() : 1) << 32;
    packet.words[1] = (uint64_t)offset << 32 | bytes;
    for (uint32_t i = 0; i < pages; i++)
        packet.words[at++] = frame_any(is_spoilt);
    return at;
}

static struct b_storage storage_make(uint32_t pages, bool is_spoilt)
{
    static const uint8_t commands[] = {0x28, 0x2a, 0x28, 0x2a, 0x35,
                                       0x42, 0x12, 0x25, 0xa0, 0x1a};
    struct b_storage said = {
        .operation = is_spoilt && one_in(4) ? below(14) : B_STORAGE_EXECUTE,
        .length = B_STORAGE_6_2,
        .cdb_bytes = 16,
        .direction = (uint8_t)below(3),
        .data_bytes = pages * KIT_PAGE,
        .cdb = {commands[below(sizeof(commands))], 0, 0, 0, (uint8_t)below(7),
                (uint8_t)kit_random(&hostile_chance), 0, 0, (uint8_t)(8 * pages)},
    };

    if (is_spoilt)
        hostile_scribble(&said, sizeof(said));
    return said;
}

/* A frame for everybody, in the form that network drivers give it. */
static void rndis_make(uint8_t *page, bool is_spoilt)
{
    const struct {
        uint32_t type, bytes, data_offset, data_bytes, other[7];
    } head = {1, KIT_PAGE, 36, 60 + below(1450), {0}};

    memcpy(page, &head, sizeof(head));
    memset(page + sizeof(head), 0xff, 6);
    if (is_spoilt)
        hostile_scribble(page, 128);
}

/* From the agreement on a version to frames: INITIALIZE is 2, SET 5, of the packet filter. */
static struct b_nvsp nvsp_make(uint32_t order, bool is_spoilt)
{
    static const uint32_t types[] = {B_NVSP_INIT, B_NVSP_NDIS_VERSION, B_NVSP_RECEIVE_BUFFER,
                                     B_NVSP_SEND_BUFFER};
    struct b_nvsp said = {.type = order < 4 ? types[order] : B_NVSP_RNDIS};

    if (said.type == B_NVSP_INIT)
        said.word[0] = said.word[1] = 0x60001;
    else if (said.type == B_NVSP_RNDIS)
        said.word[1] = is_spoilt && one_in(2) ? (uint32_t)hostile_value() : ~0u;
    else
        said.word[0] = OTHER_GPADL + order % 2;
    if (is_spoilt)
        hostile_scribble(&said, sizeof(said));
    return said;
}

static void head_make(uint32_t at, uint32_t bytes)
{
    packet.head = (struct b_packet_head){
        .type = at != 0 ? B_PACKET_DIRECT : B_PACKET_INBAND,
        .head_words = (uint16_t)(2 + at),
        .words = (uint16_t)(2 + at + bytes / 8),
        .flags = B_WANTS_COMPLETION,
        .transaction = kit_random(&hostile_chance),
    };
}

static void storage_packet_make(bool is_spoilt)
{
    uint32_t pages = 1 + below(16);
    uint32_t at = ranges_put(pages, is_spoilt);
    struct b_storage said = storage_make(pages, is_spoilt);

    memcpy(&packet.words[at], &said, sizeof(said));
    head_make(at, sizeof(said));
}

static void network_packet_make(bool is_spoilt)
{
    struct b_nvsp said = nvsp_make(one_in(8) ? below(4) : 4, is_spoilt);
    uint32_t at = ranges_put(1, is_spoilt);

    for (uint32_t i = 0; i < DATA_PAGES; i++)
        rndis_make(data[i], is_spoilt && one_in(4));
    memcpy(&packet.words[at], &said, sizeof(said));
    head_make(at, sizeof(said));
}

static bool is_network(const struct vmbus_channel *channel)
{
    for (uint32_t i = 0; i < vmbus_offer_count; i++)
        if (vmbus_offers[i].relid == channel->relid)
            return vmbus_offers[i].interface == B_INTERFACE_NETWORK;
    return false;
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

    (is_network(channel) ? network_packet_make : storage_packet_make)(is_spoilt);
    if (!vmbus_put(channel, &packet.head))
        messages_drop(); /* a while */
    else if (is_spoilt && one_in(64))
        hostile_scribble(channel->pages[1] + began, sizeof(packet.head));
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
    uint32_t count = 1 + below(one_in(4) ? FRAMES_MAX : 20), gpadl = OTHER_GPADL + below(8);
    struct b_message message = {.type = B_GPADL_HEADER,
                                .begin = {.relid = relid,
                                          .gpadl = gpadl,
                                          .range_bytes = (uint16_t)hostile_value(),
                                          .ranges = (uint16_t)(one_in(4) ? below(4) : 1),
                                          .bytes = (uint32_t)hostile_value(),
                                          .offset = one_in(2) ? 0 : (uint32_t)hostile_value()}};

    for (uint32_t i = 0; i < count; i++)
        frames[i] = frame_any(true);
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
    for (uint32_t i = 0; i < vmbus_offer_count && open_count < CHANNELS; i++) {
        struct vmbus_channel *channel = &channels[open_count];
        if (vmbus_offers[i].interface != B_INTERFACE_STORAGE &&
            vmbus_offers[i].interface != B_INTERFACE_NETWORK && one_in(2))
            continue;
        *channel = (struct vmbus_channel){vmbus_offers[i].relid, RING_GPADL + open_count,
                                          rings[open_count]};
        if ((one_in(8) ? open_folded : vmbus_open)(channel))
            open_count++;
    }
}

static void storage_begin(struct vmbus_channel *channel)
{
    static const uint32_t operations[] = {B_STORAGE_BEGIN, B_STORAGE_VERSION,
                                          B_STORAGE_PROPERTIES, B_STORAGE_END};

    for (uint32_t i = 0; i < 4; i++) {
        struct b_storage said = {.operation = operations[i], .length = B_STORAGE_6_2};
        memcpy(packet.words, &said, sizeof(said));
        head_make(0, sizeof(said));
        vmbus_put(channel, &packet.head);
    }
}

/* Versions, two buffers, then RNDIS: INITIALIZE, and SET of the packet filter. */
static void network_begin(struct vmbus_channel *channel)
{
    static const uint32_t control[2][9] = {{2, 24, 1, 1, 0, 0x4000},
                                           {5, 32, 2, 0x0001010e, 4, 20, 0, 9}};
    uint64_t frames[BUFFER_PAGES];

    for (uint32_t i = 0; i < BUFFER_PAGES; i++)
        frames[i] = (uintptr_t)buffers[i] / KIT_PAGE;
    for (uint32_t i = 0; i < 2; i++)
        vmbus_gpadl_make(channel->relid, OTHER_GPADL + i, frames, BUFFER_PAGES,
                         BUFFER_PAGES * KIT_PAGE);
    for (uint32_t i = 0; i < 6; i++) {
        struct b_nvsp said = nvsp_make(i, false);
        uint32_t at = 0;
        if (i >= 4) {
            at = ranges_put(1, false);
            memcpy((void *)(uintptr_t)(packet.words[2] * KIT_PAGE), control[i - 4],
                   sizeof(control[0]));
            packet.words[1] = control[i - 4][1];
        }
        memcpy(&packet.words[at], &said, sizeof(said));
        head_make(at, sizeof(said));
        vmbus_put(channel, &packet.head);
        vmbus_signal(channel);
    }
}

/* The services' own first words, so that what follows is listened to. */
static void services_begin(struct vmbus_channel *channel)
{
    (is_network(channel) ? network_begin : storage_begin)(channel);
    vmbus_signal(channel);
}

static void connection_end(void)
{
    struct b_message message = {.type = B_UNLOAD};

    switch (below(4)) {
    case 0: /* in order */
        for (uint32_t i = 0; i < open_count; i++)
            vmbus_close(&channels[i]);
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
        message_game(one_in(2) ? channel->relid : below(20));
        break;
    case 2:
        if (one_in(8))
            ring_spoil(channel);
        break;
    case 3:
        messages_drop();
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
        __asm__ volatile("lidt (%0); ud2" ::"r"(packet.words));
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
    memset(packet.words, 0, sizeof(packet.words));
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
    kit_print("hostile: end, %lu steps, %lu connections\n", steps, connections);
    expect_true("hostile", "the guest is there afterwards", true);
}
