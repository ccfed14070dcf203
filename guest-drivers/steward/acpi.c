#include "guest-drivers/steward/acpi.h"
#include "hv/lib/string.h"
#include "hypercall/abi/native.h"

#define LAPIC_BASE   0xfee00000u
#define APIC_ID_STEP 2u /* local APIC id = 2 * vCPU, as on Xen [xen-pvh-hvm.md 1] */

struct acpi_header {
    char signature[4];
    u32 length;
    u8 revision;
    u8 checksum;
    char oem[6];
    char oem_table[8];
    u32 oem_revision;
    char creator[4];
    u32 creator_revision;
} __attribute__((packed));

struct acpi_rsdp {
    char signature[8];
    u8 checksum;
    char oem[6];
    u8 revision;
    u32 rsdt;
    u32 length;
    u64 xsdt;
    u8 checksum_all;
    u8 reserved[3];
} __attribute__((packed));

struct acpi_xsdt {
    struct acpi_header header;
    u64 table[2];
} __attribute__((packed));

/* A byte-wide register among the I/O ports. [ACPI 6.4 5.2.3.2] */
struct acpi_register {
    u8 space; /* 1: I/O */
    u8 bits;
    u8 offset;
    u8 access; /* 1: byte */
    u64 address;
} __attribute__((packed));

/* Only what a hardware-reduced platform reads; the rest stays 0. [ACPI 6.4 5.2.9] */
struct acpi_fadt {
    struct acpi_header header;
    u32 firmware_control;
    u32 dsdt;
    u8 legacy[65]; /* model, profile, interrupts, ports and their lengths */
    u16 boot_flags;
    u8 reserved;
    u32 flags;
    struct acpi_register reset;
    u8 reset_value;
    u16 arm_flags;
    u8 minor;
    u64 firmware_control_wide;
    u64 dsdt_wide;
    u8 blocks[12 * 8];
    struct acpi_register sleep_control, sleep_status;
    u64 hypervisor;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_fadt) == 276, "FADT of ACPI 6");

#define FADT_REVISION         6
#define FADT_MINOR            4
#define FADT_BOOT_NO_VGA      BIT(2)
#define FADT_BOOT_NO_CMOS     BIT(5)
#define FADT_WBINVD           BIT(0)
#define FADT_RESET            BIT(10)
#define FADT_HARDWARE_REDUCED BIT(20)

struct acpi_madt {
    struct acpi_header header;
    u32 lapic;
    u32 flags; /* bit 0: a PC interrupt controller too; there is none */
} __attribute__((packed));

struct acpi_lapic {
    u8 type; /* 0 */
    u8 length;
    u8 processor;
    u8 apic_id;
    u32 flags; /* bit 0: enabled */
} __attribute__((packed));

static u8 checksum(const void *bytes, u64 count)
{
    u8 sum = 0;

    for (u64 i = 0; i < count; i++)
        sum = (u8)(sum + ((const u8 *)bytes)[i]);
    return (u8)-sum;
}

static void header_fill(struct acpi_header *header, const char *signature, u32 length,
                        u8 revision)
{
    memcpy(header->signature, signature, 4);
    header->length = length;
    header->revision = revision;
    memcpy(header->oem, "ENTENT", 6);
    memcpy(header->oem_table, "ENTENTE ", 8);
    header->oem_revision = 1;
    memcpy(header->creator, "ENTE", 4);
    header->creator_revision = 1;
    header->checksum = 0;
    header->checksum = checksum(header, length);
}

/* AML, one byte after the other. [ACPI 6.4 20.2] */
struct aml {
    u8 *bytes;
    u32 used;
};

static void aml_put(struct aml *aml, const void *bytes, u32 count)
{
    memcpy(aml->bytes + aml->used, bytes, count);
    aml->used += count;
}

static void aml_byte(struct aml *aml, u32 byte)
{
    aml->bytes[aml->used++] = (u8)byte;
}

#define AML_NAME     0x08u
#define AML_BYTE     0x0au
#define AML_DWORD    0x0cu
#define AML_STRING   0x0du
#define AML_SCOPE    0x10u
#define AML_BUFFER   0x11u
#define AML_PACKAGE  0x12u
#define AML_EXTENDED 0x5bu
#define AML_DEVICE   0x82u

/* PkgLength always in two bytes: room for 4095. */
static u32 aml_length_begin(struct aml *aml)
{
    aml->used += 2;
    return aml->used - 2;
}

static void aml_length_end(struct aml *aml, u32 at)
{
    u32 length = aml->used - at;

    aml->bytes[at] = (u8)(0x40 | (length & 15));
    aml->bytes[at + 1] = (u8)(length >> 4);
}

static void aml_name_byte(struct aml *aml, const char *name, u32 value)
{
    aml_byte(aml, AML_NAME);
    aml_put(aml, name, 4);
    aml_byte(aml, AML_BYTE);
    aml_byte(aml, value);
}

static void aml_name_string(struct aml *aml, const char *name, const char *value)
{
    aml_byte(aml, AML_NAME);
    aml_put(aml, name, 4);
    aml_byte(aml, AML_STRING);
    aml_put(aml, value, (u32)strlen(value) + 1);
}

/* Name (_CRS, Buffer (count) {bytes}) */
static void aml_resources(struct aml *aml, const u8 *bytes, u32 count)
{
    u32 at;

    aml_byte(aml, AML_NAME);
    aml_put(aml, "_CRS", 4);
    aml_byte(aml, AML_BUFFER);
    at = aml_length_begin(aml);
    aml_byte(aml, AML_BYTE);
    aml_byte(aml, count);
    aml_put(aml, bytes, count);
    aml_length_end(aml, at);
}

/* Device (Cxxx) { Name (_HID, "ACPI0007") Name (_UID, n) Name (_STA, 15) } */
static void aml_processor(struct aml *aml, u32 vcpu)
{
    char name[4] = {'C', (char)('0' + vcpu / 100), (char)('0' + vcpu / 10 % 10),
                    (char)('0' + vcpu % 10)};
    u32 at;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    at = aml_length_begin(aml);
    aml_put(aml, name, 4);
    aml_name_string(aml, "_HID", "ACPI0007");
    aml_name_byte(aml, "_UID", vcpu);
    aml_name_byte(aml, "_STA", 15);
    aml_length_end(aml, at);
}

/* Name (_S5, Package () {type, 0, 0, 0}): what to write to the sleep control register. */
static void aml_off_state(struct aml *aml)
{
    u32 at;

    aml_byte(aml, AML_NAME);
    aml_put(aml, "_S5_", 4);
    aml_byte(aml, AML_PACKAGE);
    at = aml_length_begin(aml);
    aml_byte(aml, 4);
    aml_byte(aml, AML_BYTE);
    aml_byte(aml, NATIVE_SLEEP_TYPE_OFF);
    aml_put(aml, "\0\0\0", 3);
    aml_length_end(aml, at);
}

/* Device (COM1) { Name (_HID, EisaId ("PNP0501")) Name (_UID, 1) Name (_CRS, {IO, IRQ}) }
 * [ACPI 6.4 6.4.2.1, 6.4.2.5] */
static void aml_serial(struct aml *aml)
{
    static const u8 eisa_id[] = {AML_DWORD, 0x41, 0xd0, 0x05, 0x01};
    static const u8 ports[] = {0x47,
                               1,
                               NATIVE_PORT_SERIAL & 0xff,
                               NATIVE_PORT_SERIAL >> 8,
                               NATIVE_PORT_SERIAL & 0xff,
                               NATIVE_PORT_SERIAL >> 8,
                               1,
                               NATIVE_PORT_SERIAL_COUNT,
                               0x22,
                               1u << NATIVE_PIN_SERIAL,
                               0,
                               0x79,
                               0};
    u32 device;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    device = aml_length_begin(aml);
    aml_put(aml, "COM1", 4);
    aml_byte(aml, AML_NAME);
    aml_put(aml, "_HID", 4);
    aml_put(aml, eisa_id, sizeof(eisa_id));
    aml_name_byte(aml, "_UID", 1);
    aml_resources(aml, ports, sizeof(ports));
    aml_length_end(aml, device);
}

/* Device (VMBS) { Name (_HID, "VMBus") ... Name (_CRS, {}) }: guests look for it before they
 * speak to the hypervisor about channels. It has neither registers nor an interrupt. */
static void aml_vmbus(struct aml *aml)
{
    static const u8 nothing[] = {0x79, 0}; /* end tag */
    u32 device;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    device = aml_length_begin(aml);
    aml_put(aml, "VMBS", 4);
    aml_name_string(aml, "_HID", "VMBus");
    aml_name_string(aml, "_DDN", "VMBUS");
    aml_name_byte(aml, "_UID", 0);
    aml_name_byte(aml, "_STA", 15);
    aml_resources(aml, nothing, sizeof(nothing));
    aml_length_end(aml, device);
}

/* Device (VMOD) { Name (_HID, "ACPI0004") Name (_UID, 0) Name (_CRS, {DWordMemory}) VMBS }: a
 * module with the addresses that are free for devices on the bus. Linux 5.10 looks for them in
 * the bus's parents, and must find them before it comes to the root. [ACPI 6.4 6.4.3.5.2] */
static void aml_module(struct aml *aml)
{
    static const u8 memory[] = {0x87, 23,   0,    0,    0x0c, 1, 0, 0, 0, 0, 0, 0, 0,    0xf0,
                                0xff, 0xff, 0xff, 0xf3, 0,    0, 0, 0, 0, 0, 0, 4, 0x79, 0};
    u32 device;

    aml_byte(aml, AML_EXTENDED);
    aml_byte(aml, AML_DEVICE);
    device = aml_length_begin(aml);
    aml_put(aml, "VMOD", 4);
    aml_name_string(aml, "_HID", "ACPI0004");
    aml_name_byte(aml, "_UID", 0);
    aml_resources(aml, memory, sizeof(memory));
    aml_vmbus(aml);
    aml_length_end(aml, device);
}

static u32 dsdt_write(u8 *area, u32 vcpus, enum acpi_platform platform)
{
    struct aml aml = {area, sizeof(struct acpi_header)};
    u32 at;

    aml_byte(&aml, AML_SCOPE);
    at = aml_length_begin(&aml);
    aml_put(&aml, "\\_SB_", 5);
    for (u32 i = 0; i < vcpus; i++)
        aml_processor(&aml, i);
    if (platform == ACPI_HYPERV) {
        aml_serial(&aml);
        aml_module(&aml);
    }
    aml_length_end(&aml, at);
    if (platform == ACPI_HYPERV)
        aml_off_state(&aml);
    header_fill((struct acpi_header *)(void *)area, "DSDT", aml.used, 2);
    return aml.used;
}

struct acpi_ioapic {
    u8 type; /* 1 */
    u8 length;
    u8 id;
    u8 reserved;
    u32 address;
    u32 first_interrupt;
} __attribute__((packed));

static u32 madt_write(u8 *area, u32 vcpus, enum acpi_platform platform)
{
    struct acpi_madt *madt = (struct acpi_madt *)(void *)area;
    struct acpi_lapic *lapic = (struct acpi_lapic *)(void *)(madt + 1);
    struct acpi_ioapic *ioapic = (struct acpi_ioapic *)(void *)(lapic + vcpus);
    u32 length = (u32)(sizeof(*madt) + vcpus * sizeof(*lapic));

    madt->lapic = LAPIC_BASE;
    for (u32 i = 0; i < vcpus; i++)
        lapic[i] = (struct acpi_lapic){0, sizeof(*lapic), (u8)i, (u8)(i * APIC_ID_STEP), 1};
    if (platform == ACPI_HYPERV) {
        *ioapic = (struct acpi_ioapic){
            .type = 1, .length = sizeof(*ioapic), .address = NATIVE_IOAPIC_BASE};
        length += (u32)sizeof(*ioapic);
    }
    header_fill(&madt->header, "APIC", length, 5);
    return length;
}

static struct acpi_register port_register(u16 port)
{
    return (struct acpi_register){.space = 1, .bits = 8, .access = 1, .address = port};
}

static void fadt_power(struct acpi_fadt *fadt)
{
    fadt->sleep_control = port_register(NATIVE_PORT_SLEEP);
    fadt->sleep_status = port_register(NATIVE_PORT_SLEEP_STATUS);
    fadt->reset = port_register(NATIVE_PORT_RESET);
    fadt->reset_value = NATIVE_RESET_VALUE;
    fadt->flags |= FADT_RESET;
}

static u32 fadt_write(u8 *area, u64 dsdt, enum acpi_platform platform)
{
    struct acpi_fadt *fadt = (struct acpi_fadt *)(void *)area;

    fadt->dsdt = (u32)dsdt;
    fadt->dsdt_wide = dsdt;
    fadt->boot_flags = FADT_BOOT_NO_VGA | FADT_BOOT_NO_CMOS;
    fadt->flags = FADT_WBINVD | FADT_HARDWARE_REDUCED;
    if (platform == ACPI_HYPERV)
        fadt_power(fadt);
    fadt->minor = FADT_MINOR;
    memcpy(&fadt->hypervisor, "Entente", 8);
    header_fill(&fadt->header, "FACP", sizeof(*fadt), FADT_REVISION);
    return sizeof(*fadt);
}

void acpi_write(u8 *area, u64 at, u32 vcpus, enum acpi_platform platform)
{
    struct acpi_rsdp *rsdp = (struct acpi_rsdp *)(void *)area;
    struct acpi_xsdt *xsdt = (struct acpi_xsdt *)(void *)(area + 64);
    u32 used = (u32)align_up(64 + sizeof(*xsdt), 16);
    u64 dsdt = at + used;

    vcpus = MIN(vcpus, ACPI_VCPUS_MAX);
    used = (u32)align_up(used + dsdt_write(area + used, vcpus, platform), 16);
    xsdt->table[0] = at + used;
    used = (u32)align_up(used + fadt_write(area + used, dsdt, platform), 16);
    xsdt->table[1] = at + used;
    madt_write(area + used, vcpus, platform);
    header_fill(&xsdt->header, "XSDT", sizeof(*xsdt), 1);
    memcpy(rsdp->signature, "RSD PTR ", 8);
    memcpy(rsdp->oem, "ENTENT", 6);
    rsdp->revision = 2;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt = at + 64;
    rsdp->checksum = checksum(rsdp, 20);
    rsdp->checksum_all = checksum(rsdp, sizeof(*rsdp));
}
