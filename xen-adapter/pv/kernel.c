#include "xen-adapter/pv/kernel.h"
#include "hv/lib/bytes.h"
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/linux_params.h"

#define BZ_HEADER_END LINUX_AT(setup_data) /* as far as is read here */

#define ELF_BYTES_MAX ((u64)1 << 30) /* no kernel is near that */

const char *payload_name(enum payload_kind kind)
{
    static const char *const name[] = {"ELF", "gzip", "xz", "lz4", "zstd"};

    return name[kind];
}

static const struct {
    u8 bytes;
    u8 magic[6];
    u8 kind;
} magics[] = {
    {4, {0x7f, 'E', 'L', 'F'}, PAYLOAD_ELF},        {3, {0x1f, 0x8b, 0x08}, PAYLOAD_GZIP},
    {6, {0xfd, '7', 'z', 'X', 'Z', 0}, PAYLOAD_XZ}, {4, {0x02, 0x21, 0x4c, 0x18}, PAYLOAD_LZ4},
    {4, {0x28, 0xb5, 0x2f, 0xfd}, PAYLOAD_ZSTD},
};

/* A payload whose last four bytes say how large it gets: gzip's own trailer, for the others
 * appended by the kernel's build and no part of the compressed stream. */
static enum status payload_classify(struct payload *payload, struct complaint *complaint)
{
    for (u32 i = 0; i < ARRAY_SIZE(magics); i++) {
        if (payload->bytes < magics[i].bytes + 4u ||
            memcmp(payload->data, magics[i].magic, magics[i].bytes) != 0)
            continue;
        payload->kind = (enum payload_kind)magics[i].kind;
        payload->elf_bytes = payload->bytes;
        if (payload->kind == PAYLOAD_ELF)
            return ST_OK;
        payload->elf_bytes = bytes_get32(payload->data + payload->bytes - 4);
        if (payload->kind != PAYLOAD_GZIP)
            payload->bytes -= 4;
        if (payload->elf_bytes < 64 || payload->elf_bytes > ELF_BYTES_MAX)
            return complaint_make(complaint, ST_CORRUPT, payload->file_offset + payload->bytes,
                                  "its compressed payload claims an impossible size",
                                  "the file is damaged: copy or install it again");
        return ST_OK;
    }
    return complaint_make(complaint, ST_UNSUPPORTED, payload->file_offset,
                          "is compressed in a way that is not known here",
                          "use a kernel packed with gzip, xz, lz4 or zstd, or an ELF vmlinux");
}

static enum status bzimage_open(const u8 *file, u64 bytes, struct payload *out,
                                struct complaint *complaint)
{
    struct linux_header header;
    u64 payload_bytes;

    memcpy(&header, file + LINUX_HEADER_AT, BZ_HEADER_END - LINUX_HEADER_AT);
    if (header.version < LINUX_2_08)
        return complaint_make(
            complaint, ST_UNSUPPORTED, LINUX_AT(version),
            "is a bzImage from before Linux 2.6.24, which does not say where its payload is",
            "give the ELF file vmlinux of that kernel instead");
    out->file_offset = linux_code_offset(&header) + header.payload_offset;
    payload_bytes = header.payload_length;
    if (out->file_offset > bytes || payload_bytes > bytes - out->file_offset)
        return complaint_make(complaint, ST_CORRUPT, bytes,
                              "is a bzImage that ends before its payload does",
                              "the file is truncated: copy or install it again");
    out->data = file + out->file_offset;
    out->bytes = payload_bytes;
    return payload_classify(out, complaint);
}

enum status payload_find(const void *file, u64 bytes, struct payload *out,
                         struct complaint *complaint)
{
    const u8 *data = file;

    *out = (struct payload){.data = data, .bytes = bytes};
    if (bytes == 0)
        return complaint_make(complaint, ST_CORRUPT, COMPLAINT_NOWHERE, "is an empty file",
                              "give a vmlinuz or an ELF kernel");
    if (bytes >= BZ_HEADER_END && memcmp(data + LINUX_AT(header), "HdrS", 4) == 0)
        return bzimage_open(data, bytes, out, complaint);
    if (bytes >= 8 &&
        (memcmp(data, magics[0].magic, 4) == 0 || memcmp(data, magics[1].magic, 3) == 0))
        return payload_classify(out, complaint);
    return complaint_make(
        complaint, ST_UNSUPPORTED, 0, "is neither a bzImage nor an ELF file",
        "give an unmodified vmlinuz or an ELF kernel, or check the order of files");
}

/* ---- Notes ------------------------------------------------------------------------------- */

/* Absent: the value stays. */
static enum status note_number(const struct elf_image *image, u32 type, u64 *value, bool *found)
{
    struct elf_note note;
    u64 number;

    if (elf_note_find(image, "Xen", type, &note) != ST_OK)
        return ST_OK;
    TRY(elf_note_number(&note, &number));
    *value = number;
    *found = true;
    return ST_OK;
}

static enum status reloc_read(const struct elf_image *image, struct kernel_notes *out)
{
    struct elf_note note;

    if (elf_note_find(image, "Xen", XEN_NOTE_PHYS32_RELOC, &note) != ST_OK)
        return ST_OK;
    if (note.bytes < 12)
        return ST_CORRUPT;
    out->reloc_align = bytes_get32(note.data);
    out->reloc_min = bytes_get32(note.data + 4);
    out->reloc_max = bytes_get32(note.data + 8);
    if (out->reloc_align == 0 || (out->reloc_align & (out->reloc_align - 1)) != 0 ||
        out->reloc_min > out->reloc_max)
        return ST_CORRUPT;
    return ST_OK;
}

static enum status notes_read(const struct elf_image *image, struct kernel_notes *out)
{
    u64 by_pfn = 0;
    bool unused = false;

    TRY(note_number(image, XEN_NOTE_PHYS32_ENTRY, &out->phys32_entry, &unused));
    TRY(reloc_read(image, out));
    TRY(note_number(image, XEN_NOTE_ENTRY, &out->entry, &out->is_pv));
    TRY(note_number(image, XEN_NOTE_VIRT_BASE, &out->virt_base, &out->is_pv));
    TRY(note_number(image, XEN_NOTE_PADDR_OFFSET, &out->paddr_offset, &out->is_pv));
    TRY(note_number(image, XEN_NOTE_HYPERCALL_PAGE, &out->hypercall_page, &out->is_pv));
    TRY(note_number(image, XEN_NOTE_INIT_P2M, &out->init_p2m, &out->is_pv));
    TRY(note_number(image, XEN_NOTE_MOD_START_PFN, &by_pfn, &out->is_pv));
    out->modules_by_pfn = by_pfn != 0;
    return ST_OK;
}

/* ---- The old section: KEY=value,KEY=value, ending at a NUL or with the section ------- */

struct old_text {
    const char *at;
    const char *end;
};

/* The value of a key, not terminated; false when the key is not there. */
static bool old_find(struct old_text text, const char *key, struct old_text *value)
{
    size_t key_bytes = strlen(key);

    while (text.at < text.end && *text.at != '\0') {
        const char *stop = text.at;

        while (stop < text.end && *stop != ',' && *stop != '\0')
            stop++;
        if ((size_t)(stop - text.at) >= key_bytes && memcmp(text.at, key, key_bytes) == 0 &&
            ((size_t)(stop - text.at) == key_bytes || text.at[key_bytes] == '=')) {
            *value = (struct old_text){text.at + key_bytes, stop};
            if (value->at < stop)
                value->at++;
            return true;
        }
        text.at = stop < text.end && *stop == ',' ? stop + 1 : text.end;
    }
    return false;
}

static enum status old_number(struct old_text text, const char *key, u64 *out)
{
    struct old_text value;
    u64 base = 10, number = 0;

    if (!old_find(text, key, &value))
        return ST_OK;
    if (value.end - value.at > 2 && value.at[0] == '0' &&
        (value.at[1] == 'x' || value.at[1] == 'X')) {
        base = 16;
        value.at += 2;
    }
    if (value.at == value.end)
        return ST_CORRUPT;
    for (; value.at < value.end; value.at++) {
        char c = *value.at;
        u64 digit = c >= '0' && c <= '9'   ? (u64)(c - '0')
                    : c >= 'a' && c <= 'f' ? (u64)(c - 'a' + 10)
                    : c >= 'A' && c <= 'F' ? (u64)(c - 'A' + 10)
                                           : 16;

        if (digit >= base || mul_overflows(number, base, &number) ||
            add_overflows(number, digit, &number))
            return ST_CORRUPT;
    }
    *out = number;
    return ST_OK;
}

static enum status old_section_read(const struct elf_image *image, struct kernel_notes *out)
{
    struct elf_section section;
    struct old_text text;
    u64 page = KERNEL_NONE;

    if (elf_section_find(image, "__xen_guest", &section) != ST_OK)
        return ST_OK;
    text.at = (const char *)image->bytes + section.offset;
    text.end = text.at + section.bytes;
    out->is_pv = true;
    out->is_old = true;
    TRY(old_number(text, "VIRT_BASE", &out->virt_base));
    TRY(old_number(text, "ELF_PADDR_OFFSET", &out->paddr_offset));
    TRY(old_number(text, "VIRT_ENTRY", &out->entry));
    TRY(old_number(text, "HYPERCALL_PAGE", &page));
    if (page != KERNEL_NONE &&
        (mul_overflows(page, PAGE_SIZE, &page) ||
         add_overflows(page, out->virt_base == KERNEL_NONE ? 0 : out->virt_base,
                       &out->hypercall_page)))
        return ST_CORRUPT;
    return ST_OK;
}

/* Where nothing is said: old images count physical addresses from VIRT_BASE. */
static void notes_complete(struct kernel_notes *notes)
{
    if (notes->virt_base == KERNEL_NONE)
        notes->virt_base = 0;
    if (notes->paddr_offset == KERNEL_NONE)
        notes->paddr_offset = notes->is_old ? notes->virt_base : 0;
}

/* A required feature is written with '!' in front; two are not for PV guests on any Xen. */
static enum status features_check(const struct elf_image *image, struct complaint *complaint)
{
    static const char *const never[] = {"!auto_translated_physmap", "!supervisor_mode_kernel"};
    struct elf_note note;

    if (elf_note_find(image, "Xen", XEN_NOTE_FEATURES, &note) != ST_OK)
        return ST_OK;
    for (u32 n = 0; n < ARRAY_SIZE(never); n++)
        for (u64 at = 0; at + strlen(never[n]) <= note.bytes; at++)
            if (memcmp(note.data + at, never[n], strlen(never[n])) == 0)
                return complaint_make(complaint, ST_UNSUPPORTED, COMPLAINT_NOWHERE,
                                      "requires a feature that no PV guest gets",
                                      "start it as type = \"pvh\"");
    return ST_OK;
}

enum status kernel_notes_read(const struct elf_image *image, struct kernel_notes *out,
                              struct complaint *complaint)
{
    enum status status;

    *out = (struct kernel_notes){
        .entry = image->entry,
        .virt_base = KERNEL_NONE,
        .paddr_offset = KERNEL_NONE,
        .hypercall_page = KERNEL_NONE,
        .init_p2m = KERNEL_NONE,
        .phys32_entry = KERNEL_NONE,
        .reloc_align = KERNEL_NONE,
    };
    status = notes_read(image, out);
    if (status == ST_OK && !out->is_pv)
        status = old_section_read(image, out);
    if (status != ST_OK)
        return complaint_make(
            complaint, ST_CORRUPT, COMPLAINT_NOWHERE,
            "has a Xen ELF note or __xen_guest entry with a value that makes no sense",
            "the file is damaged: copy or install it again");
    notes_complete(out);
    return features_check(image, complaint);
}
