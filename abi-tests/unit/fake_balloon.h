/* Frames of a guest that go and come, for tests of its balloon: beside fake_vmbus.c. */
#ifndef ABI_TESTS_UNIT_FAKE_BALLOON_H
#define ABI_TESTS_UNIT_FAKE_BALLOON_H

#include "guest-drivers/service/guest_memory.h"

#define FAKE_LOW  4096u /* frames from 0 on: 16 MiB */
#define FAKE_HIGH 2048u /* from 4 GiB on */
#define FAKE_MORE 65536u
#define FAKE_ROOM (FAKE_LOW + FAKE_HIGH + FAKE_MORE)

extern u64 fake_machine_pages; /* free in the machine: what goes comes here */
extern u64 fake_used_gfn;      /* in use; ST_BUSY */
extern bool fake_is_settled;   /* nothing is unmapped since a change */

void fake_balloon_reset(struct guest_memory *memory);

#endif
