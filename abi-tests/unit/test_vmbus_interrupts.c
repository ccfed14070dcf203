/* Version 0.13 of VMBus, which boot loaders speak: all channels share a connection, a flag and
 * a page of bits. The numbers are typed from <linux/hyperv.h>. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/vmbus_guest.h"

#define FRAME 90u /* the interrupt page */
#define PORT  (FAKE_PORT + 2 - VMBUS_CONNECTION_BASE)

static u8 *const to_guest = fake_ram[FRAME];
static u8 *const to_host = fake_ram[FRAME] + 2048;

static bool contact(u64 page)
{
    struct vmbus_initiate_contact message = {.head = {VMBUS_INITIATE_CONTACT, 0},
                                             .version = 0xd,
                                             .target_vp = 3,
                                             .interrupt_page = page};
    const struct vmbus_version_response *response;

    vmbus_message(&bus, 1, &message, sizeof(message));
    vmbus_flush(&bus);
    response = answer(VMBUS_VERSION_RESPONSE);
    return response->is_supported;
}

static void unload(void)
{
    struct vmbus_head message = {VMBUS_UNLOAD, 0};

    say(&message, sizeof(message));
    answer(VMBUS_UNLOAD_RESPONSE);
}

static void test_contact(void **state)
{
    (void)state;
    assert_false(contact(FRAME * 4096 + 8));
    assert_false(contact(FAKE_FRAMES * 4096));
    assert_false(contact(UINT64_MAX));
    assert_int_equal(bus.version, 0);
    assert_int_equal(fake_pins + fake_events, 0);
    for (u32 i = 0; i < 3; i++) { /* the second one begins anew, the page is held once */
        assert_true(contact(FRAME * 4096));
        assert_int_equal(fake_pins, 1);
        assert_int_equal(fake_events, 1);
    }
    unload();
    assert_int_equal(fake_pins + fake_events, 0);
    assert_false(vmbus_port_serve(&bus, PORT));
}

static void test_offers(void **state)
{
    struct vmbus_head ask = {VMBUS_REQUEST_OFFERS, 0};
    const struct vmbus_offer_channel *offer;

    (void)state;
    assert_true(contact(FRAME * 4096));
    say(&ask, sizeof(ask));
    answer(VMBUS_ALL_OFFERS_DELIVERED);
    offer = (const void *)fake_posts[fake_post_count - 2].payload;
    assert_int_equal(offer->is_dedicated, 0);
    assert_int_equal(offer->connection, 2);
}

/* Signals of two channels by one port; whose they are is in the page. */
static void test_signals(void **state)
{
    struct fake_ring out[2], in[2];

    (void)state;
    assert_true(contact(FRAME * 4096));
    for (u32 i = 0; i < 2; i++) {
        assert_int_equal(fake_channel_open(&bus, i + 1, 10 + 10 * i, 4), 0);
        out[i] = fake_ring_at(10 + 10 * i, 4);
        in[i] = fake_ring_at(14 + 10 * i, 4);
    }
    assert_int_equal(fake_events, 1);
    assert_false(vmbus_continue(&bus));
    for (u32 i = 0; i < 2; i++) {
        fake_ring_put(&out[i], VMBUS_PACKET_INBAND, i, NULL, 0, "12345678", 8);
        out[i].head->interrupt_mask = 0;
    }
    assert_true(vmbus_port_serve(&bus, PORT)); /* nobody's */
    assert_int_equal(served, 0);
    to_host[0] = 1u << 2;
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(served, 1);
    assert_int_equal(to_host[0], 0);
    assert_int_equal(in[0].head->write, 0);
    assert_int_not_equal(in[1].head->write, 0);
    assert_int_equal(to_guest[0], 1u << 2);
    assert_int_equal(fake_flags, 1);
    assert_int_equal(fake_flag, 0);
    assert_int_equal(fake_flag_vp, 3); /* of the contact */
    to_host[0] = 0xff;
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(served, 2);
    assert_int_equal(to_host[0], 0xf9); /* bits of channels that are not there stay */
    assert_int_equal(to_guest[0], 3u << 1);
    assert_false(vmbus_port_serve(&bus, FAKE_PORT + 1));
    unload();
    assert_int_equal(closed, 2);
    assert_int_equal(fake_pins + fake_events, 0);
}

/* The loader goes, the kernel speaks a later version: channels have their own again. */
static void test_kernel_after_loader(void **state)
{
    (void)state;
    assert_true(contact(FRAME * 4096));
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    fake_vmbus_contact(&bus);
    assert_int_equal(closed, 1);
    assert_int_equal(fake_pins + fake_events, 0);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_contact),
        TEST(test_offers),
        TEST(test_signals),
        TEST(test_kernel_after_loader),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
