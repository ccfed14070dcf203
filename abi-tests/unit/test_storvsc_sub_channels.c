/* The storage service above several channels: each answers its own, and ends by itself. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/storvsc_guest.h"

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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sub_channels),
        TEST(test_sub_channels_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
