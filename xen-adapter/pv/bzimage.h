/*
 * A bzImage as the 32-bit boot protocol sees it: what its setup header asks for, where it can
 * lie, what it is told [Linux Documentation/arch/x86/boot.rst]. Pure, host-tested.
 */
#ifndef XEN_ADAPTER_PV_BZIMAGE_H
#define XEN_ADAPTER_PV_BZIMAGE_H

#include "xen-adapter/pv/kernel.h"
#include "xen-adapter/pv/linux_params.h"
#include "xen-adapter/pv/shim.h"
#include "xen-adapter/pv/spans.h"

/* Where a PC has its firmware, and a kernel that is not told looks for the RSDP. */
#define FIRMWARE_BASE 0xe0000ull
#define FIRMWARE_END  0x100000ull

struct bzimage {
    struct linux_header header; /* 0 behind the file's own end of it */
    u64 code_offset;            /* in the file: the protected-mode code */
    u64 code_bytes;
    u64 bytes; /* of memory that it takes from where it lies, until it knows the memory map */
};

/* What a kernel is told besides its own header. */
struct linux_boot {
    u64 code; /* where it lies, and is entered */
    u64 cmdline;
    u64 ramdisk, ramdisk_bytes;
    u64 rsdp;
    const struct memory_range *map;
    u32 map_count; /* up to MEMORY_RANGES_MAX */
};

bool bzimage_is(const void *file, u64 bytes);

/* ST_UNSUPPORTED: older than protocol 2.10, or of the kind below 640 KiB; ST_CORRUPT. */
enum status bzimage_read(const void *file, u64 bytes, struct bzimage *out,
                         struct complaint *complaint);

/* The preferred place or, for a kernel that can be moved, the lowest one above. ST_NO_MEMORY.
 */
enum status bzimage_place(const struct bzimage *image, const struct spans *ram,
                          struct span *place);

/* The zero page. */
void linux_params_fill(struct linux_params *params, const struct bzimage *image,
                       const struct linux_boot *boot);

#endif
