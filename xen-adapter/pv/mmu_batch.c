#include "xen-adapter/pv/mmu_batch.h"

#include "xen-adapter/abi/xen.h"

/* We know no domain but ourselves and the control domain, which is not ours to touch. */
enum status mmu_batch_foreign(u32 foreign)
{
    u32 owner = foreign & 0xffff;

    if (foreign >> 16 != 0)
        return foreign >> 16 == 1 ? ST_DENIED : ST_NO_PARTITION; /* 1 is domain 0 */
    if (owner == XEN_DOMID_SELF)
        return ST_OK;
    return owner == 0 || owner == XEN_DOMID_IO || owner == XEN_DOMID_XEN ? ST_DENIED
                                                                         : ST_NO_PARTITION;
}

enum status mmu_batch_resume(struct mmu_batch *batch)
{
    batch->count &= ~MMU_BATCH_RESUMED;
    return batch->done != 0 ? copy_from_guest(&batch->before, batch->done, 4) : ST_OK;
}
