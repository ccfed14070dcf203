/* Messages and frames of a network device at the limits of what it takes. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/netvsc.c guest-drivers/service/netvsc_frames.c
// sources: guest-drivers/service/rndis.c guest-drivers/service/rndis_packet.c
// sources: guest-drivers/service/rndis_scale.c guest-drivers/service/rss.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c abi-tests/unit/fake_netvsc.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_netvsc.h"

static u8 message[RNDIS_MESSAGE_MAX + 8];

static void connect(void)
{
    fake_nic_connect();
    fake_nic_filter(9);
}

static u32 send(u32 bytes)
{
    fake_nic_rndis(0, message, bytes);
    fake_nic_answer_take();
    return fake_answer.status;
}

/* A message with a frame of 100 bytes and so much behind it that nobody reads. */
static u32 message_make(u32 bytes)
{
    fake_nic_frame_make(message, 100);
    memcpy(message + 4, &bytes, sizeof(bytes));
    return bytes;
}

static void test_longest_message(void **state)
{
    (void)state;
    connect();
    assert_int_equal(send(message_make(RNDIS_MESSAGE_MAX + 1)), 2);
    assert_int_equal(fake_other_count, 0);
    assert_int_equal(send(message_make(RNDIS_MESSAGE_MAX)), 1);
    assert_int_equal(fake_other_count, 1);
    assert_int_equal(fake_other_frame.bytes, 100);
}

static void test_longest_frame_to_the_guest(void **state)
{
    u32 bytes;

    (void)state;
    connect();
    fake_nic_input(1518); /* with a tag */
    fake_nic_section_take(0, &bytes);
    assert_int_equal(bytes, 44 + 1518);
    fake_nic_input(1519);
    assert_int_equal(fake_nic.port.out.dropped, 1);
}

/* What Linux does with a frame in pieces: its head in a section, the rest from where it lies.
 * `bytes` are those of the pages. */
static u32 send_in_two(u32 section_bytes, u32 bytes)
{
    struct {
        struct vmbus_gpa_direct direct;
        struct vmbus_gpa_range range;
        u64 pfn[18];
    } __attribute__((packed)) more = {.direct = {0, 1}, .range = {bytes, 0}};
    struct netvsp_message packet = {.type = 107, .rndis = {0, 1, section_bytes}};
    u32 pages = (bytes + 4095) / 4096;

    memcpy((u8 *)fake_ram[FAKE_SEND] + 6144, message, section_bytes);
    for (u32 i = 0; i < pages; i++) {
        more.pfn[i] = FAKE_PAGES + i;
        memcpy(fake_ram[FAKE_PAGES + i], message + section_bytes + i * 4096,
               MIN(bytes - i * 4096, 4096u));
    }
    fake_ring_put(&fake_out, VMBUS_PACKET_GPA_DIRECT, 7, &more, 16 + pages * 8, &packet,
                  sizeof(packet));
    assert_true(vmbus_port_serve(&fake_bus, FAKE_NIC_PORT));
    return fake_other_count;
}

static void test_message_in_two_parts(void **state)
{
    (void)state;
    connect();
    fake_nic_frame_make(message, 1514);
    for (u32 i = 0; i < 1514 - 14; i++)
        message[44 + 14 + i] = (u8)(i * 7);
    assert_int_equal(send_in_two(44 + 14, 1500), 1);
    assert_int_equal(fake_other_frame.bytes, 1514);
    assert_memory_equal(fake_other_frame.at, message + 44, 1514);
}

static void test_longest_message_in_two_parts(void **state)
{
    (void)state;
    connect();
    message_make(RNDIS_MESSAGE_MAX + 1);
    assert_int_equal(send_in_two(6144, RNDIS_MESSAGE_MAX + 1 - 6144), 0);
    message_make(RNDIS_MESSAGE_MAX);
    assert_int_equal(send_in_two(6144, RNDIS_MESSAGE_MAX - 6144), 1);
    assert_int_equal(fake_nic.malformed, 1);
}

/* Frames that the guest has not looked at yet leave room in the ring for answers. */
static void test_answers_have_room(void **state)
{
    u64 dropped;

    (void)state;
    connect();
    for (u32 i = 0; fake_nic.port.out.dropped == 0; i++) {
        fake_nic_input(60);
        fake_nic_complete((i + 1) % 12 + 1); /* before it takes the packet */
        assert_in_range(i, 0, 200);
    }
    dropped = fake_nic.port.out.dropped;
    fake_nic_rndis(0, message, message_make(200)); /* it is answered */
    assert_int_equal(fake_other_count, 1);
    fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, dropped + 1);
    while (fake_in.head->read != fake_in.head->write) {
        struct vmbus_packet_head head;

        fake_ring_take(&fake_in, &head, &fake_answer, sizeof(fake_answer));
        if (head.type == VMBUS_PACKET_COMPLETION)
            assert_int_equal(fake_answer.status, 1);
        else
            assert_int_equal(head.type, VMBUS_PACKET_XFER_PAGES);
    }
    fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, dropped + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_nic_begin, fake_nic_end)
    const struct CMUnitTest tests[] = {
        TEST(test_longest_message),      TEST(test_longest_frame_to_the_guest),
        TEST(test_message_in_two_parts), TEST(test_longest_message_in_two_parts),
        TEST(test_answers_have_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
