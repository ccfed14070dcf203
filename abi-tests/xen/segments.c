/* set_segment_base and the MSRs that do the same. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"

#define NON_CANONICAL 0x8000000000000000ull
#define MSR_FS_BASE   0xc0000100u
#define MSR_GS_BASE   0xc0000101u
#define MSR_GS_USER   0xc0000102u

static long base_set(unsigned which, uint64_t value)
{
    return kit_hypercall(G_HYPERVISOR_set_segment_base, which, value, 0, 0);
}

static uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static void msr_write(uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(MSR_FS_BASE), "a"((uint32_t)value),
                     "d"((uint32_t)(value >> 32)));
}

static uint64_t fs_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%fs:0, %0" : "=r"(value));
    return value;
}

static uint64_t gs_read(void)
{
    uint64_t value;

    __asm__ volatile("movq %%gs:0, %0" : "=r"(value));
    return value;
}

TEST(segment_base, "segment-base", TEST_PV)
{
    const char *fs = "set_segment_base.FS", *kernel = "set_segment_base.GS_KERNEL";
    const char *user = "set_segment_base.GS_USER", *selector = "set_segment_base.GS_USER_SEL";
    static uint64_t one = 0x1234, two = 0x5678;

    expect(fs, "plain", base_set(G_SEGBASE_FS, (uintptr_t)&one), 0);
    expect_true(fs, "fs reads there", fs_read() == 0x1234);
    expect_true(fs, "the MSR agrees", msr_read(MSR_FS_BASE) == (uintptr_t)&one);
    expect(fs, "non-canonical", base_set(G_SEGBASE_FS, NON_CANONICAL), -G_EINVAL);
    expect_trap(fs, "the MSR takes a value", kit_try(msr_write, (uintptr_t)&two), KIT_NO_TRAP);
    expect_true(fs, "fs follows the MSR", fs_read() == 0x5678);
    expect_trap(fs, "the MSR refuses a non-canonical one", kit_try(msr_write, NON_CANONICAL),
                13);
    expect(kernel, "plain", base_set(G_SEGBASE_GS_KERNEL, (uintptr_t)&two), 0);
    expect_true(kernel, "gs reads there", gs_read() == 0x5678);
    expect_true(kernel, "the MSR agrees", msr_read(MSR_GS_BASE) == (uintptr_t)&two);
    expect(kernel, "non-canonical", base_set(G_SEGBASE_GS_KERNEL, NON_CANONICAL), -G_EINVAL);
    expect(user, "plain", base_set(G_SEGBASE_GS_USER, (uintptr_t)&one), 0);
    expect_true(user, "gs of the kernel stays", gs_read() == 0x5678);
    expect_true(user, "the MSR agrees", msr_read(MSR_GS_USER) == (uintptr_t)&one);
    expect(user, "non-canonical", base_set(G_SEGBASE_GS_USER, NON_CANONICAL), -G_EINVAL);
    expect(selector, "null", base_set(G_SEGBASE_GS_USER_SEL, 0), 0);
    expect_true(selector, "gs of the kernel stays", gs_read() == 0x5678);
    expect(selector, "flat", base_set(G_SEGBASE_GS_USER_SEL, G_FLAT_RING3_SS64), 0);
    expect(selector, "no such selector", base_set(G_SEGBASE_GS_USER_SEL, 0xfff3), 0);
    expect("set_segment_base", "unknown base", base_set(9, 0), -G_EINVAL);
}
