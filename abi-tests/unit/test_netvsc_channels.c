/* Several channels of a network device: who gets them, which one a frame comes by, and that
 * each is served and ended as the first one is. */
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

#define SCALE_ABILITIES  0x10203u
#define SCALE_PARAMETERS 0x10204u
#define RINGS            100u /* frame of the first sub-channel's: two pages each */
#define RINGS_OF(index)  (RINGS + ((index)-1) * 4)

/* "Verifying the RSS hash calculation", Windows driver documentation: the key, and TCP from
 * 66.9.149.187, port 2794, to 161.142.100.80, port 1766: 51ccc178; by addresses: 323e8fc2. */
static const u8 key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67,
                           0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb,
                           0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30,
                           0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
#define HASH_PORTS     0x51ccc178u
#define HASH_ADDRESSES 0x323e8fc2u

static void tcp_input(u8 protocol)
{
    u8 bytes[60] = {0, 0x16, 0x3e, 1, 2, 3, 0, 0x16, 0x3e, 9, 9, 9, 8, 0, 0x45, 0, 0, 46};
    static const u8 addresses[] = {66, 9, 149, 187, 161, 142, 100, 80, 10, 234, 6, 230};

    bytes[23] = protocol;
    memcpy(bytes + 26, addresses, sizeof(addresses));
    bytes[46] = 5 << 4;
    switch_input(&fake_other, &(struct net_frame){.at = bytes, .bytes = sizeof(bytes)}, 1);
}

/* SUB_CHANNELS; the status. */
static u32 allocate(u32 operation, u32 count)
{
    struct netvsp_message message = {.type = 133, .sub_channels = {operation, count}};

    fake_nic_say(&message);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.type, 133);
    return fake_answer.sub_channels_complete.status;
}

/* With so many sub-channels, not open yet. */
static void begin(u32 count)
{
    fake_nic_connect();
    fake_nic_filter(9);
    assert_int_equal(allocate(1, count), 1);
    assert_int_equal(fake_answer.sub_channels_complete.count, count);
    vmbus_flush(&fake_bus);
}

static void sub_open(u32 index)
{
    assert_int_equal(fake_channel_open(&fake_bus, 1 + index, RINGS_OF(index), 2), 0);
}

/* What came by a sub-channel's ring; `room` bytes of a section. */
static struct fake_parcel sub_take(u32 index)
{
    struct fake_ring primary = fake_in;
    struct fake_parcel parcel;

    fake_in = fake_ring_at(RINGS_OF(index) + 2, 2);
    parcel = fake_nic_take(0);
    fake_in = primary;
    return parcel;
}

struct scale {
    u32 head[7];
    u16 object_head[2];
    u16 flags, base;
    u32 hash;
    u16 table_bytes, padding;
    u32 table_offset;
    u16 key_bytes, padding2;
    u32 key_offset, masks[3];
    u32 table[128];
    u8 key[40];
};

/* As Linux says it: 128 entries that lead to channels one after the other. */
static struct scale scale_make(u32 channels)
{
    struct scale scale = {
        .head = {5, sizeof(scale), 9, SCALE_PARAMETERS, sizeof(scale) - 28, 20},
        .object_head = {0x0289, 40},
        .hash = 0x1701,
        .table_bytes = 512,
        .table_offset = 40,
        .key_bytes = 40,
        .key_offset = 552};

    for (u32 i = 0; i < 128; i++)
        scale.table[i] = i % channels;
    memcpy(scale.key, key, sizeof(key));
    return scale;
}

static u32 scale_set(const struct scale *scale)
{
    return fake_nic_control(scale, sizeof(*scale), 5)[3];
}

static void test_abilities(void **state)
{
    u32 query[7] = {4, 28, 8, SCALE_ABILITIES, 0, 20, 0};
    const u32 *words;

    (void)state;
    fake_nic_connect();
    words = fake_nic_control(query, sizeof(query), 4);
    assert_int_equal(words[3], 0);
    assert_int_equal(words[4], 18);
    assert_memory_equal(words + 6, "\x88\2\x12\0\1\3\0\1\x8\0\0\0\x8\0\0\0\x80\0", 18);
}

static void test_who_gets_them(void **state)
{
    u32 posts;

    (void)state;
    assert_int_equal(allocate(1, 1), 2); /* nothing agreed yet */
    fake_nic_init(0x40000);
    assert_int_equal(allocate(1, 1), 2); /* not with that version */
    fake_nic_init(0x60001);
    assert_int_equal(allocate(0, 1), 2);
    assert_int_equal(allocate(1, 0), 2);
    vmbus_flush(&fake_bus);
    posts = fake_post_count;
    assert_int_equal(allocate(1, ~0u), 1);
    assert_int_equal(fake_answer.sub_channels_complete.count, 7);
    vmbus_flush(&fake_bus);
    assert_int_equal(fake_post_count - posts, 7);
    assert_int_equal(allocate(1, 1), 2); /* once for each opening */
}

static void test_from_version_5_on(void **state)
{
    (void)state;
    fake_nic_init(0x50000);
    assert_int_equal(allocate(1, 1), 1);
}

static void test_send_table(void **state)
{
    struct vmbus_packet_head head;
    struct netvsp_send_table table;

    (void)state;
    begin(2);
    sub_open(2);
    assert_int_equal(fake_in.head->read, fake_in.head->write); /* one is missing */
    sub_open(1);
    assert_int_equal(fake_ring_take(&fake_in, &head, &table, sizeof(table)), 80);
    assert_int_equal(head.type, VMBUS_PACKET_INBAND);
    assert_int_equal(head.flags, 0);
    assert_int_equal(table.type, 134);
    assert_int_equal(table.count, 16);
    assert_int_equal(table.offset, 12);
    for (u32 i = 0; i < 16; i++)
        assert_int_equal(table.channel[i], i % 3);
}

static void table_drop(void)
{
    struct vmbus_packet_head head;

    assert_int_equal(fake_ring_take(&fake_in, &head, NULL, 0), 80);
}

static void test_frames_by_hash(void **state)
{
    struct scale scale = scale_make(3);
    struct fake_parcel parcel;
    u32 words[15];

    (void)state;
    begin(2);
    sub_open(1);
    scale.table[HASH_PORTS % 128] = 1;
    scale.table[HASH_ADDRESSES % 128] = 2;
    assert_int_equal(scale_set(&scale), 0);
    tcp_input(6);
    parcel = sub_take(1);
    memcpy(words, parcel.part[0].at, sizeof(words));
    assert_memory_equal(words + 11, ((u32[]){16, 8, 12, HASH_PORTS}), 16);
    tcp_input(17); /* for a channel that is not open: it goes by the first */
    parcel = fake_nic_take(0);
    memcpy(words, parcel.part[0].at, sizeof(words));
    assert_int_equal(words[14], HASH_ADDRESSES);
    sub_open(2);
    table_drop();
    tcp_input(17);
    assert_int_equal(sub_take(2).count, 1);
    scale.flags = 0x10; /* off */
    assert_int_equal(scale_set(&scale), 0);
    tcp_input(6);
    parcel = fake_nic_take(0);
    assert_int_equal(parcel.part[0].bytes, 44 + 60);
}

/* Two channels are enough to choose from, and addresses to choose by. */
static void test_frames_by_addresses_alone(void **state)
{
    struct scale scale = scale_make(1);
    struct fake_parcel parcel;
    u32 words[15];

    (void)state;
    begin(1);
    sub_open(1);
    table_drop();
    scale.hash = 0x101;
    scale.table[HASH_ADDRESSES % 128] = 1;
    assert_int_equal(scale_set(&scale), 0);
    tcp_input(6);
    parcel = sub_take(1);
    memcpy(words, parcel.part[0].at, sizeof(words));
    assert_int_equal(words[14], HASH_ADDRESSES);
}

static void test_what_is_hashed(void **state)
{
    static const struct {
        u32 hash, kinds;
    } asked[] = {{0x101, RSS_IPV4},      {0x201, RSS_IPV4_TCP}, {0x401, RSS_IPV6},
                 {0x1001, RSS_IPV6_TCP}, {0x1700, 0},           {0xe801, 0}};

    (void)state;
    begin(2);
    for (u32 i = 0; i < ARRAY_SIZE(asked); i++) {
        struct scale scale = scale_make(3);

        scale.hash = asked[i].hash;
        assert_int_equal(scale_set(&scale), 0);
        assert_int_equal(fake_nic.device.scale.kinds, asked[i].kinds);
    }
}

static void test_parameters_that_make_no_sense(void **state)
{
    (void)state;
    begin(2);
    for (u32 i = 0; i < 10; i++) {
        struct scale scale = scale_make(3);

        if (i == 0)
            scale.table[127] = 8;
        else if (i == 1)
            scale.table_bytes = 516;
        else if (i == 2)
            scale.table_bytes = 510;
        else if (i == 3)
            scale.table_bytes = 0;
        else if (i == 4)
            scale.table_offset = 592 - 511;
        else if (i == 5)
            scale.table_offset = 0xffffffff;
        else if (i == 6)
            scale.key_bytes = 41;
        else if (i == 7)
            scale.key_offset = 553;
        else if (i == 8)
            scale.table[0] = 8;
        else
            scale.head[4] = 27; /* shorter than its head */
        assert_int_equal(scale_set(&scale), 0xc0010015);
        assert_int_equal(fake_nic.device.scale.kinds, 0);
    }
}

/* By its own rings, its own completion; the device is spoken to by its first channel. */
static void test_frames_from_the_guest(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 144}};
    struct fake_ring out, in;
    struct vmbus_packet_head head;

    (void)state;
    begin(1);
    sub_open(1);
    out = fake_ring_at(RINGS_OF(1), 2);
    in = fake_ring_at(RINGS_OF(1) + 2, 2);
    fake_nic_frame_make(fake_ram[FAKE_SEND], 100);
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 77, NULL, 0, &packet, sizeof(packet));
    assert_true(vmbus_port_serve(&fake_bus, FAKE_PORT + 2));
    assert_int_equal(fake_other_count, 1);
    assert_int_equal(fake_ring_take(&in, &head, &fake_answer, sizeof(fake_answer)), 40);
    assert_int_equal(head.type, VMBUS_PACKET_COMPLETION);
    assert_int_equal(head.transaction, 77);
    assert_int_equal(fake_answer.status, 1);
    packet = (struct netvsp_message){.type = 106};
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 78, NULL, 0, &packet, sizeof(packet));
    assert_true(vmbus_port_serve(&fake_bus, FAKE_PORT + 2));
    assert_int_equal(fake_ring_take(&in, &head, &fake_answer, sizeof(fake_answer)), 40);
    assert_int_equal(fake_nic.send_gpadl, FAKE_SEND_GPADL);
}

static void close_say(u32 relid)
{
    struct vmbus_relid message = {{VMBUS_CLOSE_CHANNEL, 0}, relid};

    vmbus_message(&fake_bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
}

static void test_ends(void **state)
{
    struct scale scale = scale_make(1);

    (void)state;
    begin(2);
    sub_open(1);
    sub_open(2);
    table_drop();
    scale.table[HASH_PORTS % 128] = 2;
    assert_int_equal(scale_set(&scale), 0);
    close_say(3); /* the second one alone: what was for it comes by the first */
    tcp_input(6);
    assert_int_equal(fake_nic_take(0).count, 1);
    close_say(1);
    assert_null(fake_nic.port.home);
    for (u32 i = 0; i < NETVSC_CHANNELS_MAX; i++)
        assert_null(fake_nic.sub[i]);
    assert_int_equal(fake_nic.device.scale.kinds, 0);
    assert_int_equal(fake_pins, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_nic_begin, fake_nic_end)
    const struct CMUnitTest tests[] = {
        TEST(test_abilities),
        TEST(test_who_gets_them),
        TEST(test_from_version_5_on),
        TEST(test_send_table),
        TEST(test_frames_by_hash),
        TEST(test_frames_by_addresses_alone),
        TEST(test_what_is_hashed),
        TEST(test_parameters_that_make_no_sense),
        TEST(test_frames_from_the_guest),
        TEST(test_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
