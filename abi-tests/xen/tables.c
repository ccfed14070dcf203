/* Page tables of a PV guest, entry by entry: mmu_update and update_va_mapping. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define PRESENT   1ull
#define WRITABLE  2ull
#define ADDRESS   0x000ffffffffff000ull
#define NO_FRAME  0xffffffffffull /* not even an address */
#define FAR_FRAME 0x3fffffffull   /* no memory there */

static uint64_t page[512] __attribute__((aligned(4096)));

static uint64_t slot_of(const void *address)
{
    uint64_t pte;

    return kit_pte_address(address, &pte);
}

static long update(uint64_t pointer, uint64_t value)
{
    struct g_mmu_update request = {pointer, value};

    return kit_hypercall(G_HYPERVISOR_mmu_update, (uintptr_t)&request, 1, 0, G_DOMID_SELF);
}

static long update_list(uint64_t list, uint64_t count, void *done, uint64_t domain)
{
    return kit_hypercall(G_HYPERVISOR_mmu_update, list, count, (uintptr_t)done, domain);
}

static long va(uint64_t address, uint64_t pte, uint64_t flags)
{
    return kit_hypercall(G_HYPERVISOR_update_va_mapping, address, pte, flags, 0);
}

TEST(va_mapping, "va-mapping", TEST_PV)
{
    const char *row = "update_va_mapping";
    uint64_t pte = kit_pte_of(page), own = pte & ADDRESS, at = (uintptr_t)page;
    uint64_t table = slot_of(page) & ADDRESS;

    expect(row, "the same", va(at, pte, G_UVMF_INVLPG), 0);
    expect(row, "read-only", va(at, own | PRESENT, G_UVMF_INVLPG), 0);
    expect(row, "nothing", va(at, 0, G_UVMF_INVLPG), 0);
    expect(row, "not present, any bits", va(at, 0xfff0000000000ffeull, G_UVMF_INVLPG), 0);
    expect(row, "a page table, read-only", va(at, table | PRESENT, G_UVMF_INVLPG), 0);
    expect(row, "a page table, writable", va(at, table | PRESENT | WRITABLE, G_UVMF_INVLPG),
           -G_EBUSY);
    expect(row, "no memory", va(at, FAR_FRAME << 12 | PRESENT, G_UVMF_INVLPG), -G_EPERM);
    expect(row, "no such frame", va(at, NO_FRAME << 12 | PRESENT, G_UVMF_INVLPG), -G_EINVAL);
    expect(row, "uncached", va(at, own | PRESENT | 0x10, G_UVMF_INVLPG), -G_EINVAL);
    expect(row, "back", va(at, pte, G_UVMF_INVLPG), 0);
    expect(row, "no L1 table there", va(1ull << 40, 0, 0), -G_EINVAL);
    expect(row, "hypervisor address", va(KIT_HYPERVISOR, 0, 0), -G_EINVAL);
    expect(row, "frame table", va(G_MACH2PHYS_VIRT_START, 0, 0), -G_EINVAL);
    expect(row, "non-canonical address", va(1ull << 47, 0, 0), -G_EINVAL);
    expect(row, "flush of all", va(at, pte, G_UVMF_TLB_FLUSH | G_UVMF_ALL), 0);
    expect(row, "flush kind 3", va(at, pte, 3), 0);
    expect(row, "flush by a bitmap of the hypervisor",
           va(at, pte, KIT_HYPERVISOR | G_UVMF_TLB_FLUSH), -G_EFAULT);
    expect_true(row, "the page is there", (page[0] = 5) == 5 && page[0] == 5);
}

TEST(mmu_update, "mmu-update", TEST_PV)
{
    const char *row = "mmu_update.MMU_NORMAL_PT_UPDATE";
    uint64_t pte = kit_pte_of(page), slot = slot_of(page), own = pte & ADDRESS;
    struct g_mmu_update list[3] = {{slot, pte}, {FAR_FRAME << 12, 0}, {slot, pte}};
    struct g_mmu_update *cross = (void *)(kit_edge() + KIT_PAGE - 8);
    struct g_mmu_update *torn = (void *)(kit_edge() + 2 * KIT_PAGE - 16);
    uint32_t done = 9;

    expect(row, "own entry", update(slot, pte), 0);
    expect(row, "plain memory", update(own + 8, 0x1234), 0);
    expect_true(row, "plain memory: written", page[1] == 0x1234);
    expect(row, "no memory", update(FAR_FRAME << 12, 0), -G_EINVAL);
    expect(row, "a page table, writable", update(slot, (slot & ADDRESS) | 3), -G_EBUSY);
    expect("mmu_update.MMU_PT_UPDATE_PRESERVE_AD", "own entry",
           update(slot | G_MMU_PT_UPDATE_PRESERVE_AD, pte & ~0x60ull), 0);
    expect_true("mmu_update.MMU_PT_UPDATE_PRESERVE_AD", "accessed and dirty stay",
                (kit_pte_of(page) & 0x60) == (pte & 0x60));
    expect("mmu_update.MMU_PT_UPDATE_PRESERVE_AD", "a page table, writable",
           update(slot | G_MMU_PT_UPDATE_PRESERVE_AD, (slot & ADDRESS) | 3), -G_EBUSY);
    expect("mmu_update.MMU_PT_UPDATE_PRESERVE_AD", "no memory",
           update(FAR_FRAME << 12 | G_MMU_PT_UPDATE_PRESERVE_AD, 0), -G_EINVAL);
    expect(row, "a list with a bad second",
           update_list((uintptr_t)list, 3, &done, G_DOMID_SELF), -G_EINVAL);
    expect(row, "done of it", done, 1);
    expect(row, "an empty list", update_list(0, 0, &done, G_DOMID_SELF), 0);
    expect(row, "done of it", done, 0);
    cross[0] = list[0];
    expect(row, "straddling", update_list((uintptr_t)cross, 1, &done, G_DOMID_SELF), 0);
    torn[0] = list[0];
    expect(row, "torn behind the first", update_list((uintptr_t)torn, 2, &done, G_DOMID_SELF),
           -G_EFAULT);
    expect(row, "done of it", done, 1);
    expect(row, "unmapped list", update_list(KIT_UNMAPPED, 1, NULL, G_DOMID_SELF), -G_EFAULT);
    expect(row, "hypervisor list", update_list(KIT_HYPERVISOR, 1, NULL, G_DOMID_SELF),
           -G_EFAULT);
    expect(row, "unmapped count",
           update_list((uintptr_t)list, 1, (void *)KIT_UNMAPPED, G_DOMID_SELF), 0);
    expect(row, "invalid domain", update_list((uintptr_t)list, 1, NULL, G_DOMID_INVALID),
           -G_ESRCH);
    observe(row, "control domain", update_list((uintptr_t)list, 1, NULL, 0));
}

TEST(mmu_upper, "mmu-upper", TEST_PV)
{
    const char *row = "mmu_update.MMU_NORMAL_PT_UPDATE";
    uint64_t top = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
    uint64_t l4 = kit_frame((const void *)(uintptr_t)top) << 12, own = kit_frame(page) << 12;

    expect(row, "L4 slot of the hypervisor", update(l4 + 256 * 8, 0), -G_EINVAL);
    expect(row, "last slot of the hypervisor", update(l4 + 271 * 8, 0), -G_EINVAL);
    expect(row, "L4 entry: nothing", update(l4 + 300 * 8, 0), 0);
    expect(row, "L4 entry: a writable page", update(l4 + 300 * 8, own | 0x27), -G_EINVAL);
    expect(row, "L4 entry: itself, read-only", update(l4 + 300 * 8, l4 | PRESENT), 0);
    expect(row, "L4 entry: itself, writable", update(l4 + 300 * 8, l4 | 3), -G_EINVAL);
    expect(row, "L4 entry: nothing again", update(l4 + 300 * 8, 0), 0);
}

TEST(machphys_update, "machphys-update", TEST_PV)
{
    const char *row = "mmu_update.MMU_MACHPHYS_UPDATE";
    const uint64_t *m2p = (const uint64_t *)G_MACH2PHYS_VIRT_START;
    uint64_t own = kit_frame(page) << 12, pfn = (uintptr_t)page >> 12;

    expect_true(row, "the table holds the frame's number", m2p[own >> 12] == pfn);
    expect(row, "another number", update(own | G_MMU_MACHPHYS_UPDATE, 0x1234), 0);
    expect_true(row, "the table holds it", m2p[own >> 12] == 0x1234);
    expect(row, "back", update(own | G_MMU_MACHPHYS_UPDATE, pfn), 0);
    expect(row, "no memory", update(FAR_FRAME << 12 | G_MMU_MACHPHYS_UPDATE, 0), -G_EINVAL);
}

TEST(mmu_pvh, "mmu-of-pvh", TEST_PVH)
{
    static const struct {
        const char *row;
        unsigned number;
    } calls[] = {{"set_trap_table", 0},
                 {"mmu_update.MMU_NORMAL_PT_UPDATE", 1},
                 {"set_gdt", 2},
                 {"stack_switch", 3},
                 {"set_callbacks", 4},
                 {"fpu_taskswitch", 5},
                 {"set_debugreg", 8},
                 {"get_debugreg", 9},
                 {"update_descriptor", 10},
                 {"update_va_mapping", 14},
                 {"set_segment_base.FS", 25},
                 {"callback_op.register:event", 30}};

    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        expect(calls[i].row, "HVM caller", kit_hypercall(calls[i].number, 0, 0, 0, 0),
               -G_ENOSYS);
    expect("iret", "HVM caller",
           kit_try((void (*)(uint64_t))(uintptr_t)(hypercall_page + 23 * 32), 0).vector, 6);
}
