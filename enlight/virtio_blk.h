/*
 * The registers of a legacy virtio block device with one queue; they live in the page that the
 * root serves the queue by. [virtio 1.2 4.1.4.10, 5.2.4.1]
 */
#ifndef ENLIGHT_VIRTIO_BLK_H
#define ENLIGHT_VIRTIO_BLK_H

#include "enlight/state.h"

/* 1, 2 or 4 bytes; 0 where there is no register. */
u32 virtio_blk_read(const struct tlfs_pci_function *function, struct native_firmware_disk *disk,
                    u32 offset, u32 size);
/* True: the root is to look at its queue. */
bool virtio_blk_write(struct tlfs_pci_function *function, struct native_firmware_disk *disk,
                      u32 offset, u32 size, u32 value);

#endif
