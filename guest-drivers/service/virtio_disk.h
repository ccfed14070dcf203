/* Disks of the machine itself: virtio block devices. [virtio 1.1: 5.2] */
#ifndef GUEST_DRIVERS_SERVICE_VIRTIO_DISK_H
#define GUEST_DRIVERS_SERVICE_VIRTIO_DISK_H

#include "guest-drivers/service/disk.h"

#define VIRTIO_DISKS_MAX    24u
#define VIRTIO_SERIAL_BYTES 20u

/* Finds and starts them all. */
void virtio_disks_init(void);
/* The disk with this serial number; NULL. */
struct disk *virtio_disk_find(const char *serial);
/* Ends what the devices have done. */
void virtio_disks_poll(void);
bool virtio_disks_are_busy(void);

#endif
