/* CPUID, MSRs and their pages, time, of a guest with the Hyper-V interface. */
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
#include "enlight/reftsc.h"
#include "hv/core/vlapic.h"
#include "hypercall/guest_mem.h"

#define PAGE_AT 0x40000u

enum { EAX, EBX, ECX, EDX };

static void leaf(u32 number, u32 out[4])
{
    assert_int_equal(tlfs_cpuid(tlfs_guest->vcpu[0], number, out), VERDICT_ANSWERED);
}

/* The whole profile, as numbers. */
static void test_profile(void **state)
{
    u32 out[4];

    (void)state;
    leaf(0x40000000, out);
    assert_int_equal(out[EAX], 0x40000006);
    assert_memory_equal(&out[EBX], "Microsoft Hv", 12);
    leaf(0x40000001, out);
    assert_int_equal(out[EAX], 0x31237648);
    leaf(0x40000003, out);
    assert_int_equal(out[EAX], 0xeff);
    assert_int_equal(out[EBX], 0x100030);
    assert_int_equal(out[ECX], 0);
    assert_int_equal(out[EDX], 0x80530);
    leaf(0x40000004, out);
    assert_int_equal(out[EAX], 0xe2c);
    assert_int_equal(out[EBX], 0xfff);
    leaf(0x40000005, out);
    assert_int_equal(out[EAX], 64);
    leaf(0x40000081, out);
    assert_int_equal(out[EAX], 0x31235356);
    leaf(0x40000082, out);
    assert_int_equal(out[EAX], 0);
    assert_int_equal(tlfs_cpuid(tlfs_guest->vcpu[0], 0x40000100, out), VERDICT_NOT_MINE);
}

static void test_unknown_registers(void **state)
{
    static const u32 unknown[] = {0x40000004, 0x40000040, 0x40000074, 0x40000085, 0x400000a0,
                                  0x400000b8, 0x400000f1, 0x40000106, 0x40000118, 0x40001002};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(unknown); i++) {
        assert_true(tlfs_read_faults(0, unknown[i]));
        assert_true(tlfs_write_faults(0, unknown[i], 0));
    }
}

static void test_read_only(void **state)
{
    static const u32 fixed[] = {0x40000002, 0x40000010, 0x40000020,
                                0x40000022, 0x40000023, 0x40000081};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
        assert_true(tlfs_write_faults(0, fixed[i], 1));
    assert_true(tlfs_read_faults(0, 0x40000070)); /* EOI is write only */
    assert_int_equal(tlfs_read(0, 0x40000002), 0);
    assert_int_equal(tlfs_read(1, 0x40000002), 1);
    assert_int_equal(tlfs_read(0, 0x40000022), 1000000000);
    assert_int_equal(tlfs_read(0, 0x40000023), 1000000000);
    assert_int_equal(tlfs_read(0, 0x40000081), 1);
}

static void test_hypercall_page(void **state)
{
    static const u8 code[] = {0x0f, 0x01, 0xd9, 0xc3};
    u8 *page = tlfs_memory(PAGE_AT);

    (void)state;
    memset(page, 0x55, PAGE_SIZE);
    tlfs_write(0, 0x40000001, PAGE_AT | 1);
    assert_memory_equal(page, code, sizeof(code));
    assert_int_equal(tlfs_read(0, 0x40000001), PAGE_AT | 1);
    tlfs_write(0, 0x40000001, PAGE_AT);
    assert_int_equal(page[0], 0x55); /* the guest's bytes are back */
    assert_int_equal(page[4095], 0x55);
    tlfs_write(0, 0x40000000, 0);
    tlfs_write(0, 0x40000001, PAGE_AT | 1); /* not without an identity */
    assert_int_equal(tlfs_read(0, 0x40000001), PAGE_AT);
    assert_int_equal(page[0], 0x55);
    tlfs_write(0, 0x40000000, 1);
    tlfs_write(0, 0x40000001, PAGE_AT | 3); /* locked */
    tlfs_write(0, 0x40000001, 0);
    assert_int_equal(tlfs_read(0, 0x40000001), PAGE_AT | 3);
}

static void test_page_without_memory(void **state)
{
    (void)state;
    assert_null(tlfs_memory(TLFS_MEMORY + PAGE_SIZE));
    tlfs_write(0, 0x40000001, (TLFS_MEMORY + PAGE_SIZE) | 1);
    assert_int_equal(*(u8 *)tlfs_memory(TLFS_MEMORY + PAGE_SIZE), 0x0f);
    tlfs_write(0, 0x40000001, 0);
    assert_null(tlfs_memory(TLFS_MEMORY + PAGE_SIZE));
    tlfs_write(0, 0x40000001, 0xfffff001); /* the last page that may be without memory */
    assert_true(tlfs_write_faults(0, 0x40000001, 0x100000001));
    assert_true(tlfs_write_faults(0, 0x40000001, ~(u64)0xffe));
}

static void test_moved_page_keeps_content(void **state)
{
    u8 *first = tlfs_memory(PAGE_AT);
    u8 *second = tlfs_memory(PAGE_AT + PAGE_SIZE);

    (void)state;
    first[0] = 1;
    second[0] = 2;
    tlfs_write(0, 0x40000083, PAGE_AT | 1);
    assert_int_equal(first[0], 0);
    first[0] = 7; /* into the message page */
    tlfs_write(0, 0x40000083, (PAGE_AT + PAGE_SIZE) | 1);
    assert_int_equal(first[0], 1);
    assert_int_equal(second[0], 7);
    tlfs_write(0, 0x40000083, 0);
    assert_int_equal(second[0], 2);
}

/* time = (tsc * scale >> 64) + offset, as the specification computes it. */
static u64 page_time(void)
{
    struct {
        u32 sequence, reserved;
        u64 scale;
        s64 offset;
    } page;

    memcpy(&page, tlfs_memory(PAGE_AT), sizeof(page));
    assert_int_not_equal(page.sequence, 0);
    return (u64)((unsigned __int128)fake_now_ns * page.scale >> 64) + (u64)page.offset;
}

/* As the root may know it. */
static u64 told_time(void)
{
    struct op_clock now;

    op_clock_read(tlfs_guest, &now);
    return (u64)((unsigned __int128)now.tsc * tlfs_guest->property[NATIVE_REFERENCE_SCALE] >>
                 64) -
           tlfs_guest->property[NATIVE_REFERENCE_BASE];
}

static void test_reference_time(void **state)
{
    u64 before = tlfs_read(0, 0x40000020);

    (void)state;
    tlfs_write(0, 0x40000021, PAGE_AT | 1);
    for (u32 i = 0; i < 1000; i++) {
        fake_now_ns += 12345677;
        assert_int_equal(tlfs_read(0, 0x40000020), page_time());
        assert_int_equal(tlfs_read(0, 0x40000020), told_time());
    }
    /* 12.345677 s; the scale is rounded down. */
    assert_in_range(tlfs_read(0, 0x40000020) - before, 123456769, 123456770);
    assert_int_equal(tlfs_read(0, 0x40000021), PAGE_AT | 1);
}

static void test_fraction(void **state)
{
    (void)state;
    assert_int_equal(reftsc_fraction(1, 2), 1ull << 63);
    assert_int_equal(reftsc_fraction(1, 3), 0x5555555555555555ull);
    assert_int_equal(reftsc_fraction(10000, 4450767),
                     (u64)(((unsigned __int128)10000 << 64) / 4450767));
    assert_int_equal(reftsc_fraction(~(u64)0 - 1, ~(u64)0), ~(u64)0 - 1);
}

static void test_idle_waits_for_interrupt(void **state)
{
    struct vcpu *vcpu = tlfs_guest->vcpu[0];
    u64 value;

    (void)state;
    assert_int_equal(tlfs_msr_read(vcpu, 0x400000f0, &value), VERDICT_AGAIN);
    assert_int_equal(vcpu->state, VCPU_PARKED);
    vcpu_wake(vcpu); /* for something else: it sleeps on */
    assert_int_equal(tlfs_msr_read(vcpu, 0x400000f0, &value), VERDICT_AGAIN);
    assert_int_equal(vcpu->state, VCPU_PARKED);
    tlfs_invoke(1ull << 16 | 0xb, 0x30, 1); /* an interrupt to itself */
    assert_int_equal(vcpu->state, VCPU_RUNNABLE);
    assert_int_equal(tlfs_read(0, 0x400000f0), 0);
    assert_int_equal(vcpu->state, VCPU_RUNNABLE); /* one waits already */
    assert_true(tlfs_took_vector(0, 0x30));
    vcpu->guest->regs.rflags = BIT(9); /* with interrupts on any wake ends it */
    assert_int_equal(tlfs_read(0, 0x400000f0), 0);
    assert_int_equal(vcpu->state, VCPU_PARKED);
}

static void test_reset_register(void **state)
{
    (void)state;
    tlfs_write(0, 0x40000003, 0);
    assert_int_equal(tlfs_guest->state, PARTITION_RUNNING);
    tlfs_write(0, 0x40000003, 1);
    assert_int_equal(tlfs_guest->state, PARTITION_ENDED);
    assert_int_equal(tlfs_guest->end_reason, END_REBOOT);
}

static void test_crash(void **state)
{
    (void)state;
    strcpy(tlfs_memory(PAGE_AT), "no init found");
    for (u32 i = 0; i < 5; i++)
        tlfs_write(0, 0x40000100 + i, 16 + i);
    tlfs_write(0, 0x40000103, PAGE_AT);
    tlfs_write(0, 0x40000104, 13);
    assert_int_equal(tlfs_read(0, 0x40000101), 17);
    assert_int_equal(tlfs_read(0, 0x40000105), 3ull << 62);
    tlfs_write(0, 0x40000105, 1ull << 62); /* without the notice */
    assert_int_equal(tlfs_guest->state, PARTITION_RUNNING);
    tlfs_write(0, 0x40000105, 3ull << 62);
    assert_non_null(strstr(fake_serial, "guest crash 10 11 12 40000 d"));
    assert_non_null(strstr(fake_serial, "no init found"));
    assert_int_equal(tlfs_guest->state, PARTITION_ENDED);
    assert_int_equal(tlfs_guest->end_reason, END_CRASH);
}

static void give(u8 vector)
{
    vlapic_accept(tlfs_guest->vcpu[0]->lapic, vector);
    tlfs_given(tlfs_guest->vcpu[0], vector);
}

static bool is_serving(u8 vector)
{
    return tlfs_guest->vcpu[0]->lapic->isr[vector / 32] >> vector % 32 & 1;
}

static void test_apic_registers(void **state)
{
    (void)state;
    tlfs_write(0, 0x40000072, 0x50);
    assert_int_equal(tlfs_read(0, 0x40000072), 0x50);
    assert_true(tlfs_write_faults(0, 0x40000072, 0x100));
    tlfs_write(0, 0x40000071, 2ull << 56 | 0x40);
    assert_true(tlfs_took_vector(1, 0x40));
    assert_int_equal(tlfs_read(0, 0x40000071), 2ull << 56 | 0x40);
    tlfs_write(0, 0x40000072, 0);
    give(0x41);
    assert_true(is_serving(0x41));
    tlfs_write(0, 0x40000070, 0);
    assert_false(is_serving(0x41));
}

static void test_lazy_eoi(void **state)
{
    struct vcpu *vcpu = tlfs_guest->vcpu[0];
    u32 *word = tlfs_memory(PAGE_AT);

    (void)state;
    tlfs_write(0, 0x40000073, PAGE_AT | 1);
    give(0x41);
    assert_int_equal(*word, 1);
    *word = 0; /* the guest's EOI */
    tlfs_deliver(vcpu);
    assert_false(is_serving(0x41));

    /* Another interrupt waits: the offer is taken back, EOI comes by the register. */
    give(0x41);
    vlapic_raise(vcpu->lapic, 0x31);
    tlfs_deliver(vcpu);
    assert_int_equal(*word, 0);
    assert_true(is_serving(0x41));
    tlfs_write(0, 0x40000070, 0);
    assert_false(is_serving(0x41));

    /* A nested interrupt ended by the page, the outer one by the register right after. */
    assert_true(tlfs_took_vector(0, 0x31));
    vlapic_raise(vcpu->lapic, 0x20);
    give(0x31); /* no offer: 0x20 waits */
    assert_int_equal(*word, 0);
    assert_true(tlfs_took_vector(0, 0x20));
    give(0x51);
    assert_int_equal(*word, 1);
    *word = 0;
    tlfs_write(0, 0x40000070, 0);
    assert_false(is_serving(0x51));
    assert_false(is_serving(0x31));
}

static u32 cpuid_word(u32 leaf, u32 index, enum verdict expected)
{
    u32 out[4];

    assert_int_equal(tlfs_cpuid(tlfs_guest->vcpu[0], leaf, out), expected);
    return out[index];
}

/* Only where it was asked for; the processor's own word counts when the guest has said so. */
static void test_invariant_tsc(void **state)
{
    (void)state;
    assert_int_equal(cpuid_word(0x40000003, 0, VERDICT_ANSWERED) & 1u << 15, 0);
    assert_true(tlfs_read_faults(0, 0x40000118));
    assert_true(tlfs_write_faults(0, 0x40000118, 1));
    cpuid_word(0x80000007, 3, VERDICT_NOT_MINE);

    tlfs_guest->property[NATIVE_TSC_INVARIANT] = 1;
    assert_int_equal(cpuid_word(0x40000003, 0, VERDICT_ANSWERED) & 1u << 15, 1u << 15);
    assert_int_equal(tlfs_read(1, 0x40000118), 0);
    assert_int_equal(cpuid_word(0x80000007, 3, VERDICT_ANSWERED), 0);
    assert_true(tlfs_write_faults(0, 0x40000118, 2));
    tlfs_write(0, 0x40000118, 1);
    assert_int_equal(tlfs_read(1, 0x40000118), 1);
    cpuid_word(0x80000007, 3, VERDICT_NOT_MINE);
}

static void test_start_up_resets(void **state)
{
    u32 *word = tlfs_memory(PAGE_AT);

    (void)state;
    *word = 77;
    tlfs_write(1, 0x40000073, PAGE_AT | 1);
    tlfs_write(1, 0x40000080, 1);
    tlfs_write(1, 0x40000092, 0x30);
    tlfs_write(1, 0x400000b0, 0x1301);
    tlfs_reset(tlfs_guest->vcpu[1]);
    assert_int_equal(*word, 77);
    assert_int_equal(tlfs_read(1, 0x40000073), 0);
    assert_int_equal(tlfs_read(1, 0x40000080), 0);
    assert_int_equal(tlfs_read(1, 0x40000092), 0x10000);
    assert_int_equal(tlfs_read(1, 0x400000b0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_profile, tlfs_setup),
        cmocka_unit_test_setup(test_unknown_registers, tlfs_setup),
        cmocka_unit_test_setup(test_read_only, tlfs_setup),
        cmocka_unit_test_setup(test_hypercall_page, tlfs_setup),
        cmocka_unit_test_setup(test_page_without_memory, tlfs_setup),
        cmocka_unit_test_setup(test_moved_page_keeps_content, tlfs_setup),
        cmocka_unit_test_setup(test_reference_time, tlfs_setup),
        cmocka_unit_test_setup(test_fraction, tlfs_setup),
        cmocka_unit_test_setup(test_idle_waits_for_interrupt, tlfs_setup),
        cmocka_unit_test_setup(test_reset_register, tlfs_setup),
        cmocka_unit_test_setup(test_crash, tlfs_setup),
        cmocka_unit_test_setup(test_apic_registers, tlfs_setup),
        cmocka_unit_test_setup(test_lazy_eoi, tlfs_setup),
        cmocka_unit_test_setup(test_invariant_tsc, tlfs_setup),
        cmocka_unit_test_setup(test_start_up_resets, tlfs_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
