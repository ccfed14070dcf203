/* Messages of a guest's network driver, one behind the other: answers keep to their room,
 * frames to the bytes they came in. */
// sources: guest-drivers/service/rndis.c
#include <stdlib.h>
#include <string.h>
#include "guest-drivers/service/rndis.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void frame_check(const u8 *message, u32 length)
{
    struct rndis_frame frame;

    if (rndis_frame_read(message, length, &frame) != ST_OK)
        return;
    if (frame.at < message || frame.at + frame.bytes > message + length)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct rndis_device device = {.address = 0x00163e000001, .mtu = 1500};
    u8 answer[RNDIS_ANSWER_MAX];
    const u8 *message;
    u32 length, answered;
    u32 at = 0;

    while (rndis_next(bytes, (u32)size, &at, &message, &length) == ST_OK) {
        u8 *copy = malloc(length); /* so that a byte too far is seen */

        memcpy(copy, message, length);
        frame_check(copy, length);
        answered = rndis_serve(&device, copy, length, answer);
        free(copy);
        if (answered > sizeof(answer))
            abort();
        if (answered != 0 && memcmp(answer + 4, &answered, 4) != 0)
            abort();
    }
    return 0;
}
