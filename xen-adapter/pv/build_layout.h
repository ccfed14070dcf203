/*
 * Where a PV guest finds what at start of day, in its own frame numbers. Pure arithmetic.
 * [xen/xen.h, "Start-of-day memory layout"]
 */
#ifndef XEN_ADAPTER_PV_BUILD_LAYOUT_H
#define XEN_ADAPTER_PV_BUILD_LAYOUT_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct layout_wish {
    u64 virt_base;  /* pfn 0 is mapped here; 4 KiB aligned */
    u64 kernel_end; /* one past the last byte, counted from pfn 0 */
    u64 nr_pages;   /* frames of the guest */
    u64 ramdisk_pages;
    u64 init_p2m; /* virtual address, or LAYOUT_NONE: behind the kernel */
    bool ramdisk_mapped;
};

#define LAYOUT_NONE (~0ull)

/* All in pfns but for p2m_virt and virt_base. */
struct pv_layout {
    u64 virt_base;
    u64 kernel_end;
    u64 ramdisk;
    u64 ramdisk_pages;
    u64 p2m; /* first frame of the list */
    u64 p2m_pages;
    u64 p2m_virt;
    u64 p2m_tables; /* own page tables of init_p2m, behind the list; 0 frames without it */
    u64 p2m_table_pages;
    u64 start_info, store, console;
    u64 tables; /* the L4 first */
    u64 table_pages;
    u64 stack;
    u64 mapped_end; /* pfn 0 .. mapped_end - 1 are mapped from virt_base on */
    u64 end;        /* frames that the layout takes in all */
};

/*
 * ST_NO_MEMORY: the guest has too few frames; ST_RANGE: the mapped range would wrap or meet the
 * hypervisor's part of the address space.
 */
enum status layout_make(const struct layout_wish *wish, struct pv_layout *out);

static inline u64 layout_virt(const struct pv_layout *layout, u64 pfn)
{
    return layout->virt_base + (pfn << PAGE_SHIFT);
}

#endif
