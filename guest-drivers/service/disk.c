#include "guest-drivers/service/disk.h"
#include "hv/lib/string.h"

#define DISCARD_SECTORS_MAX ((u64)16 << 11) /* 16 MiB */

static enum status request_check(const struct disk *disk, const struct disk_request *request)
{
    if (request->op == DISK_FLUSH)
        return ST_OK;
    if (request->op != DISK_READ && (disk->flags & DISK_READONLY))
        return ST_DENIED;
    if (request->sector > disk->sectors || request->sectors > disk->sectors - request->sector)
        return ST_RANGE;
    return ST_OK;
}

void disk_submit(struct disk *disk, struct disk_request *request)
{
    request->status = request_check(disk, request);
    if (request->status == ST_OK)
        disk->submit(disk, request);
    else
        request->done(request);
}

static void memory_submit(struct disk *disk, struct disk_request *request)
{
    u8 *at = disk->own;

    /* A flush has no place. */
    if (request->op != DISK_FLUSH)
        at += request->sector * SECTOR_BYTES;
    for (u32 i = 0; request->op <= DISK_WRITE && i < request->pieces; i++) {
        const struct disk_piece *piece = &request->piece[i];

        if (request->op == DISK_WRITE)
            memcpy(at, piece->at, piece->bytes);
        else
            memcpy(piece->at, at, piece->bytes);
        at += piece->bytes;
    }
    /* A hint: what is much more than a guest would wait for keeps its bytes. */
    if (request->op == DISK_DISCARD && request->sectors <= DISCARD_SECTORS_MAX)
        memset(at, 0, request->sectors * SECTOR_BYTES);
    request->done(request);
}

void memory_disk_make(struct disk *disk, u8 *bytes, u64 size, u32 flags)
{
    *disk = (struct disk){
        .sectors = size / SECTOR_BYTES, .flags = flags, .submit = memory_submit, .own = bytes};
}
