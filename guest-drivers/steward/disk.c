#include "guest-drivers/steward/disk.h"
#include "guest-drivers/service/blk.h"
#include "guest-drivers/service/bus.h"
#include "guest-drivers/service/virtio_disk.h"
#include "guest-drivers/steward/disk_config.h"
#include "guest-drivers/steward/life.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define VBDS_MAX   32u
#define IMAGES_MAX 32u
#define ROLE       "disk"
#define ROLE_DRIVE "drive"

#define IS_USED                                                                                \
    "the image is used elsewhere and one of the users writes; copy it, or give both access=r"

/* An image, however many guests read it, now or one after the other. */
struct image {
    const struct module *module; /* NULL: free */
    struct disk *disk;
    struct disk memory; /* where it is in memory */
};

struct vbd {
    struct bus_device bus;
    struct blk_back back;
    struct guest *guest; /* NULL: free */
};

static struct image images[IMAGES_MAX];
static struct vbd vbds[VBDS_MAX];

/* A drive of the machine: the module holds its serial number. */
static struct disk *drive_find(const struct module *module)
{
    char serial[VIRTIO_SERIAL_BYTES + 1];
    u64 length = MIN(module->size, (u64)VIRTIO_SERIAL_BYTES);

    memcpy(serial, module->bytes, length);
    serial[length] = 0;
    for (u64 i = 0; i < length; i++)
        if (serial[i] == '\n')
            serial[i] = 0;
    return virtio_disk_find(serial);
}

static struct image *image_find(struct text target)
{
    const struct module *module = module_find(ROLE, target);
    const struct module *drive = module_find(ROLE_DRIVE, target);
    struct image *image = NULL;

    module = module ? module : drive;
    for (u32 i = 0; module && i < IMAGES_MAX; i++) {
        if (images[i].module == module)
            return &images[i];
        if (!images[i].module && !image)
            image = &images[i];
    }
    if (!module || !image)
        return NULL;
    image->module = module;
    image->disk = &image->memory;
    if (module == drive)
        image->disk = drive_find(drive);
    else /* the steward alone has this memory: the module is written in place */
        memory_disk_make(&image->memory, (u8 *)(uintptr_t)module->bytes, module->size,
                         DISK_DISCARDS);
    return image;
}

struct disk *disks_find(struct text target)
{
    const struct image *image = image_find(target);

    return image ? image->disk : NULL;
}

static void refuse(struct config *config, struct text entry, const char *trouble)
{
    config_refuse(config, KEY_DISK, "disk = '%.*s': %s", SHOW(entry), trouble);
}

void disks_init(void)
{
    struct text any = {0};

    if (module_find(ROLE_DRIVE, any))
        virtio_disks_init();
}

/* Both entries mean one image, and one of them writes. */
static bool is_conflict(struct text one, struct text other)
{
    struct disk_config a, b;

    return !disk_config_read(one, &a) && !disk_config_read(other, &b) &&
           image_find(a.target) == image_find(b.target) && !(a.is_readonly && b.is_readonly);
}

void disks_check(struct config *config)
{
    const struct text_list *list = &config->list[0];
    struct disk_config disk, other;

    for (u32 i = 0; i < list->count && !config->is_refused; i++) {
        const char *trouble = disk_config_read(list->item[i], &disk);
        struct image *image = trouble ? NULL : image_find(disk.target);

        for (u32 k = 0; !trouble && k < i; k++)
            if (!disk_config_read(list->item[k], &other) && other.number == disk.number)
                trouble = "the virtual device is taken by another disk; choose another";
        if (!trouble && !image)
            trouble = "no such image came with the boot modules; check the path";
        if (!trouble && !image->disk)
            trouble = "the machine has no such drive; it is a mistake in the launcher";
        if (!trouble && !disk.is_raw && image->disk == &image->memory)
            trouble = "an image in memory must be raw; convert it: qemu-img convert";
        if (!trouble && image->disk->sectors == 0)
            trouble = "the image is empty; copy it again";
        for (u32 k = 0; !trouble && k < i; k++)
            if (is_conflict(list->item[i], list->item[k]))
                trouble = IS_USED;
        if (trouble)
            refuse(config, list->item[i], trouble);
    }
}

/* The entry of `mine` whose image a guest of `others` uses; NULL: none. */
static const struct text *conflict_find(const struct text_list *mine,
                                        const struct text_list *others)
{
    for (u32 i = 0; i < mine->count; i++)
        for (u32 k = 0; k < others->count; k++)
            if (is_conflict(mine->item[i], others->item[k]))
                return &mine->item[i];
    return NULL;
}

enum status disks_claim(struct guest *guest)
{
    const struct text *entry = NULL;

    for (u32 i = 0; i < steward.guest_count && !entry; i++) {
        const struct guest *other = &steward.guest[i];

        if (other != guest && other->partition != 0)
            entry = conflict_find(&guest->config->list[0], &other->config->list[0]);
    }
    if (!entry)
        return ST_OK;
    refuse(guest->config, *entry, IS_USED);
    return ST_BUSY;
}

static enum status refs_read(struct bus_device *bus, u32 queues, u32 queue,
                             struct blk_offer *offer)
{
    char name[16];
    u32 order;

    offer->pages = 1;
    if (bus_get_number(bus, "ring-page-order", 4, &order) != ST_OK)
        return bus_get_of_queue(bus, queues, queue, "ring-ref", &offer->refs[0]);
    offer->pages = 1u << order;
    for (u32 i = 0; i < offer->pages; i++) {
        format(name, sizeof(name), "ring-ref%u", i);
        TRY(bus_get_of_queue(bus, queues, queue, name, &offer->refs[i]));
    }
    return ST_OK;
}

static enum status layout_read(struct bus_device *bus, enum blk_layout *out)
{
    char protocol[24];

    *out = BLK_64;
    if (bus_get(bus, "protocol", protocol, sizeof(protocol)) != ST_OK)
        return ST_OK;
    if (strcmp(protocol, "x86_32-abi") == 0)
        *out = BLK_32;
    else if (strcmp(protocol, "x86_64-abi") != 0)
        return ST_UNSUPPORTED;
    return ST_OK;
}

static enum status queues_open(struct vbd *vbd)
{
    struct bus_device *bus = &vbd->bus;
    struct blk_offer offer;
    u32 keeps = 0;
    u32 queues = 1;

    TRY(layout_read(bus, &offer.layout));
    (void)bus_get_number(bus, "feature-persistent", 1, &keeps);
    vbd->back.pool.keeps = keeps;
    if (bus_get_number(bus, "multi-queue-num-queues", BLK_QUEUES_MAX, &queues) == ST_INVALID ||
        queues == 0)
        return ST_INVALID;
    for (u32 i = 0; i < queues; i++) {
        TRY(refs_read(bus, queues, i, &offer));
        TRY(bus_get_of_queue(bus, queues, i, "event-channel", &offer.port));
        TRY(blk_queue_open(&vbd->back, &offer));
    }
    return ST_OK;
}

static void vbd_close(struct bus_device *bus)
{
    struct vbd *vbd = (struct vbd *)(void *)bus; /* its first member */

    blk_back_close(&vbd->back);
}

static enum status vbd_open(struct bus_device *bus)
{
    struct vbd *vbd = (struct vbd *)(void *)bus;

    return life_rings_opened(vbd->guest, "disk", bus->id, queues_open(vbd));
}

static enum status keys_put(struct vbd *vbd, const struct disk_config *config)
{
    struct bus_device *bus = &vbd->bus;
    const struct disk *disk = vbd->back.disk;
    u32 info = (config->is_readonly ? XEN_BLKIF_READONLY : 0) |
               (config->is_cdrom ? XEN_BLKIF_CDROM : 0);
    char name[16];

    format(name, sizeof(name), "%.*s", SHOW(config->vdev));
    TRY(bus_put(bus, "dev", name));
    TRY(bus_put(bus, "mode", config->is_readonly ? "r" : "w"));
    TRY(bus_put(bus, "type", "phy"));
    TRY(bus_put(bus, "device-type", config->is_cdrom ? "cdrom" : "disk"));
    TRY(bus_put_number(bus, "sectors", disk->sectors));
    TRY(bus_put_number(bus, "sector-size", SECTOR_BYTES));
    TRY(bus_put_number(bus, "physical-sector-size", SECTOR_BYTES));
    TRY(bus_put_number(bus, "info", info));
    TRY(bus_put(bus, "feature-barrier", "0"));
    TRY(bus_put(bus, "feature-flush-cache", "1"));
    if ((disk->flags & DISK_DISCARDS) && !config->is_readonly) {
        TRY(bus_put(bus, "feature-discard", "1"));
        TRY(bus_put_number(bus, "discard-granularity", SECTOR_BYTES));
        TRY(bus_put(bus, "discard-alignment", "0"));
        TRY(bus_put(bus, "discard-secure", "0"));
    }
    TRY(bus_put(bus, "feature-persistent", "1"));
    TRY(bus_put_number(bus, "feature-max-indirect-segments", BLK_SEGMENTS_MAX));
    TRY(bus_put_number(bus, "max-ring-page-order", 4));
    TRY(bus_put_number(bus, "multi-queue-max-queues", BLK_QUEUES_MAX));
    TRY(bus_front_put_number(bus, "virtual-device", bus->id));
    return bus_front_put(bus, "device-type", config->is_cdrom ? "cdrom" : "disk");
}

static enum status vbd_make(struct guest *guest, struct text entry)
{
    struct disk_config config;
    struct image *image;
    struct vbd *vbd = NULL;
    enum status status;

    for (u32 i = 0; i < VBDS_MAX && !vbd; i++)
        vbd = vbds[i].guest ? NULL : &vbds[i];
    if (!vbd)
        return ST_NO_SPACE;
    if (disk_config_read(entry, &config))
        return ST_INVALID;
    image = image_find(config.target);
    if (!image)
        return ST_NO_ENTRY;
    memset(vbd, 0, sizeof(*vbd));
    vbd->bus = (struct bus_device){.kind = "vbd",
                                   .partition = guest->partition,
                                   .id = config.number,
                                   .open = vbd_open,
                                   .close = vbd_close};
    blk_back_make(&vbd->back, image->disk, guest->partition, config.is_readonly);
    status = bus_device_add(&vbd->bus);
    if (status != ST_OK)
        return status;
    vbd->guest = guest;
    TRY(keys_put(vbd, &config));
    bus_state_set(&vbd->bus, BUS_INIT_WAIT);
    return ST_OK;
}

enum status disks_introduce(struct guest *guest)
{
    const struct text_list *list = &guest->config->list[0];

    for (u32 i = 0; i < list->count; i++)
        TRY(vbd_make(guest, list->item[i]));
    return ST_OK;
}

void disks_release(struct guest *guest)
{
    for (u32 i = 0; i < VBDS_MAX; i++) {
        struct vbd *vbd = &vbds[i];

        if (vbd->guest != guest)
            continue;
        if (steward.is_verbose)
            print("entente: guest %s: disk %u: %lu requests, %lu errors, read %lu KiB, "
                  "written %lu KiB\n",
                  guest->name, vbd->bus.id, (unsigned long)vbd->back.requests,
                  (unsigned long)vbd->back.errors, (unsigned long)vbd->back.sectors_read / 2,
                  (unsigned long)vbd->back.sectors_written / 2);
        vbd_close(&vbd->bus);
        bus_device_remove(&vbd->bus);
        vbd->guest = NULL;
    }
}

void disks_count(const struct guest *guest, struct disks_counts *out)
{
    *out = (struct disks_counts){0};
    for (u32 i = 0; i < VBDS_MAX; i++) {
        if (vbds[i].guest != guest)
            continue;
        out->requests += vbds[i].back.requests;
        out->read_bytes += vbds[i].back.sectors_read * SECTOR_BYTES;
        out->written_bytes += vbds[i].back.sectors_written * SECTOR_BYTES;
    }
}

bool disks_serve(u32 port)
{
    for (u32 i = 0; i < VBDS_MAX; i++)
        if (vbds[i].guest && blk_port_serve(&vbds[i].back, port))
            return true;
    return false;
}

enum disks_state disks_continue(void)
{
    bool is_busy = false;

    virtio_disks_poll();
    for (u32 i = 0; i < VBDS_MAX; i++)
        if (vbds[i].guest && vbds[i].bus.is_open)
            is_busy |= blk_continue(&vbds[i].back);
    /* What is under way now, requests that have only just been started included. Those that
     * found no room wait for it too. */
    if (virtio_disks_are_busy())
        return DISKS_WAIT;
    return is_busy ? DISKS_BUSY : DISKS_IDLE;
}
