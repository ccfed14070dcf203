#include "hv/core/sched.h"
#include "hv/core/timer.h"
#include "hv/core/vcpu.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/print.h"

struct sched sched_table[SCHED_CPUS];

struct sched *sched_here(void)
{
    return &sched_table[cpu_this()->id];
}

void sched_init(void)
{
    for (u32 i = 0; i < SCHED_CPUS; i++) {
        sched_table[i] = (struct sched){.slice_end_ns = TIME_NEVER};
        lock_init(&sched_table[i].queue_lock, LOCK_Q);
    }
}

static bool is_runnable(const struct vcpu *vcpu)
{
    return vcpu->state == VCPU_RUNNABLE && !vcpu->is_paused;
}

static void push_first(struct sched *sched, struct vcpu *vcpu)
{
    vcpu->is_queued = true;
    vcpu->previous = NULL;
    vcpu->next = sched->first;
    if (sched->first)
        sched->first->previous = vcpu;
    else
        sched->last = vcpu;
    sched->first = vcpu;
}

static void push_last(struct sched *sched, struct vcpu *vcpu)
{
    vcpu->is_queued = true;
    vcpu->next = NULL;
    vcpu->previous = sched->last;
    if (sched->last)
        sched->last->next = vcpu;
    else
        sched->first = vcpu;
    sched->last = vcpu;
}

static void unlink(struct sched *sched, struct vcpu *vcpu)
{
    if (vcpu->previous)
        vcpu->previous->next = vcpu->next;
    else
        sched->first = vcpu->next;
    if (vcpu->next)
        vcpu->next->previous = vcpu->previous;
    else
        sched->last = vcpu->previous;
    vcpu->next = NULL;
    vcpu->previous = NULL;
    vcpu->is_queued = false;
}

void sched_enqueue(struct vcpu *vcpu)
{
    struct sched *sched = &sched_table[vcpu->cpu];

    HOLDS(Q);
    if (vcpu->is_queued || vcpu == sched->current || !is_runnable(vcpu))
        return;
    if (vcpu->slice_left_ns > 0) {
        push_first(sched, vcpu);
        sched->must_switch = true;
    } else {
        vcpu->slice_left_ns = SCHED_SLICE_NS;
        push_last(sched, vcpu);
    }
    /* Until now the running one had the CPU for itself. */
    if (sched->current && sched->slice_end_ns == TIME_NEVER) {
        sched->slice_end_ns = sched->current_since_ns + sched->current->slice_left_ns;
        sched->deadline_moved = true;
    }
}

void sched_dequeue(struct vcpu *vcpu)
{
    struct sched *sched = &sched_table[vcpu->cpu];

    HOLDS(Q);
    if (vcpu->is_queued)
        unlink(sched, vcpu);
    if (vcpu == sched->current)
        sched->must_switch = true;
}

void sched_yield(void)
{
    struct sched *sched = sched_here();

    lock_take(&sched->queue_lock);
    if (sched->current && sched->first) {
        sched->current->slice_left_ns = 0;
        sched->must_switch = true;
    }
    lock_drop(&sched->queue_lock);
}

/* Takes the running time off the slice; a slice used up is 0. */
static void charge(struct sched *sched, struct vcpu *vcpu, u64 now_ns)
{
    u64 used = now_ns - sched->current_since_ns;

    vcpu->slice_left_ns = used < vcpu->slice_left_ns ? vcpu->slice_left_ns - used : 0;
}

/* The vCPU that follows `current`, which may be the same. HOLDS(Q) */
static struct vcpu *choose(struct sched *sched, struct vcpu *current)
{
    struct vcpu *next = sched->first;

    if (!current || !is_runnable(current)) {
        if (next)
            unlink(sched, next);
        return next;
    }
    if (!next) {
        if (current->slice_left_ns == 0)
            current->slice_left_ns = SCHED_SLICE_NS;
        return current;
    }
    if (current->slice_left_ns > 0 && !sched->must_switch)
        return current;
    unlink(sched, next);
    if (current->slice_left_ns > 0) {
        push_first(sched, current);
    } else {
        current->slice_left_ns = SCHED_SLICE_NS;
        push_last(sched, current);
    }
    return next;
}

struct vcpu *sched_next(u64 now_ns)
{
    struct sched *sched = sched_here();
    struct vcpu *current;
    struct vcpu *next;

    lock_take(&sched->queue_lock);
    current = sched->current;
    if (current)
        charge(sched, current, now_ns);
    next = choose(sched, current);
    if (next != current) {
        if (current)
            vcpu_account(current,
                         is_runnable(current)            ? RUN_WAITING
                         : current->state == VCPU_PARKED ? RUN_BLOCKED
                                                         : RUN_OFFLINE,
                         now_ns);
        if (next)
            vcpu_account(next, RUN_RUNNING, now_ns);
    }
    sched->current = next;
    sched->current_since_ns = now_ns;
    sched->must_switch = false;
    sched->slice_end_ns = next && sched->first ? now_ns + next->slice_left_ns : TIME_NEVER;
    sched->deadline_moved = true;
    lock_drop(&sched->queue_lock);
    return next;
}

u64 sched_deadline(void)
{
    return MIN(sched_here()->slice_end_ns, timer_next());
}
