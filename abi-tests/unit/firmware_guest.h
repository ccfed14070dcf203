/* The driver of a firmware's disks for one test program: the first may be written, the second
 * not, the third ends what it is asked for when it is told. It needs
 * abi-tests/unit/fake_guest_memory.c. */
#ifndef ABI_TESTS_UNIT_FIRMWARE_GUEST_H
#define ABI_TESTS_UNIT_FIRMWARE_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_guest_memory.h"
#include "guest-drivers/service/firmware_disk.h"

#define SECTORS 1024u
#define QUEUE   10u /* frames */
#define TALK    20u /* heads and status */
#define DATA    30u
#define STATUS  (TALK * 4096ul + 2048)
#define UNSAID  0xaau

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };

static u8 medium[SECTORS * SECTOR_BYTES];
static struct disk disk, slow;
static struct disk_request *held;
static enum status held_status;
static u32 settles;
static struct guest_memory memory;
static struct native_firmware page;
static struct firmware_disks disks;

static inline void slow_submit(struct disk *base, struct disk_request *request)
{
    (void)base;
    assert_null(held);
    held = request;
}

static inline void slow_end(void)
{
    struct disk_request *request = held;

    held = NULL;
    request->status = held_status;
    request->done(request);
}

static inline void slow_settle(struct disk *base)
{
    (void)base;
    if (++settles > 2 && held)
        slow_end();
}

static inline struct virtq_legacy *queue_at(u32 frame)
{
    return (struct virtq_legacy *)(void *)fake_ram[frame];
}

static inline struct virtq_used *used_at(u32 frame)
{
    return (struct virtq_used *)(void *)fake_ram[frame + 1];
}

static inline int setup(void **state)
{
    (void)state;
    fake_ram_reset();
    for (u32 i = 0; i < sizeof(medium); i++)
        medium[i] = (u8)(i / SECTOR_BYTES);
    held = NULL;
    held_status = ST_OK;
    settles = 0;
    memory_disk_make(&disk, medium, sizeof(medium), 0);
    slow = (struct disk){.sectors = SECTORS, .submit = slow_submit, .settle = slow_settle};
    memset(&page, 0xff, sizeof(page));
    firmware_disks_make(&disks, &memory, &page);
    if (firmware_disks_add(&disks, &disk, FIRMWARE_READ_WRITE, "xvda") != ST_OK ||
        firmware_disks_add(&disks, &disk, FIRMWARE_READ_ONLY, "a name of 20 letters.") ||
        firmware_disks_add(&disks, &slow, FIRMWARE_READ_WRITE, "slow") != ST_OK)
        return 1;
    for (u32 i = 0; i < 3; i++) {
        page.disk[i].queue = QUEUE + 2 * i;
        page.disk[i].driver_features = 1u << 9;
    }
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    firmware_disks_end(&disks);
    return fake_pins != 0 || held;
}

static inline void desc_set(u32 device, u16 i, u64 address, u32 bytes, u32 flags)
{
    queue_at(page.disk[device].queue)->desc[i] =
        (struct virtq_desc){address, bytes, (u16)flags, (u16)(i + 1)};
}

static inline void chain_put(u32 device, u16 first)
{
    struct virtq_legacy *queue = queue_at(page.disk[device].queue);

    queue->avail.ring[queue->avail.index++ % 64] = first;
}

/* A request with its head at descriptor `first`, data in one. */
static inline void request_put_at(u32 device, u16 first, u32 type, u64 sector, u64 address,
                                  u32 bytes)
{
    struct virtio_blk_head head = {type, 0, sector};
    u64 head_at = TALK * 4096 + first * 16u;
    u32 data_flags = NEXT | (type == 1 ? 0 : WRITE);

    memcpy(&fake_ram[TALK][first * 16], &head, sizeof(head));
    fake_ram[TALK][2048 + first] = UNSAID;
    desc_set(device, first, head_at, 16, NEXT);
    desc_set(device, (u16)(first + 1), address, bytes, data_flags);
    desc_set(device, (u16)(first + 2), STATUS + first, 1, WRITE);
    chain_put(device, first);
}

static inline void request_put(u32 device, u32 type, u64 sector, u64 address, u32 bytes)
{
    request_put_at(device, 0, type, sector, address, bytes);
}

static inline void serve(void)
{
    u32 rounds = 0;

    page.disk[0].isr = page.disk[1].isr = page.disk[2].isr = 0;
    while (firmware_disks_serve(&disks) && !held)
        assert_true(++rounds < 1000);
}

/* What the status byte says after a request that was answered by the next entry. */
static inline u8 answer(u32 device, u16 first, u32 bytes)
{
    struct virtq_used *used = used_at(page.disk[device].queue);
    u32 last = (used->index - 1u) % 64;

    assert_int_equal(used->index, queue_at(page.disk[device].queue)->avail.index);
    assert_int_equal(used->ring[last].id, first);
    assert_int_equal(used->ring[last].bytes, bytes);
    assert_int_equal(page.disk[device].isr, 1);
    return fake_ram[TALK][2048 + first];
}

static inline u8 request(u32 device, u32 type, u64 sector, u64 address, u32 bytes,
                         u32 used_bytes)
{
    request_put(device, type, sector, address, bytes);
    serve();
    return answer(device, 0, used_bytes);
}

static inline u8 ram_byte(u64 at)
{
    return fake_ram[at / 4096][at % 4096];
}

#endif
