/* The synthetic registers: what can be read and written, what faults. */
#include "abi-tests/tlfs/tlfs.h"

#define GP 13

TEST(msr_identity, "msr-identity", TEST_HYPERV)
{
    uint8_t *page = tlfs_page(0);

    msr_write(T_MSR_GUEST_OS_ID, 0);
    msr_write(T_MSR_HYPERCALL, (uintptr_t)page | 1);
    expect_true("msr.HYPERCALL", "off without identity", !(msr_read(T_MSR_HYPERCALL) & 1));
    expect_true("msr.HYPERCALL", "memory untouched", page[0] == 0);
    tlfs_begin();
    expect_true("msr.HYPERCALL", "on", msr_read(T_MSR_HYPERCALL) & 1);
    expect_true("msr.GUEST_OS_ID", "reads back",
                msr_read(T_MSR_GUEST_OS_ID) == 0x8100000000000001ull);
    expect_number("msr.VP_INDEX", "first processor", (long)msr_read(T_MSR_VP_INDEX), 0);
}

/* The page covers the guest's own bytes, which come back. [5.2.1] */
TEST(msr_overlay, "msr-overlay", TEST_HYPERV)
{
    uint8_t *page = tlfs_page(1);

    page[0] = 0x5a;
    page[KIT_PAGE - 1] = 0xa5;
    msr_write(T_MSR_SIMP, (uintptr_t)page | 1);
    expect_true("msr.SIMP", "zeroes while on", page[0] == 0 && page[KIT_PAGE - 1] == 0);
    msr_write(T_MSR_SIMP, 0);
    expect_true("msr.SIMP", "own bytes when off",
                page[0] == 0x5a && page[KIT_PAGE - 1] == 0xa5);
}

TEST(msr_faults, "msr-faults", TEST_HYPERV)
{
    uint64_t value;

    expect_trap("msr.VP_INDEX", "write", msr_write_try(T_MSR_VP_INDEX, 1), GP);
    expect_trap("msr.TIME_REF_COUNT", "write", msr_write_try(T_MSR_TIME_REF_COUNT, 1), GP);
    expect_trap("msr.TSC_FREQUENCY", "write", msr_write_try(T_MSR_TSC_FREQUENCY, 1), GP);
    expect_trap("msr.SVERSION", "write", msr_write_try(T_MSR_SVERSION, 1), GP);
    expect_trap("msr.EOI", "read", msr_read_try(T_MSR_EOI, &value), GP);
    expect_trap("msr.SINT0", "vector 15", msr_write_try(T_MSR_SINT0 + 3, 15), GP);
    expect_trap("msr.SINT0", "vector 15, masked",
                msr_write_try(T_MSR_SINT0 + 3, 15 | T_SINT_MASKED), KIT_NO_TRAP);
    expect_trap("msr", "unknown, read", msr_read_try(0x40000004, &value), GP);
    expect_trap("msr", "unknown, write", msr_write_try(0x400000a0, 0), GP);
    expect_trap("msr", "debugger", msr_read_try(0x400000f1, &value), GP);
}

TEST(msr_plain, "msr-plain", TEST_HYPERV)
{
    expect_number("msr.SVERSION", "read", (long)msr_read(T_MSR_SVERSION), 1);
    expect_number("msr.EOM", "read", (long)msr_read(T_MSR_EOM), 0);
    expect_true("msr.SINT0", "masked after reset", msr_read(T_MSR_SINT0 + 15) & T_SINT_MASKED);
    expect_true("msr.TSC_FREQUENCY", "plausible", msr_read(T_MSR_TSC_FREQUENCY) > 100000000);
    expect_true("msr.APIC_FREQUENCY", "plausible", msr_read(T_MSR_APIC_FREQUENCY) > 1000000);
    expect_true("msr.VP_RUNTIME", "advances",
                msr_read(T_MSR_VP_RUNTIME) <= msr_read(T_MSR_VP_RUNTIME));
    msr_write(T_MSR_CRASH_P0 + 2, 0x1234);
    expect_number("msr.CRASH_P0", "third reads back", (long)msr_read(T_MSR_CRASH_P0 + 2),
                  0x1234);
    expect_true("msr.CRASH_CTL", "offers a notice", msr_read(T_MSR_CRASH_CTL) >> 63);
    msr_write(T_MSR_TPR, 0x20);
    expect_number("msr.TPR", "reads back", (long)msr_read(T_MSR_TPR), 0x20);
    msr_write(T_MSR_TPR, 0);
}
