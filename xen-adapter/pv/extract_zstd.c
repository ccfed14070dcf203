#include "xen-adapter/pv/extract.h"
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

/* The head, block by block: the whole stream would be unpacked otherwise. */
static enum status zstd_head(ZSTD_DCtx *context, struct extraction *job)
{
    const u8 *from = job->payload->data;
    u64 left = job->payload->bytes;
    size_t next, wrote;

    if (ZSTD_isError(ZSTD_decompressBegin(context)))
        return ST_CORRUPT;
    while (job->got < job->want) {
        next = ZSTD_nextSrcSizeToDecompress(context);
        if (next == 0)
            return ST_OK;
        if (next > left)
            return ST_CORRUPT;
        wrote = ZSTD_decompressContinue(context, job->out + job->got,
                                        EXTRACT_HEAD_BYTES - job->got, from, next);
        if (ZSTD_isError(wrote))
            return ST_CORRUPT;
        job->got += wrote;
        from += next;
        left -= next;
    }
    return ST_OK;
}

enum status extract_zstd(struct extraction *job)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    enum status status = ST_OK;
    size_t wrote;

    job->taken = COMPLAINT_NOWHERE;
    if (context == NULL)
        return ST_NO_MEMORY;
    if (job->want < job->payload->elf_bytes) {
        status = zstd_head(context, job);
    } else {
        wrote = ZSTD_decompressDCtx(context, job->out, job->want, job->payload->data,
                                    job->payload->bytes);
        if (ZSTD_isError(wrote))
            status = ST_CORRUPT;
        else
            job->got = wrote;
        job->ended = status == ST_OK;
    }
    ZSTD_freeDCtx(context);
    return status;
}
