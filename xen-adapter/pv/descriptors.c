/* Descriptor tables: set_gdt, SET_LDT, update_descriptor, and the windows that show them. */
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"

#define PAGE_DESCRIPTORS ((u32)(PAGE_SIZE / 8))
#define LDT_PAGES        16u
#define LDT_ENTRIES_MAX  (LDT_PAGES * PAGE_DESCRIPTORS)
#define GDT_PAGES        XEN_FIRST_RESERVED_GDT_PAGE

/* [APM2 4.8] */
#define DESCRIPTOR_TYPE    (15ull << 40)
#define DESCRIPTOR_MEMORY  BIT(44) /* code or data, not system */
#define DESCRIPTOR_DPL     (3ull << 45)
#define DESCRIPTOR_PRESENT BIT(47)
#define TYPE_CALL_GATE     (12ull << 40)
#define GATE_RING3         (3ull << 16) /* in its selector */
#define GATE_RESERVED      (0xffull << 32)

/* The CPU sets the accessed bit of a descriptor that it loads: the window is writable to it. */
#define WINDOW_FLAGS (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX)
#define ZERO_FLAGS   (PTE_P | PTE_A | PTE_NX)

/* A code selector of the guest's own: in its part of the GDT, in the LDT, or the flat one. */
static bool selector_is_guests(u32 selector)
{
    return (selector & 4) != 0 || selector == XEN_FLAT_RING3_CS64 ||
           selector >> 3 < XEN_FIRST_RESERVED_GDT_ENTRY;
}

/* Xen takes call gates but closes them to ring 3, so that it could carry them out itself. */
static bool gate_fix(u64 *descriptor)
{
    u64 value = *descriptor | GATE_RING3;

    if ((value & GATE_RESERVED) != 0 || !selector_is_guests((u32)(value >> 16) & 0xffff))
        return false;
    *descriptor = value & ~DESCRIPTOR_DPL;
    return true;
}

/*
 * A descriptor the guest may load: not present, an empty one, a call gate to its own code, or
 * code or data, whose DPL becomes 3. Anything else would lead into the shim.
 */
bool descriptor_fix(u64 *descriptor)
{
    u64 value = *descriptor;

    if ((value & DESCRIPTOR_PRESENT) == 0)
        return true;
    if ((value & DESCRIPTOR_MEMORY) != 0) {
        *descriptor = value | DESCRIPTOR_DPL;
        return true;
    }
    if ((value & DESCRIPTOR_TYPE) == TYPE_CALL_GATE)
        return gate_fix(descriptor);
    return (value & DESCRIPTOR_TYPE) == 0;
}

enum status segment_page_check(u64 number)
{
    u64 *page = frame_page(number);

    for (u32 i = 0; i < PAGE_DESCRIPTORS; i++) {
        u64 descriptor = page[i];

        if (!descriptor_fix(&descriptor))
            return ST_INVALID;
        if (descriptor != page[i])
            page[i] = descriptor;
    }
    return ST_OK;
}

static void window_set(struct pv_vcpu *vcpu, u32 page, u64 entry)
{
    vcpu->window[page] = entry;
    if (vcpu == this_vcpu())
        tlb_flush_page(WINDOW_VIRT + vcpu->id * WINDOW_STRIDE + page * PAGE_SIZE);
}

void mmu_vcpu_start(struct pv_vcpu *vcpu, u64 *window)
{
    vcpu->window = window;
    for (u32 i = 0; i < GDT_PAGES; i++)
        window[i] = mmu.zero.raw << PAGE_SHIFT | ZERO_FLAGS;
    for (u32 i = 0; i < LDT_PAGES; i++)
        window[GDT_WINDOW_PAGES + i] = 0;
    for (u32 i = 0; i < mmu.vcpu_count; i++)
        if (mmu.vcpu[i] == vcpu)
            return;
    if (mmu.vcpu_count < SHIM_VCPUS_MAX)
        mmu.vcpu[mmu.vcpu_count++] = vcpu;
}

/* ---- GDT --------------------------------------------------------------------------------- */

static void frames_put(const u64 *frames, u32 count)
{
    for (u32 i = 0; i < count; i++)
        frame_type_put(frames[i]);
}

static enum status frames_get(const u64 *frames, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        if (frame_type_get(frames[i], FRAME_SEGMENT) == ST_OK)
            continue;
        frames_put(frames, i);
        return ST_INVALID;
    }
    return ST_OK;
}

static u32 pages_of(u32 entries)
{
    return (entries + PAGE_DESCRIPTORS - 1) / PAGE_DESCRIPTORS;
}

enum status gdt_set_frames(struct pv_vcpu *vcpu, const u64 *frames, u32 entries)
{
    u32 count, old_count = pages_of(vcpu->gdt_entries);

    if (entries > XEN_FIRST_RESERVED_GDT_ENTRY)
        return ST_INVALID;
    count = pages_of(entries);
    TRY(frames_get(frames, count));
    for (u32 i = 0; i < GDT_PAGES; i++) {
        mfn_t old = vcpu->gdt_frame[i];

        vcpu->gdt_frame[i] = mfn(i < count ? frames[i] : 0);
        window_set(vcpu, i,
                   i < count ? frames[i] << PAGE_SHIFT | WINDOW_FLAGS
                             : mmu.zero.raw << PAGE_SHIFT | ZERO_FLAGS);
        if (i < old_count)
            frame_type_put(old.raw);
    }
    vcpu->gdt_entries = entries;
    return ST_OK;
}

enum status gdt_set(struct pv_vcpu *vcpu, u64 frame_list, u32 entries)
{
    u64 frames[GDT_PAGES];

    if (entries > XEN_FIRST_RESERVED_GDT_ENTRY)
        return ST_INVALID;
    if (entries > 0)
        TRY(words_from_guest(frames, frame_list, pages_of(entries)));
    return gdt_set_frames(vcpu, frames, entries);
}

/* ---- LDT: its pages enter the window when they are first used ------------------------ */

void ldt_drop_pages(struct pv_vcpu *vcpu)
{
    for (u32 i = 0; i < LDT_PAGES; i++) {
        u64 entry = vcpu->window[GDT_WINDOW_PAGES + i];

        if ((entry & PTE_P) == 0)
            continue;
        window_set(vcpu, GDT_WINDOW_PAGES + i, 0);
        frame_type_put(entry_frame(entry));
    }
}

enum status ldt_set(struct pv_vcpu *vcpu, u64 base, u64 entries)
{
    if ((base & PAGE_MASK) != 0 || entries > LDT_ENTRIES_MAX || !guest_range_ok(base, 1))
        return ST_INVALID;
    if (vcpu->ldt_base == base && vcpu->ldt_entries == entries)
        return ST_OK;
    ldt_drop_pages(vcpu);
    vcpu->ldt_base = base;
    vcpu->ldt_entries = (u32)entries;
    ldt_load(vcpu, WINDOW_VIRT + vcpu->id * WINDOW_STRIDE + WINDOW_LDT, (u32)entries);
    return ST_OK;
}

/* Offset of an address in the vCPU's LDT window; false if it is not there. */
static bool ldt_offset(const struct pv_vcpu *vcpu, u64 va, u64 *offset)
{
    *offset = va - (WINDOW_VIRT + vcpu->id * WINDOW_STRIDE + WINDOW_LDT);
    return *offset < LDT_PAGES * PAGE_SIZE;
}

static bool fault_ldt_locked(struct pv_vcpu *vcpu, u64 cr2)
{
    struct walk walk;
    u64 offset, entry;
    u32 page;

    if (!ldt_offset(vcpu, cr2, &offset) || offset >= (u64)vcpu->ldt_entries * 8)
        return false;
    page = GDT_WINDOW_PAGES + (u32)(offset / PAGE_SIZE);
    if ((vcpu->window[page] & PTE_P) != 0) /* there already: that was not the reason */
        return false;
    if (table_walk(vcpu->kernel_l4, vcpu->ldt_base + offset, &walk) != ST_OK)
        return false;
    entry = *walk.slot;
    if ((entry & PTE_P) == 0 || frame_type_get(entry_frame(entry), FRAME_SEGMENT) != ST_OK)
        return false;
    window_set(vcpu, page, (entry & PTE_FRAME) | WINDOW_FLAGS);
    return true;
}

bool mmu_fault_ldt(struct pv_vcpu *vcpu, u64 cr2)
{
    bool is_done;

    lock_take(&memory_lock);
    is_done = fault_ldt_locked(vcpu, cr2);
    lock_drop(&memory_lock);
    mmu_settle(vcpu);
    return is_done;
}

u64 mmu_fault_address(const struct pv_vcpu *vcpu, u64 cr2)
{
    u64 offset;

    return ldt_offset(vcpu, cr2, &offset) ? vcpu->ldt_base + offset : cr2;
}

/* ---- One descriptor ------------------------------------------------------------------ */

enum status descriptor_update(struct pv_vcpu *vcpu, u64 machine_address, u64 descriptor)
{
    u64 number = machine_address >> PAGE_SHIFT;
    enum frame_type type;
    u64 *slot;

    (void)vcpu;
    if ((machine_address & 7) != 0 || !frame_owned(number) || !descriptor_fix(&descriptor))
        return ST_INVALID;
    type = frame_is(number, FRAME_SEGMENT) ? FRAME_SEGMENT : FRAME_WRITABLE;
    TRY(frame_type_get(number, type));
    slot = (u64 *)frame_page(number) + (machine_address & PAGE_MASK) / 8;
    __atomic_store_n(slot, descriptor, __ATOMIC_RELAXED);
    frame_type_put(number);
    return ST_OK;
}
