/*
 * The device's half of a split queue: chains of descriptors that the driver has written are
 * taken as values and given back. Pure; indexes are those of the rings. [virtio 1.2 2.7]
 */
#ifndef GUEST_DRIVERS_SERVICE_VIRTQ_CHAIN_H
#define GUEST_DRIVERS_SERVICE_VIRTQ_CHAIN_H

#include "guest-drivers/service/virtio_ring.h"
#include "hv/lib/status.h"

struct virtq_chain {
    struct virtq_desc desc[VIRTQ_ENTRIES];
    u32 count; /* not 0 */
    u16 first; /* its place in the driver's table */
};

/* The chain at this index. ST_NO_DATA: the driver has put none there; ST_CORRUPT: it makes no
 * sense, or has indirect descriptors, which need the feature. */
enum status virtq_chain_take(const struct virtq_legacy *queue, u16 index,
                             struct virtq_chain *chain);
/* The driver has it back, with so many bytes written into it. */
void virtq_chain_return(struct virtq_used *used, u16 index, u16 first, u32 bytes);

#endif
