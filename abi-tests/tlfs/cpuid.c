/* What CPUID says: the interface is there, whole, and shows a guest no right of a root. */
#include "abi-tests/tlfs/tlfs.h"

TEST(cpuid_identity, "cpuid-identity", TEST_HYPERV)
{
    struct tlfs_leaf vendor = tlfs_leaf(T_CPUID_VENDOR);

    expect_true("cpuid", "hypervisor present", tlfs_leaf(1).ecx >> 31);
    expect_true("cpuid", "vendor",
                vendor.ebx == T_VENDOR_EBX && vendor.ecx == T_VENDOR_ECX &&
                    vendor.edx == T_VENDOR_EDX);
    expect_true("cpuid", "leaves up to 0x40000005 at least",
                vendor.eax >= T_CPUID_LIMITS && vendor.eax <= 0x4000ffff);
    expect_true("cpuid", "interface", tlfs_leaf(T_CPUID_INTERFACE).eax == T_INTERFACE);
}

/* Two bits that belong together are set together. */
TEST(cpuid_profile, "cpuid-profile", TEST_HYPERV)
{
    struct tlfs_leaf features = tlfs_leaf(T_CPUID_FEATURES);
    uint32_t all = T_ACCESS_REFERENCE_COUNTER | T_ACCESS_SYNIC | T_ACCESS_TIMERS |
                   T_ACCESS_APIC | T_ACCESS_HYPERCALL | T_ACCESS_VP_INDEX |
                   T_ACCESS_REFERENCE_TSC | T_ACCESS_FREQUENCY;

    expect_true("cpuid", "privileges of an enlightened guest", (features.eax & all) == all);
    expect_true("cpuid", "frequency registers", features.edx & T_FREQUENCY_REGS);
    expect_true("cpuid", "direct timers", features.edx & T_DIRECT_TIMERS);
    expect_true("cpuid", "creates no partitions", !(features.ebx & T_CREATE_PARTITIONS));
    expect_true("cpuid", "relaxed timing", tlfs_leaf(T_CPUID_ADVICE).eax & 1u << 5);
    expect_true("cpuid", "processors", tlfs_leaf(T_CPUID_LIMITS).eax >= 1);
}
