/*
 * The few facts that the hypervisor takes from the firmware's ACPI tables. Tables are input:
 * every length is checked, a broken table is as good as an absent one.
 */
#ifndef HV_BOOT_ACPI_H
#define HV_BOOT_ACPI_H

#include "hv/lib/types.h"

enum { ACPI_CPUS_MAX = 64 };

struct acpi_facts {
    u32 cpu_count; /* usable local APICs; 0: no MADT */
    u32 apic_id[ACPI_CPUS_MAX];
    u64 ioapic;        /* physical address of the I/O APIC of GSI 0; 0: none */
    u32 serial_gsi;    /* where ISA interrupt 4 arrives */
    u32 serial_flags;  /* MPS INTI flags of its override, 0: conforming */
    u16 pm_timer_port; /* 0: none */
    u16 pm1a_port;     /* 0: none */
    u8 soft_off_type;  /* SLP_TYPa of \_S5 */
};

/*
 * Reads the tables through the boot mapping of the first 4 GiB. rsdp as the boot loader told
 * it, or 0: then the BIOS area is searched. [ACPI 6.4, 5.2]
 */
void acpi_read(u64 rsdp, struct acpi_facts *out);

/* The parts that read one table of `bytes` bytes: pure, for the tests and the fuzzer. */
void acpi_read_madt(const u8 *table, u32 bytes, struct acpi_facts *out);
void acpi_read_fadt(const u8 *table, u32 bytes, struct acpi_facts *out);
bool acpi_find_soft_off(const u8 *table, u32 bytes, u8 *type);

#endif
