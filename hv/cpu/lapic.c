#include "hv/cpu/lapic.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/insn.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/trap.h"
#include "hv/cpu/tsc.h"
#include "hv/lib/print.h"

/* Registers by their xAPIC offset; the x2APIC MSR is 0x800 + offset / 16. [APM2 16.3, 16.11] */
enum lapic_register {
    LAPIC_ID = 0x20,
    LAPIC_TPR = 0x80,
    LAPIC_EOI = 0xb0,
    LAPIC_SPURIOUS = 0xf0,
    LAPIC_COMMAND = 0x300,
    LAPIC_COMMAND_HIGH = 0x310,
    LAPIC_LVT_TIMER = 0x320,
    LAPIC_LVT_LINT0 = 0x350,
    LAPIC_LVT_LINT1 = 0x360,
    LAPIC_LVT_ERROR = 0x370,
    LAPIC_TIMER_INITIAL = 0x380,
    LAPIC_TIMER_CURRENT = 0x390,
    LAPIC_TIMER_DIVIDE = 0x3e0
};

#define MSR_APIC_BASE     0x1bu
#define MSR_TSC_DEADLINE  0x6e0u
#define APIC_BASE_ENABLE  BIT(11)
#define APIC_BASE_X2APIC  BIT(10)
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
#define LVT_MASKED        0x10000u
#define LVT_TSC_DEADLINE  0x40000u
#define SPURIOUS_ENABLE   0x100u
#define DIVIDE_BY_1       0xbu
#define CALIBRATION_NS    2000000u
#define COMMAND_PENDING   0x1000u
#define COMMAND_INIT      0x4500u /* INIT, asserted */
#define COMMAND_STARTUP   0x4600u
#define COMMAND_FIXED     0x4000u
#define COMMAND_POLLS     1000000u

/* Set once by the boot CPU, then constant. */
static bool x2apic;
static bool tsc_deadline;
static volatile u8 *registers;
static u64 timer_khz;

static void lapic_write(enum lapic_register offset, u32 value)
{
    if (x2apic)
        insn_wrmsr(0x800u + (u32)offset / 16, value);
    else
        *(volatile u32 *)(volatile void *)(registers + offset) = value;
}

static u32 lapic_read(enum lapic_register offset)
{
    if (x2apic)
        return (u32)insn_rdmsr(0x800u + (u32)offset / 16);
    return *(volatile u32 *)(volatile void *)(registers + offset);
}

static void timer_calibrate(void)
{
    u64 begin = clock_now_ns();
    u32 left;
    u64 took;

    lapic_write(LAPIC_TIMER_INITIAL, UINT32_MAX);
    while (clock_now_ns() - begin < CALIBRATION_NS)
        insn_pause();
    left = lapic_read(LAPIC_TIMER_CURRENT);
    took = clock_now_ns() - begin;
    lapic_write(LAPIC_TIMER_INITIAL, 0);
    timer_khz = (u64)(UINT32_MAX - left) * 1000000 / took;
    if (timer_khz == 0)
        panic("the local APIC timer does not count; this machine cannot be used");
}

/* The calling CPU's APIC with everything masked. */
static void registers_set(void)
{
    u64 base = insn_rdmsr(MSR_APIC_BASE) | APIC_BASE_ENABLE;

    insn_wrmsr(MSR_APIC_BASE, base | (x2apic ? APIC_BASE_X2APIC : 0));
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LVT_MASKED);
    lapic_write(LAPIC_LVT_ERROR, LVT_MASKED);
    lapic_write(LAPIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
    lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
}

static void timer_enable(void)
{
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER | (tsc_deadline ? LVT_TSC_DEADLINE : 0));
}

void lapic_init(void)
{
    struct cpuid_leaf features = insn_cpuid(1, 0);
    u64 base = insn_rdmsr(MSR_APIC_BASE);

    x2apic = features.ecx & BIT(21);
    tsc_deadline = features.ecx & BIT(24);
    if (!x2apic && ptab_map_device(hpa(base & APIC_BASE_ADDRESS), PAGE_SIZE) != ST_OK)
        panic("the local APIC cannot be mapped");
    registers = phys_to_virt(hpa(base & APIC_BASE_ADDRESS));
    registers_set();
    if (!tsc_deadline)
        timer_calibrate();
    timer_enable();
}

void lapic_init_other(void)
{
    registers_set();
    timer_enable();
}

static void command(u32 apic_id, u32 value)
{
    if (x2apic) {
        insn_wrmsr(0x800u + LAPIC_COMMAND / 16, (u64)apic_id << 32 | value);
        return;
    }
    for (u32 polls = 0; polls < COMMAND_POLLS; polls++)
        if (!(lapic_read(LAPIC_COMMAND) & COMMAND_PENDING))
            break;
    lapic_write(LAPIC_COMMAND_HIGH, apic_id << 24);
    lapic_write(LAPIC_COMMAND, value);
}

void lapic_send(u32 apic_id, u8 vector)
{
    command(apic_id, COMMAND_FIXED | vector);
}

void lapic_send_init(u32 apic_id)
{
    command(apic_id, COMMAND_INIT);
}

void lapic_send_startup(u32 apic_id, u8 page)
{
    command(apic_id, COMMAND_STARTUP | page);
}

void lapic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

u32 lapic_id(void)
{
    return x2apic ? lapic_read(LAPIC_ID) : lapic_read(LAPIC_ID) >> 24;
}

void lapic_timer_arm(u64 deadline_ns)
{
    u64 now = clock_now_ns();
    u64 ticks;

    cpu_this()->timer_tsc =
        deadline_ns == UINT64_MAX ? UINT64_MAX : clock_to_tsc(MAX(deadline_ns, 1));
    if (deadline_ns == UINT64_MAX) {
        if (tsc_deadline)
            insn_wrmsr(MSR_TSC_DEADLINE, 0);
        else
            lapic_write(LAPIC_TIMER_INITIAL, 0);
        return;
    }
    if (tsc_deadline) {
        insn_wrmsr(MSR_TSC_DEADLINE, cpu_this()->timer_tsc);
        return;
    }
    /* A count too long for the register fires early; the scheduler then arms it again. */
    ticks =
        deadline_ns <= now ? 1 : MIN(deadline_ns - now, 1000000000u) * timer_khz / 1000000 + 1;
    lapic_write(LAPIC_TIMER_INITIAL, (u32)MIN(ticks, UINT32_MAX));
}

void lapic_timer_hasten(u64 ns)
{
    u64 soon = clock_now_ns() + ns;

    if (clock_to_tsc(soon) < cpu_this()->timer_tsc)
        lapic_timer_arm(soon);
}
