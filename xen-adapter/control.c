/* VM_ASSIST, and the calls of a control domain, refused to a guest as Xen refuses them. */
#include "xen-adapter/call.h"

s64 xen_vm_assist(struct xen_call *call)
{
    u32 command = (u32)call->arg[0];
    u32 type = (u32)call->arg[1];

    if (type != XEN_VMASST_RUNSTATE_UPDATE_FLAG)
        return -XEN_EINVAL;
    if (command == XEN_VMASST_CMD_ENABLE) {
        call->domain->assist |= 1u << type;
        return 0;
    }
    if (command == XEN_VMASST_CMD_DISABLE) {
        call->domain->assist &= ~(1u << type);
        return 0;
    }
    return -XEN_ENOSYS;
}

/* The list of buffers is looked at before the caller's right. */
s64 xen_dm_op(struct xen_call *call)
{
    enum { BUFFERS_MAX = 3 };

    if (!(u32)call->arg[1])
        return -XEN_ENODATA;
    if ((u32)call->arg[1] > BUFFERS_MAX)
        return -XEN_E2BIG;
    return -XEN_EPERM;
}

/* The interface version is looked at before the caller's right. */
static s64 versioned_refuse(struct xen_call *call, u32 oldest, u32 newest)
{
    struct xen_versioned_op in;

    if (xen_fetch(call, call->arg[0], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    return in.interface_version < oldest || in.interface_version > newest ? -XEN_EACCES
                                                                          : -XEN_EPERM;
}

s64 xen_platform_op(struct xen_call *call)
{
    return versioned_refuse(call, XEN_PLATFORM_INTERFACE_VERSION,
                            XEN_PLATFORM_INTERFACE_VERSION);
}

s64 xen_sysctl(struct xen_call *call)
{
    return versioned_refuse(call, XEN_SYSCTL_INTERFACE_VERSION, XEN_SYSCTL_INTERFACE_VERSION);
}

s64 xen_domctl(struct xen_call *call)
{
    return versioned_refuse(call, XEN_DOMCTL_INTERFACE_OLDEST, XEN_DOMCTL_INTERFACE_NEWEST);
}
