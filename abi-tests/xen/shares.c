/*
 * Who gets how much of a CPU, and how soon: with role=0 the guest computes without end, with
 * role=1 it sleeps and looks how late it is woken each time. From begin= to end= (ms of system
 * time, the same for all guests) it counts, then it says one line. shares-test judges.
 */
#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define MS       1000000ull
#define SLEEP_NS (7 * MS) /* in no step with slices and periods of ours */

enum { ROLE_COMPUTE, ROLE_SLEEP };

static uint64_t run_ns(void)
{
    static struct g_runstate_info state;

    kit_hypercall(G_HYPERVISOR_vcpu_op, G_VCPUOP_get_runstate_info, 0, (uintptr_t)&state, 0);
    return state.time[0];
}

/* Reads the clock seldom enough that most of it is computing. */
static void compute_until(uint64_t deadline)
{
    while (kit_now() < deadline)
        for (volatile uint32_t i = 0; i < 1000; i++)
            ;
}

static void sleep_until(uint64_t deadline)
{
    struct g_sched_poll poll = {.timeout = deadline};

    while (kit_now() < deadline)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&poll, 0, 0);
}

static void compute(uint64_t begin, uint64_t end)
{
    uint64_t ran;

    compute_until(begin);
    begin = kit_now();
    ran = run_ns();
    compute_until(end);
    ran = run_ns() - ran;
    kit_print("shares: ran %lu us of %lu us", ran / 1000, (kit_now() - begin) / 1000);
}

static void sleep(uint64_t begin, uint64_t end)
{
    uint64_t worst = 0, sum = 0, count = 0;

    sleep_until(begin);
    for (uint64_t due = kit_now() + SLEEP_NS; due < end; due = kit_now() + SLEEP_NS) {
        uint64_t late;

        sleep_until(due);
        late = kit_now() - due;
        worst = late > worst ? late : worst;
        sum += late;
        count++;
    }
    kit_print("shares: woken %lu times, late by %lu us on average, %lu us at most", count,
              sum / (count ? count : 1) / 1000, worst / 1000);
}

void kit_main(void)
{
    uint64_t begin = kit_option("begin", 1000) * MS;
    uint64_t end = kit_option("end", 11000) * MS;

    if (kit_option("role", ROLE_COMPUTE) == ROLE_SLEEP)
        sleep(begin, end);
    else
        compute(begin, end);
}
