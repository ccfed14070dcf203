/* VMBus for the guests with the Hyper-V interface, and the services on it. */
#ifndef GUEST_DRIVERS_STEWARD_HYPERV_H
#define GUEST_DRIVERS_STEWARD_HYPERV_H

#include "guest-drivers/steward/disk.h"
#include "guest-drivers/steward/network.h"
#include "guest-drivers/steward/steward.h"

/* The guest's RAM: from 0, and from high_begin on. */
struct hyperv_ram {
    u64 low_bytes;
    u64 high_begin, high_bytes;
};

/* Offers a guest that is being made its devices; takes them away again. */
enum status hyperv_introduce(struct guest *guest, const struct hyperv_ram *ram);
void hyperv_release(struct guest *guest);

/* Adds what its devices have counted since it was made. */
void hyperv_count(const struct guest *guest, struct disks_counts *disks,
                  struct networks_counts *networks);

/* What it says of its own memory, in KiB; nothing is changed while it has said nothing. */
void hyperv_memory_said(const struct guest *guest, u64 *available_kib, u64 *committed_kib);

/* Asks the guest for a "poweroff" or "reboot". ST_NO_DATA: it does not listen for that. */
enum status hyperv_ask(const struct guest *guest, const char *what);

/* Presses a key of its keyboard, as keyboard_press(). */
enum status hyperv_press(const struct guest *guest, u64 code);

/* Its memory is to become guest->target_kib, as fast as its driver follows. */
void hyperv_memory_set(const struct guest *guest);

/* It runs again: its clock stood still and is set. */
void hyperv_unpaused(const struct guest *guest);

/* Serves what waits behind this port; false if it is none of a VMBus. */
bool hyperv_serve(u32 port);
/* Goes on with what is due: when to be called again at the latest, 0 at once or, if disks are
 * under way, when they have gone on. */
u64 hyperv_continue(void);

#endif
