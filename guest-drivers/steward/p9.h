/* The shared folders of the guests: archives among the boot modules, served by 9P. */
#ifndef GUEST_DRIVERS_STEWARD_P9_H
#define GUEST_DRIVERS_STEWARD_P9_H

#include "guest-drivers/steward/steward.h"

/* Reads the guest's p9 = list and finds the archives; refuses the guest when one is wrong. */
void folders_check(struct config *config);

/* Offers a guest that is being made its folders; takes them away again. */
enum status folders_introduce(struct guest *guest);
void folders_release(struct guest *guest);

/* A signal of a front-end; false if the port is of no folder. */
bool folders_serve(u32 port);
/* Goes on with what was put off; true if there is more to do at once. */
bool folders_continue(void);

#endif
