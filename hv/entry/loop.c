#include "hv/entry/loop.h"
#include "hv/core/locks.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/timer.h"
#include "hv/core/vcpu.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/tsc.h"
#include "hv/entry/exit.h"
#include "xen-adapter/xen.h"

static bool is_xen(const struct vcpu *vcpu)
{
    return vcpu->partition->flags & PARTITION_XEN;
}

static void tell_root(bool *is_due, enum event_source source)
{
    struct partition *root = *is_due ? partition_find(PARTITION_ROOT) : NULL;

    *is_due = false;
    if (root)
        port_raise_event(root, source);
}

/* What interrupt handlers have noted since the last time. */
static void take_flags(struct cpu *cpu)
{
    cpu->timer_due = false;
    cpu->ipi_due = false;
    cpu->is_kicked = false;
    tell_root(&cpu->input_due, EVENT_CONSOLE_INPUT);
    tell_root(&cpu->device_due, EVENT_DEVICE);
}

/* Lock H is free while the guest runs: who changes what the guest sees kicks this CPU out. */
static void enter(struct cpu *cpu, struct vcpu *vcpu, struct exit *exit)
{
    __atomic_store_n(&cpu->is_in_guest, true, __ATOMIC_RELAXED);
    lock_drop(&hypervisor_lock);
    guest_run(vcpu->guest, exit);
    __atomic_store_n(&cpu->is_in_guest, false, __ATOMIC_RELEASE);
    lock_take(&hypervisor_lock);
    cpu->is_kicked = false;
}

/* The clock counts as well as the timer's interrupt: it saves the exit when both meet, and
 * under emulation an interrupt can get lost at an exit. */
static bool has_interrupt(const struct cpu *cpu)
{
    return (cpu->timer_due | cpu->input_due | cpu->device_due | cpu->ipi_due) ||
           tsc_read() >= cpu->timer_tsc;
}

static bool is_stopped(const struct vcpu *vcpu)
{
    return vcpu->state != VCPU_RUNNABLE || vcpu->is_paused;
}

/* Enters the vCPU again and again until someone else may have to run. */
static void run_vcpu(struct cpu *cpu, struct sched *sched, struct vcpu *vcpu)
{
    struct exit exit;

    do {
        if (!entry_prepare(vcpu))
            continue;
        if (sched_deadline_moved(sched))
            lapic_timer_arm(sched_deadline());
        enter(cpu, vcpu, &exit);
        if (cpu->running != vcpu)
            return; /* it was ended while this CPU waited for the lock */
        if (is_stopped(vcpu) && exit.kind != EXIT_INTERRUPT && exit.kind != EXIT_SHUTDOWN)
            continue; /* stopped while it was inside: the instruction will exit again */
        vcpu->exits[exit.kind]++;
        exit_handle(vcpu, &exit);
    } while (!has_interrupt(cpu) && !sched_must_switch(sched));
}

/*
 * vCPUs of a partition that share a CPU wait for each other: the one that spins gives its time
 * away. When nobody else wants it, its turns cost no exits until it gets the CPU anew.
 */
static void spin_watch(struct vcpu *vcpu)
{
    vcpu->has_spun = false;
    if (vcpu->partition->vcpu_count > 1)
        guest_pause_exit(vcpu->guest);
}

static void spin_pass(struct vcpu *vcpu)
{
    if (!vcpu || !vcpu->has_spun)
        return;
    vcpu->has_spun = false;
    guest_pause_pass(vcpu->guest);
}

/*
 * Tells the adapter who got and who lost the CPU. The one that lost it is told before anything
 * else runs, because the next one may destroy it.
 */
static void switch_vcpu(struct cpu *cpu, struct vcpu *next)
{
    struct vcpu *old = cpu->running;

    if (old == next) {
        spin_pass(next);
        return;
    }
    if (next)
        spin_watch(next);
    if (old && is_xen(old))
        xen_switch_out(old);
    cpu->running = next;
    if (next)
        guest_load(next->guest);
    if (next && is_xen(next))
        xen_switch_in(next);
}

/* Interrupts are off until the CPU sleeps: one that comes before that ends the sleep as well.
 */
static void idle(struct sched *sched)
{
    u64 begin = clock_now_ns();

    lock_drop(&hypervisor_lock);
    cpu_idle();
    lock_take(&hypervisor_lock);
    sched->idle_ns += clock_now_ns() - begin;
}

void loop_run(void)
{
    struct cpu *cpu = cpu_this();
    struct sched *sched = sched_here();

    for (;;) {
        struct vcpu *vcpu;
        u64 now;

        take_flags(cpu);
        now = clock_now_ns();
        timer_run(now);
        vcpu = sched_next(now);
        lapic_timer_arm(sched_deadline());
        (void)sched_deadline_moved(sched);
        switch_vcpu(cpu, vcpu);
        if (vcpu)
            run_vcpu(cpu, sched, vcpu);
        else
            idle(sched);
    }
}
