/*
 * The storage protocol above VMBus packets: every packet and every answer has this form.
 * [Linux: drivers/scsi/storvsc_drv.c states it; numbers are little-endian]
 */
#ifndef ENLIGHT_ABI_STORVSP_H
#define ENLIGHT_ABI_STORVSP_H

#include <stdint.h>

enum storvsp_operation {
    STORVSP_COMPLETE_IO = 1,
    STORVSP_REMOVE_DEVICE = 2,
    STORVSP_EXECUTE_SRB = 3,
    STORVSP_RESET_LUN = 4,
    STORVSP_RESET_ADAPTER = 5,
    STORVSP_RESET_BUS = 6,
    STORVSP_BEGIN_INITIALIZATION = 7,
    STORVSP_END_INITIALIZATION = 8,
    STORVSP_QUERY_VERSION = 9,
    STORVSP_QUERY_PROPERTIES = 10,
    STORVSP_ENUMERATE_BUS = 11,
    STORVSP_CREATE_SUB_CHANNELS = 13,
};

/* Versions a host of ours agrees to: V(major, minor) */
#define STORVSP_VERSIONS(V)     V(5, 1) V(6, 0) V(6, 2)
#define STORVSP_VERSION(ma, mi) ((ma) << 8 | (mi))

/* Status of a packet: NTSTATUS. */
#define STORVSP_SUCCESS           0u
#define STORVSP_INVALID_STATE     0xc0000184u
#define STORVSP_REVISION_MISMATCH 0xc0000059u
#define STORVSP_INVALID_REQUEST   0xc0000010u

struct storvsp_version {
    uint16_t version;
    uint16_t revision;
} __attribute__((packed));

#define STORVSP_MULTI_CHANNEL 1u /* properties.flags: sub-channels can be asked for */

struct storvsp_properties {
    uint32_t reserved;
    uint16_t max_channels; /* beside the first */
    uint16_t reserved2;
    uint32_t flags;
    uint32_t max_transfer_bytes;
    uint64_t reserved3;
} __attribute__((packed));

enum storvsp_direction { STORVSP_TO_DEVICE = 0, STORVSP_FROM_DEVICE = 1, STORVSP_NO_DATA = 2 };

/* srb_status */
#define STORVSP_SRB_SUCCESS         0x01u
#define STORVSP_SRB_ERROR           0x04u
#define STORVSP_SRB_BUSY            0x05u
#define STORVSP_SRB_INVALID_REQUEST 0x06u
#define STORVSP_SRB_DATA_OVERRUN    0x12u
#define STORVSP_SRB_AUTOSENSE       0x80u

#define STORVSP_CDB_BYTES   16u
#define STORVSP_SENSE_BYTES 20u

struct storvsp_srb {
    uint16_t length;
    uint8_t srb_status;
    uint8_t scsi_status;
    uint8_t port;
    uint8_t path;
    uint8_t target;
    uint8_t lun;
    uint8_t cdb_bytes;
    uint8_t sense_bytes;
    uint8_t direction;
    uint8_t reserved;
    uint32_t data_bytes;
    uint8_t cdb_or_sense[STORVSP_SENSE_BYTES];
    uint8_t reserved2[2];
    uint8_t queue_tag;
    uint8_t queue_action;
    uint32_t flags;
    uint32_t timeout_s;
    uint32_t queue_sort_key;
} __attribute__((packed));

struct storvsp_packet {
    uint32_t operation;
    uint32_t flags;
    uint32_t status;
    union {
        struct storvsp_srb srb;
        struct storvsp_properties properties;
        struct storvsp_version version;
        uint16_t sub_channels;
    };
} __attribute__((packed));

_Static_assert(sizeof(struct storvsp_srb) == 52, "with the part of version 5.1");
_Static_assert(sizeof(struct storvsp_packet) == 64, "one size for all");

#endif
