/* What the MMU does to the CPU, and where its tables lie in the shim's address space. */
#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/insn.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/offsets.h"

void mmu_start(mfn_t zero)
{
    mmu = (struct mmu){
        .direct = (u8 *)DIRECT_VIRT,
        .frames = (struct frame *)FRAME_TABLE_VIRT,
        .mfn_end = shim.domain.mfn_end,
        .zero = zero,
    };
    for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
        mmu.slots[i] = shim.slots[i];
}

void tlb_flush_page(u64 va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

void tlb_flush_all(void)
{
    u64 cr3;

    __asm__ volatile("mov %%cr3, %0\n\tmov %0, %%cr3" : "=r"(cr3) : : "memory");
}

void cr3_load(mfn_t l4)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(l4.raw << PAGE_SHIFT) : "memory");
}

void cache_flush(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}

void smap_disable(struct pv_vcpu *vcpu)
{
    shim.smep_smap &= ~CR4_SMAP;
    cpu_cr4_load(vcpu);
}

/* [APM2 4.8.3] system descriptor of 16 bytes, type LDT */
#define LDT_PRESENT (0x82ull << 40)

void ldt_load(struct pv_vcpu *vcpu, u64 base, u32 entries)
{
    u64 *slot = (u64 *)(WINDOW_VIRT + vcpu->id * WINDOW_STRIDE + WINDOW_GDT + SHIM_LDT);
    u64 limit = (u64)entries * 8 - 1;
    u16 selector = entries != 0 ? SHIM_LDT : 0;

    if (entries != 0) {
        slot[0] = (limit & 0xffff) | (base & 0xffffff) << 16 | LDT_PRESENT |
                  ((base >> 24) & 0xff) << 56;
        slot[1] = base >> 32;
    }
    if (vcpu == this_vcpu())
        __asm__ volatile("lldt %0" : : "r"(selector));
}

/* The M2P is read-only where the guest sees it; its pages are written through the direct map.
 */
u64 *m2p_slot(mfn_t frame)
{
    u64 va = M2P_VIRT + frame.raw * sizeof(u64);
    u64 entry = mmu.slots[0];

    for (u32 shift = 30; shift >= PAGE_SHIFT; shift -= 9) {
        if ((entry & PTE_P) == 0)
            return NULL;
        entry = ((const u64 *)frame_page(entry_frame(entry)))[(va >> shift) & 511];
        if ((entry & PTE_PS) != 0 && shift == 21)
            return (u64 *)(mmu.direct + (entry & PTE_FRAME & ~(LARGE_PAGE_SIZE - 1)) +
                           (va & (LARGE_PAGE_SIZE - 1)));
    }
    if ((entry & PTE_P) == 0)
        return NULL;
    return (u64 *)(mmu.direct + (entry & PTE_FRAME) + (va & PAGE_MASK));
}
