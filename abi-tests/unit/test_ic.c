/* Integration components against a guest that answers as Linux does, and as none should. */
// sources: guest-drivers/service/vmbus.c guest-drivers/service/vmbus_channel.c
// sources: guest-drivers/service/vmbus_offer.c guest-drivers/service/vmbus_interrupts.c
// sources: guest-drivers/service/vmbus_ring.c guest-drivers/service/vmbus_gpadl.c
// sources: guest-drivers/service/ic.c abi-tests/unit/fake_vmbus.c
// sources: abi-tests/unit/fake_guest_memory.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/hyperv.h>
#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/ic.h"

#define PORT   (FAKE_PORT + 1)
#define SECOND 1000000000ull

static struct guest_memory memory;
static struct vmbus bus;
static struct ic ic;
static struct fake_ring out, in;
static u8 said[28 + sizeof(struct hv_kvp_msg)]; /* by the host */
static int said_bytes;                          /* the last time */

static int begin(enum ic_kind kind)
{
    fake_vmbus_reset();
    vmbus_make(&bus, &memory);
    ic_make(&ic, kind);
    if (vmbus_channel_offer(&bus, &ic.channel) != ST_OK)
        return 1;
    return fake_channel_begin(&bus, &out, &in) ? 0 : 1;
}

static int teardown(void **state)
{
    (void)state;
    vmbus_end(&bus);
    return fake_pins != 0 || ic.state != IC_CLOSED;
}

static u16 get16(u32 at)
{
    return (u16)(said[at] | said[at + 1] << 8);
}

/* What the host says at this time; its type, or -1. */
static int host_says(u64 now_ns)
{
    struct vmbus_packet_head head;
    bool is_due = ic_is_due(&ic, now_ns);
    int bytes;

    (void)ic_continue(&ic, &(struct ic_now){now_ns, 1600000000 * SECOND, 777});
    bytes = fake_ring_take(&in, &head, said, sizeof(said));
    if (bytes < 0)
        return -1;
    assert_true(is_due);
    said_bytes = bytes;
    assert_int_equal(head.type, VMBUS_PACKET_INBAND);
    assert_int_equal(said[25], 3); /* transaction, request */
    assert_int_equal(get16(0), 1);
    assert_int_equal((get16(4) + 8 + 7) & ~7, said_bytes);
    assert_int_equal(get16(18) + 28, get16(4) + 8);
    return get16(12);
}

/* Sends back what the host said, as changed meanwhile. */
static void guest_answers(void)
{
    said[25] = 5; /* transaction, response */
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, said, (u32)said_bytes);
    assert_true(vmbus_port_serve(&bus, PORT));
}

/* One version of the framework and one of the component. */
static void guest_chooses(u16 major, u16 minor)
{
    u16 words[8] = {1, 1, 0, 0, 3, 0, major, minor};

    memcpy(said + 28, words, sizeof(words));
    guest_answers();
}

static void agree(u16 major, u16 minor)
{
    assert_int_equal(host_says(1), 0);
    guest_chooses(major, minor);
    assert_int_equal(ic.state, IC_AGREED);
}

static void test_negotiation(void **state)
{
    static const u16 offered[] = {2, 4, 0, 0, 3, 0, 1, 0, 3, 2, 3, 1, 3, 0, 1, 0};

    (void)state;
    begin(IC_KIND_SHUTDOWN);
    assert_int_equal(host_says(1), 0);
    assert_int_equal(host_says(2), -1); /* it waits */
    assert_false(ic_is_due(&ic, 2));
    assert_memory_equal(said + 28, offered, sizeof(offered));
    guest_chooses(3, 2);
    assert_int_equal(ic.state, IC_AGREED);
    assert_int_equal(ic.version.minor, 2);
    guest_chooses(9, 9); /* nobody asked again */
    assert_int_equal(ic.state, IC_AGREED);
}

static void test_no_version(void **state)
{
    static const u16 bad[][2] = {{0, 0}, {4, 0}, {3, 3}};

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        begin(IC_KIND_HEARTBEAT);
        host_says(1);
        guest_chooses(bad[i][0], bad[i][1]);
        assert_int_equal(ic.state, IC_REFUSED);
        assert_int_equal(host_says(100 * SECOND), -1);
    }
    begin(IC_KIND_HEARTBEAT);
    host_says(1);
    said[28] = 0; /* none of them, as Linux says it */
    said[30] = 0;
    guest_answers();
    assert_int_equal(ic.state, IC_REFUSED);
}

/* An answer leaves one framework and one version, neither more nor less. */
static void test_counts_of_versions(void **state)
{
    static const u16 counts[][2] = {{0, 1}, {2, 1}, {1, 0}, {1, 2}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(counts); i++) {
        u16 words[8] = {counts[i][0], counts[i][1], 0, 0, 3, 0, 3, 0};

        begin(IC_KIND_HEARTBEAT);
        host_says(1);
        memcpy(said + 28, words, sizeof(words));
        guest_answers();
        assert_int_equal(ic.state, IC_REFUSED);
    }
}

static void test_wrong_answers(void **state)
{
    (void)state;
    begin(IC_KIND_HEARTBEAT);
    host_says(1);
    said[24]++; /* another transaction */
    guest_chooses(3, 0);
    assert_int_equal(ic.state, IC_ASKED);
    said[24]--;
    said[12] = 3; /* of another type */
    guest_answers();
    assert_int_equal(ic.state, IC_ASKED);
    begin(IC_KIND_HEARTBEAT);
    host_says(1);
    said_bytes = 24; /* shorter than a head */
    guest_answers();
    assert_int_equal(ic.state, IC_ASKED);
    said[25] = 3; /* no answer at all */
    fake_ring_put(&out, VMBUS_PACKET_INBAND, 1, NULL, 0, said, 64);
    assert_true(vmbus_port_serve(&bus, PORT));
    assert_int_equal(ic.state, IC_ASKED);
}

static void test_heartbeat(void **state)
{
    u64 sequence;

    (void)state;
    begin(IC_KIND_HEARTBEAT);
    agree(3, 0);
    for (u64 beat = 0; beat < 5; beat++) {
        assert_int_equal(host_says((2 * beat + 1) * SECOND), 1);
        memcpy(&sequence, said + 28, 8);
        assert_int_equal(sequence, beat);
        assert_int_equal(host_says((2 * beat + 2) * SECOND), -1); /* too early */
        guest_answers();
        assert_int_equal(ic.answers, beat + 1);
    }
    assert_int_equal(host_says(11 * SECOND), 1);
    assert_int_equal(host_says(13 * SECOND), -1); /* a dead guest is not asked for ever */
}

static u64 next_at(u64 now_ns)
{
    return ic_continue(&ic, &(struct ic_now){now_ns, 1600000000 * SECOND, 777});
}

/* Whoever serves it sleeps until then. */
static void test_when_it_is_next(void **state)
{
    struct vmbus_relid close = {{VMBUS_CLOSE_CHANNEL, 0}, 1};

    (void)state;
    begin(IC_KIND_HEARTBEAT);
    agree(3, 0);
    assert_int_equal(next_at(SECOND), 3 * SECOND);
    assert_int_equal(next_at(2 * SECOND), 3 * SECOND); /* not yet */
    vmbus_message(&bus, VMBUS_CONNECTION_5_0, &close, sizeof(close));
    assert_true(next_at(4 * SECOND) == IC_NEVER);
    begin(IC_KIND_TIME);
    assert_true(next_at(1) == IC_NEVER); /* it waits for an answer */
    assert_int_equal(fake_ring_take(&in, &(struct vmbus_packet_head){0}, said, sizeof(said)),
                     56);
    said_bytes = 56;
    guest_chooses(4, 0);
    assert_int_equal(next_at(SECOND), 61 * SECOND);
    assert_int_equal(next_at(61 * SECOND), 121 * SECOND); /* nobody has answered */
    begin(IC_KIND_SHUTDOWN);
    agree(3, 0);
    assert_true(next_at(2) == IC_NEVER);
}

/* An answer that ends before the component's own part tells nothing. */
static void test_short_answers(void **state)
{
    (void)state;
    begin(IC_KIND_HEARTBEAT);
    agree(3, 0);
    assert_int_equal(host_says(SECOND), 1);
    said_bytes = 28; /* a head alone */
    guest_answers();
    assert_int_equal(ic.answers, 0);
    begin(IC_KIND_KVP);
    agree(4, 0);
    assert_int_equal(host_says(2), 2);
    said_bytes = 200;
    guest_answers();
    assert_int_equal(ic.key_count, 0);
}

static void test_time(void **state)
{
    u64 time;

    (void)state;
    begin(IC_KIND_TIME);
    agree(3, 0);
    assert_int_equal(host_says(2), 4);
    assert_int_equal(get16(18), 25);
    memcpy(&time, said + 28, 8);
    assert_true(time == 132444736000000000); /* 2020-09-13 12:26:40 */
    assert_int_equal(said[28 + 24], 1);
    guest_answers();
    assert_int_equal(host_says(1000 * SECOND), -1);
    ic_time(&ic); /* it stood still meanwhile */
    assert_int_equal(host_says(1000 * SECOND), 4);
    guest_answers();
    assert_int_equal(host_says(2000 * SECOND), -1);
}

/* {u64 host's time, u64 reference time, u8 flags, leap, stratum, reserved[3]} */
static void test_time_4(void **state)
{
    u64 time[2];

    (void)state;
    begin(IC_KIND_TIME);
    agree(4, 0);
    assert_int_equal(host_says(2), 4);
    assert_int_equal(get16(18), 22);
    memcpy(time, said + 28, 16);
    assert_true(time[0] == 132444736000000000);
    assert_int_equal(time[1], 777);
    assert_int_equal(said[28 + 16], 1); /* it is to be set */
    assert_memory_equal(said + 28 + 17, "\0\0\0\0\0", 5);
    guest_answers();
    assert_int_equal(ic.answers, 1);
    assert_int_equal(host_says(59 * SECOND), -1);
    assert_int_equal(host_says(61 * SECOND), 4);
    assert_int_equal(said[28 + 16], 2);            /* a sample */
    assert_int_equal(host_says(122 * SECOND), -1); /* nobody has answered */
    ic_time(&ic);
    assert_int_equal(host_says(123 * SECOND), 4);
    assert_int_equal(said[28 + 16], 1);
}

/* Only the component for it, and only when it has agreed, has something to say then. */
static void test_time_of_others(void **state)
{
    (void)state;
    begin(IC_KIND_TIME);
    host_says(1);
    ic_time(&ic);
    assert_false(ic_is_due(&ic, 2));
    begin(IC_KIND_HEARTBEAT);
    agree(3, 0);
    assert_int_equal(host_says(SECOND), 1);
    ic_time(&ic);
    assert_false(ic_is_due(&ic, SECOND + 1));
}

static void test_shutdown(void **state)
{
    (void)state;
    begin(IC_KIND_SHUTDOWN);
    assert_int_equal(ic_shutdown(&ic, 0), ST_NO_DATA);
    agree(3, 2);
    assert_int_equal(host_says(SECOND), -1);
    assert_int_equal(ic_shutdown(&ic, IC_SHUTDOWN_FORCE), ST_OK);
    assert_int_equal(host_says(SECOND), 3);
    assert_int_equal(get16(18), 2060);
    assert_int_equal(said[28 + 8], 1);
    guest_answers();
    assert_int_equal(ic.answers, 1);
    assert_int_equal(host_says(2 * SECOND), -1);
}

static void wide_put(u8 *to, const char *text)
{
    for (u32 i = 0; i <= strlen(text); i++)
        to[2 * i] = (u8)text[i];
}

/* Into the pool in which a guest looks for what its host says. */
static void test_kvp_name(void **state)
{
    struct hv_kvp_msg *kvp = (struct hv_kvp_msg *)(void *)(said + 28);
    u8 key[40] = {0}, value[8] = {0};

    (void)state;
    begin(IC_KIND_KVP);
    ic.name = "web";
    agree(4, 0);
    assert_int_equal(host_says(2), 2);
    assert_int_equal(kvp->kvp_hdr.operation, KVP_OP_SET);
    assert_int_equal(kvp->kvp_hdr.pool, KVP_POOL_AUTO_EXTERNAL);
    wide_put(key, "VirtualMachineName");
    wide_put(value, "web");
    assert_int_equal(kvp->body.kvp_set.data.value_type, 1);
    assert_int_equal(kvp->body.kvp_set.data.key_size, 38);
    assert_int_equal(kvp->body.kvp_set.data.value_size, 8);
    assert_memory_equal(kvp->body.kvp_set.data.key, key, 38);
    assert_memory_equal(kvp->body.kvp_set.data.value, value, 8);
    said[20] = 5; /* it may refuse */
    guest_answers();
    assert_int_equal(host_says(2), 2);
    assert_int_equal(kvp->kvp_hdr.operation, KVP_OP_ENUMERATE);
    assert_int_equal(kvp->body.kvp_enum_data.index, 0);
}

/* Messages of all guests are made in one place: behind the name is nothing of another's. */
static void test_kvp_tells_the_name_alone(void **state)
{
    struct hv_kvp_msg *kvp = (struct hv_kvp_msg *)(void *)(said + 28);
    const u8 *key = (const u8 *)kvp->body.kvp_set.data.key;
    const u8 *value = kvp->body.kvp_set.data.value;
    u16 words[8] = {1, 1, 0, 0, 3, 0, 4, 0};

    (void)state;
    begin(IC_KIND_KVP);
    ic.name = "web";
    assert_int_equal(host_says(1), 0);
    memcpy(said + 28, words, sizeof(words));
    memset(said + 28 + 16, 'S', 2580 - 16);
    said_bytes = 28 + 2580;
    guest_answers();
    assert_int_equal(host_says(2), 2);
    assert_int_equal(said[28 + 2] | said[28 + 3], 0);
    for (u32 i = kvp->body.kvp_set.data.key_size; i < 512; i++)
        assert_int_equal(key[i], 0);
    for (u32 i = kvp->body.kvp_set.data.value_size; i < 2048; i++)
        assert_int_equal(value[i], 0);
    for (u32 i = 28 + 2576; i < (u32)said_bytes; i++) /* an enumeration is longer */
        assert_int_equal(said[i], 0);
}

/* Who opens the channel anew is told the name anew, and asked for its keys from the first. */
static void test_kvp_opened_again(void **state)
{
    struct vmbus_relid close = {{VMBUS_CLOSE_CHANNEL, 0}, 1};
    struct hv_kvp_msg *kvp = (struct hv_kvp_msg *)(void *)(said + 28);

    (void)state;
    begin(IC_KIND_KVP);
    ic.name = "web";
    for (u32 life = 0; life < 2; life++) {
        agree(4, 0);
        assert_int_equal(host_says(2), 2);
        assert_int_equal(kvp->kvp_hdr.operation, KVP_OP_SET);
        guest_answers();
        for (u32 i = 0; i < 2; i++) {
            assert_int_equal(host_says(2), 2);
            assert_int_equal(kvp->body.kvp_enum_data.index, i);
            guest_answers();
        }
        vmbus_message(&bus, VMBUS_CONNECTION_5_0, &close, sizeof(close));
        assert_int_equal(fake_channel_open(&bus, 1, 10, 4), 0);
        in = fake_ring_at(14, 4);
        assert_int_equal(ic.version.major, 0);
    }
}

/* What no terminal shows as a letter, and what is none of ASCII. */
static void test_kvp_letters(void **state)
{
    static const u8 value[] = {'~', 0, 0x7f, 0, 0x1f, 0, ' ', 0, 'a', 1, 0xe4, 0, 0, 0};
    struct hv_kvp_msg *kvp = (struct hv_kvp_msg *)(void *)(said + 28);

    (void)state;
    begin(IC_KIND_KVP);
    agree(4, 0);
    assert_int_equal(host_says(2), 2);
    kvp->body.kvp_enum_data.data.value_size = sizeof(value);
    memcpy(kvp->body.kvp_enum_data.data.value, value, sizeof(value));
    guest_answers();
    assert_string_equal(ic.key[0].value, "~?? ??");
}

static void test_kvp(void **state)
{
    struct hv_kvp_msg *kvp = (struct hv_kvp_msg *)(void *)(said + 28);

    (void)state;
    begin(IC_KIND_KVP);
    agree(4, 0);
    for (u32 i = 0; i < 3; i++) {
        assert_int_equal(host_says(2), 2);
        assert_int_equal(kvp->kvp_hdr.operation, KVP_OP_ENUMERATE);
        assert_int_equal(kvp->kvp_hdr.pool, KVP_POOL_AUTO);
        assert_int_equal(kvp->body.kvp_enum_data.index, i);
        wide_put(kvp->body.kvp_enum_data.data.key, "OSName");
        wide_put(kvp->body.kvp_enum_data.data.value, i == 0 ? "Debian" : "\x1b[2J");
        kvp->body.kvp_enum_data.data.key_size = i == 2 ? 0xffffffff : 14;
        kvp->body.kvp_enum_data.data.value_size = 14;
        if (i == 2) {
            memset(kvp->body.kvp_enum_data.data.key, 'x', 512);
            memset(kvp->body.kvp_enum_data.data.value, 0, 20);
        }
        guest_answers();
    }
    assert_int_equal(host_says(2), 2);
    said[20] = 3; /* a status: no more */
    guest_answers();
    assert_int_equal(ic.key_count, 3);
    assert_string_equal(ic.key[0].name, "OSName");
    assert_string_equal(ic.key[0].value, "Debian");
    assert_string_equal(ic.key[1].value, "?[2J"); /* nothing for a terminal to obey */
    assert_int_equal(strlen(ic.key[2].name), IC_TEXT_MAX - 1);
    assert_int_equal(host_says(3), -1);
    /* A guest whose keys have no end. */
    begin(IC_KIND_KVP);
    agree(4, 0);
    for (u32 i = 0; i < IC_KEYS_MAX; i++) {
        assert_int_equal(host_says(2), 2);
        guest_answers();
    }
    assert_int_equal(host_says(2), -1);
    assert_int_equal(ic.key_count, IC_KEYS_MAX);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_negotiation),
        TEST(test_no_version),
        TEST(test_counts_of_versions),
        TEST(test_wrong_answers),
        TEST(test_time_4),
        TEST(test_heartbeat),
        TEST(test_time),
        TEST(test_time_of_others),
        TEST(test_shutdown),
        TEST(test_kvp_name),
        TEST(test_kvp_opened_again),
        TEST(test_kvp_letters),
        TEST(test_when_it_is_next),
        TEST(test_short_answers),
        TEST(test_kvp_tells_the_name_alone),
        TEST(test_kvp),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
