/* Any bytes as an ELF image: every accessor, whole and as a head. */
// sources: hv/lib/elf.c xen-adapter/pv/kernel.c
#include "hv/lib/elf.h"
#include "xen-adapter/pv/kernel.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static void touch(const u8 *data, u64 bytes)
{
    static volatile u8 sink;
    u8 sum = sink;

    for (u64 i = 0; i < bytes; i++)
        sum = (u8)(sum + data[i]);
    sink = sum;
}

static void walk(const u8 *data, u64 available, u64 size)
{
    struct complaint complaint;
    struct elf_segment segment;
    struct elf_section section;
    struct kernel_notes notes;
    struct elf_image image;
    struct elf_note note;
    u64 low, high;

    if (elf_open(data, available, size, &image) != ST_OK)
        return;
    for (u32 i = 0; i <= image.program_count; i++)
        if (elf_segment_get(&image, i, &segment) == ST_OK && available == size)
            touch(data + segment.offset, segment.file_bytes);
    (void)elf_extent(&image, &low, &high);
    for (u32 type = 0; type < 20; type++)
        if (elf_note_find(&image, "Xen", type, &note) == ST_OK)
            touch(note.data, note.bytes);
    if (elf_section_find(&image, "__xen_guest", &section) == ST_OK)
        touch(data + section.offset, section.bytes);
    (void)kernel_notes_read(&image, &notes, &complaint);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    walk(data, size, size);
    walk(data, size, size * 2 + 4096);
    return 0;
}
