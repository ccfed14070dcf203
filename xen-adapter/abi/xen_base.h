/* What every part uses: errors, domain ids, the version reported, arguments common to several
 * calls. */
#ifndef XEN_ADAPTER_ABI_XEN_BASE_H
#define XEN_ADAPTER_ABI_XEN_BASE_H

#include <stddef.h>
#include <stdint.h>

/* Errors [xen/errno.h]; a call returns the negative. */
enum xen_errno {
    XEN_NONE = 0,
    XEN_EPERM = 1,
    XEN_ENOENT = 2,
    XEN_ESRCH = 3,
    XEN_EINTR = 4,
    XEN_EIO = 5,
    XEN_ENXIO = 6,
    XEN_E2BIG = 7,
    XEN_ENOEXEC = 8,
    XEN_EBADF = 9,
    XEN_ECHILD = 10,
    XEN_EAGAIN = 11,
    XEN_EWOULDBLOCK = 11,
    XEN_ENOMEM = 12,
    XEN_EACCES = 13,
    XEN_EFAULT = 14,
    XEN_EBUSY = 16,
    XEN_EEXIST = 17,
    XEN_EXDEV = 18,
    XEN_ENODEV = 19,
    XEN_ENOTDIR = 20,
    XEN_EISDIR = 21,
    XEN_EINVAL = 22,
    XEN_ENFILE = 23,
    XEN_EMFILE = 24,
    XEN_ENOSPC = 28,
    XEN_EROFS = 30,
    XEN_EMLINK = 31,
    XEN_EDOM = 33,
    XEN_ERANGE = 34,
    XEN_EDEADLK = 35,
    XEN_EDEADLOCK = 35,
    XEN_ENAMETOOLONG = 36,
    XEN_ENOLCK = 37,
    XEN_ENOSYS = 38,
    XEN_ENOTEMPTY = 39,
    XEN_ENODATA = 61,
    XEN_ETIME = 62,
    XEN_EBADMSG = 74,
    XEN_EOVERFLOW = 75,
    XEN_EILSEQ = 84,
    XEN_ERESTART = 85,
    XEN_ENOTSOCK = 88,
    XEN_EMSGSIZE = 90,
    XEN_EOPNOTSUPP = 95,
    XEN_EADDRINUSE = 98,
    XEN_EADDRNOTAVAIL = 99,
    XEN_ENOBUFS = 105,
    XEN_EISCONN = 106,
    XEN_ENOTCONN = 107,
    XEN_ETIMEDOUT = 110,
    XEN_ECONNREFUSED = 111,
};

/* Domain ids [xen/xen.h] */
enum xen_domid {
    XEN_DOMID_FIRST_RESERVED = 0x7ff0,
    XEN_DOMID_SELF = 0x7ff0,
    XEN_DOMID_IO = 0x7ff1,
    XEN_DOMID_XEN = 0x7ff2,
    XEN_DOMID_COW = 0x7ff3,
    XEN_DOMID_INVALID = 0x7ff4,
};

/* Version reported; the CPUID leaf and xen_version must agree. */
#define XEN_VERSION_MAJOR 4
#define XEN_VERSION_MINOR 20
#define XEN_VERSION       ((XEN_VERSION_MAJOR << 16) | XEN_VERSION_MINOR)

#define XEN_PAGE_SIZE 4096u

struct xen_none {
    uint8_t raw;
};

/* domid-only arguments of memory_op: a bare u16. */
struct xen_domid_arg {
    uint16_t domid;
};

/* sysctl, domctl and platform_op all begin with these two words. */
struct xen_versioned_op {
    uint32_t cmd;
    uint32_t interface_version;
};
enum xen_interface_version {
    XEN_PLATFORM_INTERFACE_VERSION = 0x03000001,
    XEN_SYSCTL_INTERFACE_VERSION = 0x15,
    XEN_DOMCTL_INTERFACE_OLDEST = 0x15, /* Xen 4.17 */
    XEN_DOMCTL_INTERFACE_NEWEST = 0x17, /* Xen 4.20 */
};

#endif
