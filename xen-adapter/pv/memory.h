/*
 * Physical memory and the shim's own page tables during start of day.
 */
#ifndef XEN_ADAPTER_PV_MEMORY_H
#define XEN_ADAPTER_PV_MEMORY_H

#include "xen-adapter/pv/shim.h"
#include "xen-adapter/pv/spans.h"

#define FOUR_GIB 0x100000000ull

/* RAM that nobody owns yet. What is left when the guest starts becomes the guest's. */
extern struct spans free_ram;

/* All RAM but page 0, whoever has it. */
extern struct spans all_ram;

/* Fills free_ram from shim.domain.map, the image taken out. */
void memory_start(void);

/* Makes text and read-only data what they are called, in the image slot and the direct map;
 * takes write protection for granted from here on. */
void memory_protect(void);

/* For the PV personality: direct map of RAM above 4 GiB, slot tables, identity map dropped. */
enum status memory_slots_make(void);

/* The M2P, read-only for the guest at M2P_VIRT and writable at M2P_WRITE_VIRT. */
enum status memory_m2p_make(void);

/* Loader only: identity map again, this one page of it executable. */
void memory_identity_exec(u64 page);

/* From here on shim_page_alloc() lives on `pages` frames set aside now. */
enum status memory_settle(u64 pages);

#endif
