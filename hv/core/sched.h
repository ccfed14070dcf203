/*
 * Which vCPU runs next on this CPU: round robin with a slice. A vCPU that wakes with some of
 * its slice left goes to the front, so that a server answers at once and still cannot starve
 * anyone.
 *
 * The run loop:
 *     for (;;) {
 *         now = clock_now_ns(); timer_run(now); vcpu = sched_next(now);
 *         if (!vcpu) { arm LAPIC to sched_deadline(); cpu_idle(); continue; }
 *         do { if (sched_deadline_moved()) arm LAPIC to sched_deadline(); deliver; run; exit }
 *         while (!timer due && !sched_must_switch());
 *     }
 */
#ifndef HV_CORE_SCHED_H
#define HV_CORE_SCHED_H

#include "hv/core/locks.h"
#include "hv/lib/types.h"

struct vcpu;

#define SCHED_SLICE_NS ((u64)10 * 1000 * 1000)
#define SCHED_CPUS     64

/* One CPU's queue; only this CPU's loop reads `current`, `must_switch` and `deadline_moved`. */
struct sched {
    struct lock queue_lock;
    struct vcpu *first, *last; /* Q: runnable and not running */
    struct vcpu *current;
    u64 current_since_ns;
    u64 slice_end_ns; /* TIME_NEVER when nobody waits for this CPU */
    bool must_switch;
    bool deadline_moved;
};

/* One row for each CPU. */
extern struct sched sched_table[SCHED_CPUS];
struct sched *sched_here(void);

void sched_init(void);

/*
 * Charges the running vCPU for its time, queues it again if it can still run, and returns the
 * next one to run, NULL to idle. now_ns as clock_now_ns().
 */
struct vcpu *sched_next(u64 now_ns);

/* The running vCPU should leave the CPU: it parked, ended, or a fresh waker is at the front. */
static inline bool sched_must_switch(const struct sched *sched)
{
    return sched->must_switch;
}

/* True once after a timer or the slice end has moved to an earlier time. */
static inline bool sched_deadline_moved(struct sched *sched)
{
    bool moved = sched->deadline_moved;

    sched->deadline_moved = false;
    return moved;
}

/* When the LAPIC timer must interrupt at the latest. */
u64 sched_deadline(void);

/* Used by vcpu.c: a vCPU became runnable, or stopped being so. HOLDS(Q) inside. */
void sched_enqueue(struct vcpu *vcpu);
void sched_dequeue(struct vcpu *vcpu);
/* The running vCPU gives the CPU away and goes to the end of the queue. */
void sched_yield(void);

#endif
