/* A guest's storage driver for one test program: two disks that answer at once, and one that is
 * slow. It needs abi-tests/unit/fake_vmbus.c. */
#ifndef ABI_TESTS_UNIT_STORVSC_GUEST_H
#define ABI_TESTS_UNIT_STORVSC_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_vmbus.h"
#include "enlight/abi/storvsp.h"
#include "guest-drivers/service/storvsc.h"

#define SECTORS 1024u
#define PORT    (FAKE_PORT + 1)

static u8 medium[SECTORS * SECTOR_BYTES];
static struct disk disk, slow;
static struct disk_request *held[32];
static u32 held_count;
static struct guest_memory memory;
static struct vmbus bus;
static struct vmbus_channel channel;
static struct storvsc storvsc;
static struct fake_ring out, in;
static u64 next;
static struct storvsp_packet answer;

static inline void slow_submit(struct disk *base, struct disk_request *request)
{
    (void)base;
    held[held_count++] = request;
}

static inline void slow_settle(struct disk *base)
{
    (void)base;
    while (held_count != 0) {
        held_count--;
        held[held_count]->done(held[held_count]);
    }
}

static inline int setup(void **state)
{
    (void)state;
    fake_vmbus_reset();
    for (u32 i = 0; i < sizeof(medium); i++)
        medium[i] = (u8)(i / SECTOR_BYTES);
    held_count = 0;
    next = 0xffff888000000000;
    memory_disk_make(&disk, medium, sizeof(medium), DISK_DISCARDS);
    slow = (struct disk){.sectors = SECTORS, .submit = slow_submit, .settle = slow_settle};
    vmbus_make(&bus, &memory);
    storvsc_make(&storvsc, &channel, 3, 29);
    if (storvsc_unit_add(&storvsc, &disk, SCSI_READ_WRITE, "one") != ST_OK ||
        storvsc_unit_add(&storvsc, &disk, SCSI_READ_ONLY, "two") != ST_OK ||
        storvsc_unit_add(&storvsc, &slow, SCSI_READ_WRITE, "slow") != ST_OK ||
        vmbus_channel_offer(&bus, &channel) != ST_OK)
        return 1;
    return fake_channel_begin(&bus, &out, &in) ? 0 : 1;
}

static inline int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0 || storvsc.jobs != 0;
}

/* True when there was one, to the request before. */
static inline bool answer_take(u64 transaction)
{
    struct vmbus_packet_head head;

    memset(&answer, 0, sizeof(answer));
    if (fake_ring_take(&in, &head, &answer, sizeof(answer)) < 0)
        return false;
    assert_int_equal(head.type, VMBUS_PACKET_COMPLETION);
    assert_int_equal(head.transaction, transaction);
    assert_int_equal(answer.operation, STORVSP_COMPLETE_IO);
    return true;
}

static inline u32 say(struct storvsp_packet *packet)
{
    fake_ring_put(&out, VMBUS_PACKET_INBAND, ++next, NULL, 0, packet, sizeof(*packet));
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_true(answer_take(next));
    return answer.status;
}

static inline u32 say_operation(u32 operation, u16 version)
{
    struct storvsp_packet packet = {.operation = operation, .version = {version, 0}};

    return say(&packet);
}

static inline void initialise(void)
{
    assert_int_equal(say_operation(7, 0), 0);
    assert_int_equal(say_operation(9, 0x602), 0);
    assert_int_equal(say_operation(10, 0), 0);
    assert_int_equal(answer.properties.max_channels, 7);
    assert_int_equal(answer.properties.flags, 1);
    assert_int_equal(answer.properties.max_transfer_bytes, 63 * 4096);
    assert_int_equal(say_operation(8, 0), 0);
}

/* Puts a command about `bytes` of the guest's memory from `offset` of frame 30 on. */
static inline void command_put(u8 lun, const u8 *cdb, u8 cdb_bytes, u32 offset, u32 bytes)
{
    struct {
        struct vmbus_gpa_direct direct;
        struct vmbus_gpa_range range;
        u64 pfn[66];
    } __attribute__((packed)) more = {.direct = {0, 1}, .range = {bytes, offset}};
    struct storvsp_packet packet = {
        .operation = 3,
        .srb = {.length = 52, .lun = lun, .cdb_bytes = cdb_bytes, .data_bytes = bytes}};
    u32 pages = (offset + bytes + 4095) / 4096;

    for (u32 i = 0; i < pages; i++)
        more.pfn[i] = 30 + i;
    memcpy(packet.srb.cdb_or_sense, cdb, cdb_bytes);
    next++;
    if (bytes != 0)
        fake_ring_put(&out, VMBUS_PACKET_GPA_DIRECT, next, &more, 16 + pages * 8, &packet, 64);
    else
        fake_ring_put(&out, VMBUS_PACKET_INBAND, next, NULL, 0, &packet, 64);
}

static inline u32 command(u8 lun, const u8 *cdb, u8 cdb_bytes, u32 offset, u32 bytes)
{
    command_put(lun, cdb, cdb_bytes, offset, bytes);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_true(answer_take(next));
    assert_int_equal(answer.status, 0);
    return answer.srb.srb_status;
}
#define COMMAND(lun, offset, bytes, ...)                                                       \
    command(lun, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}), offset, bytes)

#endif
