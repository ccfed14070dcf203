#include "guest-drivers/service/blk.h"
#include "hv/lib/string.h"

#define JOBS          64u
#define ROUND         64u /* requests of a queue before others have their turn */
#define SECTORS_SHIFT 9

/* A request under way. */
struct job {
    struct disk_request request; /* first: the disk gives it back */
    struct blk_queue *queue;     /* NULL: free */
    struct blk_request want;
    struct disk_piece piece[BLK_SEGMENTS_MAX];
    u16 slot[BLK_SEGMENTS_MAX];
    u32 slots;
};

_Static_assert(BLK_SEGMENTS_MAX <= DISK_PIECES_MAX, "a piece for each segment");

static struct job jobs[JOBS];

static struct job *job_find(const struct blk_back *back)
{
    if (back->jobs >= BLK_JOBS_EACH)
        return NULL;
    for (u32 i = 0; i < JOBS; i++)
        if (!jobs[i].queue)
            return &jobs[i];
    return NULL;
}

void blk_back_make(struct blk_back *back, struct disk *disk, u32 partition,
                   enum blk_access access)
{
    memset(back, 0, sizeof(*back));
    back->disk = disk;
    back->access = access;
    back->pool.partition = partition;
    back->pool.limit = BLK_PAGES_KEPT;
}

enum status blk_queue_open(struct blk_back *back, const struct blk_offer *offer)
{
    struct blk_queue *queue = &back->queue[back->queues];
    enum status status;
    void *base;

    if (back->queues == BLK_QUEUES_MAX || offer->pages == 0 ||
        offer->pages > BLK_RING_PAGES_MAX || (offer->pages & (offer->pages - 1)))
        return ST_INVALID;
    TRY(grant_ring_map(back->pool.partition, offer->refs, offer->pages, &queue->place, &base));
    status = port_bind(back->pool.partition, offer->port, &queue->port);
    if (status != ST_OK) {
        grant_ring_unmap(queue->place);
        return status;
    }
    queue->back = back;
    blk_ring_open(&queue->ring, base, offer->pages, offer->layout);
    queue->is_broken = false;
    queue->is_busy = true;
    back->queues++;
    return ST_OK;
}

void blk_back_close(struct blk_back *back)
{
    for (u32 i = 0; i < back->queues; i++)
        back->queue[i].is_broken = true; /* what ends now is not answered */
    while (back->jobs != 0)
        back->disk->settle(back->disk);
    for (u32 i = 0; i < back->queues; i++) {
        struct blk_queue *queue = &back->queue[i];

        port_unbind(queue->port);
        grant_ring_unmap(queue->place);
    }
    back->queues = 0;
    grant_pool_end(&back->pool);
}

static void job_end(struct job *job, s16 status)
{
    struct blk_queue *queue = job->queue;
    struct blk_back *back = queue->back;

    for (u32 i = 0; i < job->slots; i++)
        grant_page_put(&back->pool, job->slot[i]);
    if (!queue->is_broken)
        blk_ring_answer(&queue->ring, &job->want, status);
    if (status != XEN_BLKIF_OKAY)
        back->errors++;
    back->requests++;
    back->jobs--;
    job->queue = NULL;
}

/* A disk has ended a request. Those that end while a queue is served are shown at its end. */
static void job_done(struct disk_request *request)
{
    struct job *job = (struct job *)(void *)request;
    struct blk_back *back = job->queue->back;

    if (request->status == ST_OK && request->op == DISK_READ)
        back->sectors_read += request->sectors;
    else if (request->status == ST_OK && request->op == DISK_WRITE)
        back->sectors_written += request->sectors;
    job_end(job, request->status == ST_OK ? XEN_BLKIF_OKAY : XEN_BLKIF_ERROR);
}

/* The list of an indirect request is read from its page once, into values. */
static enum status segments_fetch(struct grant_pool *pool, struct blk_request *want)
{
    enum status status;
    u16 slot;

    TRY(grant_page_get(pool, want->list_ref, GRANT_TO_READ, &slot));
    status = blk_segments_read(want, grant_page_at(slot));
    grant_page_put(pool, slot);
    return status;
}

/* The guest's pages as pieces of our memory; what was taken is given back by job_end(). */
static enum status pieces_make(struct grant_pool *pool, struct job *job)
{
    u32 access = job->request.op == DISK_READ ? GRANT_TO_READ | GRANT_TO_WRITE : GRANT_TO_READ;
    const struct blk_request *want = &job->want;

    for (u32 i = 0; i < want->segments; i++) {
        const struct blk_segment *segment = &want->segment[i];

        TRY(grant_page_get(pool, segment->ref, access, &job->slot[i]));
        job->slots++;
        job->piece[i] = (struct disk_piece){
            grant_page_at(job->slot[i]) + ((u32)segment->first << SECTORS_SHIFT),
            (u32)(segment->last - segment->first + 1) << SECTORS_SHIFT};
    }
    return ST_OK;
}

static enum disk_op disk_op_of(const struct blk_request *want)
{
    switch (want->op) {
    case XEN_BLKIF_READ:
        return DISK_READ;
    case XEN_BLKIF_DISCARD:
        return DISK_DISCARD;
    case XEN_BLKIF_FLUSH:
        return want->segments != 0 ? DISK_WRITE : DISK_FLUSH;
    default:
        return DISK_WRITE;
    }
}

static void job_start(struct job *job)
{
    struct blk_back *back = job->queue->back;
    struct blk_request *want = &job->want;
    enum status status = ST_OK;

    if (want->is_indirect)
        status = segments_fetch(&back->pool, want);
    job->request = (struct disk_request){
        .op = disk_op_of(want),
        .is_lasting = want->op == XEN_BLKIF_FLUSH,
        .sector = want->sector,
        .sectors = want->sectors,
        .piece = job->piece,
        .pieces = want->segments,
        .done = job_done,
    };
    if (status == ST_OK && back->access == BLK_READ_ONLY && job->request.op != DISK_READ &&
        job->request.op != DISK_FLUSH)
        status = ST_DENIED;
    if (status == ST_OK)
        status = pieces_make(&back->pool, job);
    if (status == ST_OK)
        disk_submit(back->disk, &job->request);
    else
        job_end(job, XEN_BLKIF_ERROR);
}

/* One request out of the ring; false when there is none, or no job for it. */
static bool request_serve(struct blk_queue *queue)
{
    struct job *job = job_find(queue->back);
    enum status status;

    if (!job) {
        queue->is_busy = true;
        return false;
    }
    status = blk_ring_take(&queue->ring, &job->want);
    if (status == ST_NO_DATA)
        return false;
    if (status == ST_CORRUPT) {
        queue->is_broken = true;
        return false;
    }
    job->queue = queue;
    job->slots = 0;
    queue->back->jobs++;
    if (status == ST_OK)
        job_start(job);
    else
        job_end(job, status == ST_UNSUPPORTED ? XEN_BLKIF_EOPNOTSUPP : XEN_BLKIF_ERROR);
    return true;
}

static void queue_serve(struct blk_queue *queue)
{
    u32 count = 0;

    if (queue->is_broken)
        return;
    queue->is_busy = false;
    do {
        while (count < ROUND && request_serve(queue))
            count++;
        if (queue->is_broken || queue->is_busy)
            break;
        queue->is_busy = count >= ROUND;
    } while (!queue->is_busy && xen_ring_sleep(&queue->ring.ring, 1));
    if (!queue->is_broken && xen_ring_push(&queue->ring.ring))
        port_signal(queue->port);
}

bool blk_port_serve(struct blk_back *back, u32 port)
{
    for (u32 i = 0; i < back->queues; i++) {
        if (back->queue[i].port == port) {
            queue_serve(&back->queue[i]);
            return true;
        }
    }
    return false;
}

bool blk_continue(struct blk_back *back)
{
    bool is_busy = false;

    for (u32 i = 0; i < back->queues; i++) {
        struct blk_queue *queue = &back->queue[i];

        if (queue->is_busy)
            queue_serve(queue);
        if (!queue->is_broken && xen_ring_push(&queue->ring.ring))
            port_signal(queue->port);
        is_busy |= queue->is_busy && !queue->is_broken;
    }
    return is_busy;
}
