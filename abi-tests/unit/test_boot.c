/* Boot information in three protocols and ACPI tables, good and broken. */
// sources: hv/boot/boot_info.c hv/boot/acpi.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "hv/boot/acpi.h"
#include "hv/boot/boot.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/string.h"

enum { LOW_BYTES = 0x200000, AT = 0x10000 };

static struct boot_info info;

size_t string_copy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);
    size_t kept = MIN(length, size - 1);

    memcpy(to, from, kept);
    to[kept] = '\0';
    return length;
}

static int map_memory(void **state)
{
    (void)state;
    return mmap(phys_to_virt(hpa(0)), LOW_BYTES, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED;
}

static int clear(void **state)
{
    (void)state;
    memset(phys_to_virt(hpa(0)), 0, LOW_BYTES);
    return 0;
}

static void put32(u64 at, u32 value)
{
    memcpy(phys_to_virt(hpa(at)), &value, 4);
}

static void put64(u64 at, u64 value)
{
    memcpy(phys_to_virt(hpa(at)), &value, 8);
}

static void put_text(u64 at, const char *text)
{
    strcpy(phys_to_virt(hpa(at)), text);
}

static void test_multiboot1(void **state)
{
    (void)state;
    put32(AT, 1 << 2 | 1 << 3 | 1 << 6);
    put32(AT + 16, AT + 0x100);
    put_text(AT + 0x100, "build/entente.elf interactive");
    put32(AT + 20, 2);
    put32(AT + 24, AT + 0x200);
    put32(AT + 0x200, 0x300000);
    put32(AT + 0x204, 0x300123);
    put32(AT + 0x208, AT + 0x300);
    put_text(AT + 0x300, "build/steward.elf steward");
    put32(AT + 0x210, 0x400000);
    put32(AT + 0x214, 0x500000);
    put32(AT + 0x218, AT + 0x340);
    put_text(AT + 0x340, "file vm linuz");
    put32(AT + 44, 48);
    put32(AT + 48, AT + 0x400);
    put32(AT + 0x400, 20);
    put64(AT + 0x404, 0x100000);
    put64(AT + 0x40c, 0x7ff00800);
    put32(AT + 0x414, 1);
    put32(AT + 0x418, 20);
    put64(AT + 0x41c, 0x800);
    put64(AT + 0x424, 0x9f000);
    put32(AT + 0x42c, 1);
    boot_info_read(BOOT_MULTIBOOT1, AT, &info);
    assert_null(info.error);
    assert_int_equal(info.range_count, 2);
    assert_int_equal(info.range[0].begin, 0x1000);
    assert_int_equal(info.range[0].end, 0x9f000);
    assert_int_equal(info.range[1].end, 0x80000000);
    assert_int_equal(info.module_count, 2);
    assert_string_equal(info.module[0].line, "steward");
    assert_int_equal(info.module[0].end, 0x300123);
    assert_string_equal(info.module[1].line, "file vm linuz");
}

static void test_multiboot2(void **state)
{
    static const u32 tags[] = {96,
                               0,
                               3,
                               24,
                               0x300000,
                               0x301000,
                               0x77657473 /* "stew" */,
                               0x00647261 /* "ard" */,
                               6,
                               40,
                               24,
                               0,
                               0x100000,
                               0,
                               0x700000,
                               0,
                               1,
                               0,
                               0,
                               0,
                               0,
                               8,
                               0,
                               0};

    (void)state;
    memcpy(phys_to_virt(hpa(AT)), tags, sizeof(tags));
    boot_info_read(BOOT_MULTIBOOT2, AT, &info);
    assert_null(info.error);
    assert_int_equal(info.module_count, 1);
    assert_string_equal(info.module[0].line, "steward");
    assert_int_equal(info.range_count, 1);
    assert_int_equal(info.range[0].end, 0x800000);
}

static void test_pvh(void **state)
{
    (void)state;
    put32(AT, 0x336ec578);
    put32(AT + 4, 1);
    put32(AT + 12, 1);
    put64(AT + 16, AT + 0x100);
    put64(AT + 0x100, 0x600000);
    put64(AT + 0x108, 0x1000);
    put64(AT + 40, AT + 0x200);
    put32(AT + 48, 1);
    put64(AT + 0x200, 0);
    put64(AT + 0x208, 0x8000000);
    put32(AT + 0x210, 1);
    boot_info_read(BOOT_PVH, AT, &info);
    assert_null(info.error);
    assert_int_equal(info.module[0].end, 0x601000);
    assert_int_equal(info.range[0].end, 0x8000000);
    put32(AT + 4, 0);
    boot_info_read(BOOT_PVH, AT, &info);
    assert_non_null(info.error);
}

static void test_no_memory_map_is_an_error(void **state)
{
    (void)state;
    put32(AT, 1 << 6);
    boot_info_read(BOOT_MULTIBOOT1, AT, &info);
    assert_non_null(info.error);
}

static void test_madt(void **state)
{
    u8 table[80] = {0};
    struct acpi_facts facts = {.serial_gsi = 4};

    (void)state;
    memcpy(table + 44, (u8[]){0, 8, 0, 5, 1, 0, 0, 0}, 8);
    memcpy(table + 52, (u8[]){0, 8, 1, 6, 0, 0, 0, 0}, 8);
    memcpy(table + 60, (u8[]){1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0}, 12);
    memcpy(table + 72, (u8[]){0, 0}, 2); /* an entry without length ends the walk */
    acpi_read_madt(table, sizeof(table), &facts);
    assert_int_equal(facts.cpu_count, 1);
    assert_int_equal(facts.apic_id[0], 5);
    assert_int_equal(facts.ioapic, 0xfec00000);
    assert_int_equal(facts.serial_gsi, 4);
}

static void test_soft_off(void **state)
{
    u8 table[60] = {0};
    u8 type = 9;

    (void)state;
    memcpy(table + 40, "_S5_\x12\x06\x04\x0a\x05\x0a\x05", 11);
    assert_true(acpi_find_soft_off(table, sizeof(table), &type));
    assert_int_equal(type, 5);
    assert_false(acpi_find_soft_off(table, 47, &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_multiboot1, clear),
        cmocka_unit_test_setup(test_multiboot2, clear),
        cmocka_unit_test_setup(test_pvh, clear),
        cmocka_unit_test_setup(test_no_memory_map_is_an_error, clear),
        cmocka_unit_test_setup(test_madt, clear),
        cmocka_unit_test_setup(test_soft_off, clear),
    };

    return cmocka_run_group_tests(tests, map_memory, NULL);
}
