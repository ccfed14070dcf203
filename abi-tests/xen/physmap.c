/* memory_op on the physical map of an HVM guest; a PV guest has none. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static uint8_t page[3][KIT_PAGE] __attribute__((aligned(4096)));

static long memory(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_memory_op, sub, (uintptr_t)argument, 0, 0);
}

static long add(uint32_t space, uint64_t idx, const void *at)
{
    struct g_add_to_physmap argument = {
        .domid = G_DOMID_SELF, .space = space, .idx = idx, .gpfn = (uintptr_t)at >> 12};

    return memory(G_XENMEM_add_to_physmap, &argument);
}

TEST(physmap_pv, "physmap-pv", TEST_PV | TEST_GUEST)
{
    struct g_remove_from_physmap gone = {.domid = G_DOMID_SELF,
                                         .gpfn = (uintptr_t)page[0] >> 12};
    const char *row = "memory_op.add_to_physmap", *away = "memory_op.remove_from_physmap";

    observe(row, "PV caller, shared_info", add(G_XENMAPSPACE_shared_info, 0, page[0]));
    observe(row, "PV caller, grant table", add(G_XENMAPSPACE_grant_table, 0, page[0]));
    observe(row, "PV caller, unknown space", add(99, 0, page[0]));
    observe(row, "unmapped", memory(G_XENMEM_add_to_physmap, (void *)KIT_UNMAPPED));
    observe(away, "PV caller", memory(G_XENMEM_remove_from_physmap, &gone));
    observe(away, "unmapped", memory(G_XENMEM_remove_from_physmap, (void *)KIT_UNMAPPED));
}

TEST(physmap_add, "physmap-add", TEST_PVH | TEST_GUEST)
{
    const char *row = "memory_op.add_to_physmap";
    struct g_add_to_physmap *cross = (void *)KIT_CROSS(sizeof(*cross));
    struct g_shared_info *shared = (void *)page[0];

    long result;

    kit_shared();
    result = add(G_XENMAPSPACE_shared_info, 0, page[0]);
    kit_shared_moved(page[0]);
    expect(row, "shared_info", result, 0);
    expect_true(row, "it is the shared_info", shared->wc_version != 0 || shared->wc_sec != 0);
    observe(row, "shared_info, index 1", add(G_XENMAPSPACE_shared_info, 1, page[1]));
    expect(row, "grant table", add(G_XENMAPSPACE_grant_table, 0, page[1]), 0);
    observe(row, "grant table beyond its maximum",
            add(G_XENMAPSPACE_grant_table, 0x7fffff, page[1]));
    observe(row, "grant status frame in version 1",
            add(G_XENMAPSPACE_grant_table, 0x80000000, page[1]));
    observe(row, "unknown space", add(99, 0, page[1]));
    observe(row, "frame without memory", add(G_XENMAPSPACE_gmfn, 0xabcdef, page[1]));
    page[2][9] = 0x5a;
    expect(row, "another frame of the guest",
           add(G_XENMAPSPACE_gmfn, (uintptr_t)page[2] >> 12, page[1]), 0);
    expect_true(row, "it moves there", page[1][9] == 0x5a);
    memset(cross, 0, sizeof(*cross));
    cross->domid = G_DOMID_INVALID;
    observe(row, "invalid domain, straddling", memory(G_XENMEM_add_to_physmap, cross));
    cross->domid = 0;
    observe(row, "control domain", memory(G_XENMEM_add_to_physmap, cross));
    expect(row, "torn", memory(G_XENMEM_add_to_physmap, KIT_TORN(24)), -G_EFAULT);
    expect(row, "unmapped", memory(G_XENMEM_add_to_physmap, (void *)KIT_UNMAPPED), -G_EFAULT);
}

TEST(physmap_remove, "physmap-remove", TEST_PVH | TEST_GUEST)
{
    const char *row = "memory_op.remove_from_physmap";
    struct g_remove_from_physmap gone = {.domid = G_DOMID_SELF,
                                         .gpfn = (uintptr_t)page[1] >> 12};

    expect(row, "a page", memory(G_XENMEM_remove_from_physmap, &gone), 0);
    expect(row, "again", memory(G_XENMEM_remove_from_physmap, &gone), -G_ENOENT);
    gone.gpfn = 0xabcdef;
    expect(row, "never there", memory(G_XENMEM_remove_from_physmap, &gone), -G_ENOENT);
    gone.gpfn = ~0ull;
    observe(row, "frame 2^64-1", memory(G_XENMEM_remove_from_physmap, &gone));
    gone.domid = G_DOMID_INVALID;
    observe(row, "invalid domain", memory(G_XENMEM_remove_from_physmap, &gone));
    gone.domid = 0;
    observe(row, "control domain", memory(G_XENMEM_remove_from_physmap, &gone));
    expect(row, "torn", memory(G_XENMEM_remove_from_physmap, KIT_TORN(16)), -G_EFAULT);
    expect(row, "unmapped", memory(G_XENMEM_remove_from_physmap, (void *)KIT_UNMAPPED),
           -G_EFAULT);
}
