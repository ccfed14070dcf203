#include "hv/core/timer.h"
#include "hv/core/locks.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/vcpu.h"
#include "hv/core/vlapic.h"
#include "hv/cpu/cpu.h"

/* A guest cannot make the hypervisor do more timer work than this. */
#define PERIOD_MIN_NS 100000u

struct timer_list {
    struct lock timers_lock;
    struct timer *first; /* T: by deadline */
};

static struct timer_list timer_table[SCHED_CPUS] = {
    [0 ... SCHED_CPUS - 1] = {.timers_lock = LOCK_INIT(T)},
};

void timer_make(struct timer *timer, struct vcpu *vcpu, enum timer_action action, u32 index)
{
    *timer = (struct timer){
        .vcpu = vcpu, .action = action, .index = index, .deadline_ns = TIME_NEVER};
}

/* HOLDS(T) */
static void list_remove(struct timer_list *list, struct timer *timer)
{
    if (timer->deadline_ns == TIME_NEVER)
        return;
    if (timer->previous)
        timer->previous->next = timer->next;
    else
        list->first = timer->next;
    if (timer->next)
        timer->next->previous = timer->previous;
    timer->next = NULL;
    timer->previous = NULL;
    timer->deadline_ns = TIME_NEVER;
}

/* HOLDS(T) */
static void list_insert(struct timer_list *list, struct timer *timer, u64 deadline_ns)
{
    struct timer *before = NULL;
    struct timer *after = list->first;

    timer->deadline_ns = MIN(deadline_ns, TIME_NEVER - 1);
    while (after && after->deadline_ns <= deadline_ns) {
        before = after;
        after = after->next;
    }
    timer->previous = before;
    timer->next = after;
    if (after)
        after->previous = timer;
    if (before)
        before->next = timer;
    else
        list->first = timer;
}

static void arm(struct timer *timer, u64 deadline_ns, u64 period_ns)
{
    u32 cpu = cpu_this()->id;
    struct timer_list *list = &timer_table[cpu];

    if (timer->cpu != cpu)
        timer_cancel(timer);
    lock_take(&list->timers_lock);
    list_remove(list, timer);
    timer->cpu = cpu;
    timer->period_ns = period_ns;
    list_insert(list, timer, deadline_ns);
    if (list->first == timer)
        sched_table[cpu].deadline_moved = true;
    lock_drop(&list->timers_lock);
}

void timer_arm(struct timer *timer, u64 deadline_ns)
{
    arm(timer, deadline_ns, 0);
}

void timer_arm_periodic(struct timer *timer, u64 period_ns, u64 now_ns)
{
    u64 deadline_ns;

    period_ns = MAX(period_ns, PERIOD_MIN_NS);
    if (add_overflows(now_ns, period_ns, &deadline_ns))
        deadline_ns = TIME_NEVER - 1;
    arm(timer, deadline_ns, period_ns);
}

void timer_cancel(struct timer *timer)
{
    struct timer_list *list;

    if (!timer_is_armed(timer))
        return;
    list = &timer_table[timer->cpu];
    lock_take(&list->timers_lock);
    list_remove(list, timer);
    lock_drop(&list->timers_lock);
}

static void lapic_fire(struct timer *timer, u64 now_ns)
{
    struct vlapic *lapic = timer->vcpu->lapic;

    vlapic_timer_fire(lapic, now_ns);
    if (lapic->timer_deadline_ns != 0)
        timer_arm(timer, lapic->timer_deadline_ns);
    vcpu_wake(timer->vcpu);
}

static void fire(struct timer *timer, u64 now_ns)
{
    struct vcpu *vcpu = timer->vcpu;

    switch (timer->action) {
    case TIMER_WAKE:
        vcpu->has_deadline_passed = true;
        vcpu_wake(vcpu);
        break;
    case TIMER_RAISE_EVENT:
        port_raise_event_vcpu(vcpu, EVENT_TIMER);
        break;
    case TIMER_LAPIC:
        lapic_fire(timer, now_ns);
        break;
    case TIMER_END:
        partition_shutdown(vcpu->partition, END_WATCHDOG);
        break;
    case TIMER_FLAG:
        vcpu->fired |= (u32)BIT(timer->index);
        vcpu_wake(vcpu);
        break;
    }
}

/* Takes the first timer that is due off the list; a periodic one goes back in. */
static struct timer *take_due(struct timer_list *list, u64 now_ns)
{
    struct timer *timer;
    u64 deadline_ns;

    lock_take(&list->timers_lock);
    timer = list->first;
    if (timer && timer->deadline_ns > now_ns)
        timer = NULL;
    if (timer) {
        deadline_ns = timer->deadline_ns;
        list_remove(list, timer);
        if (timer->period_ns != 0) {
            u64 missed = (now_ns - deadline_ns) / timer->period_ns;
            list_insert(list, timer, deadline_ns + (missed + 1) * timer->period_ns);
        }
    }
    lock_drop(&list->timers_lock);
    return timer;
}

void timer_run(u64 now_ns)
{
    struct timer_list *list = &timer_table[cpu_this()->id];
    struct timer *timer;

    while ((timer = take_due(list, now_ns)) != NULL)
        fire(timer, now_ns);
}

u64 timer_next(void)
{
    const struct timer *first = timer_table[cpu_this()->id].first;

    return first ? first->deadline_ns : TIME_NEVER;
}
