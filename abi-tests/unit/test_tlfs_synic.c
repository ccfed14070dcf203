/* SynIC, synthetic timers and the serial port of a guest with the Hyper-V interface. */
// sources: abi-tests/unit/fake_tlfs.c abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/core/apic.c hv/cpu/npt.c hv/lib/format.c
// sources: hypercall/guest_mem.c hypercall/trace.c hypercall/mailbox.c hypercall/op_clock.c hypercall/op_memory.c
// sources: hypercall/op_partition.c hypercall/op_port.c hypercall/op_vcpu.c
// sources: enlight/apic.c enlight/call.c enlight/cpuid.c enlight/deliver.c enlight/firmware.c enlight/flush.c enlight/hypercall_page.c
// sources: enlight/ioapic.c enlight/ipi.c enlight/message.c enlight/msr.c enlight/overlay.c enlight/pci.c enlight/port.c enlight/reftsc.c
// sources: enlight/rtc.c  enlight/state.c enlight/stimer.c enlight/synic.c enlight/uart.c enlight/virtio_blk.c enlight/vpset.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_tlfs.h"
#include "hv/core/vlapic.h"
#include "hypercall/mailbox.h"

#define MESSAGES_AT 0x40000u
#define EVENTS_AT   0x41000u

#define SCONTROL  0x40000080
#define SIEFP     0x40000082
#define SIMP      0x40000083
#define EOM       0x40000084
#define SINT(n)   (0x40000090u + (n))
#define CONFIG(n) (0x400000b0u + 2 * (n))
#define COUNT(n)  (0x400000b1u + 2 * (n))
#define REFERENCE 0x40000020
#define DIRECT(v) (1u << 12 | (u32)(v) << 4)
#define SOURCE(n) ((u32)(n) << 16)
#define UNIT_NS   100u

static int setup(void **state)
{
    if (tlfs_setup(state) != 0)
        return 1;
    tlfs_write(0, SCONTROL, 1);
    tlfs_write(0, SIMP, MESSAGES_AT | 1);
    tlfs_write(0, SIEFP, EVENTS_AT | 1);
    tlfs_write(0, SINT(2), 0x30);
    tlfs_write(0, SINT(4), 0x34);
    return 0;
}

static struct tlfs_message *slot(u32 sint)
{
    return (struct tlfs_message *)tlfs_memory(MESSAGES_AT) + sint;
}

static void hand_over(u32 sint, u32 type)
{
    struct mailbox_message *message;

    assert_int_equal(mailbox_reserve(tlfs_guest->vcpu[0], &message), ST_OK);
    *message = (struct mailbox_message){.connection = sint, .type = type, .bytes = 4};
    memcpy(message->payload, "abc", 4);
    mailbox_commit(tlfs_guest->vcpu[0]);
}

static void post(u32 sint, u32 type)
{
    hand_over(sint, type);
    tlfs_deliver(tlfs_guest->vcpu[0]);
}

static void test_sources(void **state)
{
    (void)state;
    assert_int_equal(tlfs_read(0, SINT(0)), 0x10000);
    assert_int_equal(tlfs_read(1, SINT(15)), 0x10000);
    assert_true(tlfs_write_faults(0, SINT(3), 15));
    tlfs_write(0, SINT(3), 0x10000 | 15);
    tlfs_write(0, SINT(3), 16);
    assert_int_equal(tlfs_read(0, SINT(3)), 16);
    assert_int_equal(tlfs_read(0, EOM), 0);
}

static void test_message(void **state)
{
    (void)state;
    post(2, 1);
    assert_int_equal(slot(2)->type, 1);
    assert_int_equal(slot(2)->bytes, 4);
    assert_int_equal(slot(2)->flags, 0);
    assert_string_equal((const char *)slot(2)->payload, "abc");
    assert_true(tlfs_took_vector(0, 0x30));

    post(2, 5); /* the slot is taken */
    assert_int_equal(slot(2)->type, 1);
    assert_int_equal(slot(2)->flags, 1);
    assert_false(tlfs_took_vector(0, 0x30));
    post(4, 6); /* another source goes by */
    assert_int_equal(slot(4)->type, 6);
    slot(2)->type = 0;
    tlfs_write(0, EOM, 0);
    tlfs_deliver(tlfs_guest->vcpu[0]);
    assert_int_equal(slot(2)->type, 5);
    assert_int_equal(slot(2)->flags, 0);
    assert_true(tlfs_took_vector(0, 0x30));
    assert_false(op_message_waits(tlfs_guest->vcpu[0]));
}

/* A kernel that panics halts the other vCPUs and looks into their pages itself. */
static void test_message_to_one_that_is_down(void **state)
{
    struct vcpu *other = tlfs_guest->vcpu[1];

    (void)state;
    vcpu_park(other, TIME_NEVER);
    vcpu_down(tlfs_guest->vcpu[0]);
    hand_over(2, 7);
    assert_int_equal(other->state, VCPU_RUNNABLE);
    assert_int_equal(slot(2)->type, 0);
    tlfs_deliver(other);
    assert_int_equal(slot(2)->type, 7);
    hand_over(2, 8); /* the slot is full: it is tried again after an EOM of anybody */
    tlfs_deliver(other);
    slot(2)->type = 0;
    tlfs_write(1, EOM, 0);
    tlfs_deliver(other);
    assert_int_equal(slot(2)->type, 8);
    assert_false(op_messages_wait(tlfs_guest));
}

static void test_masked_and_polling(void **state)
{
    (void)state;
    tlfs_write(0, SINT(2), 0x30 | 1u << 16);
    post(2, 1);
    assert_int_equal(slot(2)->type, 1);
    assert_false(tlfs_took_vector(0, 0x30));
    slot(2)->type = 0;
    tlfs_write(0, SINT(2), 0x30 | 1u << 18);
    post(2, 2);
    assert_int_equal(slot(2)->type, 2);
    assert_false(tlfs_took_vector(0, 0x30));
}

static void test_waits_for_page(void **state)
{
    (void)state;
    tlfs_write(0, SCONTROL, 0);
    assert_int_equal(mailbox_flag_set(tlfs_guest->vcpu[0], 2, 9), ST_OK);
    post(2, 1);
    assert_int_equal(slot(2)->type, 0);
    assert_true(op_message_waits(tlfs_guest->vcpu[0]));
    tlfs_write(0, SCONTROL, 1);
    tlfs_deliver(tlfs_guest->vcpu[0]);
    assert_int_equal(slot(2)->type, 1);
    assert_int_equal(((u8 *)tlfs_memory(EVENTS_AT))[2 * 256 + 1], 2);
}

static void test_event_flags(void **state)
{
    u8 *flags = (u8 *)tlfs_memory(EVENTS_AT) + 2 * 256;
    struct vcpu *vcpu = tlfs_guest->vcpu[0];

    (void)state;
    assert_int_equal(mailbox_flag_set(vcpu, 2, 2047), ST_OK);
    tlfs_deliver(vcpu);
    assert_int_equal(flags[255], 0x80);
    assert_true(tlfs_took_vector(0, 0x30));
    assert_int_equal(mailbox_flag_set(vcpu, 2, 2047), ST_OK);
    tlfs_deliver(vcpu);
    assert_false(tlfs_took_vector(0, 0x30)); /* only from 0 to 1 */
    flags[255] = 0;
    assert_int_equal(mailbox_flag_set(vcpu, 2, 2047), ST_OK);
    tlfs_deliver(vcpu);
    assert_true(tlfs_took_vector(0, 0x30));
}

static void test_auto_eoi(void **state)
{
    struct vcpu *vcpu = tlfs_guest->vcpu[0];

    (void)state;
    tlfs_write(0, SINT(2), 0x30 | 1u << 17);
    vlapic_accept(vcpu->lapic, 0x30);
    tlfs_given(vcpu, 0x30);
    assert_int_equal(vcpu->lapic->isr[1], 0);
    vlapic_accept(vcpu->lapic, 0x34);
    tlfs_given(vcpu, 0x34);
    assert_int_equal(vcpu->lapic->isr[1], 1u << 20);
}

static void test_timer_configuration(void **state)
{
    (void)state;
    assert_true(tlfs_write_faults(0, CONFIG(0), 1u << 13));
    assert_true(tlfs_write_faults(0, CONFIG(0), 1u << 20));
    tlfs_write(0, CONFIG(0), 1); /* messages to source 0 */
    assert_int_equal(tlfs_read(0, CONFIG(0)), 0);
    tlfs_write(0, CONFIG(0), SOURCE(4) | 8);
    tlfs_write(0, COUNT(0), ~(u64)0);
    assert_int_equal(tlfs_read(0, CONFIG(0)), SOURCE(4) | 9); /* auto-enabled */
    tlfs_write(0, COUNT(0), 0);
    assert_int_equal(tlfs_read(0, CONFIG(0)), SOURCE(4) | 8);
}

static void test_timer_once(void **state)
{
    u64 due = tlfs_read(0, REFERENCE) + 1000;

    (void)state;
    tlfs_write(0, CONFIG(1), DIRECT(0xed) | 1);
    tlfs_write(0, COUNT(1), due);
    tlfs_pass(0, 999 * UNIT_NS);
    assert_false(tlfs_took_vector(0, 0xed));
    tlfs_pass(0, 2 * UNIT_NS);
    assert_true(tlfs_took_vector(0, 0xed));
    assert_int_equal(tlfs_read(0, CONFIG(1)), DIRECT(0xed)); /* done, off */
    tlfs_pass(0, 5000 * UNIT_NS);
    assert_false(tlfs_took_vector(0, 0xed));
    tlfs_write(0, CONFIG(1), DIRECT(0xed) | 1); /* the count has passed: at once */
    tlfs_pass(0, 0);
    assert_true(tlfs_took_vector(0, 0xed));
}

static void test_timer_periodic(void **state)
{
    u32 beats = 0;

    (void)state;
    tlfs_write(0, CONFIG(0), DIRECT(0xec) | 3);
    tlfs_write(0, COUNT(0), 10000);
    for (u32 i = 0; i < 1000; i++) {
        tlfs_pass(0, 100000);
        beats += tlfs_took_vector(0, 0xec);
    }
    assert_in_range(beats, 99, 100);
    tlfs_pass(0, 50 * 1000000); /* away for 50 periods: one beat, then in time again */
    assert_true(tlfs_took_vector(0, 0xec));
    tlfs_write(0, COUNT(0), 1); /* not more often than every 100 us */
    beats = 0;
    for (u32 i = 0; i < 1000; i++) {
        tlfs_pass(0, 10 * 1000);
        beats += tlfs_took_vector(0, 0xec);
    }
    assert_in_range(beats, 98, 100);
    tlfs_write(0, CONFIG(0), 0);
    tlfs_pass(0, 10 * 1000000);
    assert_false(tlfs_took_vector(0, 0xec));
}

static void test_timer_message(void **state)
{
    struct tlfs_timer_payload payload;
    u64 due = tlfs_read(0, REFERENCE) + 500;

    (void)state;
    slot(4)->type = 9; /* taken */
    tlfs_write(0, CONFIG(3), SOURCE(4) | 1);
    tlfs_write(0, COUNT(3), due);
    tlfs_pass(0, 600 * UNIT_NS);
    assert_int_equal(slot(4)->type, 9);
    assert_int_equal(slot(4)->flags, 1);
    slot(4)->type = 0;
    tlfs_write(0, EOM, 0);
    tlfs_pass(0, 100 * UNIT_NS);
    assert_int_equal(slot(4)->type, 0x80000010u);
    assert_int_equal(slot(4)->bytes, 24);
    memcpy(&payload, slot(4)->payload, sizeof(payload));
    assert_int_equal(payload.timer, 3);
    assert_int_equal(payload.expiration, due);
    assert_in_range(payload.delivery, due + 190, due + 210);
    assert_true(tlfs_took_vector(0, 0x34));
}

/* As Linux ends its timers: what has expired and waits goes too, and a count alone begins none.
 */
static void test_timer_end(void **state)
{
    u64 due = tlfs_read(0, REFERENCE) + 500;

    (void)state;
    slot(4)->type = 9; /* taken: the expiration waits for it */
    tlfs_write(0, CONFIG(3), SOURCE(4) | 9);
    tlfs_write(0, COUNT(3), due);
    tlfs_write(0, CONFIG(0), DIRECT(0xed) | 9);
    tlfs_write(0, COUNT(0), due + 500);
    tlfs_pass(0, 600 * UNIT_NS);
    tlfs_write(0, COUNT(0), 0);
    tlfs_write(0, COUNT(3), 0);
    slot(4)->type = 0;
    tlfs_write(0, EOM, 0);
    tlfs_pass(0, 1000 * UNIT_NS);
    assert_int_equal(slot(4)->type, 0);
    for (u32 timer = 0; timer <= 3; timer += 3) {
        tlfs_write(0, CONFIG(timer), 0);
        tlfs_write(0, COUNT(timer), due + 2000);
        assert_int_equal(tlfs_read(0, CONFIG(timer)), 0);
    }
    tlfs_pass(0, 5000 * UNIT_NS);
    assert_int_equal(slot(4)->type, 0);
    assert_false(tlfs_took_vector(0, 0x34));
    assert_false(tlfs_took_vector(0, 0xed));
}

static struct native_console_ring *ring(void)
{
    return tlfs_memory(TLFS_CONSOLE_AT);
}

static u8 in(u16 port)
{
    u32 value;

    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], port, 1, &value), VERDICT_ANSWERED);
    return (u8)value;
}

static void out(u16 port, u8 value)
{
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], port, 1, value), VERDICT_ANSWERED);
}

static bool root_is_told(void)
{
    u32 number;
    bool told = port_take_raised(tlfs_root->vcpu[0], &number);

    while (told && port_take_raised(tlfs_root->vcpu[0], &number))
        ;
    return told;
}

static void test_serial_output(void **state)
{
    (void)state;
    (void)root_is_told();
    assert_int_equal(in(0x3fd), 0x60);
    out(0x3f8, 'h');
    out(0x3f8, 'i');
    assert_false(root_is_told());
    assert_int_equal(in(0x3fd), 0x60);
    assert_true(root_is_told());
    assert_int_equal(ring()->out_producer, 2);
    assert_memory_equal(ring()->out, "hi", 2);
    out(0x3f8, '\n');
    assert_true(root_is_told());
    for (u32 i = 3; i < 2048; i++)
        out(0x3f8, '.');
    assert_int_equal(in(0x3fd), 0); /* full */
    out(0x3f8, '!');
    assert_int_equal(ring()->out_producer, 2048);
    ring()->out_consumer = 1;
    assert_int_equal(in(0x3fd), 0x60);
}

static void test_serial_input(void **state)
{
    (void)state;
    out(0x3f9, 1);
    assert_int_equal(in(0x3fa), 1);
    ring()->in[0] = 'x';
    ring()->in_producer = 1;
    assert_int_equal(in(0x3fd), 0x61);
    assert_int_equal(in(0x3fa), 4);
    assert_int_equal(in(0x3f8), 'x');
    assert_int_equal(in(0x3fd), 0x60);
    assert_int_equal(in(0x3f8), 0);
    ring()->in_producer = 0x80000000u; /* nonsense stays in the ring */
    for (u32 i = 0; i < 3000; i++)
        (void)in(0x3f8);
}

static void test_serial_registers(void **state)
{
    (void)state;
    out(0x3f9, 0xff);
    assert_int_equal(in(0x3f9), 0x0f);
    assert_int_equal(in(0x3fa), 2); /* transmitter empty */
    out(0x3fa, 1);
    assert_int_equal(in(0x3fa), 0xc2);
    out(0x3fb, 0x83);
    out(0x3f8, 0x12);
    assert_int_equal(in(0x3f8), 0x12);
    assert_int_equal(ring()->out_producer, 0);
    out(0x3fb, 3);
    out(0x3fc, 0x1a); /* loop: RTS, OUT2 */
    assert_int_equal(in(0x3fe), 0x90);
    out(0x3ff, 0xa5);
    assert_int_equal(in(0x3ff), 0xa5);
}

static void test_power(void **state)
{
    u32 value;

    (void)state;
    assert_int_equal(tlfs_port_read(tlfs_guest->vcpu[0], 0x60, 1, &value), VERDICT_NOT_MINE);
    assert_int_equal(tlfs_port_write(tlfs_guest->vcpu[0], 0x80, 1, 0), VERDICT_NOT_MINE);
    out(0x600, 0x14); /* type without the bit that starts it */
    assert_int_equal(in(0x601), 0);
    assert_int_equal(tlfs_guest->state, PARTITION_RUNNING);
    out(0x600, 0x34);
    assert_int_equal(tlfs_guest->end_reason, END_POWEROFF);
    assert_int_equal(tlfs_guest->state, PARTITION_ENDED);
}

static void test_reset(void **state)
{
    (void)state;
    out(0x602, 1);
    assert_int_equal(tlfs_guest->state, PARTITION_ENDED);
    assert_int_equal(tlfs_guest->end_reason, END_REBOOT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sources, setup),
        cmocka_unit_test_setup(test_message, setup),
        cmocka_unit_test_setup(test_message_to_one_that_is_down, setup),
        cmocka_unit_test_setup(test_masked_and_polling, setup),
        cmocka_unit_test_setup(test_waits_for_page, setup),
        cmocka_unit_test_setup(test_event_flags, setup),
        cmocka_unit_test_setup(test_auto_eoi, setup),
        cmocka_unit_test_setup(test_timer_configuration, setup),
        cmocka_unit_test_setup(test_timer_once, setup),
        cmocka_unit_test_setup(test_timer_periodic, setup),
        cmocka_unit_test_setup(test_timer_message, setup),
        cmocka_unit_test_setup(test_timer_end, setup),
        cmocka_unit_test_setup(test_serial_output, setup),
        cmocka_unit_test_setup(test_serial_input, setup),
        cmocka_unit_test_setup(test_serial_registers, setup),
        cmocka_unit_test_setup(test_power, setup),
        cmocka_unit_test_setup(test_reset, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
