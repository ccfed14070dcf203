#include "xen-adapter/pv/build_layout.h"

#define LAYOUT_ROUND ((u64)4 << 20)   /* the mapping ends on this boundary ... */
#define LAYOUT_SLACK ((u64)512 << 10) /* ... and at least this far behind the stack */

#define HOLE_START    0xffff800000000000ull /* the hypervisor's */
#define HOLE_END      0xffff880000000000ull
#define CANONICAL_END 0x0000800000000000ull

/* Tables of one level whose entries span 1 << shift bytes each, for [start, last]. */
static u64 tables_of(u64 start, u64 last, u32 shift)
{
    return (last >> shift) - (start >> shift) + 1;
}

/* Everything below the L4. */
static u64 tables_below_l4(u64 start, u64 last)
{
    return tables_of(start, last, 39) + tables_of(start, last, 30) + tables_of(start, last, 21);
}

static bool range_allowed(u64 start, u64 last)
{
    if (last < start)
        return false;
    if (start < CANONICAL_END)
        return last < CANONICAL_END;
    return start >= HOLE_END;
}

static enum status tables_place(struct pv_layout *layout, u64 first)
{
    u64 last, bytes;

    layout->tables = first;
    layout->table_pages = 1;
    for (;;) {
        u64 pages;

        layout->stack = first + layout->table_pages;
        bytes = (layout->stack + 1) << PAGE_SHIFT;
        bytes = align_up(layout->virt_base + bytes + LAYOUT_SLACK, LAYOUT_ROUND) -
                layout->virt_base;
        last = layout->virt_base + bytes - 1;
        if (!range_allowed(layout->virt_base, last))
            return ST_RANGE;
        pages = 1 + tables_below_l4(layout->virt_base, last);
        if (pages <= layout->table_pages)
            break;
        layout->table_pages = pages;
    }
    layout->mapped_end = bytes >> PAGE_SHIFT;
    return ST_OK;
}

static enum status p2m_place_apart(struct pv_layout *layout, u64 virt, u64 first)
{
    u64 last = virt + (layout->p2m_pages << PAGE_SHIFT) - 1;

    if ((virt & PAGE_MASK) != 0 || !range_allowed(virt, last))
        return ST_RANGE;
    /* it must not share a table below the L4 with the kernel's mapping */
    if (virt >> 39 <= layout_virt(layout, layout->mapped_end - 1) >> 39 &&
        last >> 39 >= layout->virt_base >> 39)
        return ST_RANGE;
    layout->p2m_virt = virt;
    layout->p2m = first;
    layout->p2m_tables = first + layout->p2m_pages;
    layout->p2m_table_pages = tables_below_l4(virt, last);
    return ST_OK;
}

enum status layout_make(const struct layout_wish *wish, struct pv_layout *out)
{
    u64 next = align_up(wish->kernel_end, PAGE_SIZE) >> PAGE_SHIFT;

    *out = (struct pv_layout){
        .virt_base = wish->virt_base, .kernel_end = next, .ramdisk_pages = wish->ramdisk_pages};
    if ((wish->virt_base & PAGE_MASK) != 0)
        return ST_RANGE;
    if (next > wish->nr_pages || wish->ramdisk_pages > wish->nr_pages)
        return ST_NO_MEMORY;
    out->p2m_pages = align_up(wish->nr_pages * sizeof(u64), PAGE_SIZE) >> PAGE_SHIFT;
    if (wish->ramdisk_mapped) {
        out->ramdisk = next;
        next += wish->ramdisk_pages;
    }
    if (wish->init_p2m == LAYOUT_NONE) {
        out->p2m = next;
        out->p2m_virt = layout_virt(out, next);
        next += out->p2m_pages;
    }
    out->start_info = next++;
    out->store = next++;
    out->console = next++;
    TRY(tables_place(out, next));

    next = out->mapped_end;
    if (wish->init_p2m != LAYOUT_NONE) {
        TRY(p2m_place_apart(out, wish->init_p2m, next));
        next += out->p2m_pages + out->p2m_table_pages;
    }
    if (!wish->ramdisk_mapped) {
        out->ramdisk = next;
        next += wish->ramdisk_pages;
    }
    out->end = next;
    return next <= wish->nr_pages ? ST_OK : ST_NO_MEMORY;
}
