/*
 * Remote flushes and locks between the PV shim's vCPUs, with a thread for each vCPU. What a TLB
 * remembers is a number: the generation of the only page-table entry there is. A change of the
 * entry is over when shootdown_run() has returned; from then on no guest may use an older one.
 */
// sources: xen-adapter/pv/shootdown.c xen-adapter/pv/lock.c
#include "xen-adapter/pv/shootdown.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/time.h"
#include "xen-adapter/pv/vcpu.h"

#define VCPUS 4u
#define TURNS 3000u

struct shim shim;

static struct pv_vcpu vcpus[VCPUS];
static _Thread_local struct pv_vcpu *own;

static u32 entry;             /* M: generation in the page table */
static u32 retired;           /* no guest may use an older one */
static u32 cached[VCPUS];     /* what each TLB remembers */
static u8 runs[VCPUS];        /* L0's runstate */
static u8 is_raised[VCPUS];   /* L0 has a signal for it */
static u32 calls, sends;      /* to L0; single-threaded tests */
static u8 is_answering_alone; /* signals are answered inside l0_call */

struct pv_vcpu *this_vcpu(void)
{
    return own;
}

struct pv_vcpu *vcpu_find(u32 id)
{
    return id < VCPUS ? &vcpus[id] : NULL;
}

void *shim_page_alloc(void)
{
    return calloc(1, PAGE_SIZE);
}

void shim_fail(const char *format, ...)
{
    (void)format;
    abort();
}

void event_port_bind(u32 port, enum event_kind kind, u32 vcpu)
{
    assert_int_equal(kind, EVENT_KICK);
    assert_int_equal(port, 100 + vcpu);
}

void tlb_flush_all(void)
{
    __atomic_store_n(&cached[own->id], __atomic_load_n(&entry, __ATOMIC_SEQ_CST),
                     __ATOMIC_SEQ_CST);
}

bool time_vcpu_runs(u32 id)
{
    return __atomic_load_n(&runs[id], __ATOMIC_SEQ_CST);
}

static void answer_as(u32 id)
{
    struct pv_vcpu *before = own;

    own = &vcpus[id];
    shootdown_serve(own);
    own = before;
}

static void send(u32 port)
{
    u32 id = port - 100;

    assert_true(id < VCPUS);
    __atomic_add_fetch(&sends, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&is_raised[id], 1, __ATOMIC_SEQ_CST);
    if (is_answering_alone && runs[id])
        answer_as(id);
}

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    (void)a3;
    (void)a4;
    (void)a5;
    if (number == XENNR_sched_op) {
        sched_yield();
        return 0;
    }
    __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
    if (number == XENNR_event_channel_op && a1 == XENOP_event_channel_op_bind_ipi) {
        struct xen_evtchn_bind_ipi *bind = (struct xen_evtchn_bind_ipi *)a2;

        bind->port = 100 + bind->vcpu;
    } else if (number == XENNR_event_channel_op) {
        send(((struct xen_evtchn_send *)a2)->port);
    } else if (number == XENNR_multicall) {
        const struct xen_multicall_entry *calls_at = (const struct xen_multicall_entry *)a1;

        for (u64 i = 0; i < a2; i++) {
            assert_int_equal(calls_at[i].op, XENNR_event_channel_op);
            send(((struct xen_evtchn_send *)calls_at[i].args[1])->port);
        }
    }
    return 0;
}

static int reset(void **state)
{
    (void)state;
    shim.vcpu_count = VCPUS;
    lock_is_needed = 1;
    entry = retired = 0;
    for (u32 i = 0; i < VCPUS; i++) {
        vcpus[i] = (struct pv_vcpu){.id = i, .online = 1};
        cached[i] = 0;
        runs[i] = 1;
        is_raised[i] = 0;
    }
    own = &vcpus[0];
    shootdown_start();
    is_answering_alone = 1;
    calls = sends = 0;
    return 0;
}

static void running_ones_cost_one_call(void **state)
{
    (void)state;
    entry = 1;
    shootdown_run(~0u);
    assert_int_equal(calls, 1);
    assert_int_equal(sends, 3);
    assert_int_equal(cached[0], 0); /* the caller's own is not part of it */
    for (u32 i = 1; i < VCPUS; i++)
        assert_int_equal(cached[i], 1);
    calls = 0;
    shootdown_run((u32)BIT(2));
    assert_int_equal(calls, 1);
}

static void idle_and_absent_ones_cost_nothing(void **state)
{
    (void)state;
    for (u32 i = 1; i < VCPUS; i++)
        shootdown_idle_begin(&vcpus[i]);
    vcpus[3].online = 0;
    entry = 1;
    shootdown_run(~0u);
    assert_int_equal(calls, 0);
    assert_int_equal(cached[1], 0);
    own = &vcpus[1];
    shootdown_idle_end(own);
    assert_int_equal(cached[1], 1); /* before it can reach the guest */
    assert_int_equal(vcpus[3].flush_asked, 0);
}

static void those_without_a_cpu_are_not_waited_for(void **state)
{
    (void)state;
    runs[1] = runs[2] = runs[3] = 0;
    entry = 1;
    shootdown_run(~0u);
    assert_int_equal(calls, 1);
    assert_int_equal(is_raised[2], 1); /* what it sees first when it runs again */
    assert_int_not_equal(vcpus[2].flush_asked, vcpus[2].flush_done);
    answer_as(2);
    assert_int_equal(cached[2], 1);
    assert_int_equal(vcpus[2].flush_asked, vcpus[2].flush_done);
}

static void counters_may_wrap(void **state)
{
    (void)state;
    for (u32 i = 1; i < VCPUS; i++)
        vcpus[i].flush_asked = vcpus[i].flush_done = ~0u;
    for (u32 turn = 1; turn < 4; turn++) {
        entry = turn;
        shootdown_run(~0u);
        assert_int_equal(cached[3], turn);
    }
    assert_int_equal(vcpus[3].flush_done, 2);
}

static void one_vcpu_needs_none(void **state)
{
    (void)state;
    lock_is_needed = 0;
    shootdown_run(~0u);
    assert_int_equal(calls, 0);
    lock_take(&memory_lock);
    assert_int_equal(memory_lock.taken, 0);
    lock_drop(&memory_lock);
}

/* ---- The protocol under threads ---------------------------------------------------------- */

static u32 failures;

/* What L0 does before the first guest instruction. */
static void see_signal(void)
{
    if (__atomic_exchange_n(&is_raised[own->id], 0, __ATOMIC_SEQ_CST))
        shootdown_serve(own);
}

static void guest_uses_entry(void)
{
    for (u32 i = 0; i < 20; i++) {
        u32 limit = __atomic_load_n(&retired, __ATOMIC_SEQ_CST);

        if ((s32)(__atomic_load_n(&cached[own->id], __ATOMIC_SEQ_CST) - limit) < 0)
            __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
        see_signal();
    }
}

/* Loses the CPU in the guest; L0 writes the runstate first, then looks for signals. */
static void lose_cpu(void)
{
    __atomic_store_n(&runs[own->id], 0, __ATOMIC_SEQ_CST);
    sched_yield();
    __atomic_store_n(&runs[own->id], 1, __ATOMIC_SEQ_CST);
    see_signal();
}

static void change_entry(void)
{
    u32 next;

    lock_take(&memory_lock);
    next = entry + 1;
    __atomic_store_n(&entry, next, __ATOMIC_SEQ_CST);
    shootdown_run(~0u); /* with the lock held: who waits for it answers */
    tlb_flush_all();
    __atomic_store_n(&retired, next, __ATOMIC_SEQ_CST);
    lock_drop(&memory_lock);
}

static void *vcpu_life(void *argument)
{
    u32 random;

    own = argument;
    random = own->id * 2654435761u + 1;
    for (u32 turn = 0; turn < TURNS; turn++) {
        random = random * 1664525 + 1013904223;
        if ((random >> 24) % 4 == 0) {
            change_entry();
        } else if ((random >> 24) % 16 == 1) {
            shootdown_idle_begin(own);
            sched_yield();
            shootdown_idle_end(own);
        } else if ((random >> 24) % 16 == 2) {
            lose_cpu();
        }
        see_signal();
        guest_uses_entry();
    }
    shootdown_idle_begin(own); /* for ever */
    return NULL;
}

static void no_guest_uses_what_is_retired(void **state)
{
    pthread_t threads[VCPUS];

    (void)state;
    is_answering_alone = 0;
    failures = 0;
    for (u32 i = 0; i < VCPUS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, vcpu_life, &vcpus[i]), 0);
    for (u32 i = 0; i < VCPUS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(failures, 0);
    assert_int_equal(memory_lock.taken, 0);
    assert_true(retired > TURNS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(running_ones_cost_one_call, reset),
        cmocka_unit_test_setup(idle_and_absent_ones_cost_nothing, reset),
        cmocka_unit_test_setup(those_without_a_cpu_are_not_waited_for, reset),
        cmocka_unit_test_setup(counters_may_wrap, reset),
        cmocka_unit_test_setup(one_vcpu_needs_none, reset),
        cmocka_unit_test_setup(no_guest_uses_what_is_retired, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
