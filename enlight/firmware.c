#include "enlight/firmware.h"
#include "enlight/pci.h"
#include "enlight/virtio_blk.h"

#define TIMER_HERTZ 3579545u /* [ACPI 6.4 4.8.2.1] */
#define SECOND_NS   1000000000u

/* How EDK2 resets a machine: the line at the keyboard controller of a PC, pulled. */
#define PORT_KEYBOARD  0x64u
#define KEYBOARD_RESET 0xfeu

static struct native_firmware *firmware_of(struct partition *p, struct tlfs_domain *domain)
{
    if (!domain->firmware)
        domain->firmware = tlfs_shared_page(p, NATIVE_FIRMWARE_GFN);
    return domain->firmware;
}

static u32 timer_read(void)
{
    u64 now_ns = op_clock_now_ns();

    return (u32)(now_ns / SECOND_NS * TIMER_HERTZ +
                 now_ns % SECOND_NS * TIMER_HERTZ / SECOND_NS);
}

static bool is_timer(u16 port, u32 size)
{
    return port == NATIVE_PORT_TIMER && size == 4;
}

static bool is_reset(u16 port, u32 size, u32 value)
{
    return port == PORT_KEYBOARD && size == 1 && value == KEYBOARD_RESET;
}

bool firmware_port_read(struct partition *p, struct tlfs_domain *domain, u16 port, u32 size,
                        u32 *value)
{
    struct native_firmware *firmware = firmware_of(p, domain);
    u32 offset, which;

    if (!firmware)
        return false;
    if (is_timer(port, size))
        *value = timer_read();
    else if (pci_port_is_mine(port))
        *value = pci_port_read(&domain->pci, firmware, port, size);
    else if (pci_port_find(&domain->pci, port, &which, &offset))
        *value =
            virtio_blk_read(&domain->pci.function[which], &firmware->disk[which], offset, size);
    else
        return false;
    return true;
}

bool firmware_port_write(struct partition *p, struct tlfs_domain *domain, u16 port, u32 size,
                         u32 value)
{
    struct native_firmware *firmware = firmware_of(p, domain);
    u32 offset, which;

    if (!firmware)
        return false;
    if (pci_port_is_mine(port)) {
        pci_port_write(&domain->pci, firmware, port, size, value);
        return true;
    }
    if (is_reset(port, size, value)) {
        op_partition_shutdown(p, NATIVE_END_REBOOT);
        return true;
    }
    if (!pci_port_find(&domain->pci, port, &which, &offset))
        return is_timer(port, size);
    if (virtio_blk_write(&domain->pci.function[which], &firmware->disk[which], offset, size,
                         value))
        (void)op_port_send(p, (u32)op_partition_property(p, NATIVE_FIRMWARE_PORT));
    return true;
}
