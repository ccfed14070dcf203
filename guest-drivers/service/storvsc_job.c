#include "enlight/abi/storvsp.h"
#include "guest-drivers/service/storvsc.h"
#include "hv/lib/string.h"

#define JOBS 64u

/* What one answer takes in the ring to the guest. */
#define ANSWER_ROOM                                                                            \
    (sizeof(struct vmbus_packet_head) + sizeof(struct storvsp_packet) + VMBUS_PACKET_TRAILER)

/* A command under way. */
struct storvsc_job {
    struct disk_request request;   /* first: the disk gives it back */
    struct storvsc *storvsc;       /* NULL: free */
    struct vmbus_channel *channel; /* it came by, and is answered by */
    u64 transaction;
    struct storvsp_packet packet;
    struct scsi_command command;
    struct vmbus_piece page[DISK_PIECES_MAX]; /* the guest's */
    struct disk_piece piece[DISK_PIECES_MAX]; /* the same, mapped */
    u32 pages, mapped;
    u32 bytes; /* of all pages */
};

static struct storvsc_job jobs[JOBS];

/* ---- pages of the guest ---- */

static struct guest_memory *memory_of(const struct storvsc *storvsc)
{
    return storvsc->channel->bus->memory;
}

static void pages_put(struct storvsc_job *job)
{
    while (job->mapped != 0)
        guest_page_put(memory_of(job->storvsc), job->page[--job->mapped].gfn);
}

static enum status pages_get(struct storvsc_job *job)
{
    for (; job->mapped < job->pages; job->mapped++) {
        const struct vmbus_piece *page = &job->page[job->mapped];
        u8 *at;
        enum status status = guest_page_get(memory_of(job->storvsc), page->gfn, &at);

        if (status != ST_OK) {
            pages_put(job);
            return status;
        }
        job->piece[job->mapped] = (struct disk_piece){at + page->offset, page->bytes};
    }
    return ST_OK;
}

/* Bytes between the mapped pages and a buffer of ours; how many there were. */
static u32 pages_copy(struct storvsc_job *job, u8 *ours, u32 bytes, enum disk_op op)
{
    u32 done = 0;

    for (u32 i = 0; i < job->pages && done < bytes; i++) {
        u32 count = MIN(job->piece[i].bytes, bytes - done);

        if (op == DISK_READ)
            memcpy(job->piece[i].at, ours + done, count);
        else
            memcpy(ours + done, job->piece[i].at, count);
        done += count;
    }
    return done;
}

/* ---- answers ---- */

/* A packet that was no job, or is none any more. */
void storvsc_answer(struct vmbus_channel *channel, u64 transaction,
                    struct storvsp_packet *packet, u32 status)
{
    packet->operation = STORVSP_COMPLETE_IO;
    packet->status = status;
    /* There is room: ready() has seen to it. */
    (void)vmbus_channel_complete(channel, transaction, packet, sizeof(*packet));
}

static void job_end(struct storvsc_job *job, u32 srb_status, u32 data_bytes)
{
    struct storvsc *storvsc = job->storvsc;
    struct storvsp_srb *srb = &job->packet.srb;

    pages_put(job);
    srb->srb_status = (u8)srb_status;
    srb->scsi_status = (u8)job->command.status;
    srb->data_bytes = data_bytes;
    srb->sense_bytes = 0;
    memset(srb->cdb_or_sense, 0, sizeof(srb->cdb_or_sense));
    if (job->command.status == SCSI_CHECK_CONDITION) {
        srb->srb_status |= STORVSP_SRB_AUTOSENSE;
        srb->sense_bytes = SCSI_SENSE_BYTES;
        memcpy(srb->cdb_or_sense, job->command.sense, SCSI_SENSE_BYTES);
    }
    if (srb_status != STORVSP_SRB_SUCCESS)
        storvsc->errors++;
    storvsc->requests++;
    storvsc->jobs--;
    job->storvsc = NULL;
    storvsc_answer(job->channel, job->transaction, &job->packet, STORVSP_SUCCESS);
}

/* The command is answered: its data goes to the guest, as much as there is room for. */
static void job_answered(struct storvsc_job *job)
{
    struct scsi_command *command = &job->command;

    if (command->status == SCSI_GOOD)
        job_end(job, STORVSP_SRB_SUCCESS,
                pages_copy(job, command->answer, command->answer_bytes, DISK_READ));
    else
        job_end(job, STORVSP_SRB_ERROR, 0);
}

/* A disk has ended a request. */
static void job_done(struct disk_request *request)
{
    struct storvsc_job *job = (struct storvsc_job *)(void *)request;
    struct storvsc *storvsc = job->storvsc;
    u32 bytes = request->op <= DISK_WRITE ? job->bytes : 0;

    scsi_end(&job->command, request->status);
    if (request->status == ST_OK && request->op == DISK_READ)
        storvsc->sectors_read += request->sectors;
    else if (request->status == ST_OK && request->op == DISK_WRITE)
        storvsc->sectors_written += request->sectors;
    if (job->command.status == SCSI_GOOD)
        job_end(job, STORVSP_SRB_SUCCESS, bytes);
    else
        job_end(job, STORVSP_SRB_ERROR, 0);
}

/* ---- commands ---- */

static void job_work(struct storvsc_job *job)
{
    const struct scsi_command *command = &job->command;
    bool is_transfer = command->op <= DISK_WRITE;

    /* The pages hold exactly what is to be moved. */
    if (is_transfer && job->bytes != command->sectors * SECTOR_BYTES) {
        job_end(job, STORVSP_SRB_DATA_OVERRUN, 0);
        return;
    }
    job->request = (struct disk_request){
        .op = command->op,
        .is_lasting = command->is_lasting,
        .sector = command->sector,
        .sectors = command->sectors,
        .piece = job->piece,
        .pieces = is_transfer ? job->pages : 0,
        .done = job_done,
    };
    disk_submit(command->unit->disk, &job->request);
}

static enum scsi_step parameters_give(struct storvsc_job *job)
{
    u8 bytes[SCSI_PARAMETERS_MAX] = {0};

    if (pages_copy(job, bytes, job->command.parameter_bytes, DISK_WRITE) !=
        job->command.parameter_bytes)
        return scsi_refuse(&job->command, SCSI_PARAMETERS_LENGTH);
    return scsi_parameters(&job->command, bytes);
}

/* A controller has one target on one path. */
static u32 lun_of(const struct storvsp_srb *srb)
{
    return srb->path == 0 && srb->target == 0 ? srb->lun : SCSI_UNITS_MAX;
}

/* False: the pages are not to be had before others are given back. */
static bool job_start(struct storvsc_job *job)
{
    struct storvsc *storvsc = job->storvsc;
    const struct storvsp_srb *srb = &job->packet.srb;
    u8 cdb[SCSI_CDB_BYTES] = {0};
    enum scsi_step step;
    enum status status = pages_get(job);

    if (status == ST_AGAIN && storvsc->jobs > 1)
        return false;
    if (status != ST_OK) {
        job_end(job, STORVSP_SRB_INVALID_REQUEST, 0);
        return true;
    }
    memcpy(cdb, srb->cdb_or_sense, MIN(srb->cdb_bytes, SCSI_CDB_BYTES));
    step = scsi_begin(&job->command, &storvsc->target, lun_of(srb), cdb);
    if (step == SCSI_ASKS)
        step = parameters_give(job);
    if (step == SCSI_WORKS)
        job_work(job);
    else
        job_answered(job);
    return true;
}

static struct storvsc_job *job_find(const struct storvsc *storvsc)
{
    if (storvsc->jobs >= STORVSC_JOBS_EACH)
        return NULL;
    for (u32 i = 0; i < JOBS; i++)
        if (!jobs[i].storvsc)
            return &jobs[i];
    return NULL;
}

enum vmbus_ready storvsc_ready(struct vmbus_channel *channel)
{
    struct storvsc *storvsc = channel->own;
    struct storvsc_job *job = storvsc->stalled;

    storvsc->stalled = NULL;
    if (job && !job_start(job))
        storvsc->stalled = job;
    if (storvsc->stalled || !job_find(storvsc))
        return VMBUS_BUSY;
    /* Every command under way will be answered. */
    return vmbus_channel_has_room(channel, (u32)((storvsc->jobs + 1) * ANSWER_ROOM))
               ? VMBUS_READY
               : VMBUS_FULL;
}

/* The pages a packet brings; none for one without data. ST_INVALID, ST_TOO_BIG. */
static enum status pages_read(const struct vmbus_packet *packet, struct storvsc_job *job)
{
    job->pages = 0;
    job->bytes = 0;
    if (packet->head.type == VMBUS_PACKET_INBAND)
        return ST_OK;
    TRY(vmbus_pieces_read(packet, job->page, DISK_PIECES_MAX, &job->pages));
    for (u32 i = 0; i < job->pages; i++)
        job->bytes += job->page[i].bytes;
    return ST_OK;
}

void storvsc_execute(struct vmbus_channel *channel, const struct vmbus_packet *packet,
                     const struct storvsp_packet *said)
{
    struct storvsc *storvsc = channel->own;
    struct storvsc_job *job = job_find(storvsc);

    job->storvsc = storvsc;
    job->channel = channel;
    job->transaction = packet->head.transaction;
    job->packet = *said;
    job->command.status = SCSI_GOOD;
    job->mapped = 0;
    storvsc->jobs++;
    if (pages_read(packet, job) != ST_OK)
        job_end(job, STORVSP_SRB_INVALID_REQUEST, 0);
    else if (!job_start(job))
        storvsc->stalled = job;
}

/* ---- the end ---- */

static void disks_settle(struct storvsc *storvsc)
{
    for (u32 i = 0; i < SCSI_UNITS_MAX; i++) {
        struct disk *disk = storvsc->target.unit[i].disk;

        if (disk && disk->settle)
            disk->settle(disk);
    }
}

static bool has_jobs(const struct vmbus_channel *channel)
{
    for (u32 i = 0; i < JOBS; i++)
        if (jobs[i].storvsc && jobs[i].channel == channel)
            return true;
    return false;
}

void storvsc_settle(struct vmbus_channel *channel)
{
    struct storvsc *storvsc = channel->own;
    struct storvsc_job *stalled = storvsc->stalled;

    if (stalled && stalled->channel == channel) {
        storvsc->stalled = NULL;
        job_end(stalled, STORVSP_SRB_ERROR, 0);
    }
    while (has_jobs(channel))
        disks_settle(storvsc);
}
