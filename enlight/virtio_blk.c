#include "enlight/virtio_blk.h"
#include "hv/lib/string.h"

/* As the guest sees them: the general registers, then those of a disk. */
struct registers {
    u32 features, driver_features, queue;
    u16 queue_entries, queue_select, notify;
    u8 status, isr;
    u64 sectors;
    u32 segment_bytes, segments; /* most; not offered */
    u32 geometry;
    u32 block_bytes;
} __attribute__((packed));

#define AT(member) offsetof(struct registers, member)
_Static_assert(AT(status) == 18 && AT(isr) == 19 && AT(sectors) == 20, "as in 4.1.4.10");

#define ISR_BYTES    1u
#define SECTOR_BYTES 512u

u32 virtio_blk_read(const struct tlfs_pci_function *function, struct native_firmware_disk *disk,
                    u32 offset, u32 size)
{
    struct registers registers = {
        .features = disk->features,
        .driver_features = disk->driver_features,
        .queue = function->queue_select == 0 ? disk->queue : 0,
        .queue_entries = function->queue_select == 0 ? NATIVE_QUEUE_ENTRIES : 0,
        .queue_select = function->queue_select,
        .status = disk->status,
        .sectors = disk->sectors,
        .block_bytes = SECTOR_BYTES,
    };
    u32 value = 0;

    if (offset + size > sizeof(registers))
        return 0;
    if (offset == AT(isr) && size == ISR_BYTES)
        return __atomic_exchange_n(&disk->isr, 0, __ATOMIC_ACQ_REL);
    memcpy(&value, (const u8 *)&registers + offset, size);
    return value;
}

/* The queue goes before the count says that it is another. */
static void device_reset(struct tlfs_pci_function *function, struct native_firmware_disk *disk)
{
    function->queue_select = 0;
    disk->driver_features = 0;
    disk->isr = 0;
    __atomic_store_n(&disk->queue, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&disk->resets, disk->resets + 1, __ATOMIC_RELEASE);
}

static bool queue_set(const struct tlfs_pci_function *function,
                      struct native_firmware_disk *disk, u32 frame)
{
    if (function->queue_select != 0)
        return false;
    __atomic_store_n(&disk->queue, frame, __ATOMIC_RELEASE);
    return true;
}

/* Every register is written whole. */
bool virtio_blk_write(struct tlfs_pci_function *function, struct native_firmware_disk *disk,
                      u32 offset, u32 size, u32 value)
{
    if (offset == AT(driver_features) && size == 4) {
        disk->driver_features = value;
    } else if (offset == AT(queue) && size == 4) {
        return queue_set(function, disk, value);
    } else if (offset == AT(queue_select) && size == 2) {
        function->queue_select = (u16)value;
    } else if (offset == AT(notify) && size == 2) {
        return (u16)value == 0;
    } else if (offset == AT(status) && size == 1) {
        disk->status = (u8)value;
        if (disk->status == 0) {
            device_reset(function, disk);
            return true;
        }
    }
    return false;
}
