/* The frames of the grant table that a guest shares with us. */
#ifndef XEN_ADAPTER_GRANT_H
#define XEN_ADAPTER_GRANT_H

#include "xen-adapter/call.h"

struct xen_grant_place {
    void *page;
    u64 *gfn; /* where the guest has it now */
};

/* Frame idx of the table (bit 31: of the status table); the table grows up to it. -EINVAL. */
s64 xen_grant_frame_find(struct xen_call *call, u64 idx, struct xen_grant_place *out);

/* Xen's word, in an entry of an array of operations, for how one ended. */
s16 xen_grant_status(enum status status);

#endif
