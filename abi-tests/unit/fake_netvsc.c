#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_netvsc.h"

struct vmbus fake_bus;
struct netvsc fake_nic;
struct fake_ring fake_out, fake_in;
struct netvsp_message fake_answer;
struct net_port fake_other;
struct net_frame fake_other_frame;
u32 fake_other_count;

static struct guest_memory memory;
static struct vmbus_channel channel;
static struct net_switch net;
static struct net_address other_address[4];
static u8 other_bytes[NET_FRAME_MAX];
static u64 next; /* transaction */

static void other_send(struct net_port *port, const struct net_frame *frame)
{
    (void)port;
    fake_other_count++;
    fake_other_frame = *frame;
    fake_other_frame.at = other_bytes;
    memcpy(other_bytes, frame->at, frame->bytes);
}

int fake_nic_begin(void **state)
{
    (void)state;
    fake_vmbus_reset();
    memset(&net, 0, sizeof(net));
    memset(other_address, 0, sizeof(other_address));
    fake_other = (struct net_port){
        .send = other_send, .largest = 1514, .address = other_address, .addresses = 4};
    fake_other_count = 0;
    switch_attach(&net, &fake_other);
    next = 0;
    vmbus_make(&fake_bus, &memory);
    netvsc_make(&fake_nic, &channel, &net, FAKE_NIC_ADDRESS, 1500);
    if (vmbus_channel_offer(&fake_bus, &channel) != ST_OK ||
        !fake_channel_begin(&fake_bus, &fake_out, &fake_in))
        return 1;
    fake_gpadl_make(&fake_bus, 1, FAKE_RECEIVE_GPADL, FAKE_RECEIVE, FAKE_RECEIVES);
    fake_gpadl_make(&fake_bus, 1, FAKE_SEND_GPADL, FAKE_SEND, FAKE_SENDS);
    return 0;
}

int fake_nic_end(void **state)
{
    (void)state;
    vmbus_end(&fake_bus);
    return fake_pins != 0 || fake_nic.port.home != NULL;
}

void fake_nic_answer_take(void)
{
    struct vmbus_packet_head head;

    memset(&fake_answer, 0xee, sizeof(fake_answer));
    assert_int_equal(fake_ring_take(&fake_in, &head, &fake_answer, sizeof(fake_answer)), 40);
    assert_int_equal(head.type, VMBUS_PACKET_COMPLETION);
    assert_int_equal(head.transaction, next);
}

void fake_nic_say(const struct netvsp_message *message)
{
    fake_ring_put(&fake_out, VMBUS_PACKET_INBAND, ++next, NULL, 0, message, sizeof(*message));
    assert_true(vmbus_port_serve(&fake_bus, FAKE_NIC_PORT));
}

u32 fake_nic_init(u32 version)
{
    struct netvsp_message message = {.type = 1, .init = {version, version}};

    fake_nic_say(&message);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.type, 2);
    return fake_answer.init_complete.status;
}

u32 fake_nic_buffer(u32 type, u32 gpadl)
{
    struct netvsp_message message = {.type = type, .buffer = {gpadl, 0xbead}};

    fake_nic_say(&message);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.type, type + 1);
    return fake_answer.status;
}

void fake_nic_connect(void)
{
    assert_int_equal(fake_nic_init(0x60001), 1);
    assert_int_equal(fake_nic_buffer(101, FAKE_RECEIVE_GPADL), 1);
    assert_int_equal(fake_nic_buffer(104, FAKE_SEND_GPADL), 1);
}

void fake_nic_complete(u64 transaction)
{
    struct netvsp_message done = {.type = 108, .status = 1};

    fake_ring_put(&fake_out, VMBUS_PACKET_COMPLETION, transaction, NULL, 0, &done, 8);
    assert_true(vmbus_port_serve(&fake_bus, FAKE_NIC_PORT));
}

/* Bytes at an offset of the ring to the guest, which may wrap. */
static void ring_read(u32 at, void *to, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++)
        ((u8 *)to)[i] = fake_in.data[(at + i) % fake_in.bytes];
}

/* A frame of the guest and those behind it. */
static u8 *ram_at(u32 frame)
{
    return (u8 *)(void *)fake_ram + frame * sizeof(fake_ram[0]);
}

struct fake_parcel fake_nic_take(u32 channel_type)
{
    struct fake_parcel parcel = {0};
    struct {
        struct vmbus_packet_head head;
        struct vmbus_xfer_pages pages;
    } __attribute__((packed)) packet;
    struct vmbus_xfer_range range;
    struct netvsp_message message;
    u32 at = fake_in.head->read;

    ring_read(at, &packet, sizeof(packet));
    assert_true(fake_ring_take(&fake_in, &packet.head, &message, sizeof(message)) == 40);
    assert_int_equal(packet.head.type, VMBUS_PACKET_XFER_PAGES);
    assert_int_equal(packet.pages.set, 0xbead);
    assert_int_equal(packet.pages.is_owned, 0);
    assert_int_equal(packet.pages.reserved, 0);
    assert_in_range(packet.pages.ranges, 1, NETVSC_FRAGMENTS_MAX);
    assert_int_equal(packet.head.head_words, 3 + packet.pages.ranges);
    assert_int_equal(message.type, 107);
    assert_int_equal(message.rndis.channel, channel_type);
    assert_int_equal(message.rndis.section, 0xffffffff); /* those are the guest's to use */
    assert_int_equal(message.rndis.section_bytes, 0);
    parcel.transaction = packet.head.transaction;
    parcel.count = packet.pages.ranges;
    for (u32 i = 0; i < parcel.count; i++) {
        ring_read(at + (u32)sizeof(packet) + i * 8, &range, sizeof(range));
        assert_true(range.offset + range.bytes <= FAKE_RECEIVES * 4096);
        assert_in_range(range.bytes, 1, 8192);
        parcel.part[i].at = ram_at(FAKE_RECEIVE) + range.offset;
        parcel.part[i].bytes = range.bytes;
    }
    return parcel;
}

u8 *fake_nic_section_take(u32 channel_type, u32 *bytes)
{
    struct fake_parcel parcel = fake_nic_take(channel_type);

    assert_int_equal(parcel.count, 1);
    fake_nic_complete(parcel.transaction);
    *bytes = parcel.part[0].bytes;
    return parcel.part[0].at;
}

void fake_nic_rndis(u32 channel_type, const void *message, u32 bytes)
{
    struct {
        struct vmbus_gpa_direct direct;
        struct vmbus_gpa_range range;
        u64 pfn[18];
    } __attribute__((packed)) more = {.direct = {0, 1}, .range = {bytes, 100}};
    struct netvsp_message packet = {.type = 107, .rndis = {channel_type, ~0u, 0}};
    u32 pages = (100 + bytes + 4095) / 4096;

    for (u32 i = 0; i < pages; i++)
        more.pfn[i] = FAKE_PAGES + i;
    memcpy(ram_at(FAKE_PAGES) + 100, message, bytes);
    fake_ring_put(&fake_out, VMBUS_PACKET_GPA_DIRECT, ++next, &more, 16 + pages * 8, &packet,
                  sizeof(packet));
    assert_true(vmbus_port_serve(&fake_bus, FAKE_NIC_PORT));
}

const u32 *fake_nic_control(const void *message, u32 bytes, u32 type)
{
    const u32 *words;
    u32 got;

    fake_nic_rndis(1, message, bytes);
    words = (const u32 *)(const void *)fake_nic_section_take(1, &got);
    assert_int_equal(words[0], type | 0x80000000);
    assert_int_equal(words[1], got);
    fake_nic_answer_take();
    assert_int_equal(fake_answer.type, 108);
    assert_int_equal(fake_answer.status, 1);
    return words;
}

void fake_nic_filter(u32 filter)
{
    u32 message[] = {5, 32, 9, 0x1010e, 4, 20, 0, filter};

    assert_int_equal(fake_nic_control(message, sizeof(message), 5)[3], 0);
}

void fake_nic_frame_make(u8 *message, u32 bytes)
{
    u32 head[11] = {1, 44 + bytes, 36, bytes};

    memcpy(message, head, sizeof(head));
    memset(message + 44, 0x5a, bytes);
    memcpy(message + 44, "\xff\xff\xff\xff\xff\xff\0\x16\x3e\1\2\3\x08\x00", 14);
}

void fake_nic_input(u32 bytes)
{
    u8 frame[1600] = {0, 0x16, 0x3e, 1, 2, 3, 0, 0x16, 0x3e, 9, 9, 9, 8, 0, 1, 2, 3};

    switch_input(&fake_other, &(struct net_frame){.at = frame, .bytes = bytes}, 1);
}
