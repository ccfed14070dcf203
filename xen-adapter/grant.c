/*
 * GRANT_TABLE_OP [xen/grant_table.h]: set-up of the table. Mapping and copying other guests'
 * frames is not done yet: each entry is answered as one that names no grant.
 */
#include "xen-adapter/grant.h"

#define ENTRIES_V2_PER_FRAME (XEN_PAGE_SIZE / sizeof(struct xen_grant_entry_v2))
#define ENTRIES_A_ROUND      256u
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

    if (!(u32)call->arg[2])
        return 0;
    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, io.dom);
    if (error)
        return error;
    io.version = call->domain->grant_version;
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

/* Stores one status in each entry of an array. */
static s64 entries_refuse(struct xen_call *call, u64 entry_bytes, u64 status_offset, s16 status)
{
    u64 at = call->arg[1] + status_offset;
    u32 count = (u32)call->arg[2];
    u32 i;

    if ((s32)count < 0)
        return -XEN_EINVAL;
    for (i = 0; i < MIN(count, ENTRIES_A_ROUND); i++, at += entry_bytes)
        if (xen_store(call, at, &status, sizeof(status)) != ST_OK)
            return -XEN_EFAULT;
    if (i == count)
        return 0;
    call->arg[1] += i * entry_bytes;
    call->arg[2] = count - i;
    return -XEN_ERESTART;
}

s64 xen_grant_table_op_map_grant_ref(struct xen_call *call)
{
    return entries_refuse(call, sizeof(struct xen_gnttab_map_grant_ref),
                          offsetof(struct xen_gnttab_map_grant_ref, status),
                          XEN_GNTST_BAD_GNTREF);
}

s64 xen_grant_table_op_unmap_grant_ref(struct xen_call *call)
{
    return entries_refuse(call, sizeof(struct xen_gnttab_unmap_grant_ref),
                          offsetof(struct xen_gnttab_unmap_grant_ref, status),
                          XEN_GNTST_BAD_HANDLE);
}

s64 xen_grant_table_op_copy(struct xen_call *call)
{
    enum { BYTES_32 = 24, STATUS_32 = 20 };

    if (call->is_narrow)
        return entries_refuse(call, BYTES_32, STATUS_32, XEN_GNTST_BAD_GNTREF);
    return entries_refuse(call, sizeof(struct xen_gnttab_copy),
                          offsetof(struct xen_gnttab_copy, status), XEN_GNTST_BAD_GNTREF);
}

/* Nobody can have mapped either of them: a plain exchange. */
static s16 entries_swap(struct xen_domain *domain, u32 a, u32 b)
{
    u64 bytes = domain->grant_version == 2 ? sizeof(struct xen_grant_entry_v2)
                                           : sizeof(struct xen_grant_entry_v1);
    u64 in_frame = XEN_PAGE_SIZE / bytes;
    u8 *first, *second;
    u64 i;

    if (a / in_frame >= domain->grant_frames || b / in_frame >= domain->grant_frames)
        return XEN_GNTST_BAD_GNTREF;
    first = (u8 *)domain->grant_frame[a / in_frame] + a % in_frame * bytes;
    second = (u8 *)domain->grant_frame[b / in_frame] + b % in_frame * bytes;
    for (i = 0; i < bytes; i++) {
        u8 byte = first[i];

        first[i] = second[i];
        second[i] = byte;
    }
    return XEN_GNTST_OKAY;
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
    io.status = entries_swap(call->domain, io.ref_a, io.ref_b);
    if (xen_store(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    if ((u32)call->arg[2] == 1)
        return 0;
    call->arg[1] += sizeof(io);
    call->arg[2]--;
    return -XEN_ERESTART;
}
