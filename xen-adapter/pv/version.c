/* xen_version: what depends on being PV is answered here, the rest is L0's, through buffers. */
#include "hv/lib/string.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

#define VARBUF_MAX 1024u

static const char capabilities[] = "xen-3.0-x86_64 ";

/* M: the stack is small. hypercall.c takes the lock for this family. */
static u8 buffer[VARBUF_MAX];

HANDLER(op_xen_version_version)
{
    return shim.xen_version;
}

static s64 fixed_text(u32 sub, u64 to, u32 bytes)
{
    s64 result;

    memset(buffer, 0, bytes);
    result = l0_call(XENNR_xen_version, sub, (u64)buffer, 0, 0, 0);
    if (result < 0)
        return result;
    return copy_to_guest(to, buffer, bytes) == ST_OK ? result : -XEN_EFAULT;
}

HANDLER(op_xen_version_extraversion)
{
    return fixed_text(XENOP_xen_version_extraversion, a1, sizeof(struct xen_extraversion));
}

HANDLER(op_xen_version_compile_info)
{
    return fixed_text(XENOP_xen_version_compile_info, a1, sizeof(struct xen_compile_info));
}

HANDLER(op_xen_version_changeset)
{
    return fixed_text(XENOP_xen_version_changeset, a1, sizeof(struct xen_changeset_info));
}

HANDLER(op_xen_version_guest_handle)
{
    return fixed_text(XENOP_xen_version_guest_handle, a1, sizeof(struct xen_domain_handle));
}

HANDLER(op_xen_version_commandline)
{
    return fixed_text(XENOP_xen_version_commandline, a1, sizeof(struct xen_commandline));
}

HANDLER(op_xen_version_capabilities)
{
    memset(buffer, 0, sizeof(struct xen_capabilities_info));
    memcpy(buffer, capabilities, sizeof(capabilities));
    return xen_errno(copy_to_guest(a1, buffer, sizeof(struct xen_capabilities_info)));
}

HANDLER(op_xen_version_platform_parameters)
{
    u64 start = SHIM_VIRT_START;

    return xen_errno(copy_to_guest(a1, &start, sizeof(start)));
}

HANDLER(op_xen_version_get_features)
{
    struct xen_feature_info info;

    if (copy_from_guest(&info, a1, sizeof(info)) != ST_OK)
        return -XEN_EFAULT;
    if (info.submap_idx != 0)
        return -XEN_EINVAL;
    info.submap =
        (u32)(BIT(XEN_FEATURE_MMU_PT_UPDATE_PRESERVE_AD) | BIT(XEN_FEATURE_HIGHMEM_ASSIST) |
              BIT(XEN_FEATURE_GNTTAB_MAP_AVAIL_BITS) | BIT(XEN_FEATURE_MEMORY_OP_VNODE) |
              BIT(XEN_FEATURE_DIRECT_MAPPED));
    if (mmu.vm_assist & BIT(XEN_VMASST_PAE_EXTENDED_CR3))
        info.submap |= (u32)BIT(XEN_FEATURE_PAE_PGDIR_ABOVE_4GB);
    return xen_errno(copy_to_guest(a1, &info, sizeof(info)));
}

HANDLER(op_xen_version_pagesize)
{
    return a1 != 0 ? -XEN_EINVAL : (s64)PAGE_SIZE;
}

/*
 * struct xen_varbuf: a length word and room behind it. Without a pointer only the length is
 * asked for.
 */
static s64 varbuf_call(u32 sub, u64 to)
{
    struct xen_varbuf head = {.len = VARBUF_MAX - sizeof(head)};
    s64 result;

    if (to == 0)
        return l0_call(XENNR_xen_version, sub, 0, 0, 0, 0);
    if (copy_from_guest(&head, to, sizeof(head)) != ST_OK)
        return -XEN_EFAULT;
    if (head.len == 0)
        return -XEN_EINVAL;
    head.len = (u32)MIN((u64)head.len, VARBUF_MAX - sizeof(head));
    memcpy(buffer, &head, sizeof(head));
    result = l0_call(XENNR_xen_version, sub, (u64)buffer, 0, 0, 0);
    if (result < 0)
        return result;
    if (result > (s64)head.len)
        return -XEN_EIO;
    if (copy_to_guest(to, buffer, sizeof(head) + (u64)result) != ST_OK)
        return -XEN_EFAULT;
    return result;
}

HANDLER(op_xen_version_build_id)
{
    return varbuf_call(XENOP_xen_version_build_id, a1);
}

HANDLER(op_xen_version_extraversion2)
{
    return varbuf_call(XENOP_xen_version_extraversion2, a1);
}

HANDLER(op_xen_version_changeset2)
{
    return varbuf_call(XENOP_xen_version_changeset2, a1);
}

HANDLER(op_xen_version_commandline2)
{
    return varbuf_call(XENOP_xen_version_commandline2, a1);
}

HANDLER(op_xen_version_capabilities2)
{
    struct xen_varbuf head;
    u32 bytes = sizeof(capabilities) - 1;

    if (a1 == 0)
        return bytes;
    if (copy_from_guest(&head, a1, sizeof(head)) != ST_OK)
        return -XEN_EFAULT;
    if (head.len == 0)
        return -XEN_EINVAL;
    if (head.len < bytes)
        return -XEN_ENOBUFS;
    head.len = bytes;
    if (copy_to_guest(a1, &head, sizeof(head)) != ST_OK)
        return -XEN_EFAULT;
    return copy_to_guest(a1 + sizeof(head), capabilities, bytes) == ST_OK ? (s64)bytes
                                                                          : -XEN_EFAULT;
}

/* ---- vm_assist ----------------------------------------------------------------------- */

/* Types that mean something to a 64-bit PV guest. */
#define ASSISTS                                                                                \
    (BIT(XEN_VMASST_WRITABLE_PAGETABLES) | BIT(XEN_VMASST_PAE_EXTENDED_CR3) |                  \
     BIT(XEN_VMASST_ARCHITECTURAL_IOPL) | BIT(XEN_VMASST_RUNSTATE_UPDATE_FLAG) |               \
     BIT(XEN_VMASST_4GB_SEGMENTS) | BIT(XEN_VMASST_4GB_SEGMENTS_NOTIFY) |                      \
     BIT(XEN_VMASST_M2P_STRICT))

HANDLER(hypercall_vm_assist)
{
    u32 type = (u32)a2;

    if (type >= 64 || !(ASSISTS >> type & 1))
        return -XEN_EINVAL;
    switch ((u32)a1) {
    case XEN_VMASST_CMD_ENABLE:
        mmu.vm_assist |= BIT(type);
        return 0;
    case XEN_VMASST_CMD_DISABLE:
        mmu.vm_assist &= ~BIT(type);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}
