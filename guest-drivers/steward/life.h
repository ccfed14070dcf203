/* The lives of the guests: first start, ends, restarts, and the end of the machine. */
#ifndef GUEST_DRIVERS_STEWARD_LIFE_H
#define GUEST_DRIVERS_STEWARD_LIFE_H

#include "guest-drivers/steward/steward.h"

/* Starts a guest that waits. */
void life_begin(struct guest *guest);
/* Some guest has ended: finds it, reports it, does what its manifest says. */
void life_check(void);
/* All have ended. */
bool life_is_over(void);
/* A round is over: begins the next and returns true, if there is one. */
bool life_next_round(void);

#endif
