/* RNDIS by itself: what a device says of itself, and messages at their limits. */
// sources: guest-drivers/service/rndis.c guest-drivers/service/rndis_packet.c
// sources: guest-drivers/service/rndis_scale.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/rndis.h"

#define OFFLOADS   0xfc01020du
#define PARAMETERS 0xfc01020cu
#define MULTICASTS 0x01010103u
#define SCALE      0x00010203u

static struct rndis_device device;
static u32 answer[RNDIS_ANSWER_MAX / 4];

static int setup(void **state)
{
    (void)state;
    memset(answer, 0xee, sizeof(answer));
    device = (struct rndis_device){.address = 0x02163e010203, .mtu = 1400, .queues = 2};
    return 0;
}

static u32 serve(const void *message, u32 bytes)
{
    return rndis_serve(&device, message, bytes, (u8 *)answer);
}

/* The value of an object; its length. */
static u32 query(u32 oid)
{
    u32 message[7] = {4, 28, 8, oid};
    u32 bytes = serve(message, sizeof(message));

    assert_int_equal(answer[0], 0x80000004);
    assert_int_equal(answer[1], bytes);
    assert_int_equal(answer[2], 8);
    assert_int_equal(answer[3], bytes == 24 ? 0xc00000bb : 0);
    assert_int_equal(answer[4], bytes - 24);
    assert_int_equal(answer[5], 16);
    return bytes - 24;
}

static u32 number(u32 oid)
{
    assert_int_equal(query(oid), 4);
    return answer[6];
}

/* Version 1.0, connectionless, 802.3; eight messages of together 66048 bytes in one packet,
 * each at a multiple of 2^3. */
static void test_initialize(void **state)
{
    static const u32 complete[13] = {0x80000002, 52, 7, 0, 1, 0, 1, 0, 8, 0x10200, 3, 0, 0};
    u32 message[6] = {2, 24, 7, 1, 0, 0x4000};

    (void)state;
    assert_int_equal(serve(message, sizeof(message)), sizeof(complete));
    assert_memory_equal(answer, complete, sizeof(complete));
}

static void test_what_it_is(void **state)
{
    (void)state;
    device.filter = 0x2d;
    assert_int_equal(number(0x10102), 0); /* ready */
    assert_int_equal(number(0x10103), 0); /* 802.3 */
    assert_int_equal(number(0x10104), 0);
    assert_int_equal(number(0x10114), 0);         /* connected */
    assert_int_equal(number(0x10106), 1400);      /* of a frame, */
    assert_int_equal(number(0x10111), 1414);      /* with its head */
    assert_int_equal(number(0x10107), 100000000); /* times 100 bit/s */
    assert_int_equal(number(0x1010e), 0x2d);
    for (u32 oid = 0x01010101; oid <= 0x01010102; oid++) {
        assert_int_equal(query(oid), 6);
        assert_memory_equal(answer + 6, "\2\x16\x3e\1\2\3", 6);
    }
    assert_int_equal(query(MULTICASTS), 0);
    assert_int_equal(query(PARAMETERS), 0);
}

/* One channel leaves nothing to choose. */
static void test_scaling_needs_two_channels(void **state)
{
    (void)state;
    assert_int_equal(query(SCALE), 18);
    device.queues = 1;
    assert_int_equal(query(SCALE), 0);
}

/* With an object of so many bytes, of which so many are there. */
static void offloads_expect(u32 object_bytes, u32 present, u32 revision, u32 expected)
{
    u32 message[8] = {4, 28 + present, 8, OFFLOADS, object_bytes, 20, 0, 0xa7 | revision << 8};
    u32 bytes[] = {0, 112, 144, 156};

    assert_int_equal(serve(message, 28 + present), 24 + bytes[expected]);
    assert_int_equal(answer[6], 0xa7 | expected << 8 | bytes[expected] << 16);
}

/* The first revision for who knows none; the last that we know for who knows more. */
static void test_revisions(void **state)
{
    (void)state;
    for (u32 revision = 1; revision <= 3; revision++)
        offloads_expect(4, 4, revision, revision);
    offloads_expect(4, 4, 4, 3);
    offloads_expect(4, 4, 255, 3);
    offloads_expect(4, 4, 0, 1);
    offloads_expect(0, 0, 3, 1);
    offloads_expect(3, 4, 3, 1); /* cut off within its head */
    offloads_expect(4, 3, 3, 1); /* longer than the message */
}

/* ---- what a guest sets ---- */

/* Its first revision is enough; a byte less is not. */
static void test_shortest_parameters(void **state)
{
    struct {
        u32 head[7];
        u8 object[20];
    } message = {.head = {5, 48, 9, PARAMETERS, 19, 20, 0},
                 .object = {0x80, 1, 20, 0, 0, 4, 4, 4, 4}};

    (void)state;
    assert_int_equal(serve(&message, sizeof(message)), 16);
    assert_int_equal(answer[3], 0xc0010015);
    assert_int_equal(device.offloads, 0);
    message.head[4] = 20;
    assert_int_equal(serve(&message, sizeof(message)), 16);
    assert_int_equal(answer[3], 0);
    assert_int_equal(device.offloads, RNDIS_TAKES_GOOD);
}

/* The shortest message to set something: a list of nothing. */
static void test_shortest_set(void **state)
{
    u32 message[7] = {5, 28, 9, MULTICASTS, 0, 20, 0};

    (void)state;
    assert_int_equal(serve(message, sizeof(message)), 16);
    assert_int_equal(answer[0], 0x80000005);
    assert_int_equal(answer[3], 0);
    assert_int_equal(serve(message, 27), 0);
}

static void test_filter_is_one_word(void **state)
{
    u32 message[9] = {5, 36, 9, 0x1010e, 8, 20, 0, 1, 2};

    (void)state;
    assert_int_equal(serve(message, sizeof(message)), 16);
    assert_int_equal(answer[3], 0xc0010015);
    assert_int_equal(device.filter, 0);
    message[4] = 4;
    message[5] = 24; /* the word behind the first */
    assert_int_equal(serve(message, sizeof(message)), 16);
    assert_int_equal(device.filter, 2);
    message[5] = 25; /* beyond the end */
    assert_int_equal(serve(message, sizeof(message)), 16);
    assert_int_equal(answer[3], 0xc0010015);
    assert_int_equal(device.filter, 2);
}

/* Whatever stands behind its number. */
static void test_keepalive(void **state)
{
    u32 message[9] = {8, 36, 77, 0x1010e, 4, 20, 0, 9};

    (void)state;
    for (u32 bytes = 12; bytes <= 36; bytes += 8) {
        assert_int_equal(serve(message, bytes), 16);
        assert_int_equal(answer[0], 0x80000008);
        assert_int_equal(answer[2], 77);
        assert_int_equal(answer[3], 0);
    }
    assert_int_equal(device.filter, 0);
}

static void test_unanswered(void **state)
{
    u32 message[9] = {8, 8, 0, 0x1010e};
    static const u32 types[] = {0, 1, 6, 7, 9, 0x80000008};

    (void)state;
    assert_int_equal(serve(message, 8), 0); /* it has no number to answer to */
    for (u32 i = 0; i < ARRAY_SIZE(types); i++) {
        message[0] = types[i];
        assert_int_equal(serve(message, sizeof(message)), 0);
    }
    device.filter = 9;
    message[0] = 3;
    assert_int_equal(serve(message, sizeof(message)), 0);
    assert_int_equal(device.filter, 0); /* it halts */
}

/* ---- messages and frames ---- */

static void test_messages_one_behind_the_other(void **state)
{
    u32 bytes[6] = {7, 8, 1, 16, 0, 0};
    u8 *message;
    u32 length, at = 0;

    (void)state;
    assert_int_equal(rndis_next((u8 *)bytes, 24, &at, &message, &length), ST_OK);
    assert_ptr_equal(message, bytes);
    assert_int_equal(length, 8); /* a head is a message */
    assert_int_equal(rndis_next((u8 *)bytes, 24, &at, &message, &length), ST_OK);
    assert_ptr_equal(message, bytes + 2);
    assert_int_equal(length, 16);
    assert_int_equal(rndis_next((u8 *)bytes, 24, &at, &message, &length), ST_NO_DATA);
    at = 16;
    assert_int_equal(rndis_next((u8 *)bytes, 23, &at, &message, &length), ST_CORRUPT);
    at = 8;
    assert_int_equal(rndis_next((u8 *)bytes, 23, &at, &message, &length), ST_CORRUPT);
    bytes[3] = 7;
    assert_int_equal(rndis_next((u8 *)bytes, 24, &at, &message, &length), ST_CORRUPT);
}

/* Nothing is said of it where there is no information, wherever that would be. */
static void test_frame_of_nothing(void **state)
{
    u32 message[11] = {1, 44, 36, 0, 0, 0, 0, ~0u, 0};
    struct rndis_frame frame;

    (void)state;
    assert_int_equal(rndis_frame_read((u8 *)message, 44, &frame), ST_OK);
    assert_ptr_equal(frame.at, message + 11);
    assert_int_equal(frame.bytes, 0);
    assert_false(frame.has_vlan);
    assert_int_equal(frame.checksum | frame.large_send, 0);
    assert_int_equal(rndis_frame_read((u8 *)message, 43, &frame), ST_CORRUPT);
    message[3] = 1;
    assert_int_equal(rndis_frame_read((u8 *)message, 44, &frame), ST_CORRUPT);
}

static enum status info_read(const u32 info[4], u32 bytes, struct rndis_frame *frame)
{
    u32 message[15] = {1, 60, 36, 0, 0, 0, 0, 36, bytes};

    memcpy(message + 11, info, 16);
    return rndis_frame_read((u8 *)message, sizeof(message), frame);
}

static void test_information(void **state)
{
    struct rndis_frame frame;

    (void)state;
    assert_int_equal(info_read((u32[]){16, 6, 12, 0x70}, 16, &frame), ST_OK);
    assert_true(frame.has_vlan);
    assert_int_equal(frame.vlan, 7);
    assert_int_equal(info_read((u32[]){12, 9, 12, 0}, 12, &frame), ST_OK); /* no value */
    assert_int_equal(info_read((u32[]){12, 6, 12, 0}, 12, &frame), ST_CORRUPT);
    assert_int_equal(info_read((u32[]){16, 6, 13, 0}, 16, &frame), ST_CORRUPT);
    assert_int_equal(info_read((u32[]){16, 6, 0xfffffffc, 0}, 16, &frame), ST_CORRUPT);
    assert_int_equal(info_read((u32[]){12, 9, 12, 0}, 13, &frame), ST_CORRUPT);
    assert_int_equal(info_read((u32[]){12, 9, 12, 0}, 1, &frame), ST_CORRUPT);
    assert_int_equal(info_read((u32[]){11, 9, 12, 0}, 11, &frame), ST_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_initialize, setup),
        cmocka_unit_test_setup(test_what_it_is, setup),
        cmocka_unit_test_setup(test_scaling_needs_two_channels, setup),
        cmocka_unit_test_setup(test_revisions, setup),
        cmocka_unit_test_setup(test_shortest_parameters, setup),
        cmocka_unit_test_setup(test_shortest_set, setup),
        cmocka_unit_test_setup(test_filter_is_one_word, setup),
        cmocka_unit_test_setup(test_keepalive, setup),
        cmocka_unit_test_setup(test_unanswered, setup),
        cmocka_unit_test_setup(test_messages_one_behind_the_other, setup),
        cmocka_unit_test_setup(test_frame_of_nothing, setup),
        cmocka_unit_test_setup(test_information, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
