/* Kernel files: bzImage header, payload kinds, Xen notes, the old __xen_guest section. */
// sources: xen-adapter/pv/kernel.c hv/lib/elf.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <string.h>
#include "xen-adapter/pv/kernel.h"

#define SETUP_SECTS 3u
#define PAYLOAD_AT  ((SETUP_SECTS + 1) * 512u + 0x40u)

static u8 file[8192];

static void put32(u32 at, u32 value)
{
    memcpy(file + at, &value, 4);
}

/* A bzImage with a payload of `bytes` bytes that begins with `magic` and ends in `size`. */
static void bzimage(const void *magic, size_t magic_bytes, u32 bytes, u32 size)
{
    memset(file, 0, sizeof(file));
    file[0x1f1] = SETUP_SECTS;
    memcpy(file + 0x202, "HdrS", 4);
    file[0x206] = 0x0f;
    file[0x207] = 2;
    put32(0x248, 0x40);
    put32(0x24c, bytes);
    memcpy(file + PAYLOAD_AT, magic, magic_bytes);
    put32(PAYLOAD_AT + bytes - 4, size);
}

static void finds_each_payload(void **state)
{
    static const struct {
        const char *magic;
        size_t bytes;
        enum payload_kind kind;
        u32 trailer; /* bytes that are not the stream's */
    } cases[] = {
        {"\x1f\x8b\x08", 3, PAYLOAD_GZIP, 0},
        {"\xfd"
         "7zXZ\0",
         6, PAYLOAD_XZ, 4},
        {"\x02\x21\x4c\x18", 4, PAYLOAD_LZ4, 4},
        {"\x28\xb5\x2f\xfd", 4, PAYLOAD_ZSTD, 4},
    };
    struct complaint complaint;
    struct payload payload;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        bzimage(cases[i].magic, cases[i].bytes, 1000, 123456);
        assert_int_equal(payload_find(file, sizeof(file), &payload, &complaint), ST_OK);
        assert_int_equal(payload.kind, cases[i].kind);
        assert_int_equal(payload.elf_bytes, 123456);
        assert_int_equal(payload.bytes, 1000 - cases[i].trailer);
        assert_ptr_equal(payload.data, file + PAYLOAD_AT);
        assert_int_equal(payload.file_offset, PAYLOAD_AT);
    }
}

static void refuses(u64 bytes, enum status status, const char *word)
{
    struct complaint complaint = {0};
    struct payload payload;

    assert_int_equal(payload_find(file, bytes, &payload, &complaint), status);
    assert_non_null(strstr(complaint.what, word));
    assert_non_null(complaint.fix);
}

static void refuses_broken_files(void **state)
{
    (void)state;
    bzimage("\x28\xb5\x2f\xfd", 4, 1000, 123456);
    refuses(PAYLOAD_AT + 999, ST_CORRUPT, "ends before");
    refuses(PAYLOAD_AT - 1, ST_CORRUPT, "ends before");
    refuses(0, ST_CORRUPT, "empty");
    put32(PAYLOAD_AT + 996, 3);
    refuses(sizeof(file), ST_CORRUPT, "impossible size");
    bzimage("\x28\xb5\x2f\xfd", 4, 1000, 123456);
    file[0x206] = 7;
    refuses(sizeof(file), ST_UNSUPPORTED, "2.6.24");
    bzimage("BZh9", 4, 1000, 123456);
    refuses(sizeof(file), ST_UNSUPPORTED, "not known");
    put32(0x248, 0xffffffff);
    refuses(sizeof(file), ST_CORRUPT, "ends before");
    bzimage("\x28\xb5\x2f\xfd", 4, 6, 99);
    refuses(sizeof(file), ST_UNSUPPORTED, "not known"); /* no room for the size */
    memset(file, 'x', sizeof(file));
    refuses(sizeof(file), ST_UNSUPPORTED, "neither");
    refuses(3, ST_UNSUPPORTED, "neither");
}

static void takes_plain_elf(void **state)
{
    struct complaint complaint;
    struct payload payload;

    (void)state;
    memset(file, 0, sizeof(file));
    memcpy(file, "\177ELF", 4);
    assert_int_equal(payload_find(file, 5000, &payload, &complaint), ST_OK);
    assert_int_equal(payload.kind, PAYLOAD_ELF);
    assert_int_equal(payload.elf_bytes, 5000);
}

/* ---- Notes ------------------------------------------------------------------------------- */

/* An ELF whose one segment is the notes given as words at 512. */
static struct elf_image elf_with(const u32 *words, size_t bytes)
{
    Elf64_Ehdr header = {.e_machine = EM_X86_64,
                         .e_entry = 0x777,
                         .e_phoff = 64,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = 1};
    Elf64_Phdr segment = {.p_type = PT_NOTE, .p_offset = 512, .p_filesz = bytes};
    struct elf_image image;

    memcpy(header.e_ident, "\177ELF\2\1\1", 7);
    memset(file, 0, sizeof(file));
    memcpy(file, &header, sizeof(header));
    memcpy(file + 64, &segment, sizeof(segment));
    memcpy(file + 512, words, bytes);
    assert_int_equal(elf_open(file, sizeof(file), sizeof(file), &image), ST_OK);
    return image;
}

#define XEN 0x006e6558u

static void reads_notes(void **state)
{
    const u32 words[] = {4,  8,    1,   XEN,        0x1000,     0xffffffff, 4,
                         8,  3,    XEN, 0x80000000, 0xffffffff, 4,          4,
                         16, XEN,  1,   4,          8,          15,         XEN,
                         0,  0x80, 4,   4,          18,         XEN,        0x100200,
                         4,  12,   19,  XEN,        0x200000,   0x1000000,  0x3fffffff};
    struct elf_image image = elf_with(words, sizeof(words));
    struct complaint complaint;
    struct kernel_notes notes;

    (void)state;
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_OK);
    assert_true(notes.is_pv);
    assert_true(notes.modules_by_pfn);
    assert_int_equal(notes.entry, 0xffffffff00001000);
    assert_int_equal(notes.virt_base, 0xffffffff80000000);
    assert_int_equal(notes.paddr_offset, 0);
    assert_int_equal(notes.hypercall_page, KERNEL_NONE);
    assert_int_equal(notes.init_p2m, 0x8000000000);
    assert_int_equal(notes.phys32_entry, 0x100200);
    assert_int_equal(notes.reloc_max, 0x3fffffff);
}

static void pvh_alone_is_not_pv(void **state)
{
    const u32 words[] = {4, 4, 18, XEN, 0x100000};
    struct elf_image image = elf_with(words, sizeof(words));
    struct complaint complaint;
    struct kernel_notes notes;

    (void)state;
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_OK);
    assert_false(notes.is_pv);
    assert_int_equal(notes.phys32_entry, 0x100000);
    assert_int_equal(notes.entry, 0x777);
}

static void refuses_bad_notes(void **state)
{
    const u32 odd[] = {4, 6, 3, XEN, 1, 2};
    const u32 reloc[] = {4, 12, 19, XEN, 0x3000, 0, 1};
    const char feature[] = "\4\0\0\0\x18\0\0\0\12\0\0\0Xen\0!auto_translated_physmap";
    struct elf_image image = elf_with(odd, sizeof(odd));
    struct complaint complaint;
    struct kernel_notes notes;

    (void)state;
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_CORRUPT);
    image = elf_with(reloc, sizeof(reloc));
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_CORRUPT);
    image = elf_with((const u32 *)(const void *)feature, sizeof(feature) - 1);
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_UNSUPPORTED);
}

/* An ELF without segments but with a __xen_guest section. */
static struct elf_image elf_old(const char *text)
{
    static const char names[] = "\0.shstrtab\0__xen_guest";
    Elf64_Ehdr header = {.e_machine = EM_X86_64,
                         .e_entry = 0x777,
                         .e_phoff = 64,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_shoff = 1024,
                         .e_shnum = 3,
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shstrndx = 1};
    Elf64_Shdr section[3] = {
        {0},
        {.sh_name = 1, .sh_offset = 2048, .sh_size = sizeof(names)},
        {.sh_name = 11, .sh_offset = 4096, .sh_size = strlen(text)},
    };
    struct elf_image image;

    memcpy(header.e_ident, "\177ELF\2\1\1", 7);
    memset(file, 0, sizeof(file));
    memcpy(file, &header, sizeof(header));
    memcpy(file + 1024, section, sizeof(section));
    memcpy(file + 2048, names, sizeof(names));
    memcpy(file + 4096, text, strlen(text));
    assert_int_equal(elf_open(file, sizeof(file), sizeof(file), &image), ST_OK);
    return image;
}

static void reads_the_old_section(void **state)
{
    struct elf_image image = elf_old("GUEST_OS=Mini-OS,XEN_VER=xen-3.0,VIRT_BASE=0x100000,"
                                     "ELF_PADDR_OFFSET=0x0,HYPERCALL_PAGE=0x2,LOADER=generic");
    struct complaint complaint;
    struct kernel_notes notes;

    (void)state;
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_OK);
    assert_true(notes.is_pv);
    assert_true(notes.is_old);
    assert_int_equal(notes.virt_base, 0x100000);
    assert_int_equal(notes.paddr_offset, 0);
    assert_int_equal(notes.hypercall_page, 0x102000);
    assert_int_equal(notes.entry, 0x777);

    image = elf_old("XEN_VER=xen-3.0,VIRT_BASE=0x200000,VIRT_ENTRY=0x201000,PAE");
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_OK);
    assert_int_equal(notes.paddr_offset, 0x200000); /* as VIRT_BASE */
    assert_int_equal(notes.entry, 0x201000);

    image = elf_old("VIRT_BASE=rubbish");
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_CORRUPT);
    image = elf_old("VIRT_BASE=0x123456789abcdef01");
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_CORRUPT);
    image = elf_old("VIRT_BASE=");
    assert_int_equal(kernel_notes_read(&image, &notes, &complaint), ST_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_payload),    cmocka_unit_test(refuses_broken_files),
        cmocka_unit_test(takes_plain_elf),       cmocka_unit_test(reads_notes),
        cmocka_unit_test(pvh_alone_is_not_pv),   cmocka_unit_test(refuses_bad_notes),
        cmocka_unit_test(reads_the_old_section),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
