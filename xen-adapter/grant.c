/*
 * GRANT_TABLE_OP [xen/grant_table.h]: set-up of the table. The table itself is native; here it
 * gets Xen's numbers and a place in the guest's memory.
 */
#include "xen-adapter/grant.h"

_Static_assert(XEN_GRANT_FRAMES_MAX == OP_GRANT_FRAMES_MAX &&
                   XEN_GRANT_STATUS_MAX == OP_GRANT_STATUS_FRAMES_MAX,
               "a place for each frame");

s64 xen_grant_frame_find(struct xen_call *call, u64 idx, struct xen_grant_place *out)
{
    struct xen_domain *domain = call->domain;
    u64 frame = idx & ~(u64)XEN_MAPIDX_GRANT_STATUS;
    void *page;

    if (idx & XEN_MAPIDX_GRANT_STATUS) {
        if (frame >= op_grant_status_frame_count(call->partition))
            return -XEN_EINVAL;
        page = op_grant_status_frame(call->partition, (u32)frame);
        *out = (struct xen_grant_place){page, &domain->grant_status_gfn[frame]};
        return 0;
    }
    if (frame >= XEN_GRANT_FRAMES_MAX)
        return -XEN_EINVAL;
    if (frame >= op_grant_frame_count(call->partition) &&
        op_grant_grow(call->partition, (u32)frame + 1) != ST_OK)
        return -XEN_ENOMEM;
    page = op_grant_frame(call->partition, (u32)frame);
    *out = (struct xen_grant_place){page, &domain->grant_gfn[frame]};
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
        io.nr_frames = MAX(op_grant_frame_count(call->partition), 1u);
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
        op_grant_grow(call->partition, MAX(io.nr_frames, 1u)) != ST_OK)
        io.status = XEN_GNTST_GENERAL_ERROR;
    if (io.status == XEN_GNTST_OKAY &&
        frame_list_store(call, io.frame_list, call->domain->grant_gfn, io.nr_frames) != ST_OK)
        io.status = XEN_GNTST_BAD_VIRT_ADDR;
    return xen_errno(xen_store(call,
                               call->arg[1] + offsetof(struct xen_gnttab_setup_table, status),
                               &io.status, sizeof(io.status)));
}

/* The version calls take one structure, however many there are said to be, as on Xen 4.17. */
s64 xen_grant_table_op_set_version(struct xen_call *call)
{
    struct xen_gnttab_set_version io;
    s64 result;

    if ((s32)call->arg[2] < 0)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    result = xen_errno(op_grant_version_set(call->partition, io.version));
    io.version = op_grant_version(call->partition);
    if (xen_store(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    return result;
}

s64 xen_grant_table_op_get_version(struct xen_call *call)
{
    struct xen_gnttab_get_version io;
    s64 error;

    if ((s32)call->arg[2] < 0)
        return -XEN_EINVAL;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, io.dom);
    if (error)
        return error;
    io.version = op_grant_version(call->partition);
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_grant_table_op_swap_grant_ref(struct xen_call *call)
{
    struct xen_gnttab_swap_grant_ref io;

    if ((s32)call->arg[2] < 0)
        return -XEN_EINVAL;
    if (!(u32)call->arg[2])
        return 0;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    io.status = xen_grant_status(op_grant_swap(call->partition, io.ref_a, io.ref_b));
    if (xen_store(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    if ((u32)call->arg[2] == 1)
        return 0;
    call->arg[1] += sizeof(io);
    call->arg[2]--;
    return -XEN_ERESTART;
}
