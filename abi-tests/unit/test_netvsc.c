/* The network service, spoken to through its rings as Linux does, and as it does not. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/netvsc.c guest-drivers/service/netvsc_frames.c
// sources: guest-drivers/service/rndis.c guest-drivers/service/rndis_packet.c
// sources: guest-drivers/service/rndis_scale.c guest-drivers/service/rss.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_vmbus.c
// sources: abi-tests/unit/fake_guest_memory.c abi-tests/unit/fake_netvsc.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_netvsc.h"

static void test_versions(void **state)
{
    static const u32 good[] = {0x2, 0x30002, 0x40000, 0x50000, 0x60000, 0x60001};

    (void)state;
    assert_int_equal(fake_nic_init(0x70000), 2);
    assert_int_equal(fake_nic_init(0), 2);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 2); /* nothing agreed yet */
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 2);
    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(fake_nic_init(good[i]), 1);
        assert_int_equal(fake_answer.init_complete.version, good[i]);
    }
}

static void test_buffers(void **state)
{
    (void)state;
    fake_nic_init(0x60000);
    assert_int_equal(fake_nic_buffer(101, 99), 2);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 1);
    assert_int_equal(fake_answer.receive_complete.sections, 1);
    assert_int_equal(fake_answer.receive_complete.offset, 0);
    assert_int_equal(fake_answer.receive_complete.section_bytes, 8192);
    assert_int_equal(fake_answer.receive_complete.count, 12);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 2); /* it has one */
    assert_int_equal(fake_nic_buffer(104, 0xe1e11 + 5), 2);
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 1);
    assert_int_equal(fake_answer.send_complete.section_bytes, 6144);
}

static void test_control(void **state)
{
    u32 init_message[] = {2, 24, 7, 1, 0, 0x4000};
    u32 query[] = {4, 28, 8, 0x01010101, 0, 20, 0};
    u32 keepalive[] = {8, 12, 77};
    const u32 *words;

    (void)state;
    fake_nic_connect();
    words = fake_nic_control(init_message, sizeof(init_message), 2);
    assert_int_equal(words[2], 7);
    assert_int_equal(words[3], 0);
    assert_int_equal(words[4], 1);
    words = fake_nic_control(query, sizeof(query), 4);
    assert_int_equal(words[2], 8);
    assert_int_equal(words[4], 6);
    assert_int_equal(words[5], 16);
    assert_memory_equal(words + 6, "\0\x16\x3e\1\2\3", 6);
    query[3] = 0xfc01020d;
    words = fake_nic_control(query, sizeof(query), 4);
    assert_int_equal(words[4], 112);
    assert_int_equal(words[6], 0x007001a7);
    query[3] = 0x10205; /* nobody has it */
    words = fake_nic_control(query, sizeof(query), 4);
    assert_int_equal(words[3], 0xc00000bb);
    assert_int_equal(words[4], 0);
    words = fake_nic_control(keepalive, sizeof(keepalive), 8);
    assert_int_equal(words[2], 77);
    assert_null(fake_nic.port.home);
    fake_nic_filter(9);
    assert_non_null(fake_nic.port.home);
    fake_nic_filter(0);
    assert_null(fake_nic.port.home);
}

static void test_frames_from_the_guest(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 2, 44 + 100}};
    u8 message[1600];

    (void)state;
    fake_nic_connect();
    fake_nic_frame_make(message, 1514);
    fake_nic_rndis(0, message, 44 + 1514);
    fake_nic_answer_take();
    assert_int_equal(fake_other_count, 0); /* it has not asked for packets */
    fake_nic_filter(9);
    fake_nic_rndis(0, message, 44 + 1514);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 1);
    assert_int_equal(fake_other_count, 1);
    assert_int_equal(fake_other_frame.bytes, 1514);
    assert_memory_equal(fake_other_frame.at, message + 44, 1514);
    /* By a section of the buffer: two messages in one. */
    fake_nic_frame_make(fake_ram[FAKE_SEND + 3], 100);
    fake_nic_frame_make(fake_ram[FAKE_SEND + 3] + 144, 60);
    packet.rndis.section_bytes = 144 + 104;
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 1);
    assert_int_equal(fake_other_count, 3);
    assert_int_equal(fake_other_frame.bytes, 60);
}

static void test_malformed_messages(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 144}};
    static const struct {
        u32 section, bytes;
    } bad[] = {{4, 144}, {0xfffffffe, 144}, {0, 6145}, {0, 0xffffffff}};
    u32 *words = (u32 *)(void *)fake_ram[FAKE_SEND];

    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        fake_nic_frame_make(fake_ram[FAKE_SEND], 100);
        packet.rndis.section = bad[i].section;
        packet.rndis.section_bytes = bad[i].bytes;
        fake_nic_say(&packet);
        fake_nic_answer_take();
        assert_int_equal(fake_answer.status, 2);
    }
    packet.rndis.section = 0;
    packet.rndis.section_bytes = 144;
    for (u32 i = 0; i < 6; i++) {
        fake_nic_frame_make(fake_ram[FAKE_SEND], 100);
        words[1] = i == 0 ? 145 : i == 1 ? 7 : i == 2 ? 40 : 144;
        words[2] = i == 3 ? 37 : i == 4 ? 0xffffffff : 36;
        words[3] = i == 5 ? 101 : 100;
        fake_nic_say(&packet);
        fake_nic_answer_take();
        assert_int_equal(fake_answer.status, 2);
    }
    assert_int_equal(fake_other_count, 0);
    assert_int_equal(fake_nic.malformed, 10);
    /* Less than a head is behind the first. */
    fake_nic_frame_make(fake_ram[FAKE_SEND], 100);
    packet.rndis.section_bytes = 144 + 7;
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 2);
    assert_int_equal(fake_other_count, 1);
    fake_other_count = 0;
    /* The second of two goes beyond the end of both. */
    fake_nic_frame_make(fake_ram[FAKE_SEND], 56);
    fake_nic_frame_make(fake_ram[FAKE_SEND] + 100, 56);
    words[26] = 101;
    packet.rndis.section_bytes = 200;
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 2);
    assert_int_equal(fake_other_count, 1);
}

static void test_frames_to_the_guest(void **state)
{
    u32 bytes;
    u8 *at;

    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    for (u32 i = 0; i < 30; i++) { /* more than there are sections */
        fake_nic_input(1514);
        at = fake_nic_section_take(0, &bytes);
        assert_int_equal(bytes, 44 + 1514);
        assert_int_equal(((u32 *)(void *)at)[0], 1);
        assert_int_equal(((u32 *)(void *)at)[2], 36);
        assert_int_equal(((u32 *)(void *)at)[3], 1514);
        assert_memory_equal(at + 44, "\0\x16\x3e\1\2\3\0\x16\x3e\x9\x9\x9\x8\0\1\2\3", 17);
    }
    /* A guest that gives no section back gets no more. */
    for (u32 i = 0; i < 15; i++)
        fake_nic_input(60);
    for (u32 i = 0; i < 12; i++)
        assert_int_equal(fake_nic_take(0).count, 1);
    assert_int_equal(fake_in.head->read, fake_in.head->write);
    assert_int_equal(fake_nic.port.out.dropped, 3);
    fake_nic_complete(0);
    fake_nic_complete(13);
    fake_nic_complete(~(u64)0);
    fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, 4);
    fake_nic_complete(12);
    fake_nic_input(60);
    assert_int_equal(fake_nic_take(0).transaction, 12);
}

static u32 frame_say(void)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 144}};

    fake_nic_frame_make(fake_ram[FAKE_SEND], 100);
    fake_nic_say(&packet);
    fake_nic_answer_take();
    return fake_answer.status;
}

static void test_revoked_buffers(void **state)
{
    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    assert_int_equal(frame_say(), 1);
    fake_nic_say(&(struct netvsp_message){.type = 106, .all = {0xfe}});
    fake_nic_answer_take();
    assert_int_equal(frame_say(), 2);
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 1);
    assert_int_equal(frame_say(), 1);
    fake_nic_say(&(struct netvsp_message){.type = 103, .all = {0xfe}});
    fake_nic_answer_take();
    fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, 1);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 1);
    fake_nic_input(60);
    assert_int_equal(fake_nic_take(0).count, 1);
}

/* What was agreed to ends with the channel. */
static void test_opened_again(void **state)
{
    struct vmbus_relid close = {{VMBUS_CLOSE_CHANNEL, 0}, 1};
    u32 halt[3] = {3, 12, 1};

    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    fake_nic_rndis(1, halt, sizeof(halt));
    fake_nic_answer_take();
    assert_null(fake_nic.port.home);
    fake_nic_filter(9);
    vmbus_message(&fake_bus, VMBUS_CONNECTION_5_0, &close, sizeof(close));
    assert_null(fake_nic.port.home);
    assert_int_equal(fake_channel_open(&fake_bus, 1, 10, 4), 0);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 2);
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 2);
    assert_int_equal(frame_say(), 2);
    fake_nic_connect();
    fake_nic_filter(9);
    assert_int_equal(frame_say(), 1);
}

/* The buffers go while the channel is open. */
static void test_teardown_of_buffers(void **state)
{
    struct vmbus_gpadl_teardown message = {{VMBUS_GPADL_TEARDOWN, 0}, 1, FAKE_RECEIVE_GPADL};
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 144}};

    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    vmbus_message(&fake_bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    message.gpadl = FAKE_SEND_GPADL;
    vmbus_message(&fake_bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, 1);
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 2);
    packet.type = 133;
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_nic_begin, fake_nic_end)
    const struct CMUnitTest tests[] = {
        TEST(test_versions),
        TEST(test_buffers),
        TEST(test_control),
        TEST(test_frames_from_the_guest),
        TEST(test_malformed_messages),
        TEST(test_frames_to_the_guest),
        TEST(test_teardown_of_buffers),
        TEST(test_revoked_buffers),
        TEST(test_opened_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
