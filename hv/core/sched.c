#include "hv/core/sched.h"
#include "hv/core/partition.h"
#include "hv/core/timer.h"
#include "hv/core/vcpu.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/tsc.h"
#include "hv/lib/print.h"

#define CAP_MAX (100u * FAIR_CPUS)

struct sched sched_table[SCHED_CPUS];
struct lock queue_lock = LOCK_INIT(Q);

static struct fair fair; /* Q */

struct sched *sched_here(void)
{
    return &sched_table[cpu_this()->id];
}

void sched_init(u32 cpus)
{
    fair_make(&fair, cpus);
    for (u32 i = 0; i < SCHED_CPUS; i++)
        sched_table[i] = (struct sched){0};
}

u32 sched_cpus(void)
{
    return fair.cpus;
}

static bool is_runnable(const struct vcpu *vcpu)
{
    return vcpu->state == VCPU_RUNNABLE && !vcpu->is_paused;
}

static struct vcpu *vcpu_of(struct fair_entity *entity)
{
    return entity ? (struct vcpu *)(void *)((u8 *)entity - offsetof(struct vcpu, fair)) : NULL;
}

/* Cleared without a lock: whoever finds it so finds what the CPU wrote inside as well. */
static bool is_in_guest(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->is_in_guest, __ATOMIC_ACQUIRE);
}

/* A CPU outside its guest and awake finds the flag before it enters one again. */
static void cpu_tell(u32 id)
{
    struct cpu *cpu = cpu_table[id];

    sched_table[id].must_switch = true;
    if (cpu != cpu_this() && (is_in_guest(cpu) || !cpu->running))
        cpu_kick(cpu);
}

/* HOLDS(Q) */
static void kicks_send(u64 now_ns)
{
    u64 kicks = fair_take_kicks(&fair);
    u32 own = cpu_this()->id;

    if (kicks & BIT(own)) {
        kicks &= ~BIT(own);
        sched_table[own].deadline_moved = true;
        if (fair_must_switch(&fair, own, now_ns))
            sched_table[own].must_switch = true;
    }
    for (; kicks != 0; kicks &= kicks - 1)
        cpu_tell((u32)__builtin_ctzll(kicks));
}

void sched_enqueue(struct vcpu *vcpu)
{
    u64 now_ns = clock_now_ns();

    HOLDS(Q);
    if (!is_runnable(vcpu))
        return;
    fair_wake(&fair, &vcpu->fair, now_ns);
    kicks_send(now_ns);
}

void sched_dequeue(struct vcpu *vcpu)
{
    HOLDS(Q);
    fair_sleep(&fair, &vcpu->fair, clock_now_ns());
    if (sched_table[vcpu->cpu].current != vcpu)
        return;
    sched_table[vcpu->cpu].must_switch = true;
    sched_expel(vcpu);
}

void sched_forget(struct vcpu *vcpu)
{
    HOLDS(Q);
    fair_entity_end(&fair, &vcpu->fair, clock_now_ns());
    if (sched_table[vcpu->cpu].current != vcpu)
        return;
    sched_expel(vcpu);
    sched_table[vcpu->cpu].current = NULL;
    sched_table[vcpu->cpu].must_switch = true;
    if (cpu_table[vcpu->cpu]->running == vcpu)
        cpu_table[vcpu->cpu]->running = NULL;
}

void sched_give_way(void)
{
    lock_take(&queue_lock);
    if (fair_yield(&fair, cpu_this()->id))
        sched_here()->must_switch = true;
    lock_drop(&queue_lock);
}

static enum run_class class_of(const struct vcpu *vcpu)
{
    if (is_runnable(vcpu))
        return RUN_WAITING;
    return vcpu->state == VCPU_PARKED ? RUN_BLOCKED : RUN_OFFLINE;
}

struct vcpu *sched_next(u64 now_ns)
{
    u32 own = cpu_this()->id;
    struct sched *sched = &sched_table[own];
    struct vcpu *current;
    struct vcpu *next;

    lock_take(&queue_lock);
    current = sched->current;
    next = vcpu_of(fair_next(&fair, own, now_ns));
    if (next != current) {
        if (current)
            vcpu_account(current, class_of(current), now_ns);
        if (next) {
            vcpu_account(next, RUN_RUNNING, now_ns);
            next->cpu = own;
        }
    }
    sched->current = next;
    sched->must_switch = false;
    kicks_send(now_ns);
    sched->deadline_moved = true;
    lock_drop(&queue_lock);
    return next;
}

u64 sched_deadline(void)
{
    return MIN(fair_deadline(&fair, cpu_this()->id), timer_next());
}

/* Another CPU that is in the guest of this vCPU, or NULL. */
static struct cpu *cpu_inside(const struct vcpu *vcpu)
{
    struct cpu *cpu = cpu_table[vcpu->cpu];

    return cpu != cpu_this() && cpu->running == vcpu && is_in_guest(cpu) ? cpu : NULL;
}

void sched_poke(const struct vcpu *vcpu)
{
    struct cpu *cpu = cpu_inside(vcpu);

    if (cpu)
        cpu_kick(cpu);
}

void sched_expel(const struct vcpu *vcpu)
{
    struct cpu *cpu = cpu_inside(vcpu);

    if (!cpu)
        return;
    cpu_kick(cpu);
    cpu_wait_outside(cpu);
}

enum status sched_share_set(struct partition *p, u32 weight, u32 cap)
{
    if (weight == 0 || weight > FAIR_WEIGHT_MAX || cap > CAP_MAX)
        return ST_RANGE;
    lock_take(&queue_lock);
    fair_group_set(&fair, &p->fair, weight, cap, clock_now_ns());
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i] && sched_table[p->vcpu[i]->cpu].current == p->vcpu[i])
            cpu_tell(p->vcpu[i]->cpu);
    lock_drop(&queue_lock);
    return ST_OK;
}
