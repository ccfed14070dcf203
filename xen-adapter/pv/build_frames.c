/*
 * The p2m is free to place frames, so pages of the unpacked file and of the ramdisk become the
 * guest's where they lie; only edges, bss and tables are fresh.
 */
#include "hv/lib/string.h"
#include "xen-adapter/pv/build.h"
#include "xen-adapter/pv/memory.h"
#include "xen-adapter/pv/mmu.h"

void *build_page(const struct build *build, u64 pfn)
{
    return mfn_to_virt(mfn(build->p2m[pfn]));
}

static void frame_assign(const struct build *build, u64 pfn, u64 frame)
{
    build->p2m[pfn] = frame;
    *m2p_entry(mfn(frame)) = pfn;
}

/* A zeroed page behind the pfn, unless it has one. */
static u8 *frame_fresh(const struct build *build, u64 pfn)
{
    u64 base;

    if (build->p2m[pfn] != M2P_INVALID)
        return build_page(build, pfn);
    if (spans_take_low(&free_ram, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, &base) != ST_OK)
        shim_fail("kernel: it does not fit into this memory; give the guest more");
    frame_assign(build, pfn, base >> PAGE_SHIFT);
    memset(phys_to_direct(base), 0, PAGE_SIZE);
    return phys_to_direct(base);
}

/* ---- Kernel ------------------------------------------------------------------------------ */

struct placed {
    u64 start; /* guest bytes from pfn 0 */
    u64 file_end;
    u64 end;
    u64 source; /* physical, of the byte at start */
};

/* In place when the whole page is file content at a page boundary that nobody took yet. */
static bool page_in_place(const struct build *build, const struct placed *placed, u64 page)
{
    u64 source = placed->source + (page << PAGE_SHIFT) - placed->start;

    if (page << PAGE_SHIFT < placed->start || (page + 1) << PAGE_SHIFT > placed->file_end)
        return false;
    if ((source & PAGE_MASK) != 0 || build->p2m[page] != M2P_INVALID ||
        *m2p_entry(mfn(source >> PAGE_SHIFT)) != M2P_INVALID)
        return false;
    frame_assign(build, page, source >> PAGE_SHIFT);
    return true;
}

static void page_copy(const struct build *build, const struct placed *placed, u64 page)
{
    u8 *to = frame_fresh(build, page);
    u64 from = MAX(placed->start, page << PAGE_SHIFT);
    u64 end = MIN(placed->file_end, (page + 1) << PAGE_SHIFT);

    if (from < end)
        memcpy(to + (from & PAGE_MASK), phys_to_direct(placed->source + from - placed->start),
               end - from);
}

static void segment_place(const struct build *build, const struct elf_segment *segment)
{
    u64 first = segment->phys - build->notes.paddr_offset;
    struct placed placed = {
        .start = first,
        .file_end = first + segment->file_bytes,
        .end = first + segment->memory_bytes,
        .source = build->output.base + segment->offset,
    };

    for (u64 page = placed.start >> PAGE_SHIFT; page << PAGE_SHIFT < placed.end; page++)
        if (!page_in_place(build, &placed, page))
            page_copy(build, &placed, page);
}

static void kernel_place(const struct build *build)
{
    struct elf_segment segment;

    for (u32 i = 0; elf_segment_get(&build->image, i, &segment) == ST_OK; i++)
        if (segment.type == ELF_SEGMENT_LOAD && segment.memory_bytes != 0)
            segment_place(build, &segment);
}

/* ---- The rest ---------------------------------------------------------------------------- */

static void range_assign(const struct build *build, u64 pfn, u64 phys, u64 pages)
{
    for (u64 i = 0; i < pages; i++)
        frame_assign(build, pfn + i, (phys >> PAGE_SHIFT) + i);
}

static void special_assign(const struct build *build, u64 pfn, mfn_t frame)
{
    if (frame.raw != 0)
        frame_assign(build, pfn, frame.raw);
    else
        frame_fresh(build, pfn);
}

/* Unused frames of a region that was the file's or a module's go back. */
static void region_release(u64 base, u64 end)
{
    for (; base < end; base += PAGE_SIZE)
        if (*m2p_entry(mfn(base >> PAGE_SHIFT)) == M2P_INVALID)
            (void)spans_add(&free_ram, base, base + PAGE_SIZE);
}

/* Every pfn without a frame gets the next free one. */
static void frames_fill(const struct build *build)
{
    u64 pfn = 0;

    for (u32 i = 0; i < free_ram.count; i++) {
        const struct span *span = &free_ram.span[i];

        for (u64 frame = span->base >> PAGE_SHIFT; frame < span->end >> PAGE_SHIFT; frame++) {
            while (pfn < build->nr_pages && build->p2m[pfn] != M2P_INVALID)
                pfn++;
            if (pfn == build->nr_pages)
                return;
            frame_assign(build, pfn++, frame);
        }
    }
    while (pfn < build->nr_pages && build->p2m[pfn] != M2P_INVALID)
        pfn++;
    if (pfn != build->nr_pages)
        shim_fail("internal error: %lu frames counted, %lu found", build->nr_pages, pfn);
}

void frames_place(struct build *build)
{
    const struct pv_layout *layout = &build->layout;
    u64 list;

    if (spans_take_low(&free_ram, layout->p2m_pages << PAGE_SHIFT, PAGE_SIZE, PAGE_SIZE,
                       &list) != ST_OK)
        shim_fail("no room for the frame list of %lu pages; give the guest more memory",
                  layout->p2m_pages);
    build->p2m = phys_to_direct(list);
    memset(build->p2m, 0xff, layout->p2m_pages << PAGE_SHIFT);
    range_assign(build, layout->p2m, list, layout->p2m_pages);
    range_assign(build, layout->ramdisk, build->ramdisk.base, layout->ramdisk_pages);
    special_assign(build, layout->store, shim.domain.store_mfn);
    special_assign(build, layout->console, shim.domain.console_mfn);
    kernel_place(build);
    frame_fresh(build, layout->start_info);
    frame_fresh(build, layout->stack);
    for (u64 i = 0; i < layout->table_pages; i++)
        frame_fresh(build, layout->tables + i);
    for (u64 i = 0; i < layout->p2m_table_pages; i++)
        frame_fresh(build, layout->p2m_tables + i);
    region_release(build->output.base, align_up(build->output.end, PAGE_SIZE));
    frames_fill(build);
}

void frames_hand_over(const struct build *build)
{
    const struct domain_layout *domain = &shim.domain;
    u64 pfn = 0;

    for (u32 i = 0; i < domain->map_count; i++)
        if (domain->map[i].type == MEMORY_DISABLED)
            frame_kind_set(mfn(domain->map[i].base >> PAGE_SHIFT),
                           domain->map[i].size >> PAGE_SHIFT, FRAME_RELEASED);
    for (u32 i = 0; i < all_ram.count; i++)
        frame_kind_set(mfn(all_ram.span[i].base >> PAGE_SHIFT),
                       (all_ram.span[i].end - all_ram.span[i].base) >> PAGE_SHIFT, FRAME_SHIM);
    while (pfn < build->nr_pages) {
        u64 run = 1;

        while (pfn + run < build->nr_pages && build->p2m[pfn + run] == build->p2m[pfn] + run)
            run++;
        frame_kind_set(mfn(build->p2m[pfn]), run, FRAME_GUEST);
        pfn += run;
    }
    if (domain->console_mfn.raw != 0)
        frame_kind_set(domain->console_mfn, 1, FRAME_SPECIAL);
    if (domain->store_mfn.raw != 0)
        frame_kind_set(domain->store_mfn, 1, FRAME_SPECIAL);
    frame_kind_set(domain->shared_info, 1, FRAME_SPECIAL);
}
