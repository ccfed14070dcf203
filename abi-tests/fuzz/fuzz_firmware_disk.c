/* A guest that writes what it likes into the queues of its firmware's disks, their registers
 * and its memory, between and while they are served; one disk ends what it has when it is told.
 */
// sources: guest-drivers/service/firmware_disk.c guest-drivers/service/virtq_chain.c
// sources: guest-drivers/service/disk.c abi-tests/unit/fake_guest_memory.c
#include <stdlib.h>
#include <string.h>
#include "abi-tests/unit/fake_guest_memory.h"
#include "guest-drivers/service/firmware_disk.h"

#define SECTORS 600u
#define QUEUE   10u /* frame of the first device's */
#define DEVICES 3u  /* the second may only be read, the third is slow */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static u8 medium[SECTORS * SECTOR_BYTES], constant[SECTORS * SECTOR_BYTES];
static struct disk disk, readonly, slow;
static struct disk_request *held;
static struct guest_memory memory;
static struct native_firmware page;
static struct firmware_disks disks;

/* What a disk is given is whole sectors of it, in pages of the guest. */
static void slow_submit(struct disk *base, struct disk_request *request)
{
    u64 bytes = 0;

    for (u32 i = 0; i < request->pieces; i++) {
        const struct disk_piece *piece = &request->piece[i];
        u64 at = (u64)(piece->at - &fake_ram[0][0]);

        if (at >= sizeof(fake_ram) || at % 4096 + piece->bytes > 4096)
            abort();
        bytes += piece->bytes;
    }
    if (held || bytes != request->sectors * SECTOR_BYTES ||
        (request->op != DISK_FLUSH && request->sector + request->sectors > base->sectors))
        abort();
    held = request;
}

static void slow_end(enum status status)
{
    struct disk_request *request = held;

    held = NULL;
    if (!request)
        return;
    request->status = status;
    request->done(request);
}

static void slow_settle(struct disk *base)
{
    (void)base;
    slow_end(ST_OK);
}

static void begin(u8 how)
{
    fake_ram_reset();
    held = NULL;
    memory_disk_make(&disk, medium, sizeof(medium), 0);
    memory_disk_make(&readonly, constant, sizeof(constant), 0);
    slow = (struct disk){.sectors = SECTORS, .submit = slow_submit, .settle = slow_settle};
    firmware_disks_make(&disks, &memory, &page);
    if (firmware_disks_add(&disks, &disk, FIRMWARE_READ_WRITE, "a") != ST_OK ||
        firmware_disks_add(&disks, &readonly, FIRMWARE_READ_ONLY, "b") != ST_OK ||
        firmware_disks_add(&disks, &slow, FIRMWARE_READ_WRITE, "c") != ST_OK)
        abort();
    for (u32 i = 0; i < DEVICES; i++)
        page.disk[i].queue = QUEUE + 2 * i;
    if (how & 1)
        fake_pins_max = how >> 1;
}

/* A chain, so that not every one has to be found by chance: a head, up to 61 descriptors of
 * data by two bytes each, and a status. */
static void chain_put(u32 device, const u8 *bytes, u32 count)
{
    struct virtq_legacy *queue = (struct virtq_legacy *)(void *)fake_ram[QUEUE + 2 * device];
    struct virtio_blk_head head = {count > 0 ? bytes[0] & 15 : 0, 0, count > 1 ? bytes[1] : 0};
    u16 next = 1;

    memcpy(fake_ram[20], &head, sizeof(head));
    queue->desc[0] = (struct virtq_desc){20 * 4096, sizeof(head), VIRTQ_NEXT, 1};
    for (u32 i = 2; i + 2 <= count && next < 62; i += 2, next++)
        queue->desc[next] = (struct virtq_desc){bytes[i] * 2048u, (bytes[i + 1] & 0xfeu) * 256u,
                                                bytes[i + 1] & 1 ? 3 : 1, (u16)(next + 1)};
    queue->desc[next] = (struct virtq_desc){20 * 4096 + 100, 1, VIRTQ_WRITE, 0};
    queue->avail.ring[queue->avail.index++ % VIRTQ_ENTRIES] = 0;
}

static void registers_set(u32 device, const u8 *bytes, u32 count)
{
    u32 queue = count > 2 ? *bytes * 0x1010101u : *bytes;

    page.disk[device].driver_features = count > 1 ? bytes[1] * 0x100u : 0;
    page.disk[device].resets += *bytes & 1;
    page.disk[device].queue = queue;
}

static void serve(void)
{
    u32 rounds = 0;

    while (firmware_disks_serve(&disks) && !held)
        if (++rounds > 1000 * SECTORS)
            abort();
    /* Pages are in use while the slow disk has a request only. */
    if (!held && fake_pins != 0)
        abort();
}

/* Input: how to begin, then steps of {kind and device, where, count, bytes}. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const u8 zero[sizeof(constant)];
    size_t at = 1;

    if (size < 1)
        return 0;
    begin(bytes[0]);
    while (at + 3 <= size) {
        u8 kind = bytes[at];
        u32 device = (kind >> 4) % DEVICES;
        u32 place = (QUEUE + 2 * device) * 4096 + (u32)(kind >> 6) * 256 + bytes[at + 1] * 4u;
        u32 count = (u32)MIN((size_t)bytes[at + 2], size - at - 3);
        const u8 *from = bytes + at + 3;

        at += 3 + count;
        if ((kind & 7) == 0)
            memcpy(&fake_ram[0][0] + place, from, count);
        else if ((kind & 7) == 1)
            memcpy(fake_ram[20] + bytes[at - count - 2], from, count);
        else if ((kind & 7) == 2 && count > 0)
            registers_set(device, from, count);
        else if ((kind & 7) == 3)
            slow_end(kind & 8 ? ST_OK : ST_CORRUPT);
        else
            chain_put(device, from, count);
        if (!(kind & 8))
            serve();
    }
    firmware_disks_end(&disks);
    if (fake_pins != 0 || held || memcmp(constant, zero, sizeof(zero)) != 0)
        abort();
    return 0;
}
