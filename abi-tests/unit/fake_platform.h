/* The services' platform for host tests: a guest's pages are host memory, named by their
 * reference. */
#ifndef ABI_TESTS_UNIT_FAKE_PLATFORM_H
#define ABI_TESTS_UNIT_FAKE_PLATFORM_H

#include "guest-drivers/service/platform.h"

#define FAKE_PAGES 128u

/* References below FAKE_PAGES are pages; those not below `fake_readonly_from` cannot be mapped
 * for writing. */
extern u8 fake_pages[FAKE_PAGES][4096];
extern u32 fake_readonly_from;
extern u32 fake_signals;
extern u32 fake_users; /* pages in use now */
extern u32 fake_rings; /* mapped now */
extern u32 fake_ports; /* bound now */
extern u32 fake_pool_ends;
extern u32 fake_asked; /* the partition whose pages or ports were wanted last */

void fake_platform_reset(void);

#endif
