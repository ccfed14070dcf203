/* GRANT_TABLE_OP [xen/grant_table.h]: pages of other domains, mapped and copied by reference.
 */
#include "xen-adapter/grant.h"

#include "hv/lib/string.h"

#define ENTRIES_A_ROUND 64u
#define HANDLE_NONE     0xffffffffu

s16 xen_grant_status(enum status status)
{
    static const s8 word[] = {
        [ST_NO_PARTITION] = XEN_GNTST_BAD_DOMAIN, [ST_NO_ENTRY] = XEN_GNTST_BAD_GNTREF,
        [ST_FAULT] = XEN_GNTST_BAD_PAGE,          [ST_RANGE] = XEN_GNTST_BAD_COPY_ARG,
        [ST_NO_SPACE] = XEN_GNTST_NO_SPACE,       [ST_NO_MEMORY] = XEN_GNTST_NO_SPACE,
    };

    if (status == ST_OK)
        return XEN_GNTST_OKAY;
    return (u32)status < ARRAY_SIZE(word) && word[status] ? word[status]
                                                          : XEN_GNTST_GENERAL_ERROR;
}

typedef s64 (*entry_fn)(struct xen_call *call, u64 at);

/*
 * Runs the operations of an array one by one. A long array is continued: the cursor goes back
 * to the caller's registers.
 */
static s64 entries_run(struct xen_call *call, u64 bytes, entry_fn run)
{
    u32 count = (u32)call->arg[2];
    u32 i;

    if ((s32)count < 0)
        return -XEN_EINVAL;
    for (i = 0; i < MIN(count, ENTRIES_A_ROUND); i++) {
        s64 error = run(call, call->arg[1] + i * bytes);

        if (error)
            return error;
    }
    if (i == count)
        return 0;
    call->arg[1] += i * bytes;
    call->arg[2] = count - i;
    return -XEN_ERESTART;
}

static struct partition *domain_find(const struct xen_call *call, u16 domid)
{
    return xen_is_self(call, domid) ? call->partition : op_partition_find(domid);
}

static s16 map_one(struct xen_call *call, struct xen_gnttab_map_grant_ref *io)
{
    struct partition *lender;
    u32 rights = OP_GRANT_READ | ((io->flags & XEN_GNTMAP_READONLY) ? 0 : OP_GRANT_WRITE);
    enum status status;

    io->handle = HANDLE_NONE;
    if (!(io->flags & (XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_DEVICE_MAP)))
        return XEN_GNTST_BAD_GNTREF;
    /* Both are means of page tables and I/O tables that an HVM guest has not. */
    if (!(io->flags & XEN_GNTMAP_HOST_MAP) || (io->flags & XEN_GNTMAP_CONTAINS_PTE))
        return XEN_GNTST_GENERAL_ERROR;
    lender = domain_find(call, io->dom);
    if (!lender)
        return XEN_GNTST_BAD_DOMAIN;
    status = op_grant_map(call->partition, gpa(align_down(io->host_addr, PAGE_SIZE)), lender,
                          io->ref, rights, &io->handle);
    if (status == ST_OK && (io->flags & XEN_GNTMAP_DEVICE_MAP))
        io->dev_bus_addr = align_down(io->host_addr, PAGE_SIZE);
    return xen_grant_status(status);
}

static s64 map_entry(struct xen_call *call, u64 at)
{
    struct xen_gnttab_map_grant_ref io;

    if (xen_fetch(call, at, &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    io.status = map_one(call, &io);
    return xen_errno(xen_store(call, at, &io, sizeof(io)));
}

s64 xen_grant_table_op_map_grant_ref(struct xen_call *call)
{
    return entries_run(call, sizeof(struct xen_gnttab_map_grant_ref), map_entry);
}

static s64 unmap_entry(struct xen_call *call, u64 at)
{
    struct xen_gnttab_unmap_grant_ref io;
    enum status status;

    if (xen_fetch(call, at, &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    status = op_grant_unmap(call->partition, io.handle, gpa(io.host_addr));
    io.status = status == ST_NO_ENTRY ? XEN_GNTST_BAD_HANDLE : xen_grant_status(status);
    return xen_errno(xen_store(call, at + offsetof(struct xen_gnttab_unmap_grant_ref, status),
                               &io.status, sizeof(io.status)));
}

s64 xen_grant_table_op_unmap_grant_ref(struct xen_call *call)
{
    return entries_run(call, sizeof(struct xen_gnttab_unmap_grant_ref), unmap_entry);
}

/* A 32-bit caller's gnttab_copy: its reference or frame is 32 bits wide. */
struct copy_side_32 {
    u32 ref_or_gmfn;
    u16 domid;
    u16 offset;
};
struct copy_32 {
    struct copy_side_32 source, dest;
    u16 len;
    u16 flags;
    s16 status;
};

enum { COPY_SOURCE_REF = 1, COPY_DEST_REF = 2 };

/* Whose page; somebody else's may be named by reference only. */
static s16 side_find(const struct xen_call *call, u64 ref_or_gmfn, u16 domid, bool is_ref,
                     struct op_grant_side *out)
{
    if (!is_ref && !xen_is_self(call, domid))
        return op_partition_find(domid) ? XEN_GNTST_PERMISSION_DENIED : XEN_GNTST_BAD_DOMAIN;
    out->partition = domain_find(call, domid);
    if (!out->partition)
        return XEN_GNTST_BAD_DOMAIN;
    out->ref = is_ref ? (u32)ref_or_gmfn : OP_GRANT_NO_REF;
    if (is_ref && out->ref == OP_GRANT_NO_REF)
        return XEN_GNTST_BAD_GNTREF;
    out->at = gpa((ref_or_gmfn & 0xffffffffull) << PAGE_SHIFT);
    return !is_ref && ref_or_gmfn >> 32 ? XEN_GNTST_BAD_PAGE : XEN_GNTST_OKAY;
}

static s16 copy_one(struct xen_call *call, const struct xen_gnttab_copy *in)
{
    struct op_grant_side from = {.offset = in->source.offset};
    struct op_grant_side to = {.offset = in->dest.offset};
    s16 status;

    status = side_find(call, in->source.ref_or_gmfn, in->source.domid,
                       in->flags & COPY_SOURCE_REF, &from);
    if (status == XEN_GNTST_OKAY)
        status = side_find(call, in->dest.ref_or_gmfn, in->dest.domid,
                           in->flags & COPY_DEST_REF, &to);
    if (status != XEN_GNTST_OKAY)
        return status;
    return xen_grant_status(op_grant_copy(call->partition, &from, &to, in->len));
}

/* An entry that lies in two pages, or that cannot be read or written at all. */
static s64 copy_entry_far(struct xen_call *call, u64 at)
{
    struct xen_gnttab_copy io;

    if (xen_fetch(call, at, &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    io.status = copy_one(call, &io);
    return xen_errno(xen_store(call, at + offsetof(struct xen_gnttab_copy, status), &io.status,
                               sizeof(io.status)));
}

/* Found once, read and answered: a copy changes nothing of the caller's address space. */
static s64 copy_entry(struct xen_call *call, u64 at)
{
    u8 *place = mem_pointer(call->vcpu, gva(at), sizeof(struct xen_gnttab_copy), MEM_WRITE);
    struct xen_gnttab_copy io;

    if (!place)
        return copy_entry_far(call, at);
    memcpy(&io, place, sizeof(io));
    io.status = copy_one(call, &io);
    memcpy(place + offsetof(struct xen_gnttab_copy, status), &io.status, sizeof(io.status));
    return 0;
}

static s64 copy_entry_32(struct xen_call *call, u64 at)
{
    struct copy_32 in;
    struct xen_gnttab_copy wide;

    if (xen_fetch(call, at, &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    wide = (struct xen_gnttab_copy){
        .source = {in.source.ref_or_gmfn, in.source.domid, in.source.offset},
        .dest = {in.dest.ref_or_gmfn, in.dest.domid, in.dest.offset},
        .len = in.len,
        .flags = in.flags,
    };
    in.status = copy_one(call, &wide);
    return xen_errno(
        xen_store(call, at + offsetof(struct copy_32, status), &in.status, sizeof(in.status)));
}

s64 xen_grant_table_op_copy(struct xen_call *call)
{
    if (call->is_narrow)
        return entries_run(call, sizeof(struct copy_32), copy_entry_32);
    return entries_run(call, sizeof(struct xen_gnttab_copy), copy_entry);
}
