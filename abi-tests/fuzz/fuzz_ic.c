/* A guest that answers its integration components with what it likes. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/ic.c abi-tests/unit/fake_vmbus.c
// sources: abi-tests/unit/fake_guest_memory.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/ic.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct guest_memory memory;
static struct vmbus bus;
static struct ic ic;

static void keys_check(void)
{
    if (ic.key_count > IC_KEYS_MAX)
        abort();
    for (u32 i = 0; i < ic.key_count; i++)
        if (strnlen(ic.key[i].name, IC_TEXT_MAX) == IC_TEXT_MAX ||
            strnlen(ic.key[i].value, IC_TEXT_MAX) == IC_TEXT_MAX)
            abort();
}

/* What the host said comes back with some of its bytes changed. Input: kind, then steps of
 * {place, count, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static u8 said[4096];
    struct vmbus_packet_head head;
    struct fake_ring out, in;
    u64 now_ns = 0;
    size_t at = 1;

    if (size < 2)
        return 0;
    fake_vmbus_reset();
    vmbus_make(&bus, &memory);
    ic_make(&ic, (enum ic_kind)(bytes[0] % IC_KINDS));
    ic.name = bytes[0] & 0x80 ? "guest" : NULL;
    if (vmbus_channel_offer(&bus, &ic.channel) != ST_OK)
        abort();
    fake_vmbus_contact(&bus);
    (void)fake_channel_open(&bus, 1, 10, 4);
    out = fake_ring_at(10, 4);
    in = fake_ring_at(14, 4);
    while (at + 2 <= size) {
        u32 place = bytes[at] * 4u;
        u32 count = (u32)MIN((size_t)bytes[at + 1], size - at - 2);
        int length;

        now_ns += 3000000000;
        (void)ic_continue(&ic, &(struct ic_now){now_ns, 1, 1});
        length = fake_ring_take(&in, &head, said, sizeof(said));
        memcpy(said + place, bytes + at + 2, count);
        at += 2 + count;
        fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, said,
                      length > 0 ? (u32)length : count);
        (void)vmbus_port_serve(&bus, FAKE_PORT + 1);
        keys_check();
    }
    vmbus_end(&bus);
    if (fake_pins != 0)
        abort();
    return 0;
}
