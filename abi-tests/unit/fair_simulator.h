/*
 * The scheduler's arithmetic in a simulator, for one test program: virtual CPUs, virtual time,
 * and workloads that run for ever, sleep, or come and go at random.
 */
#ifndef ABI_TESTS_UNIT_FAIR_SIMULATOR_H
#define ABI_TESTS_UNIT_FAIR_SIMULATOR_H

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

static inline struct task *task_of(struct fair_entity *entity)
{
    return (struct task *)(void *)entity;
}

static inline void begin(u32 cpus)
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

static inline struct fair_group *group_add(u32 index, u32 weight, u32 cap,
                                           enum fair_class class)
{
    fair_group_make(&groups[index], class, now);
    fair_group_set(&fair, &groups[index], weight, cap, now);
    return &groups[index];
}

static inline struct task *task_add(struct fair_group *group, u64 run_ns, u64 sleep_ns)
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

static inline void reschedule(u32 cpu)
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

static inline void kicks_serve(void)
{
    u64 kicks;

    while ((kicks = fair_take_kicks(&fair)) != 0)
        for (u32 cpu = 0; cpu < cpu_count; cpu++)
            if (kicks & BIT(cpu))
                reschedule(cpu);
}

static inline bool somebody_waits(void)
{
    for (u32 i = 0; i < task_count; i++)
        if (tasks[i].entity.state == FAIR_WAITING)
            return true;
    return false;
}

/* When something happens next. */
static inline u64 event_find(u64 end)
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

static inline void time_pass(u64 to)
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

static inline void task_sleep(u32 cpu)
{
    struct task *task = task_of(on_cpu[cpu]);

    fair_sleep(&fair, &task->entity, now);
    task->wake_at_ns = now + task->sleep_ns;
    reschedule(cpu);
}

static inline void simulate(u64 span)
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

static inline void assert_share(const struct task *task, u64 span, double share,
                                double tolerance)
{
    double got = (double)task->ran_ns / (double)span;

    if (got < share * (1 - tolerance) || got > share * (1 + tolerance))
        print_error("share %f instead of %f\n", got, share);
    assert_true(got >= share * (1 - tolerance) && got <= share * (1 + tolerance));
}

#endif
