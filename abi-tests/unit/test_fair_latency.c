/* How long a task that wakes waits for a CPU, and that waking is no way to more of it. */
// sources: hv/core/fair.c hv/core/fair_queue.c
#include "abi-tests/unit/fair_simulator.h"

/* One that sleeps most of the time among four that never do. */
static void test_latency(void **state)
{
    struct task *idle;

    (void)state;
    begin(1);
    for (u32 i = 0; i < 4; i++)
        task_add(group_add(i, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(SECOND);
    idle = task_add(group_add(4, 256, 0, FAIR_NORMAL), 100 * US, 7 * MS);
    simulate(SECOND);
    idle->latency_ns = 0;
    simulate(10 * SECOND);
    assert_in_range(idle->latency_ns, 0, 2 * MS - 1);
    assert_share(idle, 11 * SECOND, 0.1 / 7.2, 0.1);
}

/* The root serves: it waits for the least run of another, with others that sleep as often. */
static void test_latency_class(void **state)
{
    struct task *root;

    (void)state;
    begin(2);
    for (u32 i = 0; i < 6; i++)
        task_add(group_add(i, 256, 0, FAIR_NORMAL), i < 4 ? 0 : 300 * US, i < 4 ? 0 : 2 * MS);
    root = task_add(group_add(6, 512, 0, FAIR_LATENCY), 50 * US, MS);
    simulate(SECOND);
    root->latency_ns = 0;
    simulate(10 * SECOND);
    assert_in_range(root->latency_ns, 0, MS);
}

/* A member of the latency class that never sleeps gets its share and no more. */
static void test_latency_class_cannot_starve(void **state)
{
    (void)state;
    begin(1);
    task_add(group_add(0, 256, 0, FAIR_LATENCY), 0, 0);
    task_add(group_add(1, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_share(&tasks[0], 10 * SECOND, 0.5, 0.03);
    assert_share(&tasks[1], 10 * SECOND, 0.5, 0.03);
}

/* Waking all the time is no way to more than one's share. */
static void test_sleepers_cannot_starve(void **state)
{
    (void)state;
    begin(1);
    for (u32 i = 0; i < 8; i++)
        task_add(group_add(i, 256, 0, FAIR_NORMAL), 400 * US, 10 * US);
    task_add(group_add(8, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_true(tasks[8].ran_ns >= 10 * SECOND / 9 * 9 / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_latency_class),
        cmocka_unit_test(test_latency_class_cannot_starve),
        cmocka_unit_test(test_sleepers_cannot_starve),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
