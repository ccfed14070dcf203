/* XEN_VERSION: who we are [xen/version.h]. Answers without a guest pointer take no memory. */
#include "xen-adapter/call.h"

#include "hv/lib/string.h"

static const struct xen_extraversion extraversion = {".0"};
static const struct xen_compile_info compile_info = {"C11", "entente", "", ""};
static const struct xen_changeset_info changeset = {"entente"};
static const char capabilities[] =
    "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 ";
static const char denied[] = "<denied>";

s64 xen_xen_version_version(struct xen_call *call)
{
    (void)call;
    return XEN_VERSION;
}

s64 xen_xen_version_extraversion(struct xen_call *call)
{
    return xen_errno(xen_store(call, call->arg[1], &extraversion, sizeof(extraversion)));
}

s64 xen_xen_version_compile_info(struct xen_call *call)
{
    return xen_errno(xen_store(call, call->arg[1], &compile_info, sizeof(compile_info)));
}

s64 xen_xen_version_changeset(struct xen_call *call)
{
    return xen_errno(xen_store(call, call->arg[1], &changeset, sizeof(changeset)));
}

/* A text in a field of a kilobyte, the rest zero. */
static s64 text_store(struct xen_call *call, const char *text, u64 bytes)
{
    static const u8 zero[256];
    u64 at = call->arg[1];
    u64 left = sizeof(struct xen_capabilities_info) - bytes;
    enum status status = xen_store(call, at, text, bytes);

    for (at += bytes; status == ST_OK && left; left -= MIN(left, sizeof(zero))) {
        status = xen_store(call, at, zero, MIN(left, sizeof(zero)));
        at += MIN(left, sizeof(zero));
    }
    return xen_errno(status);
}

s64 xen_xen_version_capabilities(struct xen_call *call)
{
    return text_store(call, capabilities, sizeof(capabilities));
}

s64 xen_xen_version_commandline(struct xen_call *call)
{
    return text_store(call, denied, sizeof(denied));
}

s64 xen_xen_version_platform_parameters(struct xen_call *call)
{
    struct xen_platform_parameters out = {XEN_HYPERVISOR_VIRT_START};

    if (call->is_narrow) {
        u32 narrow = 0xf5800000u; /* HYPERVISOR_VIRT_START of the 32-bit ABI */

        return xen_errno(xen_store(call, call->arg[1], &narrow, sizeof(narrow)));
    }
    return xen_errno(xen_store(call, call->arg[1], &out, sizeof(out)));
}

s64 xen_xen_version_get_features(struct xen_call *call)
{
    struct xen_feature_info io;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    if (io.submap_idx)
        return -XEN_EINVAL;
    io.submap = 1u << XEN_FEATURE_WRITABLE_PAGE_TABLES |
                1u << XEN_FEATURE_AUTO_TRANSLATED_PHYSMAP |
                1u << XEN_FEATURE_HVM_CALLBACK_VECTOR | 1u << XEN_FEATURE_HVM_SAFE_PVCLOCK |
                1u << XEN_FEATURE_MEMORY_OP_VNODE | 1u << XEN_FEATURE_NOT_DIRECT_MAPPED |
                1u << XEN_FEATURE_RUNSTATE_PHYS_AREA | 1u << XEN_FEATURE_VCPU_TIME_PHYS_AREA |
                1u << XEN_FEATURE_DM_MSIX_ALL_WRITES;
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_xen_version_pagesize(struct xen_call *call)
{
    return call->arg[1] ? -XEN_EINVAL : (s64)XEN_PAGE_SIZE;
}

s64 xen_xen_version_guest_handle(struct xen_call *call)
{
    return xen_errno(xen_store(call, call->arg[1], op_partition_uuid(call->partition), 16));
}

s64 xen_xen_version_build_id(struct xen_call *call)
{
    (void)call;
    return -XEN_EPERM;
}

/* The newer form: a length in front, and a null pointer asks for it. */
static s64 varbuf_store(struct xen_call *call, const char *text)
{
    u32 length = (u32)strlen(text);
    struct xen_varbuf io;

    if (!call->arg[1])
        return (s64)length;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    if (!io.len)
        return -XEN_EINVAL;
    if (io.len < length)
        return -XEN_ENOBUFS;
    if (xen_store(call, call->arg[1] + sizeof(io), text, length) != ST_OK)
        return -XEN_EFAULT;
    return (s64)length;
}

s64 xen_xen_version_extraversion2(struct xen_call *call)
{
    return varbuf_store(call, extraversion.text);
}

s64 xen_xen_version_capabilities2(struct xen_call *call)
{
    return varbuf_store(call, capabilities);
}

s64 xen_xen_version_changeset2(struct xen_call *call)
{
    return varbuf_store(call, changeset.text);
}

s64 xen_xen_version_commandline2(struct xen_call *call)
{
    return varbuf_store(call, denied);
}
