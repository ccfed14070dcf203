/* PCI configuration space by the ports 0xcf8 and 0xcfc. [PCI 3.0 3.2.2.3.2] */
#ifndef HV_CPU_PCI_H
#define HV_CPU_PCI_H

#include "hv/lib/types.h"

/* address: bus << 8 | device << 3 | function. offset is aligned to bytes (1, 2 or 4) and below
 * 256. All ones where there is no device. */
u32 pci_read(u16 address, u8 offset, u32 bytes);
void pci_write(u16 address, u8 offset, u32 bytes, u32 value);

#endif
