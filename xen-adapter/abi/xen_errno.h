/* The one translation of our status into Xen's error numbers, for the adapter and the shim. */
#ifndef XEN_ADAPTER_ABI_XEN_ERRNO_H
#define XEN_ADAPTER_ABI_XEN_ERRNO_H

#include "hv/lib/status.h"
#include "xen-adapter/abi/xen.h"

/* What a hypercall returns for a status: 0 or a negative error. [xen/errno.h] */
static inline s64 xen_errno(enum status status)
{
    static const u8 error[] = {
        [ST_OK] = XEN_NONE,          [ST_INVALID] = XEN_EINVAL,
        [ST_DENIED] = XEN_EPERM,     [ST_REFUSED_ACCESS] = XEN_EACCES,
        [ST_NO_ENTRY] = XEN_ENOENT,  [ST_NO_PARTITION] = XEN_ESRCH,
        [ST_NO_MEMORY] = XEN_ENOMEM, [ST_NO_SPACE] = XEN_ENOSPC,
        [ST_NO_CALL] = XEN_ENOSYS,   [ST_NO_DATA] = XEN_ENODATA,
        [ST_NO_DEVICE] = XEN_ENODEV, [ST_UNSUPPORTED] = XEN_EOPNOTSUPP,
        [ST_FAULT] = XEN_EFAULT,     [ST_EXISTS] = XEN_EEXIST,
        [ST_BUSY] = XEN_EBUSY,       [ST_AGAIN] = XEN_EAGAIN,
        [ST_RESTART] = XEN_ERESTART, [ST_RANGE] = XEN_ERANGE,
        [ST_TOO_BIG] = XEN_E2BIG,    [ST_NO_BUFFER] = XEN_ENOBUFS,
        [ST_TIMED_OUT] = XEN_ETIME,  [ST_CORRUPT] = XEN_EINVAL,
    };

    return -(s64)error[status];
}

#endif
