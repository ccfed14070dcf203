/* A command of a storage guest from its pages to its answer, and nothing of the command before.
 */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/storvsc_guest.h"

#define INQUIRY 0x12, 0, 0, 0, 36, 0
#define READ16  0x28, 0, 0, 0, 0, 0, 0, 0, 16, 0 /* sectors */

/* An answer goes over pages as they come, and ends where they end. */
static void test_answer_over_pages(void **state)
{
    u8 whole[36];

    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 0, 36, INQUIRY), 1);
    assert_int_equal(answer.srb.data_bytes, 36);
    memcpy(whole, fake_ram[30], sizeof(whole));
    assert_int_equal(whole[0], 0);
    assert_int_not_equal(whole[35] | whole[20], 0);
    memset(fake_ram[30], 0, 3 * 4096);
    assert_int_equal(COMMAND(0, 4092, 36, INQUIRY), 1);
    assert_memory_equal(fake_ram[30] + 4092, whole, 36);
    memset(fake_ram[30], 0x77, 3 * 4096);
    assert_int_equal(COMMAND(0, 4092, 12, INQUIRY), 1);
    assert_int_equal(answer.srb.data_bytes, 12);
    assert_memory_equal(fake_ram[30] + 4092, whole, 12);
    assert_int_equal(fake_ram[31][8], 0x77);
}

/* A command that brings no pages is answered to none, whatever the one before had. */
static void test_without_pages(void **state)
{
    u32 pins;

    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 0, 8192, READ16), 1);
    memset(fake_ram[30], 0x77, 2 * 4096);
    pins = fake_pins;
    fake_pins_max = pins; /* nor is one wanted */
    assert_int_equal(COMMAND(0, 0, 0, INQUIRY), 1);
    assert_int_equal(answer.srb.data_bytes, 0);
    assert_int_equal(fake_ram[30][0], 0x77);
    assert_int_equal(COMMAND(2, 0, 0, READ16), 0x12); /* more than there is room for */
    assert_int_equal(held_count, 0);
    assert_int_equal(fake_pins, pins);
}

/* What is refused before it is a command has no sense data: not those of another one either. */
static void test_no_sense_of_another(void **state)
{
    struct {
        struct vmbus_gpa_direct direct;
        struct vmbus_gpa_range range;
        u64 pfn;
    } __attribute__((packed)) more = {{0, 1}, {0, 0}, 30}; /* of no bytes */
    struct storvsp_packet packet = {.operation = 3,
                                    .srb = {.length = 52, .cdb_bytes = 6, .data_bytes = 36}};

    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 0, 4096, 0x28, 0, 0, 0xff, 0, 0, 0, 0, 8, 0) & 0x80, 0x80);
    assert_int_equal(answer.srb.scsi_status, SCSI_CHECK_CONDITION);
    assert_int_not_equal(answer.srb.sense_bytes, 0);
    fake_ring_put(&out, VMBUS_PACKET_GPA_DIRECT, ++next, &more, sizeof(more), &packet, 64);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_true(answer_take(next));
    assert_int_equal(answer.srb.srb_status, STORVSP_SRB_INVALID_REQUEST);
    assert_int_equal(answer.srb.scsi_status, 0);
    assert_int_equal(answer.srb.sense_bytes, 0);
}

/* The words of the command are gone from its answer. */
static void test_answer_of_success(void **state)
{
    (void)state;
    initialise();
    assert_int_equal(COMMAND(0, 0, 8192, READ16), 1);
    assert_int_equal(answer.srb.scsi_status, 0);
    for (u32 i = 0; i < sizeof(answer.srb.cdb_or_sense); i++)
        assert_int_equal(answer.srb.cdb_or_sense[i], 0);
}

/* Who waits for pages keeps none meanwhile: two that wait for each other's would for ever. */
static void test_waiting_keeps_no_page(void **state)
{
    u32 pins;

    (void)state;
    initialise();
    pins = fake_pins;
    fake_pins_max = pins + 3;
    for (u32 i = 0; i < 2; i++)
        command_put(2, (const u8[]){READ16}, 10, 0, 8192);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_non_null(storvsc.stalled);
    assert_int_equal(fake_pins, pins + 2);
    vmbus_continue(&bus);
    assert_int_equal(fake_pins, pins + 2);
}

static void test_flush_has_no_pieces(void **state)
{
    (void)state;
    initialise();
    command_put(2, (const u8[]){0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 10, 0, 0);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(held_count, 1);
    assert_int_equal(held[0]->op, DISK_FLUSH);
    assert_int_equal(held[0]->pieces, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_answer_over_pages),     TEST(test_without_pages),
        TEST(test_no_sense_of_another),   TEST(test_answer_of_success),
        TEST(test_waiting_keeps_no_page), TEST(test_flush_has_no_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
