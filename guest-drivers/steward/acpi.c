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
    u64 table[3];
} __attribute__((packed));

/* A byte-wide register among the I/O ports. [ACPI 6.4 5.2.3.2] */
struct acpi_register {
    u8 space; /* 1: I/O */
    u8 bits;
    u8 offset;
    u8 access; /* 1: byte */
    u64 address;
} __attribute__((packed));

/* Where the console is: so Windows finds the port of its Emergency Management Services and
 * Linux what `earlycon` means. [Serial Port Console Redirection Table 1.02] */
struct acpi_spcr {
    struct acpi_header header;
    u8 interface; /* 0: 16550A */
    u8 reserved[3];
    struct acpi_register port;
    u8 interrupt_kind; /* bit 1: I/O APIC */
    u8 interrupt_pc;
    u32 interrupt;
    u8 baud; /* 7: 115200 */
    u8 parity;
    u8 stop_bits;
    u8 flow_control;
    u8 terminal; /* 3: ANSI */
    u8 language;
    u16 pci_device, pci_vendor; /* ffff: none */
    u8 pci_bus, pci_slot, pci_function;
    u32 pci_flags;
    u8 pci_segment;
    u32 clock;
} __attribute__((packed));
_Static_assert(sizeof(struct acpi_spcr) == 80, "SPCR of revision 2");

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

#define SPCR_IOAPIC BIT(1)
#define SPCR_115200 7u
#define SPCR_ANSI   3u

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

struct acpi_ioapic {
    u8 type; /* 1 */
    u8 length;
    u8 id;
    u8 reserved;
    u32 address;
    u32 first_interrupt;
} __attribute__((packed));

static u32 dsdt_write(u8 *area, u32 vcpus, enum acpi_platform platform)
{
    struct acpi_header *header = (struct acpi_header *)(void *)area;
    u32 length =
        (u32)sizeof(*header) + acpi_devices_write(area + sizeof(*header), vcpus, platform);

    header_fill(header, "DSDT", length, 2);
    return length;
}

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

static void spcr_write(u8 *area)
{
    struct acpi_spcr *spcr = (struct acpi_spcr *)(void *)area;

    spcr->port = port_register(NATIVE_PORT_SERIAL);
    spcr->interrupt_kind = SPCR_IOAPIC;
    spcr->interrupt = NATIVE_PIN_SERIAL;
    spcr->baud = SPCR_115200;
    spcr->stop_bits = 1;
    spcr->terminal = SPCR_ANSI;
    spcr->pci_device = UINT16_MAX;
    spcr->pci_vendor = UINT16_MAX;
    header_fill(&spcr->header, "SPCR", sizeof(*spcr), 2);
}

void acpi_write(u8 *area, u64 at, u32 vcpus, enum acpi_platform platform)
{
    struct acpi_rsdp *rsdp = (struct acpi_rsdp *)(void *)area;
    struct acpi_xsdt *xsdt = (struct acpi_xsdt *)(void *)(area + 64);
    u32 tables = platform == ACPI_HYPERV ? 3 : 2;
    u32 used = (u32)align_up(64 + sizeof(*xsdt), 16);
    u64 dsdt = at + used;

    vcpus = MIN(vcpus, ACPI_VCPUS_MAX);
    used = (u32)align_up(used + dsdt_write(area + used, vcpus, platform), 16);
    xsdt->table[0] = at + used;
    used = (u32)align_up(used + fadt_write(area + used, dsdt, platform), 16);
    xsdt->table[1] = at + used;
    used = (u32)align_up(used + madt_write(area + used, vcpus, platform), 16);
    if (platform == ACPI_HYPERV) {
        xsdt->table[2] = at + used;
        spcr_write(area + used);
    }
    header_fill(&xsdt->header, "XSDT",
                (u32)(sizeof(xsdt->header) + tables * sizeof(xsdt->table[0])), 1);
    memcpy(rsdp->signature, "RSD PTR ", 8);
    memcpy(rsdp->oem, "ENTENT", 6);
    rsdp->revision = 2;
    rsdp->length = sizeof(*rsdp);
    rsdp->xsdt = at + 64;
    rsdp->checksum = checksum(rsdp, 20);
    rsdp->checksum_all = checksum(rsdp, sizeof(*rsdp));
}
