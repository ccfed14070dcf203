/* Bringing up the machine's other CPUs. */
#ifndef HV_BOOT_SMP_H
#define HV_BOOT_SMP_H

#include "hv/boot/acpi.h"

/*
 * Starts every CPU of the firmware's list, one after the other; each sets itself up and then
 * waits for lock H, which the caller holds, to enter the run loop. One that does not answer, or
 * whose TSC does not agree with ours, is named on the console and left out.
 */
void smp_start(const struct acpi_facts *acpi);

#endif
