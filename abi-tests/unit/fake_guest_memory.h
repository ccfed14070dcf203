/* A guest's memory for tests of services that map its pages. */
#ifndef ABI_TESTS_UNIT_FAKE_GUEST_MEMORY_H
#define ABI_TESTS_UNIT_FAKE_GUEST_MEMORY_H

#include "guest-drivers/service/guest_memory.h"

#define FAKE_FRAMES 128u

extern u8 fake_ram[FAKE_FRAMES][4096];
extern u32 fake_pins; /* pages in use */
extern u32 fake_pins_max;

void fake_ram_reset(void);

#endif
