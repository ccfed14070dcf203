#include "hv/core/quota.h"
#include "hv/core/frame.h"
#include "hv/core/partition.h"
#include "hv/cpu/ptab.h"

#define QUOTA_BASE_PAGES 256u
#define QUOTA_SHIFT      12 /* one page for each 4096 of memory */

u64 quota_kernel_pages(const struct partition *p)
{
    return QUOTA_BASE_PAGES + (p->space.pages_max >> QUOTA_SHIFT);
}

enum status quota_page_alloc(struct partition *p, void **out)
{
    hpa_t frame;

    if (p->kernel_pages_used >= quota_kernel_pages(p))
        return ST_NO_MEMORY;
    TRY(frame_alloc(0, p->id, &frame));
    p->kernel_pages_used++;
    *out = phys_to_virt(frame);
    return ST_OK;
}

void quota_page_free(struct partition *p, void *page)
{
    frame_free(virt_to_phys(page), 0);
    p->kernel_pages_used--;
}
