/* The network service, spoken to through its rings as Linux does, and as it does not. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/netvsc.c guest-drivers/service/rndis.c
// sources: guest-drivers/service/switch.c guest-drivers/service/offload.c
// sources: abi-tests/unit/fake_vmbus.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/netvsc.h"

#define PORT       (FAKE_PORT + 1)
#define ADDRESS    0x00163e010203ull
/* Frames of the guest: rings, the buffers to and from it, pages. */
#define RECEIVE    30u
#define RECEIVES   4u /* pages: 9 sections */
#define SEND       40u
#define SENDS      6u /* pages: 4 sections */
#define PAGES      60u
#define ID_RECEIVE 0x100u
#define ID_SEND    0x101u

static struct guest_memory memory;
static struct vmbus bus;
static struct vmbus_channel channel;
static struct netvsc netvsc;
static struct net_switch net;
static struct fake_ring out, in;
static u64 next;
static struct netvsp_message answer;

/* Another port of the switch. */
static struct net_port other;
static struct net_address other_address[4];
static u8 other_frame[2000];
static u32 other_bytes, other_count;

static void other_send(struct net_port *port, const struct net_frame *frame)
{
    (void)port;
    other_count++;
    other_bytes = frame->bytes;
    memcpy(other_frame, frame->at, frame->bytes);
}

static void gpadl_make(u32 id, u32 first, u32 pages)
{
    struct {
        struct vmbus_gpadl_header header;
        u64 pfn[26];
    } __attribute__((packed)) message = {.header = {.head = {VMBUS_GPADL_HEADER, 0},
                                                    .relid = 1,
                                                    .gpadl = id,
                                                    .range_bytes = (u16)(8 + pages * 8),
                                                    .ranges = 1,
                                                    .byte_count = pages * 4096}};

    for (u32 i = 0; i < pages; i++)
        message.pfn[i] = first + i;
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message,
                  (u32)(sizeof(message.header) + pages * 8));
}

static int setup(void **state)
{
    (void)state;
    fake_vmbus_reset();
    memset(&net, 0, sizeof(net));
    memset(&other, 0, sizeof(other));
    memset(other_address, 0, sizeof(other_address));
    other = (struct net_port){
        .send = other_send, .largest = 1514, .address = other_address, .addresses = 4};
    other_count = 0;
    switch_attach(&net, &other);
    next = 0;
    vmbus_make(&bus, &memory);
    netvsc_make(&netvsc, &channel, &net, ADDRESS, 1500);
    if (vmbus_channel_offer(&bus, &channel) != ST_OK)
        return 1;
    if (!fake_channel_begin(&bus, &out, &in))
        return 1;
    gpadl_make(ID_RECEIVE, RECEIVE, RECEIVES);
    gpadl_make(ID_SEND, SEND, SENDS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0 || netvsc.port.home != NULL;
}

/* Takes the completion of what was said last. */
static void answer_take(void)
{
    struct vmbus_packet_head head;

    memset(&answer, 0xee, sizeof(answer));
    assert_int_equal(fake_ring_take(&in, &head, &answer, sizeof(answer)), 40);
    assert_int_equal(head.type, VMBUS_PACKET_COMPLETION);
    assert_int_equal(head.transaction, next);
}

static void say(const struct netvsp_message *message)
{
    fake_ring_put(&out, VMBUS_PACKET_INBAND, ++next, NULL, 0, message, sizeof(*message));
    assert_true(vmbus_port_serve(&bus, PORT));
}

static u32 init(u32 version)
{
    struct netvsp_message message = {.type = 1, .init = {version, version}};

    say(&message);
    answer_take();
    assert_int_equal(answer.type, 2);
    return answer.init_complete.status;
}

static u32 buffer(u32 type, u32 gpadl)
{
    struct netvsp_message message = {.type = type, .buffer = {gpadl, 0xcafe}};

    say(&message);
    answer_take();
    assert_int_equal(answer.type, type + 1);
    return answer.status;
}

static void connect_all(void)
{
    assert_int_equal(init(0x60001), 1);
    assert_int_equal(buffer(101, ID_RECEIVE), 1);
    assert_int_equal(buffer(104, ID_SEND), 1);
}

/* What came by a section: its bytes; the completion gives it back when asked to. */
static u8 *section_take(u32 channel_type, u32 *bytes, bool is_given_back)
{
    struct {
        struct vmbus_packet_head head;
        struct vmbus_xfer_pages pages;
        struct vmbus_xfer_range range;
    } __attribute__((packed)) packet;
    struct netvsp_message message, done = {.type = 108, .status = 1};
    u32 at = in.head->read;

    memcpy(&packet, in.data + at, sizeof(packet)); /* does not wrap in these tests */
    assert_true(fake_ring_take(&in, &packet.head, &message, sizeof(message)) == 40);
    assert_int_equal(packet.head.type, VMBUS_PACKET_XFER_PAGES);
    assert_int_equal(packet.pages.set, 0xcafe);
    assert_int_equal(packet.pages.ranges, 1);
    assert_int_equal(message.type, 107);
    assert_int_equal(message.rndis.channel, channel_type);
    assert_true(packet.range.offset + packet.range.bytes <= RECEIVES * 4096);
    *bytes = packet.range.bytes;
    if (is_given_back) {
        fake_ring_put(&out, VMBUS_PACKET_COMPLETION, packet.head.transaction, NULL, 0, &done,
                      8);
        assert_true(vmbus_port_serve(&bus, PORT));
    }
    return fake_ram[RECEIVE] + packet.range.offset;
}

/* A RNDIS message from a page of the guest; the NVSP status. */
static u32 rndis_from_page(u32 channel_type, const void *message, u32 bytes)
{
    struct {
        struct vmbus_gpa_direct direct;
        struct vmbus_gpa_range range;
        u64 pfn[2];
    } __attribute__((packed)) more = {{0, 1}, {bytes, 100}, {PAGES, PAGES + 1}};
    struct netvsp_message packet = {.type = 107, .rndis = {channel_type, ~0u, 0}};

    memcpy(fake_ram[PAGES] + 100, message, bytes);
    fake_ring_put(&out, VMBUS_PACKET_GPA_DIRECT, ++next, &more, bytes > 3996 ? 32 : 24, &packet,
                  sizeof(packet));
    assert_true(vmbus_port_serve(&bus, PORT));
    return 0;
}

static const u32 *control(const void *message, u32 bytes, u32 type)
{
    const u32 *words;
    u32 got;

    rndis_from_page(1, message, bytes);
    words = (const u32 *)(const void *)section_take(1, &got, true);
    assert_int_equal(words[0], type | 0x80000000);
    assert_int_equal(words[1], got);
    answer_take();
    assert_int_equal(answer.type, 108);
    assert_int_equal(answer.status, 1);
    return words;
}

static void filter_set(u32 filter)
{
    u32 message[] = {5, 32, 9, 0x1010e, 4, 20, 0, filter};

    assert_int_equal(control(message, sizeof(message), 5)[3], 0);
}

static void test_versions(void **state)
{
    static const u32 good[] = {0x2, 0x30002, 0x40000, 0x50000, 0x60000, 0x60001};

    (void)state;
    assert_int_equal(init(0x70000), 2);
    assert_int_equal(init(0), 2);
    assert_int_equal(buffer(101, ID_RECEIVE), 2); /* nothing agreed yet */
    assert_int_equal(buffer(104, ID_SEND), 2);
    for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
        assert_int_equal(init(good[i]), 1);
        assert_int_equal(answer.init_complete.version, good[i]);
    }
}

static void test_buffers(void **state)
{
    (void)state;
    init(0x60000);
    assert_int_equal(buffer(101, 99), 2);
    assert_int_equal(buffer(101, ID_RECEIVE), 1);
    assert_int_equal(answer.receive_complete.sections, 1);
    assert_int_equal(answer.receive_complete.offset, 0);
    assert_int_equal(answer.receive_complete.section_bytes, 1728);
    assert_int_equal(answer.receive_complete.count, 9);
    assert_int_equal(buffer(101, ID_RECEIVE), 2); /* it has one */
    assert_int_equal(buffer(104, 0xe1e11 + 5), 2);
    assert_int_equal(buffer(104, ID_SEND), 1);
    assert_int_equal(answer.send_complete.section_bytes, 6144);
}

static void test_control(void **state)
{
    u32 init_message[] = {2, 24, 7, 1, 0, 0x4000};
    u32 query[] = {4, 28, 8, 0x01010101, 0, 20, 0};
    u32 keepalive[] = {8, 12, 77};
    const u32 *words;

    (void)state;
    connect_all();
    words = control(init_message, sizeof(init_message), 2);
    assert_int_equal(words[2], 7);
    assert_int_equal(words[3], 0);
    assert_int_equal(words[4], 1);
    words = control(query, sizeof(query), 4);
    assert_int_equal(words[2], 8);
    assert_int_equal(words[4], 6);
    assert_int_equal(words[5], 16);
    assert_memory_equal(words + 6, "\0\x16\x3e\1\2\3", 6);
    query[3] = 0xfc01020d;
    words = control(query, sizeof(query), 4);
    assert_int_equal(words[4], 112);
    assert_int_equal(words[6], 0x007001a7);
    query[3] = 0x10203; /* receive-side scaling */
    words = control(query, sizeof(query), 4);
    assert_int_equal(words[3], 0xc00000bb);
    assert_int_equal(words[4], 0);
    words = control(keepalive, sizeof(keepalive), 8);
    assert_int_equal(words[2], 77);
    assert_null(netvsc.port.home);
    filter_set(9);
    assert_non_null(netvsc.port.home);
    filter_set(0);
    assert_null(netvsc.port.home);
}

static void frame_make(u8 *message, u32 bytes)
{
    u32 head[11] = {1, 44 + bytes, 36, bytes};

    memcpy(message, head, sizeof(head));
    memset(message + 44, 0x5a, bytes);
    memcpy(message + 44, "\xff\xff\xff\xff\xff\xff\0\x16\x3e\1\2\3\x08\x00", 14);
}

static void test_frames_from_the_guest(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 2, 44 + 100}};
    u8 message[1600];

    (void)state;
    connect_all();
    frame_make(message, 1514);
    rndis_from_page(0, message, 44 + 1514);
    answer_take();
    assert_int_equal(other_count, 0); /* it has not asked for packets */
    filter_set(9);
    rndis_from_page(0, message, 44 + 1514);
    answer_take();
    assert_int_equal(answer.status, 1);
    assert_int_equal(other_count, 1);
    assert_int_equal(other_bytes, 1514);
    assert_memory_equal(other_frame, message + 44, 1514);
    /* By a section of the buffer: two messages in one. */
    frame_make(fake_ram[SEND + 3], 100);
    frame_make(fake_ram[SEND + 3] + 144, 60);
    packet.rndis.section_bytes = 144 + 104;
    say(&packet);
    answer_take();
    assert_int_equal(answer.status, 1);
    assert_int_equal(other_count, 3);
    assert_int_equal(other_bytes, 60);
}

static void test_malformed_messages(void **state)
{
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 144}};
    static const struct {
        u32 section, bytes;
    } bad[] = {{4, 144}, {0xfffffffe, 144}, {0, 6145}, {0, 0xffffffff}};
    u32 *words = (u32 *)(void *)fake_ram[SEND];

    (void)state;
    connect_all();
    filter_set(9);
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        frame_make(fake_ram[SEND], 100);
        packet.rndis.section = bad[i].section;
        packet.rndis.section_bytes = bad[i].bytes;
        say(&packet);
        answer_take();
        assert_int_equal(answer.status, 2);
    }
    packet.rndis.section = 0;
    packet.rndis.section_bytes = 144;
    for (u32 i = 0; i < 6; i++) {
        frame_make(fake_ram[SEND], 100);
        words[1] = i == 0 ? 145 : i == 1 ? 7 : i == 2 ? 40 : 144;
        words[2] = i == 3 ? 37 : i == 4 ? 0xffffffff : 36;
        words[3] = i == 5 ? 101 : 100;
        say(&packet);
        answer_take();
        assert_int_equal(answer.status, 2);
    }
    assert_int_equal(other_count, 0);
    assert_int_equal(netvsc.malformed, 10);
    /* The second of two goes beyond the end of both. */
    frame_make(fake_ram[SEND], 56);
    frame_make(fake_ram[SEND] + 100, 56);
    words[26] = 101;
    packet.rndis.section_bytes = 200;
    say(&packet);
    answer_take();
    assert_int_equal(answer.status, 2);
    assert_int_equal(other_count, 1);
}

static void input(u32 bytes)
{
    u8 frame[1514] = {0, 0x16, 0x3e, 1, 2, 3, 0, 0x16, 0x3e, 9, 9, 9, 8, 0, 1, 2, 3};

    switch_input(&other, &(struct net_frame){.at = frame, .bytes = bytes}, 1);
}

static void test_frames_to_the_guest(void **state)
{
    u32 bytes;
    u8 *at;

    (void)state;
    connect_all();
    filter_set(9);
    for (u32 i = 0; i < 30; i++) { /* more than there are sections */
        input(1514);
        at = section_take(0, &bytes, true);
        assert_int_equal(bytes, 44 + 1514);
        assert_int_equal(((u32 *)(void *)at)[0], 1);
        assert_int_equal(((u32 *)(void *)at)[2], 36);
        assert_int_equal(((u32 *)(void *)at)[3], 1514);
        assert_memory_equal(at + 44, "\0\x16\x3e\1\2\3\0\x16\x3e\x9\x9\x9\x8\0\1\2\3", 17);
    }
    /* A guest that gives no section back gets no more. */
    for (u32 i = 0; i < 12; i++)
        input(60);
    for (u32 i = 0; i < 9; i++)
        section_take(0, &bytes, false);
    assert_int_equal(in.head->read, in.head->write);
    assert_int_equal(netvsc.port.out.dropped, 3);
    fake_ring_put(&out, VMBUS_PACKET_COMPLETION, 0, NULL, 0, "", 0);
    fake_ring_put(&out, VMBUS_PACKET_COMPLETION, 10, NULL, 0, "", 0);
    fake_ring_put(&out, VMBUS_PACKET_COMPLETION, ~(u64)0, NULL, 0, "", 0);
    assert_true(vmbus_port_serve(&bus, PORT));
    input(60);
    assert_int_equal(netvsc.port.out.dropped, 4);
    fake_ring_put(&out, VMBUS_PACKET_COMPLETION, 9, NULL, 0, "", 0);
    assert_true(vmbus_port_serve(&bus, PORT));
    input(60);
    section_take(0, &bytes, false);
}

/* The buffers go while the channel is open. */
static void test_teardown_of_buffers(void **state)
{
    struct vmbus_gpadl_teardown message = {{VMBUS_GPADL_TEARDOWN, 0}, 1, ID_RECEIVE};
    struct netvsp_message packet = {.type = 107, .rndis = {0, 0, 144}};

    (void)state;
    connect_all();
    filter_set(9);
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    message.gpadl = ID_SEND;
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &message, sizeof(message));
    input(60);
    assert_int_equal(netvsc.port.out.dropped, 1);
    say(&packet);
    answer_take();
    assert_int_equal(answer.status, 2);
    packet.type = 133;
    say(&packet);
    answer_take();
    assert_int_equal(answer.status, 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_versions),
        TEST(test_buffers),
        TEST(test_control),
        TEST(test_frames_from_the_guest),
        TEST(test_malformed_messages),
        TEST(test_frames_to_the_guest),
        TEST(test_teardown_of_buffers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
