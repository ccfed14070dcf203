/* Entries found by virtual address: update_va_mapping, and mappings of foreign frames. */
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/mmu.h"

static inline const u64 *table_of(u64 entry)
{
    return (const u64 *)(const void *)(mmu.direct + (entry & PTE_FRAME));
}

enum status table_walk(mfn_t l4, u64 va, struct walk *out)
{
    const u64 index = TABLE_ENTRIES - 1;
    u64 entry;

    if (l4.raw == 0 || shim_owns_virt(va) || (u64)((s64)(va << 16) >> 16) != va)
        return ST_FAULT;
    entry = table_of(l4.raw << PAGE_SHIFT)[(va >> 39) & index];
    if ((entry & PTE_P) == 0)
        return ST_FAULT;
    entry = table_of(entry)[(va >> 30) & index];
    if ((entry & PTE_P) == 0)
        return ST_FAULT;
    entry = table_of(entry)[(va >> 21) & index];
    if ((entry & PTE_P) == 0)
        return ST_FAULT;
    out->table = entry_frame(entry);
    out->slot = (u64 *)(void *)(mmu.direct + (entry & PTE_FRAME)) + ((va >> 12) & index);
    return ST_OK;
}

enum status mmu_walk(struct pv_vcpu *vcpu, enum pv_mode mode, u64 va, u64 *entry)
{
    struct walk walk;

    TRY(table_walk(mode == PV_USER ? vcpu->user_l4 : vcpu->kernel_l4, va, &walk));
    if ((*walk.slot & PTE_P) == 0)
        return ST_FAULT;
    *entry = *walk.slot;
    return ST_OK;
}

/* The vCPUs named by a bitmap in guest memory, bit n for vCPU n; those that exist. */
static enum status vcpus_read(u64 address, u32 *vcpus)
{
    u64 bitmap;

    TRY(words_from_guest(&bitmap, address, 1));
    *vcpus = (u32)bitmap;
    return ST_OK;
}

void flush_vcpus(u32 vcpus)
{
    struct pv_vcpu *own = this_vcpu();
    u32 others = vcpus & ~(u32)BIT(own->id);

    if (vcpus & BIT(own->id))
        own->flush |= FLUSH_ALL;
    if (others == 0 || mmu.vcpu_count == 1)
        return;
    own->flush |= FLUSH_OTHERS;
    own->flush_others |= others;
}

/* Of one page: at once here, with everything else on the others, who must stop for it anyway.
 */
void mmu_flush_page(struct pv_vcpu *vcpu, u64 va, u32 vcpus)
{
    u32 own = (u32)BIT(vcpu->id);

    flush_vcpus(vcpus & ~own);
    if ((vcpus & own) != 0 && guest_range_ok(va, 1))
        tlb_flush_page(va);
}

enum status mmu_flush_page_on(struct pv_vcpu *vcpu, u64 va, u64 bitmap_address)
{
    u32 vcpus;

    TRY(vcpus_read(bitmap_address, &vcpus));
    mmu_flush_page(vcpu, va, vcpus);
    return ST_OK;
}

enum status mmu_flush_on(u64 bitmap_address)
{
    u32 vcpus;

    TRY(vcpus_read(bitmap_address, &vcpus));
    flush_vcpus(vcpus);
    return ST_OK;
}

static enum status flush_by_flags(struct pv_vcpu *vcpu, u64 va, u64 flags)
{
    u64 who = flags & ~(u64)XEN_UVMF_FLUSHTYPE_MASK;
    u32 vcpus = (u32)BIT(vcpu->id);

    if ((flags & XEN_UVMF_FLUSHTYPE_MASK) == XEN_UVMF_NONE)
        return ST_OK;
    if (who == XEN_UVMF_ALL)
        vcpus = ~0u;
    else if (who != 0)
        TRY(vcpus_read(who, &vcpus));
    if ((flags & XEN_UVMF_FLUSHTYPE_MASK) == XEN_UVMF_TLB_FLUSH)
        flush_vcpus(vcpus);
    else if ((flags & XEN_UVMF_FLUSHTYPE_MASK) == XEN_UVMF_INVLPG)
        mmu_flush_page(vcpu, va, vcpus);
    return ST_OK;
}

/* The L1 entry of an address the guest names; ST_INVALID where there is no L1 table. */
static inline enum status l1_find(struct pv_vcpu *vcpu, u64 va, struct walk *walk)
{
    if (table_walk(vcpu->kernel_l4, va, walk) != ST_OK || !frame_is(walk->table, FRAME_L1))
        return ST_INVALID;
    return ST_OK;
}

enum status mmu_update_va(struct pv_vcpu *vcpu, u64 va, u64 entry, u64 flags)
{
    struct walk walk;

    TRY(l1_find(vcpu, va, &walk));
    TRY(entry_set_l1(walk.slot, entry, ENTRY_PLAIN));
    if (flags == XEN_UVMF_NONE)
        return ST_OK;
    if (flags == XEN_UVMF_INVLPG) {
        tlb_flush_page(va);
        return ST_OK;
    }
    return flush_by_flags(vcpu, va, flags);
}

enum status mmu_update_va_foreign(struct pv_vcpu *vcpu, u64 va, u64 entry, u64 flags,
                                  u32 domain)
{
    if (domain == XEN_DOMID_SELF)
        return mmu_update_va(vcpu, va, entry, flags);
    return domain == 0 ? ST_DENIED : ST_NO_PARTITION;
}

/* ---- Foreign frames ---------------------------------------------------------------------- */

static enum status foreign_map(u64 *slot, u64 entry)
{
    if ((entry & PTE_P) == 0 || frame_kind_get(mfn(entry_frame(entry))) != FRAME_FOREIGN)
        return ST_INVALID;
    return entry_set_l1(slot, entry, ENTRY_PLAIN);
}

static enum status foreign_unmap(u64 *slot, mfn_t frame, u64 entry)
{
    if ((*slot & PTE_P) == 0 || entry_frame(*slot) != frame.raw)
        return ST_INVALID;
    TRY(entry_set_l1(slot, entry, ENTRY_PLAIN));
    mmu_flush_request();
    return ST_OK;
}

static enum status l1_at(u64 machine_address, u64 **slot)
{
    u64 number = machine_address >> PAGE_SHIFT;

    if ((machine_address & 7) != 0 || !frame_owned(number) || !frame_is(number, FRAME_L1))
        return ST_INVALID;
    *slot = (u64 *)frame_page(number) + (machine_address & PAGE_MASK) / 8;
    return ST_OK;
}

enum status mmu_foreign_map_va(struct pv_vcpu *vcpu, u64 va, u64 entry)
{
    struct walk walk;

    TRY(l1_find(vcpu, va, &walk));
    return foreign_map(walk.slot, entry);
}

enum status mmu_foreign_map_pte(struct pv_vcpu *vcpu, u64 machine_address, u64 entry)
{
    u64 *slot;

    (void)vcpu;
    TRY(l1_at(machine_address, &slot));
    return foreign_map(slot, entry);
}

enum status mmu_foreign_unmap_va(struct pv_vcpu *vcpu, u64 va, mfn_t frame, u64 entry)
{
    struct walk walk;

    TRY(l1_find(vcpu, va, &walk));
    return foreign_unmap(walk.slot, frame, entry);
}

enum status mmu_foreign_unmap_pte(struct pv_vcpu *vcpu, u64 machine_address, mfn_t frame,
                                  u64 entry)
{
    u64 *slot;

    (void)vcpu;
    TRY(l1_at(machine_address, &slot));
    return foreign_unmap(slot, frame, entry);
}
