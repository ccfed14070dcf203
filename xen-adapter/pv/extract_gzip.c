#include "xen-adapter/pv/extract.h"
#define ZLIB_CONST
#include <zlib.h>

#define GZIP_WINDOW (16 + 15) /* expect a gzip header, window up to 32 KiB */

enum status extract_gzip(struct extraction *job)
{
    z_stream stream = {.next_in = job->payload->data,
                       .avail_in = (u32)job->payload->bytes,
                       .next_out = job->out,
                       .avail_out = (u32)job->want};
    int result;

    if (job->payload->bytes > UINT32_MAX || job->want > UINT32_MAX)
        return ST_TOO_BIG;
    if (inflateInit2(&stream, GZIP_WINDOW) != Z_OK)
        return ST_NO_MEMORY;
    result = inflate(&stream, Z_FINISH);
    job->got = stream.total_out;
    job->taken = stream.total_in;
    job->ended = result == Z_STREAM_END;
    inflateEnd(&stream);
    if (result == Z_MEM_ERROR)
        return ST_NO_MEMORY;
    /* Z_BUF_ERROR: the output is full, as it must be for a head */
    return job->ended || (result == Z_BUF_ERROR && job->got == job->want) ? ST_OK : ST_CORRUPT;
}
