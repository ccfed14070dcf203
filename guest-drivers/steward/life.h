/* The lives of the guests: first start, ends, restarts, and the end of the machine. */
#ifndef GUEST_DRIVERS_STEWARD_LIFE_H
#define GUEST_DRIVERS_STEWARD_LIFE_H

#include "guest-drivers/steward/steward.h"

/* Starts a guest that waits. */
void life_begin(struct guest *guest);
/* Some guest has ended: finds it, reports it, does what its manifest says. */
void life_check(void);
/* What commands do: starts a guest that does not live; ends one that does, at once. */
enum status life_create(struct guest *guest);
void life_destroy(struct guest *guest);
/* All have ended, and nobody keeps the machine on. */
bool life_is_over(void);
/* May we warn about this guest once more? It can be the cause as often as it likes, and the
 * serial line is everybody's. Says itself when it was for the last time in this life. */
bool life_may_warn(struct guest *guest);
/* Of a device of the guest, "disk" 5 or the like: whether its front-end's rings could be
 * opened, which is told if not, and returned; and that its rings make no sense any more. */
enum status life_rings_opened(struct guest *guest, const char *device, u32 id,
                              enum status status);
void life_rings_broken(struct guest *guest, const char *device, u32 id);
/* A round is over: begins the next and returns true, if there is one. */
bool life_next_round(void);
/* One lives or will soon. */
bool life_has_guests(void);

#endif
