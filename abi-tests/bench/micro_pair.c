/*
 * Instructions for what two guests do with each other, as micro.c measures: peer=N names the
 * other's domid. The one with lend=1 grants a page and answers events; the other measures.
 */
#include "abi-tests/kit/grant.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

enum { REF_PAGE = 8 };
#define MAGIC   0x456e74656e746532ull
#define PATIENT 4000000u

/* The lender's page. */
struct shared {
    volatile uint64_t magic, port, done;
};

static union {
    struct shared shared;
    uint8_t bytes[KIT_PAGE];
} page __attribute__((aligned(4096)));
static uint8_t window[KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t window2[KIT_PAGE] __attribute__((aligned(4096)));
static uint8_t own[KIT_PAGE] __attribute__((aligned(4096)));
static uint16_t peer;
static uint32_t port;
static uint64_t sending, failed;
static struct kit_grant_copy copy_nothing, copy_few, copy_page;

static long event_call(unsigned operation, void *argument)
{
    return kit_hypercall(G_HYPERVISOR_event_channel_op, operation, (uintptr_t)argument, 0, 0);
}

static void yield(void)
{
    (void)kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
}

static void expect(long value)
{
    if (value != 0)
        failed++;
}

static void send(void)
{
    expect(event_call(G_EVTCHNOP_send, &port));
}

/* Sleeps until the other's event is there, and takes it. */
static void event_wait(void)
{
    struct {
        uint32_t *ports;
        uint32_t count;
        uint64_t timeout;
    } poll = {&port, 1, 0};
    volatile uint64_t *pending = (volatile uint64_t *)&kit_shared()->pending[port / 64];
    uint64_t bit = 1ull << port % 64;

    while (!(*pending & bit))
        (void)kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_poll, (uintptr_t)&poll, 0, 0);
    (void)__sync_fetch_and_and(pending, ~bit);
}

/* ---- the one that lends ------------------------------------------------------------------ */

static void lend(void)
{
    struct g_evtchn_alloc_unbound unbound = {.dom = G_DOMID_SELF, .remote_dom = peer};
    volatile struct kit_grant *table = kit_grant_table(window);
    long result = -3;

    for (unsigned i = 0; i < PATIENT && result == -3; i++) {
        result = event_call(G_EVTCHNOP_alloc_unbound, &unbound);
        yield();
    }
    if (!table || result != 0)
        return;
    port = unbound.port;
    page.shared.port = port;
    page.shared.magic = MAGIC;
    kit_grant_put(&table[REF_PAGE], KIT_GRANT_ACCESS, peer, kit_frame(&page));
    while (!page.shared.done) {
        event_wait();
        send();
    }
}

/* ---- the one that measures --------------------------------------------------------------- */

static void run_send_only(void)
{
    send();
}

static void run_round_trip(void)
{
    uint64_t begin = kit_tsc();

    send();
    sending += kit_tsc() - begin;
    event_wait();
}

static void run_map_unmap(void)
{
    struct kit_grant_map io;

    expect(kit_grant_map(&io, peer, REF_PAGE, KIT_GRANT_MAP_HOST, window2));
    expect(kit_grant_unmap(&io));
}

static void run_copy_nothing(void)
{
    expect(kit_grant_copy(&copy_nothing));
}

static void run_copy_few(void)
{
    expect(kit_grant_copy(&copy_few));
}

static void run_copy_page(void)
{
    expect(kit_grant_copy(&copy_page));
}

static const struct operation {
    const char *name;
    void (*run)(void);
} operations[] = {
    {"event round trip, both asleep in between", run_round_trip},
    {"grant map and unmap of a page", run_map_unmap},
    {"grant copy of 0 bytes", run_copy_nothing},
    {"grant copy of 16 bytes", run_copy_few},
    {"grant copy of a page", run_copy_page},
    {"event send, pending there", run_send_only},
};

static uint64_t measure(void (*run)(void), uint64_t rounds, uint64_t count, uint64_t *send_best)
{
    uint64_t best = UINT64_MAX;

    *send_best = UINT64_MAX;
    for (uint64_t round = 0; round < rounds; round++) {
        uint64_t begin = kit_tsc();

        sending = 0;
        for (uint64_t i = 0; i < count; i++)
            run();
        uint64_t took = kit_tsc() - begin;
        if (took < best)
            best = took;
        if (sending < *send_best)
            *send_best = sending;
    }
    *send_best /= count;
    return best / count;
}

/* See micro.c: between two of these in QEMU's log stand the operation's exits. */
static __attribute__((noinline)) void mark(void)
{
    uint32_t eax = 0, ecx = 0;

    __asm__ volatile(".globl bench_mark\nbench_mark: cpuid"
                     : "+a"(eax), "+c"(ecx)::"rbx", "rdx");
}

static void nothing(void)
{
    __asm__ volatile("");
}

static bool connect(struct kit_grant_map *first)
{
    struct g_evtchn_bind_interdomain bind = {.remote_dom = peer};
    int status = -1;

    if (kit_grant_hole(window) != 0 || kit_grant_hole(window2) != 0)
        return false;
    for (unsigned i = 0; i < PATIENT && status != 0; i++) {
        status = kit_grant_map(first, peer, REF_PAGE, KIT_GRANT_MAP_HOST, window);
        yield();
    }
    if (status != 0 || ((struct shared *)(void *)window)->magic != MAGIC)
        return false;
    bind.remote_port = (uint32_t)((struct shared *)(void *)window)->port;
    if (event_call(G_EVTCHNOP_bind_interdomain, &bind) != 0)
        return false;
    port = bind.local_port;
    return true;
}

/* Before the measuring: what a call says is no part of what it costs. */
static void copies_make(void)
{
    copy_nothing = kit_grant_copy_make(peer, REF_PAGE, own, 64, 0, KIT_GRANT_FROM_REF);
    copy_few = kit_grant_copy_make(peer, REF_PAGE, own, 64, 16, KIT_GRANT_FROM_REF);
    copy_page = kit_grant_copy_make(peer, REF_PAGE, own, 0, KIT_PAGE, KIT_GRANT_FROM_REF);
}

static void borrow(void)
{
    uint64_t rounds = kit_option("rounds", 5);
    uint64_t count = kit_option("count", 1000);
    uint64_t only = kit_option("only", UINT64_MAX);
    uint64_t empty, best, send_best;
    struct kit_grant_map first;

    if (!connect(&first)) {
        kit_print("bench: no connection\n");
        return;
    }
    /* The event that binding raises. */
    event_wait();
    copies_make();
    empty = measure(nothing, rounds, count, &send_best);
    for (uint64_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        const struct operation *op = &operations[i];

        if (only != UINT64_MAX && only != i)
            continue;
        mark();
        best = measure(op->run, rounds, count, &send_best);
        mark();
        kit_print("bench: %lu %s = %lu\n", 2 * i, op->name, best - empty);
        if (send_best != 0)
            kit_print("bench: %lu %s = %lu\n", 2 * i + 1, "of it the event send, waking it",
                      send_best);
    }
    ((struct shared *)(void *)window)->done = 1;
    send();
    expect(kit_grant_unmap(&first));
    kit_print("bench: failed calls: %lu\n", failed);
    kit_print("bench: done\n");
}

void kit_main(void)
{
    peer = (uint16_t)kit_option("peer", 0);
    (void)kit_shared();
    if (kit_option("lend", 0) != 0)
        lend();
    else
        borrow();
}
