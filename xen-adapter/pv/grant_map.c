/*
 * map_grant_ref for a PV guest: L0 maps the frame at a place in the foreign window, then the
 * guest's own entry is written to point there.
 */
#include "xen-adapter/pv/grant_map.h"

#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

#define SLOTS_MAX  2048u
#define HANDLE_BAD 0xffffffffu

/* A place in the window; its index is the handle that the guest knows. */
struct grant_slot {
    u32 below; /* L0's handle */
    u32 flags; /* XEN_GNTMAP_*; 0: free */
    u64 host_addr;
};

static struct grant_slot slots[SLOTS_MAX];
static u32 slot_next;

static u32 slot_count(void)
{
    return (u32)MIN((u64)SLOTS_MAX, shim.domain.foreign_count - GRANT_WINDOW_FIRST);
}

static mfn_t slot_frame(u32 slot)
{
    return mfn(shim.domain.foreign.raw + GRANT_WINDOW_FIRST + slot);
}

static u32 slot_find(void)
{
    u32 count = slot_count();

    for (u32 i = 0; i < count; i++) {
        u32 slot = (slot_next + i) % count;

        if (slots[slot].flags == 0) {
            slot_next = slot + 1;
            return slot;
        }
    }
    return HANDLE_BAD;
}

static s16 below_map(const struct xen_gnttab_map_grant_ref *want, u32 slot)
{
    struct xen_gnttab_map_grant_ref map = {
        .host_addr = slot_frame(slot).raw << PAGE_SHIFT,
        .flags = XEN_GNTMAP_HOST_MAP | (want->flags & XEN_GNTMAP_READONLY),
        .ref = want->ref,
        .dom = want->dom,
    };

    if (l0_call(XENNR_grant_table_op, XENOP_grant_table_op_map_grant_ref, (u64)&map, 1, 0, 0) !=
        0)
        return XEN_GNTST_GENERAL_ERROR;
    slots[slot].below = map.handle;
    return map.status;
}

static void below_unmap(u32 slot)
{
    struct xen_gnttab_unmap_grant_ref unmap = {.host_addr = slot_frame(slot).raw << PAGE_SHIFT,
                                               .handle = slots[slot].below};

    (void)l0_call(XENNR_grant_table_op, XENOP_grant_table_op_unmap_grant_ref, (u64)&unmap, 1, 0,
                  0);
    frame_kind_set(slot_frame(slot), 1, FRAME_HOLE);
    slots[slot].flags = 0;
}

static enum status entry_write(const struct xen_gnttab_map_grant_ref *want, u32 slot)
{
    u64 entry = slot_frame(slot).raw << PAGE_SHIFT | PTE_P | PTE_US | PTE_A | PTE_D |
                ((want->flags & XEN_GNTMAP_READONLY) ? 0 : PTE_RW);

    if (want->flags & XEN_GNTMAP_CONTAINS_PTE)
        return mmu_foreign_map_pte(this_vcpu(), want->host_addr, entry);
    return mmu_foreign_map_va(this_vcpu(), want->host_addr, entry);
}

static void map(struct xen_gnttab_map_grant_ref *want)
{
    u32 slot = slot_find();

    want->handle = HANDLE_BAD;
    want->status = XEN_GNTST_NO_SPACE;
    if (slot == HANDLE_BAD)
        return;
    want->status = XEN_GNTST_BAD_GNTREF;
    if (!(want->flags & (XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_DEVICE_MAP)))
        return;
    want->status = below_map(want, slot);
    if (want->status != XEN_GNTST_OKAY)
        return;
    frame_kind_set(slot_frame(slot), 1, FRAME_FOREIGN);
    if ((want->flags & XEN_GNTMAP_HOST_MAP) && entry_write(want, slot) != ST_OK) {
        below_unmap(slot);
        want->status = XEN_GNTST_BAD_VIRT_ADDR;
        return;
    }
    slots[slot].flags = want->flags;
    slots[slot].host_addr = want->host_addr;
    want->handle = slot;
    want->dev_bus_addr = slot_frame(slot).raw << PAGE_SHIFT;
}

static s16 unmap(const struct xen_gnttab_unmap_grant_ref *want)
{
    struct pv_vcpu *vcpu = this_vcpu();
    struct grant_slot *slot = &slots[want->handle % SLOTS_MAX];
    enum status status = ST_OK;

    if (want->handle >= slot_count() || slot->flags == 0)
        return XEN_GNTST_BAD_HANDLE;
    if (slot->flags & XEN_GNTMAP_HOST_MAP) {
        if (want->host_addr != 0 && want->host_addr != slot->host_addr)
            return XEN_GNTST_BAD_VIRT_ADDR;
        status = (slot->flags & XEN_GNTMAP_CONTAINS_PTE)
                     ? mmu_foreign_unmap_pte(vcpu, slot->host_addr, slot_frame(want->handle), 0)
                     : mmu_foreign_unmap_va(vcpu, slot->host_addr, slot_frame(want->handle), 0);
    }
    if (status != ST_OK)
        return XEN_GNTST_GENERAL_ERROR;
    mmu_settle(vcpu);
    below_unmap(want->handle);
    return XEN_GNTST_OKAY;
}

static s64 map_one(void *element)
{
    map(element);
    return 0;
}

HANDLER(op_grant_table_op_map_grant_ref)
{
    struct xen_gnttab_map_grant_ref want;

    return grant_list(a1, a2, &want, sizeof(want), map_one);
}

static s64 unmap_one(void *element)
{
    struct xen_gnttab_unmap_grant_ref *want = element;

    want->status = unmap(want);
    return 0;
}

HANDLER(op_grant_table_op_unmap_grant_ref)
{
    struct xen_gnttab_unmap_grant_ref want;

    return grant_list(a1, a2, &want, sizeof(want), unmap_one);
}

/* The entry at host_addr is replaced by the one at new_addr, which becomes empty: rarely asked
 * for, and refused with the status of a mapping that cannot be changed. */
static s64 replace_one(void *element)
{
    ((struct xen_gnttab_unmap_and_replace *)element)->status = XEN_GNTST_GENERAL_ERROR;
    return 0;
}

HANDLER(op_grant_table_op_unmap_and_replace)
{
    struct xen_gnttab_unmap_and_replace want;

    return grant_list(a1, a2, &want, sizeof(want), replace_one);
}
