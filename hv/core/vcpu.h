/*
 * A virtual CPU: its hardware state (run.h), its local APIC, its place in the scheduler, the
 * ports raised for it, its timers.
 */
#ifndef HV_CORE_VCPU_H
#define HV_CORE_VCPU_H

#include "hv/core/fair.h"
#include "hv/core/port.h"
#include "hv/core/timer.h"
#include "hv/cpu/run.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct vlapic;
struct partition;

enum vcpu_state {
    VCPU_DOWN,     /* not initialised, or taken down: never scheduled */
    VCPU_RUNNABLE, /* queued or running */
    VCPU_PARKED,   /* waits for vcpu_wake() or its deadline */
};

enum vcpu_timer {
    VCPU_TIMER_PARK,
    VCPU_TIMER_LAPIC,
    VCPU_TIMER_SINGLE,
    VCPU_TIMER_PERIODIC,
    VCPU_TIMER_WATCHDOG0, /* two for the partition, on its vCPU 0 */
    VCPU_TIMER_WATCHDOG1,
    VCPU_TIMER_FLAG0, /* four for an ABI's own clocks */
    VCPU_TIMER_FLAG1,
    VCPU_TIMER_FLAG2,
    VCPU_TIMER_FLAG3,
    VCPU_TIMERS
};

enum abi { ABI_XEN, ABI_TLFS, ABIS };

/* Where the time of a vCPU went; the indexes are those of vcpu->runtime_ns. */
enum run_class {
    RUN_RUNNING,
    RUN_WAITING, /* runnable, another one has the CPU */
    RUN_BLOCKED,
    RUN_OFFLINE,
    RUN_CLASSES
};

/*
 * A walk of the guest's page tables that led somewhere, with each entry it read. It is good as
 * long as all of them say the same: what the guest changes is seen, as a walk anew would.
 */
#define WALK_LEVELS 4
#define WALKS       8
struct walk {
    u64 page;        /* virtual address */
    u64 npt_changes; /* 0: never walked */
    struct guest_paging regs;
    u32 access; /* that it was for; reading is allowed then too */
    const volatile u64 *slot[WALK_LEVELS];
    u64 entry[WALK_LEVELS];
    u8 *base; /* kernel address of the page */
};

struct vcpu {
    struct partition *partition;
    u32 id;
    u32 cpu; /* Q: the CPU that runs it or did so last */
    struct guest *guest;
    struct vlapic *lapic;

    enum vcpu_state state;   /* Q */
    bool is_initialised;     /* has a first instruction: may be taken up */
    bool is_paused;          /* Q: the partition is paused or ended */
    bool waits_start;        /* Q: DOWN, and a start-up IPI would start it */
    u32 start_asked;         /* Q: VCPU_ASKED_* and the page: INIT and start-up IPIs */
    struct fair_entity fair; /* Q */

    u32 raised_first, raised_last;  /* E: port numbers, 0 = none; whether any, without it */
    u32 event_port[EVENT_PER_VCPU]; /* E: its ports of the per-vCPU sources */

    struct timer timer[VCPU_TIMERS];
    u32 fired; /* Q: bits of timers with action TIMER_FLAG */

    /* External interrupt to give without a local APIC, 0 = none: set and taken back by the
     * adapter before each entry, cleared by the run loop when the guest has taken it. */
    u8 direct_vector;
    bool nmi_pending;
    bool is_halted; /* between HLT and the interrupt that ends it; the run loop's */

    bool has_spun;            /* its last exit said that it waits for another vCPU */
    bool has_deadline_passed; /* the last park ended by its deadline */

    enum run_class run_class;    /* Q */
    u64 run_class_since_ns;      /* Q */
    u64 runtime_ns[RUN_CLASSES]; /* Q */
    u64 exits[EXIT_KINDS];       /* how often it left for each reason; its run loop's */

    struct walk walk[WALKS]; /* by page number; hypercall/guest_mem.c */

    void *abi_state[ABIS]; /* frames of the partition; made by the adapter when first needed */
};

/* Makes vCPU `id` of p, VCPU_DOWN. ST_EXISTS, ST_NO_MEMORY, ST_INVALID (id beyond the maximum).
 */
enum status vcpu_make(struct partition *p, u32 id, struct vcpu **out);
/* Gives back what vcpu_make took; the vCPU is not running and on no queue afterwards. */
void vcpu_end(struct vcpu *vcpu);

/*
 * PVH start state: 32-bit flat protected mode at `entry`, ebx = start_info [xen-pvh 1]. The
 * vCPU becomes runnable as soon as its partition is not paused. ST_BUSY if it is up already.
 */
enum status vcpu_start_pvh(struct vcpu *vcpu, u64 entry, u64 start_info);

/* DOWN -> RUNNABLE without touching registers; RUNNABLE or PARKED -> DOWN. */
enum status vcpu_up(struct vcpu *vcpu);
enum status vcpu_down(struct vcpu *vcpu);
static inline bool vcpu_is_up(const struct vcpu *vcpu)
{
    return vcpu->state != VCPU_DOWN;
}

/*
 * INIT and start-up IPIs. [SDM 3 8.4.3] The vCPU itself carries them out: before each entry its
 * loop looks at start_asked, and vcpu_take_start() says what to do: nothing, begin in real mode
 * at *page, or stay away until a start-up IPI (it is DOWN then).
 */
#define VCPU_ASKED_INIT  0x100u
#define VCPU_ASKED_START 0x200u
enum vcpu_start { VCPU_START_NONE, VCPU_START_REAL, VCPU_START_WAIT };
void vcpu_signal_init(struct vcpu *vcpu);
void vcpu_signal_start(struct vcpu *vcpu, u8 page);
enum vcpu_start vcpu_take_start(struct vcpu *vcpu, u8 *page);

/*
 * Stops the running vCPU until vcpu_wake() or the deadline (absolute, clock_now_ns();
 * TIME_NEVER for none). The caller checks first that nothing waits for it already
 * (vcpu_has_raised()).
 */
void vcpu_park(struct vcpu *vcpu, u64 deadline_ns);
void vcpu_wake(struct vcpu *vcpu);

/* Nested pause: counts per partition are in partition.c; this only takes it off its queue. */
void vcpu_pause(struct vcpu *vcpu);
void vcpu_resume(struct vcpu *vcpu);

static inline bool vcpu_has_raised(const struct vcpu *vcpu)
{
    return __atomic_load_n(&vcpu->raised_first, __ATOMIC_RELAXED) != 0;
}

/* Reads and clears the bits of the timers that fired. */
static inline u32 vcpu_take_fired(struct vcpu *vcpu)
{
    u32 fired = vcpu->fired;

    vcpu->fired = 0;
    return fired;
}

/* Where the time went up to now, the running stretch included. */
void vcpu_runtime(const struct vcpu *vcpu, u64 now_ns, u64 out[RUN_CLASSES]);
/* The scheduler tells of a change of class. HOLDS(Q). */
void vcpu_account(struct vcpu *vcpu, enum run_class run_class, u64 now_ns);

#endif
