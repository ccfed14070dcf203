/* The storage service, spoken to through its rings as Linux does, and as it does not. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/storvsc_guest.h"

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_handshake),
        TEST(test_commands_before_ready),
        TEST(test_begin_again),
        TEST(test_units),
        TEST(test_inquiry),
        TEST(test_read_and_write),
        TEST(test_errors),
        TEST(test_discard),
        TEST(test_completions_are_not_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
