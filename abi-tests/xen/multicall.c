/* multicall: results in the list, one by one. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static long multicall(const void *list, uint64_t count)
{
    return kit_hypercall(G_HYPERVISOR_multicall, (uintptr_t)list, count, 0, 0);
}

TEST(multicall, "multicall", TEST_ALL)
{
    const char *row = "multicall";
    static struct g_multicall_entry list[300];
    struct g_multicall_entry *cross = (void *)(kit_edge() + KIT_PAGE - 64 - 24);
    struct g_multicall_entry *torn = (void *)(kit_edge() + 2 * KIT_PAGE - 64);
    long version = kit_hypercall(G_HYPERVISOR_xen_version, G_XENVER_version, 0, 0, 0);
    bool all = true;

    list[0] = (struct g_multicall_entry){.op = G_HYPERVISOR_xen_version, .result = 77};
    list[1] = (struct g_multicall_entry){.op = 60, .result = 77};
    list[2] = (struct g_multicall_entry){
        .op = G_HYPERVISOR_multicall, .result = 77, .args = {(uintptr_t)list, 1}};
    list[3] = (struct g_multicall_entry){
        .op = G_HYPERVISOR_xen_version, .result = 77, .args = {G_XENVER_pagesize}};
    expect(row, "four calls", multicall(list, 4), 0);
    expect_true(row, "result of the first", list[0].result == version);
    expect(row, "unknown number inside", list[1].result, -G_ENOSYS);
    observe(row, "multicall inside", list[2].result);
    expect(row, "result of the last", list[3].result, 4096);
    list[0].op = 1ull << 32 | G_HYPERVISOR_xen_version;
    list[0].result = 77;
    expect(row, "number above 32 bits", multicall(list, 1), 0);
    observe(row, "number above 32 bits: result",
            list[0].result == version ? 1 : list[0].result);
    expect(row, "no calls", multicall(list, 0), 0);
    cross[0] = list[3];
    cross[1] = list[3];
    cross[0].result = cross[1].result = 77;
    expect(row, "straddling", multicall(cross, 2), 0);
    expect_true(row, "straddling: results", cross[0].result == 4096 && cross[1].result == 4096);
    torn[0] = list[3];
    torn[0].result = 77;
    expect(row, "torn behind the first", multicall(torn, 2), -G_EFAULT);
    expect(row, "torn behind the first: its result", torn[0].result, 4096);
    expect(row, "unmapped", multicall((void *)KIT_UNMAPPED, 1), -G_EFAULT);
    expect(row, "hypervisor pointer", multicall((void *)KIT_HYPERVISOR, 1), -G_EFAULT);
    observe(row, "2^64-1 calls", multicall((void *)KIT_UNMAPPED, ~0ull));
    for (unsigned i = 0; i < 300; i++)
        list[i] = list[3], list[i].op = G_HYPERVISOR_xen_version, list[i].result = 77,
        list[i].args[0] = G_XENVER_pagesize;
    expect(row, "300 calls", multicall(list, 300), 0);
    for (unsigned i = 0; i < 300; i++)
        all &= list[i].result == 4096;
    expect_true(row, "300 results", all);
}
