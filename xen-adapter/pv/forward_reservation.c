/*
 * memory_op: frames leave for L0 and come back; the guest names pfns and mfns of its own. As on
 * Xen a reservation call answers with the extents done, never with an error.
 *
 * L0 is asked for many extents at once, since each question is an exit.
 */
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

#define ORDER_MAX         9u
#define BATCH             BIT(ORDER_MAX)
#define EXTENTS_MAX       0x7fffffffull
#define ADDRESS_BITS_MASK 0xffu /* of mem_flags */

/* Lock M holds them. */
static u64 batch[BATCH];  /* the first frame of each extent for L0 */
static u64 places[BATCH]; /* growing: its pfn; shrinking: the guest's extent it is part of */

static bool reservation_read(u64 from, u64 start, struct xen_memory_reservation *r)
{
    return copy_from_guest(r, from, sizeof(*r)) == ST_OK && r->domid == XEN_DOMID_SELF &&
           r->extent_order <= ORDER_MAX && r->nr_extents <= EXTENTS_MAX &&
           start <= r->nr_extents;
}

/* How many of `count` extents of the partition's address space went to L0, or came. */
static u64 below(u32 sub, const u64 *extents, u64 count, u32 order)
{
    struct xen_memory_reservation r = {.extent_start = (u64)extents,
                                       .nr_extents = count,
                                       .extent_order = order,
                                       .domid = XEN_DOMID_SELF};
    s64 done = count != 0 ? l0_call(XENNR_memory_op, sub, (u64)&r, 0, 0, 0) : 0;

    return done < 0 ? 0 : MIN((u64)done, count);
}

/* ---- Growing ----------------------------------------------------------------------------- */

struct growth {
    struct xen_memory_reservation r;
    bool is_placed; /* populate_physmap: the list has pfns, which become mfns */
};

static bool place_read(const struct growth *growth, u64 at, u64 *place)
{
    *place = M2P_INVALID;
    return !growth->is_placed || copy_from_guest(place, at, sizeof(*place)) == ST_OK;
}

static void extent_accept(u64 first, u32 order, u64 place)
{
    for (u64 i = 0; i < BIT(order); i++)
        (void)frame_accept(mfn(first + i), pfn(place == M2P_INVALID ? place : place + i));
}

/* Extents that the guest has not been told of. */
static void extents_forget(const u64 *extents, u64 count, u32 order)
{
    for (u64 i = 0; i < count; i++)
        for (u64 k = 0; k < BIT(order); k++)
            (void)frame_release_idle(mfn(extents[i] + k));
}

/* A frame that L0 never got, because somebody used it still. */
static bool extent_reuse(const struct growth *growth, u64 at)
{
    mfn_t frame;

    if (growth->r.extent_order != 0 || (growth->r.mem_flags & ADDRESS_BITS_MASK) != 0 ||
        !place_read(growth, at, &places[0]) || frame_reuse(&frame) != ST_OK)
        return false;
    batch[0] = frame.raw;
    extent_accept(frame.raw, 0, places[0]);
    return true;
}

static bool extent_choose(const struct growth *growth, u64 at, u64 *first, u64 *place)
{
    u32 bits = growth->r.mem_flags & ADDRESS_BITS_MASK;
    u64 end = bits > PAGE_SHIFT && bits < 64 ? BIT(bits - PAGE_SHIFT) : ~(u64)0;
    mfn_t frame;

    if (!place_read(growth, at, place) ||
        frame_find_released(growth->r.extent_order, end, &frame) != ST_OK)
        return false;
    *first = frame.raw;
    extent_accept(frame.raw, growth->r.extent_order, *place);
    return true;
}

/* Chosen frames are the guest's before L0 is asked, so that none is chosen twice. */
static u64 extents_populate(const struct growth *growth, u64 at, u64 count)
{
    u32 order = growth->r.extent_order;
    u64 n = 0, done;

    while (n < MIN(count, BATCH) &&
           extent_choose(growth, at + n * sizeof(u64), &batch[n], &places[n]))
        n++;
    done = below(XENOP_memory_op_populate_physmap, batch, n, order);
    extents_forget(batch + done, n - done, order);
    return done;
}

/* The extents that the guest cannot be told of go back. */
static u64 extents_tell(const struct growth *growth, u64 at, u64 count)
{
    u32 order = growth->r.extent_order;
    u64 n = 0;

    if (growth->r.extent_start == 0)
        return count;
    while (n < count &&
           copy_to_guest(at + n * sizeof(u64), &batch[n], sizeof(batch[n])) == ST_OK)
        n++;
    (void)below(XENOP_memory_op_decrease_reservation, batch + n, count - n, order);
    extents_forget(batch + n, count - n, order);
    return n;
}

static s64 reservation_grow(u64 argument, u64 command, bool is_placed)
{
    u64 i = command >> XEN_MEMORY_OP_EXTENT_SHIFT;
    struct growth growth = {.is_placed = is_placed};
    u64 done = 1;

    if (!reservation_read(argument, i, &growth.r))
        return (s64)i;
    for (; i < growth.r.nr_extents && done != 0; i += done) {
        u64 at = growth.r.extent_start + i * sizeof(u64);

        done = extent_reuse(&growth, at)
                   ? 1
                   : extents_populate(&growth, at, growth.r.nr_extents - i);
        done = extents_tell(&growth, at, done);
    }
    return (s64)i;
}

HANDLER(op_memory_op_increase_reservation)
{
    return reservation_grow(a1, a4, false);
}

HANDLER(op_memory_op_populate_physmap)
{
    return reservation_grow(a1, a4, true);
}

/* ---- Shrinking --------------------------------------------------------------------------- */

bool frame_give(mfn_t frame)
{
    return below(XENOP_memory_op_decrease_reservation, &frame.raw, 1, 0) == 1;
}

/* The frames of an extent that nobody uses, for L0; false: one of them is not the guest's. */
static bool extent_release(u64 first, u32 order, u64 extent, u64 *listed)
{
    bool give;

    for (u64 i = 0; i < BIT(order); i++) {
        if (frame_release(mfn(first + i), &give) != ST_OK)
            return false;
        batch[*listed] = first + i;
        places[*listed] = extent;
        *listed += give;
    }
    return true;
}

/* At most a batch of frames; what L0 would not take stays the guest's. */
static u64 extents_shrink(const struct xen_memory_reservation *r, u64 at, u64 count)
{
    u64 n, done, first, listed = 0;

    for (n = 0; n < count; n++)
        if (copy_from_guest(&first, at + n * sizeof(first), sizeof(first)) != ST_OK ||
            !extent_release(first, r->extent_order, n, &listed))
            break;
    done = below(XENOP_memory_op_decrease_reservation, batch, listed, 0);
    for (u64 i = done; i < listed; i++)
        extent_accept(batch[i], 0, M2P_INVALID);
    return done < listed ? places[done] : n;
}

HANDLER(op_memory_op_decrease_reservation)
{
    u64 i = a4 >> XEN_MEMORY_OP_EXTENT_SHIFT;
    struct xen_memory_reservation r;
    u64 count, done;

    if (!reservation_read(a1, i, &r))
        return (s64)i;
    do {
        count = MIN(r.nr_extents - i, BATCH >> r.extent_order);
        done = extents_shrink(&r, r.extent_start + i * sizeof(u64), count);
        i += done;
    } while (done == count && i < r.nr_extents);
    return (s64)i;
}
