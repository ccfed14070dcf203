/* Messages between the vCPUs of a partition: who gets them, INIT and start-up, as in [SDM 3
 * 8.4.3, 10.6]. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
// sources: hv/core/apic.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/vlapic.h"
#include "hv/entry/exit.h"

enum { ICR = 0x300, ICR_HIGH = 0x310, LDR = 0xd0, SVR = 0xf0, ESR = 0x280 };
enum { X2_ICR = 0x830, APIC_BASE = 0x1b };
#define ASSERTED 0x4000u
#define LOGICAL  0x800u
#define ALL      (2u << 18)
#define OTHERS   (3u << 18)
#define VCPUS    4u

static struct partition *p;

static int setup(void **state)
{
    struct vcpu *vcpu;

    (void)state;
    fake_machine_reset();
    (void)fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    p = fake_partition("guest", PARTITION_XEN, 1024);
    for (u32 i = 0; i < VCPUS; i++) {
        struct vlapic_effect effect = {0};

        if (!p->vcpu[i] && vcpu_make(p, i, &vcpu) != ST_OK)
            return 1;
        vlapic_write(p->vcpu[i]->lapic, SVR, 0x1ff, 0, &effect);
        vlapic_write(p->vcpu[i]->lapic, LDR, 1u << (24 + i), 0, &effect);
    }
    return 0;
}

static void send(u32 from, u32 destination, u32 low)
{
    struct vlapic_effect effect = {0};

    vlapic_write(p->vcpu[from]->lapic, ICR_HIGH, destination << 24, 0, &effect);
    vlapic_write(p->vcpu[from]->lapic, ICR, low | ASSERTED, 0, &effect);
    apic_apply(p->vcpu[from], &effect);
}

/* Bit n: vCPU n has that vector waiting; taken away. */
static u32 who_got(u8 vector)
{
    u32 who = 0;

    for (u32 i = 0; i < VCPUS; i++) {
        u32 *word = &p->vcpu[i]->lapic->irr[vector / 32];

        if (*word >> vector % 32 & 1)
            who |= 1u << i;
        memset(p->vcpu[i]->lapic->irr, 0, 32);
        p->vcpu[i]->lapic->summary = 0;
    }
    return who;
}

static void fixed(void **state)
{
    (void)state;
    send(0, 4, 0x41); /* ids are 2 * vCPU */
    assert_int_equal(who_got(0x41), 1 << 2);
    send(2, 4, 0x42);
    assert_int_equal(who_got(0x42), 1 << 2);
    send(1, 3, 0x43); /* nobody */
    assert_int_equal(who_got(0x43), 0);
    send(1, 0xff, 0x44);
    assert_int_equal(who_got(0x44), 0xf);
    send(1, 0, 0x45 | ALL);
    assert_int_equal(who_got(0x45), 0xf);
    send(1, 0, 0x46 | OTHERS);
    assert_int_equal(who_got(0x46), 0xd);
    send(3, 0x5, 0x47 | LOGICAL);
    assert_int_equal(who_got(0x47), 0x5);
    send(3, 0, 0x48 | 1u << 18); /* self */
    assert_int_equal(who_got(0x48), 1 << 3);
}

static void lowest_goes_to_one(void **state)
{
    u32 who;

    (void)state;
    send(0, 0xe, 0x50 | LOGICAL | 1u << 8);
    who = who_got(0x50);
    assert_int_equal(__builtin_popcount(who), 1);
    assert_true(who & 0xe);
}

static void nmi(void **state)
{
    (void)state;
    send(0, 0, 4u << 8 | OTHERS);
    assert_false(p->vcpu[0]->nmi_pending);
    for (u32 i = 1; i < VCPUS; i++)
        assert_true(p->vcpu[i]->nmi_pending);
}

static void x2apic(void **state)
{
    struct vlapic_effect effect = {0};
    u64 value;

    (void)state;
    for (u32 i = 0; i < VCPUS; i++) {
        assert_int_equal(vlapic_msr_read(p->vcpu[i]->lapic, APIC_BASE, 0, &value), ST_OK);
        assert_int_equal(vlapic_msr_write(p->vcpu[i]->lapic, APIC_BASE,
                                          value | VLAPIC_BASE_X2APIC, 0, &effect),
                         ST_OK);
    }
    effect = (struct vlapic_effect){0};
    assert_int_equal(
        vlapic_msr_write(p->vcpu[0]->lapic, X2_ICR, (u64)6 << 32 | 0x60, 0, &effect), ST_OK);
    apic_apply(p->vcpu[0], &effect);
    assert_int_equal(who_got(0x60), 1 << 3);
    effect = (struct vlapic_effect){0};
    assert_int_equal(
        vlapic_msr_write(p->vcpu[0]->lapic, X2_ICR, (u64)~0u << 32 | 0x61, 0, &effect), ST_OK);
    apic_apply(p->vcpu[0], &effect);
    assert_int_equal(who_got(0x61), 0xf);
    effect = (struct vlapic_effect){0};
    /* cluster 0, bits of ids 2 and 4 */
    assert_int_equal(vlapic_msr_write(p->vcpu[0]->lapic, X2_ICR,
                                      (u64)0x14 << 32 | LOGICAL | 0x62, 0, &effect),
                     ST_OK);
    apic_apply(p->vcpu[0], &effect);
    assert_int_equal(who_got(0x62), 0x6);
}

/* INIT, then start-up twice, as every kernel does it. */
static void start_up(void **state)
{
    struct vcpu *vcpu = p->vcpu[1];
    u8 page = 0;

    (void)state;
    assert_false(vcpu_is_up(vcpu));
    send(0, 2, 5u << 8);
    assert_false(vcpu_is_up(vcpu));
    send(0, 2, 6u << 8 | 0x9a);
    assert_true(vcpu_is_up(vcpu));
    send(0, 2, 6u << 8 | 0x55); /* too late to matter */
    assert_int_equal(vcpu_take_start(vcpu, &page), VCPU_START_REAL);
    assert_int_equal(page, 0x9a);
    assert_true(vcpu->is_initialised);
    assert_int_equal(vcpu_take_start(vcpu, &page), VCPU_START_NONE);
    send(0, 2, 6u << 8 | 0x55);
    assert_int_equal(vcpu->start_asked, 0);
}

static void init_stops(void **state)
{
    struct vcpu *vcpu = p->vcpu[1];
    u8 page = 0;

    (void)state;
    send(0, 2, 6u << 8 | 0x10); /* a fresh one waits already */
    assert_int_equal(vcpu_take_start(vcpu, &page), VCPU_START_REAL);
    send(0, 2, 5u << 8);
    assert_true(vcpu_is_up(vcpu)); /* it goes down by itself */
    assert_int_equal(vcpu_take_start(vcpu, &page), VCPU_START_WAIT);
    assert_false(vcpu_is_up(vcpu));
    send(0, 2, 6u << 8 | 0x20);
    assert_true(vcpu_is_up(vcpu));
    send(0, 2, 5u << 8);
    send(0, 2, 6u << 8 | 0x30); /* both before it looks: it starts again */
    assert_int_equal(vcpu_take_start(vcpu, &page), VCPU_START_REAL);
    assert_int_equal(page, 0x30);
}

/* A vCPU that its interface started takes no start-up IPI, and the de-assert is none. */
static void not_for_all(void **state)
{
    struct vcpu *vcpu = p->vcpu[1];
    struct vlapic_effect effect = {0};

    (void)state;
    vcpu->is_initialised = true;
    assert_int_equal(vcpu_up(vcpu), ST_OK);
    send(0, 2, 6u << 8 | 0x10);
    assert_int_equal(vcpu->start_asked, 0);
    vlapic_write(p->vcpu[0]->lapic, ICR, 5u << 8 | 0x8000, 0, &effect);
    assert_int_equal(effect.flags, 0);
    send(1, 2, 5u << 8); /* to itself: nothing */
    assert_int_equal(vcpu->start_asked, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(fixed, setup),
        cmocka_unit_test_setup(x2apic, setup),
        cmocka_unit_test_setup(nmi, setup),
        cmocka_unit_test_setup(start_up, setup),
        cmocka_unit_test_setup(init_stops, setup),
        cmocka_unit_test_setup(not_for_all, setup),
        cmocka_unit_test_setup(lowest_goes_to_one, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
