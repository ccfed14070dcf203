/* What mmu_update and mmuext_op have in common: a list, a count of successes, a foreign domain.
 */
#ifndef XEN_ADAPTER_PV_MMU_BATCH_H
#define XEN_ADAPTER_PV_MMU_BATCH_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/guest_copy.h"

struct mmu_batch {
    u32 count;
    u32 next;   /* entries that succeeded */
    u32 before; /* of an earlier part of the same call */
    u64 done;   /* guest address of the count of successes, 0 = not wanted */
};

/* Set in the count by who goes on with a call that was interrupted [xen]. */
#define MMU_BATCH_RESUMED (1u << 31)

/* The rarer parts of mmu_batch_open. */
enum status mmu_batch_foreign(u32 foreign);
enum status mmu_batch_resume(struct mmu_batch *batch);

/*
 * Decodes the arguments. ST_FAULT for a list outside the guest's addresses, ST_NO_PARTITION,
 * ST_DENIED and ST_INVALID for foreign domains.
 */
static inline enum status mmu_batch_open(struct mmu_batch *batch, u64 list, u64 entry_bytes,
                                         u32 count, u64 done, u32 foreign)
{
    batch->count = count;
    batch->next = 0;
    batch->before = 0;
    batch->done = done;
    if (__builtin_expect((count & MMU_BATCH_RESUMED) != 0, 0))
        TRY(mmu_batch_resume(batch));
    /* A single entry is checked when it is read. */
    if (batch->count > 1 && !guest_range_ok(list, batch->count * entry_bytes))
        return ST_FAULT;
    if (__builtin_expect(foreign != XEN_DOMID_SELF, 0))
        return mmu_batch_foreign(foreign);
    return ST_OK;
}

/*
 * Tells the guest how many succeeded and returns `status`. Like Xen: a count that cannot be
 * told is no error of the operations.
 */
static inline enum status mmu_batch_close(const struct mmu_batch *batch, enum status status)
{
    u32 total = batch->before + batch->next;

    if (batch->done != 0)
        (void)copy_to_guest(batch->done, &total, sizeof(total));
    return status;
}

#endif
