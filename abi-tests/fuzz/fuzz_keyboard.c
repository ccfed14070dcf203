/* A guest that sends its keyboard what it likes, while keys are pressed. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/keyboard.c abi-tests/unit/fake_vmbus.c
// sources: abi-tests/unit/fake_guest_memory.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/keyboard.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct guest_memory memory;
static struct vmbus bus;
static struct keyboard keyboard;

/* A key comes as two packets of 12 bytes, to one who has agreed only. */
static void key_check(struct fake_ring *in, u32 code)
{
    struct keyboard_event event;
    struct vmbus_packet_head head;
    bool is_heard = keyboard_press(&keyboard, code) == ST_OK;

    if (is_heard && !keyboard.is_agreed)
        abort();
    for (u32 i = 0; is_heard && i < 2; i++) {
        if (fake_ring_take(in, &head, &event, sizeof(event)) != 16 ||
            event.type != KEYBOARD_EVENT || event.make_code != (code & 0xff))
            abort();
    }
}

/* Input: steps of {key: two bytes, type of the packet, count, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct vmbus_packet_head head;
    struct fake_ring out, in;
    u8 said[64];
    size_t at = 0;

    fake_vmbus_reset();
    vmbus_make(&bus, &memory);
    keyboard_make(&keyboard);
    if (vmbus_channel_offer(&bus, &keyboard.channel) != ST_OK ||
        !fake_channel_begin(&bus, &out, &in))
        abort();
    while (at + 4 <= size) {
        const uint8_t *step = bytes + at;
        u32 count = (u32)MIN((size_t)step[3], size - at - 4);

        fake_ring_put(&out, step[2] & 1 ? VMBUS_PACKET_INBAND : step[2], 1, NULL, 0, step + 4,
                      count);
        (void)vmbus_port_serve(&bus, FAKE_PORT + 1);
        while (fake_ring_take(&in, &head, said, sizeof(said)) >= 0)
            ;
        key_check(&in, (u32)(step[0] << 8 | step[1]));
        at += 4 + count;
    }
    vmbus_end(&bus);
    if (fake_pins != 0)
        abort();
    return 0;
}
