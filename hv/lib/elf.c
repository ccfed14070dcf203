#include "hv/lib/bytes.h"
#include "hv/lib/elf.h"
#include "hv/lib/string.h"

/* The on-disk forms. Fields are read by offset with memcpy: the image may be unaligned. */
struct layout {
    u8 header;
    u8 entry, program_offset, section_offset; /* in the file header */
    u8 program_size, program_count, section_size, section_count, section_names;
    u8 program_entry, section_entry;                              /* sizes of one record */
    u8 type, flags, offset, virt, phys, file_bytes, memory_bytes; /* in a program header */
    u8 section_file_offset, section_bytes;
    u8 word; /* bytes of an address */
};

static const struct layout layout32 = {
    .header = 52,
    .entry = 24,
    .program_offset = 28,
    .section_offset = 32,
    .program_size = 42,
    .program_count = 44,
    .section_size = 46,
    .section_count = 48,
    .section_names = 50,
    .program_entry = 32,
    .section_entry = 40,
    .type = 0,
    .flags = 24,
    .offset = 4,
    .virt = 8,
    .phys = 12,
    .file_bytes = 16,
    .memory_bytes = 20,
    .section_file_offset = 16,
    .section_bytes = 20,
    .word = 4,
};

static const struct layout layout64 = {
    .header = 64,
    .entry = 24,
    .program_offset = 32,
    .section_offset = 40,
    .program_size = 54,
    .program_count = 56,
    .section_size = 58,
    .section_count = 60,
    .section_names = 62,
    .program_entry = 56,
    .section_entry = 64,
    .type = 0,
    .flags = 4,
    .offset = 8,
    .virt = 16,
    .phys = 24,
    .file_bytes = 32,
    .memory_bytes = 40,
    .section_file_offset = 24,
    .section_bytes = 32,
    .word = 8,
};

static const struct layout *layout_of(const struct elf_image *image)
{
    return image->bits == 64 ? &layout64 : &layout32;
}

static u64 read_word(const struct layout *layout, const u8 *at)
{
    return layout->word == 8 ? bytes_get64(at) : bytes_get32(at);
}

static bool range_fits(u64 offset, u64 bytes, u64 limit)
{
    return offset <= limit && bytes <= limit - offset;
}

static enum status tables_check(const struct elf_image *image, const u8 *header)
{
    const struct layout *layout = layout_of(image);
    u64 bytes = (u64)image->program_count * layout->program_entry;

    if (image->program_count != 0 &&
        bytes_get16(header + layout->program_size) != layout->program_entry)
        return ST_CORRUPT;
    if (!range_fits(image->program_offset, bytes, image->available))
        return ST_CORRUPT;
    return ST_OK;
}

enum status elf_open(const void *bytes, u64 available, u64 size, struct elf_image *out)
{
    const u8 *header = bytes;
    const struct layout *layout;

    *out = (struct elf_image){.bytes = bytes, .available = MIN(available, size), .size = size};
    if (out->available < layout32.header || memcmp(header,
                                                   "\x7f"
                                                   "ELF",
                                                   4) != 0)
        return ST_CORRUPT;
    if ((header[4] != 1 && header[4] != 2) || header[5] != 1 || header[6] != 1)
        return ST_CORRUPT;
    out->bits = header[4] == 2 ? 64 : 32;
    layout = layout_of(out);
    if (out->available < layout->header)
        return ST_CORRUPT;

    out->machine = bytes_get16(header + 18);
    out->entry = read_word(layout, header + layout->entry);
    out->program_offset = read_word(layout, header + layout->program_offset);
    out->program_count = bytes_get16(header + layout->program_count);
    out->section_offset = read_word(layout, header + layout->section_offset);
    out->section_count = bytes_get16(header + layout->section_count);
    out->section_names = bytes_get16(header + layout->section_names);
    if (bytes_get16(header + layout->section_size) != layout->section_entry)
        out->section_count = 0;
    return tables_check(out, header);
}

enum status elf_segment_get(const struct elf_image *image, u32 index, struct elf_segment *out)
{
    const struct layout *layout = layout_of(image);
    u64 limit = image->bits == 64 ? ~0ull : 0x100000000ull;
    const u8 *at;

    if (index >= image->program_count)
        return ST_NO_ENTRY;
    at = image->bytes + image->program_offset + (u64)index * layout->program_entry;
    *out = (struct elf_segment){
        .type = bytes_get32(at + layout->type),
        .flags = bytes_get32(at + layout->flags),
        .offset = read_word(layout, at + layout->offset),
        .virt = read_word(layout, at + layout->virt),
        .phys = read_word(layout, at + layout->phys),
        .file_bytes = read_word(layout, at + layout->file_bytes),
        .memory_bytes = read_word(layout, at + layout->memory_bytes),
    };
    if (!range_fits(out->offset, out->file_bytes, image->size))
        return ST_CORRUPT;
    if (out->type != ELF_SEGMENT_LOAD)
        return ST_OK;
    if (out->file_bytes > out->memory_bytes || !range_fits(out->phys, out->memory_bytes, limit))
        return ST_CORRUPT;
    return ST_OK;
}

enum status elf_extent(const struct elf_image *image, u64 *low, u64 *high)
{
    struct elf_segment segment;

    *low = ~0ull;
    *high = 0;
    for (u32 i = 0; i < image->program_count; i++) {
        TRY(elf_segment_get(image, i, &segment));
        if (segment.type != ELF_SEGMENT_LOAD || segment.memory_bytes == 0)
            continue;
        *low = MIN(*low, segment.phys);
        *high = MAX(*high, segment.phys + segment.memory_bytes);
    }
    return *high == 0 ? ST_NO_DATA : ST_OK;
}

/* One PT_NOTE: records of {name size, data size, type}, name and data padded to 4 bytes. */
static enum status notes_search(const u8 *at, u64 left, const char *owner, u32 type,
                                struct elf_note *out)
{
    u64 owner_bytes = strlen(owner) + 1;

    while (left >= 12) {
        u32 name_bytes = bytes_get32(at), data_bytes = bytes_get32(at + 4),
            found = bytes_get32(at + 8);
        u64 name_room = align_up(name_bytes, 4), data_room = align_up(data_bytes, 4);

        at += 12;
        left -= 12;
        if (name_room > left || data_bytes > left - name_room)
            break; /* a torn record: nothing behind it can be found */
        if (found == type && name_bytes == owner_bytes && memcmp(at, owner, owner_bytes) == 0) {
            *out = (struct elf_note){type, data_bytes, at + name_room};
            return ST_OK;
        }
        data_room = MIN(data_room, left - name_room);
        at += name_room + data_room;
        left -= name_room + data_room;
    }
    return ST_NO_ENTRY;
}

enum status elf_note_find(const struct elf_image *image, const char *owner, u32 type,
                          struct elf_note *out)
{
    struct elf_segment segment;

    for (u32 i = 0; i < image->program_count; i++) {
        TRY(elf_segment_get(image, i, &segment));
        if (segment.type != ELF_SEGMENT_NOTE ||
            !range_fits(segment.offset, segment.file_bytes, image->available))
            continue;
        if (notes_search(image->bytes + segment.offset, segment.file_bytes, owner, type, out) ==
            ST_OK)
            return ST_OK;
    }
    return ST_NO_ENTRY;
}

enum status elf_note_number(const struct elf_note *note, u64 *out)
{
    if (note->bytes == 4)
        *out = bytes_get32(note->data);
    else if (note->bytes == 8)
        *out = bytes_get64(note->data);
    else
        return ST_CORRUPT;
    return ST_OK;
}

static enum status section_at(const struct elf_image *image, u32 index, u32 *name,
                              struct elf_section *out)
{
    const struct layout *layout = layout_of(image);
    const u8 *at = image->bytes + image->section_offset + (u64)index * layout->section_entry;

    *name = bytes_get32(at);
    out->offset = read_word(layout, at + layout->section_file_offset);
    out->bytes = read_word(layout, at + layout->section_bytes);
    return range_fits(out->offset, out->bytes, image->available) ? ST_OK : ST_CORRUPT;
}

enum status elf_section_find(const struct elf_image *image, const char *name,
                             struct elf_section *out)
{
    u64 table = (u64)image->section_count * layout_of(image)->section_entry;
    u64 name_bytes = strlen(name) + 1;
    struct elf_section names;
    u32 at;

    if (image->section_names >= image->section_count ||
        !range_fits(image->section_offset, table, image->available) ||
        section_at(image, image->section_names, &at, &names) != ST_OK)
        return ST_NO_ENTRY;
    for (u32 i = 0; i < image->section_count; i++) {
        if (section_at(image, i, &at, out) != ST_OK || !range_fits(at, name_bytes, names.bytes))
            continue;
        if (memcmp(image->bytes + names.offset + at, name, name_bytes) == 0)
            return ST_OK;
    }
    return ST_NO_ENTRY;
}
