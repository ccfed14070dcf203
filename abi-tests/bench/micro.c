/*
 * Instructions for one operation: best of `rounds` times `count` calls, TSC before and after.
 * Under QEMU's -icount shift=0 one TSC tick is one instruction. Options on the command line:
 * count=, rounds=, only= (the number of one operation), marks=1 (see mark()).
 */
#include "abi-tests/bench/measure.h"
#include "abi-tests/kit/kit.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

enum {
    BALLOON = 16,
    SETTLE_TICKS = 200000000,
};

struct operation {
    const char *name;
    bool for_pv, for_pvh;
    void (*run)(void);
};

static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t pages[BALLOON][KIT_PAGE] __attribute__((aligned(4096)));
static uint64_t frames[BALLOON], places[BALLOON];
static uint64_t pte, pte_at, flip;
static uint32_t ipi_port;
static volatile uint64_t *pending;
static struct {
    uint64_t op, result, args[6];
} calls[64];

static void run_version(void)
{
    kit_hypercall(G_HYPERVISOR_xen_version, 0, 0, 0, 0);
}

static void run_unimplemented(void)
{
    kit_hypercall(G_HYPERVISOR_unimplemented, 0, 0, 0, 0);
}

static void run_vm_assist(void)
{
    kit_hypercall(G_HYPERVISOR_vm_assist, 0, 99, 0, 0);
}

static void run_yield(void)
{
    kit_hypercall(G_HYPERVISOR_sched_op, G_SCHEDOP_yield, 0, 0, 0);
}

static void run_send(void)
{
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_send, (uintptr_t)&ipi_port, 0, 0);
}

static void run_status(void)
{
    struct {
        uint16_t domain;
        uint32_t port, status, vcpu, detail[2];
    } status = {.domain = G_DOMID_SELF, .port = ipi_port};

    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_status, (uintptr_t)&status, 0, 0);
}

static void run_va_same(void)
{
    kit_hypercall(G_HYPERVISOR_update_va_mapping, (uintptr_t)page, pte, G_UVMF_INVLPG, 0);
}

static void run_va_flip_write(void)
{
    flip ^= 2;
    kit_hypercall(G_HYPERVISOR_update_va_mapping, (uintptr_t)page, pte ^ flip, G_UVMF_INVLPG,
                  0);
}

static void run_va_flip_present(void)
{
    flip ^= 1;
    kit_hypercall(G_HYPERVISOR_update_va_mapping, (uintptr_t)page, flip ? 0 : pte,
                  G_UVMF_INVLPG, 0);
}

static void run_mmu_update(void)
{
    uint64_t request[2] = {pte_at, pte ^ flip};

    flip ^= 2;
    request[1] = pte ^ flip;
    kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)request, 1, 0, G_DOMID_SELF);
}

static void run_flush(void)
{
    struct {
        uint32_t cmd;
        uint64_t arg1, arg2;
    } op = {G_MMUEXT_TLB_FLUSH_LOCAL, 0, 0};

    kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
}

static void run_multicall(void)
{
    kit_hypercall(G_HYPERVISOR_multicall, (uintptr_t)calls, 64, 0, 0);
}

static void run_forced_cpuid(void)
{
    uint32_t eax = 0x40000000, ecx = 0;

    __asm__ volatile("ud2; .ascii \"xen\"; cpuid" : "+a"(eax), "+c"(ecx)::"rbx", "rdx");
}

static void run_cpuid(void)
{
    uint32_t eax = 0x40000000, ecx = 0;

    __asm__ volatile("cpuid" : "+a"(eax), "+c"(ecx)::"rbx", "rdx");
}

static void run_rdmsr(void)
{
    __asm__ volatile("rdmsr" ::"c"(0xc0000080) : "rax", "rdx");
}

static void run_read_cr0(void)
{
    __asm__ volatile("mov %%cr0, %%rax" ::: "rax");
}

static void run_ud(void)
{
    __asm__ volatile("ud2" ::: "rcx", "r11", "memory");
}

/* As a balloon does: the frames of a list go and others come at the same places. */
static void run_balloon(void)
{
    struct g_memory_reservation extents = {
        .extent_start = (uintptr_t)frames, .nr_extents = BALLOON, .domid = G_DOMID_SELF};

    kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_decrease_reservation, (uintptr_t)&extents, 0,
                  0);
    memcpy(frames, places, sizeof(frames));
    kit_hypercall(G_HYPERVISOR_memory_op, G_XENMEM_populate_physmap, (uintptr_t)&extents, 0, 0);
}

static const struct operation operations[] = {
    {"xen_version(0)", true, true, run_version},
    {"unimplemented hypercall", true, true, run_unimplemented},
    {"vm_assist, bad type", true, true, run_vm_assist},
    {"sched_op yield", true, true, run_yield},
    {"evtchn send to own IPI port, pending", true, true, run_send},
    {"evtchn status", true, true, run_status},
    {"update_va_mapping, same PTE", true, false, run_va_same},
    {"update_va_mapping, RW <-> RO", true, false, run_va_flip_write},
    {"update_va_mapping, map <-> unmap", true, false, run_va_flip_present},
    {"mmu_update, RW <-> RO", true, false, run_mmu_update},
    {"MMUEXT_TLB_FLUSH_LOCAL", true, false, run_flush},
    {"multicall of 64 x xen_version", true, true, run_multicall},
    {"forced-emulation cpuid", true, false, run_forced_cpuid},
    {"cpuid", true, true, run_cpuid},
    {"rdmsr EFER", true, true, run_rdmsr},
    {"mov from cr0", true, true, run_read_cr0},
    {"#UD bounced to the guest and back", true, true, run_ud},
    {"16 pages given back and taken again", true, true, run_balloon},
};

/*
 * Leaves the guest once at an address that QEMU's log shows (-d in_asm), before and after each
 * operation: between two marks stand the operation's exits.
 */
static __attribute__((noinline)) void mark(void)
{
    uint32_t eax = 0, ecx = 0;

    __asm__ volatile(".globl bench_mark\nbench_mark: cpuid"
                     : "+a"(eax), "+c"(ecx)::"rbx", "rdx");
}

static uint64_t measure_marked(void (*run)(void), uint64_t rounds, uint64_t count)
{
    uint64_t result;

    mark();
    result = measure(run, rounds, count);
    mark();
    return result;
}

static void nothing(void)
{
    __asm__ volatile("");
}

/* Pages of the image that nothing maps any more. */
static void balloon_prepare(void)
{
    for (unsigned i = 0; i < BALLOON; i++) {
        places[i] = (uintptr_t)pages[i] >> 12;
        frames[i] = kit_frame(pages[i]);
        if (kit_kind == KIT_PV)
            kit_map(pages[i], 0);
    }
}

static void prepare(void)
{
    struct {
        uint32_t vcpu, port;
    } bind = {0, 0};

    (void)pending;
    kit_catch_ud();
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_ipi, (uintptr_t)&bind, 0, 0);
    ipi_port = bind.port;
    for (unsigned i = 0; i < 64; i++)
        calls[i].op = G_HYPERVISOR_xen_version;
    if (kit_kind == KIT_PV)
        pte_at = kit_pte_address(page, &pte);
    balloon_prepare();
}

/* Who has let a domain go works for a while beside it, longer than the rounds of one operation.
 */
static void settle(void)
{
    uint64_t begin = kit_tsc();

    while (kit_tsc() - begin < SETTLE_TICKS)
        __asm__ volatile("pause");
}

void kit_main(void)
{
    uint64_t rounds = kit_option("rounds", 5);
    uint64_t count = kit_option("count", 1000);
    uint64_t only = kit_option("only", UINT64_MAX);
    uint64_t marks = kit_option("marks", 0);
    uint64_t empty, best;

    prepare();
    settle();
    empty = measure(nothing, rounds, count);
    kit_print("bench: kind %s\n", kit_kind == KIT_PV ? "pv" : "pvh");
    for (uint64_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        const struct operation *op = &operations[i];
        if (!(kit_kind == KIT_PV ? op->for_pv : op->for_pvh) ||
            (only != UINT64_MAX && only != i))
            continue;
        flip = 0;
        best = marks != 0 ? measure_marked(op->run, rounds, count)
                          : measure(op->run, rounds, count);
        kit_print("bench: %lu %s = %lu\n", i, op->name, best - empty);
    }
    kit_print("bench: done\n");
}
