#include "hypercall/op_memory.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/quota.h"
#include "hv/core/share.h"

_Static_assert((int)NATIVE_READ == (int)SPACE_READ && (int)NATIVE_WRITE == (int)SPACE_WRITE &&
                   (int)NATIVE_EXEC == (int)SPACE_EXEC && (int)NATIVE_HOLES == (int)SHARE_HOLES,
               "same rights");

enum status op_memory_populate(struct partition *p, gpa_t at, u64 bytes)
{
    return space_populate(&p->space, at, bytes, SPACE_RAM);
}

enum status op_memory_remove(struct partition *p, gpa_t at, u64 bytes)
{
    return share_space_remove(p, at, bytes);
}

enum status op_memory_move(struct partition *p, gpa_t from, gpa_t to)
{
    return share_space_move(p, from, to);
}

enum status op_page_alloc(struct partition *p, void **page)
{
    return quota_page_alloc(p, page);
}

void op_page_free(struct partition *p, void *page)
{
    quota_page_free(p, page);
}

enum status op_memory_map_page(struct partition *p, void *page, gpa_t at)
{
    if (at.raw & PAGE_MASK)
        return ST_INVALID;
    TRY(op_memory_remove(p, at, PAGE_SIZE));
    return space_map(&p->space, at, virt_to_phys(page), PAGE_SIZE, SPACE_RAM);
}

enum status op_memory_unmap_page(struct partition *p, void *page, gpa_t at)
{
    hpa_t frame;
    u32 flags;

    TRY(space_find(&p->space, at, &frame, &flags));
    if (frame.raw != virt_to_phys(page).raw)
        return ST_NO_ENTRY;
    return space_remove(&p->space, gpa(align_down(at.raw, PAGE_SIZE)), PAGE_SIZE);
}

enum status op_memory_map_foreign(struct partition *p, gpa_t at, struct partition *lender,
                                  gpa_t lender_at, u32 flags)
{
    return share_map(lender, lender_at, p, at, 1, flags);
}

enum status op_memory_hold(struct partition *p, gpa_t at, void **pointer)
{
    hpa_t frame;

    TRY(space_hold(&p->space, at, &frame));
    *pointer = (u8 *)phys_to_virt(frame) + (at.raw & PAGE_MASK);
    return ST_OK;
}

void op_memory_unhold(struct partition *p, void *pointer)
{
    space_unhold(&p->space, virt_to_phys(pointer));
}

bool op_memory_is_present(struct partition *p, gpa_t at)
{
    hpa_t frame;
    u32 flags;

    return space_find(&p->space, at, &frame, &flags) == ST_OK;
}

u64 op_memory_pages(const struct partition *p)
{
    return p->space.pages;
}

u64 op_memory_pages_max(const struct partition *p)
{
    return p->space.pages_max;
}

u64 op_memory_highest_page(const struct partition *p)
{
    return p->space.highest_page == 0 ? 0 : p->space.highest_page - 1;
}

const struct native_memory_range *op_memory_layout(const struct partition *p, u32 *count)
{
    *count = (u32)(p->memory_map_bytes / sizeof(struct native_memory_range));
    return p->memory_map_page;
}
