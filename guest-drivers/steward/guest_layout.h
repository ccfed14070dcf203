/* How a guest's memory is laid out: where its RAM lies, and what lies in it at its start. */
#ifndef GUEST_DRIVERS_STEWARD_GUEST_LAYOUT_H
#define GUEST_DRIVERS_STEWARD_GUEST_LAYOUT_H

#include "guest-drivers/steward/steward.h"

/* The guest-physical map, as libxl draws it for PVH. [xen-pvh-hvm.md 1] */
#define HIGH_BEGIN    0x100000000ul
#define SPECIAL_BASE  0xfeff8000ul
#define SPECIAL_PAGES 8u
#define STORE_GFN     (SPECIAL_BASE / PAGE_SIZE + 4)
#define FIRMWARE_GFN  (SPECIAL_BASE / PAGE_SIZE + 5)
#define CONSOLE_GFN   (SPECIAL_BASE / PAGE_SIZE + 7)
#define INFO_BASE     0x1000ul
#define MIB           ((u64)1 << 20)

/* Ranges of the memory map at most. */
#define LAYOUT_RANGES 7u

struct guest_layout {
    u64 low_bytes;
    u64 high_bytes;
    u64 low_growth; /* behind them: where a PV guest's shim puts what it gets later */
    u64 high_growth;
    u64 kernel_at;
    u64 ramdisk_at;
};

/* ST_INVALID, and the guest is refused: its files do not fit. */
enum status guest_layout_make(struct guest *guest, struct guest_layout *out);
/* The memory map as the guest is told of it; how many ranges. */
u32 guest_layout_map(const struct guest_layout *layout,
                     struct xen_hvm_memmap_entry map[LAYOUT_RANGES]);

#endif
