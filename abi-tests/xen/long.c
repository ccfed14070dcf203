/* Long calls: what Xen does in pieces comes back whole, and the count is right. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define LONG  3000u
#define PAGES 128u

static uint8_t pages[PAGES][KIT_PAGE] __attribute__((aligned(4096)));

TEST(long_multicall, "long-multicall", TEST_ALL)
{
    static struct g_multicall_entry list[LONG];
    unsigned good = 0;

    for (unsigned i = 0; i < LONG; i++)
        list[i] = (struct g_multicall_entry){
            .op = G_HYPERVISOR_xen_version, .result = 77, .args = {G_XENVER_pagesize}};
    expect("multicall", "3,000 calls",
           kit_hypercall(G_HYPERVISOR_multicall, (uintptr_t)list, LONG, 0, 0), 0);
    for (unsigned i = 0; i < LONG; i++)
        good += list[i].result == 4096;
    expect("multicall", "3,000 results", good, LONG);
}

TEST(long_update, "long-update", TEST_PV)
{
    static struct g_mmu_update list[LONG];
    uint64_t pte, slot = kit_pte_address(pages[0], &pte);
    uint32_t done = 0;

    for (unsigned i = 0; i < LONG; i++)
        list[i] = (struct g_mmu_update){slot, i % 2 ? pte : pte & ~2ull};
    expect("mmu_update.MMU_NORMAL_PT_UPDATE", "3,000 entries",
           kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)list, LONG, (uintptr_t)&done,
                         G_DOMID_SELF),
           0);
    expect("mmu_update.MMU_NORMAL_PT_UPDATE", "3,000 entries: done", done, LONG);
    list[LONG - 1].ptr = 0x3fffffffull << 12;
    expect("mmu_update.MMU_NORMAL_PT_UPDATE", "bad last of 3,000",
           kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)list, LONG, (uintptr_t)&done,
                         G_DOMID_SELF),
           -G_EINVAL);
    expect("mmu_update.MMU_NORMAL_PT_UPDATE", "bad last of 3,000: done", done, LONG - 1);
    kit_map(pages[0], pte);
}

TEST(long_mmuext, "long-mmuext", TEST_PV)
{
    static struct g_mmuext_op list[LONG];
    uint32_t done = 0;

    for (unsigned i = 0; i < LONG; i++)
        list[i] = (struct g_mmuext_op){.cmd = G_MMUEXT_INVLPG_LOCAL, .arg1 = (uintptr_t)pages};
    expect("mmuext_op.INVLPG_LOCAL", "3,000 operations",
           kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)list, LONG, (uintptr_t)&done,
                         G_DOMID_SELF),
           0);
    expect("mmuext_op.INVLPG_LOCAL", "3,000 operations: done", done, LONG);
}

static long memory(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_memory_op, sub, (uintptr_t)argument, 0, 0);
}

/* Gives 128 pages back and takes them again, twice. */
TEST(long_ballooning, "long-ballooning", TEST_ALL | TEST_GUEST)
{
    static uint64_t list[PAGES];
    uint16_t self = G_DOMID_SELF;
    long before = memory(G_XENMEM_current_reservation, &self);
    struct g_memory_reservation extents = {
        .extent_start = (uintptr_t)list, .nr_extents = PAGES, .domid = G_DOMID_SELF};
    bool mapped = true;

    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < PAGES; i++) {
            list[i] = kit_frame(pages[i]);
            if (kit_kind == KIT_PV)
                kit_map(pages[i], 0);
        }
        expect("memory_op.decrease_reservation", "128 frames",
               memory(G_XENMEM_decrease_reservation, &extents), PAGES);
        for (unsigned i = 0; i < PAGES; i++)
            list[i] = (uintptr_t)pages[i] >> 12;
        expect("memory_op.populate_physmap", "128 frames",
               memory(G_XENMEM_populate_physmap, &extents), PAGES);
        for (unsigned i = 0; i < PAGES; i++)
            mapped &= kit_kind == KIT_PVH || kit_map(pages[i], list[i] << 12 | 0x63) == 0;
    }
    expect_true("memory_op.populate_physmap", "all of them map", mapped);
    expect("memory_op.populate_physmap", "reservation is back",
           memory(G_XENMEM_current_reservation, &self) - before, 0);
}

#define REGIONS      12u
#define REGION_PAGES 512u
#define REGION_FIRST 0x2000u /* 32 MiB */

/* Regions of 2 MiB emptied page by page, filled as one, and single pages taken out of them. */
TEST(long_regions, "long-regions", TEST_PVH | TEST_GUEST)
{
    const char *down = "memory_op.decrease_reservation", *up = "memory_op.populate_physmap";
    static uint64_t list[REGION_PAGES];
    uint16_t self = G_DOMID_SELF;
    long before = memory(G_XENMEM_current_reservation, &self), done[4] = {0};
    struct g_memory_reservation extents = {.extent_start = (uintptr_t)list,
                                           .domid = G_DOMID_SELF};

    for (unsigned i = 0; i < REGIONS; i++) {
        for (unsigned page = 0; page < REGION_PAGES; page++)
            list[page] = REGION_FIRST + i * REGION_PAGES + page;
        extents.nr_extents = REGION_PAGES;
        done[0] += memory(G_XENMEM_decrease_reservation, &extents);
    }
    for (unsigned step = 1; step < 4; step++)
        for (unsigned i = 0; i < REGIONS; i++) {
            list[0] = REGION_FIRST + i * REGION_PAGES + (step == 1 ? 0 : 5);
            extents.nr_extents = 1;
            extents.extent_order = step == 1 ? 9 : 0;
            done[step] +=
                memory(step == 2 ? G_XENMEM_decrease_reservation : G_XENMEM_populate_physmap,
                       &extents);
        }
    expect(down, "12 regions page by page", done[0], REGIONS * REGION_PAGES);
    expect(up, "12 extents of 2 MiB", done[1], REGIONS);
    expect(down, "a page of each", done[2], REGIONS);
    expect(up, "and again", done[3], REGIONS);
    expect(up, "reservation is back after regions",
           memory(G_XENMEM_current_reservation, &self) - before, 0);
}

/* A table of 512 entries, each the same page read-only: pinned, changed, unpinned. */
TEST(long_pin, "long-pin", TEST_PV)
{
    static uint64_t table[512] __attribute__((aligned(4096)));
    struct g_mmuext_op op = {.cmd = G_MMUEXT_PIN_L1_TABLE, .arg1 = kit_frame(table)};
    uint64_t pte = kit_pte_of(table), data = kit_pte_of(pages[0]);
    long result = 0;

    for (unsigned i = 0; i < 512; i++)
        table[i] = data;
    kit_map(table, pte & ~2ull);
    for (unsigned round = 0; round < 20; round++) {
        op.cmd = G_MMUEXT_PIN_L1_TABLE;
        result |= kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
        op.cmd = G_MMUEXT_UNPIN_TABLE;
        result |= kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
    }
    expect("mmuext_op.PIN_L1_TABLE", "512 writable entries, 20 times", result, 0);
    expect("mmuext_op.UNPIN_TABLE", "writable after it", kit_map(table, pte), 0);
    expect("mmuext_op.UNPIN_TABLE", "so is the page", kit_map(pages[0], data), 0);
}
