/* The machine-to-physical table: what the guest calls each of its frames. */
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/mmu.h"

void m2p_set(mfn_t frame, pfn_t pfn)
{
    u64 *slot;

    if (frame_kind_get(frame) == FRAME_HOLE)
        return;
    slot = m2p_slot(frame);
    if (slot != NULL)
        *slot = pfn.raw;
}

u64 m2p_get(mfn_t frame)
{
    const u64 *slot;

    if (frame_kind_get(frame) == FRAME_HOLE)
        return M2P_INVALID;
    slot = m2p_slot(frame);
    return slot != NULL ? *slot : M2P_INVALID;
}
