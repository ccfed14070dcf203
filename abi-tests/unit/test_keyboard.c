/* The synthetic keyboard against a guest that speaks as Linux does. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/keyboard.c abi-tests/unit/fake_vmbus.c
// sources: abi-tests/unit/fake_guest_memory.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/keyboard.h"

#define PORT (FAKE_PORT + 1)

static struct guest_memory memory;
static struct vmbus bus;
static struct keyboard keyboard;
static struct fake_ring out, in;

static int setup(void **state)
{
    (void)state;
    fake_vmbus_reset();
    vmbus_make(&bus, &memory);
    keyboard_make(&keyboard);
    if (vmbus_channel_offer(&bus, &keyboard.channel) != ST_OK)
        return 1;
    return fake_channel_begin(&bus, &out, &in) ? 0 : 1;
}

/* It asks for a completion, as Linux does, and gets it first. */
static void guest_says(u32 type, u32 value)
{
    u32 words[2] = {type, value};
    struct vmbus_packet_head head;

    fake_ring_put(&out, VMBUS_PACKET_INBAND, 7, NULL, 0, words, sizeof(words));
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(fake_ring_take(&in, &head, words, sizeof(words)), 0);
    assert_int_equal(head.type, VMBUS_PACKET_COMPLETION);
    assert_int_equal(head.transaction, 7);
}

/* The next packet of data is these words. */
static void expect_words(const u32 *words, u32 count)
{
    struct vmbus_packet_head head;
    u32 said[8] = {0};
    int bytes = fake_ring_take(&in, &head, said, sizeof(said));

    assert_int_equal(bytes, (count * 4 + 7) & ~7u);
    assert_int_equal(head.type, VMBUS_PACKET_INBAND);
    assert_memory_equal(said, words, count * 4);
}

static void expect_silence(void)
{
    struct vmbus_packet_head head;
    u32 said[8];

    assert_int_equal(fake_ring_take(&in, &head, said, sizeof(said)), -1);
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_NO_DATA);
    guest_says(1, 0x20000);
    expect_words((const u32[]){2, 0}, 2);
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_NO_DATA);
    guest_says(1, 0x10000);
    expect_words((const u32[]){2, 1}, 2);
    guest_says(4, 2); /* a light */
    expect_silence();
}

static void test_keys(void **state)
{
    (void)state;
    guest_says(1, 0x10000);
    expect_words((const u32[]){2, 1}, 2);
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_OK);
    expect_words((const u32[]){3, 0x1e, 0}, 3);
    expect_words((const u32[]){3, 0x1e, 2}, 3);
    assert_int_equal(keyboard_press(&keyboard, 0xe053), ST_OK);
    expect_words((const u32[]){3, 0x53, 4}, 3);
    expect_words((const u32[]){3, 0x53, 6}, 3);
    assert_int_equal(keyboard_press(&keyboard, 0x7f), ST_OK); /* the last one */
    expect_words((const u32[]){3, 0x7f, 0}, 3);
    expect_words((const u32[]){3, 0x7f, 2}, 3);
    assert_int_equal(keyboard_press(&keyboard, 0), ST_RANGE);
    assert_int_equal(keyboard_press(&keyboard, 0x80), ST_RANGE);
    assert_int_equal(keyboard_press(&keyboard, 0xe100), ST_RANGE);
    expect_silence();
}

/* A guest that takes nothing is sent nothing more, and it is served again when it does. */
static void test_full(void **state)
{
    u32 pressed = 0;

    (void)state;
    guest_says(1, 0x10000);
    while (keyboard_press(&keyboard, 0x1e) == ST_OK)
        pressed++;
    assert_in_range(pressed, 100, 400);
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_BUSY);
    expect_words((const u32[]){2, 1}, 2);
    for (u32 i = 0; i < pressed; i++) {
        expect_words((const u32[]){3, 0x1e, 0}, 3);
        expect_words((const u32[]){3, 0x1e, 2}, 3);
    }
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_OK);
}

/* Who opens the channel again asks again. */
static void test_opened_again(void **state)
{
    struct vmbus_relid close = {{VMBUS_CLOSE_CHANNEL, 0}, 1};

    (void)state;
    guest_says(1, 0x10000);
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &close, sizeof(close));
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_NO_DATA);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(keyboard_press(&keyboard, 0x1e), ST_NO_DATA);
}

/* A completion is for who asks for one. */
static void test_without_completion(void **state)
{
    u32 words[2] = {1, 0x10000};
    u32 flags = out.head->write + 6;

    (void)state;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 7, NULL, 0, words, sizeof(words));
    memset(out.data + flags, 0, 2);
    assert_true(vmbus_port_serve(&bus, PORT));
    expect_words((const u32[]){2, 1}, 2);
    expect_silence();
}

static void test_nonsense(void **state)
{
    u32 word = 1;

    (void)state;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, NULL, 0);
    fake_ring_put(&out, VMBUS_PACKET_COMPLETION, 1, NULL, 0, &word, sizeof(word));
    guest_says(3, 0x1e);
    expect_silence();
    assert_false(keyboard.is_agreed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_versions, setup),
        cmocka_unit_test_setup(test_keys, setup),
        cmocka_unit_test_setup(test_full, setup),
        cmocka_unit_test_setup(test_opened_again, setup),
        cmocka_unit_test_setup(test_without_completion, setup),
        cmocka_unit_test_setup(test_nonsense, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
