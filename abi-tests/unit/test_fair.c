/*
 * The scheduler's arithmetic in a simulator: virtual CPUs, virtual time, and workloads that run
 * for ever, sleep, or come and go at random.
 */
// sources: hv/core/fair.c hv/core/fair_queue.c
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "hv/core/fair.h"

#define US     ((u64)1000)
#define MS     ((u64)1000000)
#define SECOND ((u64)1000000000)

enum { TASKS_MAX = 64 };

/* A task runs for run_ns, sleeps for sleep_ns, and so on; sleep_ns = 0: never sleeps. */
struct task {
    struct fair_entity entity;
    u64 run_ns, sleep_ns;
    u64 left_ns; /* of this burst */
    u64 wake_at_ns;
    u64 woken_ns; /* when it last woke, 0 = has run since */
    u64 ran_ns, latency_ns, waited_ns;
};

static struct fair fair;
static struct fair_group groups[TASKS_MAX];
static struct task tasks[TASKS_MAX];
static u32 task_count;
static u32 cpu_count;
static u64 now;
static u64 busy_ns;   /* of all CPUs */
static u64 wasted_ns; /* a CPU idle while somebody waited who might have run there */
static u64 last_ns[FAIR_CPUS];
static struct fair_entity *on_cpu[FAIR_CPUS];
static u64 next_calls;

static struct task *task_of(struct fair_entity *entity)
{
    return (struct task *)(void *)entity;
}

static void begin(u32 cpus)
{
    memset(tasks, 0, sizeof(tasks));
    memset(last_ns, 0, sizeof(last_ns));
    memset(on_cpu, 0, sizeof(on_cpu));
    task_count = 0;
    cpu_count = cpus;
    now = SECOND;
    busy_ns = wasted_ns = next_calls = 0;
    fair_make(&fair, cpus);
}

static struct fair_group *group_add(u32 index, u32 weight, u32 cap, enum fair_class class)
{
    fair_group_make(&groups[index], class, now);
    fair_group_set(&fair, &groups[index], weight, cap, now);
    return &groups[index];
}

static struct task *task_add(struct fair_group *group, u64 run_ns, u64 sleep_ns)
{
    struct task *task = &tasks[task_count++];

    fair_entity_make(&task->entity, group);
    task->run_ns = run_ns;
    task->sleep_ns = sleep_ns;
    task->left_ns = run_ns;
    task->wake_at_ns = FAIR_NEVER;
    task->woken_ns = now;
    fair_wake(&fair, &task->entity, now);
    return task;
}

static void reschedule(u32 cpu)
{
    struct fair_entity *next = fair_next(&fair, cpu, now);
    struct task *task;

    next_calls++;
    on_cpu[cpu] = next;
    if (!next)
        return;
    for (u32 other = 0; other < cpu_count; other++)
        assert_true(other == cpu || on_cpu[other] != next);
    assert_int_equal(next->state, FAIR_RUNNING);
    task = task_of(next);
    if (task->woken_ns) {
        task->latency_ns = MAX(task->latency_ns, now - task->woken_ns);
        task->woken_ns = 0;
    }
}

static void kicks_serve(void)
{
    u64 kicks;

    while ((kicks = fair_take_kicks(&fair)) != 0)
        for (u32 cpu = 0; cpu < cpu_count; cpu++)
            if (kicks & BIT(cpu))
                reschedule(cpu);
}

static bool somebody_waits(void)
{
    for (u32 i = 0; i < task_count; i++)
        if (tasks[i].entity.state == FAIR_WAITING)
            return true;
    return false;
}

/* When something happens next. */
static u64 event_find(u64 end)
{
    u64 at = end;

    for (u32 cpu = 0; cpu < cpu_count; cpu++) {
        at = MIN(at, MAX(fair_deadline(&fair, cpu), now));
        if (on_cpu[cpu] && task_of(on_cpu[cpu])->sleep_ns)
            at = MIN(at, now + task_of(on_cpu[cpu])->left_ns);
    }
    for (u32 i = 0; i < task_count; i++)
        at = MIN(at, tasks[i].wake_at_ns);
    return at;
}

static void time_pass(u64 to)
{
    u64 span = to - now;
    bool waits = somebody_waits();

    for (u32 cpu = 0; cpu < cpu_count; cpu++) {
        if (!on_cpu[cpu]) {
            wasted_ns += waits ? span : 0;
            continue;
        }
        task_of(on_cpu[cpu])->ran_ns += span;
        task_of(on_cpu[cpu])->left_ns -= MIN(span, task_of(on_cpu[cpu])->left_ns);
        busy_ns += span;
    }
    now = to;
}

static void task_sleep(u32 cpu)
{
    struct task *task = task_of(on_cpu[cpu]);

    fair_sleep(&fair, &task->entity, now);
    task->wake_at_ns = now + task->sleep_ns;
    reschedule(cpu);
}

static void simulate(u64 span)
{
    u64 end = now + span;

    kicks_serve();
    while (now < end) {
        time_pass(event_find(end));
        for (u32 cpu = 0; cpu < cpu_count; cpu++) {
            if (on_cpu[cpu] && task_of(on_cpu[cpu])->sleep_ns &&
                task_of(on_cpu[cpu])->left_ns == 0)
                task_sleep(cpu);
            if (fair_deadline(&fair, cpu) <= now)
                reschedule(cpu);
        }
        for (u32 i = 0; i < task_count; i++) {
            if (tasks[i].wake_at_ns > now)
                continue;
            tasks[i].wake_at_ns = FAIR_NEVER;
            tasks[i].left_ns = tasks[i].run_ns;
            tasks[i].woken_ns = now;
            fair_wake(&fair, &tasks[i].entity, now);
        }
        kicks_serve();
    }
}

static void assert_share(const struct task *task, u64 span, double share, double tolerance)
{
    double got = (double)task->ran_ns / (double)span;

    if (got < share * (1 - tolerance) || got > share * (1 + tolerance))
        print_error("share %f instead of %f\n", got, share);
    assert_true(got >= share * (1 - tolerance) && got <= share * (1 + tolerance));
}

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
        u32 waking = 0;

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
            waking += tasks[i].entity.state != FAIR_OFF;
            assert_true(tasks[i].ran_ns > 0);
            if (groups[i].cap)
                assert_true(tasks[i].ran_ns <= 4 * SECOND * groups[i].cap / 100 * 102 / 100);
        }
        for (u32 i = 0; i < count; i++)
            fair_entity_end(&fair, &tasks[i].entity, now);
        assert_int_equal(fair.weight, 0);
        assert_int_equal(fair.sum, 0);
        (void)waking;
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
        cmocka_unit_test(test_latency),
        cmocka_unit_test(test_latency_class),
        cmocka_unit_test(test_latency_class_cannot_starve),
        cmocka_unit_test(test_sleepers_cannot_starve),
        cmocka_unit_test(test_more_than_cpus),
        cmocka_unit_test(test_weight_beyond_a_cpu),
        cmocka_unit_test(test_broadcast),
        cmocka_unit_test(test_spinner_tells_other_cpus),
        cmocka_unit_test(test_spinners_starve_nobody),
        cmocka_unit_test(test_spinning_is_no_share),
        cmocka_unit_test(test_tickless),
        cmocka_unit_test(test_late_comer),
        cmocka_unit_test(test_random),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
