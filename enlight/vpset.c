#include "enlight/vpset.h"

static u32 bits_count(u64 word)
{
    u32 count = 0;

    for (; word != 0; word &= word - 1)
        count++;
    return count;
}

enum tlfs_status vpset_read(const struct tlfs_vpset *set, u32 count, u64 first, u64 *vps)
{
    if (set->format == TLFS_VPSET_ALL) {
        *vps = ~(u64)0;
        return TLFS_SUCCESS;
    }
    if (set->format != TLFS_VPSET_SPARSE)
        return TLFS_INVALID_PARAMETER;
    if (bits_count(set->banks) != count)
        return TLFS_INVALID_HYPERCALL_INPUT;
    *vps = set->banks & 1 ? first : 0;
    return TLFS_SUCCESS;
}
