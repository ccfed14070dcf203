/* A bzImage by Linux's 32-bit boot protocol: header, place, zero page. */
// sources: xen-adapter/pv/bzimage.c xen-adapter/pv/spans.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <asm/bootparam.h>
#include <string.h>
#include "xen-adapter/pv/bzimage.h"

#define MIB        ((u64)1 << 20)
#define FILE_BYTES 8192u
#define CODE_AT    1536u /* behind setup_sects = 2 */
#define CODE_BYTES 4096u

#define SAME(ours, theirs)                                                                     \
    _Static_assert(                                                                            \
        offsetof(struct linux_header, ours) == offsetof(struct setup_header, theirs), #theirs)
SAME(setup_sects, setup_sects);
SAME(syssize, syssize);
SAME(jump, jump);
SAME(header, header);
SAME(version, version);
SAME(type_of_loader, type_of_loader);
SAME(loadflags, loadflags);
SAME(code32_start, code32_start);
SAME(ramdisk_image, ramdisk_image);
SAME(ramdisk_size, ramdisk_size);
SAME(cmd_line_ptr, cmd_line_ptr);
SAME(initrd_addr_max, initrd_addr_max);
SAME(kernel_alignment, kernel_alignment);
SAME(relocatable_kernel, relocatable_kernel);
SAME(cmdline_size, cmdline_size);
SAME(payload_offset, payload_offset);
SAME(payload_length, payload_length);
SAME(setup_data, setup_data);
SAME(pref_address, pref_address);
SAME(init_size, init_size);
SAME(later, handover_offset);
_Static_assert(offsetof(struct linux_params, acpi_rsdp_addr) ==
                       offsetof(struct boot_params, acpi_rsdp_addr) &&
                   offsetof(struct linux_params, e820_entries) ==
                       offsetof(struct boot_params, e820_entries) &&
                   offsetof(struct linux_params, hdr) == offsetof(struct boot_params, hdr) &&
                   LINUX_HEADER_END == offsetof(struct boot_params, edd_mbr_sig_buffer) &&
                   offsetof(struct linux_params, e820_table) ==
                       offsetof(struct boot_params, e820_table) &&
                   sizeof(struct linux_e820_entry) == sizeof(struct boot_e820_entry) &&
                   sizeof(struct linux_params) == sizeof(struct boot_params),
               "the zero page of asm/bootparam.h");
_Static_assert(LINUX_LOADED_HIGH == LOADED_HIGH && LINUX_E820_MAX == E820_MAX_ENTRIES_ZEROPAGE,
               "numbers of asm/bootparam.h");

static u8 file[FILE_BYTES];
static struct setup_header *const header = (void *)(file + offsetof(struct boot_params, hdr));

/* A sound one, of protocol 2.15, whose fields say what those of Debian's say. */
static int sound(void **state)
{
    (void)state;
    memset(file, 0xff, sizeof(file)); /* the sentinel, and what nobody may copy */
    *header = (struct setup_header){
        .setup_sects = 2,
        .syssize = CODE_BYTES / 16,
        .jump = 0xeb | (0x6a << 8),
        .header = 0x53726448,
        .version = 0x20f,
        .loadflags = LOADED_HIGH,
        .initrd_addr_max = 0x7fffffff,
        .kernel_alignment = 2 * MIB,
        .relocatable_kernel = 1,
        .cmdline_size = 2047,
        .pref_address = 16 * MIB,
        .init_size = 40 * MIB,
        .kernel_info_offset = 0x1234,
    };
    return 0;
}

static struct bzimage reads(u64 bytes)
{
    struct complaint complaint;
    struct bzimage image;

    assert_int_equal(bzimage_read(file, bytes, &image, &complaint), ST_OK);
    return image;
}

static void refuses(u64 bytes, enum status status, const char *word)
{
    struct complaint complaint = {0};
    struct bzimage image;

    assert_int_equal(bzimage_read(file, bytes, &image, &complaint), status);
    assert_non_null(strstr(complaint.what, word));
    assert_non_null(complaint.fix);
    sound(NULL);
}

static void knows_its_kind(void **state)
{
    (void)state;
    assert_true(bzimage_is(file, sizeof(file)));
    assert_true(bzimage_is(file, 0x290));
    assert_false(bzimage_is(file, 0x28f));
    assert_false(bzimage_is(NULL, 0));
    header->header++;
    assert_false(bzimage_is(file, sizeof(file)));
    refuses(sizeof(file), ST_UNSUPPORTED, "no bzImage");
}

static void finds_its_code(void **state)
{
    struct bzimage image = reads(sizeof(file));

    (void)state;
    assert_int_equal(image.code_offset, CODE_AT);
    assert_int_equal(image.code_bytes, CODE_BYTES);
    assert_int_equal(image.bytes, 40 * MIB);
    header->setup_sects = 0; /* means 4 [boot.rst] */
    assert_int_equal(reads(sizeof(file)).code_offset, 5 * 512);
    sound(NULL);
    header->init_size = 0;
    assert_int_equal(reads(sizeof(file)).bytes, CODE_BYTES);
}

/* memtest86+ ends 8 bytes before its last paragraph does. */
static void takes_a_last_paragraph_in_part(void **state)
{
    (void)state;
    assert_int_equal(reads(CODE_AT + CODE_BYTES - 15).code_bytes, CODE_BYTES - 15);
    assert_int_equal(reads(CODE_AT + CODE_BYTES).code_bytes, CODE_BYTES);
    refuses(CODE_AT + CODE_BYTES - 16, ST_CORRUPT, "ends before");
    refuses(CODE_AT - 1, ST_CORRUPT, "ends before");
    header->setup_sects = 0xff;
    refuses(sizeof(file), ST_CORRUPT, "ends before");
    header->syssize = 0xffffffff;
    refuses(sizeof(file), ST_CORRUPT, "ends before");
}

static void refuses_old_kernels(void **state)
{
    (void)state;
    header->version = 0x209;
    refuses(sizeof(file), ST_UNSUPPORTED, "2.10");
    header->version = 0x20a;
    (void)reads(sizeof(file));
    header->loadflags = 0xfe;
    refuses(sizeof(file), ST_UNSUPPORTED, "zImage");
}

static void refuses_impossible_headers(void **state)
{
    (void)state;
    header->jump = 0xeb | (0x61 << 8); /* ends within init_size */
    refuses(sizeof(file), ST_CORRUPT, "length");
    header->jump = 0xeb | (0x8f << 8); /* ends within what is not its */
    refuses(sizeof(file), ST_CORRUPT, "length");
    header->syssize = 0;
    refuses(sizeof(file), ST_CORRUPT, "without code");
    header->init_size = (u32)(1024 * MIB) + 1;
    refuses(sizeof(file), ST_CORRUPT, "size");
    header->kernel_alignment = 0;
    refuses(sizeof(file), ST_CORRUPT, "power of two");
    header->kernel_alignment = 0x300000;
    refuses(sizeof(file), ST_CORRUPT, "power of two");
    header->relocatable_kernel = 0;
    header->kernel_alignment = 0; /* of no importance then */
    (void)reads(sizeof(file));
    header->pref_address = 4096 * MIB - 40 * MIB + 1;
    refuses(sizeof(file), ST_UNSUPPORTED, "4 GiB");
    header->pref_address = ~0ull;
    refuses(sizeof(file), ST_UNSUPPORTED, "4 GiB");
    header->pref_address = 4096 * MIB - 40 * MIB;
    (void)reads(sizeof(file));
}

/* Only the header gets out of a file: no sentinel, nothing behind the header's own end. */
static void copies_the_header_alone(void **state)
{
    struct bzimage image = reads(sizeof(file));

    (void)state;
    assert_memory_equal(&image.header, header, 0x26c - 0x1f1);
    for (u64 i = 0x26c - 0x1f1; i < sizeof(image.header); i++)
        assert_int_equal(((const u8 *)&image.header)[i], 0);
    header->jump = 0xeb | (0x62 << 8);
    image = reads(sizeof(file));
    assert_int_equal(image.header.init_size, 40 * MIB);
    assert_int_equal(image.header.later[0], 0);
    header->jump = 0xeb | (0x8e << 8);
    assert_int_equal(reads(sizeof(file)).header.later[sizeof(image.header.later) - 1], 0xff);
}

/* ---- Place ------------------------------------------------------------------------------- */

static struct spans ram_of(u64 base, u64 end)
{
    struct spans ram = {.count = 0};

    assert_int_equal(spans_add(&ram, PAGE_SIZE, 640 << 10), ST_OK);
    assert_int_equal(spans_add(&ram, base, end), ST_OK);
    return ram;
}

static void placed(u64 ram_base, u64 ram_end, u64 where)
{
    struct spans ram = ram_of(ram_base, ram_end);
    struct bzimage image = reads(sizeof(file));
    struct span place = {0, 0};

    assert_int_equal(bzimage_place(&image, &ram, &place), ST_OK);
    assert_int_equal(place.base, where);
    assert_int_equal(place.end, where + 40 * MIB);
}

static void not_placed(u64 ram_base, u64 ram_end)
{
    struct spans ram = ram_of(ram_base, ram_end);
    struct bzimage image = reads(sizeof(file));
    struct span place;

    assert_int_equal(bzimage_place(&image, &ram, &place), ST_NO_MEMORY);
}

static void lies_where_it_wants_or_above(void **state)
{
    (void)state;
    placed(MIB, 512 * MIB, 16 * MIB);
    placed(MIB, 56 * MIB, 16 * MIB);
    not_placed(MIB, 56 * MIB - 1);
    placed(17 * MIB, 512 * MIB, 18 * MIB);
    not_placed(17 * MIB, 58 * MIB - 1);
    header->pref_address = 16 * MIB + 1; /* it would move itself to the next 2 MiB */
    placed(MIB, 512 * MIB, 18 * MIB);
}

static void one_that_cannot_move_does_not(void **state)
{
    (void)state;
    header->relocatable_kernel = 0;
    placed(MIB, 512 * MIB, 16 * MIB);
    not_placed(16 * MIB + 1, 512 * MIB);
    not_placed(MIB, 56 * MIB - 1);
    header->pref_address = MIB;
    placed(MIB, 41 * MIB, MIB);
}

static void lies_below_4_gib(void **state)
{
    (void)state;
    not_placed(4096 * MIB, 8192 * MIB);
    not_placed(4058 * MIB, 8192 * MIB);
    placed(4056 * MIB, 8192 * MIB, 4056 * MIB);
    header->kernel_alignment = 1u << 31;
    not_placed(3000 * MIB, 8192 * MIB);
    placed(MIB, 4096 * MIB, 2048 * MIB);
}

/* ---- The zero page ----------------------------------------------------------------------- */

static void tells_what_there_is(void **state)
{
    static const struct memory_range map[] = {
        {0, 256 * MIB, MEMORY_RAM, 0},
        {0xfc000000, 0x4000, 3, 0},
        {4096 * MIB, 64 * MIB, MEMORY_RAM, 0},
    };
    static const struct boot_e820_entry table[] = {
        {0, 0xe0000, 1},         {0xe0000, 0x20000, 2},     {MIB, 255 * MIB, 1},
        {0xfc000000, 0x4000, 3}, {4096 * MIB, 64 * MIB, 1},
    };
    const struct linux_boot boot = {.code = 18 * MIB,
                                    .cmdline = 0x3000,
                                    .ramdisk = 200 * MIB,
                                    .ramdisk_bytes = 12345,
                                    .rsdp = 0xfc000000,
                                    .map = map,
                                    .map_count = ARRAY_SIZE(map)};
    struct bzimage image = reads(sizeof(file));
    static struct boot_params params;

    (void)state;
    memset(&params, 0xee, sizeof(params));
    linux_params_fill((struct linux_params *)(void *)&params, &image, &boot);
    assert_int_equal(params.sentinel, 0);
    assert_int_equal(params.acpi_rsdp_addr, 0xfc000000);
    assert_int_equal(params.hdr.version, 0x20f);
    assert_int_equal(params.hdr.kernel_info_offset, 0x1234);
    assert_int_equal(params.hdr.type_of_loader, 0xff);
    assert_int_equal(params.hdr.code32_start, 18 * MIB);
    assert_int_equal(params.hdr.cmd_line_ptr, 0x3000);
    assert_int_equal(params.hdr.ramdisk_image, 200 * MIB);
    assert_int_equal(params.hdr.ramdisk_size, 12345);
    assert_int_equal(params.e820_entries, ARRAY_SIZE(table));
    assert_memory_equal(params.e820_table, table, sizeof(table));
    assert_int_equal(params.e820_table[ARRAY_SIZE(table)].size, 0);
    assert_int_equal(params.screen_info.orig_video_isVGA, 0);
    image.header.version = 0x20d; /* looks for it itself */
    linux_params_fill((struct linux_params *)(void *)&params, &image, &boot);
    assert_int_equal(params.acpi_rsdp_addr, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(knows_its_kind, sound),
        cmocka_unit_test_setup(finds_its_code, sound),
        cmocka_unit_test_setup(takes_a_last_paragraph_in_part, sound),
        cmocka_unit_test_setup(refuses_old_kernels, sound),
        cmocka_unit_test_setup(refuses_impossible_headers, sound),
        cmocka_unit_test_setup(copies_the_header_alone, sound),
        cmocka_unit_test_setup(lies_where_it_wants_or_above, sound),
        cmocka_unit_test_setup(one_that_cannot_move_does_not, sound),
        cmocka_unit_test_setup(lies_below_4_gib, sound),
        cmocka_unit_test_setup(tells_what_there_is, sound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
