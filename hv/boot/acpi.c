#include "hv/boot/acpi.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/bytes.h"
#include "hv/lib/string.h"

enum {
    HEADER_BYTES = 36,
    TABLE_BYTES_MAX = 1 << 20,
    MADT_ENTRIES = 44,
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    FADT_DSDT = 40,
    FADT_PM1A_CONTROL = 64,
    FADT_PM_TIMER = 76,
    FADT_BYTES_MIN = 80,
    ISA_SERIAL_IRQ = 4,
    AML_PACKAGE = 0x12,
    AML_BYTE = 0x0a
};
#define BOOT_MAP_END ((u64)4 << 30)
#define BIOS_BEGIN   0xe0000u
#define BIOS_END     0x100000u

static u8 sum(const u8 *bytes, u32 count)
{
    u8 total = 0;

    for (u32 i = 0; i < count; i++)
        total = (u8)(total + bytes[i]);
    return total;
}

/* The table at a physical address with its whole length inside the boot mapping, or NULL. */
static const u8 *table_at(u64 physical, u32 *bytes)
{
    const u8 *table;

    if (physical == 0 || physical > BOOT_MAP_END - HEADER_BYTES)
        return NULL;
    table = phys_to_virt(hpa(physical));
    *bytes = bytes_get32(table + 4);
    if (*bytes < HEADER_BYTES || *bytes > TABLE_BYTES_MAX || *bytes > BOOT_MAP_END - physical)
        return NULL;
    return sum(table, *bytes) == 0 ? table : NULL;
}

void acpi_read_madt(const u8 *table, u32 bytes, struct acpi_facts *out)
{
    for (u32 offset = MADT_ENTRIES; offset + 2 <= bytes;) {
        const u8 *entry = table + offset;
        u32 length = entry[1];

        if (length < 2 || offset + length > bytes)
            return;
        if (entry[0] == MADT_LAPIC && length >= 8 && (bytes_get32(entry + 4) & 1) &&
            out->cpu_count < ACPI_CPUS_MAX)
            out->apic_id[out->cpu_count++] = entry[3];
        if (entry[0] == MADT_IOAPIC && length >= 12 && bytes_get32(entry + 8) == 0)
            out->ioapic = bytes_get32(entry + 4);
        if (entry[0] == MADT_OVERRIDE && length >= 10 && entry[3] == ISA_SERIAL_IRQ) {
            out->serial_gsi = bytes_get32(entry + 4);
            out->serial_flags = (u32)entry[8] | (u32)entry[9] << 8;
        }
        offset += length;
    }
}

void acpi_read_fadt(const u8 *table, u32 bytes, struct acpi_facts *out)
{
    if (bytes < FADT_BYTES_MIN)
        return;
    out->pm1a_port = (u16)bytes_get32(table + FADT_PM1A_CONTROL);
    out->pm_timer_port = (u16)bytes_get32(table + FADT_PM_TIMER);
}

/* Name(\_S5, Package(){SLP_TYPa, ...}) by its bytes, instead of an AML interpreter. [ACPI 20.2]
 */
bool acpi_find_soft_off(const u8 *table, u32 bytes, u8 *type)
{
    for (u32 i = HEADER_BYTES; i + 9 <= bytes; i++) {
        if (memcmp(table + i, "_S5_", 4) != 0 || table[i + 4] != AML_PACKAGE)
            continue;
        /* the package length's own bytes, then the element count */
        u32 at = i + 5 + (table[i + 5] >> 6) + 2;
        if (at + 1 < bytes && table[at] == AML_BYTE)
            at++;
        if (at >= bytes)
            return false;
        *type = table[at] & 7;
        return true;
    }
    return false;
}

static void read_table(u64 physical, struct acpi_facts *out)
{
    u32 bytes;
    const u8 *table = table_at(physical, &bytes);

    if (table == NULL)
        return;
    if (memcmp(table, "APIC", 4) == 0)
        acpi_read_madt(table, bytes, out);
    if (memcmp(table, "FACP", 4) == 0) {
        u32 dsdt_bytes;
        const u8 *dsdt;
        acpi_read_fadt(table, bytes, out);
        dsdt = bytes < FADT_BYTES_MIN ? NULL
                                      : table_at(bytes_get32(table + FADT_DSDT), &dsdt_bytes);
        if (dsdt == NULL || !acpi_find_soft_off(dsdt, dsdt_bytes, &out->soft_off_type))
            out->pm1a_port = 0;
    }
}

static u64 rsdp_search(void)
{
    for (u64 at = BIOS_BEGIN; at < BIOS_END; at += 16) {
        const u8 *bytes = phys_to_virt(hpa(at));
        if (memcmp(bytes, "RSD PTR ", 8) == 0 && sum(bytes, 20) == 0)
            return at;
    }
    return 0;
}

void acpi_read(u64 rsdp, struct acpi_facts *out)
{
    const u8 *root;
    const u8 *table;
    u32 bytes;
    u32 width = 4;
    u64 address;

    *out = (struct acpi_facts){.serial_gsi = ISA_SERIAL_IRQ};
    if (rsdp == 0)
        rsdp = rsdp_search();
    if (rsdp == 0 || rsdp > BOOT_MAP_END - HEADER_BYTES)
        return;
    root = phys_to_virt(hpa(rsdp));
    address = bytes_get32(root + 16);
    if (root[15] >= 2 && bytes_get64(root + 24) != 0) {
        address = bytes_get64(root + 24);
        width = 8;
    }
    table = table_at(address, &bytes);
    if (table == NULL)
        return;
    for (u32 at = HEADER_BYTES; at + width <= bytes; at += width)
        read_table(width == 8 ? bytes_get64(table + at) : bytes_get32(table + at), out);
}
