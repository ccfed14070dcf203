/* Messages and event flags between the root and a guest with the Hyper-V interface. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hypercall/call.c hypercall/native.c hypercall/guest_mem.c hypercall/trace.c
// sources: hypercall/op_clock.c hypercall/op_memory.c hypercall/mailbox.c hypercall/native_message.c
// sources: hypercall/native_host.c hypercall/native_partition.c hypercall/native_memory.c
// sources: hypercall/native_port.c hypercall/native_device.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"
#include "hypercall/abi/native.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"
#include "hypercall/mailbox.h"

#define IN_AT      0x10000u
#define OUT_AT     0x20000u
#define PAYLOAD_AT 0x30000u
#define MIB        ((u64)1 << 20)

static struct partition *root, *guest;
static u32 near, far;

static enum status invoke(u64 number, const void *in, u64 bytes, void *out, u64 out_bytes)
{
    struct regs *regs = &root->vcpu[0]->guest->regs;

    assert_int_equal(mem_write_gpa(root, gpa(IN_AT), in, bytes), ST_OK);
    regs->rax = number;
    regs->rdi = IN_AT;
    regs->rsi = OUT_AT;
    regs->rdx = 0;
    assert_int_equal(native_call(root->vcpu[0]), CALL_RETURN);
    if (out_bytes != 0)
        assert_int_equal(mem_read_gpa(root, gpa(OUT_AT), out, out_bytes), ST_OK);
    return (enum status) - (s64)regs->rax;
}

#define CALL(name, in)          invoke(NATIVE_##name, &(in), sizeof(in), NULL, 0)
#define CALL_OUT(name, in, out) invoke(NATIVE_##name, &(in), sizeof(in), &(out), sizeof(out))

static void connect(u32 *local, u32 *remote)
{
    struct native_partition in = {.partition = guest->id};
    struct native_port_connect_out out;

    assert_int_equal(CALL_OUT(port_connect, in, out), ST_OK);
    *local = out.local_port;
    *remote = out.remote_port;
}

static int setup(void **state)
{
    u32 port;

    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    guest = fake_partition("guest", PARTITION_TLFS, 1024);
    if (space_populate(&root->space, gpa(0), MIB, SPACE_RAM) != ST_OK)
        return 1;
    connect(&near, &far);
    while (port_take_raised(root->vcpu[0], &port)) /* connecting raises */
        ;
    return 0;
}

static bool root_is_told(u32 port)
{
    u32 number;

    return port_take_raised(root->vcpu[0], &number) && number == port;
}

static void bind(void)
{
    struct native_message_bind in = {guest->id, near};

    assert_int_equal(CALL(message_bind, in), ST_OK);
}

static enum status take(struct native_message_take_out *out)
{
    struct native_message_take in = {.partition = guest->id, .payload = PAYLOAD_AT};

    return CALL_OUT(message_take, in, *out);
}

static void test_take_in_order(void **state)
{
    struct native_message_take_out out;
    char text[4];

    (void)state;
    assert_int_equal(op_message_send(guest, 1, 1, "no", 2), ST_NO_ENTRY);
    bind();
    assert_int_equal(take(&out), ST_NO_DATA);
    assert_int_equal(op_message_send(guest, 1, 7, "one", 4), ST_OK);
    assert_true(root_is_told(near));
    assert_int_equal(op_message_send(guest, 4, 8, "two", 4), ST_OK);
    assert_false(root_is_told(near)); /* told once until the queue is empty */
    assert_int_equal(take(&out), ST_OK);
    assert_int_equal(out.connection, 1);
    assert_int_equal(out.type, 7);
    assert_int_equal(out.bytes, 4);
    assert_int_equal(mem_read_gpa(root, gpa(PAYLOAD_AT), text, 4), ST_OK);
    assert_string_equal(text, "one");
    assert_int_equal(take(&out), ST_OK);
    assert_int_equal(out.type, 8);
    assert_int_equal(take(&out), ST_NO_DATA);
    assert_int_equal(op_message_send(guest, 1, 9, "", 0), ST_OK);
    assert_true(root_is_told(near));
}

static void test_take_limits(void **state)
{
    struct native_message_take_out out;
    u8 payload[NATIVE_MESSAGE_BYTES] = {0};

    (void)state;
    bind();
    assert_int_equal(op_message_send(guest, 2, 1, payload, 1), ST_NO_ENTRY);
    assert_int_equal(op_message_send(guest, 1, 1, payload, NATIVE_MESSAGE_BYTES + 1),
                     ST_TOO_BIG);
    for (u32 i = 0; i < NATIVE_MESSAGES_MAX; i++) {
        payload[0] = (u8)i;
        assert_int_equal(op_message_send(guest, 1, i + 1, payload, sizeof(payload)), ST_OK);
    }
    assert_int_equal(op_message_send(guest, 1, 1, payload, 1), ST_NO_SPACE);
    for (u32 i = 0; i < NATIVE_MESSAGES_MAX; i++) {
        assert_int_equal(take(&out), ST_OK);
        assert_int_equal(out.type, i + 1);
        assert_int_equal(out.bytes, NATIVE_MESSAGE_BYTES);
        assert_int_equal(mem_read_gpa(root, gpa(PAYLOAD_AT), payload, 1), ST_OK);
        assert_int_equal(payload[0], i);
    }
}

static void test_take_keeps_on_fault(void **state)
{
    struct native_message_take in = {.partition = guest->id, .payload = MIB - 2};
    struct native_message_take_out out;

    (void)state;
    bind();
    assert_int_equal(op_message_send(guest, 1, 1, "abc", 4), ST_OK);
    assert_int_equal(CALL(message_take, in), ST_FAULT);
    assert_int_equal(take(&out), ST_OK);
}

static void test_binding_is_checked(void **state)
{
    struct partition *other = fake_partition("xen", PARTITION_XEN, 64);
    struct native_message_bind in = {other->id, near};
    struct native_event_connect connection = {guest->id, 5, near + 1, 0};

    (void)state;
    assert_int_equal(CALL(message_bind, in), ST_INVALID); /* the port leads elsewhere */
    in = (struct native_message_bind){guest->id, 99};
    assert_int_equal(CALL(message_bind, in), ST_INVALID);
    in.partition = 77;
    assert_int_equal(CALL(message_bind, in), ST_NO_PARTITION);
    assert_int_equal(CALL(event_connect, connection), ST_INVALID);
    other = fake_partition("another", PARTITION_TLFS, 64); /* of the same kind */
    in = (struct native_message_bind){other->id, near};
    assert_int_equal(CALL(message_bind, in), ST_INVALID);
    connection = (struct native_event_connect){other->id, 5, near, 0};
    assert_int_equal(CALL(event_connect, connection), ST_INVALID);
}

static void test_events(void **state)
{
    struct native_event_connect in = {guest->id, 0x10001, near, 0};

    (void)state;
    assert_int_equal(op_event_signal(guest, 0x10001), ST_NO_ENTRY);
    assert_int_equal(CALL(event_disconnect, in), ST_NO_ENTRY);
    assert_int_equal(CALL(event_connect, in), ST_OK);
    assert_int_equal(CALL(event_connect, in), ST_EXISTS);
    assert_int_equal(op_event_signal(guest, 0x10001), ST_OK);
    assert_true(root_is_told(near));
    assert_int_equal(op_event_signal(guest, 0x10002), ST_NO_ENTRY);
    assert_int_equal(CALL(event_disconnect, in), ST_OK);
    assert_int_equal(op_event_signal(guest, 0x10001), ST_NO_ENTRY);
    for (u32 i = 0; i < NATIVE_EVENTS_MAX; i++) {
        in.connection = 100 + i;
        assert_int_equal(CALL(event_connect, in), ST_OK);
    }
    in.connection = 1;
    assert_int_equal(CALL(event_connect, in), ST_NO_SPACE);
}

static void test_post(void **state)
{
    struct native_message_post in = {
        .partition = guest->id, .sint = 2, .type = 1, .payload = PAYLOAD_AT, .bytes = 5};
    struct vcpu *vcpu = guest->vcpu[0];

    (void)state;
    assert_int_equal(mem_write_gpa(root, gpa(PAYLOAD_AT), "abcd", 5), ST_OK);
    assert_false(op_message_waits(vcpu));
    vcpu_park(vcpu, TIME_NEVER);
    assert_int_equal(CALL(message_post, in), ST_OK);
    assert_int_equal(vcpu->state, VCPU_RUNNABLE);
    assert_true(op_message_waits(vcpu));
    assert_int_equal(op_message_at(vcpu, 0)->connection, 2);
    assert_string_equal((const char *)op_message_at(vcpu, 0)->payload, "abcd");
    for (u32 i = 1; i < NATIVE_POSTS_MAX; i++) {
        in.type = i + 1;
        assert_int_equal(CALL(message_post, in), ST_OK);
    }
    assert_int_equal(CALL(message_post, in), ST_BUSY);
    op_message_take(vcpu, 1);
    assert_int_equal(op_message_at(vcpu, 0)->type, 1);
    assert_int_equal(op_message_at(vcpu, 1)->type, 3);
    assert_null(op_message_at(vcpu, NATIVE_POSTS_MAX - 1));
    assert_int_equal(CALL(message_post, in), ST_OK);
}

static void test_post_refusals(void **state)
{
    struct native_message_post in = {
        .partition = guest->id, .sint = 2, .type = 1, .payload = PAYLOAD_AT, .bytes = 241};

    (void)state;
    assert_int_equal(CALL(message_post, in), ST_INVALID);
    in.bytes = 4;
    in.sint = 16;
    assert_int_equal(CALL(message_post, in), ST_INVALID);
    in.sint = 15;
    in.type = 0;
    assert_int_equal(CALL(message_post, in), ST_INVALID);
    in.type = 1;
    in.vcpu = 1;
    assert_int_equal(CALL(message_post, in), ST_NO_ENTRY);
    in.vcpu = 0;
    in.payload = MIB;
    assert_int_equal(CALL(message_post, in), ST_FAULT);
    assert_false(op_message_waits(guest->vcpu[0]));
    in.partition = root->id; /* not a partition of this kind */
    assert_int_equal(CALL(message_post, in), ST_INVALID);
}

static void test_flags(void **state)
{
    static const u32 flags[][2] = {{2, 0}, {2, 63}, {2, 2047}, {15, 64}};
    struct native_event_flag_set in = {.partition = guest->id};
    struct vcpu *vcpu = guest->vcpu[0];
    u32 sint, flag;

    (void)state;
    assert_false(op_event_flag_take(vcpu, &sint, &flag));
    vcpu_park(vcpu, TIME_NEVER); /* it is awake for the first one */
    for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
        in.sint = flags[i][0];
        in.flag = flags[i][1];
        assert_int_equal(CALL(event_flag_set, in), ST_OK);
        assert_int_equal(CALL(event_flag_set, in), ST_OK);
    }
    assert_int_equal(vcpu->state, VCPU_RUNNABLE);
    assert_true(op_message_waits(vcpu));
    for (u32 i = 0; i < ARRAY_SIZE(flags); i++) {
        assert_true(op_event_flag_take(vcpu, &sint, &flag));
        assert_int_equal(sint, flags[i][0]);
        assert_int_equal(flag, flags[i][1]);
    }
    assert_false(op_event_flag_take(vcpu, &sint, &flag));
    assert_false(op_message_waits(vcpu));
    in.sint = 16;
    assert_int_equal(CALL(event_flag_set, in), ST_INVALID);
    in.sint = 0;
    in.flag = 2048;
    assert_int_equal(CALL(event_flag_set, in), ST_INVALID);
}

/* A guest may open and close its channels as often as it likes: no port is left behind. */
static void test_connections_come_and_go(void **state)
{
    struct native_partition pair = {.partition = guest->id};
    u32 of_guest = port_count(guest), of_root = port_count(root);

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        struct native_port_connect_out ports;
        struct native_event_connect in = {.partition = guest->id, .connection = 5};
        struct native_port local = {0};

        assert_int_equal(CALL_OUT(port_connect, pair, ports), ST_OK);
        in.port = local.port = ports.local_port;
        assert_int_equal(CALL(event_connect, in), ST_OK);
        assert_int_equal(op_event_signal(guest, 5), ST_OK);
        assert_int_equal(CALL(port_close, local), ST_OK);
        assert_int_equal(op_event_signal(guest, 5), ST_OK); /* nobody hears it */
        assert_int_equal(CALL(event_disconnect, in), ST_OK);
        assert_int_equal(op_event_signal(guest, 5), ST_NO_ENTRY);
        assert_int_equal(port_count(guest), of_guest);
        assert_int_equal(port_count(root), of_root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_take_in_order, setup),
        cmocka_unit_test_setup(test_take_limits, setup),
        cmocka_unit_test_setup(test_take_keeps_on_fault, setup),
        cmocka_unit_test_setup(test_binding_is_checked, setup),
        cmocka_unit_test_setup(test_events, setup),
        cmocka_unit_test_setup(test_connections_come_and_go, setup),
        cmocka_unit_test_setup(test_post, setup),
        cmocka_unit_test_setup(test_post_refusals, setup),
        cmocka_unit_test_setup(test_flags, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
