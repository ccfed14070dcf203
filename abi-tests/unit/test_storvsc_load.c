/* The storage service with more commands, pages or answers than there is room for. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/storvsc.c guest-drivers/service/storvsc_job.c
// sources: guest-drivers/service/scsi.c
// sources: guest-drivers/service/scsi_pages.c guest-drivers/service/disk.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/storvsc_guest.h"

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
        TEST(test_many_and_close),
        TEST(test_stall),
        TEST(test_full_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
