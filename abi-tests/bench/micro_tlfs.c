/*
 * Instructions for one operation of the Hyper-V interface, as micro.c: best of `rounds` times
 * `count`. A guest of type "hyperv", or a viridian domU, with the local APIC on; the page of
 * the reference TSC is read beside the register, which shows what the page saves. What the
 * hypervisor does not offer is left out.
 */
#include "abi-tests/bench/measure.h"
#include "abi-tests/golden/tlfs_numbers.h"
#include "abi-tests/kit/kit.h"

#define VECTOR   0x60u
#define SINT     4u
#define APIC_SVR 0xfee000f0ul

static uint8_t pages[4][KIT_PAGE] __attribute__((aligned(4096)));
#define CALL_PAGE    pages[0]
#define TIME_PAGE    pages[1]
#define MESSAGE_PAGE pages[2]
#define INPUT        pages[3]

static volatile uint64_t interrupts;
static volatile uint64_t sink;

static void wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

static uint64_t rdmsr(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void call(uint64_t control, uint64_t in, uint64_t out)
{
    register uint64_t r8 __asm__("r8") = out;

    __asm__ volatile("call *%[page]"
                     : "+c"(control), "+d"(in), "+r"(r8)
                     : [page] "b"((uintptr_t)CALL_PAGE)
                     : "rax", "r9", "r10", "r11", "memory");
}

/* Counted, and ended by the register. */
__asm__("bench_entry: push %rax\n push %rcx\n push %rdx\n incq interrupts(%rip)\n"
        " mov $0x40000070, %ecx\n xor %eax, %eax\n xor %edx, %edx\n wrmsr\n"
        " pop %rdx\n pop %rcx\n pop %rax\n iretq\n");
void bench_entry(void);

static void wait_interrupt(uint64_t seen)
{
    __asm__ volatile("sti" ::: "memory");
    while (interrupts == seen)
        __asm__ volatile("pause");
    __asm__ volatile("cli" ::: "memory");
}

static void run_fast(void)
{
    call(T_FAST | T_SIGNAL_EVENT, 0x777777, 0); /* no such connection */
}

static void run_flush(void)
{
    call(T_FLUSH_SPACE, (uintptr_t)INPUT, 0);
}

static void run_flush_one(void)
{
    call(T_FLUSH_LIST | T_REPS(1), (uintptr_t)INPUT, 0);
}

static void run_flush_most(void)
{
    call(T_FLUSH_LIST | T_REPS(509), (uintptr_t)INPUT, 0);
}

static void run_flush_list(void)
{
    call(T_FLUSH_LIST | T_REPS(64), (uintptr_t)INPUT, 0);
}

static void run_flush_ex(void)
{
    call(T_FLUSH_SPACE_EX | T_BANKS(1), (uintptr_t)INPUT + 512, 0);
}

static void run_ipi(void)
{
    uint64_t seen = interrupts;

    call(T_FAST | T_IPI, VECTOR, 1);
    wait_interrupt(seen);
}

static void run_counter(void)
{
    sink = rdmsr(T_MSR_TIME_REF_COUNT);
}

static void run_page(void)
{
    const volatile uint64_t *page = (const volatile uint64_t *)(volatile void *)TIME_PAGE;

    sink = (uint64_t)((unsigned __int128)kit_tsc() * page[1] >> 64) + page[2];
}

static void run_timer_program(void)
{
    wrmsr(T_MSR_STIMER0_COUNT, ~0ull >> 1);
}

static void run_timer_direct(void)
{
    uint64_t seen = interrupts;

    wrmsr(T_MSR_STIMER0_CONFIG, T_TIMER_DIRECT | T_TIMER_VECTOR(VECTOR) | T_TIMER_ENABLE);
    wrmsr(T_MSR_STIMER0_COUNT, 1); /* long ago */
    wait_interrupt(seen);
}

/* Timer, message into its slot, interrupt, slot free again, EOM. */
static void run_message(void)
{
    uint64_t seen = interrupts;

    wrmsr(T_MSR_STIMER0_CONFIG, T_TIMER_SINT(SINT) | T_TIMER_ENABLE);
    wrmsr(T_MSR_STIMER0_COUNT, 1);
    wait_interrupt(seen);
    *(volatile uint32_t *)(volatile void *)(MESSAGE_PAGE + SINT * T_MESSAGE_BYTES) = 0;
    wrmsr(T_MSR_EOM, 0);
}

static void nothing(void)
{
    __asm__ volatile("");
}

/* Bits of EDX of the leaf of features. */
static uint32_t features(void)
{
    uint32_t eax = T_CPUID_FEATURES, ebx, ecx = 0, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return edx;
}

static const struct {
    const char *name;
    void (*run)(void);
    uint32_t needs; /* features() */
} operations[] = {
    {"fast hypercall (SignalEvent, unknown)", run_fast, 0},
    {"FlushVirtualAddressSpace", run_flush, 0},
    {"FlushVirtualAddressList of 1", run_flush_one, 0},
    {"FlushVirtualAddressList of 64", run_flush_list, 0},
    {"FlushVirtualAddressList of 509, a page", run_flush_most, 0},
    {"FlushVirtualAddressSpaceEx, one bank", run_flush_ex, 0},
    {"cluster IPI to itself, interrupt and EOI", run_ipi, 0},
    {"reference counter, register", run_counter, 0},
    {"reference counter, TSC page", run_page, 0},
    {"synthetic timer, programmed", run_timer_program, 0},
    {"synthetic timer, direct, interrupt and EOI", run_timer_direct, T_DIRECT_TIMERS},
    {"synthetic timer, message, interrupt and EOM", run_message, 0},
};

static void prepare(void)
{
    kit_traps_init();
    kit_interrupt_gate(VECTOR, bench_entry);
    *(volatile uint32_t *)APIC_SVR = 0x1ff;
    wrmsr(T_MSR_GUEST_OS_ID, 0x8100000000000001ull);
    wrmsr(T_MSR_HYPERCALL, (uintptr_t)CALL_PAGE | 1);
    wrmsr(T_MSR_REFERENCE_TSC, (uintptr_t)TIME_PAGE | 1);
    wrmsr(T_MSR_SIMP, (uintptr_t)MESSAGE_PAGE | 1);
    wrmsr(T_MSR_SCONTROL, 1);
    wrmsr(T_MSR_SINT0 + SINT, VECTOR);
    wrmsr(T_MSR_STIMER0_CONFIG, T_TIMER_DIRECT | T_TIMER_VECTOR(VECTOR) | T_TIMER_ENABLE);
    ((uint64_t *)(void *)INPUT)[2] = 1; /* the processor itself */
    ((uint64_t *)(void *)(INPUT + 512))[3] = 1;
    ((uint64_t *)(void *)(INPUT + 512))[4] = 1;
}

void kit_main(void)
{
    uint64_t rounds = kit_option("rounds", 5);
    uint64_t count = kit_option("count", 1000);
    uint64_t empty;

    prepare();
    empty = measure(nothing, rounds, count);
    kit_print("bench: kind hyperv\n");
    for (uint64_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if ((operations[i].needs & ~features()) != 0)
            continue;
        kit_print("bench: %lu %s = %lu\n", i, operations[i].name,
                  measure(operations[i].run, rounds, count) - empty);
    }
    kit_print("bench: done\n");
}
