/* A network device as others know it: the guest by its instance and its answers, the switch by
 * its address. */
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

/* ---- its instance ---- */

/* Guests name interfaces and find devices after hibernation by it: it is the same in every life
 * and every version, and each address has another. */
static void test_instance(void **state)
{
    const struct fake_post *post = fake_posts;

    (void)state;
    while (post < fake_posts + fake_post_count && post->payload[0] != VMBUS_OFFER_CHANNEL)
        post++;
    assert_memory_equal(post->payload + 24,
                        "\x73\x74\x6e\x65\0\0\x49\x4e\x80\0\0\x16\x3e\1\2\3", 16);
}

/* The memory may be that of another guest's device, which has ended. */
static void test_made_in_used_memory(void **state)
{
    static struct netvsc again;
    static struct vmbus_channel channel;

    (void)state;
    memset(&again, 0xa5, sizeof(again));
    memset(&channel, 0xa5, sizeof(channel));
    netvsc_make(&again, &channel, fake_nic.net, 0x020304050607, 1500);
    assert_int_equal(vmbus_channel_offer(&fake_bus, &channel), ST_OK);
    assert_memory_equal(channel.instance.data4, "\x80\0\2\3\4\5\6\7", 8);
    vmbus_flush(&fake_bus);
    assert_int_equal(fake_channel_open(&fake_bus, channel.relid, 100, 2), 0);
    assert_null(again.port.home);
    assert_int_equal(again.malformed, 0);
}

/* ---- its address ---- */

static struct net_port third;
static struct net_address third_share[4];

static void third_send(struct net_port *port, const struct net_frame *frame)
{
    (void)port;
    (void)frame;
}

static void third_attach(void)
{
    third = (struct net_port){
        .send = third_send, .largest = 1514, .address = third_share, .addresses = 4};
    memset(third_share, 0, sizeof(third_share));
    switch_attach(fake_nic.net, &third);
}

static void third_say(const char *to, const char *from)
{
    u8 bytes[60] = {0};

    memcpy(bytes, to, 6);
    memcpy(bytes + 6, from, 6);
    switch_input(&third, &(struct net_frame){.at = bytes, .bytes = sizeof(bytes)}, 1);
}

/* It is known before the guest says anything, and nobody else's. */
static void test_address_is_its_own(void **state)
{
    u32 bytes;

    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    third_attach();
    third_say("\0\x16\x3e\1\2\3", "\2\0\0\0\0\1");
    assert_int_equal(fake_other_count, 0);
    fake_nic_section_take(0, &bytes);
    third_say("\xff\xff\xff\xff\xff\xff", "\0\x16\x3e\1\2\3");
    assert_int_equal(third.in.dropped, 1);
    assert_int_equal(fake_other_count, 0);
    switch_detach(&third);
}

/* Of a bridge inside the guest. */
static void test_addresses_behind_it(void **state)
{
    u8 message[44 + 60];
    u32 bytes;

    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    third_attach();
    fake_nic_frame_make(message, 60);
    memcpy(message + 44 + 6, "\2\0\0\0\0\7", 6);
    fake_nic_rndis(0, message, sizeof(message));
    fake_nic_answer_take();
    fake_other_count = 0;
    third_say("\2\0\0\0\0\7", "\2\0\0\0\0\1");
    assert_int_equal(fake_other_count, 0);
    fake_nic_section_take(0, &bytes);
    assert_int_equal(bytes, 44 + 60);
    switch_detach(&third);
}

/* ---- its answers ---- */

static void test_what_is_agreed_to(void **state)
{
    (void)state;
    assert_int_equal(fake_nic_init(0x60001), 1);
    assert_int_equal(fake_answer.init_complete.chain_max, 64);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 1);
    assert_int_equal(fake_answer.receive_complete.end, FAKE_RECEIVES * 4096);
}

static void nothing_expect(void)
{
    static const struct netvsp_message none;

    fake_nic_answer_take();
    assert_memory_equal(&fake_answer, &none, sizeof(none));
}

/* That it was heard is all there is to say about these. */
static void test_empty_answers(void **state)
{
    struct netvsp_message config = {.type = 125, .ndis_config = {1514, 0, 0x80}};
    static const u32 types[] = {103, 106, 100, 99};

    (void)state;
    fake_nic_connect();
    fake_nic_say(&config);
    nothing_expect();
    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        fake_nic_say(&(struct netvsp_message){.type = types[i]});
        nothing_expect();
    }
}

/* Each of the buffers goes alone. */
static void test_revoked_alone(void **state)
{
    (void)state;
    fake_nic_connect();
    fake_nic_say(&(struct netvsp_message){.type = 103});
    fake_nic_answer_take();
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 2); /* that one is still there */
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 1);
    fake_nic_say(&(struct netvsp_message){.type = 106});
    fake_nic_answer_take();
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 2);
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 1);
}

static void test_a_packet_of_nothing(void **state)
{
    struct vmbus_packet_head head;

    (void)state;
    fake_ring_put(&fake_out, VMBUS_PACKET_INBAND, 5, NULL, 0, NULL, 0);
    assert_true(vmbus_port_serve(&fake_bus, FAKE_NIC_PORT));
    assert_int_equal(fake_ring_take(&fake_in, &head, &fake_answer, sizeof(fake_answer)), 40);
    assert_int_equal(head.transaction, 5);
    assert_int_equal(fake_answer.type, 0);
    assert_int_equal(fake_nic.version, 0);
}

static void test_who_wants_no_answer_gets_none(void **state)
{
    struct netvsp_message message = {.type = 1, .init = {0x60001, 0x60001}};
    u32 flags = fake_out.head->write + 6;

    (void)state;
    fake_ring_put(&fake_out, VMBUS_PACKET_INBAND, 5, NULL, 0, &message, sizeof(message));
    memset(fake_out.data + flags, 0, 2);
    assert_true(vmbus_port_serve(&fake_bus, FAKE_NIC_PORT));
    assert_int_equal(fake_nic.version, 0x60001);
    assert_int_equal(fake_in.head->read, fake_in.head->write);
}

/* An answer of RNDIS goes by the buffer to the guest: it is lost without one, and counted. */
static void test_nowhere_to_answer(void **state)
{
    u32 keepalive[] = {8, 12, 77};

    (void)state;
    assert_int_equal(fake_nic_init(0x60001), 1);
    fake_nic_rndis(1, keepalive, sizeof(keepalive));
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 1);
    assert_int_equal(fake_in.head->read, fake_in.head->write);
    assert_int_equal(fake_nic.malformed, 1);
}

/* ---- its buffers ---- */

/* Sections come in turn: one that the guest has just given back is not written to at once. */
static void test_sections_in_turn(void **state)
{
    (void)state;
    fake_nic_connect();
    fake_nic_filter(9); /* its answer took the first section */
    for (u32 i = 0; i < 30; i++) {
        struct fake_parcel parcel;

        fake_nic_input(60);
        parcel = fake_nic_take(0);
        assert_int_equal(parcel.transaction, (i + 1) % 12 + 1);
        fake_nic_complete(parcel.transaction);
    }
}

/* What was out in the buffer that was revoked does not count in the next one. */
static void test_buffer_given_anew(void **state)
{
    (void)state;
    fake_nic_connect();
    fake_nic_filter(9);
    for (u32 i = 0; i < 12; i++) {
        fake_nic_input(60);
        assert_int_equal(fake_nic_take(0).count, 1);
    }
    fake_nic_say(&(struct netvsp_message){.type = 103});
    fake_nic_answer_take();
    fake_gpadl_make(&fake_bus, 1, 0x102, FAKE_RECEIVE, 6); /* a smaller one */
    assert_int_equal(fake_nic_buffer(101, 0x102), 1);
    assert_int_equal(fake_answer.receive_complete.count, 3);
    for (u32 i = 0; i < 4; i++)
        fake_nic_input(60);
    for (u32 i = 0; i < 3; i++)
        assert_in_range(fake_nic_take(0).transaction, 1, 3);
    assert_int_equal(fake_nic.port.out.dropped, 1);
}

/* A section that goes beyond the end of the buffer is none. */
static void test_a_part_of_a_section(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 4, 144}};

    (void)state;
    assert_int_equal(fake_nic_init(0x60001), 1);
    fake_gpadl_make(&fake_bus, 1, 0x102, FAKE_SEND, 7); /* 4 sections and two thirds */
    assert_int_equal(fake_nic_buffer(104, 0x102), 1);
    fake_nic_frame_make(fake_ram[FAKE_SEND + 6], 100);
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 2);
    packet.rndis.section = 3;
    packet.rndis.section_bytes = 6144;
    memset(fake_ram[FAKE_SEND + 4], 0, 2 * 4096);
    fake_nic_frame_make(fake_ram[FAKE_SEND + 4] + 2048, 6100); /* as much as fits */
    fake_nic_say(&packet);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.status, 1);
}

/* Whatever a message says of sections while there is no buffer. */
static void test_no_buffer_from_the_guest(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 1}};

    (void)state;
    assert_int_equal(fake_nic_init(0x60001), 1);
    for (; packet.rndis.section_bytes < 4; packet.rndis.section_bytes++) {
        fake_nic_say(&packet);
        fake_nic_answer_take();
        assert_int_equal(fake_answer.status, 2);
    }
}

/* ---- its end ---- */

/* Who opens the channel anew has asked for nothing yet: frames come to it finished. */
static void test_offloads_end_with_the_channel(void **state)
{
    struct vmbus_relid close = {{VMBUS_CLOSE_CHANNEL, 0}, 1};
    struct {
        u32 head[7];
        u8 object[28];
    } set = {.head = {5, 56, 9, 0xfc01020c, 28, 20, 0}, .object = {0x80, 3, 28, 0}};
    struct netvsp_message config = {.type = 125, .ndis_config = {1514, 0, 0x80}};

    (void)state;
    fake_nic_connect();
    fake_nic_say(&config);
    fake_nic_answer_take();
    set.object[5] = 4;
    set.object[22] = set.object[23] = 2;
    assert_int_equal(fake_nic_control(&set, sizeof(set), 5)[3], 0);
    assert_int_not_equal(fake_nic.port.abilities, 0);
    vmbus_message(&fake_bus, VMBUS_CONNECTION_5_0, &close, sizeof(close));
    assert_int_equal(fake_nic.port.abilities, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_nic_begin, fake_nic_end)
    const struct CMUnitTest tests[] = {
        TEST(test_instance),
        TEST(test_made_in_used_memory),
        TEST(test_address_is_its_own),
        TEST(test_addresses_behind_it),
        TEST(test_what_is_agreed_to),
        TEST(test_empty_answers),
        TEST(test_revoked_alone),
        TEST(test_a_packet_of_nothing),
        TEST(test_who_wants_no_answer_gets_none),
        TEST(test_nowhere_to_answer),
        TEST(test_sections_in_turn),
        TEST(test_buffer_given_anew),
        TEST(test_a_part_of_a_section),
        TEST(test_no_buffer_from_the_guest),
        TEST(test_offloads_end_with_the_channel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
