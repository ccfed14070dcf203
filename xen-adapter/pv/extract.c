#include "xen-adapter/pv/extract.h"
#include "hv/lib/string.h"

#define ARENA_SMALL ((u64)512 << 10) /* a zstd context takes 160 KiB, inflate 40 KiB */

u64 extract_arena_bytes(const struct payload *payload)
{
    return payload->kind == PAYLOAD_XZ ? extract_xz_arena(payload) : ARENA_SMALL;
}

static enum status extract_elf(struct extraction *job)
{
    memmove(job->out, job->payload->data, job->want);
    job->got = job->want;
    job->ended = true;
    return ST_OK;
}

static enum status decode(struct extraction *job)
{
    switch (job->payload->kind) {
    case PAYLOAD_ELF:
        return extract_elf(job);
    case PAYLOAD_GZIP:
        return extract_gzip(job);
    case PAYLOAD_XZ:
        return extract_xz(job);
    case PAYLOAD_LZ4:
        return extract_lz4(job);
    case PAYLOAD_ZSTD:
        return extract_zstd(job);
    }
    return ST_UNSUPPORTED;
}

static enum status complain(const struct extraction *job, enum status status,
                            struct complaint *complaint)
{
    static const char *const corrupt[] = {"is damaged", "gzip payload is corrupt",
                                          "xz payload is corrupt", "lz4 payload is corrupt",
                                          "zstd payload is corrupt"};

    complaint->at = job->taken == COMPLAINT_NOWHERE ? COMPLAINT_NOWHERE
                                                    : job->payload->file_offset + job->taken;
    if (status == ST_NO_MEMORY) {
        complaint->at = COMPLAINT_NOWHERE;
        complaint->what = "does not fit: its decoder needs more memory than the guest has";
        complaint->fix = "give the guest more memory";
        return status;
    }
    complaint->what = corrupt[job->payload->kind];
    complaint->fix = "copy or install the kernel again";
    return ST_CORRUPT;
}

enum status extract_head(const struct payload *payload, u8 *out, u64 *got,
                         struct complaint *complaint)
{
    struct extraction job = {.payload = payload,
                             .out = out,
                             .want = MIN(payload->elf_bytes, EXTRACT_HEAD_BYTES / 2)};
    enum status status = decode(&job);

    *got = job.got;
    if (status != ST_OK)
        return complain(&job, status, complaint);
    return ST_OK;
}

enum status extract_all(const struct payload *payload, u8 *out, struct complaint *complaint)
{
    struct extraction job = {.payload = payload, .out = out, .want = payload->elf_bytes};
    enum status status = decode(&job);

    if (status == ST_OK && (job.got != job.want || !job.ended))
        status = ST_CORRUPT;
    if (status != ST_OK)
        return complain(&job, status, complaint);
    return ST_OK;
}
