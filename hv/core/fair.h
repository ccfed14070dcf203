/*
 * Proportional share of several CPUs, as arithmetic: no lock, no clock, no CPU of its own.
 *
 * Earliest eligible virtual deadline first [I. Stoica, H. Abdel-Wahab: Earliest Eligible
 * Virtual Deadline First, TR-95-22, Old Dominion University, 1995]. An entity (a vCPU) has a
 * weight and a virtual time that runs by service / weight; the virtual time of the machine is
 * the mean of all that want to run, by weight. Who is not ahead of it is eligible; of these the
 * one runs whose request would be done first. Requests are the latency knob: one who sleeps
 * soon asks for little and so comes first when it wakes (as PREEMPT_SHORT of Linux 6.12), one
 * who never sleeps asks for FAIR_SLICE_NS. On several CPUs the virtual time is one; each CPU
 * has its own queue, an idle one takes from any other, and one whose queue falls behind gives
 * to the CPU that is furthest ahead [after T. Li, D. Baumberger, S. Hahn: Distributed Weighted
 * Round-Robin, PPoPP 2009]. What an entity cannot use, because one CPU is all it can have, is
 * forgotten after FAIR_LAG_NS.
 *
 * Who spins waits for another of its group, which may have to wait for all the others and for
 * what it is ahead of them. So all of the group come closer together and ask for little, and
 * for twice as much after each turn [micro-slices: J. Ahn, C. Park, J. Huh: Micro-Sliced
 * Virtual Processors to Hide the Effect of Discontinuous CPU Availability for Consolidated
 * Systems, MICRO 2014]. The group has no more of the CPU for it.
 *
 * A group (a partition) has the weight, which its running members share, and the cap: a bucket
 * of tokens that fills at the cap's rate and pays for each ns of its members [token bucket;
 * overrun is a debt, so the long-term rate is exact].
 */
#ifndef HV_CORE_FAIR_H
#define HV_CORE_FAIR_H

#include "hv/lib/types.h"

#define FAIR_CPUS           64u
#define FAIR_WEIGHT_USUAL   256u
#define FAIR_WEIGHT_MAX     65535u
#define FAIR_SLICE_NS       ((u64)10000000)
#define FAIR_REQUEST_MIN_NS ((u64)500000)
#define FAIR_RUN_MIN_NS     ((u64)100000) /* nobody is preempted before he ran so long */
#define FAIR_LAG_NS         ((u64)20000000)
#define FAIR_CAP_PERIOD_NS  ((u64)10000000)
#define FAIR_NEVER          (~(u64)0)
#define FAIR_NO_CPU         (~0u)

enum fair_class {
    FAIR_NORMAL,
    FAIR_LATENCY, /* always asks for the least: a server */
};

enum fair_state {
    FAIR_OFF,       /* does not want to run */
    FAIR_WAITING,   /* in a queue */
    FAIR_RUNNING,   /* current of a CPU */
    FAIR_HELD_BACK, /* wants to run, its group has used up its cap */
};

struct fair_entity;

struct fair_group {
    u32 weight;
    u32 cap; /* percent of one CPU, 0 = none */
    enum fair_class class;
    u32 active; /* members waiting or running */
    struct fair_entity *first;
    s64 tokens_ns;
    u64 tokens_at_ns; /* when they were last filled up */
};

struct fair_entity {
    struct fair_group *group;
    enum fair_state state;
    u32 cpu;       /* whose queue it is in, or was in last */
    u32 loaded_on; /* the CPU that has its registers: no other may run it; FAIR_NO_CPU: none */
    u32 weight;    /* its part of the group's, times FAIR_SCALE */
    u64 time;      /* virtual; compared by signed difference */
    u64 deadline;  /* virtual: when its request is done */
    u64 request_ns;
    u64 burst_ns;                                      /* what it has run since it woke */
    u64 release_ns;                                    /* while held back */
    struct fair_entity *next, *previous;               /* queue, or list of those held back */
    struct fair_entity *member_next, *member_previous; /* of the active ones of its group */
};

struct fair_queue {
    struct fair_entity *first; /* waiting, by deadline */
    struct fair_entity *held;  /* held back, in no order */
    struct fair_entity *current;
    struct fair_entity *loaded;   /* whose registers the CPU has */
    struct fair_entity *favoured; /* woke and is to preempt */
    u64 since_ns;                 /* up to when `current` has been charged */
    u64 began_ns;                 /* when it got the CPU */
    u64 preempt_at_ns;
    bool has_expired; /* current's request is done */
    bool has_yielded;
};

struct fair {
    u32 cpus;
    u64 weight; /* of all that wait or run */
    u64 base;   /* virtual time = base + sum / weight */
    s64 sum;    /* of weight * (time - base) */
    u64 charged_ns;
    u64 kicks; /* bit n: CPU n must ask fair_next() soon */
    struct fair_queue queue[FAIR_CPUS];
};

void fair_make(struct fair *fair, u32 cpus);
void fair_group_make(struct fair_group *group, enum fair_class class, u64 now_ns);
void fair_entity_make(struct fair_entity *entity, struct fair_group *group);

/* Weight 1..FAIR_WEIGHT_MAX and cap in percent of one CPU, 0 for none. */
void fair_group_set(struct fair *fair, struct fair_group *group, u32 weight, u32 cap,
                    u64 now_ns);

/* The entity wants to run: it is queued on the CPU where it can run first. */
void fair_wake(struct fair *fair, struct fair_entity *entity, u64 now_ns);
/* It does not any more. If it is a CPU's current it stays so until that CPU's fair_next(). */
void fair_sleep(struct fair *fair, struct fair_entity *entity, u64 now_ns);
/* It is no more: no CPU has its registers either. */
void fair_entity_end(struct fair *fair, struct fair_entity *entity, u64 now_ns);
/*
 * The CPU's current spins: it lets others go first, once, and has its group take short turns.
 * False: nobody waits, it goes on.
 */
bool fair_yield(struct fair *fair, u32 cpu);

/* Charges the CPU's current and returns who runs next, NULL for nobody. */
struct fair_entity *fair_next(struct fair *fair, u32 cpu, u64 now_ns);
/* When the CPU must ask fair_next() at the latest; FAIR_NEVER while nobody waits for it. */
u64 fair_deadline(const struct fair *fair, u32 cpu);
/* fair_next() would take the CPU from its current now. */
bool fair_must_switch(const struct fair *fair, u32 cpu, u64 now_ns);

static inline u64 fair_take_kicks(struct fair *fair)
{
    u64 kicks = fair->kicks;

    fair->kicks = 0;
    return kicks;
}

#endif
