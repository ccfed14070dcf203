/* MEMORY_OP: what lies at a guest frame: the shared page, grant frames, frames that move. */
#include "xen-adapter/call.h"
#include "xen-adapter/grant.h"
#include "xen-adapter/physmap.h"
#include "xen-adapter/time.h"

#define GFN_LIMIT     BIT(34)
#define PAGES_A_ROUND 256u

struct add_to_physmap_32 {
    u16 domid, size;
    u32 space, idx, gpfn;
};
struct remove_from_physmap_32 {
    u16 domid;
    u32 gpfn;
};

static void forget(u64 *where, u64 gfn, u64 count)
{
    if (*where - gfn < count)
        *where = XEN_GFN_NONE;
}

void xen_place_forget(struct xen_domain *domain, u64 gfn, u64 count)
{
    u32 i;

    if (gfn >= domain->placed_end || gfn + count <= domain->placed_first)
        return;
    forget(&domain->shared_gfn, gfn, count);
    for (i = 0; i < ARRAY_SIZE(domain->grant_gfn); i++)
        forget(&domain->grant_gfn[i], gfn, count);
    for (i = 0; i < ARRAY_SIZE(domain->grant_status_gfn); i++)
        forget(&domain->grant_status_gfn[i], gfn, count);
}

/* Puts an adapter page at a frame; it has one place at a time. */
static enum status page_place(struct xen_call *call, void *page, u64 *where, u64 gfn)
{
    struct xen_domain *domain = call->domain;
    u64 old = *where;

    if (old == gfn)
        return ST_OK;
    TRY(op_memory_map_page(call->partition, page, gpa(gfn << PAGE_SHIFT)));
    if (old != XEN_GFN_NONE)
        (void)op_memory_unmap_page(call->partition, page, gpa(old << PAGE_SHIFT));
    xen_place_forget(domain, gfn, 1);
    *where = gfn;
    domain->placed_first = domain->placed_end ? MIN(domain->placed_first, gfn) : gfn;
    domain->placed_end = MAX(domain->placed_end, gfn + 1);
    return ST_OK;
}

/* The page shows the clock of every vCPU that keeps its record there, started or not. */
static void clocks_show(struct partition *p)
{
    u32 i;

    for (i = 0; i < op_partition_vcpu_count(p); i++) {
        struct vcpu *vcpu = op_vcpu_find(p, i);
        struct xen_vcpu *xv = vcpu ? xen_vcpu_get(vcpu) : NULL;

        if (xv)
            xen_time_refresh(xv);
    }
}

static s64 shared_add(struct xen_call *call, u64 idx, u64 gfn)
{
    struct xen_domain *domain = call->domain;
    s64 error;

    if (idx)
        return -XEN_EINVAL;
    error = xen_errno(page_place(call, domain->shared, &domain->shared_gfn, gfn));
    if (!error)
        clocks_show(call->partition);
    return error;
}

static s64 grant_add(struct xen_call *call, u64 idx, u64 gfn)
{
    struct xen_grant_place place;
    s64 error = xen_grant_frame_find(call, idx, &place);

    if (error)
        return error;
    return xen_errno(page_place(call, place.page, place.gfn, gfn));
}

static s64 gmfn_move(struct xen_call *call, u64 from, u64 to)
{
    if (from >= GFN_LIMIT || !op_memory_is_present(call->partition, gpa(from << PAGE_SHIFT)))
        return -XEN_EINVAL;
    if (from == to)
        return 0;
    xen_place_forget(call->domain, from, 1);
    xen_place_forget(call->domain, to, 1);
    return xen_errno(
        op_memory_move(call->partition, gpa(from << PAGE_SHIFT), gpa(to << PAGE_SHIFT)));
}

/* Frames of others are for who may map them: no guest [measured: Xen 4.17]. */
static s64 page_add(struct xen_call *call, u32 space, u64 idx, u64 gfn)
{
    if (space == XEN_MAPSPACE_GMFN_FOREIGN)
        return -XEN_EPERM;
    if (gfn >= GFN_LIMIT)
        return -XEN_ENOENT;
    switch (space) {
    case XEN_MAPSPACE_SHARED_INFO:
        return shared_add(call, idx, gfn);
    case XEN_MAPSPACE_GRANT_TABLE:
        return grant_add(call, idx, gfn);
    case XEN_MAPSPACE_GMFN:
    case XEN_MAPSPACE_GMFN_RANGE:
        return gmfn_move(call, idx, gfn);
    case XEN_MAPSPACE_DEV_MMIO:
        return -XEN_EACCES;
    default:
        return -XEN_EINVAL;
    }
}

static enum status add_fetch(struct xen_call *call, struct xen_add_to_physmap *out)
{
    struct add_to_physmap_32 narrow;

    if (!call->is_narrow)
        return xen_fetch(call, call->arg[1], out, sizeof(*out));
    TRY(xen_fetch(call, call->arg[1], &narrow, sizeof(narrow)));
    *out = (struct xen_add_to_physmap){
        .domid = narrow.domid,
        .size = narrow.size,
        .space = narrow.space,
        .idx = narrow.idx,
        .gpfn = narrow.gpfn,
    };
    return ST_OK;
}

/* The maps of others are refused with a code of their own [measured: Xen 4.17]. */
static s64 target_check(const struct xen_call *call, u32 domid)
{
    s64 error = xen_domid_check(call, domid);

    return error == -XEN_EPERM ? -XEN_EACCES : error;
}

/* The end of a round: `done` of `count`. The cursor is in the command, and gone at the end. */
static s64 round_end(struct xen_call *call, u64 done, u64 count)
{
    bool is_more = done < count;

    call->arg[0] &= XEN_MEMORY_OP_MASK;
    if (is_more)
        call->arg[0] |= done << XEN_MEMORY_OP_EXTENT_SHIFT;
    return is_more ? -XEN_ERESTART : 0;
}

s64 xen_memory_op_add_to_physmap(struct xen_call *call)
{
    u64 start = call->arg[0] >> XEN_MEMORY_OP_EXTENT_SHIFT;
    struct xen_add_to_physmap in;
    u64 i, count, limit;
    s64 error;

    if (add_fetch(call, &in) != ST_OK)
        return -XEN_EFAULT;
    if (in.space == XEN_MAPSPACE_GMFN_FOREIGN)
        return -XEN_ENOSYS;
    error = target_check(call, in.domid);
    if (error)
        return error;
    if (in.space != XEN_MAPSPACE_GMFN_RANGE) {
        if (start)
            return -XEN_EINVAL;
        return page_add(call, in.space, in.idx, in.gpfn);
    }
    count = in.size;
    if (start > count)
        return -XEN_EILSEQ;
    limit = MIN(count, start + PAGES_A_ROUND);
    for (i = start; i < limit; i++) {
        error = page_add(call, in.space, in.idx + i, in.gpfn + i);
        if (error)
            return error;
    }
    return round_end(call, i, count);
}

static s64 batch_check(const struct xen_call *call, const struct xen_add_to_physmap_batch *in,
                       u64 start)
{
    s64 error = target_check(call, in->domid);

    if (error)
        return error;
    if (start && start >= in->size)
        return -XEN_EILSEQ;
    if (in->space == XEN_MAPSPACE_GMFN_RANGE)
        return -XEN_EOPNOTSUPP;
    return in->space == XEN_MAPSPACE_DEV_MMIO ? -XEN_EACCES : 0;
}

/* One entry of the lists; its own error goes to the list of errors. */
static s64 batch_add(struct xen_call *call, const struct xen_add_to_physmap_batch *in, u64 i)
{
    u64 idx, gfn;
    s32 result;

    if (xen_fetch(call, in->idxs + i * 8, &idx, 8) != ST_OK ||
        xen_fetch(call, in->gpfns + i * 8, &gfn, 8) != ST_OK)
        return -XEN_EFAULT;
    result = (s32)page_add(call, in->space, idx, gfn);
    return xen_errno(xen_store(call, in->errs + i * 4, &result, sizeof(result)));
}

s64 xen_memory_op_add_to_physmap_batch(struct xen_call *call)
{
    u64 start = call->arg[0] >> XEN_MEMORY_OP_EXTENT_SHIFT;
    struct xen_add_to_physmap_batch in;
    u64 i, limit;
    s64 error;

    if (call->is_narrow)
        return -XEN_EOPNOTSUPP;
    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    error = batch_check(call, &in, start);
    if (error)
        return error;
    limit = MIN((u64)in.size, start + PAGES_A_ROUND);
    for (i = start; i < limit; i++) {
        error = batch_add(call, &in, i);
        if (error)
            return error;
    }
    return round_end(call, i, in.size);
}

s64 xen_memory_op_remove_from_physmap(struct xen_call *call)
{
    struct xen_remove_from_physmap in;
    struct remove_from_physmap_32 narrow;
    s64 error;

    if (call->is_narrow) {
        if (xen_fetch(call, call->arg[1], &narrow, sizeof(narrow)) != ST_OK)
            return -XEN_EFAULT;
        in = (struct xen_remove_from_physmap){.domid = narrow.domid, .gpfn = narrow.gpfn};
    } else if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK) {
        return -XEN_EFAULT;
    }
    error = target_check(call, in.domid);
    if (error)
        return error;
    if (in.gpfn >= GFN_LIMIT ||
        !op_memory_is_present(call->partition, gpa(in.gpfn << PAGE_SHIFT)))
        return -XEN_ENOENT;
    xen_place_forget(call->domain, in.gpfn, 1);
    return xen_errno(op_memory_remove(call->partition, gpa(in.gpfn << PAGE_SHIFT), PAGE_SIZE));
}
