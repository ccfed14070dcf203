// sources: abi-tests/unit/fake_tlfs.c abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/core/apic.c hv/cpu/npt.c hv/lib/format.c
// sources: hypercall/guest_mem.c hypercall/trace.c hypercall/mailbox.c hypercall/op_clock.c hypercall/op_memory.c
// sources: hypercall/op_partition.c hypercall/op_port.c hypercall/op_vcpu.c
// sources: enlight/apic.c enlight/call.c enlight/cpuid.c enlight/deliver.c enlight/firmware.c enlight/flush.c enlight/hypercall_page.c
// sources: enlight/ioapic.c enlight/ipi.c enlight/message.c enlight/msr.c enlight/overlay.c enlight/pci.c enlight/port.c enlight/reftsc.c
// sources: enlight/rtc.c  enlight/state.c enlight/stimer.c enlight/synic.c enlight/uart.c enlight/virtio_blk.c enlight/vpset.c
/* Edges of the Hyper-V interface: what registers read, a crash's text, pages and slots begun
 * anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_tlfs.h"
#include "enlight/state.h"
#include "hv/core/vlapic.h"
#include "hypercall/mailbox.h"

#define MESSAGES_AT 0x40000u
#define EVENTS_AT   0x41000u
#define TEXT_AT     0x42f80u /* the text goes on in the next page */

#define SINT(n)  (TLFS_MSR_SINT0 + (n))
#define MESSAGE  BIT(62)
#define NOTIFY   BIT(63)
#define AUTO_EOI BIT(17)
#define IDENTITY 0x8100000000000000ull

/* The register's value, whatever was in the place before. */
static u64 value_of(u32 msr)
{
    u64 value = 0x5a5a5a5a5a5a5a5aull;

    assert_int_equal(tlfs_msr_read(tlfs_guest->vcpu[0], msr, &value), VERDICT_ANSWERED);
    return value;
}

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(value_of(TLFS_MSR_GUEST_OS_ID), IDENTITY);
    assert_int_equal(value_of(TLFS_MSR_RESET), 0);
    assert_int_equal(value_of(TLFS_MSR_EOM), 0);
    assert_int_equal(value_of(TLFS_MSR_VP_INDEX), 0);
    assert_true(value_of(TLFS_MSR_VP_RUNTIME) <= fake_now_ns / 100);
    tlfs_guest->vcpu[0]->guest->regs.rflags = BIT(9);
    assert_int_equal(value_of(TLFS_MSR_GUEST_IDLE), 0);
    for (u32 sint = 0; sint < 16; sint++) {
        tlfs_write(0, SINT(sint), 0x30 + sint);
        assert_int_equal(value_of(SINT(sint)), 0x30 + sint);
    }
}

static void test_synic_values(void **state)
{
    (void)state;
    tlfs_write(0, TLFS_MSR_SCONTROL, 1);
    tlfs_write(0, TLFS_MSR_SIMP, MESSAGES_AT | 1);
    tlfs_write(0, TLFS_MSR_SIEFP, EVENTS_AT | 1);
    assert_int_equal(value_of(TLFS_MSR_SCONTROL), 1);
    assert_int_equal(value_of(TLFS_MSR_SIMP), MESSAGES_AT | 1);
    assert_int_equal(value_of(TLFS_MSR_SIEFP), EVENTS_AT | 1);
    assert_true(tlfs_write_faults(0, TLFS_MSR_SVERSION, 1));
}

/* ---- Last words ------------------------------------------------------------------ */

static void crash(u64 bytes, u64 how)
{
    tlfs_write(0, TLFS_MSR_CRASH_P3, TEXT_AT);
    tlfs_write(0, TLFS_MSR_CRASH_P4, bytes);
    tlfs_write(0, TLFS_MSR_CRASH_CTL, how);
}

/* Longer than one piece, and across two pages. */
static void test_long_text(void **state)
{
    char text[301];

    (void)state;
    for (u32 i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i % 23);
    text[300] = 0;
    memcpy(tlfs_memory(TEXT_AT), text, 128);
    memcpy(tlfs_memory(TEXT_AT + 128), text + 128, 173);
    crash(300, NOTIFY | MESSAGE);
    /* A line of the log holds 160 of them. */
    assert_non_null(strstr(fake_serial, text + 160));
    text[160] = 0;
    assert_non_null(strstr(fake_serial, text));
}

static void test_no_text(void **state)
{
    (void)state;
    strcpy(tlfs_memory(TEXT_AT), "not to be told");
    crash(14, NOTIFY);
    assert_non_null(strstr(fake_serial, "guest crash"));
    assert_null(strstr(fake_serial, "not to be told"));
    assert_int_equal(tlfs_guest->end_reason, END_CRASH);
}

/* ---- Messages -------------------------------------------------------------------- */

static int synic_setup(void **state)
{
    if (tlfs_setup(state) != 0)
        return 1;
    memset(tlfs_memory(MESSAGES_AT), 0x11, PAGE_SIZE);
    memset(tlfs_memory(EVENTS_AT), 0x22, PAGE_SIZE);
    tlfs_write(0, TLFS_MSR_SCONTROL, 1);
    tlfs_write(0, TLFS_MSR_SIMP, MESSAGES_AT | 1);
    tlfs_write(0, TLFS_MSR_SIEFP, EVENTS_AT | 1);
    for (u32 sint = 0; sint < 16; sint++)
        tlfs_write(0, SINT(sint), 0x30 + sint);
    return 0;
}

static struct tlfs_message *slot(u32 sint)
{
    return (struct tlfs_message *)tlfs_memory(MESSAGES_AT) + sint;
}

static void post(u32 sint, u32 type)
{
    struct mailbox_message *message;

    assert_int_equal(mailbox_reserve(tlfs_guest->vcpu[0], &message), ST_OK);
    *message = (struct mailbox_message){.connection = sint, .type = type, .bytes = 4};
    mailbox_commit(tlfs_guest->vcpu[0]);
}

static void deliver(void)
{
    tlfs_deliver(tlfs_guest->vcpu[0]);
}

/* Each source has its slot, and a full one keeps nobody else waiting. */
static void test_sources(void **state)
{
    static const u8 others[] = {0, 6, 8, 15};

    (void)state;
    for (u32 sint = 0; sint < 16; sint++) {
        post(sint, 100 + sint);
        deliver();
        assert_int_equal(slot(sint)->type, 100 + sint);
        assert_true(tlfs_took_vector(0, (u8)(0x30 + sint)));
    }
    for (u32 i = 0; i < ARRAY_SIZE(others); i++)
        slot(others[i])->type = 0;
    post(7, 200);
    for (u32 i = 0; i < ARRAY_SIZE(others); i++)
        post(others[i], 200 + i);
    deliver();
    for (u32 i = 0; i < ARRAY_SIZE(others); i++)
        assert_int_equal(slot(others[i])->type, 200 + i);
    assert_int_equal(slot(7)->type, 107);
    assert_true(op_message_waits(tlfs_guest->vcpu[0]));
}

/* A slot says nothing of what was in it. */
static void test_slot_is_clean(void **state)
{
    (void)state;
    memset(slot(3), 0xff, sizeof(*slot(3)));
    slot(3)->type = 0;
    post(3, 5);
    deliver();
    assert_int_equal(slot(3)->type, 5);
    assert_int_equal(slot(3)->flags | slot(3)->reserved, 0);
    assert_int_equal(slot(3)->origin, 0);
    assert_int_equal(slot(3)->bytes, 4);
}

/* A processor that starts anew has its pages back, and every source masked. */
static void test_start_anew(void **state)
{
    (void)state;
    assert_int_equal(*(u8 *)tlfs_memory(MESSAGES_AT), 0);
    assert_int_equal(*(u8 *)tlfs_memory(EVENTS_AT), 0);
    tlfs_reset(tlfs_guest->vcpu[0]);
    assert_int_equal(*(u8 *)tlfs_memory(MESSAGES_AT), 0x11);
    assert_int_equal(*(u8 *)tlfs_memory(EVENTS_AT), 0x22);
    assert_int_equal(
        value_of(TLFS_MSR_SCONTROL) | value_of(TLFS_MSR_SIMP) | value_of(TLFS_MSR_SIEFP), 0);
    for (u32 sint = 0; sint < 16; sint++)
        assert_int_equal(value_of(SINT(sint)), BIT(16));
}

/* An automatic end of interrupt is each source's own. */
static void test_ends_itself(void **state)
{
    struct vcpu *vcpu = tlfs_guest->vcpu[0];

    (void)state;
    for (u32 sint = 0; sint < 16; sint++) {
        u8 vector = (u8)(0x30 + sint);

        tlfs_write(0, SINT(sint), vector | AUTO_EOI);
        vlapic_accept(vcpu->lapic, vector);
        tlfs_given(vcpu, vector);
        assert_int_equal(vcpu->lapic->isr[1], 0);
        tlfs_write(0, SINT(sint), vector | AUTO_EOI | BIT(16)); /* masked: not any more */
        vlapic_accept(vcpu->lapic, vector);
        tlfs_given(vcpu, vector);
        assert_int_equal(vcpu->lapic->isr[1], 1u << vector % 32);
        tlfs_write(0, TLFS_MSR_EOI, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_values, tlfs_setup),
        cmocka_unit_test_setup(test_synic_values, tlfs_setup),
        cmocka_unit_test_setup(test_long_text, tlfs_setup),
        cmocka_unit_test_setup(test_no_text, tlfs_setup),
        cmocka_unit_test_setup(test_sources, synic_setup),
        cmocka_unit_test_setup(test_slot_is_clean, synic_setup),
        cmocka_unit_test_setup(test_start_anew, synic_setup),
        cmocka_unit_test_setup(test_ends_itself, synic_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
