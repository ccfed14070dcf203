/* Layouts of virtio, little-endian. [virtio 1.2: 2.7.2, 2.7.5-2.7.8, 4.1.4, 5.1.6, 5.2.6] */
#ifndef GUEST_DRIVERS_SERVICE_VIRTIO_RING_H
#define GUEST_DRIVERS_SERVICE_VIRTIO_RING_H

#include "hv/lib/types.h"

#define VIRTIO_VENDOR       0x1af4u
#define VIRTIO_BLOCK_MODERN 0x1042u
#define VIRTIO_BLOCK_BOTH   0x1001u /* transitional: has the modern form too */
#define VIRTIO_NET_MODERN   0x1041u
#define VIRTIO_NET_BOTH     0x1000u
#define VIRTIO_CAP_VENDOR   9u

enum virtio_cap { VIRTIO_CAP_COMMON = 1, VIRTIO_CAP_NOTIFY = 2, VIRTIO_CAP_DEVICE = 4 };

struct virtio_common {
    u32 device_feature_select, device_feature;
    u32 driver_feature_select, driver_feature;
    u16 msix_config, num_queues;
    u8 device_status, config_generation;
    u16 queue_select, queue_size, queue_msix_vector, queue_enable, queue_notify_off;
    u32 queue_desc[2], queue_driver[2], queue_device[2]; /* low half first */
};
_Static_assert(sizeof(struct virtio_common) == 56, "as in 4.1.4.3");

enum virtio_status {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_FAILED = 128,
};
#define VIRTIO_F_INDIRECT BIT(28)
#define VIRTIO_F_VERSION  BIT(32)
#define VIRTIO_BLK_RO     BIT(5)
#define VIRTIO_BLK_FLUSH  BIT(9)

#define VIRTQ_ENTRIES 64u
enum virtq_flag { VIRTQ_NEXT = 1, VIRTQ_WRITE = 2, VIRTQ_INDIRECT = 4 };
#define VIRTQ_SILENT 1u /* in the flags of either ring: the other side need not tell */
struct virtq_desc {
    u64 address;
    u32 bytes;
    u16 flags;
    u16 next;
};
struct virtq_avail {
    u16 flags, index;
    u16 ring[VIRTQ_ENTRIES];
};
struct virtq_used {
    u16 flags, index;
    struct {
        u32 id, bytes;
    } ring[VIRTQ_ENTRIES];
};
/* A queue of the legacy interface has one frame number; struct virtq_used is in the next frame.
 */
struct virtq_legacy {
    struct virtq_desc desc[VIRTQ_ENTRIES];
    struct virtq_avail avail;
};
_Static_assert(sizeof(struct virtq_legacy) <= PAGE_SIZE, "as in 2.7.2");

enum virtio_blk_op {
    VIRTIO_BLK_IN = 0,
    VIRTIO_BLK_OUT = 1,
    VIRTIO_BLK_T_FLUSH = 4,
    VIRTIO_BLK_GET_ID = 8,
};
struct virtio_blk_head {
    u32 type, reserved;
    u64 sector;
};
enum virtio_blk_status { VIRTIO_BLK_OK = 0, VIRTIO_BLK_ERROR = 1, VIRTIO_BLK_UNSUPPORTED = 2 };
#define VIRTIO_BLK_ID_BYTES 20u
#define VIRTIO_ISR_QUEUE    1u /* of the ISR status: a used ring has changed */

/* In front of each frame. */
struct virtio_net_head {
    u8 flags, gso_type;
    u16 head_bytes, gso_bytes, checksum_at, checksum_offset, buffers;
};
_Static_assert(sizeof(struct virtio_net_head) == 12, "as in 5.1.6");
enum virtio_net_queue { VIRTIO_NET_RECEIVE = 0, VIRTIO_NET_SEND = 1 };

#endif
