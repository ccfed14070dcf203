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
        said.word[0] = VMBUS_OTHER_GPADL + order % 2;
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

void vmbus_network_packet(bool is_spoilt)
{
    struct b_nvsp said = nvsp_make(one_in(8) ? below(4) : 4, is_spoilt);
    uint32_t at = ranges_put(1, is_spoilt);

    for (uint32_t i = 0; i < DATA_PAGES; i++)
        rndis_make(data[i], is_spoilt && one_in(4));
    memcpy(&vmbus_packet.words[at], &said, sizeof(said));
    head_make(at, sizeof(said));
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

/* Versions, two buffers, then RNDIS: INITIALIZE, and SET of the packet filter. */
void vmbus_network_begin(struct vmbus_channel *channel)
{
    static const uint32_t control[2][9] = {{2, 24, 1, 1, 0, 0x4000},
                                           {5, 32, 2, 0x0001010e, 4, 20, 0, 9}};
    uint64_t frames[BUFFER_PAGES];

    for (uint32_t i = 0; i < BUFFER_PAGES; i++)
        frames[i] = (uintptr_t)buffers[i] / KIT_PAGE;
    for (uint32_t i = 0; i < 2; i++)
        vmbus_gpadl_make(channel->relid, VMBUS_OTHER_GPADL + i, frames, BUFFER_PAGES,
                         BUFFER_PAGES * KIT_PAGE);
    for (uint32_t i = 0; i < 6; i++) {
        struct b_nvsp said = nvsp_make(i, false);
        uint32_t at = 0;
        if (i >= 4) {
            at = ranges_put(1, false);
            memcpy((void *)(uintptr_t)(vmbus_packet.words[2] * KIT_PAGE), control[i - 4],
                   sizeof(control[0]));
            vmbus_packet.words[1] = control[i - 4][1];
        }
        memcpy(&vmbus_packet.words[at], &said, sizeof(said));
        head_make(at, sizeof(said));
        vmbus_put(channel, &vmbus_packet.head);
        vmbus_signal(channel);
    }
}
