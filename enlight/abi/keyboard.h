/*
 * The synthetic keyboard above VMBus packets. Keys are make codes of scan code set 1.
 * [Linux: drivers/input/serio/hyperv-keyboard.c states it; numbers are little-endian]
 */
#ifndef ENLIGHT_ABI_KEYBOARD_H
#define ENLIGHT_ABI_KEYBOARD_H

#include <stdint.h>

enum keyboard_message {
    KEYBOARD_PROTOCOL_REQUEST = 1,
    KEYBOARD_PROTOCOL_RESPONSE = 2,
    KEYBOARD_EVENT = 3,
    KEYBOARD_LEDS = 4,
};

#define KEYBOARD_VERSION 0x10000u /* 1.0 */

struct keyboard_request {
    uint32_t type;
    uint32_t version;
} __attribute__((packed));

#define KEYBOARD_ACCEPTED 1u
struct keyboard_response {
    uint32_t type;
    uint32_t status;
} __attribute__((packed));

#define KEYBOARD_BREAK 2u /* flags: the key is let go */
#define KEYBOARD_E0    4u
struct keyboard_event {
    uint32_t type;
    uint16_t make_code;
    uint16_t reserved;
    uint32_t flags;
} __attribute__((packed));

_Static_assert(sizeof(struct keyboard_event) == 12, "as Linux has it");

#endif
