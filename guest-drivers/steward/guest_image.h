/* What lies in a guest's memory at its start: shim, files, start information, ACPI tables. */
#ifndef GUEST_DRIVERS_STEWARD_GUEST_IMAGE_H
#define GUEST_DRIVERS_STEWARD_GUEST_IMAGE_H

#include "guest-drivers/steward/guest_layout.h"

/* Gives it its memory and writes it; *entry is where it starts, with INFO_BASE. */
enum status guest_image_make(struct guest *guest, const struct guest_layout *layout,
                             u64 *entry);

#endif
