#include "enlight/pci.h"

enum { PORT_ADDRESS = 0xcf8, PORT_DATA = 0xcfc, PORT_DATA_LAST = 0xcff };

#define ADDRESS_ENABLE BIT(31)
#define ADDRESS_MASK   0x80fffffcu
#define ADDRESS_TARGET 0x00ffff00u /* bus, device, function */
#define ADDRESS_DEVICE 11u         /* its lowest bit */
#define ADDRESS_OFFSET 0xfcu

/* Words of the configuration space by offset. */
enum { ID = 0x00, COMMAND = 0x04, CLASS = 0x08, REGION = 0x10, SUBSYSTEM = 0x2c };

#define COMMAND_IO   BIT(0)
#define COMMAND_MASK 0x5u /* I/O, bus master */
#define REGION_IO    BIT(0)

#define BRIDGE_ID      0x0d578086u /* device 0d57 of vendor 8086 */
#define BRIDGE_CLASS   0x06000000u
#define DISK_ID        0x10011af4u /* [virtio 1.2 4.1.2.1] transitional block device */
#define DISK_CLASS     0x01000000u /* revision 0: legacy [4.1.2.2] */
#define DISK_SUBSYSTEM 0x00021af4u /* virtio device 2 */

#define ONES(size) ((u32)(BIT(8 * (size)) - 1))

bool pci_port_is_mine(u16 port)
{
    return port >= PORT_ADDRESS && port <= PORT_DATA_LAST;
}

/* The function the address register names; false: nobody answers. */
static bool target_find(const struct tlfs_pci *pci, const struct native_firmware *firmware,
                        u32 *device)
{
    u32 target = pci->address & ADDRESS_TARGET;

    *device = target >> ADDRESS_DEVICE;
    if (!(pci->address & ADDRESS_ENABLE) || target != *device << ADDRESS_DEVICE ||
        *device > NATIVE_FIRMWARE_DISKS)
        return false;
    return *device == 0 || firmware->disk[*device - 1].sectors != 0;
}

static u32 bridge_word(u32 offset)
{
    if (offset == ID)
        return BRIDGE_ID;
    return offset == CLASS ? BRIDGE_CLASS : 0;
}

static u32 disk_word(const struct tlfs_pci_function *function, u32 offset)
{
    switch (offset) {
    case ID:
        return DISK_ID;
    case COMMAND:
        return function->command;
    case CLASS:
        return DISK_CLASS;
    case REGION:
        return function->region | REGION_IO;
    case SUBSYSTEM:
        return DISK_SUBSYSTEM;
    default:
        return 0;
    }
}

static u32 config_word(const struct tlfs_pci *pci, u32 device)
{
    u32 offset = pci->address & ADDRESS_OFFSET;

    return device == 0 ? bridge_word(offset) : disk_word(&pci->function[device - 1], offset);
}

/* An access of the data register stays within its word. */
static bool is_data(u16 port, u32 size)
{
    return port >= PORT_DATA && port + size <= PORT_DATA_LAST + 1u;
}

u32 pci_port_read(const struct tlfs_pci *pci, const struct native_firmware *firmware, u16 port,
                  u32 size)
{
    u32 device;

    if (port == PORT_ADDRESS && size == 4)
        return pci->address;
    if (!is_data(port, size) || !target_find(pci, firmware, &device))
        return ONES(size);
    return config_word(pci, device) >> 8 * (port - PORT_DATA) & ONES(size);
}

static void disk_word_set(struct tlfs_pci_function *function, u32 offset, u32 value)
{
    if (offset == COMMAND)
        function->command = (u16)(value & COMMAND_MASK);
    else if (offset == REGION)
        function->region = value & ~(PCI_REGION_BYTES - 1);
}

void pci_port_write(struct tlfs_pci *pci, const struct native_firmware *firmware, u16 port,
                    u32 size, u32 value)
{
    u32 shift = 8u * (port & 3u);
    u32 device;

    if (port == PORT_ADDRESS && size == 4)
        pci->address = value & ADDRESS_MASK;
    if (!is_data(port, size) || !target_find(pci, firmware, &device) || device == 0)
        return;
    value = (config_word(pci, device) & ~(ONES(size) << shift)) | (value & ONES(size)) << shift;
    disk_word_set(&pci->function[device - 1], pci->address & ADDRESS_OFFSET, value);
}

bool pci_port_find(const struct tlfs_pci *pci, u16 port, u32 *which, u32 *offset)
{
    for (u32 i = 0; i < NATIVE_FIRMWARE_DISKS; i++) {
        const struct tlfs_pci_function *function = &pci->function[i];

        if (!(function->command & COMMAND_IO) || port < function->region ||
            port >= function->region + PCI_REGION_BYTES)
            continue;
        *which = i;
        *offset = port - function->region;
        return true;
    }
    return false;
}
