/*
 * What a UEFI firmware looks for and the operating system after it does not: a timer, a way to
 * reset the machine and, on a PCI bus that no ACPI table names, the guest's disks as legacy
 * virtio block devices. The host bridge is the one by which EDK2's build for Cloud Hypervisor
 * knows its machine.
 */
#ifndef ENLIGHT_FIRMWARE_H
#define ENLIGHT_FIRMWARE_H

#include "enlight/state.h"

/* An access of 1, 2 or 4 bytes; false: none of these ports, or the guest has no firmware. */
bool firmware_port_read(struct partition *p, struct tlfs_domain *domain, u16 port, u32 size,
                        u32 *value);
bool firmware_port_write(struct partition *p, struct tlfs_domain *domain, u16 port, u32 size,
                         u32 value);

#endif
