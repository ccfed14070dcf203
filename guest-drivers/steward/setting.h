/* What the command set changes: whether it may be so, and making it so. */
#ifndef GUEST_DRIVERS_STEWARD_SETTING_H
#define GUEST_DRIVERS_STEWARD_SETTING_H

#include "guest-drivers/steward/command.h"
#include "guest-drivers/steward/steward.h"

/* Memory at the time of the question, in KiB. */
struct setting_memory {
    u64 now_kib;     /* what the guest has */
    u64 free_kib;    /* of the machine */
    u64 pledged_kib; /* of it: other guests were told that they may have it */
};

/* Least memory a guest is shrunk to: 64 MiB, and an eighth of what it began with. */
u64 setting_memory_floor_mib(const struct config *config);
/* Most memory it grows to: maxmem =. PVH and Hyper-V kernels do so by memory hot-plug; a PV
 * guest's shim has tables for all of it. */
u64 setting_memory_max_mib(const struct config *config);

/* Pure: false when it may not be; *why says the reason and what to do, without a line end. */
bool setting_check(const struct config *config, const struct command *command,
                   const struct setting_memory *memory, struct out *why);

/* Checks and sets; false with the reason. */
bool setting_apply(struct guest *guest, const struct command *command, struct out *why);

#endif
