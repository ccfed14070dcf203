/* The disks of the guests: images among the boot modules, served as block devices. */
#ifndef GUEST_DRIVERS_STEWARD_DISK_H
#define GUEST_DRIVERS_STEWARD_DISK_H

#include "guest-drivers/service/disk.h"
#include "guest-drivers/steward/steward.h"

/* Starts the machine's disks, if it has any. */
void disks_init(void);

/* Reads the guest's disk = list and finds the images; refuses the guest when one is wrong. */
void disks_check(struct config *config);

/* A life begins: no other guest that is there may write what this one uses, nor use what it
 * writes. BUSY, and the guest is refused. */
enum status disks_claim(struct guest *guest);

/* The disk behind `target` of an entry of disk =; NULL. */
struct disk *disks_find(struct text target);

/* Offers a guest that is being made its disks; takes them away again. */
enum status disks_introduce(struct guest *guest);
void disks_release(struct guest *guest);

/* Counted over its disks since it was made; bytes. */
struct disks_counts {
    u64 requests, read_bytes, written_bytes;
};
void disks_count(const struct guest *guest, struct disks_counts *out);

/* A signal of a front-end; false if the port is of no disk. */
bool disks_serve(u32 port);
/* Goes on with what was put off, ends what the machine's disks have done. WAIT: they have not
 * done all; look again soon. */
enum disks_state { DISKS_IDLE, DISKS_WAIT, DISKS_BUSY };
enum disks_state disks_continue(void);

#endif
