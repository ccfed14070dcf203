#include "hv/lib/string.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/build.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/memory.h"

#define BOOT_TABLE (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)
#define BOOT_LEAF  (PTE_P | PTE_RW | PTE_US | PTE_A)

/* Tables taken in order from a run of pfns. */
struct table_pool {
    const struct build *build;
    u64 next;
    u64 end;
};

static u64 *table_below(struct table_pool *pool, u64 *table, u64 index)
{
    if ((table[index] & PTE_P) == 0) {
        if (pool->next == pool->end)
            shim_fail("internal error: the boot page tables were counted wrong");
        table[index] = pool->build->p2m[pool->next++] << PAGE_SHIFT | BOOT_TABLE;
    }
    return phys_to_direct(table[index] & PTE_FRAME);
}

static void page_map(struct table_pool *pool, u64 virt, u64 frame, u64 flags)
{
    u64 *table = build_page(pool->build, pool->build->layout.tables);

    for (u32 shift = 39; shift > 12; shift -= 9)
        table = table_below(pool, table, virt >> shift & 511);
    table[virt >> 12 & 511] = frame << PAGE_SHIFT | flags;
}

void boot_tables_write(const struct build *build)
{
    const struct pv_layout *layout = &build->layout;
    u64 tables_end = layout->tables + layout->table_pages;
    struct table_pool pool = {build, layout->tables + 1, tables_end};
    struct table_pool list_pool = {build, layout->p2m_tables,
                                   layout->p2m_tables + layout->p2m_table_pages};
    u64 *l4 = build_page(build, layout->tables);

    for (u64 pfn = 0; pfn < layout->mapped_end; pfn++) {
        bool is_table = pfn >= layout->tables && pfn < tables_end;

        page_map(&pool, layout_virt(layout, pfn), build->p2m[pfn],
                 is_table ? BOOT_LEAF & ~PTE_RW : BOOT_LEAF);
    }
    if (layout->p2m_table_pages != 0)
        for (u64 i = 0; i < layout->p2m_pages; i++)
            page_map(&list_pool, layout->p2m_virt + (i << PAGE_SHIFT),
                     build->p2m[layout->p2m + i], BOOT_LEAF);
    for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
        l4[SHIM_SLOT_FIRST + i] = shim.slots[i];
}

void start_info_write(const struct build *build)
{
    const struct pv_layout *layout = &build->layout;
    const struct domain_layout *domain = &shim.domain;
    struct xen_start_info *info = build_page(build, layout->start_info);

    string_copy(info->magic, "xen-3.0-x86_64", sizeof(info->magic));
    info->nr_pages = build->nr_pages;
    info->shared_info = domain->shared_info.raw << PAGE_SHIFT;
    info->store_mfn = build->p2m[layout->store];
    info->store_evtchn = domain->store_port;
    info->flags = start.flags & (XEN_SIF_PRIVILEGED | XEN_SIF_INITDOMAIN);
    if (info->flags == 0) {
        info->console.domU.mfn = build->p2m[layout->console];
        info->console.domU.evtchn = domain->console_port;
    }
    info->pt_base = layout_virt(layout, layout->tables);
    info->nr_pt_frames = layout->table_pages;
    info->mfn_list = layout->p2m_virt;
    if (layout->p2m_table_pages != 0) {
        info->first_p2m_pfn = layout->p2m;
        info->nr_p2m_frames = layout->p2m_pages + layout->p2m_table_pages;
    }
    if (build->ramdisk.bytes != 0) {
        info->mod_start = layout_virt(layout, layout->ramdisk);
        info->mod_len = build->ramdisk.bytes;
    }
    if (build->ramdisk.bytes != 0 && build->notes.modules_by_pfn) {
        info->flags |= XEN_SIF_MOD_START_PFN;
        info->mod_start = layout->ramdisk;
    }
    string_copy(info->cmd_line, start.cmdline, sizeof(info->cmd_line));
}

void hypercall_page_write(const struct build *build)
{
    u64 at = build->notes.hypercall_page;
    u64 page = (at - build->layout.virt_base) >> PAGE_SHIFT;

    if (at == KERNEL_NONE)
        return;
    if ((at & PAGE_MASK) != 0 || at < build->layout.virt_base ||
        page >= build->layout.kernel_end)
        shim_fail(
            "kernel: its HYPERCALL_PAGE note points outside its segments; install it again");
    hypercall_page_fill(build_page(build, page));
}

void registers_set(const struct build *build, struct pv_vcpu *vcpu)
{
    const struct pv_layout *layout = &build->layout;

    vcpu->regs.rip = build->notes.entry;
    vcpu->regs.rsp = layout_virt(layout, layout->stack + 1);
    vcpu->regs.rsi = layout_virt(layout, layout->start_info);
    vcpu->kernel_ss = PV_SS;
    vcpu->kernel_sp = vcpu->regs.rsp;
}
