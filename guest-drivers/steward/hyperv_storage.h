/* The disks of a guest with the Hyper-V interface: behind VMBus, and for its firmware. */
#ifndef GUEST_DRIVERS_STEWARD_HYPERV_STORAGE_H
#define GUEST_DRIVERS_STEWARD_HYPERV_STORAGE_H

#include "guest-drivers/service/firmware_disk.h"
#include "guest-drivers/service/storvsc.h"
#include "guest-drivers/steward/disk.h"
#include "guest-drivers/steward/steward.h"

struct hyperv_storage {
    struct guest *guest; /* NULL: it has no disks */
    struct vmbus_channel channel;
    struct storvsc controller;
    struct firmware_disks firmware; /* the same disks, before the guest has a driver */
    u64 stops;                      /* of those, that were told */
};

/* Offers the guest the disks of its manifest; `storage` is zeroed. */
enum status hyperv_storage_offer(struct hyperv_storage *storage, struct guest *guest,
                                 struct vmbus *bus);
/* Ends what its firmware has under way; vmbus_end() does so for the rest. */
void hyperv_storage_end(struct hyperv_storage *storage);

/* Adds what was counted. */
void hyperv_storage_count(const struct hyperv_storage *storage, struct disks_counts *counts);

/* Serves the firmware's disks. True: again at once, or when disks have gone on. */
bool hyperv_storage_continue(struct hyperv_storage *storage);

#endif
