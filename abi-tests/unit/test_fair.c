/* Shares of the CPUs by weights and caps. */
// sources: hv/core/fair.c hv/core/fair_queue.c
#include "abi-tests/unit/fair_simulator.h"

static void test_weights(void **state)
{
    (void)state;
    begin(1);
    for (u32 i = 0; i < 3; i++)
        task_add(group_add(i, 256u << i, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    for (u32 i = 0; i < 3; i++)
        assert_share(&tasks[i], 10 * SECOND, (double)(1 << i) / 7, 0.03);
    assert_int_equal(busy_ns, 10 * SECOND);
    /* A slice is ten milliseconds: no more than about a thousand switches. */
    assert_in_range(next_calls, 900, 2500);
}

/* The extremes of the range still get what they should. */
static void test_weights_at_the_ends(void **state)
{
    (void)state;
    begin(1);
    task_add(group_add(0, 1, 0, FAIR_NORMAL), 0, 0);
    task_add(group_add(1, FAIR_WEIGHT_MAX, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_share(&tasks[1], 10 * SECOND, 1, 0.01);
    simulate(2000 * SECOND);
    assert_true(tasks[0].ran_ns > 0);
    assert_share(&tasks[0], 2010 * SECOND, 1.0 / 65536, 0.5);
}

/* The members of a group share its weight, however many of them want to run. */
static void test_members_share(void **state)
{
    struct fair_group *many, *one;

    (void)state;
    begin(1);
    many = group_add(0, 256, 0, FAIR_NORMAL);
    one = group_add(1, 256, 0, FAIR_NORMAL);
    for (u32 i = 0; i < 4; i++)
        task_add(many, 0, 0);
    task_add(one, 0, 0);
    simulate(10 * SECOND);
    assert_share(&tasks[4], 10 * SECOND, 0.5, 0.03);
    for (u32 i = 0; i < 4; i++)
        assert_share(&tasks[i], 10 * SECOND, 0.125, 0.05);
}

static void test_cap(void **state)
{
    (void)state;
    begin(1);
    task_add(group_add(0, 256, 25, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_share(&tasks[0], 10 * SECOND, 0.25, 0.02);
    /* Beside one who takes all he can get: the rest is his. */
    begin(1);
    task_add(group_add(0, 256, 25, FAIR_NORMAL), 0, 0);
    task_add(group_add(1, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_share(&tasks[0], 10 * SECOND, 0.25, 0.02);
    assert_share(&tasks[1], 10 * SECOND, 0.75, 0.02);
    assert_int_equal(busy_ns, 10 * SECOND);
}

/* A cap is of a partition, not of a vCPU; above 100 it is more than one CPU. */
static void test_cap_of_many(void **state)
{
    struct fair_group *group;

    (void)state;
    begin(4);
    group = group_add(0, 256, 150, FAIR_NORMAL);
    for (u32 i = 0; i < 3; i++)
        task_add(group, 0, 0);
    simulate(10 * SECOND);
    assert_in_range(tasks[0].ran_ns + tasks[1].ran_ns + tasks[2].ran_ns, 14700 * MS,
                    15300 * MS);
}

static void test_more_than_cpus(void **state)
{
    (void)state;
    begin(2);
    for (u32 i = 0; i < 3; i++)
        task_add(group_add(i, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    for (u32 i = 0; i < 3; i++)
        assert_share(&tasks[i], 10 * SECOND, 2.0 / 3, 0.05);
    assert_int_equal(busy_ns, 20 * SECOND);
}

/* A weight that asks for more than one CPU gets one; the others share the rest by weight. */
static void test_weight_beyond_a_cpu(void **state)
{
    (void)state;
    begin(2);
    for (u32 i = 0; i < 3; i++)
        task_add(group_add(i, i == 0 ? 4096 : 256 * i, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_share(&tasks[0], 10 * SECOND, 1, 0.03);
    assert_share(&tasks[1], 10 * SECOND, 1.0 / 3, 0.05);
    assert_share(&tasks[2], 10 * SECOND, 2.0 / 3, 0.05);
}

/* Alone on a CPU there is nothing to do for the scheduler. */
static void test_tickless(void **state)
{
    (void)state;
    begin(2);
    task_add(group_add(0, 256, 0, FAIR_NORMAL), 0, 0);
    task_add(group_add(1, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(10 * SECOND);
    assert_in_range(next_calls, 2, 6);
    assert_int_equal(fair_deadline(&fair, 0), FAIR_NEVER);
    assert_int_equal(busy_ns, 20 * SECOND);
}

/* One who comes after long idle or busy times owes nobody and nobody owes him. */
static void test_late_comer(void **state)
{
    (void)state;
    begin(2);
    task_add(group_add(0, 256, 0, FAIR_NORMAL), 0, 0);
    task_add(group_add(1, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(100 * SECOND);
    tasks[0].ran_ns = tasks[1].ran_ns = 0;
    task_add(group_add(2, 256, 0, FAIR_NORMAL), 0, 0);
    simulate(SECOND);
    for (u32 i = 0; i < 3; i++)
        assert_share(&tasks[i], SECOND, 2.0 / 3, 0.1);
}

/* Random mixes: nobody is lost, no CPU idles while somebody waits, nobody waits for ever. */
static void test_random(void **state)
{
    (void)state;
    srand(1);
    for (u32 round = 0; round < 60; round++) {
        u32 count = 1 + (u32)rand() % 24;

        begin(1 + (u32)rand() % 8);
        for (u32 i = 0; i < count; i++) {
            bool sleeps = rand() % 2;

            group_add(i, 16u << rand() % 8, rand() % 4 ? 0 : 10 + (u32)rand() % 90,
                      FAIR_NORMAL);
            task_add(&groups[i], sleeps ? 1 + (u64)rand() % (20 * MS) : 0,
                     sleeps ? 1 + (u64)rand() % (20 * MS) : 0);
        }
        simulate(4 * SECOND);
        assert_int_equal(wasted_ns, 0);
        for (u32 i = 0; i < count; i++) {
            assert_true(tasks[i].ran_ns > 0);
            if (groups[i].cap)
                assert_true(tasks[i].ran_ns <= 4 * SECOND * groups[i].cap / 100 * 102 / 100);
        }
        for (u32 i = 0; i < count; i++)
            fair_entity_end(&fair, &tasks[i].entity, now);
        assert_int_equal(fair.weight, 0);
        assert_int_equal(fair.sum, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_weights_at_the_ends),
        cmocka_unit_test(test_members_share),
        cmocka_unit_test(test_cap),
        cmocka_unit_test(test_cap_of_many),
        cmocka_unit_test(test_more_than_cpus),
        cmocka_unit_test(test_weight_beyond_a_cpu),
        cmocka_unit_test(test_tickless),
        cmocka_unit_test(test_late_comer),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
