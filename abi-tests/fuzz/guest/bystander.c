/*
 * The guest beside the fuzzing ones, role=bystander: its memory, its registers and its clock
 * must stay exact. It offers every domain an event channel, as a driver domain would, and says
 * every report=N rounds what it found.
 */
#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define PAGES   512u
#define DOMIDS  255u
#define REST_NS 250000000ull

static uint64_t memory[PAGES][KIT_PAGE / 8] __attribute__((aligned(4096)));
static uint64_t errors;

static uint64_t word_of(unsigned page, unsigned word, uint64_t round)
{
    uint64_t mixed = ((uint64_t)page << 32 | word) * 0x9e3779b97f4a7c15ull + round;

    return (mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9ull;
}

static void memory_fill(uint64_t round)
{
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned word = 0; word < KIT_PAGE / 8; word++)
            memory[page][word] = word_of(page, word, round);
}

static void memory_check(uint64_t round)
{
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned word = 0; word < KIT_PAGE / 8; word++)
            if (*(volatile uint64_t *)&memory[page][word] != word_of(page, word, round)) {
                if (errors++ < 4)
                    kit_print("bystander: NOT EXACT page %u word %u is %lx\n", page, word,
                              memory[page][word]);
            }
}

/* Vector registers keep their values while others run. */
static void registers_fill(uint64_t value)
{
    __asm__ volatile("movq %0, %%xmm0\n\tmovq %0, %%xmm7\n\tmovq %0, %%xmm15" ::"r"(value));
}

static void registers_check(uint64_t value)
{
    uint64_t a, b, c;

    __asm__ volatile("movq %%xmm0, %0\n\tmovq %%xmm7, %1\n\tmovq %%xmm15, %2"
                     : "=r"(a), "=r"(b), "=r"(c));
    if (a != value || b != value || c != value) {
        if (errors++ < 4)
            kit_print("bystander: NOT EXACT xmm %lx %lx %lx, not %lx\n", a, b, c, value);
    }
}

static void offer(void)
{
    for (uint16_t domid = 1; domid <= DOMIDS; domid++) {
        struct g_evtchn_alloc_unbound in = {.dom = G_DOMID_SELF, .remote_dom = domid};
        kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_alloc_unbound, (uintptr_t)&in,
                      0, 0);
    }
}

/* The others have the CPU; an event that one of them sends ends a poll. */
static void rest(void)
{
    struct g_sched_poll pause = {.timeout = kit_now() + REST_NS};

    while (kit_now() < pause.timeout)
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&pause, 0, 0);
}

void bystander_main(void)
{
    uint64_t last = kit_now(), report = kit_option("report", 16);

    kit_traps_init();
    kit_shared();
    offer();
    for (uint64_t round = 1;; round++) {
        memory_fill(round);
        registers_fill(round * 0x1111111111111111ull);
        rest();
        registers_check(round * 0x1111111111111111ull);
        memory_check(round);
        if (kit_now() < last && errors++ < 4)
            kit_print("bystander: NOT EXACT the clock went back\n");
        last = kit_now();
        if (round % report == 0)
            kit_print("bystander: %lu rounds, %lu errors\n", round, errors);
    }
}
