/* The storage service, spoken to through its rings as Linux does, and as it does not. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c
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

static void slow_submit(struct disk *base, struct disk_request *request)
{
    (void)base;
    held[held_count++] = request;
}

static void slow_settle(struct disk *base)
{
    (void)base;
    while (held_count != 0) {
        held_count--;
        held[held_count]->done(held[held_count]);
    }
}

static int setup(void **state)
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

static int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0 || storvsc.jobs != 0;
}

/* True when there was one, to the request before. */
static bool answer_take(u64 transaction)
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

static u32 say(struct storvsp_packet *packet)
{
    fake_ring_put(&out, VMBUS_PACKET_INBAND, ++next, NULL, 0, packet, sizeof(*packet));
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_true(answer_take(next));
    return answer.status;
}

static u32 say_operation(u32 operation, u16 version)
{
    struct storvsp_packet packet = {.operation = operation, .version = {version, 0}};

    return say(&packet);
}

static void initialise(void)
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
static void command_put(u8 lun, const u8 *cdb, u8 cdb_bytes, u32 offset, u32 bytes)
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

static u32 command(u8 lun, const u8 *cdb, u8 cdb_bytes, u32 offset, u32 bytes)
{
    command_put(lun, cdb, cdb_bytes, offset, bytes);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_true(answer_take(next));
    assert_int_equal(answer.status, 0);
    return answer.srb.srb_status;
}
#define COMMAND(lun, offset, bytes, ...)                                                       \
    command(lun, (const u8[]){__VA_ARGS__}, sizeof((const u8[]){__VA_ARGS__}), offset, bytes)

static void test_handshake(void **state)
{
    (void)state;
    assert_int_equal(say_operation(9, 0x602), 0xc0000184); /* not begun */
    assert_int_equal(say_operation(8, 0), 0xc0000184);
    assert_int_equal(say_operation(7, 0), 0);
    assert_int_equal(say_operation(10, 0), 0xc0000184);
    assert_int_equal(say_operation(9, 0x700), 0xc0000059);
    assert_int_equal(say_operation(9, 0x402), 0xc0000059);
    assert_int_equal(say_operation(9, 0x200), 0xc0000059);
    assert_int_equal(say_operation(8, 0), 0xc0000184);
    assert_int_equal(say_operation(9, 0x501), 0);
    assert_int_equal(say_operation(9, 0x600), 0);
    initialise();
    assert_int_equal(say_operation(6, 0), 0);
    assert_int_equal(say_operation(12, 0), 0xc0000010);
    storvsc.sub_channels_max = 0; /* of few processors */
    assert_int_equal(say_operation(10, 0), 0);
    assert_int_equal(answer.properties.max_channels, 0);
    assert_int_equal(answer.properties.flags, 0);
    assert_int_equal(say_operation(99, 0), 0xc0000010);
}

/* What was agreed on ends with the channel; begun again, a version is agreed on again. */
static void test_begin_again(void **state)
{
    struct vmbus_relid message = {{VMBUS_CLOSE_CHANNEL, 0}, 1};

    (void)state;
    initialise();
    assert_int_equal(say_operation(7, 0), 0);
    assert_int_equal(say_operation(8, 0), 0xc0000184);
    initialise();
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    assert_true(fake_channel_begin(&bus, &out, &in));
    assert_int_equal(say_operation(8, 0), 0xc0000184);
    initialise();
}

static void test_units(void **state)
{
    (void)state;
    initialise();
    assert_int_equal(COMMAND(2, 0, 64, 0x12, 1, 0x80, 0, 64), 1);
    assert_memory_equal(fake_ram[30] + 4, "slow", 4);
    for (u32 i = 3; i < SCSI_UNITS_MAX; i++)
        assert_int_equal(storvsc_unit_add(&storvsc, &disk, SCSI_READ_WRITE, "x"), ST_OK);
    assert_int_equal(storvsc_unit_add(&storvsc, &disk, SCSI_READ_WRITE, "x"), ST_NO_SPACE);
}

/* A guest whose two rings are the same pages sees to it that our answers come back to us. */
static void test_completions_are_not_answered(void **state)
{
    struct storvsp_packet packet = {.operation = 1};

    (void)state;
    initialise();
    fake_ring_put(&out, VMBUS_PACKET_COMPLETION, ++next, NULL, 0, &packet, sizeof(packet));
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_false(answer_take(next));
    assert_int_equal(out.head->read, out.head->write);
}

static void test_commands_before_ready(void **state)
{
    (void)state;
    command_put(0, (const u8[]){0x00}, 1, 0, 0);
    vmbus_port_serve(&bus, PORT);
    assert_true(answer_take(next));
    assert_int_equal(answer.status, 0xc0000010);
    assert_int_equal(storvsc.requests, 0);
}

static void test_inquiry(void **state)
{
    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 100, 36, 0x12, 0, 0, 0, 36), 1);
    assert_int_equal(answer.srb.data_bytes, 36);
    assert_memory_equal(fake_ram[30] + 108, "Entente ", 8);
    /* Less comes than there is room for, and more is not written. */
    memset(fake_ram[30], 0xaa, 4096);
    assert_int_equal(COMMAND(0, 0, 255, 0x12, 0, 0, 0, 255), 1);
    assert_int_equal(answer.srb.data_bytes, 36);
    assert_int_equal(fake_ram[30][36], 0xaa);
    assert_int_equal(COMMAND(0, 0, 10, 0x12, 0, 0, 0, 255), 1);
    assert_int_equal(answer.srb.data_bytes, 10);
    /* A unit, a target and a path that are not there. */
    assert_int_equal(COMMAND(9, 0, 36, 0x12, 0, 0, 0, 36), 1);
    assert_int_equal(fake_ram[30][0], 0x7f);
}

static void test_read_and_write(void **state)
{
    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 512, 8192, 0x28, 0, 0, 0, 0, 7, 0, 0, 16), 1);
    assert_int_equal(answer.srb.data_bytes, 8192);
    assert_int_equal(answer.srb.scsi_status, 0);
    assert_int_equal(fake_ram[30][511], 0);
    assert_int_equal(fake_ram[30][512], 7);
    assert_int_equal(fake_ram[31][0], 14);
    assert_int_equal(fake_ram[32][511], 22);
    assert_int_equal(fake_ram[32][512], 0);
    /* A buffer that is not aligned to sectors. */
    memset(fake_ram[30], 0xab, 8192);
    assert_int_equal(COMMAND(0, 4000, 1024, 0x2a, 0, 0, 0, 0, 100, 0, 0, 2), 1);
    assert_int_equal(medium[100 * 512 - 1], 99);
    assert_int_equal(medium[100 * 512], 0xab);
    assert_int_equal(medium[102 * 512 - 1], 0xab);
    assert_int_equal(medium[102 * 512], 102);
    assert_int_equal(COMMAND(0, 0, 0, 0x35), 1);
    assert_int_equal(storvsc.sectors_read, 16);
    assert_int_equal(storvsc.sectors_written, 2);
    /* The largest, at a whole page. */
    assert_int_equal(COMMAND(0, 0, 63 * 4096, 0x28, 0, 0, 0, 0, 0, 0, 1, 0xf8), 1);
    assert_int_equal(fake_ram[92][4095], 503 & 255);
}

static void expect_sense(u32 key)
{
    assert_int_equal(answer.srb.scsi_status, 2);
    assert_int_equal(answer.srb.sense_bytes, 18);
    assert_int_equal(answer.srb.cdb_or_sense[0], 0x70);
    assert_int_equal(answer.srb.cdb_or_sense[2], key);
    assert_int_equal(answer.srb.data_bytes, 0);
}

static void test_errors(void **state)
{
    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 0, 512, 0x28, 0, 0, 0, 4, 0, 0, 0, 1), 0x84);
    expect_sense(5);
    assert_int_equal(COMMAND(1, 0, 512, 0x2a, 0, 0, 0, 0, 0, 0, 0, 1), 0x84);
    expect_sense(7);
    assert_int_equal(COMMAND(0, 0, 0, 0xee), 0x84);
    expect_sense(5);
    assert_int_equal(COMMAND(9, 0, 0, 0x00), 0x84);
    /* Pages that do not hold what is asked for. */
    assert_int_equal(COMMAND(0, 0, 512, 0x28, 0, 0, 0, 0, 0, 0, 0, 2), 0x12);
    assert_int_equal(COMMAND(0, 0, 1024, 0x28, 0, 0, 0, 0, 0, 0, 0, 1), 0x12);
    assert_int_equal(COMMAND(0, 0, 0, 0x28, 0, 0, 0, 0, 0, 0, 0, 1), 0x12);
    assert_int_equal(COMMAND(0, 1, 64 * 4096, 0x28, 0, 0, 0, 0, 0, 0, 1, 0xf8), 0x06);
    assert_int_equal(storvsc.errors, 8);
    assert_int_equal(COMMAND(0, 0, 0, 0x00), 1); /* nothing is left of what was wrong before */
    assert_int_equal(answer.srb.sense_bytes | answer.srb.cdb_or_sense[0], 0);
    assert_int_equal(storvsc.errors, 8);
    fake_pins_max = fake_pins + 1; /* more pages than can be mapped at all */
    assert_int_equal(COMMAND(0, 0, 8192, 0x28, 0, 0, 0, 0, 0, 0, 0, 16), 0x06);
    assert_int_equal(answer.srb.data_bytes, 0);
}

static void test_discard(void **state)
{
    static const u8 list[24] = {0, 22, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 50, 0, 0, 0, 2};

    (void)state;
    initialise();
    memcpy(fake_ram[30], list, 24);
    assert_int_equal(COMMAND(0, 0, 24, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), 1);
    assert_int_equal(medium[50 * 512 - 1], 49);
    assert_int_equal(medium[50 * 512] | medium[52 * 512 - 1], 0);
    assert_int_equal(medium[52 * 512], 52);
    assert_int_equal(COMMAND(0, 0, 16, 0x42, 0, 0, 0, 0, 0, 0, 0, 24), 0x84);
}

/* More commands than there are jobs; then the channel is closed under them. */
static void test_many_and_close(void **state)
{
    struct vmbus_relid message = {{VMBUS_CLOSE_CHANNEL, 0}, 1};
    u64 first;

    (void)state;
    initialise();
    first = next + 1;
    for (u32 i = 0; i < 20; i++)
        command_put(2, (const u8[]){0x28, 0, 0, 0, 0, 0, 0, 0, 8}, 9, 0, 4096);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(storvsc.jobs, STORVSC_JOBS_EACH);
    assert_true(vmbus_continue(&bus));
    assert_int_equal(held_count, STORVSC_JOBS_EACH);
    held[0]->done(held[0]);
    held[0] = held[--held_count];
    assert_true(answer_take(first));
    assert_int_equal(answer.srb.srb_status, 1);
    vmbus_continue(&bus);
    assert_int_equal(storvsc.jobs, STORVSC_JOBS_EACH);
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    assert_int_equal(storvsc.jobs, 0);
    assert_int_equal(held_count, 0);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(in.head->read, in.head->write); /* nothing is said after the end */
}

static u32 create(u16 count)
{
    struct storvsp_packet packet = {.operation = 13, .sub_channels = count};

    return say(&packet);
}

/* From here on packets are put and taken in another channel's rings. */
static void rings_at(u32 frame)
{
    out = fake_ring_at(frame, 2);
    in = fake_ring_at(frame + 2, 2);
}

/* Two sub-channels beside the first, with rings of two pages. */
static void sub_channels_begin(void)
{
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 100, 2), 0);
    rings_at(100);
    initialise();
    assert_int_equal(create(2), 0);
    assert_int_equal(fake_channel_open(&bus, 2, 104, 2), 0);
    assert_int_equal(fake_channel_open(&bus, 3, 108, 2), 0);
}

static void test_sub_channels(void **state)
{
    (void)state;
    assert_int_equal(create(1), 0xc0000184); /* not initialised */
    initialise();
    assert_int_equal(create(0), 0xc0000010);
    assert_int_equal(create(8), 0xc0000010);
    sub_channels_begin();
    assert_int_equal(create(2), 0xc0000010); /* it has them */
    /* Commands and their answers are each channel's own. */
    for (u32 relid = 3; relid >= 1; relid--) {
        rings_at(96 + 4 * relid);
        command_put(0, (const u8[]){0x28, 0, 0, 0, 0, (u8)relid, 0, 0, 1}, 9, 0, 512);
        assert_true(vmbus_port_serve(&bus, FAKE_PORT + relid));
        assert_true(answer_take(next));
        assert_int_equal(answer.srb.srb_status, 1);
        assert_int_equal(fake_ram[30][0], relid);
        assert_int_equal(fake_flag, relid);
    }
    for (u32 relid = 1; relid <= 3; relid++) {
        rings_at(96 + 4 * relid);
        assert_false(answer_take(0));
    }
    /* The controller is spoken to by its first channel. */
    rings_at(104);
    fake_ring_put(&out, VMBUS_PACKET_INBAND, ++next, NULL, 0,
                  &(struct storvsp_packet){.operation = 7}, sizeof(struct storvsp_packet));
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 2));
    assert_true(answer_take(next));
    assert_int_equal(answer.status, 0xc0000010);
    assert_int_equal(storvsc.state, STORVSC_READY);
}

/* The end of one leaves the others; the end of the first is the end of all. */
static void test_sub_channels_end(void **state)
{
    struct vmbus_relid message = {{VMBUS_CLOSE_CHANNEL, 0}, 2};

    (void)state;
    sub_channels_begin();
    for (u32 relid = 1; relid <= 3; relid++) {
        rings_at(96 + 4 * relid);
        command_put(2, (const u8[]){0x28, 0, 0, 0, 0, 0, 0, 0, 8}, 9, 0, 4096);
        assert_true(vmbus_port_serve(&bus, FAKE_PORT + relid));
    }
    assert_int_equal(held_count, 3);
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    assert_int_equal(storvsc.jobs, 0); /* the disk ends what it has all at once */
    assert_int_equal(storvsc.state, STORVSC_READY);
    rings_at(104);
    assert_false(answer_take(0));
    rings_at(108);
    assert_true(answer_take(next));
    rings_at(100);
    assert_true(answer_take(next - 2));
    /* One that waits for pages goes with its channel, and with no other. */
    fake_pins_max = fake_pins + 3;
    for (u32 relid = 1; relid <= 3; relid += 2) {
        rings_at(96 + 4 * relid);
        command_put(2, (const u8[]){0x28, 0, 0, 0, 0, 0, 0, 0, 16}, 9, 0, 8192);
        assert_true(vmbus_port_serve(&bus, FAKE_PORT + relid));
    }
    assert_non_null(storvsc.stalled);
    message.relid = 3;
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    assert_null(storvsc.stalled);
    assert_int_equal(storvsc.jobs, 1);
    message.relid = 1;
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    assert_int_equal(fake_pins + storvsc.jobs, 0);
    assert_int_equal(storvsc.state, STORVSC_CLOSED);
    assert_int_equal(bus.channel[1]->state, VMBUS_RESCINDED);
}

/* Pages that others of the guest have in use come free. */
static void test_stall(void **state)
{
    u64 first;

    (void)state;
    initialise();
    fake_pins_max = fake_pins + 3;
    first = next + 1;
    for (u32 i = 0; i < 2; i++)
        command_put(2, (const u8[]){0x28, 0, 0, 0, 0, 0, 0, 0, 16}, 9, 0, 8192);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(held_count, 1);
    assert_true(vmbus_continue(&bus));
    assert_int_equal(held_count, 1);
    slow_settle(&slow);
    assert_true(answer_take(first));
    vmbus_continue(&bus);
    assert_int_equal(held_count, 1);
    slow_settle(&slow);
    assert_true(answer_take(first + 1));
    assert_int_equal(answer.srb.srb_status, 1);
    /* And one that waits when the channel is closed. */
    for (u32 i = 0; i < 2; i++)
        command_put(2, (const u8[]){0x28, 0, 0, 0, 0, 0, 0, 0, 16}, 9, 0, 8192);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_non_null(storvsc.stalled);
}

/* A guest that does not take its answers gets no more work done. */
static void test_full_answers(void **state)
{
    u64 first;

    (void)state;
    initialise();
    first = next;
    for (u32 i = 0; i < 400; i++) {
        u32 room = out.bytes - (out.head->write - out.head->read + out.bytes) % out.bytes;

        if (room > 200)
            command_put(0, (const u8[]){0x00}, 1, 0, 0);
        vmbus_port_serve(&bus, PORT);
        vmbus_continue(&bus);
    }
    assert_in_range(storvsc.requests, 100, in.bytes / 88);
    assert_false(channel.is_busy); /* it is not waited for */
    assert_false(channel.is_broken);
    while (answer_take(++first))
        ;
    vmbus_port_serve(&bus, PORT);
    assert_true(answer_take(first));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_handshake),      TEST(test_commands_before_ready),
        TEST(test_begin_again),    TEST(test_units),
        TEST(test_inquiry),        TEST(test_read_and_write),
        TEST(test_errors),         TEST(test_discard),
        TEST(test_many_and_close), TEST(test_stall),
        TEST(test_full_answers),   TEST(test_completions_are_not_answered),
        TEST(test_sub_channels),   TEST(test_sub_channels_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
