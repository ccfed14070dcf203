/*
 * The legacy container of lz4: a magic number, then blocks of at most 8 MiB once unpacked, each
 * behind its packed size, until the data ends [lz4_Frame_format.md, "Legacy frame"].
 */
#include "xen-adapter/pv/extract.h"
#include "hv/lib/string.h"
#include <lz4.h>

#define LZ4_MAGIC_BYTES 4u
#define LZ4_BLOCK_MAX   ((u64)8 << 20)

enum status extract_lz4(struct extraction *job)
{
    const struct payload *payload = job->payload;

    job->taken = LZ4_MAGIC_BYTES;
    while (job->got < job->want) {
        u64 room = MIN(job->want - job->got, LZ4_BLOCK_MAX);
        const char *from;
        int wrote;
        u32 packed;

        if (payload->bytes - job->taken < sizeof(packed))
            return ST_CORRUPT;
        memcpy(&packed, payload->data + job->taken, sizeof(packed));
        if (packed > payload->bytes - job->taken - sizeof(packed) ||
            packed > (u32)LZ4_COMPRESSBOUND(LZ4_BLOCK_MAX))
            return ST_CORRUPT;
        from = (const char *)payload->data + job->taken + sizeof(packed);
        if (job->want == payload->elf_bytes)
            wrote =
                LZ4_decompress_safe(from, (char *)job->out + job->got, (int)packed, (int)room);
        else
            wrote = LZ4_decompress_safe_partial(from, (char *)job->out + job->got, (int)packed,
                                                (int)room, (int)room);
        if (wrote <= 0)
            return ST_CORRUPT;
        job->got += (u64)wrote;
        job->taken += sizeof(packed) + packed;
    }
    job->ended = job->taken == payload->bytes;
    return ST_OK;
}
