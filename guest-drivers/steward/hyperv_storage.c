#include "guest-drivers/steward/hyperv_storage.h"
#include "guest-drivers/steward/disk_config.h"
#include "guest-drivers/steward/life.h"
#include "hv/lib/format.h"
#include "hv/lib/print.h"

/* Firmware sees the first of them. */
static enum status firmware_add(struct hyperv_storage *storage, struct disk *disk,
                                bool is_readonly, const char *serial)
{
    enum status status = ST_OK;

    if (storage->guest->firmware)
        status =
            firmware_disks_add(&storage->firmware, disk,
                               is_readonly ? FIRMWARE_READ_ONLY : FIRMWARE_READ_WRITE, serial);
    return status == ST_NO_SPACE ? ST_OK : status;
}

static enum status unit_add(struct hyperv_storage *storage, struct text entry)
{
    struct disk_config config;
    char serial[SCSI_SERIAL_BYTES + 1];
    struct disk *disk;

    if (disk_config_read(entry, &config))
        return ST_INVALID;
    disk = disks_find(config.target);
    if (!disk)
        return ST_NO_ENTRY;
    format(serial, sizeof(serial), "%.*s", SHOW(config.vdev));
    TRY(storvsc_unit_add(&storage->controller, disk,
                         config.is_readonly ? SCSI_READ_ONLY : SCSI_READ_WRITE, serial));
    return firmware_add(storage, disk, config.is_readonly, serial);
}

enum status hyperv_storage_offer(struct hyperv_storage *storage, struct guest *guest,
                                 struct vmbus *bus)
{
    const struct text_list *list = &guest->config->list[0];

    if (list->count == 0)
        return ST_OK;
    storage->guest = guest;
    storvsc_make(&storage->controller, &storage->channel, 0, guest->config->vcpus);
    if (guest->firmware)
        firmware_disks_make(&storage->firmware, bus->memory, guest->firmware);
    for (u32 i = 0; i < list->count; i++)
        TRY(unit_add(storage, list->item[i]));
    return vmbus_channel_offer(bus, &storage->channel);
}

static void counts_print(const struct guest *guest, const char *what, u64 requests, u64 errors,
                         u64 sectors_read, u64 sectors_written)
{
    print("entente: guest %s: %s: %lu requests, %lu errors, read %lu KiB, written %lu KiB\n",
          guest->name, what, (unsigned long)requests, (unsigned long)errors,
          (unsigned long)sectors_read / 2, (unsigned long)sectors_written / 2);
}

static void storage_print(const struct hyperv_storage *storage)
{
    const struct storvsc *controller = &storage->controller;
    const struct firmware_disks *firmware = &storage->firmware;

    if (storage->guest->firmware)
        counts_print(storage->guest, "firmware", firmware->requests, firmware->errors,
                     firmware->sectors_read, firmware->sectors_written);
    counts_print(storage->guest, "storage", controller->requests, controller->errors,
                 controller->sectors_read, controller->sectors_written);
}

void hyperv_storage_end(struct hyperv_storage *storage)
{
    if (storage->guest && steward.is_verbose)
        storage_print(storage);
    firmware_disks_end(&storage->firmware);
}

void hyperv_storage_count(const struct hyperv_storage *storage, struct disks_counts *counts)
{
    const struct storvsc *controller = &storage->controller;
    const struct firmware_disks *firmware = &storage->firmware;

    counts->requests += controller->requests + firmware->requests;
    counts->read_bytes += (controller->sectors_read + firmware->sectors_read) * SECTOR_BYTES;
    counts->written_bytes +=
        (controller->sectors_written + firmware->sectors_written) * SECTOR_BYTES;
}

bool hyperv_storage_continue(struct hyperv_storage *storage)
{
    bool is_busy = firmware_disks_serve(&storage->firmware);
    u64 stops = storage->firmware.stops;

    if (stops != storage->stops && life_may_warn(storage->guest))
        print("entente: warning: guest %s: the queue of a disk of its firmware makes no sense; "
              "the disk waits for a reset\n",
              storage->guest->name);
    storage->stops = stops;
    return is_busy;
}
