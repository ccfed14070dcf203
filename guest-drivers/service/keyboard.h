/* The keyboard of a VMBus guest: keys that the host presses. */
#ifndef GUEST_DRIVERS_SERVICE_KEYBOARD_H
#define GUEST_DRIVERS_SERVICE_KEYBOARD_H

#include "enlight/abi/keyboard.h"
#include "guest-drivers/service/vmbus.h"

#define KEYBOARD_CODE_MAX 0x7fu

struct keyboard {
    struct vmbus_channel channel;
    bool is_agreed; /* on the protocol's version */
};

/* Makes one; vmbus_channel_offer(&keyboard->channel) follows. */
void keyboard_make(struct keyboard *keyboard);
/* A key goes down and up again; behind 0xe000 its code has the prefix E0. ST_RANGE; ST_NO_DATA:
 * the guest does not listen; ST_BUSY: it has not taken those before. */
enum status keyboard_press(struct keyboard *keyboard, u32 code);

#endif
