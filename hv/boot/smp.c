#include "hv/boot/smp.h"
#include "hv/core/frame.h"
#include "hv/core/locks.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/lapic.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/run.h"
#include "hv/cpu/tsc.h"
#include "hv/entry/loop.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

#define SMP_PAGE        0x8000u /* of trampoline.S; any page below 1 MiB: it is put back */
#define STACK_ORDER     2
#define INIT_NS         10000000u /* [SDM 3 8.4.4.1] */
#define STARTUP_NS      200000u
#define ANSWER_NS       500000000u
#define TSC_ROUNDS      2000u
#define TSC_WARP_MAX_NS 1000u

extern const u8 smp_trampoline[], smp_trampoline_end[];

/* Read by trampoline.S: what the CPU that is being started begins with. */
u64 smp_start_tables;
u64 smp_start_stack;
void smp_main(void) __attribute__((noreturn));

enum smp_state {
    SMP_CALLED,
    SMP_ALIVE, /* runs our code; only now may its memory never be given back */
    SMP_READY, /* set up; the TSC check goes on */
    SMP_CHECKED,
    SMP_ACCEPTED,
    SMP_REFUSED,
};

/* The one that is being started: the two sides hand it to each other by its state. */
static struct smp_start {
    u32 state; /* enum smp_state */
    struct cpu *cpu;
    void *tables;
    hpa_t backend;
    u32 tsc_taken; /* lock of the two fields below */
    u64 tsc_last;
    u64 tsc_warp; /* the furthest that the TSC went back from one CPU to the other */
    u32 tsc_done; /* sides that have finished */
} start;

static u32 state_get(void)
{
    return __atomic_load_n(&start.state, __ATOMIC_ACQUIRE);
}

static void state_set(enum smp_state state)
{
    __atomic_store_n(&start.state, (u32)state, __ATOMIC_RELEASE);
}

/* Both CPUs read their TSCs by turns; none may read less than the other did before. */
static void tsc_compare(void)
{
    for (u32 round = 0; round < TSC_ROUNDS; round++) {
        u64 now;

        while (__atomic_exchange_n(&start.tsc_taken, 1, __ATOMIC_ACQUIRE))
            insn_pause();
        now = tsc_read();
        if (now < start.tsc_last)
            start.tsc_warp = MAX(start.tsc_warp, start.tsc_last - now);
        start.tsc_last = now;
        __atomic_store_n(&start.tsc_taken, 0, __ATOMIC_RELEASE);
        insn_pause();
    }
    __atomic_fetch_add(&start.tsc_done, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&start.tsc_done, __ATOMIC_ACQUIRE) != 2)
        insn_pause();
}

void smp_main(void)
{
    state_set(SMP_ALIVE);
    ptab_activate();
    cpu_init_other(start.cpu, start.tables);
    lapic_init_other();
    if (run_init(start.backend) != ST_OK) {
        state_set(SMP_REFUSED);
        cpu_halt();
    }
    state_set(SMP_READY);
    tsc_compare();
    state_set(SMP_CHECKED);
    while (state_get() == SMP_CHECKED)
        insn_pause();
    if (state_get() == SMP_REFUSED)
        cpu_halt();
    lock_take(&hypervisor_lock);
    loop_run();
}

static void wait_ns(u64 ns)
{
    u64 begin = clock_now_ns();

    while (clock_now_ns() - begin < ns)
        insn_pause();
}

static bool wait_beyond(enum smp_state state, u64 ns)
{
    u64 begin = clock_now_ns();

    while (state_get() <= (u32)state)
        if (clock_now_ns() - begin >= ns)
            return false;
        else
            insn_pause();
    return true;
}

/* Memory for a CPU: its record and stack, its tables, the backend's. */
static enum status memory_take(u32 apic_id)
{
    hpa_t stack;
    hpa_t tables;
    struct cpu *cpu;

    TRY(frame_alloc(STACK_ORDER, FRAME_OWNER_HV, &stack));
    TRY(frame_alloc(CPU_ORDER, FRAME_OWNER_HV, &tables));
    TRY(frame_alloc(RUN_ORDER, FRAME_OWNER_HV, &start.backend));
    start.tables = phys_to_virt(tables);
    cpu = phys_to_virt(stack);
    cpu->id = cpu_count;
    cpu->apic_id = apic_id;
    cpu->stack_begin = align_up((u64)(uintptr_t)(cpu + 1), 64);
    cpu->stack_end = (u64)(uintptr_t)cpu + (PAGE_SIZE << STACK_ORDER);
    start.cpu = cpu;
    return ST_OK;
}

static bool wake(u32 apic_id)
{
    lapic_send_init(apic_id);
    wait_ns(INIT_NS);
    lapic_send_startup(apic_id, SMP_PAGE >> PAGE_SHIFT);
    wait_ns(STARTUP_NS);
    if (state_get() == SMP_CALLED)
        lapic_send_startup(apic_id, SMP_PAGE >> PAGE_SHIFT);
    return wait_beyond(SMP_CALLED, ANSWER_NS);
}

static void cpu_start(u32 apic_id)
{
    start = (struct smp_start){.state = SMP_CALLED};
    if (memory_take(apic_id) != ST_OK) {
        print("cpu: APIC id %u: no memory to start it\n", apic_id);
        return;
    }
    smp_start_tables = ptab_root().raw;
    smp_start_stack = start.cpu->stack_end;
    if (!wake(apic_id)) {
        print("cpu: APIC id %u does not answer; left out\n", apic_id);
        return;
    }
    while (state_get() == SMP_ALIVE)
        insn_pause();
    if (state_get() == SMP_REFUSED) {
        print("cpu: APIC id %u offers no usable virtualisation; left out\n", apic_id);
        return;
    }
    tsc_compare();
    wait_beyond(SMP_READY, UINT64_MAX);
    if (tsc_to_ns(start.tsc_warp) > TSC_WARP_MAX_NS) {
        print("cpu: APIC id %u: its TSC is %lu ns behind or ahead; left out\n", apic_id,
              tsc_to_ns(start.tsc_warp));
        state_set(SMP_REFUSED);
        return;
    }
    cpu_table[cpu_count++] = start.cpu;
    state_set(SMP_ACCEPTED);
}

void smp_start(const struct acpi_facts *acpi)
{
    static u8 saved[PAGE_SIZE];
    u8 *page = phys_to_virt(hpa(SMP_PAGE));
    u32 own = lapic_id();

    ASSERT(smp_trampoline_end - smp_trampoline <= (s64)PAGE_SIZE);
    memcpy(saved, page, PAGE_SIZE);
    memcpy(page, smp_trampoline, (size_t)(smp_trampoline_end - smp_trampoline));
    for (u32 i = 0; i < acpi->cpu_count && cpu_count < CPU_MAX; i++)
        if (acpi->apic_id[i] != own)
            cpu_start(acpi->apic_id[i]);
    memcpy(page, saved, PAGE_SIZE);
}
