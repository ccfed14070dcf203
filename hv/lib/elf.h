/*
 * ELF32 and ELF64 images in memory: headers, program headers, notes, section names.
 * Pure: reads nothing but the bytes given, trusts none of them, keeps no state.
 * [System V ABI, gABI 4.1, chapters 4 and 5]
 */
#ifndef HV_LIB_ELF_H
#define HV_LIB_ELF_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define ELF_MACHINE_I386   3u
#define ELF_MACHINE_X86_64 62u

#define ELF_SEGMENT_LOAD 1u
#define ELF_SEGMENT_NOTE 4u

#define ELF_FLAG_EXEC  1u
#define ELF_FLAG_WRITE 2u
#define ELF_FLAG_READ  4u

struct elf_image {
    const u8 *bytes;
    u64 available; /* bytes that are there to read */
    u64 size;      /* bytes of the whole file */
    u64 entry;
    u64 program_offset;
    u64 section_offset;
    u32 program_count;
    u32 section_count;
    u32 section_names; /* index of the section that holds the names */
    u16 machine;
    u8 bits; /* 32 or 64 */
};

struct elf_segment {
    u32 type;
    u32 flags;
    u64 offset;
    u64 virt;
    u64 phys;
    u64 file_bytes;
    u64 memory_bytes;
};

struct elf_note {
    u32 type;
    u32 bytes;
    const u8 *data;
};

struct elf_section {
    u64 offset;
    u64 bytes;
};

/*
 * Checks the file header and that the program headers are there. ST_CORRUPT: no ELF,
 * big-endian, or tables outside. `available` < `size` when only the head of the file has been
 * read yet.
 */
enum status elf_open(const void *bytes, u64 available, u64 size, struct elf_image *out);

/* ST_NO_ENTRY beyond the last; ST_CORRUPT when the segment leaves the file or wraps. */
enum status elf_segment_get(const struct elf_image *image, u32 index, struct elf_segment *out);

/* Lowest and one past the highest physical byte of all PT_LOADs. ST_NO_DATA: there is none. */
enum status elf_extent(const struct elf_image *image, u64 *low, u64 *high);

/* The first note of this owner and type in any PT_NOTE. ST_NO_ENTRY: none. */
enum status elf_note_find(const struct elf_image *image, const char *owner, u32 type,
                          struct elf_note *out);

/* The value of a note of 4 or 8 bytes. ST_CORRUPT for other sizes. */
enum status elf_note_number(const struct elf_note *note, u64 *out);

/* A section by its name, with its bytes inside the file. ST_NO_ENTRY: none. */
enum status elf_section_find(const struct elf_image *image, const char *name,
                             struct elf_section *out);

#endif
