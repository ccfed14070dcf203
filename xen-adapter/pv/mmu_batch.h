/* What mmu_update and mmuext_op have in common: a list, a count of successes, a foreign domain.
 */
#ifndef XEN_ADAPTER_PV_MMU_BATCH_H
#define XEN_ADAPTER_PV_MMU_BATCH_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct mmu_batch {
    u32 count;
    u32 next;           /* entries that succeeded */
    u32 done_before;    /* of an earlier part of the same call */
    u64 done;           /* guest address of the count of successes, 0 = not wanted */
    enum status denied; /* what each operation gets that needs the foreign domain */
};

/* Set in the count by who goes on with a call that was interrupted [xen]. */
#define MMU_BATCH_RESUMED (1u << 31)

/*
 * Decodes the arguments. ST_FAULT for a list outside the guest's addresses, ST_NO_PARTITION and
 * ST_INVALID for foreign domains. `denied` is ST_OK for DOMID_SELF.
 */
enum status mmu_batch_open(struct mmu_batch *batch, u64 list, u64 entry_bytes, u32 count,
                           u64 done, u32 foreign);

/* Tells the guest how many succeeded and returns `status`. */
enum status mmu_batch_close(struct mmu_batch *batch, enum status status);

#endif
