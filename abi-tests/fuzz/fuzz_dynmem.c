/*
 * A guest that answers the host's requests for memory with what it likes. No page is given
 * twice, none that is no RAM, never more than was asked for; what goes and comes adds up.
 */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/dynmem.c guest-drivers/service/dynmem_ask.c
// sources: guest-drivers/service/guest_frames.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c abi-tests/unit/fake_balloon.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_balloon.h"
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/dynmem.h"

#define MACHINE_PAGES 8192u

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct guest_memory memory;
static struct vmbus bus;
static struct dynmem dynmem;

static u64 bits_count(void)
{
    u64 count = 0;

    for (u32 i = 0; i < FAKE_ROOM / 64; i++)
        count += (u64)__builtin_popcountll(memory.frames.away[i]);
    return count;
}

static void check(void)
{
    const struct guest_frames *frames = &memory.frames;
    u64 has = frames->low + frames->high + frames->more - frames->away_count;

    if (bits_count() != frames->away_count || frames->more > FAKE_MORE ||
        dynmem.asked > FAKE_ROOM || !fake_is_settled ||
        has + fake_machine_pages != FAKE_LOW + FAKE_HIGH + MACHINE_PAGES)
        abort();
}

static void guest_says(struct fake_ring *out, u32 type, const uint8_t *bytes, u32 count)
{
    static u8 message[sizeof(struct dynmem_head) + 256];
    struct dynmem_head head = {(u16)type, (u16)(sizeof(head) + count), 1};

    memcpy(message, &head, sizeof(head));
    memcpy(message + sizeof(head), bytes, count);
    fake_ring_put(out, VMBUS_PACKET_INBAND, 1, NULL, 0, message, head.bytes);
    (void)vmbus_port_serve(&bus, FAKE_PORT + 1);
    check();
}

/* As Linux begins. */
static void guest_agrees(struct fake_ring *out)
{
    static const u64 version[1] = {DYNMEM_VERSION(2, 0)};
    static const u64 report[3] = {DYNMEM_CAN_BALLOON | DYNMEM_CAN_HOT_ADD | 7 << 2};

    guest_says(out, DYNMEM_VERSION_REQUEST, (const uint8_t *)version, sizeof(version));
    guest_says(out, DYNMEM_CAPABILITIES_REPORT, (const uint8_t *)report, sizeof(report));
}

/* Input: whether it begins well, then steps of {target, type, length, bytes of a message behind
 * its head}. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static u8 said[8192];
    struct vmbus_packet_head head;
    struct fake_ring out, in;
    u64 now_ns = 0;

    fake_vmbus_reset();
    fake_balloon_reset(&memory);
    fake_machine_pages = MACHINE_PAGES;
    fake_used_gfn = 100;
    vmbus_make(&bus, &memory);
    dynmem_make(&dynmem, &memory.frames);
    if (vmbus_channel_offer(&bus, &dynmem.channel) != ST_OK ||
        !fake_channel_begin(&bus, &out, &in))
        abort();
    if (size > 0 && (bytes[0] & 1))
        guest_agrees(&out);
    bytes += MIN(size, (size_t)1);
    size -= MIN(size, (size_t)1);
    while (size >= 3) {
        u32 count = (u32)MIN((size_t)bytes[2], size - 3);

        if (bytes[0] != 0)
            dynmem_target_set(&dynmem, bytes[0] * 64u);
        now_ns += 700000000000;
        (void)dynmem_continue(&dynmem, now_ns);
        while (fake_ring_take(&in, &head, said, sizeof(said)) >= 0)
            ;
        guest_says(&out, bytes[1], bytes + 3, count);
        bytes += 3 + count;
        size -= 3 + count;
    }
    vmbus_end(&bus);
    check();
    if (fake_pins != 0)
        abort();
    return 0;
}
