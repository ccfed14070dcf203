#include "xen-adapter/pv/bzimage.h"
#include "hv/lib/bytes.h"
#include "hv/lib/string.h"

#define IMAGE_BYTES_MAX ((u64)1 << 30) /* no kernel is near that */
#define CODE_END_MAX    ((u64)1 << 32) /* the entry is a 32-bit one */
#define FIX_DAMAGED     "the file is damaged: copy or install it again"

bool bzimage_is(const void *file, u64 bytes)
{
    return bytes >= LINUX_HEADER_END &&
           bytes_get32((const u8 *)file + LINUX_AT(header)) == LINUX_HEADER_MAGIC;
}

/* Copies what is the header's, so that nothing else of the file gets into the zero page. */
static enum status header_read(const u8 *file, struct bzimage *out, struct complaint *complaint)
{
    struct linux_header *header = &out->header;
    u64 bytes;

    memcpy(header, file + LINUX_HEADER_AT, sizeof(*header));
    if (header->version < LINUX_2_10)
        return complaint_make(
            complaint, ST_UNSUPPORTED, COMPLAINT_NOWHERE,
            "has no PVH entry and a boot protocol before 2.10 (Linux 2.6.31), which "
            "does not say how much memory it takes",
            "use a newer kernel");
    bytes = offsetof(struct linux_header, header) + (u64)header->jump_bytes;
    if (bytes < offsetof(struct linux_header, later) || bytes > sizeof(*header))
        return complaint_make(complaint, ST_CORRUPT, LINUX_AT(jump_bytes),
                              "is a bzImage whose setup header has an impossible length",
                              FIX_DAMAGED);
    memset((u8 *)header + bytes, 0, sizeof(*header) - bytes);
    return ST_OK;
}

/* A file need not fill the last of its paragraphs. */
static enum status code_find(u64 file_bytes, struct bzimage *out, struct complaint *complaint)
{
    if ((out->header.loadflags & LINUX_LOADED_HIGH) == 0)
        return complaint_make(complaint, ST_UNSUPPORTED, COMPLAINT_NOWHERE,
                              "is a zImage, which runs below 640 KiB", "build it as bzImage");
    out->code_offset = linux_code_offset(&out->header);
    out->code_bytes = (u64)out->header.syssize * LINUX_PARAGRAPH;
    if (out->code_bytes == 0)
        return complaint_make(complaint, ST_CORRUPT, LINUX_AT(syssize),
                              "is a bzImage without code", FIX_DAMAGED);
    if (out->code_offset + out->code_bytes >= file_bytes + LINUX_PARAGRAPH)
        return complaint_make(complaint, ST_CORRUPT, file_bytes,
                              "is a bzImage that ends before its code does",
                              "the file is truncated: copy or install it again");
    out->code_bytes = MIN(out->code_bytes, file_bytes - out->code_offset);
    return ST_OK;
}

static enum status place_check(struct bzimage *out, struct complaint *complaint)
{
    const struct linux_header *header = &out->header;
    u32 align = header->kernel_alignment;

    out->bytes = MAX((u64)header->init_size, out->code_bytes);
    if (out->bytes > IMAGE_BYTES_MAX)
        return complaint_make(complaint, ST_CORRUPT, LINUX_AT(init_size),
                              "is a bzImage that claims to take an impossible size of memory",
                              FIX_DAMAGED);
    if (header->relocatable_kernel != 0 && (align == 0 || (align & (align - 1)) != 0))
        return complaint_make(complaint, ST_CORRUPT, LINUX_AT(kernel_alignment),
                              "is a bzImage whose alignment is no power of two", FIX_DAMAGED);
    if (header->pref_address > CODE_END_MAX - out->bytes)
        return complaint_make(complaint, ST_UNSUPPORTED, COMPLAINT_NOWHERE,
                              "wants to lie where its 32-bit entry cannot be, above 4 GiB",
                              "build it with a lower CONFIG_PHYSICAL_START");
    return ST_OK;
}

enum status bzimage_read(const void *file, u64 bytes, struct bzimage *out,
                         struct complaint *complaint)
{
    if (!bzimage_is(file, bytes))
        return complaint_make(complaint, ST_UNSUPPORTED, COMPLAINT_NOWHERE, "is no bzImage",
                              "give an unmodified vmlinuz");
    TRY(header_read(file, out, complaint));
    TRY(code_find(bytes, out, complaint));
    return place_check(out, complaint);
}

enum status bzimage_place(const struct bzimage *image, const struct spans *ram,
                          struct span *place)
{
    bool can_move = image->header.relocatable_kernel != 0;
    u64 align = can_move ? image->header.kernel_alignment : 1;
    u64 wanted = image->header.pref_address;

    for (u32 i = 0; i < ram->count; i++) {
        u64 base = align_up(MAX(ram->span[i].base, wanted), align);
        u64 end = base + image->bytes;

        if ((base != wanted && !can_move) || end > MIN(ram->span[i].end, CODE_END_MAX))
            continue;
        *place = (struct span){base, end};
        return ST_OK;
    }
    return ST_NO_MEMORY;
}

/* ---- The zero page ----------------------------------------------------------------------- */

static void e820_add(struct linux_params *params, u64 base, u64 end, u32 type)
{
    if (base < end)
        params->e820_table[params->e820_entries++] =
            (struct linux_e820_entry){base, end - base, type};
}

/* Ranges do not overlap: cutting out the firmware's makes two more at most. */
_Static_assert(MEMORY_RANGES_MAX + 2 <= LINUX_E820_MAX, "the table holds every range");

static void e820_fill(struct linux_params *params, const struct linux_boot *boot)
{
    for (u32 i = 0; i < boot->map_count; i++) {
        const struct memory_range *range = &boot->map[i];
        u64 base = range->base, end = range->base + range->size;

        e820_add(params, base, MIN(end, FIRMWARE_BASE), range->type);
        e820_add(params, MAX(base, FIRMWARE_BASE), MIN(end, FIRMWARE_END), MEMORY_RESERVED);
        e820_add(params, MAX(base, FIRMWARE_END), end, range->type);
    }
}

void linux_params_fill(struct linux_params *params, const struct bzimage *image,
                       const struct linux_boot *boot)
{
    memset(params, 0, sizeof(*params));
    memcpy(&params->hdr, &image->header, sizeof(params->hdr));
    params->hdr.type_of_loader = LINUX_LOADER_UNDEFINED;
    params->hdr.code32_start = (u32)boot->code;
    params->hdr.cmd_line_ptr = (u32)boot->cmdline;
    params->hdr.ramdisk_image = (u32)boot->ramdisk;
    params->hdr.ramdisk_size = (u32)boot->ramdisk_bytes;
    if (image->header.version >= LINUX_2_14)
        params->acpi_rsdp_addr = boot->rsdp;
    e820_fill(params, boot);
}
