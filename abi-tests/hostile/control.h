/* The third ring of role=network. [xen/io/netif.h: control ring] */
#ifndef ABI_TESTS_HOSTILE_CONTROL_H
#define ABI_TESTS_HOSTILE_CONTROL_H

#include "abi-tests/kit/front.h"

/* Before the front-end connects. */
void control_offer(struct kit_front *bus);
void control_close(void);

/* Some requests; honest ones steer the frames that come in. */
void control_burst(bool is_spoilt);
/* Indexes and entries that cannot be. */
void control_spoil(void);

#endif
