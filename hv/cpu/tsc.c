#include "hv/cpu/tsc.h"
#include "hv/cpu/insn.h"
#include "hv/lib/print.h"

#define PM_TIMER_HZ    3579545u
#define PM_TIMER_MASK  0xffffffu
#define PIT_HZ         1193182u
#define PIT_CHANNEL2   0x42u
#define PIT_COMMAND    0x43u
#define PIT_GATE       0x61u
#define CALIBRATION_MS 50u
#define MARK_TRIES     16u

/* Set once by the boot CPU, then constant. */
static u64 khz;
static u64 epoch;
static struct tsc_scale scale;

/* Leaf 0x15: TSC = crystal * ebx / eax. [SDM2A CPUID] */
static u64 khz_from_cpuid(void)
{
    struct cpuid_leaf ratio;

    if (insn_cpuid(0, 0).eax < 0x15)
        return 0;
    ratio = insn_cpuid(0x15, 0);
    if (ratio.eax == 0 || ratio.ebx == 0 || ratio.ecx == 0)
        return 0;
    return (u64)ratio.ecx * ratio.ebx / ratio.eax / 1000;
}

/* Both clocks at one moment. */
struct tsc_mark {
    u64 tsc;
    u32 timer;
};

/* Reading a port may take long, and whatever is below us may stop in between: of several tries
 * the quickest counts. */
static struct tsc_mark mark_take(u16 port)
{
    struct tsc_mark mark = {0};
    u64 least = ~(u64)0;

    for (u32 i = 0; i < MARK_TRIES; i++) {
        u64 begin = insn_rdtsc();
        u32 timer = insn_in32(port) & PM_TIMER_MASK;
        u64 took = insn_rdtsc() - begin;

        if (took < least) {
            least = took;
            mark = (struct tsc_mark){begin + took / 2, timer};
        }
    }
    return mark;
}

static u64 khz_from_pm_timer(u16 port)
{
    u32 wanted = PM_TIMER_HZ * CALIBRATION_MS / 1000;
    struct tsc_mark first = mark_take(port);
    struct tsc_mark last;
    u64 polls = 0;

    while (((insn_in32(port) - first.timer) & PM_TIMER_MASK) < wanted)
        if (++polls > 50000000)
            return 0;
    last = mark_take(port);
    return (last.tsc - first.tsc) * PM_TIMER_HZ / ((last.timer - first.timer) & PM_TIMER_MASK) /
           1000;
}

static u64 khz_from_pit(void)
{
    u32 count = PIT_HZ * CALIBRATION_MS / 1000;
    u64 begin;

    insn_out8(PIT_GATE, (u8)((insn_in8(PIT_GATE) & ~2u) | 1u));
    insn_out8(PIT_COMMAND, 0xb0);
    insn_out8(PIT_CHANNEL2, (u8)count);
    insn_out8(PIT_CHANNEL2, (u8)(count >> 8));
    begin = insn_rdtsc();
    while (!(insn_in8(PIT_GATE) & 0x20))
        insn_pause();
    return (insn_rdtsc() - begin) / CALIBRATION_MS;
}

/* The largest multiplier below 2^32 for 10^6 / khz. */
static struct tsc_scale scale_make(u64 frequency_khz)
{
    struct tsc_scale made = {.shift = 0};
    u64 frequency = frequency_khz * 1000;

    while (frequency > 2000000000u) {
        frequency >>= 1;
        made.shift--;
    }
    while (frequency <= 1000000000u) {
        frequency <<= 1;
        made.shift++;
    }
    made.mul = (u32)(((u64)1000000000 << 32) / frequency);
    return made;
}

void tsc_init(u16 pm_timer_port)
{
    khz = khz_from_cpuid();
    if (khz == 0 && pm_timer_port != 0)
        khz = khz_from_pm_timer(pm_timer_port);
    if (khz == 0)
        khz = khz_from_pit();
    if (khz == 0)
        panic("the TSC's frequency cannot be measured");
    scale = scale_make(khz);
    epoch = insn_rdtsc();
}

u64 tsc_read(void)
{
    return insn_rdtsc();
}

u64 tsc_khz(void)
{
    return khz;
}

struct tsc_scale tsc_scale_get(void)
{
    return scale;
}

u64 tsc_to_ns(u64 ticks)
{
    u64 shifted = scale.shift < 0 ? ticks >> -scale.shift : ticks << scale.shift;

    return (u64)((unsigned __int128)shifted * scale.mul >> 32);
}

u64 ns_to_tsc(u64 ns)
{
    u64 seconds = ns / 1000000000u;

    return seconds * khz * 1000 + (ns % 1000000000u) * khz / 1000000;
}

u64 clock_now_ns(void)
{
    return tsc_to_ns(insn_rdtsc() - epoch);
}

u64 clock_to_tsc(u64 ns)
{
    return epoch + ns_to_tsc(ns) + 1;
}

u64 clock_epoch_tsc(void)
{
    return epoch;
}
