/*
 * One-shot and periodic timers of a CPU. What a timer does when its time comes is one of a few
 * values, never a callback: the run loop runs timer_run() and then looks at the vCPU.
 */
#ifndef HV_CORE_TIMER_H
#define HV_CORE_TIMER_H

#include "hv/lib/types.h"

struct vcpu;

#define TIME_NEVER (~(u64)0)

enum timer_action {
    TIMER_WAKE,        /* end a vcpu_park() with a deadline */
    TIMER_RAISE_EVENT, /* raise the vCPU's port of EVENT_TIMER, if it has one */
    TIMER_LAPIC,       /* vlapic_timer_fire(), arm again as it says, wake */
    TIMER_END,         /* end the partition: END_WATCHDOG */
    TIMER_FLAG, /* set the timer's bit in vcpu->fired and wake: an adapter's own clocks */
};

struct timer {
    struct vcpu *vcpu;
    enum timer_action action;
    u32 cpu;                       /* T: whose list it is on: of the CPU that armed it */
    u32 index;                     /* which of the vCPU's timers: its bit in vcpu->fired */
    u64 deadline_ns;               /* T; TIME_NEVER while not armed */
    u64 period_ns;                 /* T; 0 for one-shot */
    struct timer *next, *previous; /* T */
};

void timer_make(struct timer *timer, struct vcpu *vcpu, enum timer_action action, u32 index);

/* Arms or moves the timer; a deadline in the past fires at the next timer_run(). */
void timer_arm(struct timer *timer, u64 deadline_ns);
/* The same with a period; the first time is now_ns + period_ns. */
void timer_arm_periodic(struct timer *timer, u64 period_ns, u64 now_ns);
void timer_cancel(struct timer *timer);
static inline bool timer_is_armed(const struct timer *timer)
{
    return timer->deadline_ns != TIME_NEVER;
}

/* Does the action of every timer of this CPU whose time has come. */
void timer_run(u64 now_ns);

/* The earliest deadline on this CPU, TIME_NEVER if none. */
u64 timer_next(void);

#endif
