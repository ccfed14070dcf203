/*
 * Linux's boot parameters, the zero page, and the setup header, which a bzImage has at the same
 * place as the zero page [Linux Documentation/arch/x86/boot.rst, zero-page.rst]. Names are
 * those of asm/bootparam.h; what nobody here reads or writes has none.
 */
#ifndef XEN_ADAPTER_PV_LINUX_PARAMS_H
#define XEN_ADAPTER_PV_LINUX_PARAMS_H

#include "hv/lib/types.h"

#define LINUX_HEADER_MAGIC 0x53726448u /* "HdrS" */
#define LINUX_SECTOR       512u
#define LINUX_PARAGRAPH    16u /* what syssize counts */

/* First protocols with ... */
#define LINUX_2_08 0x208u /* the payload's place */
#define LINUX_2_10 0x20au /* pref_address and init_size */
#define LINUX_2_14 0x20eu /* acpi_rsdp_addr */

#define LINUX_LOADED_HIGH      0x01u
#define LINUX_LOADER_UNDEFINED 0xffu
#define LINUX_E820_MAX         128u

struct linux_header {
    u8 setup_sects;
    u16 root_flags;
    u32 syssize;
    u16 ram_size;
    u16 vid_mode;
    u16 root_dev;
    u16 boot_flag;
    u8 jump;
    u8 jump_bytes; /* from the next field to the end of the header */
    u32 header;
    u16 version;
    u32 realmode_swtch;
    u16 start_sys_seg;
    u16 kernel_version;
    u8 type_of_loader;
    u8 loadflags;
    u16 setup_move_size;
    u32 code32_start;
    u32 ramdisk_image;
    u32 ramdisk_size;
    u32 bootsect_kludge;
    u16 heap_end_ptr;
    u8 ext_loader_ver;
    u8 ext_loader_type;
    u32 cmd_line_ptr;
    u32 initrd_addr_max; /* the highest byte that a ramdisk may have */
    u32 kernel_alignment;
    u8 relocatable_kernel;
    u8 min_alignment;
    u16 xloadflags;
    u32 cmdline_size; /* without the NUL */
    u32 hardware_subarch;
    u64 hardware_subarch_data;
    u32 payload_offset;
    u32 payload_length;
    u64 setup_data;
    u64 pref_address;
    u32 init_size;
    u8 later[0x2c]; /* of protocols after 2.10 */
} __attribute__((packed));

struct linux_e820_entry {
    u64 addr;
    u64 size;
    u32 type;
} __attribute__((packed));

struct linux_params {
    u8 screen[0x70];
    u64 acpi_rsdp_addr; /* 2.14 */
    u8 firmware[0x170];
    u8 e820_entries;
    u8 sentinel[8]; /* the last but one is not 0 in a file */
    struct linux_header hdr;
    u8 signatures[0x40];
    struct linux_e820_entry e820_table[LINUX_E820_MAX];
    u8 disks[0x330];
} __attribute__((packed));

/* Where the header begins, a field of it, and what can no longer be of it. */
#define LINUX_HEADER_AT  offsetof(struct linux_params, hdr)
#define LINUX_AT(field)  (LINUX_HEADER_AT + offsetof(struct linux_header, field))
#define LINUX_HEADER_END offsetof(struct linux_params, signatures)

_Static_assert(sizeof(struct linux_params) == 4096, "the zero page is a page");

/* Where a file's protected-mode code begins: behind the boot sector and the setup's sectors,
 * whose number 0 means 4. */
static inline u64 linux_code_offset(const struct linux_header *header)
{
    return (header->setup_sects == 0 ? 5u : header->setup_sects + 1u) * LINUX_SECTOR;
}

#endif
