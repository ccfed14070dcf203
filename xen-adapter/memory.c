/* MEMORY_OP for a translated caller [xen/memory.h]: frame numbers are guest-physical. */
#include "xen-adapter/call.h"

#include "xen-adapter/physmap.h"

#define EXTENT_ORDER_LIMIT 9u /* largest block an unprivileged guest may ask for: 2 MiB */
#define FRAMES_AT_ONCE     32ull
#define EXTENTS_A_ROUND    512u    /* then the vCPU looks at its interrupts */
#define GFN_LIMIT          BIT(34) /* 46 bits of address */

/* The 32-bit layouts that differ. */
struct reservation_32 {
    u32 extent_start, nr_extents, extent_order, mem_flags;
    u16 domid;
};
struct memory_map_32 {
    u32 nr_entries, buffer;
};

static enum status reservation_fetch(struct xen_call *call, struct xen_memory_reservation *out)
{
    struct reservation_32 narrow;

    if (!call->is_narrow)
        return xen_fetch(call, call->arg[1], out, sizeof(*out));
    TRY(xen_fetch(call, call->arg[1], &narrow, sizeof(narrow)));
    *out = (struct xen_memory_reservation){
        .extent_start = narrow.extent_start,
        .nr_extents = narrow.nr_extents,
        .extent_order = narrow.extent_order,
        .mem_flags = narrow.mem_flags,
        .domid = narrow.domid,
    };
    return ST_OK;
}

/* Frame number `index` of a guest's list: words as wide as the caller's longs. */
static enum status frame_fetch(struct xen_call *call, u64 list, u64 index, u64 *out)
{
    u32 narrow;

    if (!call->is_narrow)
        return xen_fetch(call, list + index * 8, out, 8);
    TRY(xen_fetch(call, list + index * 4, &narrow, sizeof(narrow)));
    *out = narrow;
    return ST_OK;
}

/* Some frame numbers from `index` on, at most `count`; how many could be read. */
static u32 frames_fetch(struct xen_call *call, u64 list, u64 index, u64 count, u64 *out)
{
    count = MIN(count, FRAMES_AT_ONCE);
    if (!call->is_narrow && xen_fetch(call, list + index * 8, out, count * 8) == ST_OK)
        return (u32)count;
    return frame_fetch(call, list, index, out) == ST_OK;
}

static enum status extent_populate(struct xen_call *call, u64 gfn, u32 order)
{
    struct partition *p = call->partition;
    gpa_t at = gpa(gfn << PAGE_SHIFT);
    u64 bytes = PAGE_SIZE << order;
    enum status status = op_memory_populate(p, at, bytes);

    if (status != ST_EXISTS)
        return status;
    xen_place_forget(call->domain, gfn, 1ull << order);
    TRY(op_memory_remove(p, at, bytes));
    return op_memory_populate(p, at, bytes);
}

static enum status extent_remove(struct xen_call *call, u64 gfn, u32 order)
{
    struct partition *p = call->partition;
    u64 i;

    for (i = 0; i < 1ull << order; i++)
        if (!op_memory_is_present(p, gpa((gfn + i) << PAGE_SHIFT)))
            return ST_NO_ENTRY;
    xen_place_forget(call->domain, gfn, 1ull << order);
    return op_memory_remove(p, gpa(gfn << PAGE_SHIFT), PAGE_SIZE << order);
}

typedef enum status (*extent_fn)(struct xen_call *call, u64 gfn, u32 order);

/* The extents of the list from `i` on, up to the first that fails or `limit`: which that is. */
static u64 extents_run(struct xen_call *call, const struct xen_memory_reservation *in, u64 i,
                       u64 limit, extent_fn step)
{
    u64 list[FRAMES_AT_ONCE];
    u32 order = in->extent_order;
    u32 count, k;

    do {
        count = frames_fetch(call, in->extent_start, i, limit - i, list);
        for (k = 0; k < count; k++) {
            if (list[k] >= GFN_LIMIT || list[k] & ((1ull << order) - 1) ||
                step(call, list[k], order) != ST_OK)
                return i + k;
        }
        i += count;
    } while (count && i < limit);
    return i;
}

/*
 * Walks the list from the extent in the upper bits of the command; the answer is how many are
 * done, an error only before the first look at the list.
 */
static s64 extents_walk(struct xen_call *call, extent_fn step)
{
    u64 start = call->arg[0] >> XEN_MEMORY_OP_EXTENT_SHIFT;
    struct xen_memory_reservation in;
    u64 i, limit;
    s64 error;

    if (reservation_fetch(call, &in) != ST_OK)
        return (s64)start;
    error = xen_domid_check(call, in.domid);
    if (error)
        return (s64)start;
    if (in.nr_extents > ~(u64)0 >> XEN_MEMORY_OP_EXTENT_SHIFT || start >= in.nr_extents ||
        in.extent_order > EXTENT_ORDER_LIMIT)
        return (s64)start;
    limit = MIN(in.nr_extents - start, EXTENTS_A_ROUND) + start;
    i = extents_run(call, &in, start, limit, step);
    call->arg[0] = (call->arg[0] & XEN_MEMORY_OP_MASK) |
                   (i < in.nr_extents ? i << XEN_MEMORY_OP_EXTENT_SHIFT : 0);
    return i == limit && i < in.nr_extents ? -XEN_ERESTART : (s64)i;
}

s64 xen_memory_op_populate_physmap(struct xen_call *call)
{
    return extents_walk(call, extent_populate);
}

s64 xen_memory_op_decrease_reservation(struct xen_call *call)
{
    return extents_walk(call, extent_remove);
}

/* Frames that are nowhere mapped are of no use to a translated guest: none are given. */
s64 xen_memory_op_increase_reservation(struct xen_call *call)
{
    (void)call;
    return 0;
}

s64 xen_memory_op_maximum_ram_page(struct xen_call *call)
{
    (void)call;
    return (s64)(op_system_bytes_total() >> PAGE_SHIFT);
}

/* The argument is a bare domid. */
static s64 domid_fetch(struct xen_call *call)
{
    struct xen_domid_arg in;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    return xen_domid_check(call, in.domid);
}

s64 xen_memory_op_current_reservation(struct xen_call *call)
{
    s64 error = domid_fetch(call);

    return error ? error : (s64)op_memory_pages(call->partition);
}

s64 xen_memory_op_maximum_reservation(struct xen_call *call)
{
    s64 error = domid_fetch(call);

    return error ? error : (s64)op_memory_pages_max(call->partition);
}

s64 xen_memory_op_maximum_gpfn(struct xen_call *call)
{
    s64 error = domid_fetch(call);

    return error ? error : (s64)op_memory_highest_page(call->partition);
}

s64 xen_memory_op_get_sharing_freed_pages(struct xen_call *call)
{
    (void)call;
    return 0;
}

s64 xen_memory_op_get_sharing_shared_pages(struct xen_call *call)
{
    (void)call;
    return 0;
}

/* No guest has virtual NUMA. */
s64 xen_memory_op_get_vnumainfo(struct xen_call *call)
{
    struct xen_vnuma_topology_info in;
    s64 error;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (in.pad)
        return -XEN_EINVAL;
    error = xen_domid_check(call, in.domid);
    return error ? error : -XEN_EOPNOTSUPP;
}

/* No devices are passed through, so no memory is reserved for them. */
s64 xen_memory_op_reserved_device_memory_map(struct xen_call *call)
{
    struct xen_reserved_device_memory_map in;
    u64 bytes = call->is_narrow ? 16 : sizeof(in); /* 32-bit: half a pointer, no padding */
    u32 count = 0;

    if (xen_fetch(call, call->arg[1], &in, bytes) != ST_OK)
        return -XEN_EFAULT;
    if (in.flags & ~(u32)XEN_RDM_ALL)
        return -XEN_EINVAL;
    return xen_errno(xen_store(
        call, call->arg[1] + offsetof(struct xen_reserved_device_memory_map, nr_entries),
        &count, sizeof(count)));
}

s64 xen_memory_op_memory_map(struct xen_call *call)
{
    const struct native_memory_range *range;
    struct memory_map_32 narrow;
    struct xen_memory_map io;
    u32 count, i;

    range = op_memory_layout(call->partition, &count);
    if (!range || !count)
        return -XEN_ENOSYS;
    if (call->is_narrow) {
        if (xen_fetch(call, call->arg[1], &narrow, sizeof(narrow)) != ST_OK)
            return -XEN_EFAULT;
        io = (struct xen_memory_map){.nr_entries = narrow.nr_entries, .buffer = narrow.buffer};
    } else if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK) {
        return -XEN_EFAULT;
    }
    count = MIN(count, io.nr_entries);
    for (i = 0; i < count; i++) {
        struct xen_e820_entry entry = {range[i].at, range[i].bytes, range[i].type};

        if (xen_store(call, io.buffer + i * sizeof(entry), &entry, sizeof(entry)) != ST_OK)
            return -XEN_EFAULT;
    }
    return xen_errno(xen_store(call, call->arg[1], &count, sizeof(count)));
}
