/* Sub-channels of VMBus: offered, opened, closed in Linux's order; when there is no room. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/vmbus_guest.h"

/* The message that came `back` before the last. */
static const void *earlier(u32 back)
{
    return fake_posts[(fake_post_count - 1 - back) % FAKE_POSTS].payload;
}

static void expect_offer(const struct vmbus_offer_channel *offer, u32 relid, u32 index)
{
    assert_int_equal(offer->head.type, 1);
    assert_int_equal(offer->instance.data1, 0x100);
    assert_memory_equal(&offer->interface, &service.interface, 16);
    assert_int_equal(offer->relid, relid);
    assert_int_equal(offer->sub_channel, index);
    assert_int_equal(offer->connection, 0x2000 + relid);
    assert_int_equal(offer->is_dedicated, 1);
}

/* The first channel is open, and has been asked for two more. */
static void sub_channels_begin(void)
{
    fake_vmbus_contact(&bus);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 2), ST_INVALID); /* not open */
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 2), ST_OK);
    vmbus_flush(&bus);
    expect_offer(earlier(1), 3, 1);
    expect_offer(earlier(0), 4, 2);
}

static void test_sub_channels(void **state)
{
    struct fake_ring first, second;
    struct vmbus_packet_head head;
    u8 back[16];

    (void)state;
    sub_channels_begin();
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 1), ST_EXISTS);
    assert_int_equal(fake_channel_open(&bus, 4, 20, 4), 0);
    assert_int_equal(vmbus_sub_channels_offer(bus.channel[3], 1), ST_INVALID);  /* of a sub */
    assert_int_equal(open_with(4, 0xe1e14, 4).status, VMBUS_INVALID_PARAMETER); /* twice */
    assert_int_equal(open_with(3, 0xe1e14, 4).status, VMBUS_INVALID_PARAMETER); /* another's */
    assert_int_equal(open_with(5, 0xe1e14, 4).status, VMBUS_INVALID_PARAMETER); /* no offer */
    assert_int_equal(opened, 2);
    assert_int_equal(bus.channel[3]->index, 2);
    assert_ptr_equal(bus.channel[3]->primary, &channels[0]);
    /* Each answers in its own ring, by its own flag. */
    first = fake_ring_at(10, 4);
    second = fake_ring_at(20, 4);
    fake_ring_put(&second, VMBUS_PACKET_INBAND, 7, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 4));
    assert_int_equal(fake_flag, 4);
    second = fake_ring_at(24, 4);
    assert_int_equal(fake_ring_take(&second, &head, back, sizeof(back)), 8);
    assert_int_equal(head.transaction, 7);
    assert_int_equal(first.head->read, first.head->write);
}

/* The guest closes them in this order, and waits for the offers to be taken back. */
static void test_sub_channels_end(void **state)
{
    struct vmbus_relid released = {{VMBUS_RELID_RELEASED, 0}, 3};
    u32 before;

    (void)state;
    sub_channels_begin();
    assert_int_equal(fake_channel_open(&bus, 3, 20, 4), 0);
    assert_int_equal(fake_channel_open(&bus, 4, 30, 4), 0);
    close_channel(3);
    assert_int_equal(closed, 1);
    before = fake_post_count;
    close_channel(1);
    assert_int_equal(closed, 3);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(fake_events, 0);
    assert_int_equal(fake_post_count, before + 2);
    assert_int_equal(((const struct vmbus_relid *)earlier(1))->relid, 3);
    assert_int_equal(((const struct vmbus_relid *)answer(VMBUS_RESCIND_OFFER))->relid, 4);
    assert_int_equal(open_with(3, 0xe1e13, 4).status, VMBUS_INVALID_PARAMETER);
    /* Before they are released the device is opened again: others are offered. */
    assert_int_equal(open_with(1, 0xe1e11, 4).status, 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 1), ST_OK);
    vmbus_flush(&bus);
    expect_offer(answer(VMBUS_OFFER_CHANNEL), 5, 1);
    assert_non_null(vmbus_gpadl_find(&bus.gpadls, 0xe1e13));
    say(&released, sizeof(released)); /* a guest says nothing of its GPADLs then */
    assert_null(bus.channel[2]);
    assert_null(vmbus_gpadl_find(&bus.gpadls, 0xe1e13));
    assert_non_null(vmbus_gpadl_find(&bus.gpadls, 0xe1e14));
}

/* Nothing is told of channels that the guest itself has ended all of. */
static void test_sub_channels_of_an_ended_connection(void **state)
{
    struct vmbus_head message = {VMBUS_UNLOAD, 0};
    u32 before;

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        sub_channels_begin();
        assert_int_equal(fake_channel_open(&bus, 4, 20, 4), 0);
        before = fake_post_count;
        if (i == 1) {
            vmbus_channel_rescind(&channels[0]);
            vmbus_flush(&bus);
            assert_int_equal(fake_post_count, before + 3);
            assert_int_equal(((const struct vmbus_relid *)answer(2))->relid, 1);
            before = fake_post_count;
        }
        say(&message, sizeof(message));
        answer(VMBUS_UNLOAD_RESPONSE);
        assert_int_equal(fake_post_count, before + 1);
        for (u32 slot = 2; slot < VMBUS_CHANNELS_MAX; slot++)
            assert_null(bus.channel[slot]);
        if (i == 1)
            assert_int_equal(vmbus_channel_offer(&bus, &channels[0]), ST_OK);
    }
    assert_int_equal(closed, 6);
}

/* All or none. */
static void test_sub_channels_room(void **state)
{
    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    fake_post_count = 0;
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], VMBUS_CHANNELS_MAX - 1),
                     ST_NO_SPACE);
    bus.posts = VMBUS_POSTS_MAX - 3;
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], 4), ST_NO_SPACE);
    bus.posts = 0;
    vmbus_flush(&bus);
    assert_int_equal(fake_post_count, 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[0], VMBUS_CHANNELS_MAX - 2), ST_OK);
    vmbus_flush(&bus);
    assert_int_equal(fake_post_count, VMBUS_CHANNELS_MAX - 2);
    assert_int_equal(vmbus_channel_offer(&bus, &(struct vmbus_channel){.service = &service}),
                     ST_NO_SPACE);
}

/* A relid that was released serves a sub-channel too, even the first. */
static void test_sub_channel_of_a_released_relid(void **state)
{
    struct vmbus_relid released = {{VMBUS_RELID_RELEASED, 0}, 1};

    (void)state;
    fake_vmbus_contact(&bus);
    vmbus_channel_rescind(&channels[0]);
    say(&released, sizeof(released));
    assert_int_equal(channels[0].state, VMBUS_FREE);
    assert_int_equal(fake_channel_open(&bus, 2, 10, 4), 0);
    assert_int_equal(vmbus_sub_channels_offer(&channels[1], 1), ST_OK);
    assert_ptr_equal(bus.channel[0], &bus.sub[0]);
    assert_int_equal(fake_channel_open(&bus, 1, 20, 4), 0);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    close_channel(2);
    assert_int_equal(closed, 2);
    assert_int_equal(bus.channel[0]->state, VMBUS_RESCINDED);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_sub_channels),
        TEST(test_sub_channels_end),
        TEST(test_sub_channels_of_an_ended_connection),
        TEST(test_sub_channels_room),
        TEST(test_sub_channel_of_a_released_relid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
