/* The reference counter, and the page that gives the same without an exit. [12.4, 12.7] */
#include "abi-tests/tlfs/tlfs.h"

struct tsc_page {
    uint32_t sequence, reserved;
    uint64_t scale;
    int64_t offset;
};

static uint64_t page_time(const volatile struct tsc_page *page)
{
    return (uint64_t)((unsigned __int128)kit_tsc() * page->scale >> 64) +
           (uint64_t)page->offset;
}

TEST(time_page, "time-page", TEST_HYPERV)
{
    const volatile struct tsc_page *page =
        (const volatile struct tsc_page *)(volatile void *)tlfs_page(3);
    bool ascends = true;
    uint64_t last, time;

    tlfs_begin();
    msr_write(T_MSR_REFERENCE_TSC, (uintptr_t)page | 1);
    expect_true("reference TSC", "valid", page->sequence != 0 && page->sequence != ~0u);
    last = msr_read(T_MSR_TIME_REF_COUNT);
    for (unsigned i = 0; i < 2000; i++) {
        time = i & 1 ? msr_read(T_MSR_TIME_REF_COUNT) : page_time(page);
        ascends = ascends && time >= last;
        last = time;
    }
    expect_true("reference TSC", "page and register in turn ascend", ascends);
    msr_write(T_MSR_REFERENCE_TSC, 0);
}

static void spin(uint64_t ticks)
{
    uint64_t begun = kit_tsc();

    while (kit_tsc() - begun < ticks)
        __asm__ volatile("pause");
}

/* One clock read outside of the other's span: whatever delays the guest, it is the longer one.
 */
TEST(time_rate, "time-rate", TEST_HYPERV)
{
    uint64_t hz = msr_read(T_MSR_TSC_FREQUENCY);
    uint64_t ticks, units, inner;

    units = msr_read(T_MSR_TIME_REF_COUNT);
    ticks = kit_tsc();
    spin(hz / 5);
    ticks = kit_tsc() - ticks;
    units = msr_read(T_MSR_TIME_REF_COUNT) - units;
    inner = ticks * 1000 / (hz / 10000);
    expect_true("msr.TIME_REF_COUNT", "not slower than the TSC", units + units / 1000 >= inner);

    ticks = kit_tsc();
    units = msr_read(T_MSR_TIME_REF_COUNT);
    spin(hz / 5);
    units = msr_read(T_MSR_TIME_REF_COUNT) - units;
    ticks = kit_tsc() - ticks;
    inner = ticks * 1000 / (hz / 10000);
    expect_true("msr.TIME_REF_COUNT", "not faster", units <= inner + inner / 1000);
}

TEST(idle, "idle", TEST_HYPERV)
{
    uint64_t begun;

    tlfs_begin();
    tlfs_interrupts_begin(0x61);
    begun = msr_read(T_MSR_TIME_REF_COUNT);
    /* Enabled last: with the count of an earlier test it would be due at once. */
    msr_write(T_MSR_STIMER0_CONFIG, 0);
    msr_write(T_MSR_STIMER0_COUNT, begun + 50000);
    msr_write(T_MSR_STIMER0_CONFIG, T_TIMER_DIRECT | T_TIMER_VECTOR(0x61) | T_TIMER_ENABLE);
    (void)msr_read(T_MSR_GUEST_IDLE); /* with interrupts off */
    expect_true("msr.GUEST_IDLE", "until the timer",
                msr_read(T_MSR_TIME_REF_COUNT) - begun >= 50000);
    expect_number("msr.GUEST_IDLE", "the interrupt still waits", tlfs_interrupts, 0);
    expect_number("msr.GUEST_IDLE", "and is taken", tlfs_wait(100000), 1);
}
