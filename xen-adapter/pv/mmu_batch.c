#include "xen-adapter/pv/mmu_batch.h"

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/guest_copy.h"

/* We know no domain but ourselves and the control domain, which is not ours to touch. */
static enum status foreign_check(u32 foreign, enum status *denied)
{
    u32 owner = foreign & 0xffff;

    *denied = ST_DENIED;
    if (foreign >> 16 != 0)
        return ST_INVALID;
    if (owner == XEN_DOMID_SELF)
        *denied = ST_OK;
    else if (owner != 0 && owner != XEN_DOMID_IO && owner != XEN_DOMID_XEN)
        return ST_NO_PARTITION;
    return ST_OK;
}

enum status mmu_batch_open(struct mmu_batch *batch, u64 list, u64 entry_bytes, u32 count,
                           u64 done, u32 foreign)
{
    *batch = (struct mmu_batch){.count = count & ~MMU_BATCH_RESUMED};
    if ((count & MMU_BATCH_RESUMED) != 0 && done != 0)
        TRY(copy_from_guest(&batch->done_before, done, sizeof(batch->done_before)));
    if (!guest_range_ok(list, batch->count * entry_bytes))
        return ST_FAULT;
    TRY(foreign_check(foreign, &batch->denied));
    batch->done = done;
    return ST_OK;
}

enum status mmu_batch_close(struct mmu_batch *batch, enum status status)
{
    u32 total = batch->done_before + batch->next;

    /* Like Xen: a count that cannot be told is no error of the operations. */
    if (batch->done != 0)
        (void)copy_to_guest(batch->done, &total, sizeof(total));
    return status;
}
