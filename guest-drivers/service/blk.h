/*
 * The block back-end: rings of a guest on one side, a disk on the other. What a guest writes
 * into its rings can only hurt itself: a request that makes no sense is answered with an error,
 * a ring whose indexes make none is not served any more.
 */
#ifndef GUEST_DRIVERS_SERVICE_BLK_H
#define GUEST_DRIVERS_SERVICE_BLK_H

#include "guest-drivers/service/blk_ring.h"
#include "guest-drivers/service/disk.h"
#include "guest-drivers/service/platform.h"

#define BLK_QUEUES_MAX 4u
/* Requests of one disk that are under way at a time. */
#define BLK_JOBS_EACH  16u
/* Pages of one front-end that stay mapped. */
#define BLK_PAGES_KEPT 1024u

struct blk_back;

/* What this front-end may do; its disk may allow more. */
enum blk_access { BLK_READ_WRITE, BLK_READ_ONLY };

struct blk_queue {
    struct blk_back *back;
    struct blk_ring ring;
    u32 port;
    u32 place; /* of the ring's pages */
    bool is_broken;
    bool is_busy; /* there is more in the ring than was served */
};

struct blk_back {
    struct disk *disk;
    enum blk_access access;
    struct grant_pool pool;
    u32 queues;
    struct blk_queue queue[BLK_QUEUES_MAX];
    u32 jobs;
    u64 requests, errors;
    u64 sectors_read, sectors_written;
};

/* What a front-end says about one queue. */
struct blk_offer {
    u32 refs[BLK_RING_PAGES_MAX];
    u32 pages;
    u32 port;
    enum blk_layout layout;
};

void blk_back_make(struct blk_back *back, struct disk *disk, u32 partition,
                   enum blk_access access);
/* Connects one more queue. ST_INVALID, and what mapping and binding answer. */
enum status blk_queue_open(struct blk_back *back, const struct blk_offer *offer);
/* Gives all of the guest's back. Waits for what is under way. */
void blk_back_close(struct blk_back *back);

/* Serves what waits behind this port; false if it is none of this back-end's. */
bool blk_port_serve(struct blk_back *back, u32 port);
/* Goes on with what was left over; true if there is still more. */
bool blk_continue(struct blk_back *back);

#endif
