/* What a guest leaves to its network device, and what it is spared: checksums, the cutting of
 * long segments, frames that come in fragments, tags. */
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

#define HEADERS    54u /* Ethernet, IPv4, TCP */
#define OFFLOADS   0xfc01020du
#define CURRENT    0xfc01020bu
#define PARAMETERS 0xfc01020cu

static u8 bytes[NET_FRAME_MAX + 200];

/* A TCP frame for the guest or from it, as its sender's card is to finish it. */
static void tcp_frame(u8 *at, u32 length, bool is_to_guest)
{
    static const u8 ours[] = {0, 0x16, 0x3e, 1, 2, 3}, theirs[] = {0, 0x16, 0x3e, 9, 9, 9};

    for (u32 i = 0; i < length; i++)
        at[i] = (u8)(i * 11 + i / 253);
    memset(at, 0, HEADERS);
    memcpy(at, is_to_guest ? ours : theirs, 6);
    memcpy(at + 6, is_to_guest ? theirs : ours, 6);
    at[12] = 8;
    at[14] = 0x45;
    at[16] = (u8)((length - 14) >> 8);
    at[17] = (u8)(length - 14);
    at[23] = 6;
    at[46] = 5 << 4;
}

/* A PACKET message with one piece of information; its length. */
static u32 message_make(u32 frame_bytes, u32 type, u32 value)
{
    u32 head[11] = {1, 60 + frame_bytes, 52, frame_bytes, 0, 0, 0, 36, 16};
    u32 info[4] = {16, type, 12, value};

    memcpy(bytes, head, sizeof(head));
    memcpy(bytes + 44, info, sizeof(info));
    tcp_frame(bytes + 60, frame_bytes, false);
    return 60 + frame_bytes;
}

static u32 send(u32 length)
{
    fake_nic_rndis(0, bytes, length);
    fake_nic_answer_take();
    return fake_answer.status;
}

/* Queries offloads in a revision; the object's words. */
static const u8 *offloads_query(u32 oid, u8 revision, u32 object_bytes)
{
    u32 query[8] = {4, 32, 8, oid, 4, 20, 0, 0xa7u | (u32)revision << 8 | object_bytes << 16};
    const u32 *words = fake_nic_control(query, sizeof(query), 4);

    assert_int_equal(words[3], 0);
    assert_int_equal(words[4], object_bytes);
    assert_int_equal(words[6], 0xa7u | (u32)revision << 8 | object_bytes << 16);
    return (const u8 *)(words + 6);
}

/* TCP of IPv4 and IPv6 both ways, and word about coalescing; the status. */
static u32 offloads_set(u8 checksum, u8 coalesce4, u8 coalesce6)
{
    struct {
        u32 head[7];
        u8 object[28];
    } set = {.head = {5, 56, 9, PARAMETERS, 28, 20, 0}, .object = {0x80, 3, 28, 0}};

    set.object[5] = set.object[7] = checksum;
    set.object[22] = coalesce4;
    set.object[23] = coalesce6;
    return fake_nic_control(&set, sizeof(set), 5)[3];
}

/* As Linux does with version 6.1. */
static void connect_with(u64 abilities)
{
    struct netvsp_message config = {.type = 125, .ndis_config = {1514, 0, abilities}};

    fake_nic_connect();
    fake_nic_say(&config);
    fake_nic_answer_take();
    fake_nic_filter(9);
}

static void test_abilities_are_told(void **state)
{
    const u8 *object;
    u32 plain[8] = {4, 28, 8, OFFLOADS, 0, 20, 0};

    (void)state;
    connect_with(0x80);
    object = offloads_query(OFFLOADS, 3, 156);
    assert_memory_equal(object + 4, "\2\0\0\0\x54\0\0\0\2\0\0\0\x54\0\0\0", 16);
    assert_memory_equal(object + 20, "\2\0\0\0\x55\0\0\0\2\0\0\0\x55\0\0\0", 16);
    assert_memory_equal(object + 80, "\2\0\0\0\x75\xff\0\0\2\0\0\0", 12);
    assert_memory_equal(object + 92, "\2\0\0\0\x75\xff\0\0\2\0\0\0\5\0\0\0", 16);
    assert_memory_equal(object + 144, "\1\1", 2);
    offloads_query(CURRENT, 3, 156);
    offloads_query(OFFLOADS, 2, 144);
    offloads_query(OFFLOADS, 1, 112);
    plain[4] = 4;
    plain[1] = 32;
    plain[7] = 0x00a7; /* revision 0 */
    assert_int_equal(fake_nic_control(plain, 32, 4)[4], 112);
    plain[1] = 28;
    plain[4] = 0;
    /* Who names no revision gets the first. */
    assert_int_equal(fake_nic_control(plain, 28, 4)[4], 112);
    plain[4] = 4; /* it is not there */
    assert_int_equal(fake_nic_control(plain, 28, 4)[4], 112);
}

static void test_coalescing_needs_both(void **state)
{
    (void)state;
    connect_with(0);
    assert_memory_equal(offloads_query(OFFLOADS, 3, 156) + 144, "\0\0", 2);
    assert_int_equal(offloads_set(4, 2, 2), 0);
    assert_int_equal(fake_nic.port.abilities, 0);
    fake_nic_init(0x60000); /* that version has no such ability */
    fake_nic_say(&(struct netvsp_message){.type = 125, .ndis_config = {1514, 0, 0x80}});
    fake_nic_answer_take();
    assert_memory_equal(offloads_query(OFFLOADS, 3, 156) + 144, "\0\0", 2);
}

static void test_parameters(void **state)
{
    u32 brief[] = {5, 32, 9, PARAMETERS, 4, 20, 0, 0x00040380};

    (void)state;
    connect_with(0x80);
    assert_int_equal(offloads_set(1, 2, 2), 0);
    assert_int_equal(fake_nic.port.abilities, 0); /* it could not say that a sum is good */
    assert_int_equal(offloads_set(4, 0, 0), 0);   /* the others as before */
    assert_int_equal(fake_nic.port.abilities,
                     NET_TAKES_BLANK4 | NET_TAKES_BLANK6 | NET_TAKES_GSO4 | NET_TAKES_GSO6);
    assert_int_equal(offloads_set(3, 0, 0), 0); /* of what comes alone: that is what counts */
    assert_int_not_equal(fake_nic.port.abilities, 0);
    assert_int_equal(offloads_set(2, 0, 0), 0); /* of what goes alone */
    assert_int_equal(fake_nic.port.abilities, 0);
    assert_int_equal(offloads_set(4, 0, 1), 0);
    assert_int_equal(fake_nic.port.abilities, NET_TAKES_BLANK4 | NET_TAKES_GSO4);
    assert_int_equal(offloads_set(0, 1, 0), 0);
    assert_int_equal(fake_nic.port.abilities, 0);
    assert_int_equal(fake_nic_control(brief, sizeof(brief), 5)[3], 0xc0010015);
}

static void test_blank_checksum_from_the_guest(void **state)
{
    (void)state;
    connect_with(0x80);
    fake_other.abilities = NET_TAKES_BLANK4 | NET_TAKES_BLANK6;
    assert_int_equal(send(message_make(200, 0, 0x5)), 1);
    assert_int_equal(fake_other_frame.flags, NET_CHECKSUM_BLANK);
    assert_int_equal(send(message_make(200, 0, 0x1)), 1); /* IPv4, but nothing is left to us */
    assert_int_equal(fake_other_frame.flags, 0);
    fake_other.abilities = 0;
    assert_int_equal(send(message_make(200, 0, 0x5)), 1);
    assert_int_equal(fake_other_frame.flags, NET_CHECKSUM_GOOD);
    assert_int_equal(fake_other_count, 3);
}

static void test_long_segments_from_the_guest(void **state)
{
    u32 large = 1400u | 34u << 20 | 0x40000000;

    (void)state;
    connect_with(0x80);
    message_make(60000, 2, large);
    bytes[60 + 16] = bytes[60 + 17] = 0; /* as Linux leaves it */
    assert_int_equal(send(60 + 60000), 1);
    assert_int_equal(fake_other_count, (60000 - HEADERS + 1399) / 1400);
    fake_other.abilities = NET_TAKES_GSO4 | NET_TAKES_BLANK4 | NET_TAKES_BLANK6;
    fake_other_count = 0;
    assert_int_equal(send(60 + 60000), 1);
    assert_int_equal(fake_other_count, 1);
    assert_int_equal(fake_other_frame.bytes, 60000);
    assert_int_equal(fake_other_frame.gso, NET_GSO_TCP4);
    assert_int_equal(fake_other_frame.gso_bytes, 1400);
    assert_int_equal(fake_other_frame.flags, NET_CHECKSUM_BLANK);
    assert_int_equal(fake_other_frame.at[16] << 8 | fake_other_frame.at[17], 60000 - 14);
    assert_memory_equal(fake_other_frame.at + HEADERS, bytes + 60 + HEADERS, 60000 - HEADERS);
    /* The longest there is, to be cut into pieces of that length. */
    assert_int_equal(send(message_make(65535, 2, 0x4000ffff)), 1);
    assert_int_equal(fake_other_frame.bytes, 65535);
}

static void test_segments_that_make_no_sense(void **state)
{
    (void)state;
    connect_with(0x80);
    fake_other.abilities =
        NET_TAKES_GSO4 | NET_TAKES_GSO6 | NET_TAKES_BLANK4 | NET_TAKES_BLANK6;
    assert_int_equal(send(message_make(3000, 2, 0x40000000)), 2); /* of no bytes */
    assert_int_equal(send(message_make(3000, 2, 0x40010000)), 2); /* of too many */
    assert_int_equal(send(message_make(3000, 2, 0xc0000578)), 2); /* not IPv6 */
    assert_int_equal(send(message_make(3000, 2, 0x00000578)), 2); /* the first version */
    assert_int_equal(send(message_make(65536, 2, 0x40000578)), 2);
    message_make(3000, 2, 0x40000578);
    bytes[60 + 23] = 17;
    assert_int_equal(send(60 + 3000), 2);
    assert_int_equal(fake_nic.malformed, 6);
    assert_int_equal(fake_other_count, 0);
    assert_int_equal(send(message_make(3000, 2, 0x40000578)), 1);
    assert_int_equal(fake_other_count, 1);
}

static void test_information_that_makes_no_sense(void **state)
{
    static const struct {
        u32 word, value;
    } bad[] = {
        {7, 0xfffffff0}, {7, 3060}, {8, 0xffffffff}, {8, 15},  {8, 17},
        {11, 11},        {11, 17},  {11, 0},         {13, 13}, {13, 0xffffffff},
    };

    (void)state;
    connect_with(0x80);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        u32 length = message_make(200, 0, 4);

        memcpy(bytes + bad[i].word * 4, &bad[i].value, 4);
        assert_int_equal(send(length), 2);
    }
    assert_int_equal(fake_other_count, 0);
    assert_int_equal(send(message_make(200, 5, 0xffffffff)), 1); /* of a kind nobody knows */
    assert_int_equal(fake_other_count, 1);
}

/* Two pieces of information, one behind the other. */
static void test_tag_and_checksum(void **state)
{
    u32 length = message_make(200, 0, 4);
    u32 vlan[4] = {16, 6, 12, 0x40};

    (void)state;
    connect_with(0x80);
    fake_other.abilities = NET_TAKES_BLANK4 | NET_TAKES_BLANK6;
    memmove(bytes + 76, bytes + 60, 200);
    memcpy(bytes + 60, vlan, sizeof(vlan));
    memcpy(bytes, ((u32[]){1, length + 16, 68, 200, 0, 0, 0, 36, 32}), 36);
    assert_int_equal(send(length + 16), 1);
    assert_int_equal(fake_other_frame.flags, NET_CHECKSUM_BLANK);
    assert_int_equal(fake_other_frame.bytes, 204);
    assert_memory_equal(fake_other_frame.at + 12, "\x81\x00\x00\x04", 4);
}

static void test_tags_from_the_guest(void **state)
{
    (void)state;
    connect_with(0x80);
    fake_other.largest = 1518;
    assert_int_equal(send(message_make(1514, 6, 0x123 << 4 | 8 | 5)), 1);
    assert_int_equal(fake_other_frame.bytes, 1518);
    assert_memory_equal(fake_other_frame.at, bytes + 60, 12);
    assert_memory_equal(fake_other_frame.at + 12, "\x81\x00\xb1\x23\x08\x00", 6);
    assert_memory_equal(fake_other_frame.at + 18, bytes + 60 + 14, 1500);
    assert_int_equal(send(message_make(13, 6, 0x10)), 2);
    assert_int_equal(send(message_make(14, 6, 0x10)), 1);
    assert_int_equal(fake_other_frame.bytes, 18);
}

/* Frames that stand for several come in fragments, each behind a head of its own. */
static void long_frame_expect(u32 length, u32 count)
{
    struct net_frame frame = {
        .at = bytes, .bytes = length, .flags = NET_CHECKSUM_BLANK, .gso_bytes = 1400};
    struct fake_parcel parcel;
    u32 at = 0;

    tcp_frame(bytes, length, true);
    frame.gso = NET_GSO_TCP4;
    switch_input(&fake_other, &frame, 1);
    parcel = fake_nic_take(0);
    assert_int_equal(parcel.count, count);
    for (u32 i = 0; i < count; i++) {
        u32 words[19];

        memcpy(words, parcel.part[i].at, sizeof(words));
        assert_int_equal(words[0], 1);
        assert_int_equal(words[1], parcel.part[i].bytes);
        assert_int_equal(words[7], 36);
        if (i == 0)
            assert_memory_equal(words + 11, ((u32[]){16, 0, 12, 0x88}), 16);
        assert_memory_equal(words + (i == 0 ? 15 : 11), ((u32[]){16, 0x80000001, 12}), 12);
        assert_int_equal(words[i == 0 ? 18 : 14],
                         0x101u | (i == 0 ? 0x200u : 0) | (i + 1 == count ? 0x400u : 0));
        assert_memory_equal(parcel.part[i].at + 8 + words[2], bytes + at, words[3]);
        at += words[3];
    }
    assert_int_equal(at, length);
    fake_nic_complete(parcel.transaction);
}

static void test_long_frames_to_the_guest(void **state)
{
    (void)state;
    connect_with(0x80);
    offloads_set(4, 2, 2);
    for (u32 i = 0; i < 5; i++) { /* around the end of the buffer */
        long_frame_expect(NET_FRAME_MAX, 9);
        long_frame_expect(1000, 1);
        long_frame_expect(8100, 1); /* as much as a fragment holds */
        long_frame_expect(8101, 2);
    }
    assert_int_equal(fake_nic.port.out.dropped, 0);
}

/* Two thirds of the buffer are out: there are sections for small frames only. */
static void test_sections_in_a_row(void **state)
{
    struct net_frame frame = {
        .at = bytes, .bytes = NET_FRAME_MAX, .gso = NET_GSO_TCP4, .gso_bytes = 1400};
    struct fake_parcel parcel;

    (void)state;
    connect_with(0x80);
    offloads_set(4, 2, 2);
    tcp_frame(bytes, NET_FRAME_MAX, true);
    switch_input(&fake_other, &frame, 1);
    parcel = fake_nic_take(0);
    switch_input(&fake_other, &frame, 1);
    assert_int_equal(fake_nic.port.out.dropped, 1);
    for (u32 i = 0; i < 4; i++)
        fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, 2);
    /* The middle of a packet is no packet. */
    fake_nic_complete(parcel.transaction + 1);
    fake_nic_input(60);
    assert_int_equal(fake_nic.port.out.dropped, 3);
    fake_nic_complete(parcel.transaction);
    fake_nic_complete(parcel.transaction);
    for (u32 i = 0; i < 3; i++)
        fake_nic_complete(fake_nic_take(0).transaction);
    long_frame_expect(NET_FRAME_MAX, 9);
}

/* Pages of the buffer that are not to be had: what was taken for the frame is free again. */
static void test_buffer_that_is_away(void **state)
{
    (void)state;
    connect_with(0x80);
    for (u32 i = 0; i < 20; i++) {
        fake_pins_max = fake_pins;
        fake_nic_input(60);
    }
    assert_int_equal(fake_nic.port.out.dropped, 20);
    fake_pins_max = UINT32_MAX;
    fake_nic_input(60);
    assert_int_equal(fake_nic_take(0).count, 1);
}

static void test_good_checksums_to_the_guest(void **state)
{
    struct net_frame frame = {.at = bytes, .bytes = 1000, .flags = NET_CHECKSUM_BLANK};
    u32 words[15], got;

    (void)state;
    connect_with(0x80);
    tcp_frame(bytes, 1000, true);
    offloads_set(4, 1, 1); /* it may send it on: the sum is filled in */
    switch_input(&fake_other, &frame, 1);
    memcpy(words, fake_nic_section_take(0, &got), sizeof(words));
    assert_int_equal(got, 60 + 1000);
    assert_memory_equal(words + 11, ((u32[]){16, 0, 12, 0x08}), 16);
    offloads_set(1, 1, 1); /* it takes no word for it */
    switch_input(&fake_other, &frame, 1);
    fake_nic_section_take(0, &got);
    assert_int_equal(got, 44 + 1000);
    offloads_set(4, 2, 2);
    frame.flags = 0; /* nobody has looked at it */
    switch_input(&fake_other, &frame, 1);
    fake_nic_section_take(0, &got);
    assert_int_equal(got, 44 + 1000);
    frame.flags = NET_CHECKSUM_BLANK;
    bytes[23] = 17;
    bytes[38] = 966 >> 8;
    bytes[39] = 966 & 0xff;
    switch_input(&fake_other, &frame, 1);
    memcpy(words, fake_nic_section_take(0, &got), sizeof(words));
    assert_memory_equal(words + 11, ((u32[]){16, 0, 12, 0x10}), 16);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_nic_begin, fake_nic_end)
    const struct CMUnitTest tests[] = {
        TEST(test_abilities_are_told),
        TEST(test_coalescing_needs_both),
        TEST(test_parameters),
        TEST(test_blank_checksum_from_the_guest),
        TEST(test_long_segments_from_the_guest),
        TEST(test_segments_that_make_no_sense),
        TEST(test_information_that_makes_no_sense),
        TEST(test_tags_from_the_guest),
        TEST(test_tag_and_checksum),
        TEST(test_buffer_that_is_away),
        TEST(test_long_frames_to_the_guest),
        TEST(test_sections_in_a_row),
        TEST(test_good_checksums_to_the_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
