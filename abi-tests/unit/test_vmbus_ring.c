/* The rings of a VMBus channel: wrapping, signals, the last bytes, and indices that cannot be.
 */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c
#include "abi-tests/unit/vmbus_guest.h"

static void open_first(struct fake_ring *out, struct fake_ring *in)
{
    fake_vmbus_contact(&bus);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 3), 0);
    *out = fake_ring_at(10, 3);
    *in = fake_ring_at(13, 3);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
}

static void test_echo_and_wrap(void **state)
{
    struct vmbus_packet_head head;
    struct fake_ring out, in;
    u8 data[200], back[200];

    (void)state;
    open_first(&out, &in);
    assert_int_equal(in.head->features & 1, 1);
    assert_int_equal(out.head->interrupt_mask, 0);
    for (u32 i = 0; i < 500; i++) {
        u32 bytes = i * 7 % 200;

        memset(data, (int)i, sizeof(data));
        fake_ring_put(&out, VMBUS_PACKET_INBAND, i, NULL, 0, data, bytes);
        assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
        assert_int_equal(fake_ring_take(&in, &head, back, sizeof(back)), (bytes + 7) & ~7u);
        assert_int_equal(head.type, VMBUS_PACKET_COMPLETION);
        assert_int_equal(head.transaction, i);
        assert_memory_equal(back, data, bytes);
        assert_int_equal(out.head->read, out.head->write);
    }
    assert_int_equal(fake_flags, 500); /* it had emptied its ring each time */
    assert_int_equal(fake_flag, 1);
    assert_int_equal(fake_flag_vp, 1);
    assert_false(vmbus_port_serve(&bus, FAKE_PORT + 2));
}

static void test_signals(void **state)
{
    struct fake_ring out, in;

    (void)state;
    open_first(&out, &in);
    for (u32 i = 0; i < 3; i++)
        fake_ring_put(&out, VMBUS_PACKET_INBAND, i, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(fake_flags, 1); /* the first of three */
    in.head->read = in.head->write;
    in.head->interrupt_mask = 1;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 3, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(fake_flags, 1);
    /* A guest that waits for room is told when it comes, and only then. */
    out.head->features = VMBUS_RING_PENDING_SEND;
    out.head->pending_send = out.bytes - 20;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 4, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(fake_flags, 2);
    out.head->pending_send = out.bytes - 100;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 5, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(fake_flags, 2);
}

/* A service that can take no more; then a ring to the guest that is full. */
static void test_busy(void **state)
{
    struct vmbus_packet_head head;
    struct fake_ring out, in;
    u8 data[2000] = {0};

    (void)state;
    open_first(&out, &in);
    is_full = 1;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, data, 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(served, 0);
    assert_int_equal(out.head->interrupt_mask, 1); /* nobody need signal */
    assert_true(vmbus_continue(&bus));
    is_full = 0;
    assert_false(vmbus_continue(&bus));
    assert_int_equal(served, 1);
    assert_int_equal(out.head->interrupt_mask, 0);
    /* A guest that does not take its answers: it is asked to say when it does. */
    for (u32 i = 0; i < 5; i++) {
        fake_ring_put(&out, VMBUS_PACKET_INBAND, i, NULL, 0, data, 1300);
        assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    }
    assert_int_equal(served, 6);
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 5, NULL, 0, data, 1300);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(served, 6);
    assert_false(channels[0].is_busy);
    assert_int_equal(in.head->pending_send, 2056);
    for (u32 i = 0; i < 3; i++)
        assert_true(fake_ring_take(&in, &head, data, sizeof(data)) >= 0);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(served, 7);
    assert_int_equal(in.head->pending_send, 0);
}

/* A full ring would look empty: eight bytes always stay. */
static void test_last_bytes(void **state)
{
    static u8 data[8168];
    struct vmbus_packet_head head;
    struct fake_ring out, in;
    struct vmbus_put put = {.data = data, .data_bytes = 8168};

    (void)state;
    open_first(&out, &in);
    assert_int_equal(vmbus_channel_put(&channels[0], &put), ST_NO_SPACE);
    assert_int_equal(in.head->write, 0);
    put.data_bytes = 8160;
    assert_int_equal(vmbus_channel_put(&channels[0], &put), ST_OK);
    assert_int_equal(in.head->write, 8184);
    put.data_bytes = 0;
    assert_int_equal(vmbus_channel_put(&channels[0], &put), ST_NO_SPACE);
    assert_int_equal(fake_ring_take(&in, &head, data, sizeof(data)), 8160);
    assert_int_equal(vmbus_channel_put(&channels[0], &put), ST_OK);
}

static void expect_broken(u32 write)
{
    struct fake_ring out, in;

    open_first(&out, &in);
    out.head->write = write;
    vmbus_port_serve(&bus, FAKE_PORT + 1);
    assert_true(channels[0].is_broken);
    out.head->write = 0;
    vmbus_port_serve(&bus, FAKE_PORT + 1);
    assert_int_equal(served, 0);
}

static void test_impossible_rings(void **state)
{
    static const u32 writes[] = {1, 8, 16, 8192, 8193, 0xfffffff8};
    static const u16 words[][2] = {{2, 1}, {1, 2}, {2, 8}, {2, 100}, {3, 2}, {0xffff, 0xffff}};
    struct vmbus_packet_head head = {.type = VMBUS_PACKET_INBAND};
    struct fake_ring out, in;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(writes); i++)
        expect_broken(writes[i]);
    for (u32 i = 0; i < ARRAY_SIZE(words); i++) {
        open_first(&out, &in);
        head.head_words = words[i][0];
        head.words = words[i][1];
        memcpy(out.data, &head, sizeof(head));
        out.head->write = 64;
        vmbus_port_serve(&bus, FAKE_PORT + 1);
        assert_true(channels[0].is_broken);
        assert_int_equal(served, 0);
    }
    /* An impossible index on the other side. */
    open_first(&out, &in);
    in.head->read = 4;
    out.head->write = 0;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, "12345678", 8);
    vmbus_port_serve(&bus, FAKE_PORT + 1);
    assert_true(channels[0].is_broken);
}

static void test_large_packet(void **state)
{
    struct fake_ring out, in;
    static u8 data[VMBUS_PACKET_MAX];

    (void)state;
    open_first(&out, &in);
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, data, VMBUS_PACKET_MAX - 8);
    vmbus_port_serve(&bus, FAKE_PORT + 1);
    assert_int_equal(served, 1);
    assert_int_equal(last_status, ST_TOO_BIG);
    assert_int_equal(last.head.transaction, 1);
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 2, NULL, 0, data, VMBUS_PACKET_MAX - 16);
    vmbus_port_serve(&bus, FAKE_PORT + 1);
    assert_int_equal(served, 2);
    assert_int_equal(last_status, ST_OK);
    assert_int_equal(last.data_bytes, VMBUS_PACKET_MAX - 16);
}

static enum status pieces_of(const void *more, u32 bytes, struct vmbus_piece *piece, u32 *count)
{
    static struct vmbus_packet packet;

    packet.head.type = VMBUS_PACKET_GPA_DIRECT;
    packet.data_at = 16 + bytes;
    memcpy(packet.all + 16, more, bytes);
    return vmbus_pieces_read(&packet, piece, 4, count);
}

/* A ring's pages are looked up once; anew when mappings have moved. One that is not to be had
 * then is no page of the guest's any more. */
static void test_moved_pages(void **state)
{
    struct fake_ring out, in;
    u32 pins;

    (void)state;
    open_first(&out, &in);
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    pins = fake_pins;
    fake_pins_max = pins;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 2, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(served, 2);
    memory.moves++;
    fake_pins_max = pins + 1;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 3, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(served, 3);
    memory.moves++;
    fake_pins_max = pins;
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 4, NULL, 0, "12345678", 8);
    assert_true(vmbus_port_serve(&bus, FAKE_PORT + 1));
    assert_int_equal(served, 3);
    assert_int_not_equal(out.head->read, out.head->write);
    assert_int_equal(fake_pins, pins);
}

static void test_pieces(void **state)
{
    struct {
        struct vmbus_gpa_direct direct;
        struct vmbus_gpa_range first;
        u64 pfn[3];
        struct vmbus_gpa_range second;
        u64 last;
    } __attribute__((packed)) more = {{0, 2}, {5000, 4000}, {7, 8, 9}, {100, 0}, 11};
    struct vmbus_piece piece[4];
    u32 count;

    (void)state;
    assert_int_equal(pieces_of(&more, sizeof(more), piece, &count), ST_OK);
    assert_int_equal(count, 4);
    assert_int_equal(piece[0].offset, 4000);
    assert_int_equal(piece[0].bytes, 96);
    assert_int_equal(piece[1].gfn, 8);
    assert_int_equal(piece[1].bytes, 4096);
    assert_int_equal(piece[2].bytes, 5000 - 96 - 4096);
    assert_int_equal(piece[3].gfn, 11);
    for (u32 bytes = 0; bytes < sizeof(more); bytes += 8)
        assert_int_equal(pieces_of(&more, bytes, piece, &count), ST_INVALID);
    more.first.bytes = 0;
    assert_int_equal(pieces_of(&more, sizeof(more), piece, &count), ST_INVALID);
    more.first.bytes = 0xffffffff;
    assert_int_equal(pieces_of(&more, sizeof(more), piece, &count), ST_TOO_BIG);
    more.first = (struct vmbus_gpa_range){1, 4096};
    assert_int_equal(pieces_of(&more, sizeof(more), piece, &count), ST_INVALID);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_echo_and_wrap), TEST(test_signals),          TEST(test_busy),
        TEST(test_last_bytes),    TEST(test_impossible_rings), TEST(test_large_packet),
        TEST(test_moved_pages),   TEST(test_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
