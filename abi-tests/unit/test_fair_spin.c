/* Tasks that spin until others have run: those come soon, and spinning is no way to a share. */
// sources: hv/core/fair.c hv/core/fair_queue.c
#include "abi-tests/unit/fair_simulator.h"

/* A moment of a machine on which the tasks in `spinning` (a bit each) only wait for others. */
static void spin(u64 spinning)
{
    simulate(10 * US);
    for (u32 cpu = 0; cpu < cpu_count; cpu++)
        if (on_cpu[cpu] && spinning & BIT(task_of(on_cpu[cpu]) - tasks) &&
            fair_yield(&fair, cpu))
            reschedule(cpu);
    kicks_serve();
}

static void members_add(u32 index, u32 count)
{
    group_add(index, 256, 0, FAIR_NORMAL);
    for (u32 i = 0; i < count; i++)
        task_add(&groups[index], 0, 0);
}

/*
 * Of a guest of `count` on `cpus` the first one waits for an answer of each of the others, who
 * are busy, every pause_ns. How long one such turn takes.
 */
static u64 broadcast_ns(u32 cpus, u32 count, u64 pause_ns)
{
    u64 sum = 0, ran[TASKS_MAX];

    begin(cpus);
    members_add(0, count);
    simulate(500 * MS);
    for (u32 turn = 0; turn < 200; turn++) {
        u64 began = now;

        simulate(pause_ns);
        while (tasks[0].entity.state != FAIR_RUNNING)
            simulate(10 * US);
        if (pause_ns)
            began = now;
        for (u32 i = 1; i < count; i++)
            ran[i] = tasks[i].ran_ns;
        for (u32 i = 1; i < count; i++)
            while (tasks[i].ran_ns == ran[i])
                spin(1);
        sum += now - began;
    }
    return sum / 200;
}

/* Not much more than one short turn for each of those who have to answer. */
static void test_broadcast(void **state)
{
    (void)state;
    for (u64 pause_ns = 0; pause_ns < 200 * MS; pause_ns += 173 * MS) {
        assert_true(broadcast_ns(1, 8, pause_ns) < 9 * FAIR_REQUEST_MIN_NS);
        assert_true(broadcast_ns(1, 32, pause_ns) < 36 * FAIR_REQUEST_MIN_NS);
        assert_true(broadcast_ns(2, 4, pause_ns) < 2 * FAIR_REQUEST_MIN_NS);
        assert_true(broadcast_ns(2, 8, pause_ns) < 5 * FAIR_REQUEST_MIN_NS);
    }
}

/* A CPU whose current's request became shorter learns of it, once. */
static void test_spinner_tells_other_cpus(void **state)
{
    (void)state;
    begin(2);
    members_add(0, 4);
    simulate(500 * MS);
    assert_int_equal(fair.kicks, 0);
    assert_true(fair_yield(&fair, 0));
    assert_true(fair_take_kicks(&fair) & BIT(1));
    assert_true(fair_yield(&fair, 0));
    assert_int_equal(fair.kicks, 0);
}

/* All but one of eight spin until that one has run, as Linux does in stop_machine(). */
static void test_spinners_starve_nobody(void **state)
{
    u64 longest = 0;

    (void)state;
    begin(1);
    members_add(0, 8);
    simulate(500 * MS);
    for (u32 turn = 0; turn < 400; turn++) {
        u64 ran = tasks[turn % 8].ran_ns, since = now;

        while (tasks[turn % 8].ran_ns == ran)
            spin(0xffu & ~BIT(turn % 8));
        longest = MAX(longest, now - since);
    }
    assert_true(longest < 8 * FAIR_REQUEST_MIN_NS);
}

/* A guest that always spins has no more of the CPU than one that never does, and who mostly
 * sleeps does not wait for it. */
static void test_spinning_is_no_share(void **state)
{
    u64 ran[2] = {0};

    (void)state;
    begin(1);
    members_add(0, 4);
    members_add(1, 4);
    task_add(group_add(2, 256, 0, FAIR_NORMAL), 50 * US, 7 * MS);
    for (u64 end = now + 4 * SECOND; now < end;)
        spin(0xf);
    for (u32 i = 0; i < 8; i++)
        ran[i / 4] += tasks[i].ran_ns;
    assert_in_range(ran[0], ran[1] * 97 / 100, ran[1] * 103 / 100);
    assert_true(tasks[8].latency_ns < 200 * US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_spinner_tells_other_cpus),
        cmocka_unit_test(test_spinners_starve_nobody),
        cmocka_unit_test(test_spinning_is_no_share),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
