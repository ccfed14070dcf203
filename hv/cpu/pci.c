#include "hv/cpu/pci.h"
#include "hv/cpu/insn.h"

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc };
#define PCI_ENABLE BIT(31)

static u16 select(u16 address, u8 offset)
{
    insn_out32(PCI_ADDRESS, (u32)(PCI_ENABLE | (u32)address << 8 | (offset & 0xfcu)));
    return (u16)(PCI_DATA + (offset & 3));
}

u32 pci_read(u16 address, u8 offset, u32 bytes)
{
    u16 port = select(address, offset);

    if (bytes == 4)
        return insn_in32(port);
    return bytes == 2 ? insn_in16(port) : insn_in8(port);
}

void pci_write(u16 address, u8 offset, u32 bytes, u32 value)
{
    u16 port = select(address, offset);

    if (bytes == 4)
        insn_out32(port, value);
    else if (bytes == 2)
        insn_out16(port, (u16)value);
    else
        insn_out8(port, (u8)value);
}
