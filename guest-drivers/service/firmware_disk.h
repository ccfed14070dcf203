/*
 * The disks that a guest's UEFI firmware sees: legacy virtio block devices. Their registers are
 * in a page that the hypervisor shows the guest as I/O ports, their queues in the guest's
 * memory; nothing interrupts, the firmware looks at its used ring. A device does one request at
 * a time. One whose queue makes no sense is not served any more until the guest resets it.
 * [virtio 1.2 2.7, 4.1.4.10, 5.2]
 */
#ifndef GUEST_DRIVERS_SERVICE_FIRMWARE_DISK_H
#define GUEST_DRIVERS_SERVICE_FIRMWARE_DISK_H

#include "guest-drivers/service/disk.h"
#include "guest-drivers/service/guest_memory.h"
#include "guest-drivers/service/virtq_chain.h"
#include "hypercall/abi/native.h"

enum firmware_access { FIRMWARE_READ_WRITE, FIRMWARE_READ_ONLY };

enum firmware_disk_state {
    FIRMWARE_DISK_IDLE,
    FIRMWARE_DISK_WORKS, /* there is a request, its next step is ours */
    FIRMWARE_DISK_WAITS, /* for the disk to end a step */
    FIRMWARE_DISK_STOPPED,
};

/* A page of the guest that is in use. */
struct firmware_page {
    u64 gfn;
    u8 *at;
};

/* The request under way: a head, data, and a byte of status. A step moves data of one
 * descriptor. */
struct firmware_request {
    struct virtq_chain chain;
    struct firmware_page used, status; /* where it will be answered */
    enum virtio_blk_status result;
    u32 type;      /* enum virtio_blk_op, or what the guest thinks is one */
    u64 sector;    /* of the next step */
    u32 at, begin; /* next descriptor of data, and byte of it */
    u32 end;       /* descriptors from here on hold none to move */
    u32 written;   /* bytes of data that went to the guest */
    u64 gfn;       /* of the step's first page */
};

struct firmware_disk {
    struct disk_request step; /* first: the disk gives it back */
    struct disk_piece piece[DISK_PIECES_MAX];
    struct firmware_disks *all;
    struct disk *disk; /* NULL: there is no such device */
    struct native_firmware_disk *page;
    enum firmware_access access;
    u8 id[VIRTIO_BLK_ID_BYTES];
    enum firmware_disk_state state;
    bool is_forgotten; /* the guest has reset the device since the step began */
    u32 resets, queue; /* the queue that is served */
    u16 index;         /* of the next request in both of its rings */
    struct firmware_request request;
};

struct firmware_disks {
    struct guest_memory *memory;
    struct native_firmware *page;
    struct firmware_disk disk[NATIVE_FIRMWARE_DISKS];
    u64 requests, errors;
    u64 sectors_read, sectors_written;
    u64 stops; /* devices whose queues made no sense */
};

/* The page stays ours until firmware_disks_end(). */
void firmware_disks_make(struct firmware_disks *disks, struct guest_memory *memory,
                         struct native_firmware *page);
/* The next device: a disk that says it is `id`. ST_NO_SPACE. */
enum status firmware_disks_add(struct firmware_disks *disks, struct disk *disk,
                               enum firmware_access access, const char *id);
/* Looks at all queues, after the port was raised. True: requests are under way, call it again
 * at once, or when a disk has ended something. */
bool firmware_disks_serve(struct firmware_disks *disks);
/* Ends what is under way without an answer; no page is in use then. */
void firmware_disks_end(struct firmware_disks *disks);

#endif
