/* xen_version and the numbers without a call. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"

static long version(uint64_t sub, uint64_t argument)
{
    return kit_hypercall(G_HYPERVISOR_xen_version, sub, argument, 0, 0);
}

/* A string or structure of this size: aligned, straddling, torn, unmapped, in the hypervisor.
 */
static void check_output(const char *row, unsigned sub, size_t size)
{
    static uint8_t buffer[2048];
    uint8_t *cross = KIT_CROSS(size);

    memset(buffer, 0xaa, sizeof(buffer));
    memset(cross, 0x55, size);
    expect(row, "plain", version(sub, (uintptr_t)buffer), 0);
    expect_true(row, "writes nothing behind its size",
                buffer[size] == 0xaa && buffer[size + 1] == 0xaa);
    expect(row, "straddling", version(sub, (uintptr_t)cross), 0);
    expect_true(row, "straddling writes the same",
                buffer[0] == cross[0] && buffer[size - 1] == cross[size - 1]);
    expect(row, "torn", version(sub, (uintptr_t)KIT_TORN(size)), -G_EFAULT);
    expect(row, "unmapped", version(sub, KIT_UNMAPPED), -G_EFAULT);
    expect(row, "hypervisor pointer", version(sub, KIT_HYPERVISOR), -G_EFAULT);
    observe(row, "non-canonical", version(sub, 0x8000000000000000ull));
}

TEST(version, "version", TEST_ALL)
{
    long number = version(G_XENVER_version, 0);
    uint32_t base = 0x40000000, eax, ebx, ecx, edx;

    expect_true("xen_version.version", "null argument: major 4", number >> 16 == 4);
    expect_true("xen_version.version", "argument is ignored",
                version(G_XENVER_version, KIT_UNMAPPED) == number);
    if (kit_kind == KIT_PVH) {
        base += 1;
        __asm__ volatile("cpuid" : "+a"(base), "=b"(ebx), "=c"(ecx), "=d"(edx) : "2"(0));
        eax = base;
        expect_true("xen_version.version", "agrees with CPUID", eax == (uint32_t)number);
    }
    expect("xen_version", "unknown sub-operation", version(77, 0), -G_ENOSYS);
    expect("xen_version", "sub-operation above 32 bits is cut",
           version(0x100000000ull, 0) == number, 1);
}

TEST(version_strings, "version-strings", TEST_ALL)
{
    static char text[64];
    bool ended = false;

    check_output("xen_version.extraversion", G_XENVER_extraversion, 16);
    check_output("xen_version.compile_info", G_XENVER_compile_info, 64 + 16 + 32 + 32);
    check_output("xen_version.changeset", G_XENVER_changeset, 64);
    check_output("xen_version.guest_handle", G_XENVER_guest_handle, 16);
    version(G_XENVER_extraversion, (uintptr_t)text);
    for (unsigned i = 0; i < 16; i++)
        ended |= text[i] == '\0';
    expect_true("xen_version.extraversion", "ended by zero", ended);
}

TEST(version_platform, "version-platform", TEST_ALL)
{
    const char *row = "xen_version.platform_parameters";
    uint64_t start = 1;

    check_output(row, G_XENVER_platform_parameters, 8);
    version(G_XENVER_platform_parameters, (uintptr_t)&start);
    if (kit_kind == KIT_PV)
        expect_true(row, "virt_start is the hypervisor's", start == G_MACH2PHYS_VIRT_START);
    else
        observe(row, "virt_start is zero", start == 0);
}

TEST(version_features, "version-features", TEST_ALL)
{
    const char *row = "xen_version.get_features";
    struct {
        uint32_t submap, features;
    } info = {0, 0}, *cross = (void *)KIT_CROSS(8);
    uint32_t pv = kit_kind == KIT_PV;

    expect(row, "submap 0", version(G_XENVER_get_features, (uintptr_t)&info), 0);
    expect_true(row, "auto_translated is PVH's",
                (info.features >> G_XENFEAT_auto_translated_physmap & 1) == !pv);
    expect_true(row, "hvm_callback_vector is PVH's",
                (info.features >> G_XENFEAT_hvm_callback_vector & 1) == !pv);
    expect_true(row, "hvm_safe_pvclock is PVH's",
                (info.features >> G_XENFEAT_hvm_safe_pvclock & 1) == !pv);
    expect_true(row, "never supervisor_mode_kernel",
                (info.features >> G_XENFEAT_supervisor_mode_kernel & 1) == 0);
    observe(row, "writable_page_tables", info.features >> G_XENFEAT_writable_page_tables & 1);
    observe(row, "mmu_pt_update_preserve_ad",
            info.features >> G_XENFEAT_mmu_pt_update_preserve_ad & 1);
    memset(cross, 0, sizeof(*cross));
    expect(row, "straddling", version(G_XENVER_get_features, (uintptr_t)cross), 0);
    info.submap = 1;
    expect(row, "submap 1", version(G_XENVER_get_features, (uintptr_t)&info), -G_EINVAL);
    expect(row, "unmapped", version(G_XENVER_get_features, KIT_UNMAPPED), -G_EFAULT);
    expect(row, "torn", version(G_XENVER_get_features, (uintptr_t)KIT_TORN(8)), -G_EFAULT);
}

TEST(version_pagesize, "version-pagesize", TEST_ALL)
{
    static uint8_t any;

    expect("xen_version.pagesize", "null", version(G_XENVER_pagesize, 0), 4096);
    expect("xen_version.pagesize", "any argument", version(G_XENVER_pagesize, (uintptr_t)&any),
           -G_EINVAL);
}

TEST(numbers, "numbers", TEST_ALL)
{
    expect("unassigned", "11", kit_hypercall(11, 0, 0, 0, 0), -G_ENOSYS);
    for (unsigned i = 43; i < 48; i++)
        expect("unassigned", "43-47", kit_hypercall(i, 0, 0, 0, 0), -G_ENOSYS);
    for (unsigned i = 50; i < 64; i++)
        expect(i < 56 ? "arch_2..arch_7" : "unassigned", "50-63", kit_hypercall(i, 0, 0, 0, 0),
               -G_ENOSYS);
}

TEST(console, "console", TEST_ALL | TEST_GUEST)
{
    static const char text[] = "";
    const char *row = "console_io.CONSOLEIO_write";

    observe(row, "empty text",
            kit_hypercall(G_HYPERVISOR_console_io, G_CONSOLEIO_write, 0, (uintptr_t)text, 0));
    observe(row, "unmapped",
            kit_hypercall(G_HYPERVISOR_console_io, G_CONSOLEIO_write, 8, KIT_UNMAPPED, 0));
}
