/* What the boot loader told, in one form for multiboot 1, multiboot 2 and PVH. */
#ifndef HV_BOOT_BOOT_H
#define HV_BOOT_BOOT_H

#include "hv/lib/types.h"

enum boot_protocol { BOOT_MULTIBOOT1 = 1, BOOT_MULTIBOOT2 = 2, BOOT_PVH = 3 };

enum { BOOT_RANGES_MAX = 64, BOOT_MODULES_MAX = 64, BOOT_LINE_MAX = 512 };

struct boot_range {
    u64 begin;
    u64 end;
};

struct boot_module {
    u64 begin;
    u64 end;
    char line[BOOT_LINE_MAX]; /* "<role> [name]" */
};

struct boot_info {
    u32 range_count; /* RAM only, sorted, page aligned inwards */
    u32 module_count;
    struct boot_range range[BOOT_RANGES_MAX];
    struct boot_module module[BOOT_MODULES_MAX];
    char line[BOOT_LINE_MAX];
    u64 rsdp;          /* physical; 0: not told */
    const char *error; /* why the information cannot be used; NULL: it can */
};

/* Reads the loader's structures at a physical address through the boot mapping of 4 GiB. */
void boot_info_read(enum boot_protocol protocol, u64 physical, struct boot_info *out);

/* The hypervisor's build, from git. */
extern const char build_id[];

#endif
