#include "guest-drivers/service/firmware_disk.h"
#include "hv/lib/string.h"

_Static_assert(VIRTQ_ENTRIES == NATIVE_QUEUE_ENTRIES, "one size");

/* What a device does before the others have their turn. */
#define TURNS_MAX  4u
/* So much takes no more pages than a request has pieces, wherever it begins. */
#define STEP_BYTES (u32)((DISK_PIECES_MAX - 1) * PAGE_SIZE)

void firmware_disks_make(struct firmware_disks *disks, struct guest_memory *memory,
                         struct native_firmware *page)
{
    memset(disks, 0, sizeof(*disks));
    memset(page, 0, sizeof(*page));
    disks->memory = memory;
    disks->page = page;
}

enum status firmware_disks_add(struct firmware_disks *disks, struct disk *disk,
                               enum firmware_access access, const char *id)
{
    bool is_readonly = access == FIRMWARE_READ_ONLY || (disk->flags & DISK_READONLY);

    for (u32 i = 0; i < NATIVE_FIRMWARE_DISKS; i++) {
        struct firmware_disk *device = &disks->disk[i];

        if (device->disk)
            continue;
        device->all = disks;
        device->disk = disk;
        device->access = is_readonly ? FIRMWARE_READ_ONLY : FIRMWARE_READ_WRITE;
        device->page = &disks->page->disk[i];
        memcpy(device->id, id, strnlen(id, VIRTIO_BLK_ID_BYTES));
        device->page->sectors = disk->sectors;
        device->page->features = (u32)(VIRTIO_BLK_FLUSH | (is_readonly ? VIRTIO_BLK_RO : 0));
        return ST_OK;
    }
    return ST_NO_SPACE;
}

/* ---- memory of the guest ---- */

static enum status page_get(struct firmware_disk *device, u64 gfn, struct firmware_page *page)
{
    page->gfn = gfn;
    return guest_page_get(device->all->memory, gfn, &page->at);
}

static void page_put(struct firmware_disk *device, const struct firmware_page *page)
{
    guest_page_put(device->all->memory, page->gfn);
}

/* Bytes of the guest into a buffer of ours (DISK_WRITE) or back (DISK_READ). */
static enum status bytes_copy(struct firmware_disk *device, u64 address, u8 *ours, u32 bytes,
                              enum disk_op op)
{
    struct firmware_page page;

    for (u32 done = 0, count; done < bytes; done += count, address += count) {
        u64 offset = address & PAGE_MASK;

        count = (u32)MIN(PAGE_SIZE - offset, bytes - done);
        TRY(page_get(device, address >> PAGE_SHIFT, &page));
        if (op == DISK_WRITE)
            memcpy(ours + done, page.at + offset, count);
        else
            memcpy(page.at + offset, ours + done, count);
        page_put(device, &page);
    }
    return ST_OK;
}

static void pieces_put(struct firmware_disk *device)
{
    while (device->step.pieces != 0)
        guest_page_put(device->all->memory, device->request.gfn + --device->step.pieces);
}

/* The pages of a step as its pieces. */
static enum status pieces_get(struct firmware_disk *device, u64 address, u32 bytes)
{
    struct disk_request *step = &device->step;
    struct firmware_page page;

    device->request.gfn = address >> PAGE_SHIFT;
    for (u32 count; bytes != 0; bytes -= count, address += count) {
        u64 offset = address & PAGE_MASK;
        enum status status = page_get(device, device->request.gfn + step->pieces, &page);

        if (status != ST_OK) {
            pieces_put(device);
            return status;
        }
        count = (u32)MIN(PAGE_SIZE - offset, bytes);
        device->piece[step->pieces++] = (struct disk_piece){page.at + offset, count};
    }
    return ST_OK;
}

/* ---- requests ---- */

/* The request is none of ours any more. */
static void request_drop(struct firmware_disk *device)
{
    page_put(device, &device->request.used);
    page_put(device, &device->request.status);
    device->state = FIRMWARE_DISK_IDLE;
}

static void request_answer(struct firmware_disk *device)
{
    struct firmware_request *request = &device->request;
    const struct virtq_desc *last = &request->chain.desc[request->chain.count - 1];
    bool is_good = request->result == VIRTIO_BLK_OK;

    device->all->requests++;
    device->all->errors += !is_good;
    request->status.at[last->address & PAGE_MASK] = (u8)request->result;
    virtq_chain_return((struct virtq_used *)(void *)request->used.at, device->index++,
                       request->chain.first, is_good ? request->written + 1 : 0);
    (void)__atomic_fetch_or(&device->page->isr, VIRTIO_ISR_QUEUE, __ATOMIC_SEQ_CST);
    request_drop(device);
}

/* The disk has ended a step. */
static void step_done(struct disk_request *step)
{
    struct firmware_disk *device = (struct firmware_disk *)(void *)step;
    struct firmware_request *request = &device->request;

    pieces_put(device);
    device->state = FIRMWARE_DISK_WORKS;
    if (step->status != ST_OK) {
        request->result = VIRTIO_BLK_ERROR;
    } else if (step->op == DISK_READ) {
        request->written += (u32)(step->sectors * SECTOR_BYTES);
        device->all->sectors_read += step->sectors;
    } else if (step->op == DISK_WRITE) {
        device->all->sectors_written += step->sectors;
    }
    if (device->is_forgotten)
        request_drop(device);
}

/* Without the feature a driver takes it that what was written is on the medium.
 * [virtio 1.2 5.2.5.1] */
static bool is_lasting(const struct firmware_disk *device)
{
    u32 features = __atomic_load_n(&device->page->driver_features, __ATOMIC_RELAXED);

    return !(features & VIRTIO_BLK_FLUSH);
}

static void step_submit(struct firmware_disk *device, enum disk_op op, u32 sectors)
{
    struct firmware_request *request = &device->request;

    device->step.op = op;
    device->step.is_lasting = op == DISK_WRITE && is_lasting(device);
    device->step.sector = request->sector;
    device->step.sectors = sectors;
    device->step.piece = device->piece;
    device->step.done = step_done;
    request->sector += sectors;
    device->state = FIRMWARE_DISK_WAITS;
    device->is_forgotten = false;
    disk_submit(device->disk, &device->step);
}

/* Starts the next step; what there are no pages for has failed. */
static void step_start(struct firmware_disk *device)
{
    struct firmware_request *request = &device->request;
    const struct virtq_desc *data = &request->chain.desc[request->at];
    u64 address = data->address + request->begin;
    u32 bytes = MIN(data->bytes - request->begin, STEP_BYTES);

    if (pieces_get(device, address, bytes) != ST_OK) {
        request->result = VIRTIO_BLK_ERROR;
        return;
    }
    request->begin += bytes;
    step_submit(device, request->type == VIRTIO_BLK_IN ? DISK_READ : DISK_WRITE,
                bytes / SECTOR_BYTES);
}

/* Is there more to move? */
static bool request_advance(struct firmware_request *request)
{
    while (request->at < request->end &&
           request->begin == request->chain.desc[request->at].bytes) {
        request->at++;
        request->begin = 0;
    }
    return request->result == VIRTIO_BLK_OK && request->at < request->end;
}

/* ---- what requests ask for ---- */

/* Whole sectors in each descriptor, all of them in one direction and within the disk. */
static enum virtio_blk_status transfer_check(const struct firmware_disk *device)
{
    const struct firmware_request *request = &device->request;
    u16 direction = request->type == VIRTIO_BLK_IN ? VIRTQ_WRITE : 0;
    u64 sectors = 0;

    if (direction == 0 && device->access == FIRMWARE_READ_ONLY)
        return VIRTIO_BLK_ERROR;
    for (u32 i = request->at; i < request->end; i++) {
        const struct virtq_desc *data = &request->chain.desc[i];

        if (data->bytes % SECTOR_BYTES != 0 || (data->flags & VIRTQ_WRITE) != direction)
            return VIRTIO_BLK_ERROR;
        sectors += data->bytes / SECTOR_BYTES;
    }
    if (request->sector > device->disk->sectors ||
        sectors > device->disk->sectors - request->sector)
        return VIRTIO_BLK_ERROR;
    return VIRTIO_BLK_OK;
}

/* Who the disk is, into the first descriptor of data. */
static enum virtio_blk_status id_give(struct firmware_disk *device)
{
    struct firmware_request *request = &device->request;
    const struct virtq_desc *data = &request->chain.desc[1];
    u32 bytes = MIN(data->bytes, VIRTIO_BLK_ID_BYTES);

    if (request->chain.count < 3 || !(data->flags & VIRTQ_WRITE) ||
        bytes_copy(device, data->address, device->id, bytes, DISK_READ) != ST_OK)
        return VIRTIO_BLK_ERROR;
    request->written = bytes;
    return VIRTIO_BLK_OK;
}

static void request_begin(struct firmware_disk *device, const struct virtio_blk_head *head)
{
    struct firmware_request *request = &device->request;

    device->state = FIRMWARE_DISK_WORKS;
    request->type = head->type;
    request->sector = head->sector;
    request->written = 0;
    request->begin = 0;
    request->at = 1;
    request->end = request->chain.count - 1;
    if (head->type == VIRTIO_BLK_IN || head->type == VIRTIO_BLK_OUT) {
        request->result = transfer_check(device);
        return;
    }
    request->at = request->end;
    request->result = VIRTIO_BLK_OK;
    if (head->type == VIRTIO_BLK_T_FLUSH)
        step_submit(device, DISK_FLUSH, 0);
    else if (head->type == VIRTIO_BLK_GET_ID)
        request->result = id_give(device);
    else
        request->result = VIRTIO_BLK_UNSUPPORTED;
}

/* ---- the queue ---- */

/* Drivers of the legacy interface give head and status each a descriptor of its own.
 * [virtio 1.2 5.2.6.4] */
static enum status chain_check(const struct virtq_chain *chain)
{
    const struct virtq_desc *head = &chain->desc[0];
    const struct virtq_desc *status = &chain->desc[chain->count - 1];

    if (chain->count < 2 || (head->flags & VIRTQ_WRITE) || !(status->flags & VIRTQ_WRITE) ||
        head->bytes != sizeof(struct virtio_blk_head) || status->bytes != 1)
        return ST_CORRUPT;
    return ST_OK;
}

/* Where the request will be answered, so that this cannot fail. */
static enum status answer_prepare(struct firmware_disk *device)
{
    struct firmware_request *request = &device->request;
    const struct virtq_desc *last = &request->chain.desc[request->chain.count - 1];
    enum status status;

    TRY(page_get(device, (u64)device->queue + 1, &request->used));
    status = page_get(device, last->address >> PAGE_SHIFT, &request->status);
    if (status != ST_OK)
        page_put(device, &request->used);
    return status;
}

/* All that is needed to understand and to answer a request, or nothing is changed. */
static enum status request_take(struct firmware_disk *device)
{
    struct virtio_blk_head head;
    struct firmware_page page;
    enum status status;

    if (device->queue == 0)
        return ST_NO_DATA;
    TRY(page_get(device, device->queue, &page));
    status = virtq_chain_take((const struct virtq_legacy *)(const void *)page.at, device->index,
                              &device->request.chain);
    page_put(device, &page);
    TRY(status);
    TRY(chain_check(&device->request.chain));
    TRY(bytes_copy(device, device->request.chain.desc[0].address, (u8 *)&head, sizeof(head),
                   DISK_WRITE));
    TRY(answer_prepare(device));
    request_begin(device, &head);
    return ST_OK;
}

/*
 * Another queue, or the same after a reset, begins anew; of requests to the one before nothing
 * is said. Legacy drivers need not say that they are ready. [virtio 1.2 3.1.2]
 */
static void queue_follow(struct firmware_disk *device)
{
    u32 resets = __atomic_load_n(&device->page->resets, __ATOMIC_ACQUIRE);
    u32 queue = __atomic_load_n(&device->page->queue, __ATOMIC_ACQUIRE);

    /* Reset just now: its next queue is seen when the guest tells of a request there. */
    if (__atomic_load_n(&device->page->resets, __ATOMIC_RELAXED) != resets)
        queue = 0;
    if (resets == device->resets && queue == device->queue)
        return;
    device->resets = resets;
    device->queue = queue;
    device->index = 0;
    if (device->state == FIRMWARE_DISK_WAITS)
        device->is_forgotten = true;
    else if (device->state == FIRMWARE_DISK_WORKS)
        request_drop(device);
    else
        device->state = FIRMWARE_DISK_IDLE;
}

/* False: there is nothing to do but to wait. */
static bool device_turn(struct firmware_disk *device)
{
    enum status status;

    queue_follow(device);
    if (device->state == FIRMWARE_DISK_WORKS) {
        if (request_advance(&device->request))
            step_start(device);
        else
            request_answer(device);
        return true;
    }
    if (device->state != FIRMWARE_DISK_IDLE)
        return false;
    status = request_take(device);
    if (status == ST_OK)
        return true;
    /* Pages that others of the guest have in use will be free again. */
    if (status != ST_NO_DATA && status != ST_AGAIN) {
        device->state = FIRMWARE_DISK_STOPPED;
        device->all->stops++;
    }
    return false;
}

bool firmware_disks_serve(struct firmware_disks *disks)
{
    bool is_busy = false;

    for (u32 i = 0; i < NATIVE_FIRMWARE_DISKS && disks->disk[i].disk; i++) {
        u32 turns = 0;

        while (turns < TURNS_MAX && device_turn(&disks->disk[i]))
            turns++;
        is_busy |= turns == TURNS_MAX || disks->disk[i].state == FIRMWARE_DISK_WAITS;
    }
    return is_busy;
}

void firmware_disks_end(struct firmware_disks *disks)
{
    for (u32 i = 0; i < NATIVE_FIRMWARE_DISKS && disks->disk[i].disk; i++) {
        struct firmware_disk *device = &disks->disk[i];

        while (device->state == FIRMWARE_DISK_WAITS)
            device->disk->settle(device->disk);
        if (device->state == FIRMWARE_DISK_WORKS)
            request_drop(device);
    }
}
