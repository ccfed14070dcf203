/*
 * The few ACPI tables a guest without legacy devices needs: RSDP, XSDT, FADT (hardware
 * reduced), MADT, DSDT with one processor device for each vCPU. A Hyper-V guest has a serial
 * port, SPCR for it, sleep and reset registers as well. [ACPI 6.4 ch. 5]
 */
#ifndef GUEST_DRIVERS_STEWARD_ACPI_H
#define GUEST_DRIVERS_STEWARD_ACPI_H

#include "hv/lib/types.h"

#define ACPI_BASE      0xfc000000ul
#define ACPI_BYTES     0x4000u
#define ACPI_VCPUS_MAX 64u

/* Fills a zeroed area of ACPI_BYTES whose guest-physical address is `at`; the RSDP comes first.
 */
enum acpi_platform { ACPI_XEN, ACPI_HYPERV };
void acpi_write(u8 *area, u64 at, u32 vcpus, enum acpi_platform platform);
/* The DSDT's devices, without its header; bytes of them. */
u32 acpi_devices_write(u8 *area, u32 vcpus, enum acpi_platform platform);

#endif
