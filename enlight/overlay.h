/*
 * A page of the hypervisor that covers a page of the guest: the guest's own bytes come back
 * when it is taken away or moved. [TLFS 5.2.1] Where the guest has memory the bytes are
 * exchanged and the frame is held; where it has none the page itself is mapped.
 */
#ifndef ENLIGHT_OVERLAY_H
#define ENLIGHT_OVERLAY_H

#include "hypercall/op.h"

struct tlfs_overlay {
    u8 *at;   /* what the guest sees; NULL while it is hidden */
    u8 *own;  /* a page of ours: the content while hidden, the guest's bytes while shown */
    u64 page; /* guest page number */
};

/* Shows it at a guest page, hiding it elsewhere first. ST_FAULT, ST_NO_MEMORY. */
enum status overlay_show(struct partition *p, struct tlfs_overlay *overlay, u64 page);
void overlay_hide(struct partition *p, struct tlfs_overlay *overlay);
/* As a register says: TLFS_PAGE_ENABLE and the page number from bit 12. */
enum status overlay_set(struct partition *p, struct tlfs_overlay *overlay, u64 value);

#endif
