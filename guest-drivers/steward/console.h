/*
 * The one serial line and the consoles of all guests. With one guest its bytes pass as they
 * are; with several each line begins with "NAME| ". Ctrl-] moves the keyboard to the next
 * guest, and behind the last one to the steward's prompt.
 */
#ifndef GUEST_DRIVERS_STEWARD_CONSOLE_H
#define GUEST_DRIVERS_STEWARD_CONSOLE_H

#include "guest-drivers/steward/steward.h"

/* Takes what the guest has written, and tells it so. */
void console_serve(struct guest *guest);

/* The guest has ended: what is left of its output. */
void console_finish(struct guest *guest);

/* Keys have been pressed. */
void console_input(void);

/* Ends an unfinished line of a guest, so that one of ours begins at the margin. */
void console_margin(void);

/* The keyboard goes to this guest if nobody living has it. */
void console_offer(struct guest *guest);
/* The guest is not alive any more: another one gets its keyboard. */
void console_leave(const struct guest *guest);

/* The person is at the steward's prompt. */
bool console_is_at_prompt(void);

#endif
