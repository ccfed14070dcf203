/*
 * A PCI bus behind configuration mechanism #1: the host bridge is device 0, the disks are
 * devices 1 and up, each with one I/O region. [PCI 3.0 3.2.2.3.2, 6.1, 6.2.5]
 */
#ifndef ENLIGHT_PCI_H
#define ENLIGHT_PCI_H

#include "enlight/state.h"

#define PCI_REGION_BYTES 64u /* of a disk */

/* The address register, and the data register's four bytes. */
bool pci_port_is_mine(u16 port);
/* 1, 2 or 4 bytes; all ones where there is nothing. */
u32 pci_port_read(const struct tlfs_pci *pci, const struct native_firmware *firmware, u16 port,
                  u32 size);
void pci_port_write(struct tlfs_pci *pci, const struct native_firmware *firmware, u16 port,
                    u32 size, u32 value);

/* The disk whose region, switched on, holds this port. */
bool pci_port_find(const struct tlfs_pci *pci, u16 port, u32 *which, u32 *offset);

#endif
