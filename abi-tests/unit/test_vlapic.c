/* The guest's local APIC: priorities, timer, both register interfaces, messages. */
// sources: hv/core/vlapic.c
#include "hv/core/vlapic.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { ID = 0x20, TPR = 0x80, EOI = 0xb0, LDR = 0xd0, SVR = 0xf0, ISR = 0x100, IRR = 0x200 };
enum { ESR = 0x280, ICR = 0x300, ICR_HIGH = 0x310, TIMER = 0x320, ERROR = 0x370 };
enum { INITIAL = 0x380, CURRENT = 0x390, DIVIDE = 0x3e0 };
enum { DIVIDE_BY_1 = 0xb, PERIODIC = 0x20000, DEADLINE = 0x40000, MASKED = 0x10000 };

static struct vlapic lapic;
static struct vlapic_effect effect;

static void write(u32 offset, u32 value, u64 now)
{
    effect = (struct vlapic_effect){0};
    vlapic_write(&lapic, offset, value, now, &effect);
}

static enum status write_msr(u32 msr, u64 value)
{
    effect = (struct vlapic_effect){0};
    return vlapic_msr_write(&lapic, msr, value, 0, &effect);
}

static int make(void **state)
{
    (void)state;
    vlapic_make(&lapic, 4);
    write(SVR, 0x1ff, 0);
    return 0;
}

static void reset_state(void **state)
{
    u64 value;

    (void)state;
    vlapic_make(&lapic, 0);
    assert_int_equal(vlapic_read(&lapic, SVR, 0), 0xff);
    assert_int_equal(vlapic_read(&lapic, TIMER, 0), MASKED);
    assert_true(vlapic_is_mapped(&lapic));
    assert_int_equal(vlapic_msr_read(&lapic, 0x1b, 0, &value), ST_OK);
    assert_int_equal(value, 0xfee00900);
    vlapic_raise(&lapic, 0x40); /* software-disabled: lost */
    assert_true(vlapic_is_quiet(&lapic));
}

static void priorities(void **state)
{
    (void)state;
    assert_int_equal(vlapic_next(&lapic), VLAPIC_NONE);
    vlapic_raise(&lapic, 0x41);
    vlapic_raise(&lapic, 0x52);
    assert_int_equal(vlapic_next(&lapic), 0x52);
    vlapic_accept(&lapic, 0x52);
    assert_int_equal(vlapic_next(&lapic), VLAPIC_NONE); /* lower class waits */
    vlapic_raise(&lapic, 0x5f);
    assert_int_equal(vlapic_next(&lapic), VLAPIC_NONE); /* so does the same class */
    vlapic_raise(&lapic, 0x60);
    assert_int_equal(vlapic_next(&lapic), 0x60);
    vlapic_accept(&lapic, 0x60);
    write(EOI, 0, 0);
    write(EOI, 0, 0);
    assert_int_equal(vlapic_next(&lapic), 0x5f);
    vlapic_accept(&lapic, 0x5f);
    write(EOI, 0, 0);
    assert_int_equal(vlapic_next(&lapic), 0x41);
    vlapic_accept(&lapic, 0x41);
    assert_true(vlapic_is_quiet(&lapic));
}

static void task_priority(void **state)
{
    (void)state;
    write(TPR, 0x50, 0);
    vlapic_raise(&lapic, 0x55);
    assert_int_equal(vlapic_next(&lapic), VLAPIC_NONE);
    assert_int_equal(vlapic_blocked_class(&lapic), 5);
    vlapic_tpr_set(&lapic, 4);
    assert_int_equal(vlapic_read(&lapic, TPR, 0), 0x40);
    assert_int_equal(vlapic_blocked_class(&lapic), 0);
    assert_int_equal(vlapic_next(&lapic), 0x55);
    vlapic_accept(&lapic, 0x55);
    vlapic_raise(&lapic, 0x51);
    assert_int_equal(vlapic_blocked_class(&lapic), 0); /* held by what is in service */
}

static void timer_one_shot(void **state)
{
    (void)state;
    write(DIVIDE, DIVIDE_BY_1, 0);
    write(TIMER, 0x30, 0);
    write(INITIAL, 1000, 500);
    assert_int_equal(effect.flags, VLAPIC_TIMER_CHANGED);
    assert_int_equal(lapic.timer_deadline_ns, 1500);
    assert_int_equal(vlapic_read(&lapic, CURRENT, 900), 600);
    vlapic_timer_fire(&lapic, 1499);
    assert_true(vlapic_is_quiet(&lapic));
    vlapic_timer_fire(&lapic, 1500);
    assert_int_equal(vlapic_next(&lapic), 0x30);
    assert_int_equal(lapic.timer_deadline_ns, 0);
    assert_int_equal(vlapic_read(&lapic, CURRENT, 2000), 0);
    write(INITIAL, 0, 2000);
    assert_int_equal(effect.flags, VLAPIC_TIMER_CHANGED);
    assert_int_equal(lapic.timer_deadline_ns, 0);
}

static void timer_periodic(void **state)
{
    (void)state;
    write(DIVIDE, 3, 0); /* by 16 */
    write(TIMER, PERIODIC | 0x31, 0);
    write(INITIAL, 100, 0);
    assert_int_equal(lapic.timer_deadline_ns, 1600);
    vlapic_timer_fire(&lapic, 1600);
    assert_int_equal(lapic.timer_deadline_ns, 3200);
    vlapic_timer_fire(&lapic, 10000); /* late: the missed ones are one */
    assert_int_equal(lapic.timer_deadline_ns, 11200);
    assert_int_equal(vlapic_next(&lapic), 0x31);
    write(TIMER, PERIODIC | MASKED | 0x31, 0);
    vlapic_accept(&lapic, 0x31);
    vlapic_timer_fire(&lapic, 11200);
    assert_true(vlapic_is_quiet(&lapic));
}

static void timer_deadline(void **state)
{
    (void)state;
    effect = (struct vlapic_effect){0};
    vlapic_tsc_deadline_set(&lapic, 77, 5000, &effect);
    assert_int_equal(effect.flags, 0); /* not in this mode: ignored */
    write(TIMER, DEADLINE | 0x32, 0);
    write(INITIAL, 1000, 0);
    assert_int_equal(lapic.timer_deadline_ns, 0);
    vlapic_tsc_deadline_set(&lapic, 77, 5000, &effect);
    assert_int_equal(lapic.timer_deadline_ns, 5000);
    vlapic_timer_fire(&lapic, 6000);
    assert_int_equal(lapic.tsc_deadline, 0);
    assert_int_equal(vlapic_next(&lapic), 0x32);
    vlapic_tsc_deadline_set(&lapic, 99, 9000, &effect);
    write(TIMER, 0x32, 0); /* leaving the mode disarms */
    assert_int_equal(lapic.timer_deadline_ns, 0);
}

static void messages(void **state)
{
    struct vlapic_ipi ipi = {.destination = 4};

    (void)state;
    write(ICR_HIGH, 4u << 24, 0);
    write(ICR, 0x80, 0); /* fixed, to our own id */
    assert_int_equal(vlapic_next(&lapic), 0x80);
    write(ICR, 3u << 18 | 0x90, 0); /* all others */
    assert_int_equal(effect.flags, VLAPIC_IPI);
    assert_int_equal(effect.ipi.vector, 0x90);
    assert_int_equal(vlapic_next(&lapic), 0x80);
    write(ICR, 1u << 18 | 0xa0, 0); /* self */
    assert_int_equal(effect.flags, 0);
    assert_int_equal(vlapic_next(&lapic), 0xa0);
    write(ERROR, 0x33, 0);
    write(ICR, 0x05, 0); /* vector below 16 */
    write(ESR, 0, 0);
    assert_int_equal(vlapic_read(&lapic, ESR, 0), 0x20);
    write(LDR, 2u << 24, 0);
    assert_true(vlapic_matches(&lapic, &ipi));
    ipi = (struct vlapic_ipi){.logical = true, .destination = 3};
    assert_true(vlapic_matches(&lapic, &ipi));
    ipi.destination = 1;
    assert_false(vlapic_matches(&lapic, &ipi));
    ipi = (struct vlapic_ipi){.destination = 0xff};
    assert_true(vlapic_matches(&lapic, &ipi));
}

static void x2apic(void **state)
{
    u64 value;

    (void)state;
    assert_int_equal(vlapic_msr_read(&lapic, 0x802, 0, &value), ST_INVALID);
    assert_int_equal(write_msr(0x1b, 0xfee00400), ST_INVALID);
    assert_int_equal(write_msr(0x1b, 0xfec00c00), ST_INVALID);
    assert_int_equal(write_msr(0x1b, 0xfee00c00), ST_OK);
    assert_false(vlapic_is_mapped(&lapic));
    assert_int_equal(vlapic_msr_read(&lapic, 0x802, 0, &value), ST_OK);
    assert_int_equal(value, 4);
    assert_int_equal(vlapic_msr_read(&lapic, 0x80d, 0, &value), ST_OK);
    assert_int_equal(value, 1 << 4);
    assert_int_equal(write_msr(0x80d, 0), ST_INVALID);
    assert_int_equal(write_msr(0x80b, 1), ST_INVALID);
    assert_int_equal(write_msr(0x808, (u64)1 << 32), ST_INVALID);
    assert_int_equal(write_msr(0x83f, 0x77), ST_OK);
    assert_int_equal(vlapic_next(&lapic), 0x77);
    vlapic_accept(&lapic, 0x77);
    assert_int_equal(write_msr(0x80b, 0), ST_OK);
    assert_int_equal(write_msr(0x830, (u64)4 << 32 | 0x78), ST_OK);
    assert_int_equal(vlapic_next(&lapic), 0x78);
    assert_int_equal(write_msr(0x1b, 0xfee00800), ST_INVALID); /* only through disabled */
    assert_int_equal(write_msr(0x1b, 0xfee00000), ST_OK);
    assert_true(vlapic_is_quiet(&lapic));
    vlapic_raise(&lapic, 0x79);
    assert_true(vlapic_is_quiet(&lapic));
}

/* Any register, any value: no report from the sanitizers, and the summary stays true. */
static void any_write(void **state)
{
    u32 seed = 1;

    (void)state;
    for (u32 i = 0; i < 200000; i++) {
        int vector;
        u8 summary = 0;

        seed = seed * 1664525u + 1013904223u;
        write((seed >> 8) & 0xff0, seed * 2654435761u, i);
        vector = vlapic_next(&lapic);
        if (vector != VLAPIC_NONE)
            vlapic_accept(&lapic, (u8)vector);
        (void)vlapic_read(&lapic, (seed >> 12) & 0xfff, i);
        vlapic_timer_fire(&lapic, i);
        for (u32 n = 0; n < 8; n++)
            summary = (u8)(summary | (lapic.irr[n] != 0) << n);
        assert_int_equal(summary, lapic.summary);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(reset_state),
        cmocka_unit_test_setup(priorities, make),
        cmocka_unit_test_setup(task_priority, make),
        cmocka_unit_test_setup(timer_one_shot, make),
        cmocka_unit_test_setup(timer_periodic, make),
        cmocka_unit_test_setup(timer_deadline, make),
        cmocka_unit_test_setup(messages, make),
        cmocka_unit_test_setup(x2apic, make),
        cmocka_unit_test_setup(any_write, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
