/* The host's half of VMBus against a guest that follows Linux's order, and one that does not.
 */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/vmbus_guest.h"

#define NEW VMBUS_CONNECTION_5_0
#define OLD VMBUS_CONNECTION_OLD

static bool contact(u32 version, u32 connection, u8 sint, u8 vtl)
{
    struct vmbus_initiate_contact message = {.head = {VMBUS_INITIATE_CONTACT, 0},
                                             .version = version,
                                             .target_vp = 3,
                                             .sint = sint,
                                             .vtl = vtl};
    const struct vmbus_version_response *response;

    vmbus_message(&bus, connection, &message, sizeof(message));
    vmbus_flush(&bus);
    response = answer(VMBUS_VERSION_RESPONSE);
    assert_int_equal(response->state, 0);
    if (response->is_supported)
        assert_int_equal(response->connection, connection);
    return response->is_supported;
}

/* Version as an encoded number, typed from <linux/hyperv.h>. */
static void test_versions(void **state)
{
    static const u32 old[] = {0x20004, 0x30000, 0x40000, 0x40001};
    static const u32 new[] = {0x50000, 0x50001, 0x50002, 0x50003};
    static const u32 refused[] = {0xc, 0x10001, 0x20003, 0x50004, 0x60000, 0};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(old); i++) {
        assert_true(contact(old[i], OLD, 0, 0));
        assert_int_equal(fake_posts[fake_post_count - 1].vp, 3);
        assert_int_equal(fake_posts[fake_post_count - 1].sint, 2);
        assert_false(contact(old[i], NEW, 0, 0));
    }
    for (u32 i = 0; i < ARRAY_SIZE(new); i++) {
        assert_true(contact(new[i], NEW, 5, 0));
        assert_int_equal(fake_posts[fake_post_count - 1].sint, 5);
        assert_false(contact(new[i], OLD, 2, 0));
        assert_false(contact(new[i], NEW, 0, 0));
        assert_false(contact(new[i], NEW, 16, 0));
        assert_false(contact(new[i], NEW, 2, 1));
    }
    for (u32 i = 0; i < ARRAY_SIZE(refused); i++) {
        assert_false(contact(refused[i], OLD, 2, 0));
        assert_false(contact(refused[i], NEW, 2, 0));
        assert_int_equal(bus.version, 0);
    }
}

static void test_offers(void **state)
{
    struct vmbus_head ask = {VMBUS_REQUEST_OFFERS, 0};
    const struct vmbus_offer_channel *offer;
    static const u8 guid[16] = {0xd9, 0x63, 0x61, 0xba, 0xa1, 0x04, 0x29, 0x4d,
                                0xb6, 0x05, 0x72, 0xe2, 0xff, 0xb1, 0xdc, 0x7f};

    (void)state;
    say(&ask, sizeof(ask)); /* too early */
    assert_int_equal(fake_post_count, 0);
    assert_int_equal(bus.refused, 1);
    assert_true(contact(0x50003, NEW, 2, 0));
    vmbus_message(&bus, OLD, &ask, sizeof(ask)); /* at the wrong door */
    assert_int_equal(bus.refused, 2);
    say(&ask, sizeof(ask));
    assert_int_equal(fake_post_count, 4);
    answer(VMBUS_ALL_OFFERS_DELIVERED);
    offer = (const void *)fake_posts[2].payload;
    assert_int_equal(fake_posts[2].bytes, 196);
    assert_int_equal(offer->head.type, 1);
    assert_memory_equal(&offer->interface, guid, 16);
    assert_int_equal(offer->instance.data1, 0x101);
    assert_int_equal(offer->flags, 0x11);
    assert_memory_equal(offer->user, ((const u8[]){4, 0, 0, 0}), 4);
    assert_int_equal(offer->relid, 2);
    assert_int_equal(offer->has_monitor, 0);
    assert_int_equal(offer->is_dedicated, 1);
    assert_int_equal(offer->connection, 0x2002);
}

static void test_open_and_close(void **state)
{
    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(opened, 1);
    assert_int_equal(fake_pins, 8);
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER); /* is open */
    assert_int_equal(open_with(2, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER); /* another's */
    close_channel(1);
    close_channel(1);
    close_channel(99);
    close_channel(0);
    assert_int_equal(closed, 1);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(fake_events, 0);
    for (u32 down = 0; down <= 9; down++) {
        bool is_good = down >= 2 && down <= 6;

        assert_int_equal(open_with(1, 0xe1e11, down).status == 0, is_good);
        close_channel(1);
    }
    assert_int_equal(open_with(1, 5, 4).status, VMBUS_INVALID_PARAMETER);
    assert_int_equal(open_with(3, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER);
    open_answer = ST_NO_SPACE;
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_NO_RESOURCES);
    fake_pins_max = 5;
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_NO_RESOURCES);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(fake_events, 0);
}

static void test_teardown_closes(void **state)
{
    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 2, 10, 4), 0);
    teardown_gpadl(2, 0xe1e12);
    assert_int_equal(closed, 1);
    assert_int_equal(fake_pins, 0);
    assert_int_equal(bus.gpadls.used, 0);
    teardown_gpadl(2, 0xe1e12); /* the answer is due all the same */
}

static void test_short_and_unknown_messages(void **state)
{
    u8 bytes[VMBUS_MESSAGE_MAX + 1] = {0};

    (void)state;
    fake_vmbus_contact(&bus);
    fake_post_count = 0;
    for (u32 type = 0; type < 40; type++) {
        bytes[0] = (u8)type;
        for (u32 count = 0; count < 8; count++)
            vmbus_message(&bus, NEW, bytes, count);
        if (type != VMBUS_REQUEST_OFFERS && type != VMBUS_UNLOAD)
            vmbus_message(&bus, NEW, bytes, 8);
        vmbus_message(&bus, NEW, bytes, sizeof(bytes));
    }
    bytes[0] = VMBUS_INITIATE_CONTACT;
    vmbus_message(&bus, NEW, bytes, 39);
    assert_int_equal(fake_post_count, 0);
    assert_int_equal(bus.posts, 0);
    assert_int_equal(bus.version, 0x50003);
}

static void test_modify(void **state)
{
    struct vmbus_modify_channel modify = {{VMBUS_MODIFY_CHANNEL, 0}, 1, 2};
    u32 before;

    (void)state;
    fake_vmbus_contact(&bus);
    say(&modify, sizeof(modify)); /* not open */
    assert_int_equal(
        ((const struct vmbus_modify_response *)answer(VMBUS_MODIFY_RESPONSE))->status,
        VMBUS_INVALID_PARAMETER);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(channels[0].vp, 1);
    say(&modify, sizeof(modify));
    assert_int_equal(
        ((const struct vmbus_modify_response *)answer(VMBUS_MODIFY_RESPONSE))->status, 0);
    assert_int_equal(channels[0].vp, 2);
    assert_true(contact(0x50002, NEW, 2, 0));
    before = fake_post_count;
    say(&modify, sizeof(modify)); /* before 5.3 nobody waits for an answer */
    assert_int_equal(fake_post_count, before);
}

static void test_unload_and_again(void **state)
{
    struct vmbus_head message = {VMBUS_UNLOAD, 0};

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        fake_vmbus_contact(&bus);
        assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
        if (i == 1)
            continue; /* a guest that begins again without a word */
        say(&message, sizeof(message));
        answer(VMBUS_UNLOAD_RESPONSE);
        assert_int_equal(fake_pins, 0);
        assert_int_equal(bus.version, 0);
        assert_int_equal(bus.gpadls.used, 0);
    }
    assert_int_equal(closed, 3);
}

static void test_rescind(void **state)
{
    struct vmbus_relid released = {{VMBUS_RELID_RELEASED, 0}, 1};
    const struct vmbus_relid *rescind;

    (void)state;
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    say(&released, sizeof(released)); /* nobody asked for it */
    assert_ptr_equal(bus.channel[0], &channels[0]);
    vmbus_channel_rescind(&channels[0]);
    vmbus_flush(&bus);
    rescind = answer(VMBUS_RESCIND_OFFER);
    assert_int_equal(rescind->relid, 1);
    assert_int_equal(closed, 1);
    assert_int_equal(open_with(1, 0xe1e11, 4).status, VMBUS_INVALID_PARAMETER);
    say(&released, sizeof(released));
    assert_null(bus.channel[0]);
    assert_int_equal(vmbus_channel_offer(&bus, &channels[0]), ST_OK);
    vmbus_flush(&bus);
    answer(VMBUS_OFFER_CHANNEL);
}

/* A SynIC whose queue is full: messages wait, and the guest's own wait behind them. */
static void test_back_pressure(void **state)
{
    struct vmbus_head ask = {VMBUS_REQUEST_OFFERS, 0};

    (void)state;
    fake_post_room = 1;
    fake_vmbus_contact(&bus);
    assert_true(vmbus_flush(&bus));
    while (vmbus_is_ready(&bus))
        vmbus_message(&bus, NEW, &ask, sizeof(ask));
    assert_in_range(bus.posts, 1, VMBUS_POSTS_MAX);
    fake_post_room = 1000;
    assert_false(vmbus_flush(&bus));
    assert_int_equal(fake_post_count % 3, 1);
    assert_true(vmbus_is_ready(&bus));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_versions),
        TEST(test_offers),
        TEST(test_open_and_close),
        TEST(test_teardown_closes),
        TEST(test_short_and_unknown_messages),
        TEST(test_modify),
        TEST(test_unload_and_again),
        TEST(test_rescind),
        TEST(test_back_pressure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
