/* The machine's own network device, a port of a switch. [virtio 1.1: 5.1] */
#ifndef GUEST_DRIVERS_SERVICE_VIRTIO_NIC_H
#define GUEST_DRIVERS_SERVICE_VIRTIO_NIC_H

#include "guest-drivers/service/switch.h"
#include "hv/lib/status.h"

/* Finds and starts it, and attaches it. ST_NO_DEVICE: the machine has none. */
enum status virtio_nic_init(struct net_switch *net);
/* Takes what has come; false when there is no device or nothing came. */
bool virtio_nic_poll(u64 now_ns);
/* Shows the device what it is to send. */
void virtio_nic_push(void);

#endif
