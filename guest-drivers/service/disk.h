/*
 * A disk as the services see it: sectors of 512 bytes, read, written, flushed and discarded by
 * requests that may end later. Faces for guests stand on one side, kinds of disks on the other.
 */
#ifndef GUEST_DRIVERS_SERVICE_DISK_H
#define GUEST_DRIVERS_SERVICE_DISK_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define SECTOR_BYTES    512u
#define DISK_PIECES_MAX 64u /* of one request */

enum disk_op { DISK_READ, DISK_WRITE, DISK_FLUSH, DISK_DISCARD };
enum disk_flag {
    DISK_READONLY = 1,
    DISK_DISCARDS = 2, /* a discard is worth asking for */
};

/* Memory of ours, within a page; the pieces of a request together are whole sectors. */
struct disk_piece {
    u8 *at;
    u32 bytes;
};

struct disk_request {
    enum disk_op op;
    bool is_lasting; /* of a write: on the medium when it ends */
    u64 sector;
    u64 sectors; /* of READ and WRITE: what the pieces hold */
    struct disk_piece *piece;
    u32 pieces;
    enum status status; /* at its end */
    void (*done)(struct disk_request *request);
    struct disk_request *next; /* the disk's own */
    u32 tag;
};

struct disk {
    u64 sectors;
    u32 flags; /* enum disk_flag */
    void (*submit)(struct disk *disk, struct disk_request *request);
    /* Ends what it can of the requests under way; NULL where submit() always does. */
    void (*settle)(struct disk *disk);
    void *own;
};

/*
 * Starts a request; request->done is called once, maybe before this returns. ST_RANGE (beyond
 * the end), ST_DENIED (read-only) in request->status.
 */
void disk_submit(struct disk *disk, struct disk_request *request);

/* A disk that is memory. Its bytes are given as they are, the last broken sector is not used.
 */
void memory_disk_make(struct disk *disk, u8 *bytes, u64 size, u32 flags);

#endif
