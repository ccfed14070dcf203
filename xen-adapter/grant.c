/*
 * GRANT_TABLE_OP [xen/grant_table.h]: set-up of the table. Mapping and copying other guests'
 * frames are rows that say ABSENT until shares serve them.
 */
#include "xen-adapter/grant.h"

#define ENTRIES_V2_PER_FRAME (XEN_PAGE_SIZE / sizeof(struct xen_grant_entry_v2))
#define STATUS_PER_FRAME     (XEN_PAGE_SIZE / sizeof(u16))

static u32 status_frames(u32 frames)
{
    return (u32)((frames * ENTRIES_V2_PER_FRAME + STATUS_PER_FRAME - 1) / STATUS_PER_FRAME);
}

static enum status frames_grow(struct partition *p, struct xen_domain *domain, u32 frames)
{
    if (frames > XEN_GRANT_FRAMES_MAX)
        return ST_INVALID;
    while (domain->grant_frames < frames) {
        TRY(op_page_alloc(p, &domain->grant_frame[domain->grant_frames]));
        domain->grant_frames++;
    }
    if (domain->grant_version != 2)
        return ST_OK;
    while (domain->grant_status_frames < status_frames(domain->grant_frames)) {
        TRY(op_page_alloc(p, &domain->grant_status[domain->grant_status_frames]));
        domain->grant_status_frames++;
    }
    return ST_OK;
}

s64 xen_grant_frame_find(struct xen_call *call, u64 idx, struct xen_grant_place *out)
{
    struct xen_domain *domain = call->domain;
    u64 frame = idx & ~(u64)XEN_MAPIDX_GRANT_STATUS;

    if (idx & XEN_MAPIDX_GRANT_STATUS) {
        if (domain->grant_version != 2 || frame >= domain->grant_status_frames)
            return -XEN_EINVAL;
        *out = (struct xen_grant_place){domain->grant_status[frame],
                                        &domain->grant_status_gfn[frame]};
        return 0;
    }
    if (frame >= XEN_GRANT_FRAMES_MAX)
        return -XEN_EINVAL;
    if (frame >= domain->grant_frames &&
        frames_grow(call->partition, domain, (u32)frame + 1) != ST_OK)
        return -XEN_ENOMEM;
    *out = (struct xen_grant_place){domain->grant_frame[frame], &domain->grant_gfn[frame]};
    return 0;
}

/* The per-entry verdict on a domid. */
static s16 domid_status(const struct xen_call *call, u16 domid)
{
    s64 error = xen_domid_check(call, domid);

    if (error == -XEN_ESRCH)
        return XEN_GNTST_BAD_DOMAIN;
    return error ? XEN_GNTST_PERMISSION_DENIED : XEN_GNTST_OKAY;
}

s64 xen_grant_table_op_query_size(struct xen_call *call)
{
    struct xen_gnttab_query_size io;

    if (call->arg[2] != 1)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    io.status = domid_status(call, io.dom);
    if (io.status == XEN_GNTST_OKAY) {
        io.nr_frames = MAX(call->domain->grant_frames, 1u);
        io.max_nr_frames = XEN_GRANT_FRAMES_MAX;
    }
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

/* A list of frame numbers; a page that the guest has not placed yet has none. */
static enum status frame_list_store(struct xen_call *call, u64 list, const u64 *gfn, u32 count)
{
    u32 i;

    for (i = 0; i < count; i++) {
        u32 narrow = (u32)gfn[i];

        if (call->is_narrow)
            TRY(xen_store(call, list + i * 4, &narrow, sizeof(narrow)));
        else
            TRY(xen_store(call, list + i * 8, &gfn[i], sizeof(gfn[i])));
    }
    return ST_OK;
}

s64 xen_grant_table_op_setup_table(struct xen_call *call)
{
    struct xen_gnttab_setup_table io = {0};
    u64 bytes = call->is_narrow ? 16 : sizeof(io); /* 32-bit: the list pointer is at 12 */

    if (call->arg[2] != 1)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, bytes) != ST_OK)
        return -XEN_EFAULT;
    if (call->is_narrow && xen_fetch(call, call->arg[1] + 12, &io.frame_list, 4) != ST_OK)
        return -XEN_EFAULT;
    io.status = domid_status(call, io.dom);
    if (io.status == XEN_GNTST_OKAY &&
        frames_grow(call->partition, call->domain, MAX(io.nr_frames, 1u)) != ST_OK)
        io.status = XEN_GNTST_GENERAL_ERROR;
    if (io.status == XEN_GNTST_OKAY &&
        frame_list_store(call, io.frame_list, call->domain->grant_gfn, io.nr_frames) != ST_OK)
        io.status = XEN_GNTST_BAD_VIRT_ADDR;
    return xen_errno(xen_store(call,
                               call->arg[1] + offsetof(struct xen_gnttab_setup_table, status),
                               &io.status, sizeof(io.status)));
}

s64 xen_grant_table_op_set_version(struct xen_call *call)
{
    struct xen_domain *domain = call->domain;
    struct xen_gnttab_set_version io;
    u32 version;
    s64 result = 0;

    if (call->arg[2] != 1)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    version = io.version;
    if (version != 1 && version != 2)
        result = -XEN_EINVAL;
    if (!result && version != domain->grant_version) {
        domain->grant_version = (u8)version;
        result = xen_errno(frames_grow(call->partition, domain, MAX(domain->grant_frames, 1u)));
        if (result)
            domain->grant_version = (u8)(3 - version);
    }
    io.version = domain->grant_version;
    if (xen_store(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    return result;
}

s64 xen_grant_table_op_get_version(struct xen_call *call)
{
    struct xen_gnttab_get_version io;
    s64 error;

    if (call->arg[2] != 1)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, io.dom);
    if (error)
        return error;
    io.version = call->domain->grant_version;
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_grant_table_op_get_status_frames(struct xen_call *call)
{
    struct xen_gnttab_get_status_frames io;

    if (call->is_narrow)
        return -XEN_EOPNOTSUPP;
    if (call->arg[2] != 1)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    io.status = domid_status(call, io.dom);
    if (io.status == XEN_GNTST_OKAY &&
        (call->domain->grant_version != 2 || io.nr_frames > call->domain->grant_status_frames))
        io.status = XEN_GNTST_GENERAL_ERROR;
    if (io.status == XEN_GNTST_OKAY &&
        frame_list_store(call, io.frame_list, call->domain->grant_status_gfn, io.nr_frames) !=
            ST_OK)
        io.status = XEN_GNTST_BAD_VIRT_ADDR;
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}
