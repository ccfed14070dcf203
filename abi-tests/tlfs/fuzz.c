/*
 * A hostile kernel: test=fuzz seed=N calls=N makes that many random hypercalls, accesses to
 * registers and CPUID leaves; beside them come ports, the I/O APIC, timers and self-sent
 * interrupts. It leaves out only what would end it: reset, crash notice, sleep register,
 * waiting without a timer.
 */
#include "abi-tests/tlfs/tlfs.h"

#define IOAPIC       0xfec00000ul
#define MSR_RESET    0x40000003u
#define ARENA_FIRST  4u
#define ARENA_PAGES  4u
#define REPORT_CALLS 100000u

/* What a step does; the first three count. */
enum kind { CALL, MSR, CPUID, PLATFORM, INTERRUPTS, KINDS };

static uint64_t state;
static uint64_t done[KINDS], traps;
static bool is_traced; /* trace=N: from the N-th on, to look at what a seed dies of */

#define TRACE(...) (is_traced ? kit_print("# " __VA_ARGS__) : (void)0)

static uint64_t any(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}

static uint32_t below(uint32_t limit)
{
    return (uint32_t)((any() >> 32) * limit >> 32);
}

static uint64_t arena(void)
{
    return (uintptr_t)tlfs_arena(ARENA_FIRST + below(ARENA_PAGES));
}

/* Pages of the arena, pages without memory, small numbers, bits, anything. */
static uint64_t value(void)
{
    switch (below(6)) {
    case 0:
        return arena() | below(4);
    case 1:
        return (0x10000000ull + below(0x10000) * KIT_PAGE) | below(4);
    case 2:
        return below(256);
    case 3:
        return 1ull << below(64);
    case 4:
        return any() >> below(64);
    default:
        return any();
    }
}

static uint32_t code(void)
{
    static const uint16_t built[] = {0x02, 0x03, 0x08, 0x0b, 0x13,
                                     0x14, 0x15, 0x5c, 0x5d, 0x8001};

    return below(4) ? built[below(10)] : (uint32_t)any() & 0xffff;
}

static void call_step(uint64_t unused)
{
    uint64_t control = code(), in = arena() + below(512) * 8, out = arena() + below(512) * 8;
    register uint64_t r8 __asm__("r8");

    (void)unused;
    control |= below(2) ? T_FAST : 0;
    control |= below(2) ? T_REPS(below(600)) : 0;
    control |= below(4) ? 0 : T_START(below(600));
    control |= below(2) ? T_BANKS(below(4)) : 0;
    control |= below(8) ? 0 : any() & ~0xffffull;
    if (below(8) == 0)
        in = value();
    for (unsigned i = 0; i < 6; i++)
        ((uint64_t *)(uintptr_t)(arena() & ~7ull))[below(512)] = value();
    r8 = below(8) ? out : value();
    TRACE("call %lx %lx %lx\n", control, in, r8);
    __asm__ volatile("vmmcall" : "+c"(control), "+d"(in), "+r"(r8)::"rax", "memory");
}

/* An overlay over our own image would be our own fault. */
static bool places_page(uint32_t msr)
{
    return msr == T_MSR_HYPERCALL || msr == T_MSR_REFERENCE_TSC ||
           msr == T_MSR_VP_ASSIST_PAGE || msr == T_MSR_SIEFP || msr == T_MSR_SIMP;
}

static uint64_t value_for(uint32_t msr)
{
    uint64_t wanted = value();

    if (places_page(msr))
        return below(2) ? arena() | below(2) : (0x10000000ull + below(0x1000) * KIT_PAGE) | 1;
    if (msr == T_MSR_CRASH_CTL || msr == MSR_RESET)
        return 0;
    if (msr == T_MSR_ICR) /* fixed, to whom it may concern */
        return wanted & ~0x700ull;
    return wanted;
}

static void msr_step(uint64_t unused)
{
    uint32_t msr = 0x40000000u + (below(4) ? below(0x120) : below(0x2000));
    uint64_t wanted = value_for(msr);

    (void)unused;
    TRACE("msr %x %lx\n", msr, wanted);
    if (below(3) && msr != T_MSR_GUEST_IDLE)
        __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)wanted),
                         "d"((uint32_t)(wanted >> 32))
                         : "memory");
    else if (msr != T_MSR_GUEST_IDLE)
        __asm__ volatile("rdmsr" ::"c"(msr) : "rax", "rdx");
}

static void platform_step(uint64_t unused)
{
    static const uint16_t ports[] = {0x3f9, 0x3fa, 0x3fb, 0x3fc, 0x3fe,
                                     0x3ff, 0x70,  0x71,  0x601};
    uint16_t port = ports[below(9)];
    uint8_t byte = (uint8_t)any();
    uint32_t word = (uint32_t)value();
    uint64_t at = IOAPIC + (below(2) ? below(2) * 0x10 : below(4096));

    (void)unused;
    TRACE("port %x %x, %lx %x\n", port, byte, at, word);
    switch (below(4)) {
    case 0:
        __asm__ volatile("outb %0, %1" ::"a"(byte), "d"(port));
        break;
    case 1:
        __asm__ volatile("inb %1, %0" : "=a"(byte) : "d"(port));
        break;
    case 2:
        __asm__ volatile("movl %0, (%1)" ::"r"(word), "r"(at) : "memory");
        break;
    default:
        __asm__ volatile("movl (%1), %0" : "=r"(word) : "r"(at) : "memory");
        break;
    }
}

static void cpuid_step(uint64_t unused)
{
    static const uint32_t bases[] = {0, T_CPUID_VENDOR, 0x40000100, 0x80000000};
    uint32_t leaf = below(8) ? bases[below(4)] + below(0x20) : (uint32_t)any();
    uint32_t ebx, ecx = below(2) ? below(8) : (uint32_t)value(), edx;

    (void)unused;
    TRACE("cpuid %x %x\n", leaf, ecx);
    __asm__ volatile("cpuid" : "+a"(leaf), "=b"(ebx), "+c"(ecx), "=d"(edx));
}

static void interrupts_step(uint64_t unused)
{
    (void)unused;
    __asm__ volatile("sti; nop; nop; cli");
}

static void step(void)
{
    static const struct {
        enum kind kind;
        void (*run)(uint64_t);
    } steps[] = {
        {CALL, call_step},         {CALL, call_step},
        {CALL, call_step},         {MSR, msr_step},
        {MSR, msr_step},           {CPUID, cpuid_step},
        {PLATFORM, platform_step}, {INTERRUPTS, interrupts_step},
    };
    uint32_t which = below(sizeof(steps) / sizeof(steps[0]));

    done[steps[which].kind]++;
    if (kit_try(steps[which].run, 0).vector != KIT_NO_TRAP)
        traps++;
}

static void sum_print(void)
{
    kit_print("# fuzz: %lu calls, %lu registers, %lu leaves, %lu ports, %lu traps\n",
              done[CALL], done[MSR], done[CPUID], done[PLATFORM], traps);
}

/* Its registers were played with: bytes could go into the divisor. */
static void serial_restore(void)
{
    __asm__ volatile("outb %b0, %w1" ::"a"(3), "d"(0x3fb));
}

static void begin_step(uint64_t unused)
{
    (void)unused;
    tlfs_begin();
}

TEST(fuzz, "fuzz", TEST_HYPERV | TEST_ALONE)
{
    uint64_t calls = kit_option("calls", 100000);
    uint64_t trace = kit_option("trace", ~0ull);

    state = kit_option("seed", 1) * 0x9e3779b97f4a7c15ull + 0x1234567;
    tlfs_begin();
    for (unsigned vector = 32; vector < 256; vector++)
        tlfs_interrupts_begin((uint8_t)vector);
    for (uint64_t i = 1; done[CALL] + done[MSR] + done[CPUID] < calls; i++) {
        is_traced = i >= trace;
        step();
        __asm__ volatile("cli"); /* an interrupt with the vector of an exception ends a step */
        if (i % 64 == 0 && kit_try(begin_step, 0).vector != KIT_NO_TRAP)
            test_error("the identity cannot be given again");
        if (i % REPORT_CALLS == 0 || is_traced)
            serial_restore();
        if (i % REPORT_CALLS == 0)
            sum_print();
    }
    serial_restore();
    sum_print();
    msr_write(T_MSR_SINT0, T_SINT_MASKED);
    expect_true("fuzz", "the guest is there afterwards", true);
}
