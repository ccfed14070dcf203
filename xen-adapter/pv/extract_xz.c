#include "xen-adapter/pv/extract.h"
#include <lzma.h>

#define XZ_SPARE ((u64)256 << 10) /* allocator headers and the small tables */

u64 extract_xz_arena(const struct payload *payload)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    u8 unused[16];
    u64 bytes = 0;

    if (lzma_stream_decoder(&stream, 1, 0) != LZMA_OK)
        return XZ_SPARE;
    stream.next_in = payload->data;
    stream.avail_in = payload->bytes;
    stream.next_out = unused;
    stream.avail_out = sizeof(unused);
    /* a limit of one byte makes it stop behind the block header and say what it wants */
    if (lzma_code(&stream, LZMA_RUN) == LZMA_MEMLIMIT_ERROR)
        bytes = lzma_memusage(&stream);
    lzma_end(&stream);
    return bytes + XZ_SPARE;
}

enum status extract_xz(struct extraction *job)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_ret result;

    if (lzma_stream_decoder(&stream, UINT64_MAX, 0) != LZMA_OK)
        return ST_NO_MEMORY;
    stream.next_in = job->payload->data;
    stream.avail_in = job->payload->bytes;
    stream.next_out = job->out;
    stream.avail_out = job->want;
    do
        result = lzma_code(&stream, LZMA_FINISH);
    while (result == LZMA_OK && stream.avail_out != 0);
    /* the check and the index come after the last byte of output */
    if (result == LZMA_OK && job->want == job->payload->elf_bytes)
        result = lzma_code(&stream, LZMA_FINISH);
    job->got = stream.total_out;
    job->taken = stream.total_in;
    job->ended = result == LZMA_STREAM_END;
    lzma_end(&stream);
    if (result == LZMA_MEM_ERROR)
        return ST_NO_MEMORY;
    return result == LZMA_OK || job->ended ? ST_OK : ST_CORRUPT;
}
