/* The PVH start information, which this image is given and gives.
 * [xen/arch-x86/hvm/start_info.h] */
#ifndef HV_BOOT_START_INFO_H
#define HV_BOOT_START_INFO_H

#include "hv/lib/types.h"

#define START_INFO_MAGIC 0x336ec578u

/* Version 1. */
struct start_info {
    u32 magic;
    u32 version;
    u32 flags;
    u32 module_count;
    u64 modules;
    u64 cmdline;
    u64 rsdp;
    u64 memmap;
    u32 memmap_entries;
    u32 reserved;
};

struct start_module {
    u64 address;
    u64 size;
    u64 cmdline;
    u64 reserved;
};

struct start_range {
    u64 address;
    u64 size;
    u32 type;
    u32 reserved;
};

#endif
