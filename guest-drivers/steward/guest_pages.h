/*
 * Pages of a guest that the steward has mapped: for a moment, and for its life those that it
 * shares with the guest.
 */
#ifndef GUEST_DRIVERS_STEWARD_GUEST_PAGES_H
#define GUEST_DRIVERS_STEWARD_GUEST_PAGES_H

#include "guest-drivers/steward/steward.h"
#include "hv/lib/elf.h"
#include "hypercall/abi/native.h"

/* Borrows pages of the guest at an address of ours. */
enum status guest_borrow(struct guest *guest, u64 at, u64 local_at, u64 bytes);
void guest_give_back(u64 local_at);

enum status guest_property(struct guest *guest, enum native_property which, u64 value);

/* The shim counts the calls that it serves itself, in a page that its note names. */
enum status guest_counters_share(struct guest *guest, const struct elf_image *shim);
/* The pages of its console, of xenstore and of its firmware's disks, with their ports. */
enum status guest_pages_share(struct guest *guest);
/* Ends them all. */
void guest_pages_release(struct guest *guest);

#endif
