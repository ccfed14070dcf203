/* The guest's ACPI tables, as a guest would check them. */
// sources: guest-drivers/steward/acpi.c guest-drivers/steward/acpi_devices.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/steward/acpi.h"
#include "hypercall/abi/native.h"

static u8 *area;

static u8 sum(u64 at, u32 bytes)
{
    u8 total = 0;

    for (u32 i = 0; i < bytes; i++)
        total = (u8)(total + area[at - ACPI_BASE + i]);
    return total;
}

static u64 read_le(u64 at, u32 bytes)
{
    u64 value = 0;

    memcpy(&value, area + (at - ACPI_BASE), bytes);
    return value;
}

/* A table in the area, whole, with a right checksum; its length. */
static u32 expect_table(u64 at, const char *signature)
{
    u32 length;

    assert_in_range(at, ACPI_BASE, ACPI_BASE + ACPI_BYTES - 36);
    assert_memory_equal(area + (at - ACPI_BASE), signature, 4);
    length = (u32)read_le(at + 4, 4);
    assert_in_range(length, 36, ACPI_BASE + ACPI_BYTES - at);
    assert_int_equal(sum(at, length), 0);
    return length;
}

/* One scope that fills the table to its end, or to the 13 bytes of \_S5. */
static void expect_scope(u64 dsdt, u32 length, enum acpi_platform platform)
{
    static const u8 off[] = {8, '_', 'S', '5', '_', 0x12, 0x48, 0, 4, 0x0a, 5, 0, 0, 0};
    u32 rest = platform == ACPI_HYPERV ? sizeof(off) : 0;

    assert_int_equal(read_le(dsdt + 36, 1), 0x10);
    assert_int_equal((read_le(dsdt + 37, 1) & 15) | read_le(dsdt + 38, 1) << 4,
                     length - 37 - rest);
    assert_memory_equal(area + (dsdt - ACPI_BASE) + length - rest, off, rest);
}

/* Device (VMBS) { Name (_HID, "VMBus") Name (_DDN, "VMBUS") Name (_UID, 0) ...: on a Hyper-V
 * guest's platform only. */
static void expect_vmbus(u64 dsdt, u32 length, enum acpi_platform platform)
{
    static const u8 begin[] = "VMBS\x08_HID\x0dVMBus\0\x08_DDN\x0dVMBUS\0\x08_UID\x0a";
    static const u8 end[] = {8,    '_', 'C',  'R',  'S', 0x11, 0x49, 0,
                             0x0a, 5,   0x22, 0x20, 0,   0x79, 0};
    static const u8 module[] = "VMOD\x08_HID\x0d"
                               "ACPI0004\0\x08_UID\x0a";
    static const u8 memory[] = {0, 0, 0, 0xf0, 0xff, 0xff, 0xff, 0xf3, 0,
                                0, 0, 0, 0,    0,    0,    4,    0x79, 0};
    u8 *at = area + (dsdt - ACPI_BASE);
    u8 *found = memmem(at, length, begin, sizeof(begin) - 1);

    assert_int_equal(found != NULL, platform == ACPI_HYPERV);
    if (!found)
        return;
    assert_int_equal(found[-4], 0x5b);
    assert_int_equal(found[-3], 0x82);
    assert_memory_equal(found + (found[-2] & 15) + found[-1] * 16 - 2 - sizeof(end), end,
                        sizeof(end));
    /* Before it, in the module it lies in: 64 MiB of addresses, then the device. */
    assert_memory_equal(found - 4 - sizeof(memory), memory, sizeof(memory));
    assert_non_null(memmem(at, length, module, sizeof(module) - 1));
}

/* Reset, sleep control and sleep status: bytes among the I/O ports. */
static void expect_power(u64 fadt)
{
    assert_int_equal(read_le(fadt + 112, 4) & 1u << 10, 1u << 10);
    assert_int_equal(read_le(fadt + 116, 4), 0x01000801);
    assert_int_equal(read_le(fadt + 120, 8), NATIVE_PORT_RESET);
    assert_int_equal(read_le(fadt + 128, 1), NATIVE_RESET_VALUE);
    assert_int_equal(read_le(fadt + 244, 4), 0x01000801);
    assert_int_equal(read_le(fadt + 248, 8), NATIVE_PORT_SLEEP);
    assert_int_equal(read_le(fadt + 260, 8), NATIVE_PORT_SLEEP_STATUS);
}

/* The console: a 16550A among the I/O ports, 115200 8N1, pin 4. */
static void expect_console(u64 spcr)
{
    assert_int_equal(expect_table(spcr, "SPCR"), 80);
    assert_int_equal(read_le(spcr + 8, 1), 2);
    assert_int_equal(read_le(spcr + 36, 4), 0);
    assert_int_equal(read_le(spcr + 40, 4), 0x01000801);
    assert_int_equal(read_le(spcr + 44, 8), 0x3f8);
    assert_int_equal(read_le(spcr + 52, 2), 2);
    assert_int_equal(read_le(spcr + 54, 4), 4);
    assert_int_equal(read_le(spcr + 58, 6), 0x000300010007);
    assert_int_equal(read_le(spcr + 64, 4), 0xffffffff); /* no PCI device */
}

static void expect_all(u32 vcpus, enum acpi_platform platform)
{
    u64 xsdt, fadt, madt, dsdt;
    u32 length;

    area = calloc(1, ACPI_BYTES);
    acpi_write(area, ACPI_BASE, vcpus, platform);
    vcpus = vcpus > ACPI_VCPUS_MAX ? ACPI_VCPUS_MAX : vcpus;
    assert_memory_equal(area, "RSD PTR ", 8);
    assert_int_equal(sum(ACPI_BASE, 20), 0);
    assert_int_equal(sum(ACPI_BASE, 36), 0);
    assert_int_equal(read_le(ACPI_BASE + 15, 1), 2);
    xsdt = read_le(ACPI_BASE + 24, 8);
    assert_int_equal(expect_table(xsdt, "XSDT"), platform == ACPI_HYPERV ? 36 + 24 : 36 + 16);
    fadt = read_le(xsdt + 36, 8);
    madt = read_le(xsdt + 44, 8);
    assert_int_equal(expect_table(fadt, "FACP"), 276);
    assert_int_equal(read_le(fadt + 112, 4) & 0x100000, 0x100000); /* hardware reduced */
    assert_int_equal(read_le(fadt + 109, 2), 0x24);                /* no VGA, no CMOS clock */
    dsdt = read_le(fadt + 140, 8);
    assert_int_equal(dsdt, read_le(fadt + 40, 4));
    length = expect_table(madt, "APIC");
    assert_int_equal(length, 44 + 8 * vcpus + (platform == ACPI_HYPERV ? 12 : 0));
    assert_int_equal(read_le(madt + 36, 4), 0xfee00000);
    for (u32 i = 0; i < vcpus; i++) {
        assert_int_equal(read_le(madt + 44 + 8 * i, 2), 0x0800);
        assert_int_equal(read_le(madt + 44 + 8 * i + 2, 1), i);
        assert_int_equal(read_le(madt + 44 + 8 * i + 3, 1), 2 * i);
        assert_int_equal(read_le(madt + 44 + 8 * i + 4, 4), 1);
    }
    if (platform == ACPI_HYPERV) {
        assert_int_equal(read_le(madt + 44 + 8 * vcpus, 4), 0x0c01);
        assert_int_equal(read_le(madt + 44 + 8 * vcpus + 4, 8), 0xfec00000);
    }
    length = expect_table(dsdt, "DSDT");
    expect_scope(dsdt, length, platform);
    expect_vmbus(dsdt, length, platform);
    if (platform == ACPI_HYPERV) {
        expect_power(fadt);
        expect_console(read_le(xsdt + 52, 8));
    }
    free(area);
}

static void test_tables(void **state)
{
    (void)state;
    expect_all(1, ACPI_XEN);
    expect_all(2, ACPI_XEN);
    expect_all(ACPI_VCPUS_MAX, ACPI_XEN);
    expect_all(1000, ACPI_XEN);
    expect_all(1, ACPI_HYPERV);
    expect_all(ACPI_VCPUS_MAX, ACPI_HYPERV);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
