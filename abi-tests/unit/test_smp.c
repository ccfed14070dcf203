/*
 * Threads as CPUs: the run loop's protocol with the real locks and the real scheduler. A guest
 * is in at most one CPU, whoever was expelled is outside, what a sleeper waits for is not lost,
 * and the thread sanitizer sees every access that no lock guards.
 */
// sources: hv/core/locks.c hv/core/sched.c hv/core/fair.c hv/core/fair_queue.c
// sanitize: thread
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <asm/prctl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/tsc.h"
#include "hv/lib/print.h"

enum { CPUS = 4, VCPUS = 6, ROUNDS = 1000 };

struct cpu *cpu_table[CPU_MAX];
u32 cpu_count = CPUS;

static struct cpu cpus[CPUS];
static u32 kicked[CPUS]; /* the interrupt line of each */
static struct partition partitions[VCPUS];
static struct vcpu vcpus[VCPUS];
static u32 inside[VCPUS]; /* how many CPUs are in this guest */
static u32 work[VCPUS];   /* H: what waits for each */
static u64 done;          /* H: how much has been done */
static u64 exits;         /* H */
static u32 must_end;

void panic(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

u64 clock_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec;
}

u64 timer_next(void)
{
    return FAIR_NEVER;
}

void vcpu_account(struct vcpu *vcpu, enum run_class run_class, u64 now_ns)
{
    vcpu->run_class = run_class;
    vcpu->run_class_since_ns = now_ns;
}

void cpu_kick(struct cpu *cpu)
{
    if (cpu->is_kicked)
        return;
    cpu->is_kicked = true;
    __atomic_store_n(&kicked[cpu->id], 1, __ATOMIC_RELEASE);
}

static void host_yield(void)
{
    (void)syscall(SYS_sched_yield);
}

void cpu_wait_outside(const struct cpu *cpu)
{
    while (__atomic_load_n(&cpu->is_in_guest, __ATOMIC_ACQUIRE))
        host_yield();
}

/* What vcpu.c does with a vCPU's state, in short. */
static void park(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    vcpu->state = VCPU_PARKED;
    sched_dequeue(vcpu);
    lock_drop(&queue_lock);
}

static void wake(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    if (vcpu->state == VCPU_PARKED) {
        vcpu->state = VCPU_RUNNABLE;
        sched_enqueue(vcpu);
    } else {
        sched_poke(vcpu);
    }
    lock_drop(&queue_lock);
}

static void pause_and_resume(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    vcpu->is_paused = true;
    sched_dequeue(vcpu);
    lock_drop(&queue_lock);
    assert_int_equal(__atomic_load_n(&inside[vcpu->id], __ATOMIC_ACQUIRE), 0);
    lock_take(&queue_lock);
    vcpu->is_paused = false;
    sched_enqueue(vcpu);
    lock_drop(&queue_lock);
}

/* As space.c does before it takes frames away. */
static void expel_all(void)
{
    for (u32 i = 0; i < VCPUS; i++)
        sched_poke(&vcpus[i]);
    for (u32 i = 0; i < VCPUS; i++) {
        sched_expel(&vcpus[i]);
        assert_int_equal(__atomic_load_n(&inside[i], __ATOMIC_ACQUIRE), 0);
    }
}

/* As a partition that ends and one that begins in its place. */
static void end_and_begin(struct vcpu *vcpu)
{
    lock_take(&queue_lock);
    vcpu->state = VCPU_DOWN;
    sched_forget(vcpu);
    assert_int_equal(__atomic_load_n(&inside[vcpu->id], __ATOMIC_ACQUIRE), 0);
    fair_entity_make(&vcpu->fair, &vcpu->partition->fair);
    vcpu->cpu = 0;
    vcpu->state = VCPU_RUNNABLE;
    sched_enqueue(vcpu);
    lock_drop(&queue_lock);
}

static void exit_serve(struct vcpu *vcpu, unsigned *seed)
{
    u32 other = (u32)rand_r(seed) % VCPUS;

    if (work[vcpu->id] == 0) {
        park(vcpu);
        return;
    }
    if (other != vcpu->id) {
        work[vcpu->id]--;
        work[other]++;
        done++;
        wake(&vcpus[other]);
    }
    switch (rand_r(seed) % 64) {
    case 0:
        expel_all();
        break;
    case 1:
        if (other != vcpu->id)
            pause_and_resume(&vcpus[other]);
        break;
    case 2:
        if (other != vcpu->id)
            end_and_begin(&vcpus[other]);
        break;
    case 3:
        assert_int_equal(sched_share_set(&partitions[other], 1 + other, other % 2 * 50), ST_OK);
        break;
    case 4:
        sched_give_way();
        break;
    default:
        break;
    }
    if (done >= ROUNDS)
        __atomic_store_n(&must_end, 1, __ATOMIC_RELEASE);
}

static bool has_interrupt(const struct cpu *cpu, u64 deadline_ns)
{
    return __atomic_load_n(&kicked[cpu->id], __ATOMIC_ACQUIRE) ||
           __atomic_load_n(&must_end, __ATOMIC_ACQUIRE) || clock_now_ns() >= deadline_ns;
}

/* guest_run(): computes for a while, or until an interrupt. */
static void compute(struct cpu *cpu, const struct vcpu *vcpu, u64 deadline_ns, unsigned *seed)
{
    u32 steps = (u32)rand_r(seed) % 40;

    assert_int_equal(__atomic_fetch_add(&inside[vcpu->id], 1, __ATOMIC_ACQ_REL), 0);
    while (steps-- > 0 && !has_interrupt(cpu, deadline_ns))
        if (steps % 8 == 0)
            host_yield();
    assert_int_equal(__atomic_sub_fetch(&inside[vcpu->id], 1, __ATOMIC_ACQ_REL), 0);
}

static void run_vcpu(struct cpu *cpu, struct vcpu *vcpu, unsigned *seed)
{
    do {
        u64 deadline_ns = sched_deadline();

        __atomic_store_n(&cpu->is_in_guest, true, __ATOMIC_RELAXED);
        lock_drop(&hypervisor_lock);
        compute(cpu, vcpu, deadline_ns, seed);
        __atomic_store_n(&cpu->is_in_guest, false, __ATOMIC_RELEASE);
        lock_take(&hypervisor_lock);
        cpu->is_kicked = false;
        if (cpu->running != vcpu)
            return;
        exits++;
        if (vcpu->state == VCPU_RUNNABLE && !vcpu->is_paused)
            exit_serve(vcpu, seed);
        if (clock_now_ns() >= deadline_ns || __atomic_load_n(&must_end, __ATOMIC_ACQUIRE))
            return;
    } while (!__atomic_load_n(&kicked[cpu->id], __ATOMIC_ACQUIRE) &&
             !sched_must_switch(sched_here()));
}

static void *cpu_run(void *argument)
{
    struct cpu *cpu = argument;
    unsigned seed = cpu->id;

    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, cpu), 0);
    lock_take(&hypervisor_lock);
    while (!__atomic_load_n(&must_end, __ATOMIC_ACQUIRE)) {
        struct vcpu *vcpu;
        u64 deadline_ns;

        cpu->is_kicked = false;
        __atomic_store_n(&kicked[cpu->id], 0, __ATOMIC_RELEASE);
        vcpu = sched_next(clock_now_ns());
        cpu->running = vcpu;
        if (vcpu) {
            run_vcpu(cpu, vcpu, &seed);
            continue;
        }
        deadline_ns = sched_deadline();
        lock_drop(&hypervisor_lock);
        while (!has_interrupt(cpu, deadline_ns))
            host_yield();
        lock_take(&hypervisor_lock);
    }
    lock_drop(&hypervisor_lock);
    return NULL;
}

static void test_the_loop(void **state)
{
    pthread_t threads[CPUS];

    (void)state;
    for (u32 i = 0; i < CPUS; i++) {
        cpus[i] = (struct cpu){.self = &cpus[i], .id = i};
        cpu_table[i] = &cpus[i];
    }
    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, &cpus[0]), 0);
    sched_init(CPUS);
    lock_take(&queue_lock);
    for (u32 i = 0; i < VCPUS; i++) {
        partitions[i].id = i;
        partitions[i].vcpu[0] = &vcpus[i];
        fair_group_make(&partitions[i].fair, i == 0 ? FAIR_LATENCY : FAIR_NORMAL,
                        clock_now_ns());
        vcpus[i] = (struct vcpu){.id = i, .partition = &partitions[i]};
        fair_entity_make(&vcpus[i].fair, &partitions[i].fair);
        vcpus[i].state = VCPU_RUNNABLE;
        work[i] = i % 2;
        sched_enqueue(&vcpus[i]);
    }
    lock_drop(&queue_lock);
    alarm(120); /* a wake-up that is lost */
    for (u32 i = 0; i < CPUS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, cpu_run, &cpus[i]), 0);
    for (u32 i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(done, ROUNDS, ROUNDS + CPUS);
    assert_true(exits >= done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_loop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
