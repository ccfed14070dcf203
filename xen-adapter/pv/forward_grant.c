/*
 * grant_table_op. The table itself is mapped at the start of the foreign window, so a PV guest
 * gets frame numbers for it; granted frames are mapped behind it.
 */
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/grant_map.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

static u32 table_frames;
static u32 status_frames;

static s64 below(u32 sub, void *argument)
{
    return l0_call(XENNR_grant_table_op, sub, (u64)argument, 1, 0, 0);
}

static s64 store(u64 to, const void *from, u64 bytes)
{
    return copy_to_guest(to, from, bytes) == ST_OK ? 0 : -XEN_EFAULT;
}

static mfn_t window_frame(u32 index)
{
    return mfn(shim.domain.foreign.raw + index);
}

static bool table_frame_map(u64 index, mfn_t frame)
{
    struct xen_add_to_physmap map = {.domid = XEN_DOMID_SELF,
                                     .space = XEN_MAPSPACE_GRANT_TABLE,
                                     .idx = index,
                                     .gpfn = frame.raw};

    if (l0_call(XENNR_memory_op, XENOP_memory_op_add_to_physmap, (u64)&map, 0, 0, 0) != 0)
        return false;
    frame_kind_set(frame, 1, FRAME_FOREIGN);
    return true;
}

static s64 size_query(struct xen_gnttab_query_size *size)
{
    *size = (struct xen_gnttab_query_size){.dom = XEN_DOMID_SELF};
    return below(XENOP_grant_table_op_query_size, size);
}

static s16 table_grow(u32 wanted)
{
    struct xen_gnttab_query_size size;

    if (size_query(&size) != 0 || size.status != XEN_GNTST_OKAY ||
        wanted > size.max_nr_frames || wanted > GRANT_TABLE_FRAMES)
        return XEN_GNTST_GENERAL_ERROR;
    for (; table_frames < wanted; table_frames++)
        if (!table_frame_map(table_frames, window_frame(table_frames)))
            return XEN_GNTST_GENERAL_ERROR;
    return XEN_GNTST_OKAY;
}

static s64 frame_list_write(u64 list, u32 first, u32 count)
{
    for (u32 i = 0; i < count; i++) {
        u64 frame = window_frame(first + i).raw;

        if (copy_to_guest(list + i * sizeof(frame), &frame, sizeof(frame)) != ST_OK)
            return -XEN_EFAULT;
    }
    return 0;
}

HANDLER(op_grant_table_op_setup_table)
{
    struct xen_gnttab_setup_table setup;

    if ((u32)a2 != 1)
        return -XEN_EINVAL;
    if (copy_from_guest(&setup, a1, sizeof(setup)) != ST_OK)
        return -XEN_EFAULT;
    if (setup.dom == XEN_DOMID_SELF)
        setup.status = table_grow(setup.nr_frames);
    else
        setup.status = setup.dom >= XEN_DOMID_FIRST_RESERVED ? XEN_GNTST_BAD_DOMAIN
                                                             : XEN_GNTST_PERMISSION_DENIED;
    if (setup.status == XEN_GNTST_OKAY &&
        frame_list_write(setup.frame_list, 0, setup.nr_frames) != 0)
        setup.status = XEN_GNTST_BAD_VIRT_ADDR;
    return store(a1, &setup, sizeof(setup));
}

HANDLER(op_grant_table_op_get_status_frames)
{
    struct xen_gnttab_get_status_frames get;
    s64 result = 0;

    if ((u32)a2 != 1)
        return -XEN_EINVAL;
    if (copy_from_guest(&get, a1, sizeof(get)) != ST_OK)
        return -XEN_EFAULT;
    get.status = XEN_GNTST_OKAY;
    if (get.dom != XEN_DOMID_SELF)
        get.status = XEN_GNTST_PERMISSION_DENIED;
    else if (get.nr_frames > GRANT_STATUS_FRAMES)
        get.status = XEN_GNTST_GENERAL_ERROR;
    for (; get.status == XEN_GNTST_OKAY && status_frames < get.nr_frames; status_frames++)
        if (!table_frame_map(XEN_MAPIDX_GRANT_STATUS | status_frames,
                             window_frame(GRANT_TABLE_FRAMES + status_frames)))
            get.status = XEN_GNTST_GENERAL_ERROR;
    if (get.status == XEN_GNTST_OKAY)
        result = frame_list_write(get.frame_list, GRANT_TABLE_FRAMES, get.nr_frames);
    return result != 0 ? result : store(a1, &get, sizeof(get));
}

HANDLER(op_grant_table_op_query_size)
{
    struct xen_gnttab_query_size size;
    s64 result;

    if ((u32)a2 != 1)
        return -XEN_EINVAL;
    if (copy_from_guest(&size, a1, sizeof(size)) != ST_OK)
        return -XEN_EFAULT;
    result = below(XENOP_grant_table_op_query_size, &size);
    size.max_nr_frames = MIN(size.max_nr_frames, GRANT_TABLE_FRAMES);
    return result != 0 ? result : store(a1, &size, sizeof(size));
}

HANDLER(op_grant_table_op_set_version)
{
    struct xen_gnttab_set_version set;
    s64 result;

    if ((s32)a2 < 0)
        return -XEN_EINVAL;
    if (copy_from_guest(&set, a1, sizeof(set)) != ST_OK)
        return -XEN_EFAULT;
    result = below(XENOP_grant_table_op_set_version, &set);
    if (copy_to_guest(a1, &set, sizeof(set)) != ST_OK)
        return -XEN_EFAULT;
    return result;
}

HANDLER(op_grant_table_op_get_version)
{
    struct xen_gnttab_get_version get;
    s64 result;

    if ((s32)a2 < 0)
        return -XEN_EINVAL;
    if (copy_from_guest(&get, a1, sizeof(get)) != ST_OK)
        return -XEN_EFAULT;
    result = below(XENOP_grant_table_op_get_version, &get);
    return result != 0 ? result : store(a1, &get, sizeof(get));
}

static s64 swap_one(void *element)
{
    return below(XENOP_grant_table_op_swap_grant_ref, element);
}

HANDLER(op_grant_table_op_swap_grant_ref)
{
    struct xen_gnttab_swap_grant_ref swap;

    return grant_list(a1, a2, &swap, sizeof(swap), swap_one);
}

/*
 * No domain here accepts pages: a frame of its own would have to appear below the receiver's
 * shim. As on Xen an offered page is gone all the same, unless it was no page to offer.
 */
static s16 transfer(const struct xen_gnttab_transfer *offer)
{
    mfn_t frame = mfn(offer->mfn);

    if (frame_release_idle(frame) != ST_OK)
        return XEN_GNTST_BAD_PAGE;
    (void)frame_give(frame);
    if (offer->domid >= XEN_DOMID_FIRST_RESERVED || !domain_exists(offer->domid))
        return XEN_GNTST_BAD_DOMAIN;
    return XEN_GNTST_GENERAL_ERROR;
}

static s64 transfer_one(void *element)
{
    struct xen_gnttab_transfer *offer = element;

    offer->status = transfer(offer);
    return 0;
}

HANDLER(op_grant_table_op_transfer)
{
    struct xen_gnttab_transfer offer;

    return grant_list(a1, a2, &offer, sizeof(offer), transfer_one);
}

#define COPY_SOURCE_GREF 1u
#define COPY_DEST_GREF   2u

/*
 * A side given by frame number must be the guest's own memory: L0 would copy the shim's too.
 * Nor does L0 know what is a page table. The status stays as it is for a side that is refused.
 */
static s64 copy_one(void *element)
{
    struct xen_gnttab_copy *copy = element;
    u64 dest = copy->dest.ref_or_gmfn;
    bool is_dest_named = copy->flags & COPY_DEST_GREF;
    s64 result;

    copy->status = XEN_GNTST_BAD_PAGE;
    if (!(copy->flags & COPY_SOURCE_GREF) && !frame_is_guest(mfn(copy->source.ref_or_gmfn)))
        return 0;
    if (!is_dest_named && frame_type_get(dest, FRAME_WRITABLE) != ST_OK)
        return 0;
    result = below(XENOP_grant_table_op_copy, copy);
    if (!is_dest_named)
        frame_type_put(dest);
    return result;
}

HANDLER(op_grant_table_op_copy)
{
    struct xen_gnttab_copy copy;

    return grant_list(a1, a2, &copy, sizeof(copy), copy_one);
}
