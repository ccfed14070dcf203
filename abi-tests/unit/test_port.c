/* Ports: kinds, queues, connections, and what is left of them when a side ends. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"

static struct partition *root, *a, *b;

static int setup(void **state)
{
    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 16);
    a = fake_partition("a", PARTITION_XEN, 16);
    b = fake_partition("b", PARTITION_XEN, 16);
    return 0;
}

static void expect_raised(struct partition *p, u32 number)
{
    u32 taken;

    assert_true(port_take_raised(p->vcpu[0], &taken));
    assert_int_equal(taken, number);
}

static void expect_quiet(struct partition *p)
{
    u32 taken;

    assert_false(port_take_raised(p->vcpu[0], &taken));
    assert_int_equal(p->vcpu[0]->raised_first, 0);
    assert_int_equal(p->vcpu[0]->raised_last, 0);
}

static void connect(u32 *near, u32 *far)
{
    assert_int_equal(port_alloc_unbound(a, b->id, near), ST_OK);
    assert_int_equal(port_bind_interdomain(b, a->id, *near, far), ST_OK);
    expect_raised(b, *far); /* nothing that was signalled before is lost */
}

static void test_lowest_number(void **state)
{
    u32 number;

    (void)state;
    for (u32 i = 1; i <= 300; i++) {
        assert_int_equal(port_alloc_unbound(a, b->id, &number), ST_OK);
        assert_int_equal(number, i);
    }
    assert_int_equal(port_close(a, 7), ST_OK);
    assert_int_equal(port_alloc_unbound(a, b->id, &number), ST_OK);
    assert_int_equal(number, 7);
}

static void test_table_full(void **state)
{
    u32 number;

    (void)state;
    for (u32 i = 1; i < PORT_MAX; i++)
        assert_int_equal(port_alloc_unbound(a, PARTITION_ANY, &number), ST_OK);
    assert_int_equal(port_alloc_unbound(a, b->id, &number), ST_NO_SPACE);
    assert_int_equal(port_bind_ipi(a, 0, &number), ST_NO_SPACE);
}

static void test_bad_numbers(void **state)
{
    const u32 bad[] = {0, 1, 200, PORT_MAX - 1, PORT_MAX, 0x80000000u, 0xffffffffu};
    struct port_status status;
    u32 number;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
        assert_int_equal(port_close(a, bad[i]), ST_INVALID);
        assert_int_equal(port_send(a, bad[i]), ST_INVALID);
        assert_int_equal(port_raise(a, bad[i]), ST_INVALID);
        assert_int_equal(port_bind_vcpu(a, bad[i], 0), ST_INVALID);
        assert_int_equal(port_data_set(a, bad[i], 1), ST_INVALID);
        assert_int_equal(port_bind_interdomain(a, b->id, bad[i], &number), ST_INVALID);
    }
    assert_int_equal(port_status(a, PORT_MAX, &status), ST_INVALID);
    assert_int_equal(port_status(a, 9, &status), ST_OK);
    assert_int_equal(status.kind, PORT_FREE);
    assert_int_equal(port_alloc_unbound(a, 99, &number), ST_OK);
    assert_int_equal(port_close(a, number), ST_OK);
    assert_int_equal(port_bind_interdomain(a, 99, 1, &number), ST_NO_PARTITION);
    assert_int_equal(port_bind_ipi(a, 1, &number), ST_NO_ENTRY);
    assert_int_equal(port_bind_event(a, EVENT_TIMER, 77, &number), ST_NO_ENTRY);
    assert_int_equal(port_bind_event(a, EVENT_SOURCES, 0, &number), ST_INVALID);
}

static void test_interdomain(void **state)
{
    struct port_status status;
    u32 near, far, other;

    (void)state;
    connect(&near, &far);
    assert_int_equal(port_send(a, near), ST_OK);
    assert_int_equal(port_send(a, near), ST_OK); /* once until it is taken */
    expect_raised(b, far);
    expect_quiet(b);
    assert_int_equal(port_send(b, far), ST_OK);
    expect_raised(a, near);
    assert_int_equal(port_status(a, near, &status), ST_OK);
    assert_int_equal(status.kind, PORT_INTERDOMAIN);
    assert_int_equal(status.remote_id, b->id);
    assert_int_equal(status.remote_port, far);
    /* Taken already, and meant for somebody else. */
    assert_int_equal(port_bind_interdomain(b, a->id, near, &other), ST_INVALID);
    assert_int_equal(port_alloc_unbound(a, root->id, &other), ST_OK);
    assert_int_equal(port_bind_interdomain(b, a->id, other, &far), ST_INVALID);
}

static void test_close_leaves_the_other_unbound(void **state)
{
    struct port_status status;
    u32 near, far;

    (void)state;
    connect(&near, &far);
    assert_int_equal(port_send(b, far), ST_OK);
    assert_int_equal(port_close(a, near), ST_OK);
    expect_quiet(a);
    assert_int_equal(port_status(b, far, &status), ST_OK);
    assert_int_equal(status.kind, PORT_UNBOUND);
    assert_int_equal(port_send(b, far), ST_OK);
    expect_quiet(a);
    assert_int_equal(port_bind_interdomain(a, b->id, far, &near), ST_OK);
}

static void test_destroy_leaves_the_other_unbound(void **state)
{
    struct port_status status;
    u32 near, far;

    (void)state;
    connect(&near, &far);
    assert_int_equal(partition_destroy(a), ST_OK);
    assert_int_equal(port_status(b, far, &status), ST_OK);
    assert_int_equal(status.kind, PORT_UNBOUND);
    assert_int_equal(port_send(b, far), ST_OK);
}

/* A guest that has ended and is still there takes no events, and its peer does not care. */
static void test_send_to_one_that_has_ended(void **state)
{
    u32 near, far;

    (void)state;
    connect(&near, &far);
    vcpu_park(a->vcpu[0], TIME_NEVER);
    partition_shutdown(a, END_CRASH);
    for (u32 i = 0; i < 3; i++)
        assert_int_equal(port_send(b, far), ST_OK);
    expect_raised(a, near);
    expect_quiet(a);
    assert_true(a->vcpu[0]->is_paused);
    assert_int_equal(port_send(b, far), ST_OK);
    assert_int_equal(partition_destroy(a), ST_OK); /* with an event that waits */
    assert_int_equal(port_send(b, far), ST_OK);
}

static void test_queue_order_and_removal(void **state)
{
    u32 ipi[4];

    (void)state;
    for (u32 i = 0; i < 4; i++) {
        assert_int_equal(port_bind_ipi(a, 0, &ipi[i]), ST_OK);
        assert_int_equal(port_send(a, ipi[i]), ST_OK);
    }
    assert_int_equal(port_close(a, ipi[1]), ST_OK); /* from the middle */
    assert_int_equal(port_close(a, ipi[3]), ST_OK); /* the last */
    assert_int_equal(port_send(a, ipi[2]), ST_OK);  /* queued already */
    expect_raised(a, ipi[0]);
    expect_raised(a, ipi[2]);
    expect_quiet(a);
    assert_int_equal(port_send(a, ipi[2]), ST_OK);
    assert_int_equal(port_close(a, ipi[2]), ST_OK); /* the only one */
    expect_quiet(a);
}

static void test_events(void **state)
{
    u32 timer, again, other;

    (void)state;
    port_raise_event_vcpu(a->vcpu[0], EVENT_TIMER); /* not bound: lost */
    assert_int_equal(port_bind_event(a, EVENT_TIMER, 0, &timer), ST_OK);
    expect_quiet(a);
    assert_int_equal(port_bind_event(a, EVENT_TIMER, 0, &again), ST_EXISTS);
    port_raise_event_vcpu(a->vcpu[0], EVENT_TIMER);
    expect_raised(a, timer);
    assert_int_equal(port_send(a, timer), ST_INVALID); /* only the hypervisor signals it */
    assert_int_equal(port_bind_vcpu(a, timer, 0), ST_INVALID); /* it belongs to its vCPU */
    assert_int_equal(port_close(a, timer), ST_OK);
    assert_int_equal(port_bind_event(a, EVENT_TIMER, 0, &timer), ST_OK);
    /* Sources nobody raises may be bound as often as one likes. */
    assert_int_equal(port_bind_event(a, EVENT_GLOBAL_OTHER, 0, &other), ST_OK);
    assert_int_equal(port_bind_event(a, EVENT_GLOBAL_OTHER, 0, &other), ST_OK);
    assert_int_equal(port_bind_event(root, EVENT_CONSOLE_INPUT, 0, &other), ST_OK);
    port_raise_event(root, EVENT_CONSOLE_INPUT);
    expect_raised(root, other);
}

static void test_move_to_another_vcpu(void **state)
{
    struct vcpu *second;
    u32 near, taken;

    (void)state;
    assert_int_equal(vcpu_make(a, 1, &second), ST_OK);
    assert_int_equal(port_alloc_unbound(a, b->id, &near), ST_OK);
    assert_int_equal(port_raise(a, near), ST_OK);
    assert_int_equal(port_bind_vcpu(a, near, 1), ST_OK);
    expect_quiet(a);
    assert_true(port_take_raised(second, &taken));
    assert_int_equal(taken, near);
    assert_int_equal(port_bind_vcpu(a, near, 2), ST_NO_ENTRY);
}

static void test_raise_wakes(void **state)
{
    u32 ipi;

    (void)state;
    assert_int_equal(port_bind_ipi(a, 0, &ipi), ST_OK);
    vcpu_park(a->vcpu[0], TIME_NEVER);
    assert_int_equal(a->vcpu[0]->state, VCPU_PARKED);
    assert_int_equal(port_raise(a, ipi), ST_OK);
    assert_int_equal(a->vcpu[0]->state, VCPU_RUNNABLE);
    vcpu_park(a->vcpu[0], TIME_NEVER); /* something waits for it: no sleep */
    assert_int_equal(a->vcpu[0]->state, VCPU_RUNNABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lowest_number, setup),
        cmocka_unit_test_setup(test_table_full, setup),
        cmocka_unit_test_setup(test_bad_numbers, setup),
        cmocka_unit_test_setup(test_interdomain, setup),
        cmocka_unit_test_setup(test_close_leaves_the_other_unbound, setup),
        cmocka_unit_test_setup(test_destroy_leaves_the_other_unbound, setup),
        cmocka_unit_test_setup(test_send_to_one_that_has_ended, setup),
        cmocka_unit_test_setup(test_queue_order_and_removal, setup),
        cmocka_unit_test_setup(test_events, setup),
        cmocka_unit_test_setup(test_move_to_another_vcpu, setup),
        cmocka_unit_test_setup(test_raise_wakes, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
