/*
 * virtio devices of the machine's PCI bus, in the modern form: finding and starting them, and
 * their queues. Every device interrupts by the same message, after which drivers look at their
 * queues. [virtio 1.1: 2.6 split rings, 3.1 start, 4.1 PCI]
 */
#ifndef GUEST_DRIVERS_SERVICE_VIRTIO_H
#define GUEST_DRIVERS_SERVICE_VIRTIO_H

#include "guest-drivers/service/virtio_ring.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define VIRTIO_DEVICES_MAX 32u

struct virtio_device {
    u32 window; /* where its registers are mapped */
    u8 mapped[6];
    volatile struct virtio_common *common;
    volatile u8 *config;
    volatile u8 *notify;
    u32 notify_step;
    volatile u32 *messages; /* MSI-X table */
    u32 messages_cap;
    u64 features;
};

/* In fresh memory, aligned to a page. */
struct virtio_queue {
    struct virtq_desc desc[VIRTQ_ENTRIES];
    _Alignas(2048) struct virtq_avail avail;
    _Alignas(2048) volatile struct virtq_used ring;
    volatile u16 *bell;
    u16 index;
    u16 used; /* entries seen */
    bool has_news;
};

/* The first device of this kind at or behind `address`, which is set to it; false: none. */
bool virtio_find(u32 *address, u32 kind, u32 kind_both);
/* Does the device interrupt when it has ended something? */
enum virtio_queue_mode { VIRTIO_TELLS, VIRTIO_SILENT };

/* Maps its registers and agrees on features. ST_NO_DEVICE, ST_UNSUPPORTED: it lacks what is
 * needed. */
enum status virtio_start(struct virtio_device *device, u32 address, u64 needed, u64 wanted);
enum status virtio_queue_start(struct virtio_device *device, struct virtio_queue *queue,
                               u16 index, enum virtio_queue_mode mode);
/* All queues are started. */
void virtio_ready(struct virtio_device *device);

/* Gives the device the chain that begins at descriptor `head`; it is told by
 * virtio_queue_ring(), once for all. */
void virtio_queue_put(struct virtio_queue *queue, u16 head);
void virtio_queue_ring(struct virtio_queue *queue);
/* What the device has ended next; false: nothing. */
bool virtio_queue_take(struct virtio_queue *queue, u32 *head, u32 *bytes);

#endif
