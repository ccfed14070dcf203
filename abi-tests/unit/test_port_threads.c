/*
 * Threads as CPUs, each at the ports of two partitions: made, connected, moved, sent to, closed
 * and taken at once, with no lock but the ports' own. At the end every queue is whole and every
 * connection has two ends; the thread sanitizer sees what no lock guards.
 */
// sources: hv/core/port.c hv/core/locks.c
// sanitize: thread
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <asm/prctl.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>
#include "hv/core/frame.h"
#include "hv/core/partition.h"
#include "hv/core/port.h"
#include "hv/core/vcpu.h"
#include "hv/cpu/cpu.h"
#include "hv/lib/print.h"

enum { CPUS = 2, PARTITIONS = 2, VCPUS = 2, PORTS = 12, ROUNDS = 4000 };

static struct cpu cpus[CPUS];
static struct partition partitions[PARTITIONS];
static struct vcpu vcpus[PARTITIONS][VCPUS];
static struct port pages[PARTITIONS][PORTS_PER_PAGE];
static u32 wakes, taken;

void panic(const char *text, ...)
{
    va_list arguments;

    va_start(arguments, text);
    vfprintf(stderr, text, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

struct partition *partition_find(u32 id)
{
    return id < PARTITIONS ? &partitions[id] : NULL;
}

/* The first page of ports is there; a second one is not given. */
enum status frame_alloc(u32 order, u32 owner, hpa_t *frame)
{
    (void)order, (void)owner, (void)frame;
    return ST_NO_MEMORY;
}

void vcpu_wake(struct vcpu *vcpu)
{
    (void)vcpu;
    __atomic_fetch_add(&wakes, 1, __ATOMIC_RELAXED);
}

/* Only the low numbers are closed, so that they are taken again. */
static void act(struct partition *p, unsigned *seed)
{
    u32 number = 1 + (u32)rand_r(seed) % PORTS, made;
    u32 other = 1 - p->id, vcpu = (u32)rand_r(seed) % VCPUS;

    switch (rand_r(seed) % 10) {
    case 0:
        (void)port_alloc_unbound(p, other, &made);
        break;
    case 1:
        (void)port_bind_interdomain(p, other, number, &made);
        break;
    case 2:
        (void)port_bind_ipi(p, vcpu, &made);
        break;
    case 3:
        (void)port_close(p, number);
        break;
    case 4:
        (void)port_bind_vcpu(p, number, vcpu);
        break;
    case 5:
        (void)port_raise(p, number);
        break;
    case 6:
        if (port_bind_event(p, EVENT_TIMER, vcpu, &made) != ST_OK)
            port_raise_event_vcpu(&vcpus[p->id][vcpu], EVENT_TIMER);
        break;
    case 7:
        while (port_take_raised(&vcpus[p->id][vcpu], &made))
            __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
        break;
    default:
        (void)port_send(p, number);
        break;
    }
    if (rand_r(seed) % 1000 == 0)
        port_close_all(p);
}

static void *cpu_run(void *argument)
{
    struct cpu *cpu = argument;
    unsigned seed = 1 + cpu->id;

    assert_int_equal(syscall(SYS_arch_prctl, ARCH_SET_GS, cpu), 0);
    for (u32 i = 0; i < ROUNDS; i++) {
        act(&partitions[(u32)rand_r(&seed) % PARTITIONS], &seed);
        if (i % 16 == 0)
            (void)syscall(SYS_sched_yield); /* the other may wait for its turn at the lock */
    }
    return NULL;
}

/* A queue holds each raised port of its vCPU once, and ends at raised_last. */
static void check_queues(u32 p)
{
    u32 raised = 0, queued = 0;

    for (u32 number = 1; number < PORTS_PER_PAGE; number++) {
        raised += pages[p][number].is_raised;
        assert_true(!pages[p][number].is_raised || pages[p][number].kind != PORT_FREE);
    }
    for (u32 v = 0; v < VCPUS; v++) {
        u32 last = 0;

        for (u32 at = vcpus[p][v].raised_first; at != 0; at = pages[p][at].next_raised) {
            assert_true(pages[p][at].is_raised);
            assert_int_equal(pages[p][at].vcpu, v);
            assert_true(++queued < PORTS_PER_PAGE);
            last = at;
        }
        assert_int_equal(vcpus[p][v].raised_last, last);
    }
    assert_int_equal(raised, queued);
}

static void check_connections(u32 p)
{
    for (u32 number = 1; number < PORTS_PER_PAGE; number++) {
        const struct port *port = &pages[p][number];
        const struct port *far = &pages[1 - p][port->remote_port];

        if (port->kind != PORT_INTERDOMAIN)
            continue;
        assert_int_equal(port->remote_id, 1 - p);
        assert_int_equal(far->kind, PORT_INTERDOMAIN);
        assert_int_equal(far->remote_id, p);
        assert_int_equal(far->remote_port, number);
    }
}

static void test_everything_at_once(void **state)
{
    pthread_t threads[CPUS];

    (void)state;
    for (u32 p = 0; p < PARTITIONS; p++) {
        partitions[p].id = p;
        partitions[p].port_page[0] = pages[p];
        for (u32 v = 0; v < VCPUS; v++) {
            vcpus[p][v] = (struct vcpu){.id = v, .partition = &partitions[p]};
            partitions[p].vcpu[v] = &vcpus[p][v];
        }
    }
    alarm(120);
    for (u32 i = 0; i < CPUS; i++) {
        cpus[i] = (struct cpu){.self = &cpus[i], .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, cpu_run, &cpus[i]), 0);
    }
    for (u32 i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    for (u32 p = 0; p < PARTITIONS; p++) {
        check_queues(p);
        check_connections(p);
    }
    assert_true(taken > 0 && taken <= wakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
