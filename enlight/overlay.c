#include "enlight/overlay.h"
#include "enlight/abi/tlfs.h"
#include "hv/lib/string.h"

static void exchange(u8 *a, u8 *b)
{
    u8 piece[128];

    for (u64 i = 0; i < PAGE_SIZE; i += sizeof(piece)) {
        memcpy(piece, a + i, sizeof(piece));
        memcpy(a + i, b + i, sizeof(piece));
        memcpy(b + i, piece, sizeof(piece));
    }
}

static enum status own_make(struct partition *p, struct tlfs_overlay *overlay)
{
    void *page;

    if (overlay->own)
        return ST_OK;
    TRY(op_page_alloc(p, &page));
    overlay->own = page;
    return ST_OK;
}

/* Where there is no memory only the first 4 GiB: tables for a page cost memory, and stay. */
#define HOLE_LIMIT (BIT(32) >> PAGE_SHIFT)

enum status overlay_show(struct partition *p, struct tlfs_overlay *overlay, u64 page)
{
    gpa_t at = gpa(page << PAGE_SHIFT);
    void *frame;

    if (overlay->at && overlay->page == page)
        return ST_OK;
    TRY(own_make(p, overlay));
    overlay_hide(p, overlay);
    if (op_memory_hold(p, at, &frame) == ST_OK) {
        exchange(frame, overlay->own);
        overlay->at = frame;
    } else if (page < HOLE_LIMIT && !op_memory_is_present(p, at)) {
        TRY(op_memory_map_page(p, overlay->own, at));
        overlay->at = overlay->own;
    } else {
        return ST_FAULT;
    }
    overlay->page = page;
    return ST_OK;
}

void overlay_hide(struct partition *p, struct tlfs_overlay *overlay)
{
    if (!overlay->at)
        return;
    if (overlay->at == overlay->own) {
        (void)op_memory_unmap_page(p, overlay->own, gpa(overlay->page << PAGE_SHIFT));
    } else {
        exchange(overlay->at, overlay->own);
        op_memory_unhold(p, overlay->at);
    }
    overlay->at = NULL;
}

enum status overlay_set(struct partition *p, struct tlfs_overlay *overlay, u64 value)
{
    if (value & TLFS_PAGE_ENABLE)
        return overlay_show(p, overlay, value >> TLFS_PAGE_GFN);
    overlay_hide(p, overlay);
    return ST_OK;
}
