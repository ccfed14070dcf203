/* Makes a guest's partition: memory, shim, modules, start info, ACPI tables, rings. */
#ifndef GUEST_DRIVERS_STEWARD_BUILDER_H
#define GUEST_DRIVERS_STEWARD_BUILDER_H

#include "guest-drivers/steward/steward.h"

/*
 * Builds and starts the guest. On failure the reason has been printed with the manifest's line,
 * the guest is refused and nothing of it is left.
 */
enum status guest_build(struct guest *guest);

/* Its weight and cap, as its configuration has them. */
enum status guest_share_set(const struct guest *guest);

/* Gives everything of an ended guest back. */
void guest_clear(struct guest *guest);

#endif
