/*
 * The guest beside the fuzzing ones, role=bystander: its memory, its registers and its clock
 * must stay exact until every domain up to watch=N is gone. It offers each of them an event
 * channel and a page to read, as a driver domain would.
 */
#include "abi-tests/fuzz/guest/fuzz.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define PAGES 512u

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

static bool others_live(uint64_t watch)
{
    for (uint16_t domid = 1; domid <= watch; domid++)
        if (kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_current_reservation,
                          (uintptr_t)&domid, 0, 0) != -G_ESRCH)
            return true;
    return false;
}

static void offer(uint64_t watch)
{
    for (uint16_t domid = 1; domid <= watch; domid++) {
        struct g_evtchn_alloc_unbound in = {.dom = G_DOMID_SELF, .remote_dom = domid};
        kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_alloc_unbound, (uintptr_t)&in,
                      0, 0);
    }
}

void bystander_main(void)
{
    uint64_t watch = kit_option("watch", 1), last = kit_tsc(), rounds = 0;
    uint64_t patience = kit_option("rounds", 100000);
    struct g_sched_poll pause = {.timeout = 1};

    kit_traps_init();
    kit_shared();
    offer(watch);
    for (bool live = true; live && rounds < patience; rounds++) {
        live = others_live(watch);
        memory_fill(rounds);
        registers_fill(rounds * 0x1111111111111111ull);
        for (unsigned i = 0; i < 16; i++)
            kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
        kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&pause, 0, 0);
        registers_check(rounds * 0x1111111111111111ull);
        memory_check(rounds);
        if (kit_tsc() < last && errors++ < 4)
            kit_print("bystander: NOT EXACT the clock went back\n");
        last = kit_tsc();
    }
    kit_print("bystander: end, %lu rounds, %lu errors\n", rounds, errors);
}
