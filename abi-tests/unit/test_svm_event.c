/* Events into an SVM guest, by the bits of its VMCB. [APM2 15.20] */
// sources: hv/cpu/svm_event.c
#include "hv/cpu/lapic.h"
#include "hv/cpu/svm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define VALID      0x80000000u
#define WITH_ERROR 0x800u
#define TYPE(kind) ((u32)(kind) << 8)

struct svm_features svm_features;

static struct vmcb vmcb;
static struct svm_guest svm;

static u64 hastened_ns;

void lapic_timer_hasten(u64 ns)
{
    hastened_ns = ns;
}

static int make(void **state)
{
    (void)state;
    memset(&vmcb, 0, sizeof(vmcb));
    memset(&svm_features, 0, sizeof(svm_features));
    svm = (struct svm_guest){.vmcb = &vmcb, .common.regs.rflags = RFLAGS_IF};
    return 0;
}

static void inject(enum event_kind kind, u8 vector)
{
    vmcb.inject = 0;
    guest_inject(&svm.common, (struct event){.kind = kind, .vector = vector});
}

static void kinds(void **state)
{
    (void)state;
    inject(EVENT_INTERRUPT, 0xf3);
    assert_int_equal(vmcb.inject, VALID | TYPE(0) | 0xf3);
    inject(EVENT_NMI, VECTOR_NMI);
    assert_int_equal(vmcb.inject, VALID | TYPE(2) | 2);
    vmcb.inject = 0;
    guest_inject(&svm.common, (struct event){EVENT_EXCEPTION, VECTOR_PF, true, 6});
    assert_int_equal(vmcb.inject, VALID | TYPE(3) | WITH_ERROR | VECTOR_PF);
    assert_int_equal(vmcb.inject_error, 6);
}

static void enter_and_exit(bool is_taken, u32 exit_event)
{
    svm_event_enter(&svm);
    if (is_taken)
        vmcb.vintr &= (u32)~VINTR_IRQ;
    vmcb.inject = 0; /* as after each exit */
    vmcb.exit_event = exit_event;
    svm_event_exit(&svm);
}

/* A processor that delivers an injection once. */
static void plain_injection(void **state)
{
    (void)state;
    inject(EVENT_INTERRUPT, 0xf3);
    svm_event_enter(&svm);
    assert_int_equal(vmcb.inject, VALID | TYPE(0) | 0xf3);
    assert_int_equal(vmcb.vintr, 0);
    enter_and_exit(true, 0);
    assert_int_equal(vmcb.inject, 0);
    enter_and_exit(true, VALID | TYPE(0) | 0xf3);
    assert_int_equal(vmcb.inject, VALID | TYPE(0) | 0xf3);
}

/* QEMU's TCG: an interrupt goes in as a virtual one, everything else as it is. */
static void virtual_injection(void **state)
{
    (void)state;
    svm_features.interrupt_repeats = true;
    inject(EVENT_INTERRUPT, 0xf3);
    svm_event_enter(&svm);
    assert_int_equal(vmcb.inject, 0);
    assert_int_equal(vmcb.vintr & VINTR_WINDOW, VINTR_WINDOW);
    assert_int_equal(vmcb.vintr_vector, 0xf3);
    assert_false(vmcb.intercept1 & INTERCEPT1_VINTR);
    vmcb.vintr &= (u32)~VINTR_IRQ;
    svm_event_exit(&svm);
    assert_int_equal(vmcb.inject, 0);
    assert_int_equal(vmcb.vintr, 0);

    inject(EVENT_NMI, VECTOR_NMI);
    svm_event_enter(&svm);
    assert_int_equal(vmcb.inject, VALID | TYPE(2) | 2);
    assert_int_equal(vmcb.vintr, 0);
}

/* An exit before it is taken, whatever the processor says about it; then it is taken. */
static void virtual_injection_waits(void **state)
{
    (void)state;
    svm_features.interrupt_repeats = true;
    inject(EVENT_INTERRUPT, 0xf3);
    enter_and_exit(false, 0);
    assert_int_equal(vmcb.inject, VALID | TYPE(0) | 0xf3);
    assert_int_equal(vmcb.vintr, 0);
    assert_false(guest_can_take_interrupt(&svm.common));
    assert_false(guest_can_take_nmi(&svm.common));
    enter_and_exit(false, VALID | TYPE(3) | 0xf3);
    assert_int_equal(vmcb.inject, VALID | TYPE(0) | 0xf3);
    enter_and_exit(true, 0);
    assert_int_equal(vmcb.inject, 0);
    assert_true(guest_can_take_interrupt(&svm.common));
}

/* A window asked for beside an interrupt that waits: the interrupt is virtual all the same, and
 * the exit at which the window is asked for anew comes soon. */
static void window_makes_room(void **state)
{
    (void)state;
    svm_features.interrupt_repeats = true;
    inject(EVENT_INTERRUPT, 0xf3);
    guest_ask_window(&svm.common, 0);
    hastened_ns = 0;
    svm_event_enter(&svm);
    assert_int_equal(vmcb.inject, 0);
    assert_int_equal(vmcb.vintr_vector, 0xf3);
    assert_false(vmcb.intercept1 & INTERCEPT1_VINTR);
    assert_in_range(hastened_ns, 1, 1000000);
    vmcb.vintr &= (u32)~VINTR_IRQ;
    svm_event_exit(&svm);
    assert_int_equal(vmcb.inject, 0);
    guest_ask_window(&svm.common, 0);
    assert_true(vmcb.intercept1 & INTERCEPT1_VINTR);
}

/* Software interrupts and breakpoints are executed again instead. */
static void not_given_again(void **state)
{
    (void)state;
    enter_and_exit(true, VALID | TYPE(4) | 0x80);
    assert_int_equal(vmcb.inject, 0);
    enter_and_exit(true, VALID | TYPE(3) | VECTOR_BP);
    assert_int_equal(vmcb.inject, 0);
    enter_and_exit(true, TYPE(3) | VECTOR_PF);
    assert_int_equal(vmcb.inject, 0);
    enter_and_exit(true, VALID | TYPE(3) | WITH_ERROR | VECTOR_PF);
    assert_int_equal(vmcb.inject, VALID | TYPE(3) | WITH_ERROR | VECTOR_PF);
}

/* A second exception during the delivery of a first. [APM2 8.2.9] */
static void exceptions_merge(void **state)
{
    (void)state;
    inject(EVENT_EXCEPTION, VECTOR_PF);
    guest_inject(&svm.common, (struct event){EVENT_EXCEPTION, VECTOR_GP, true, 0});
    assert_int_equal(vmcb.inject, VALID | TYPE(3) | WITH_ERROR | VECTOR_DF);
    guest_inject(&svm.common, (struct event){EVENT_EXCEPTION, VECTOR_PF, true, 0});
    assert_true(svm.is_shut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(kinds, make),
        cmocka_unit_test_setup(plain_injection, make),
        cmocka_unit_test_setup(virtual_injection, make),
        cmocka_unit_test_setup(virtual_injection_waits, make),
        cmocka_unit_test_setup(window_makes_room, make),
        cmocka_unit_test_setup(not_given_again, make),
        cmocka_unit_test_setup(exceptions_merge, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
