/* Dynamic memory against a guest that speaks as Linux does, and as none should. Numbers are
 * typed from the protocol. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/dynmem.c guest-drivers/service/dynmem_ask.c
// sources: guest-drivers/service/guest_frames.c
// sources: abi-tests/unit/fake_vmbus.c abi-tests/unit/fake_guest_memory.c abi-tests/unit/fake_balloon.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_balloon.h"
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/dynmem.h"

#define PORT              (FAKE_PORT + 1)
#define SECOND            1000000000ull
#define BEGIN_PAGES       (FAKE_LOW + FAKE_HIGH)
#define RANGE(gfn, count) ((u64)(gfn) | (u64)(count) << 40)

static struct guest_memory memory;
static struct vmbus bus;
static struct dynmem dynmem;
static struct fake_ring out, in;
static struct {
    u16 type, bytes;
    u32 transaction;
    u64 words[511];
} said; /* by the host */

static int setup(void **state)
{
    (void)state;
    fake_vmbus_reset();
    fake_balloon_reset(&memory);
    vmbus_make(&bus, &memory);
    dynmem_make(&dynmem, &memory.frames);
    if (vmbus_channel_offer(&bus, &dynmem.channel) != ST_OK)
        return 1;
    return fake_channel_begin(&bus, &out, &in) ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0 || !fake_is_settled;
}

static void hears(const void *message, u32 bytes)
{
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 7, NULL, 0, message, bytes);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_true(fake_is_settled);
}

/* The next message of the host; false: none. Completions are passed over. */
static bool says(void)
{
    struct vmbus_packet_head head;

    do {
        memset(&said, 0, sizeof(said));
        if (fake_ring_take(&in, &head, &said, sizeof(said)) < 0)
            return false;
    } while (head.type == VMBUS_PACKET_COMPLETION);
    assert_int_equal(head.type, VMBUS_PACKET_INBAND);
    return true;
}

static bool accepts_version(u32 version)
{
    const u32 request[] = {1 | 16 << 16, 5, version, 0};

    hears(request, sizeof(request));
    assert_true(says());
    assert_int_equal(said.type, 2);
    assert_int_equal(said.bytes, 16);
    assert_int_equal(said.transaction, 5);
    return said.words[0] == 1;
}

static bool accepts_capabilities(u64 flags)
{
    const u64 report[] = {3 | 32 << 16, flags, 1000, ~(u64)0};

    hears(report, sizeof(report));
    assert_true(says());
    assert_int_equal(said.type, 4);
    return said.words[0] == 1;
}

#define CAN_ALL (1 | 2 | 7 << 2) /* balloon, hot add, by 128 MiB */

static void agree(u64 flags)
{
    assert_true(accepts_version(0x20000));
    assert_true(accepts_capabilities(flags));
}

static void gives(u32 more, const u64 *ranges, u32 count)
{
    u64 response[2 + 510] = {7 | (u64)(16 + count * 8) << 16, (u64)(more | count << 1) << 32};

    memcpy(response + 2, ranges, count * 8);
    hears(response, 16 + count * 8);
}

static u64 is_asked(u64 now_ns)
{
    (void)dynmem_continue(&dynmem, now_ns);
    if (!says())
        return 0;
    assert_int_equal(said.type, 6);
    assert_int_equal(said.bytes, 16);
    return (u32)said.words[0];
}

static void test_versions(void **state)
{
    (void)state;
    assert_false(accepts_capabilities(CAN_ALL)); /* not yet */
    assert_false(accepts_version(0x30000));
    assert_true(accepts_version(0x20000));
    assert_true(accepts_version(0x10000));
    assert_true(accepts_version(3)); /* 0.3 */
    assert_true(accepts_capabilities(CAN_ALL));
    assert_int_equal(dynmem.version, 3);
    assert_false(accepts_version(0x20000)); /* it has begun */
    assert_false(accepts_capabilities(CAN_ALL));
    assert_int_equal(is_asked(1), 0); /* it has what it shall have */
}

static void test_status(void **state)
{
    const u64 report[] = {5 | 48 << 16, 1234, 5678, 0, 0, 0};

    (void)state;
    agree(CAN_ALL);
    hears(report, sizeof(report));
    assert_false(says());
    assert_int_equal(dynmem.available, 1234);
    assert_int_equal(dynmem.committed, 5678);
}

/* Down in two requests of more messages each, and up again. */
static void test_down_and_up(void **state)
{
    u64 ranges[2] = {RANGE(512, 512), RANGE((1 << 20) + 512, 512)};

    (void)state;
    agree(CAN_ALL);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 1025);
    assert_int_equal(is_asked(1), 1025);
    assert_int_equal(is_asked(20 * SECOND), 0); /* it is under way */
    gives(1, ranges, 2);
    assert_int_equal(memory.frames.away_count, 1024);
    assert_int_equal(fake_machine_pages, 1024);
    assert_int_equal(dynmem.state, DYNMEM_ASKED_BALLOON);
    ranges[0] = RANGE(3000, 1);
    gives(0, ranges, 1);
    assert_int_equal(fake_machine_pages, 1025);
    assert_int_equal(dynmem.state, DYNMEM_READY);
    assert_int_equal(is_asked(21 * SECOND), 0);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 3);
    (void)dynmem_continue(&dynmem, 22 * SECOND);
    assert_true(says());
    assert_int_equal(said.type, 8);
    assert_int_equal(said.bytes, 16 + 3 * 8);
    assert_true(said.words[0] == (u64)3 << 32);
    assert_true(said.words[1] == RANGE(512, 512));
    assert_true(said.words[2] == RANGE(3000, 1));
    assert_true(said.words[3] == RANGE((1 << 20) + 512, 509));
    assert_int_equal(fake_machine_pages, 3);
    assert_int_equal(dynmem_continue(&dynmem, 60 * SECOND), DYNMEM_NEVER);
    hears((const u64[]){9 | 8 << 16}, 8);
    assert_int_equal(dynmem.state, DYNMEM_READY);
    assert_int_equal(dynmem_continue(&dynmem, 61 * SECOND), DYNMEM_NEVER);
    assert_int_equal(dynmem.refused, 0);
}

/* Who has less than what is asked for is asked again later, more and more seldom. */
static void test_floor(void **state)
{
    u64 ranges[1] = {RANGE(100, 10)};

    (void)state;
    agree(CAN_ALL);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 100);
    assert_int_equal(is_asked(1), 100);
    gives(0, ranges, 1);
    assert_int_equal(is_asked(2 * SECOND), 0);
    assert_int_equal(is_asked(11 * SECOND), 90);
    gives(0, ranges, 0);
    assert_int_equal(is_asked(22 * SECOND), 0);
    assert_int_equal(is_asked(32 * SECOND), 90);
    gives(0, ranges, 0);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 200); /* who asks anew asks at once */
    assert_int_equal(is_asked(33 * SECOND), 190);
}

/* Each of them is refused alone; the good one beside it goes. */
static void test_bad_ranges(void **state)
{
    static const u64 bad[] = {
        RANGE(0, 0),
        RANGE(FAKE_LOW, 1),     /* no RAM */
        RANGE(FAKE_LOW - 1, 2), /* across its end */
        RANGE((1 << 20) + FAKE_HIGH, 1),
        RANGE((1ull << 40) - 1, 1),
        RANGE(0, 0xffffff),
        RANGE(200, 10),  /* given already */
        RANGE(205, 10),  /* a part of it is */
        RANGE(3000, 2),  /* in use */
        RANGE(1000, 91), /* more than asked for */
    };
    u64 ranges[11] = {RANGE(200, 10)};

    (void)state;
    agree(CAN_ALL);
    fake_used_gfn = 3001;
    dynmem_target_set(&dynmem, BEGIN_PAGES - 100);
    assert_int_equal(is_asked(1), 100);
    memcpy(ranges + 1, bad, sizeof(bad));
    gives(1, ranges, 11);
    assert_int_equal(dynmem.refused, 10);
    assert_int_equal(memory.frames.away_count, 10);
    ranges[0] = RANGE(1000, 90);
    ranges[1] = RANGE(2000, 1);
    gives(1, ranges, 2);
    assert_int_equal(dynmem.refused, 11);
    assert_int_equal(memory.frames.away_count, 100);
}

static void test_bad_messages(void **state)
{
    const u64 lies[] = {7 | 24 << 16, (u64)(0xffffffffu) << 32, RANGE(1, 1)};
    u64 range = RANGE(1, 1);

    (void)state;
    agree(CAN_ALL);
    gives(0, &range, 1); /* nobody asked */
    hears((const u64[]){9 | 8 << 16}, 8);
    hears((const u64[]){11 | 16 << 16, 5}, 16);
    assert_int_equal(dynmem.refused, 3);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 100);
    assert_int_equal(is_asked(1), 100);
    hears(lies, sizeof(lies));                   /* 2^31 ranges */
    hears((const u64[]){7 | 4096 << 16, 2}, 16); /* longer than the packet */
    hears((const u64[]){7 | 8 << 16, 2}, 16);    /* shorter than its head */
    hears((const u64[]){99 | 8 << 16}, 8);
    hears((const u64[]){6 | 16 << 16, 0}, 16); /* only the host asks */
    hears(NULL, 0);
    assert_int_equal(dynmem.refused, 9);
    assert_int_equal(memory.frames.away_count, 0);
    assert_false(says());
    gives(0, &range, 1); /* the request is still open */
    assert_int_equal(memory.frames.away_count, 1);
}

static void test_hot_add(void **state)
{
    (void)state;
    agree(CAN_ALL);
    fake_machine_pages = 40000;
    dynmem_target_set(&dynmem, BEGIN_PAGES + 40000);
    (void)dynmem_continue(&dynmem, 1);
    assert_true(says());
    assert_int_equal(said.type, 10);
    assert_int_equal(said.bytes, 16);
    /* Behind 4 GiB and 8 MiB, at a multiple of 128 MiB. */
    assert_true(said.words[0] == RANGE((1 << 20) + 32768, 32768));
    assert_int_equal(memory.frames.more, 32768);
    hears((const u64[]){11 | 16 << 16, 32768 | 1ull << 32}, 16);
    (void)dynmem_continue(&dynmem, 2);
    assert_true(says());
    assert_true(said.words[0] == RANGE((1 << 20) + 65536, 40000 - 32768));
    assert_int_equal(fake_machine_pages, 0);
    hears((const u64[]){11 | 16 << 16, 7000 | 1ull << 32}, 16); /* not all */
    assert_int_equal(fake_machine_pages, 232);
    assert_int_equal(memory.frames.more, 39768);
    assert_int_equal(dynmem_continue(&dynmem, 3), DYNMEM_NEVER);
    assert_false(says());
}

/* By its own alignment; without memory in the machine later; never without the ability. */
static void test_hot_add_limits(void **state)
{
    (void)state;
    agree(1 | 2 | 15 << 2);
    assert_true(memory.frames.more_begin == 1ull << (15 + 20 - 12));
    dynmem_target_set(&dynmem, BEGIN_PAGES + 100);
    assert_true(dynmem_continue(&dynmem, SECOND) == 11 * SECOND);
    assert_false(says());
    fake_machine_pages = 100;
    (void)dynmem_continue(&dynmem, 11 * SECOND);
    assert_true(says());
    hears((const u64[]){11 | 16 << 16, 0}, 16); /* it will not */
    assert_int_equal(memory.frames.more, 0);
    assert_int_equal(fake_machine_pages, 100);
    vmbus_end(&bus);
    setup(NULL);
    agree(0);
    fake_machine_pages = 100;
    dynmem_target_set(&dynmem, BEGIN_PAGES + 100);
    assert_int_equal(is_asked(1), 0);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 100);
    assert_int_equal(is_asked(2), 0);
}

static void channel_close(void)
{
    struct vmbus_relid close = {.head = {VMBUS_CLOSE_CHANNEL, 0}, .relid = 1};
    struct vmbus_gpadl_teardown teardown = {
        .head = {VMBUS_GPADL_TEARDOWN, 0}, .relid = 1, .gpadl = 0xe1e11};

    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &close, sizeof(close));
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &teardown, sizeof(teardown));
    memset(fake_ram[10], 0, 8 * 4096);
}

/* The driver agrees, is asked for a hundred pages and gives those from 700 on. */
static void hundred_give(void)
{
    u64 range = RANGE(700, 100);

    agree(CAN_ALL);
    dynmem_target_set(&dynmem, BEGIN_PAGES - 100);
    assert_int_equal(is_asked(1), 100);
    gives(0, &range, 1);
}

/* A driver that comes again takes back what the one before it gave. */
static void test_driver_again(void **state)
{
    (void)state;
    hundred_give();
    channel_close();
    assert_int_equal(dynmem.state, DYNMEM_CLOSED);
    assert_int_equal(memory.frames.away_count, 100);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    agree(CAN_ALL);
    assert_int_equal(is_asked(2 * SECOND), 0); /* it has gone already */
    dynmem_target_set(&dynmem, BEGIN_PAGES);
    (void)dynmem_continue(&dynmem, 3 * SECOND);
    assert_true(says());
    assert_int_equal(said.type, 8);
    assert_true(said.words[1] == RANGE(700, 100));
    dynmem_target_set(&dynmem, BEGIN_PAGES - 1);
    channel_close(); /* in the middle */
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    agree(CAN_ALL);
    assert_int_equal(is_asked(4 * SECOND), 1);
    gives(0, (const u64[]){RANGE(5, 1)}, 1);
    channel_close();
    fake_vmbus_contact(&bus); /* another kernel, without a driver */
    assert_int_equal(memory.frames.away_count, 0);
}

/* What is away comes back for the next kernel; not at the guest's end. */
static void test_end(void **state)
{
    (void)state;
    hundred_give();
    fake_vmbus_contact(&bus); /* another kernel */
    assert_int_equal(dynmem.state, DYNMEM_CLOSED);
    assert_int_equal(memory.frames.away_count, 0);
    assert_int_equal(fake_machine_pages, 0);
    memset(fake_ram[10], 0, 8 * 4096);
    assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
    assert_int_equal(dynmem_continue(&dynmem, 2 * SECOND), DYNMEM_NEVER);
    agree(CAN_ALL);
    assert_int_equal(is_asked(2 * SECOND), 100);
    gives(0, (const u64[]){RANGE(700, 100)}, 1);
    dynmem.is_ending = true;
    fake_vmbus_contact(&bus);
    assert_int_equal(memory.frames.away_count, 100);
}

/* More than is away is wanted: that comes first, to the last page; the rest is new memory. */
static void test_back_and_more(void **state)
{
    (void)state;
    hundred_give();
    dynmem_target_set(&dynmem, BEGIN_PAGES - 99);
    assert_int_equal(dynmem_continue(&dynmem, 2 * SECOND), DYNMEM_NEVER);
    assert_true(says());
    assert_true(said.words[1] == RANGE(700, 1));
    hears((const u64[]){9 | 8 << 16}, 8);
    dynmem_target_set(&dynmem, BEGIN_PAGES + 50);
    fake_machine_pages = 98;
    assert_int_equal(dynmem_continue(&dynmem, 3 * SECOND), 13 * SECOND);
    assert_false(says()); /* the machine has too little now */
    assert_int_equal(dynmem.state, DYNMEM_READY);
    fake_machine_pages = 149;
    assert_int_equal(dynmem_continue(&dynmem, 13 * SECOND), DYNMEM_NEVER);
    assert_true(says());
    assert_int_equal(said.bytes, 16 + 8);
    assert_true(said.words[1] == RANGE(701, 99));
    hears((const u64[]){9 | 8 << 16}, 8);
    assert_int_equal(dynmem_continue(&dynmem, 14 * SECOND), DYNMEM_NEVER);
    assert_true(says());
    assert_int_equal(said.type, 10);
}

/* As many ranges as a message of ours holds; the others in the next one. */
static void test_many_ranges(void **state)
{
    (void)state;
    agree(CAN_ALL);
    fake_machine_pages = 257;
    for (u64 i = 0; i < 257; i++)
        guest_frames_take(&memory.frames, 2 * i, 1);
    for (u32 count = 256; count != 0; count = count == 256 ? 1 : 0) {
        assert_int_equal(dynmem_continue(&dynmem, SECOND), DYNMEM_NEVER);
        assert_true(says());
        assert_int_equal(said.bytes, 16 + count * 8);
        assert_true(said.words[0] == (u64)count << 32);
        hears((const u64[]){9 | 8 << 16}, 8);
    }
    assert_int_equal(memory.frames.away_count, 0);
}

/* Who refused often is asked soon again when something else is wanted. */
static void test_patience_begins_anew(void **state)
{
    const u64 none[1] = {0};
    u64 now = SECOND;

    (void)state;
    agree(CAN_ALL);
    for (u32 i = 0; i < 4; i++) {
        dynmem_target_set(&dynmem, BEGIN_PAGES - 100 - i);
        assert_int_equal(is_asked(now), 100 + i);
        gives(0, none, 0);
        now += 10 * SECOND - 1;
        assert_int_equal(is_asked(now), 0);
        assert_int_equal(is_asked(now + 1), 100 + i);
        gives(0, none, 0);
    }
}

static void test_frames(void **state)
{
    u64 gfn, count;

    (void)state;
    assert_int_equal(guest_frames_run(&memory.frames, FAKE_LOW - 1), 1);
    assert_int_equal(guest_frames_run(&memory.frames, FAKE_LOW), 0);
    assert_int_equal(guest_frames_run(&memory.frames, (1 << 20) - 1), 0);
    assert_int_equal(guest_frames_run(&memory.frames, 1 << 20), FAKE_HIGH);
    memory.frames.more_begin = 1 << 21;
    assert_false(guest_frame_is_here(&memory.frames, 1 << 21));
    memory.frames.more = 100;
    assert_true(guest_frame_is_here(&memory.frames, (1 << 21) + 99));
    assert_false(guest_frame_is_here(&memory.frames, (1 << 21) + 100));
    assert_false(guest_frames_away_first(&memory.frames, &gfn, &count));
    /* Neighbours in the map, not in memory: two runs. */
    guest_frames_take(&memory.frames, (1 << 20) + FAKE_HIGH - 70, 70);
    guest_frames_take(&memory.frames, 1 << 21, 3);
    assert_false(guest_frame_is_here(&memory.frames, (1 << 21) + 2));
    assert_true(guest_frame_is_here(&memory.frames, (1 << 21) + 3));
    assert_true(guest_frames_away_first(&memory.frames, &gfn, &count));
    assert_int_equal(gfn, (1 << 20) + FAKE_HIGH - 70);
    assert_int_equal(count, 70);
    guest_frames_give(&memory.frames, gfn, count);
    assert_true(guest_frames_away_first(&memory.frames, &gfn, &count));
    assert_int_equal(gfn, 1 << 21);
    assert_int_equal(count, 3);
    assert_false(guest_frames_are_away(&memory.frames, gfn, 4));
    guest_frames_give(&memory.frames, gfn, count);
    assert_int_equal(memory.frames.away_count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_versions),     TEST(test_status),
        TEST(test_down_and_up),  TEST(test_floor),
        TEST(test_bad_ranges),   TEST(test_bad_messages),
        TEST(test_hot_add),      TEST(test_hot_add_limits),
        TEST(test_driver_again), TEST(test_end),
        TEST(test_frames),       TEST(test_back_and_more),
        TEST(test_many_ranges),  TEST(test_patience_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
