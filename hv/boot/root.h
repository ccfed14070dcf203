/* Makes the root partition from the boot module with the role "steward". */
#ifndef HV_BOOT_ROOT_H
#define HV_BOOT_ROOT_H

#include "hv/boot/boot.h"

/* Panics with the reason when there is no such module or it cannot be loaded. */
void root_start(const struct boot_info *boot);

#endif
