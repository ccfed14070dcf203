/* The ELF parser on images made byte by byte. */
// sources: hv/lib/elf.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <string.h>
#include "hv/lib/elf.h"

#define FILE_BYTES 4096u

struct file {
    Elf64_Ehdr header;
    Elf64_Phdr segment[3];
    u8 rest[FILE_BYTES - sizeof(Elf64_Ehdr) - 3 * sizeof(Elf64_Phdr)];
};

/* Two loads and a note segment at 1024 with ENTRY = 0x1234 (8 bytes) and PAE "yes". */
static struct file healthy(void)
{
    struct file f = {0};
    const u32 notes[] = {4, 8, 1, 0x006e6558, 0x1234, 0, 4, 4, 9, 0x006e6558, 0x00736579};

    memcpy(f.header.e_ident, "\177ELF\2\1\1", 7);
    f.header.e_type = ET_EXEC;
    f.header.e_machine = EM_X86_64;
    f.header.e_entry = 0xffffffff81000000;
    f.header.e_phoff = sizeof(Elf64_Ehdr);
    f.header.e_phentsize = sizeof(Elf64_Phdr);
    f.header.e_phnum = 3;
    f.segment[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                .p_offset = 2048,
                                .p_filesz = 100,
                                .p_memsz = 100,
                                .p_paddr = 0x1000000};
    f.segment[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                .p_offset = 3000,
                                .p_filesz = 96,
                                .p_memsz = 8192,
                                .p_paddr = 0x2000000};
    f.segment[2] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 1024, .p_filesz = sizeof(notes)};
    memcpy((u8 *)&f + 1024, notes, sizeof(notes));
    return f;
}

static void opens_and_reads(void **state)
{
    struct file f = healthy();
    struct elf_segment segment;
    struct elf_image image;
    struct elf_note note;
    u64 low, high, number;

    (void)state;
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_OK);
    assert_int_equal(image.bits, 64);
    assert_int_equal(image.machine, ELF_MACHINE_X86_64);
    assert_int_equal(elf_segment_get(&image, 1, &segment), ST_OK);
    assert_int_equal(segment.phys, 0x2000000);
    assert_int_equal(elf_segment_get(&image, 3, &segment), ST_NO_ENTRY);
    assert_int_equal(elf_extent(&image, &low, &high), ST_OK);
    assert_int_equal(low, 0x1000000);
    assert_int_equal(high, 0x2002000);
    assert_int_equal(elf_note_find(&image, "Xen", 1, &note), ST_OK);
    assert_int_equal(elf_note_number(&note, &number), ST_OK);
    assert_int_equal(number, 0x1234);
    assert_int_equal(elf_note_find(&image, "Xen", 9, &note), ST_OK);
    assert_memory_equal(note.data, "yes", 4);
    assert_int_equal(elf_note_find(&image, "Xen", 2, &note), ST_NO_ENTRY);
    assert_int_equal(elf_note_find(&image, "GNU", 1, &note), ST_NO_ENTRY);
}

static void refuses_broken_headers(void **state)
{
    struct file f = healthy();
    struct elf_image image;

    (void)state;
    assert_int_equal(elf_open(&f, 40, 40, &image), ST_CORRUPT);
    assert_int_equal(elf_open(&f, 0, 0, &image), ST_CORRUPT);
    f.header.e_ident[5] = 2; /* big-endian */
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_CORRUPT);
    f = healthy();
    f.header.e_phentsize = 32;
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_CORRUPT);
    f = healthy();
    f.header.e_phoff = ~0ull - 8;
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_CORRUPT);
    f = healthy();
    f.header.e_phnum = 0xffff;
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_CORRUPT);
}

static void refuses_broken_segments(void **state)
{
    struct file f = healthy();
    struct elf_segment segment;
    struct elf_image image;

    (void)state;
    f.segment[0].p_offset = sizeof(f) - 50;
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_OK);
    assert_int_equal(elf_segment_get(&image, 0, &segment), ST_CORRUPT);
    f = healthy();
    f.segment[0].p_memsz = 50; /* less than it has in the file */
    assert_int_equal(elf_segment_get(&image, 0, &segment), ST_CORRUPT);
    f.segment[0].p_memsz = ~0ull - 0x1000;
    f.segment[0].p_paddr = 0x1000000;
    assert_int_equal(elf_segment_get(&image, 0, &segment), ST_CORRUPT);
}

/* Only the head of the file is there: program headers yes, notes not yet. */
static void reads_a_head(void **state)
{
    struct file f = healthy();
    struct elf_segment segment;
    struct elf_image image;
    struct elf_note note;

    (void)state;
    assert_int_equal(elf_open(&f, 512, sizeof(f), &image), ST_OK);
    assert_int_equal(elf_segment_get(&image, 1, &segment), ST_OK);
    assert_int_equal(elf_note_find(&image, "Xen", 1, &note), ST_NO_ENTRY);
}

static void survives_torn_notes(void **state)
{
    struct file f = healthy();
    struct elf_image image;
    struct elf_note note;
    u32 huge = 0xfffffff0;

    (void)state;
    assert_int_equal(elf_open(&f, sizeof(f), sizeof(f), &image), ST_OK);
    memcpy((u8 *)&f + 1024 + 4, &huge, 4);
    assert_int_equal(elf_note_find(&image, "Xen", 9, &note), ST_NO_ENTRY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_and_reads),         cmocka_unit_test(refuses_broken_headers),
        cmocka_unit_test(refuses_broken_segments), cmocka_unit_test(reads_a_head),
        cmocka_unit_test(survives_torn_notes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
