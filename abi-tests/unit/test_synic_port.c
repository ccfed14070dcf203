/* What the services say to a guest's SynIC, call by call, and that each port they have of it is
 * given back. */
// sources: guest-drivers/service/synic.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/synic.h"

#define CALLS 8u

/* The calls in their order, and what the next of them is answered. */
static struct {
    u64 number;
    union {
        struct native_message_post post;
        struct native_event_flag_set flag;
        struct native_event_connect connect;
        struct native_partition partition;
        struct native_port port;
    };
} calls[CALLS];
static u32 call_count;
static enum status answer[CALLS];

enum status native_invoke(u64 number, const void *in, void *out)
{
    u32 bytes = number == NATIVE_message_post     ? sizeof(struct native_message_post)
                : number == NATIVE_event_flag_set ? sizeof(struct native_event_flag_set)
                : number == NATIVE_port_connect   ? sizeof(struct native_partition)
                : number == NATIVE_port_close     ? sizeof(struct native_port)
                                                  : sizeof(struct native_event_connect);

    assert_in_range(call_count, 0, CALLS - 1);
    calls[call_count].number = number;
    memcpy(&calls[call_count].post, in, bytes);
    if (number == NATIVE_port_connect)
        *(struct native_port_connect_out *)out = (struct native_port_connect_out){41, 42};
    else
        assert_null(out);
    return answer[call_count++];
}

static int setup(void **state)
{
    (void)state;
    memset(calls, 0, sizeof(calls));
    memset(answer, 0, sizeof(answer));
    call_count = 0;
    return 0;
}

static void test_messages(void **state)
{
    static const char text[] = "message";

    (void)state;
    assert_int_equal(synic_message_post(3, 1, 2, text, sizeof(text)), ST_OK);
    assert_int_equal(calls[0].number, NATIVE_message_post);
    assert_int_equal(calls[0].post.partition, 3);
    assert_int_equal(calls[0].post.vcpu, 1);
    assert_int_equal(calls[0].post.sint, 2);
    assert_int_equal(calls[0].post.type, 1); /* of VMBus */
    assert_int_equal(calls[0].post.bytes, sizeof(text));
    assert_int_equal(calls[0].post.payload, (u64)(uintptr_t)text);
    answer[1] = ST_BUSY; /* the guest has not taken those before */
    assert_int_equal(synic_message_post(3, 1, 2, text, sizeof(text)), ST_AGAIN);
    answer[2] = ST_NO_ENTRY;
    assert_int_equal(synic_message_post(3, 9, 2, text, sizeof(text)), ST_NO_ENTRY);
}

static void test_flags(void **state)
{
    (void)state;
    synic_flag_set(3, 1, 2, 77);
    assert_int_equal(calls[0].number, NATIVE_event_flag_set);
    assert_memory_equal(&calls[0].flag, &((struct native_event_flag_set){3, 1, 2, 77}),
                        sizeof(calls[0].flag));
}

static void test_connects(void **state)
{
    u32 port = 0;

    (void)state;
    assert_int_equal(synic_event_connect(3, 0x10005, &port), ST_OK);
    assert_int_equal(port, 41);
    assert_int_equal(call_count, 2);
    assert_int_equal(calls[0].partition.partition, 3);
    assert_int_equal(calls[1].number, NATIVE_event_connect);
    assert_int_equal(calls[1].connect.partition, 3);
    assert_int_equal(calls[1].connect.connection, 0x10005);
    assert_int_equal(calls[1].connect.port, 41);
}

static void test_connects_not(void **state)
{
    u32 port = 7;

    (void)state;
    answer[0] = ST_NO_SPACE;
    assert_int_equal(synic_event_connect(3, 5, &port), ST_NO_SPACE);
    assert_int_equal(call_count, 1);
    setup(NULL);
    answer[1] = ST_EXISTS;
    assert_int_equal(synic_event_connect(3, 5, &port), ST_EXISTS);
    assert_int_equal(call_count, 3);
    assert_int_equal(calls[2].number, NATIVE_port_close);
    assert_int_equal(calls[2].port.port, 41);
    assert_int_equal(port, 7);
}

/* Our end of the port first: then the guest's goes with the connection. */
static void test_disconnects(void **state)
{
    (void)state;
    synic_event_disconnect(3, 0x10005, 41);
    assert_int_equal(call_count, 2);
    assert_int_equal(calls[0].number, NATIVE_port_close);
    assert_int_equal(calls[0].port.port, 41);
    assert_int_equal(calls[1].number, NATIVE_event_disconnect);
    assert_int_equal(calls[1].connect.partition, 3);
    assert_int_equal(calls[1].connect.connection, 0x10005);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_messages, setup),
        cmocka_unit_test_setup(test_flags, setup),
        cmocka_unit_test_setup(test_connects, setup),
        cmocka_unit_test_setup(test_connects_not, setup),
        cmocka_unit_test_setup(test_disconnects, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
