#include "abi-tests/tlfs/vmbus.h"
#include "abi-tests/tlfs/tlfs.h"

#define MESSAGE_PAGE 0u
#define FLAGS_PAGE   1u
#define POST_PAGE    2u
#define PFNS_FIRST   26u
#define PFNS_MORE    28u
#define WORD         8u
#define TIMES        200u
#define LOOK         20000ull /* 2 ms */

struct slot {
    uint32_t type;
    uint8_t bytes, flags, reserved[2];
    uint64_t sender;
    uint8_t payload[B_MESSAGE_MAX];
};
struct post {
    uint32_t connection, reserved, type, bytes;
    uint8_t payload[B_MESSAGE_MAX];
};

uint64_t vmbus_patience = 200000000; /* 20 s */
struct vmbus_offer vmbus_offers[VMBUS_OFFERS_MAX];
uint32_t vmbus_offer_count;

uint64_t vmbus_now(void)
{
    return msr_read(T_MSR_TIME_REF_COUNT);
}

/* ---- messages ---------------------------------------------------------------------------- */

/* Makes room by what waits for us: until then the host takes nothing more. */
static uint64_t post_again(const struct post *post)
{
    struct b_message other;
    uint64_t result = tlfs_call(T_POST_MESSAGE, (uintptr_t)post, 0) & 0xffff;

    for (uint32_t i = 0; i < TIMES && result == T_INSUFFICIENT_BUFFERS; i++) {
        vmbus_take(&other, LOOK);
        result = tlfs_call(T_POST_MESSAGE, (uintptr_t)post, 0) & 0xffff;
    }
    return result;
}

uint64_t vmbus_post(const struct b_message *message, uint32_t bytes)
{
    struct post *post = (struct post *)(void *)tlfs_page(POST_PAGE);

    post->connection = B_CONNECTION;
    post->type = 1;
    post->bytes = bytes;
    memcpy(post->payload, message, bytes < B_MESSAGE_MAX ? bytes : B_MESSAGE_MAX);
    return post_again(post);
}

bool vmbus_take(struct b_message *out, uint64_t patience)
{
    volatile struct slot *slot =
        (volatile struct slot *)(volatile void *)(tlfs_arena(MESSAGE_PAGE) +
                                                  B_SINT * T_MESSAGE_BYTES);
    uint64_t end = vmbus_now() + patience;

    while (slot->type == 0)
        if (vmbus_now() > end)
            return false;
    for (uint32_t i = 0; i < sizeof(*out); i++)
        ((uint8_t *)out)[i] = slot->payload[i];
    slot->type = 0;
    __sync_synchronize();
    if (slot->flags & 1)
        msr_write(T_MSR_EOM, 0);
    return true;
}

bool vmbus_await(enum b_message_type type, struct b_message *out)
{
    do
        if (!vmbus_take(out, vmbus_patience))
            return false;
    while (out->type != (uint32_t)type);
    return true;
}

static void interrupts_begin(void)
{
    tlfs_begin();
    msr_write(T_MSR_SCONTROL, 1);
    msr_write(T_MSR_SIMP, (uintptr_t)tlfs_arena(MESSAGE_PAGE) | 1);
    msr_write(T_MSR_SIEFP, (uintptr_t)tlfs_arena(FLAGS_PAGE) | 1);
    msr_write(T_MSR_SINT0 + B_SINT, 0x61 | T_SINT_AUTO_EOI);
}

bool vmbus_connect(void)
{
    struct b_message message = {.type = B_CONTACT,
                                .contact = {.version = B_VERSION_5_3, .sint = B_SINT}};

    struct b_message old;

    interrupts_begin();
    while (vmbus_take(&old, LOOK))
        ;
    vmbus_offer_count = 0;
    vmbus_post(&message, 8 + sizeof(message.contact));
    if (!vmbus_await(B_VERSION_RESPONSE, &message) || message.version.is_supported != 1)
        return false;
    message = (struct b_message){.type = B_REQUEST_OFFERS};
    vmbus_post(&message, 8);
    while (vmbus_take(&message, vmbus_patience) && message.type != B_ALL_OFFERS)
        if (message.type == B_OFFER && vmbus_offer_count < VMBUS_OFFERS_MAX)
            vmbus_offers[vmbus_offer_count++] =
                (struct vmbus_offer){message.offer.relid, message.offer.interface[0]};
    return message.type == B_ALL_OFFERS;
}

/* ---- GPADLs ------------------------------------------------------------------------------ */

uint32_t vmbus_gpadl_make(uint32_t relid, uint32_t gpadl, const uint64_t *frames,
                          uint32_t count, uint32_t bytes)
{
    struct b_message message = {.type = B_GPADL_HEADER,
                                .begin = {.relid = relid,
                                          .gpadl = gpadl,
                                          .range_bytes = (uint16_t)(8 + 8 * count),
                                          .ranges = 1,
                                          .bytes = bytes}};
    uint32_t said = count < PFNS_FIRST ? count : PFNS_FIRST;

    memcpy(message.begin.pfn, frames, said * 8);
    vmbus_post(&message, 28 + said * 8);
    for (uint32_t number = 1; said < count; number++) {
        uint32_t now = count - said < PFNS_MORE ? count - said : PFNS_MORE;
        message = (struct b_message){.type = B_GPADL_BODY,
                                     .body = {.number = number, .gpadl = gpadl}};
        memcpy(message.body.pfn, frames + said, now * 8);
        vmbus_post(&message, 16 + now * 8);
        said += now;
    }
    return vmbus_await(B_GPADL_CREATED, &message) ? message.gpadl.status : ~0u;
}

void vmbus_gpadl_end(uint32_t relid, uint32_t gpadl)
{
    struct b_message message = {.type = B_GPADL_TEARDOWN, .gpadl = {relid, gpadl, 0}};

    vmbus_post(&message, 16);
    vmbus_await(B_GPADL_TORNDOWN, &message);
}

/* ---- channels ---------------------------------------------------------------------------- */

bool vmbus_open(struct vmbus_channel *channel)
{
    struct b_message message = {.type = B_OPEN,
                                .open = {.relid = channel->relid,
                                         .open_id = channel->relid,
                                         .gpadl = channel->gpadl,
                                         .downstream = VMBUS_RING_PAGES / 2}};
    uint64_t frames[VMBUS_RING_PAGES];

    memset(channel->pages, 0, VMBUS_RING_PAGES * KIT_PAGE);
    for (uint32_t i = 0; i < VMBUS_RING_PAGES; i++)
        frames[i] = (uintptr_t)channel->pages[i] / KIT_PAGE;
    if (vmbus_gpadl_make(channel->relid, channel->gpadl, frames, VMBUS_RING_PAGES,
                         VMBUS_RING_PAGES * KIT_PAGE) != 0)
        return false;
    vmbus_post(&message, 8 + sizeof(message.open));
    return vmbus_await(B_OPEN_RESULT, &message) && message.opened.status == 0;
}

void vmbus_close(struct vmbus_channel *channel)
{
    struct b_message message = {.type = B_CLOSE, .relid = {channel->relid, 0}};

    vmbus_post(&message, 12);
    vmbus_gpadl_end(channel->relid, channel->gpadl);
}

void vmbus_signal(const struct vmbus_channel *channel)
{
    tlfs_call(T_SIGNAL_EVENT | T_FAST, B_EVENT_BASE + channel->relid, 0);
}

static uint32_t room_of(const volatile struct b_ring_head *head)
{
    uint32_t used = (head->write - head->read + VMBUS_RING_BYTES) % VMBUS_RING_BYTES;

    return VMBUS_RING_BYTES - used;
}

static void words_put(struct vmbus_channel *channel, const void *words, uint32_t bytes)
{
    volatile struct b_ring_head *head = vmbus_out(channel);
    uint32_t at = head->write % VMBUS_RING_BYTES;

    for (uint32_t i = 0; i < bytes; i++)
        channel->pages[1][(at + i) % VMBUS_RING_BYTES] = ((const uint8_t *)words)[i];
    __sync_synchronize();
    head->write = (at + bytes) % VMBUS_RING_BYTES;
}

bool vmbus_put(struct vmbus_channel *channel, const struct b_packet_head *packet)
{
    static uint8_t whole[VMBUS_RING_BYTES];
    uint32_t bytes = packet->words * WORD;
    uint64_t trailer = (uint64_t)vmbus_out(channel)->write << 32;

    if (room_of(vmbus_out(channel)) <= bytes + WORD)
        return false;
    memcpy(whole, packet, bytes);
    memcpy(whole + bytes, &trailer, WORD);
    words_put(channel, whole, bytes + WORD);
    return true;
}

static void words_get(const struct vmbus_channel *channel, uint32_t at, void *out,
                      uint32_t bytes)
{
    const volatile uint8_t *data = channel->pages[VMBUS_RING_PAGES / 2 + 1];

    for (uint32_t i = 0; i < bytes; i++)
        ((uint8_t *)out)[i] = data[(at + i) % VMBUS_RING_BYTES];
}

bool vmbus_get(struct vmbus_channel *channel, struct b_packet_head *head, void *data,
               uint32_t room)
{
    volatile struct b_ring_head *ring = vmbus_in(channel);
    uint32_t at = ring->read % VMBUS_RING_BYTES, bytes;

    if (ring->write == ring->read)
        return false;
    words_get(channel, at, head, sizeof(*head));
    bytes = (uint32_t)(head->words - head->head_words) * WORD;
    words_get(channel, at + head->head_words * WORD, data, bytes < room ? bytes : room);
    __sync_synchronize();
    ring->read = (at + head->words * WORD + WORD) % VMBUS_RING_BYTES;
    return true;
}
