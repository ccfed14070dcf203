#include "abi-tests/hostile/vmbus_packet.h"
#include "abi-tests/hostile/hostile.h"

#define DATA_PAGES   24u
#define BUFFER_PAGES 8u

static uint8_t data[DATA_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t buffers[BUFFER_PAGES][KIT_PAGE] __attribute__((aligned(4096)));
struct vmbus_packet vmbus_packet;

uint64_t vmbus_frame_any(bool is_spoilt)
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
    vmbus_packet.words[0] = (is_spoilt && one_in(4) ? hostile_value() : 1) << 32;
    vmbus_packet.words[1] = (uint64_t)offset << 32 | bytes;
    for (uint32_t i = 0; i < pages; i++)
        vmbus_packet.words[at++] = vmbus_frame_any(is_spoilt);
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

/* What is left to the device: checksums of TCP or UDP, long segments, a tag, nothing known. */
static void info_make(uint32_t *word, bool is_spoilt)
{
    static const struct {
        uint32_t type, value;
    } infos[] = {{0, 0x04},   {0, 0x08}, {2, 0x40000000 | 1400}, {2, 0xc0000000 | 1400},
                 {6, 7 << 4}, {5, 0}};
    uint32_t which = below(6);

    word[0] = 16;
    word[1] = infos[which].type;
    word[2] = 12;
    word[3] = is_spoilt ? (uint32_t)hostile_value() : infos[which].value;
}

/* A frame of TCP for everybody over so many bytes, as network drivers give it. */
static void rndis_make(uint8_t *page, uint32_t bytes, bool is_spoilt)
{
    uint32_t head[15] = {1, bytes, 52, bytes - 60, 0, 0, 0, 36, 16};
    uint8_t *frame = page + sizeof(head);

    info_make(head + 11, is_spoilt && one_in(2));
    memcpy(page, head, sizeof(head));
    memset(frame, 0xff, 6);
    memset(frame + 12, 0, 42);
    frame[12] = 8;
    frame[14] = 0x45;
    frame[16] = (uint8_t)((bytes - 74) >> 8);
    frame[17] = (uint8_t)(bytes - 74);
    frame[23] = one_in(2) ? 6 : 17;
    frame[46] = 5 << 4;
    if (is_spoilt)
        hostile_scribble(page, 128);
}

/* RNDIS: INITIALIZE; SET of the packet filter, of offloads, of the table that leads to
 * channels; a query of what there is. The second word is the length. */
#define CONTROLS      5u
#define CONTROL_WORDS 20u
static const uint32_t controls[CONTROLS][CONTROL_WORDS] = {
    {2, 24, 1, 1, 0, 0x4000},
    {5, 32, 2, 0x0001010e, 4, 20, 0, 9},
    {5, 56, 3, 0xfc01020c, 28, 20, 0, 0x001c0380, 0x04040401, 0x01010004, 0, 0, 0x02020000, 0},
    {5,  80, 4, 0x00010204, 52, 20, 0, 0x001c0289, 0,          0x1701,
     16, 28, 8, 44,         0,  1,  2, 1,          0x12345678, 0x9abcdef0},
    {4, 32, 5, 0xfc01020d, 4, 20, 0, 0x009c03a7},
};

/* From the agreement on a version to frames: five messages, then RNDIS. */
static struct b_nvsp nvsp_make(uint32_t order, bool is_spoilt)
{
    static const uint32_t types[] = {B_NVSP_INIT, B_NVSP_NDIS_VERSION, B_NVSP_NDIS_CONFIG,
                                     B_NVSP_RECEIVE_BUFFER, B_NVSP_SEND_BUFFER};
    struct b_nvsp said = {.type = order < 5 ? types[order] : B_NVSP_RNDIS};

    if (said.type == B_NVSP_INIT)
        said.word[0] = said.word[1] = 0x60001;
    else if (said.type == B_NVSP_NDIS_CONFIG)
        said.word[2] = 0x80;
    else if (said.type == B_NVSP_RNDIS)
        said.word[1] = is_spoilt && one_in(2) ? (uint32_t)hostile_value() : ~0u;
    else
        said.word[0] = VMBUS_OTHER_GPADL + (order + 1) % 2;
    if (is_spoilt)
        hostile_scribble(&said, sizeof(said));
    return said;
}

static void head_make(uint32_t at, uint32_t bytes)
{
    vmbus_packet.head = (struct b_packet_head){
        .type = at != 0 ? B_PACKET_DIRECT : B_PACKET_INBAND,
        .head_words = (uint16_t)(2 + at),
        .words = (uint16_t)(2 + at + bytes / 8),
        .flags = B_WANTS_COMPLETION,
        .transaction = kit_random(&hostile_chance),
    };
}

void vmbus_storage_packet(bool is_spoilt)
{
    uint32_t pages = 1 + below(16);
    uint32_t at = ranges_put(pages, is_spoilt);
    struct b_storage said = storage_make(pages, is_spoilt);

    memcpy(&vmbus_packet.words[at], &said, sizeof(said));
    head_make(at, sizeof(said));
}

/* What is said to the network, behind the pages that belong to it. */
static void network_say(uint32_t at, const struct b_nvsp *said)
{
    memcpy(&vmbus_packet.words[at], said, sizeof(*said));
    head_make(at, sizeof(*said));
}

/* The bytes of the first page of the packet. */
static uint8_t *first_page(void)
{
    return (uint8_t *)(uintptr_t)(vmbus_packet.words[2] * KIT_PAGE);
}

void vmbus_network_packet(bool is_spoilt)
{
    struct b_nvsp said = nvsp_make(one_in(8) ? below(5) : 5, is_spoilt);
    uint32_t pages = one_in(2) ? 1 : 1 + below(16);
    uint32_t at = ranges_put(pages, is_spoilt);

    if (one_in(16)) {
        said = (struct b_nvsp){B_NVSP_SUB_CHANNELS, {1, (uint32_t)hostile_value()}};
        at = 0;
    }
    for (uint32_t i = 0; i < DATA_PAGES; i++)
        rndis_make(data[i], i % 2 ? pages * KIT_PAGE : 134 + below(1440),
                   is_spoilt && one_in(4));
    if (one_in(8)) {
        memcpy(data[0], controls[below(CONTROLS)], sizeof(controls[0]));
        if (is_spoilt)
            hostile_scribble(data[0], sizeof(controls[0]));
    }
    network_say(at, &said);
}

void vmbus_storage_say(struct vmbus_channel *channel, uint32_t operation, uint16_t value)
{
    const struct b_storage said = {.operation = operation, .length = value};

    memcpy(vmbus_packet.words, &said, sizeof(said));
    head_make(0, sizeof(said));
    vmbus_put(channel, &vmbus_packet.head);
    vmbus_signal(channel);
}

void vmbus_storage_begin(struct vmbus_channel *channel)
{
    static const uint32_t operations[] = {B_STORAGE_BEGIN, B_STORAGE_VERSION,
                                          B_STORAGE_PROPERTIES, B_STORAGE_END};

    for (uint32_t i = 0; i < 4; i++)
        vmbus_storage_say(channel, operations[i], B_STORAGE_6_2);
}

/* Versions, two buffers, then RNDIS. */
void vmbus_network_begin(struct vmbus_channel *channel)
{
    uint64_t frames[BUFFER_PAGES];

    for (uint32_t i = 0; i < BUFFER_PAGES; i++)
        frames[i] = (uintptr_t)buffers[i] / KIT_PAGE;
    for (uint32_t i = 0; i < 2; i++)
        vmbus_gpadl_make(channel->relid, VMBUS_OTHER_GPADL + i, frames, BUFFER_PAGES,
                         BUFFER_PAGES * KIT_PAGE);
    for (uint32_t i = 0; i < 5 + CONTROLS; i++) {
        struct b_nvsp said = nvsp_make(i, false);
        uint32_t at = 0;
        if (i >= 5) {
            at = ranges_put(1, false);
            memcpy(first_page(), controls[i - 5], sizeof(controls[0]));
            vmbus_packet.words[1] = controls[i - 5][1];
        }
        network_say(at, &said);
        vmbus_put(channel, &vmbus_packet.head);
        vmbus_signal(channel);
    }
}

void vmbus_network_ask(struct vmbus_channel *channel, uint32_t sub_channels)
{
    const struct b_nvsp said = {B_NVSP_SUB_CHANNELS, {1, sub_channels}};

    network_say(0, &said);
    vmbus_put(channel, &vmbus_packet.head);
    vmbus_signal(channel);
}
