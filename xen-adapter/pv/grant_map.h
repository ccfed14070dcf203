/* Granted frames of other domains, mapped into the foreign window and from there by the guest.
 */
#ifndef XEN_ADAPTER_PV_GRANT_MAP_H
#define XEN_ADAPTER_PV_GRANT_MAP_H

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/guest_copy.h"

/* The first frames of the foreign window are the grant table's and its status frames'. */
#define GRANT_TABLE_FRAMES  64u
#define GRANT_STATUS_FRAMES 16u
#define GRANT_WINDOW_FIRST  (GRANT_TABLE_FRAMES + GRANT_STATUS_FRAMES)

/* Does `one` to each element of a guest's list and writes it back; an error of `one` ends the
 * call. */
static inline s64 grant_list(u64 list, u64 count, void *element, u64 bytes,
                             s64 (*one)(void *element))
{
    if ((s32)count < 0)
        return -XEN_EINVAL;
    for (u32 i = 0; i < (u32)count; i++, list += bytes) {
        s64 result;

        if (copy_from_guest(element, list, bytes) != ST_OK)
            return -XEN_EFAULT;
        result = one(element);
        if (result != 0)
            return result;
        if (copy_to_guest(list, element, bytes) != ST_OK)
            return -XEN_EFAULT;
    }
    return 0;
}

#endif
