#include "guest-drivers/service/virtio.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/platform.h"
#include "guest-drivers/service/virtio_ring.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define DEVICE_WINDOW (GUEST_WINDOW + ((u64)3 << 30))
#define DEVICE_SPACE  ((u64)1 << 20) /* of the window, for one device */
#define SLOTS         16u            /* requests under way on one device */
#define PCI_COMMAND   4u
#define PCI_BAR       16u
#define PCI_CAPS      52u
#define PCI_ADDRESSES 256u /* the devices and functions of bus 0 */

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
    volatile struct virtio_common *common;
    volatile u16 *notify;
    u8 mapped[6]; /* base address registers */
    u32 index;
    u64 features;
    u16 used;                          /* entries seen */
    u32 busy;                          /* slots under way, as bits */
    struct disk_request *first, *last; /* that wait for a slot */
    char serial[VIRTIO_SERIAL_BYTES + 1];
    _Alignas(4096) struct virtq_desc desc[VIRTQ_ENTRIES];
    _Alignas(2048) struct virtq_avail avail;
    _Alignas(2048) volatile struct virtq_used ring;
    _Alignas(4096) struct slot slot[SLOTS];
};

static struct virtio_disk *disks[VIRTIO_DISKS_MAX];
static u32 disk_count;

/* ---- PCI --------------------------------------------------------------------------------- */

static u32 pci_get(u16 address, u8 offset, u8 bytes)
{
    struct native_pci in = {.address = address, .offset = offset, .bytes = bytes};
    struct native_pci_value out;

    return call_pci_read(&in, &out) == ST_OK ? out.value : ~0u;
}

static void pci_put(u16 address, u8 offset, u8 bytes, u32 value)
{
    struct native_pci in = {
        .address = address, .offset = offset, .bytes = bytes, .value = value};

    (void)call_pci_write(&in, NULL);
}

/* The machine address a memory register of the device was given; 0 if it is no such one. */
static u64 bar_address(u16 address, u8 bar)
{
    u32 low = pci_get(address, (u8)(PCI_BAR + bar * 4), 4);

    if (bar > 5 || (low & 1))
        return 0;
    if ((low & 6) != 4)
        return low & ~0xfu;
    return (low & ~0xfu) | (u64)pci_get(address, (u8)(PCI_BAR + bar * 4 + 4), 4) << 32;
}

/* Registers of the device as memory of ours; NULL when they cannot be mapped. */
static volatile u8 *registers_map(struct virtio_disk *disk, u16 address, u8 bar, u32 offset,
                                  u32 bytes)
{
    u64 window = DEVICE_WINDOW + disk->index * DEVICE_SPACE;
    struct native_device_map in = {.machine = bar_address(address, bar), .local_at = window};

    if (in.machine == 0 || bar > 5 || (u64)offset + bytes > DEVICE_SPACE / 4)
        return NULL;
    in.local_at += bar * (DEVICE_SPACE / 8);
    in.bytes = DEVICE_SPACE / 8;
    /* As a rule all structures are in one register of 16 KiB. */
    in.bytes = MIN(in.bytes, (u64)16 << 10);
    if ((u64)offset + bytes > in.bytes)
        return NULL;
    if (!disk->mapped[bar] && call_device_map(&in, NULL) != ST_OK)
        return NULL;
    disk->mapped[bar] = 1;
    return (volatile u8 *)guest_pointer(in.local_at) + offset;
}

/* Maps what the vendor capabilities name. Returns the device's own configuration. */
static volatile u8 *structures_find(struct virtio_disk *disk, u16 address, u32 *multiplier,
                                    volatile u8 **notify)
{
    volatile u8 *config = NULL;
    u8 cap = (u8)pci_get(address, PCI_CAPS, 1);

    for (u32 i = 0; cap >= 64 && i < 48; i++, cap = (u8)pci_get(address, (u8)(cap + 1), 1)) {
        u8 kind = (u8)pci_get(address, (u8)(cap + 3), 1);
        u8 bar = (u8)pci_get(address, (u8)(cap + 4), 1);
        u32 offset, bytes;
        volatile u8 *at;

        cap &= 0xfc;
        if (pci_get(address, cap, 1) != VIRTIO_CAP_VENDOR ||
            (kind != VIRTIO_CAP_COMMON && kind != VIRTIO_CAP_NOTIFY &&
             kind != VIRTIO_CAP_DEVICE))
            continue;
        offset = pci_get(address, (u8)(cap + 8), 4);
        bytes = MIN(pci_get(address, (u8)(cap + 12), 4), 4096u);
        at = registers_map(disk, address, bar, offset, bytes);
        if (kind == VIRTIO_CAP_COMMON)
            disk->common = (volatile struct virtio_common *)(volatile void *)at;
        else if (kind == VIRTIO_CAP_DEVICE)
            config = at;
        else
            *notify = at;
        if (kind == VIRTIO_CAP_NOTIFY)
            *multiplier = pci_get(address, (u8)(cap + 16), 4);
    }
    return config;
}

/* ---- the queue --------------------------------------------------------------------------- */

static void queue_address(volatile u32 *to, const volatile void *from)
{
    u64 machine = machine_address(from);

    to[0] = (u32)machine;
    to[1] = (u32)(machine >> 32);
}

static enum status queue_start(struct virtio_disk *disk, volatile u8 *notify, u32 multiplier)
{
    volatile struct virtio_common *common = disk->common;

    common->queue_select = 0;
    if (common->queue_size < VIRTQ_ENTRIES)
        return ST_UNSUPPORTED;
    common->queue_size = VIRTQ_ENTRIES;
    for (u32 i = 0; i < SLOTS; i++) {
        disk->slot[i].machine = machine_address(&disk->slot[i]);
        disk->desc[i].address = disk->slot[i].machine;
        disk->desc[i].flags = VIRTQ_INDIRECT;
    }
    disk->avail.flags = 1; /* no interrupts: we look */
    queue_address(common->queue_desc, disk->desc);
    queue_address(common->queue_driver, &disk->avail);
    queue_address(common->queue_device, &disk->ring);
    disk->notify =
        (volatile u16 *)(volatile void *)(notify + (u64)common->queue_notify_off * multiplier);
    common->queue_enable = 1;
    return ST_OK;
}

/* Agrees on features. [virtio 1.1, 3.1.1] */
static enum status features_agree(struct virtio_disk *disk)
{
    volatile struct virtio_common *common = disk->common;
    u64 offered, wanted;

    common->device_status = 0;
    while (common->device_status != 0)
        ;
    common->device_status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
    common->device_feature_select = 0;
    offered = common->device_feature;
    common->device_feature_select = 1;
    offered |= (u64)common->device_feature << 32;
    wanted = VIRTIO_F_VERSION | VIRTIO_F_INDIRECT;
    if ((offered & wanted) != wanted)
        return ST_UNSUPPORTED;
    disk->features = offered & (wanted | VIRTIO_BLK_FLUSH | VIRTIO_BLK_RO);
    common->driver_feature_select = 0;
    common->driver_feature = (u32)disk->features;
    common->driver_feature_select = 1;
    common->driver_feature = (u32)(disk->features >> 32);
    common->device_status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;
    return (common->device_status & VIRTIO_FEATURES_OK) ? ST_OK : ST_UNSUPPORTED;
}

/* ---- requests ---------------------------------------------------------------------------- */

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
    disk->desc[which].bytes = (count + 2) * (u32)sizeof(struct virtq_desc);
    disk->busy |= 1u << which;
    disk->avail.ring[disk->avail.index % VIRTQ_ENTRIES] = (u16)which;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    disk->avail.index++;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(disk->ring.flags & 1))
        *disk->notify = 0;
}

static void request_start(struct virtio_disk *disk, u32 which, struct disk_request *request)
{
    struct slot *slot = &disk->slot[which];
    bool is_read = request->op == DISK_READ;
    u32 count = 0;

    slot->request = request;
    if (request->op == DISK_FLUSH) {
        slot_start(disk, which, VIRTIO_BLK_T_FLUSH, 0, 0);
        return;
    }
    for (; count < request->pieces; count++)
        desc_put(slot, count + 1, machine_address(request->piece[count].at),
                 request->piece[count].bytes, is_read ? VIRTQ_WRITE : 0);
    slot_start(disk, which, is_read ? VIRTIO_BLK_IN : VIRTIO_BLK_OUT, request->sector, count);
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
        (request->op == DISK_FLUSH && !(disk->features & VIRTIO_BLK_FLUSH))) {
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
        slot->head.type == VIRTIO_BLK_OUT && (disk->features & VIRTIO_BLK_FLUSH)) {
        slot->request = request;
        slot_start(disk, which, VIRTIO_BLK_T_FLUSH, 0, 0);
        return;
    }
    request->done(request);
}

static void disk_poll(struct virtio_disk *disk)
{
    while (disk->used != __atomic_load_n(&disk->ring.index, __ATOMIC_ACQUIRE)) {
        u32 id = disk->ring.ring[disk->used % VIRTQ_ENTRIES].id;

        disk->used++;
        if (id < SLOTS && (disk->busy & 1u << id))
            slot_end(disk, id);
    }
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

static enum status disk_start(struct virtio_disk *disk, u16 address)
{
    volatile u8 *notify = NULL;
    volatile u8 *config;
    u32 multiplier = 0;

    pci_put(address, PCI_COMMAND, 2, pci_get(address, PCI_COMMAND, 2) | 6); /* memory, master */
    config = structures_find(disk, address, &multiplier, &notify);
    if (!disk->common || !config || !notify)
        return ST_NO_DEVICE;
    TRY(features_agree(disk));
    TRY(queue_start(disk, notify, multiplier));
    disk->common->device_status |= VIRTIO_DRIVER_OK;
    disk->disk = (struct disk){
        .sectors = *(volatile u64 *)(volatile void *)config,
        .flags = (disk->features & VIRTIO_BLK_RO) ? DISK_READONLY : 0,
        .submit = virtio_submit,
        .settle = virtio_settle,
        .own = disk,
    };
    serial_read_in(disk);
    return ST_OK;
}

/* Memory for a device's queue: of its own, zeroed, in one piece. */
static struct virtio_disk *disk_memory(u32 index)
{
    u64 at = DEVICE_WINDOW + index * DEVICE_SPACE + DEVICE_SPACE / 8 * 7;
    struct native_memory_populate in = {0, NATIVE_READ | NATIVE_WRITE, at,
                                        align_up(sizeof(struct virtio_disk), PAGE_SIZE)};

    return call_memory_populate(&in, NULL) == ST_OK ? guest_pointer(at) : NULL;
}

void virtio_disks_init(void)
{
    u32 found = 0;

    for (u32 address = 0; address < PCI_ADDRESSES && found < VIRTIO_DISKS_MAX; address++) {
        u32 id = pci_get((u16)address, 0, 4);
        struct virtio_disk *disk;
        enum status status;

        if (id != (VIRTIO_VENDOR | VIRTIO_BLOCK_MODERN << 16) &&
            id != (VIRTIO_VENDOR | VIRTIO_BLOCK_BOTH << 16))
            continue;
        disk = disk_memory(found);
        if (!disk)
            return;
        disk->index = found++;
        status = disk_start(disk, (u16)address);
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
