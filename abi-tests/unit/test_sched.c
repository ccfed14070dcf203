/* Scheduler and timers with a clock that only the test moves. */
// sources: abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/cpu/npt.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_machine.h"
#include "hv/core/sched.h"

#define MS ((u64)1000000)

static struct vcpu *root, *a, *b;

/* What the run loop does at its top. */
static struct vcpu *tick(u64 ns)
{
    fake_now_ns += ns;
    timer_run(fake_now_ns);
    return sched_next(fake_now_ns);
}

static int setup(void **state)
{
    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 16)->vcpu[0];
    a = fake_partition("a", PARTITION_XEN, 16)->vcpu[0];
    b = fake_partition("b", PARTITION_XEN, 16)->vcpu[0];
    /* Everybody has run once, the root sleeps. */
    for (u32 i = 0; i < 3; i++)
        tick(FAIR_SLICE_NS);
    vcpu_park(root, TIME_NEVER);
    return 0;
}

/* Equal shares by turns, each slice whole. */
static void test_turns(void **state)
{
    u64 ran[2] = {0};

    (void)state;
    for (u32 i = 0; i < 200; i++) {
        struct vcpu *now = tick(0);
        u64 left = sched_deadline() - fake_now_ns;

        assert_true(now == a || now == b);
        assert_false(sched_must_switch(sched_here()));
        assert_in_range(left, 1, FAIR_SLICE_NS + 1);
        fake_now_ns += left;
        ran[now == b] += left;
    }
    assert_in_range(ran[0], ran[1] - 2 * FAIR_SLICE_NS, ran[1] + 2 * FAIR_SLICE_NS);
}

static void test_alone_there_is_no_tick(void **state)
{
    (void)state;
    vcpu_park(b, TIME_NEVER);
    assert_ptr_equal(tick(0), a);
    assert_int_equal(sched_deadline(), TIME_NEVER);
    assert_ptr_equal(tick(50 * MS), a);
    /* Somebody comes: from now on there is a slice again. */
    (void)sched_deadline_moved(sched_here());
    vcpu_wake(b);
    assert_true(sched_deadline_moved(sched_here()));
    assert_int_not_equal(sched_deadline(), TIME_NEVER);
}

static void test_idle(void **state)
{
    (void)state;
    vcpu_park(a, TIME_NEVER);
    vcpu_park(b, TIME_NEVER);
    assert_null(tick(0));
    assert_int_equal(sched_deadline(), TIME_NEVER);
    vcpu_wake(b);
    assert_ptr_equal(tick(0), b);
}

/* The root serves: it gets the CPU as soon as the running one had its least run, and leaves the
 * others theirs. */
static void test_waker_goes_first_and_cannot_starve(void **state)
{
    u64 ran[3] = {0};

    (void)state;
    for (u32 i = 0; i < 100; i++)
        tick(FAIR_SLICE_NS);
    for (u32 i = 0; i < 300; i++) {
        struct vcpu *running = tick(0);

        if (running == root)
            vcpu_park(root, TIME_NEVER);
        running = tick(0);
        assert_ptr_not_equal(running, root);
        ran[running == b] += MS;
        tick(MS);
        vcpu_wake(root);
        assert_in_range(sched_deadline(), 0, fake_now_ns + FAIR_RUN_MIN_NS);
        assert_ptr_equal(tick(FAIR_RUN_MIN_NS), root);
        fake_now_ns += MS / 10;
    }
    assert_true(ran[0] > 100 * MS && ran[1] > 100 * MS);
}

static void test_yield(void **state)
{
    struct vcpu *first = tick(0);

    (void)state;
    sched_give_way();
    assert_true(sched_must_switch(sched_here()));
    assert_ptr_not_equal(tick(0), first);
}

static void test_yield_alone(void **state)
{
    (void)state;
    vcpu_park(b, TIME_NEVER);
    while (tick(0) != a)
        ;
    sched_give_way();
    assert_false(sched_must_switch(sched_here()));
}

static void test_park_deadline(void **state)
{
    (void)state;
    vcpu_park(b, TIME_NEVER);
    while (tick(0) != a)
        ;
    vcpu_park(a, fake_now_ns + 5 * MS);
    assert_true(sched_must_switch(sched_here()));
    assert_null(tick(0));
    assert_int_equal(sched_deadline(), fake_now_ns + 5 * MS);
    assert_null(tick(5 * MS - 1));
    assert_ptr_equal(tick(1), a);
    assert_true(a->has_deadline_passed);
    /* Woken early: the deadline is off. */
    vcpu_park(a, fake_now_ns + 5 * MS);
    vcpu_wake(a);
    assert_false(a->has_deadline_passed);
    assert_int_equal(timer_next(), TIME_NEVER);
    assert_ptr_equal(tick(0), a);
}

static void test_park_in_the_past(void **state)
{
    (void)state;
    vcpu_park(b, TIME_NEVER);
    while (tick(0) != a)
        ;
    vcpu_park(a, fake_now_ns - 1);
    assert_ptr_equal(tick(0), a);
}

static void test_pause_stops_the_running_one(void **state)
{
    struct vcpu *running = tick(0);

    (void)state;
    assert_int_equal(partition_pause(running->partition), ST_OK);
    assert_true(sched_must_switch(sched_here()));
    assert_ptr_not_equal(tick(0), running);
    vcpu_wake(running); /* no way in while paused */
    for (u32 i = 0; i < 4; i++)
        assert_ptr_not_equal(tick(FAIR_SLICE_NS), running);
    assert_int_equal(partition_resume(running->partition), ST_OK);
    assert_ptr_equal(tick(0), running);
}

static void test_down_and_up(void **state)
{
    struct vcpu *running = tick(0);

    (void)state;
    assert_int_equal(vcpu_down(running), ST_OK);
    assert_ptr_not_equal(tick(0), running);
    vcpu_wake(running);
    assert_ptr_not_equal(tick(FAIR_SLICE_NS), running);
    assert_int_equal(vcpu_start_pvh(running, 0, 1), ST_OK);
    assert_int_equal(vcpu_start_pvh(running, 0, 1), ST_BUSY);
    assert_ptr_equal(tick(0), running);
}

static void test_destroy_the_queued_and_the_timed(void **state)
{
    struct vcpu *running = tick(0);
    struct vcpu *other = running == a ? b : a;

    (void)state;
    timer_arm(&other->timer[VCPU_TIMER_SINGLE], fake_now_ns + MS);
    assert_int_equal(partition_destroy(other->partition), ST_OK);
    assert_int_equal(timer_next(), TIME_NEVER);
    assert_ptr_equal(tick(2 * FAIR_SLICE_NS), running);
}

static void test_single_shot_raises_its_port(void **state)
{
    u32 port, taken;

    (void)state;
    assert_int_equal(port_bind_event(a->partition, EVENT_TIMER, 0, &port), ST_OK);
    timer_arm(&a->timer[VCPU_TIMER_SINGLE], fake_now_ns + 3 * MS);
    timer_arm(&a->timer[VCPU_TIMER_SINGLE], fake_now_ns + 2 * MS); /* moved */
    assert_int_equal(timer_next(), fake_now_ns + 2 * MS);
    tick(2 * MS - 1);
    assert_false(port_take_raised(a, &taken));
    tick(1);
    assert_true(port_take_raised(a, &taken));
    assert_int_equal(taken, port);
    tick(10 * MS);
    assert_false(port_take_raised(a, &taken));
}

static void test_periodic(void **state)
{
    struct timer *timer = &a->timer[VCPU_TIMER_PERIODIC];
    u32 port, taken;

    (void)state;
    assert_int_equal(port_bind_event(a->partition, EVENT_TIMER, 0, &port), ST_OK);
    timer_arm_periodic(timer, MS, fake_now_ns);
    for (u32 i = 0; i < 5; i++) {
        tick(MS);
        assert_true(port_take_raised(a, &taken));
    }
    /* Times that were slept over count once, and the beat stays. */
    tick(10 * MS + MS / 2);
    assert_true(port_take_raised(a, &taken));
    assert_false(port_take_raised(a, &taken));
    assert_int_equal(timer->deadline_ns, fake_now_ns + MS / 2);
    timer_cancel(timer);
    timer_cancel(timer);
    tick(10 * MS);
    assert_false(port_take_raised(a, &taken));
    /* No guest makes the hypervisor busy with a period of 1 ns. */
    timer_arm_periodic(timer, 1, fake_now_ns);
    assert_in_range(timer->deadline_ns, fake_now_ns + 1000, TIME_NEVER);
    timer_arm_periodic(timer, ~(u64)0, fake_now_ns);
    assert_true(timer_is_armed(timer));
}

/* A watchdog that nobody pushes away ends its partition, and no other. */
static void test_watchdog(void **state)
{
    struct timer *timer = &a->timer[VCPU_TIMER_WATCHDOG1];

    (void)state;
    timer_arm(timer, fake_now_ns + 2 * MS);
    tick(MS);
    timer_arm(timer, fake_now_ns + 2 * MS);
    tick(2 * MS - 1);
    assert_int_equal(a->partition->state, PARTITION_RUNNING);
    assert_ptr_equal(tick(1), b);
    assert_int_equal(a->partition->state, PARTITION_ENDED);
    assert_int_equal(a->partition->end_reason, END_WATCHDOG);
    assert_int_equal(b->partition->state, PARTITION_RUNNING);
}

static void test_order_of_deadlines(void **state)
{
    static const u32 order[] = {3, 0, 2, 1};

    (void)state;
    for (u32 i = 0; i < 4; i++)
        timer_arm(&a->timer[VCPU_TIMER_FLAG0 + i], fake_now_ns + (order[i] + 1) * MS);
    for (u32 i = 0; i < 4; i++) {
        tick(MS);
        for (u32 k = 0; k < 4; k++)
            if (order[k] == i)
                assert_int_equal(vcpu_take_fired(a), BIT(VCPU_TIMER_FLAG0 + k));
    }
    assert_int_equal(timer_next(), TIME_NEVER);
}

static void test_runtime_adds_up(void **state)
{
    u64 begin[RUN_CLASSES], end[RUN_CLASSES], sum = 0;
    u64 from = fake_now_ns;

    (void)state;
    vcpu_runtime(a, fake_now_ns, begin);
    for (u32 i = 0; i < 20; i++)
        tick(3 * MS);
    vcpu_park(b, TIME_NEVER);
    vcpu_park(a, fake_now_ns + 7 * MS);
    for (u32 i = 0; i < 20; i++)
        tick(MS);
    vcpu_runtime(a, fake_now_ns, end);
    for (u32 i = 0; i < RUN_CLASSES; i++)
        sum += end[i] - begin[i];
    assert_int_equal(sum, fake_now_ns - from);
    assert_in_range(end[RUN_BLOCKED] - begin[RUN_BLOCKED], 6 * MS, 8 * MS);
    assert_int_not_equal(end[RUN_WAITING], begin[RUN_WAITING]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_turns, setup),
        cmocka_unit_test_setup(test_alone_there_is_no_tick, setup),
        cmocka_unit_test_setup(test_idle, setup),
        cmocka_unit_test_setup(test_waker_goes_first_and_cannot_starve, setup),
        cmocka_unit_test_setup(test_yield, setup),
        cmocka_unit_test_setup(test_yield_alone, setup),
        cmocka_unit_test_setup(test_park_deadline, setup),
        cmocka_unit_test_setup(test_park_in_the_past, setup),
        cmocka_unit_test_setup(test_pause_stops_the_running_one, setup),
        cmocka_unit_test_setup(test_down_and_up, setup),
        cmocka_unit_test_setup(test_destroy_the_queued_and_the_timed, setup),
        cmocka_unit_test_setup(test_single_shot_raises_its_port, setup),
        cmocka_unit_test_setup(test_periodic, setup),
        cmocka_unit_test_setup(test_watchdog, setup),
        cmocka_unit_test_setup(test_order_of_deadlines, setup),
        cmocka_unit_test_setup(test_runtime_adds_up, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
