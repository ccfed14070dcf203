/*
 * Which vCPU runs where: fair.h's arithmetic, bound to vCPUs, CPUs and lock Q.
 *
 * The run loop of each CPU:
 *     for (;;) {
 *         now = clock_now_ns(); timer_run(now); vcpu = sched_next(now);
 *         arm LAPIC to sched_deadline();
 *         if (!vcpu) { cpu_idle(); continue; }
 *         do { if (sched_deadline_moved()) arm LAPIC to sched_deadline(); deliver; run; exit }
 *         while (!timer due && !kicked && !sched_must_switch());
 *     }
 */
#ifndef HV_CORE_SCHED_H
#define HV_CORE_SCHED_H

#include "hv/core/fair.h"
#include "hv/core/locks.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct vcpu;
struct partition;

#define SCHED_CPUS FAIR_CPUS

struct sched { /* Q */
    struct vcpu *current;
    bool must_switch;
    bool deadline_moved;
    u64 idle_ns; /* H: how long the CPU has slept */
};

/* One row for each CPU. */
extern struct sched sched_table[SCHED_CPUS];
extern struct lock queue_lock;
struct sched *sched_here(void);

void sched_init(u32 cpus);
u32 sched_cpus(void);

/*
 * Charges the running vCPU for its time, queues it again if it can still run, and returns the
 * next one to run, NULL to idle. now_ns as clock_now_ns().
 */
struct vcpu *sched_next(u64 now_ns);

/* The running vCPU should leave the CPU: it parked, ended, or somebody is to run before it. */
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

/* Used by vcpu.c: a vCPU became runnable, or stopped being so; in the second case no CPU is in
 * its guest afterwards, until lock H is dropped. HOLDS(Q) inside. */
void sched_enqueue(struct vcpu *vcpu);
void sched_dequeue(struct vcpu *vcpu);
/* The vCPU ends: no CPU knows it any more. HOLDS(Q) */
void sched_forget(struct vcpu *vcpu);
/* The running vCPU gives the CPU away, once. */
void sched_give_way(void);

/* Something waits for this vCPU: if another CPU is in its guest, it comes out and looks. */
void sched_poke(const struct vcpu *vcpu);
/* The same, and waits until it is out; it cannot go in again before lock H is dropped. */
void sched_expel(const struct vcpu *vcpu);

/* A partition's weight, 1..65535, and cap in percent of one CPU, 0 for none. ST_RANGE. */
enum status sched_share_set(struct partition *p, u32 weight, u32 cap);

#endif
