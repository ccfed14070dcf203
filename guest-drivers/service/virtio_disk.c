#include "guest-drivers/service/virtio_disk.h"
#include "guest-drivers/service/platform.h"
#include "guest-drivers/service/virtio.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define SLOTS 16u /* requests under way on one device */

/* What the device reads and writes for one request; in one page. */
struct slot {
    struct virtq_desc desc[DISK_PIECES_MAX + 2];
    struct virtio_blk_head head;
    u8 status;
    u8 pad[7];
    u64 machine; /* of this structure */
    struct disk_request *request;
    u8 unused[2048 - (DISK_PIECES_MAX + 2) * 16 - 40];
};
_Static_assert(sizeof(struct slot) == 2048, "two to a page");

struct virtio_disk {
    struct disk disk;
    struct virtio_device device;
    u32 busy;                          /* slots under way, as bits */
    struct disk_request *first, *last; /* that wait for a slot */
    char serial[VIRTIO_SERIAL_BYTES + 1];
    _Alignas(4096) struct virtio_queue queue;
    _Alignas(4096) struct slot slot[SLOTS];
};

static struct virtio_disk *disks[VIRTIO_DISKS_MAX];
static u32 disk_count;

static void desc_put(struct slot *slot, u32 i, u64 machine, u32 bytes, u16 flags)
{
    slot->desc[i] =
        (struct virtq_desc){machine, bytes, (u16)(flags | VIRTQ_NEXT), (u16)(i + 1)};
}

static void slot_start(struct virtio_disk *disk, u32 which, u32 type, u64 sector, u32 count)
{
    struct slot *slot = &disk->slot[which];

    slot->head = (struct virtio_blk_head){.type = type, .sector = sector};
    slot->status = 0xff;
    desc_put(slot, 0, slot->machine + offsetof(struct slot, head), sizeof(slot->head), 0);
    desc_put(slot, count + 1, slot->machine + offsetof(struct slot, status), 1, VIRTQ_WRITE);
    slot->desc[count + 1].flags = VIRTQ_WRITE;
    disk->queue.desc[which].bytes = (count + 2) * (u32)sizeof(struct virtq_desc);
    disk->busy |= 1u << which;
    virtio_queue_put(&disk->queue, (u16)which);
    virtio_queue_ring(&disk->queue);
}

/* False: one of them is not mapped. */
static bool pieces_put(struct slot *slot, const struct disk_request *request)
{
    for (u32 i = 0; i < request->pieces; i++) {
        u64 machine = machine_address(request->piece[i].at);

        if (machine == 0)
            return false;
        desc_put(slot, i + 1, machine, request->piece[i].bytes,
                 request->op == DISK_READ ? VIRTQ_WRITE : 0);
    }
    return true;
}

static void request_start(struct virtio_disk *disk, u32 which, struct disk_request *request)
{
    struct slot *slot = &disk->slot[which];

    slot->request = request;
    if (request->op == DISK_FLUSH) {
        slot_start(disk, which, VIRTIO_BLK_T_FLUSH, 0, 0);
        return;
    }
    if (!pieces_put(slot, request)) {
        request->status = ST_FAULT;
        request->done(request);
        return;
    }
    slot_start(disk, which, request->op == DISK_READ ? VIRTIO_BLK_IN : VIRTIO_BLK_OUT,
               request->sector, request->pieces);
}

static void waiting_start(struct virtio_disk *disk)
{
    while (disk->first && disk->busy != (1u << SLOTS) - 1) {
        struct disk_request *request = disk->first;

        disk->first = request->next;
        if (!disk->first)
            disk->last = NULL;
        request_start(disk, (u32)__builtin_ctz(~disk->busy), request);
    }
}

static void request_append(struct virtio_disk *disk, struct disk_request *request)
{
    request->next = NULL;
    if (disk->last)
        disk->last->next = request;
    else
        disk->first = request;
    disk->last = request;
    waiting_start(disk);
}

static void virtio_submit(struct disk *base, struct disk_request *request)
{
    struct virtio_disk *disk = base->own;

    request->status = ST_OK;
    if (request->op == DISK_DISCARD ||
        (request->op == DISK_FLUSH && !(disk->device.features & VIRTIO_BLK_FLUSH))) {
        request->done(request);
        return;
    }
    request_append(disk, request);
}

/* A lasting write goes round once more, as a flush. */
static void slot_end(struct virtio_disk *disk, u32 which)
{
    struct slot *slot = &disk->slot[which];
    struct disk_request *request = slot->request;

    disk->busy &= ~(1u << which);
    slot->request = NULL;
    if (!request)
        return;
    if (slot->status != 0)
        request->status = ST_CORRUPT;
    if (request->is_lasting && request->op == DISK_WRITE && request->status == ST_OK &&
        slot->head.type == VIRTIO_BLK_OUT && (disk->device.features & VIRTIO_BLK_FLUSH)) {
        slot->request = request;
        slot_start(disk, which, VIRTIO_BLK_T_FLUSH, 0, 0);
        return;
    }
    request->done(request);
}

static void disk_poll(struct virtio_disk *disk)
{
    u32 id, bytes;

    while (virtio_queue_take(&disk->queue, &id, &bytes))
        if (id < SLOTS && (disk->busy & 1u << id))
            slot_end(disk, id);
    waiting_start(disk);
}

static bool disk_is_busy(const struct virtio_disk *disk)
{
    return disk->busy != 0 || disk->first;
}

static void virtio_settle(struct disk *base)
{
    disk_poll(base->own);
}

void virtio_disks_poll(void)
{
    for (u32 i = 0; i < disk_count; i++)
        disk_poll(disks[i]);
}

bool virtio_disks_are_busy(void)
{
    for (u32 i = 0; i < disk_count; i++)
        if (disk_is_busy(disks[i]))
            return true;
    return false;
}

/* ---- start ------------------------------------------------------------------------------- */

/* The serial number of the drive, by which the launcher names it. */
static void serial_read_in(struct virtio_disk *disk)
{
    disk->slot[0].request = NULL;
    desc_put(&disk->slot[0], 1, machine_address(disk->serial), VIRTIO_SERIAL_BYTES,
             VIRTQ_WRITE);
    slot_start(disk, 0, VIRTIO_BLK_GET_ID, 0, 1);
    while (disk_is_busy(disk))
        disk_poll(disk);
}

static void slots_prepare(struct virtio_disk *disk)
{
    for (u32 i = 0; i < SLOTS; i++) {
        disk->slot[i].machine = machine_address(&disk->slot[i]);
        disk->queue.desc[i].address = disk->slot[i].machine;
        disk->queue.desc[i].flags = VIRTQ_INDIRECT;
    }
}

static enum status disk_start(struct virtio_disk *disk, u32 address)
{
    TRY(virtio_start(&disk->device, address, VIRTIO_F_INDIRECT,
                     VIRTIO_BLK_FLUSH | VIRTIO_BLK_RO));
    TRY(virtio_queue_start(&disk->device, &disk->queue, 0, VIRTIO_TELLS));
    slots_prepare(disk);
    virtio_ready(&disk->device);
    disk->disk = (struct disk){
        .sectors = *(volatile u64 *)(volatile void *)disk->device.config,
        .flags = (disk->device.features & VIRTIO_BLK_RO) ? DISK_READONLY : 0,
        .submit = virtio_submit,
        .settle = virtio_settle,
        .own = disk,
    };
    serial_read_in(disk);
    return ST_OK;
}

void virtio_disks_init(void)
{
    for (u32 address = 0; disk_count < VIRTIO_DISKS_MAX &&
                          virtio_find(&address, VIRTIO_BLOCK_MODERN, VIRTIO_BLOCK_BOTH);
         address++) {
        struct virtio_disk *disk = platform_memory(sizeof(struct virtio_disk));
        enum status status = disk ? disk_start(disk, address) : ST_NO_MEMORY;

        if (status == ST_OK)
            disks[disk_count++] = disk;
        else
            print("entente: warning: the machine's disk at PCI %x.%x: %s\n", address >> 3,
                  address & 7, status_text(status));
    }
}

struct disk *virtio_disk_find(const char *serial)
{
    for (u32 i = 0; i < disk_count; i++)
        if (strcmp(disks[i]->serial, serial) == 0)
            return &disks[i]->disk;
    return NULL;
}
