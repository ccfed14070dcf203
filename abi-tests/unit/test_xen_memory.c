/* Memory calls of an HVM guest: extents, where the shared pages are afterwards, numbers. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/state.h"

#define ARGUMENT 0x1000u
#define LIST     0x2000u
#define NOWHERE  0xfff00000u
#define HOLE     200u /* a frame without memory */

static s64 call(u64 command, const void *argument, size_t size)
{
    memcpy(fake_guest(ARGUMENT), argument, size);
    fake_vcpu[0].regs = (struct regs){0};
    return caller_call(XENNR_memory_op, command, ARGUMENT, NOWHERE);
}
#define CALL(sub, object) call(XENOP_memory_op_##sub, &(object), sizeof(object))

/* A list of two frames. */
static struct xen_memory_reservation list_of(u64 first, u64 second, u32 order)
{
    u64 *list = fake_guest(LIST);

    list[0] = first;
    list[1] = second;
    return (struct xen_memory_reservation){
        .extent_start = LIST, .nr_extents = 2, .extent_order = order, .domid = XEN_DOMID_SELF};
}

static u64 *shared_gfn(void)
{
    return &xen_vcpu_get(&fake_vcpu[0])->domain->shared_gfn;
}

static void shared_map(u64 gfn)
{
    struct xen_add_to_physmap add = {
        .domid = XEN_DOMID_SELF, .space = XEN_MAPSPACE_SHARED_INFO, .gpfn = gfn};

    assert_int_equal(CALL(add_to_physmap, add), 0);
    assert_int_equal(*shared_gfn(), gfn);
}

/* One batch of two frames; the errors go behind the frames. */
static s64 batch(u16 space, u16 size, u64 start)
{
    struct xen_add_to_physmap_batch in = {.domid = XEN_DOMID_SELF,
                                          .space = space,
                                          .size = size,
                                          .idxs = LIST,
                                          .gpfns = LIST + 16,
                                          .errs = LIST + 32};
    u64 *list = fake_guest(LIST);

    list[4] = 0x6300000063;
    return call(XENOP_memory_op_add_to_physmap_batch | start << XEN_MEMORY_OP_EXTENT_SHIFT, &in,
                sizeof(in));
}

/* What one entry may not do is told in its error; what no entry may, by the call. */
static void test_batch_of_frames(void **state)
{
    u64 *list = fake_guest(LIST);
    s32 *error = fake_guest(LIST + 32);

    (void)state;
    list[0] = 60, list[1] = HOLE, list[2] = 70, list[3] = 71;
    assert_int_equal(batch(XEN_MAPSPACE_GMFN, 2, 0), 0);
    assert_int_equal(error[0], 0);
    assert_int_equal(error[1], -XEN_EINVAL);
    assert_null(fake_page[60]);
    assert_int_equal(batch(XEN_MAPSPACE_GMFN_FOREIGN, 2, 0), 0);
    assert_int_equal(error[0], -XEN_EPERM);
    assert_int_equal(error[1], -XEN_EPERM);
    assert_int_equal(batch(XEN_MAPSPACE_GMFN_FOREIGN, 2, 1), 0);
    assert_int_equal(error[0], 99);
    assert_int_equal(batch(XEN_MAPSPACE_GMFN_FOREIGN, 0, 0), 0);
    assert_int_equal(batch(XEN_MAPSPACE_GMFN, 2, 2), -XEN_EILSEQ);
    assert_int_equal(batch(XEN_MAPSPACE_GMFN_RANGE, 2, 0), -XEN_EOPNOTSUPP);
    assert_int_equal(batch(XEN_MAPSPACE_DEV_MMIO, 2, 0), -XEN_EACCES);
    assert_int_equal(error[0], 99);
}

/* More entries than one round does: each gets its error, those behind the list keep theirs. */
static void test_long_batch(void **state)
{
    enum { MANY = 300 };
    struct xen_add_to_physmap_batch in = {.domid = XEN_DOMID_SELF,
                                          .space = XEN_MAPSPACE_GMFN_FOREIGN,
                                          .size = MANY,
                                          .idxs = LIST,
                                          .gpfns = LIST,
                                          .errs = LIST + 0x1000};
    s32 *error = fake_guest(LIST + 0x1000);

    (void)state;
    memset(error, 0x63, (MANY + 1) * sizeof(*error));
    assert_int_equal(CALL(add_to_physmap_batch, in), 0);
    for (u32 i = 0; i < MANY; i++)
        assert_int_equal(error[i], -XEN_EPERM);
    assert_int_equal(error[MANY], 0x63636363);
    in.idxs = NOWHERE;
    assert_int_equal(CALL(add_to_physmap_batch, in), -XEN_EFAULT);
    in.idxs = LIST;
    in.errs = NOWHERE;
    assert_int_equal(CALL(add_to_physmap_batch, in), -XEN_EFAULT);
}

/* A range moves frame by frame, up to the first that is not there. */
static void test_range_of_frames(void **state)
{
    struct xen_add_to_physmap add = {.domid = XEN_DOMID_SELF,
                                     .space = XEN_MAPSPACE_GMFN_RANGE,
                                     .size = 3,
                                     .idx = 60,
                                     .gpfn = 210};
    u8 *was[] = {fake_page[60], fake_page[61], fake_page[62]};

    (void)state;
    assert_int_equal(CALL(add_to_physmap, add), 0);
    for (u32 i = 0; i < 3; i++) {
        assert_ptr_equal(fake_page[210 + i], was[i]);
        assert_null(fake_page[60 + i]);
    }
    assert_int_equal(call(XENOP_memory_op_add_to_physmap | 3 << XEN_MEMORY_OP_EXTENT_SHIFT,
                          &add, sizeof(add)),
                     0);
    assert_int_equal(CALL(add_to_physmap, add), -XEN_EINVAL);
}

/* Frames far from the adapter's pages are not looked for; those between them are. */
static void test_places_are_remembered(void **state)
{
    static const u64 gfn[] = {70, 64, 90};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(gfn); i++) {
        struct xen_memory_reservation in;

        shared_map(gfn[i]);
        in = list_of(gfn[i], NOWHERE, 0);
        assert_int_equal(CALL(decrease_reservation, in), 1);
        assert_int_equal(*shared_gfn(), XEN_GFN_NONE);
    }
}

/* Foreign frames are for the batch alone, whoever they are for. */
static void test_single_foreign_frame(void **state)
{
    struct xen_add_to_physmap add = {
        .domid = 77, .space = XEN_MAPSPACE_GMFN_FOREIGN, .gpfn = HOLE};

    (void)state;
    assert_int_equal(CALL(add_to_physmap, add), -XEN_ENOSYS);
    add.space = XEN_MAPSPACE_GMFN_RANGE;
    assert_int_equal(CALL(add_to_physmap, add), -XEN_ESRCH);
    add.domid = XEN_DOMID_SELF;
    assert_int_equal(call(XENOP_memory_op_add_to_physmap | 1 << XEN_MEMORY_OP_EXTENT_SHIFT,
                          &add, sizeof(add)),
                     -XEN_EILSEQ);
}

/* Neither virtual NUMA nor devices: the domain and the flags are looked at all the same. */
static void test_nothing_to_tell(void **state)
{
    struct xen_vnuma_topology_info numa = {.domid = XEN_DOMID_SELF};
    struct xen_reserved_device_memory_map map = {.flags = 2, .nr_entries = 5};
    struct xen_reserved_device_memory_map *answer = fake_guest(ARGUMENT);

    (void)state;
    assert_int_equal(CALL(get_vnumainfo, numa), -XEN_EOPNOTSUPP);
    numa.domid = 77;
    assert_int_equal(CALL(get_vnumainfo, numa), -XEN_ESRCH);
    numa.pad = 1;
    assert_int_equal(CALL(get_vnumainfo, numa), -XEN_EINVAL);
    assert_int_equal(CALL(reserved_device_memory_map, map), -XEN_EINVAL);
    assert_int_equal(answer->nr_entries, 5);
    map.flags = XEN_RDM_ALL;
    assert_int_equal(CALL(reserved_device_memory_map, map), 0);
    assert_int_equal(answer->nr_entries, 0);
    assert_int_equal(answer->flags, XEN_RDM_ALL);
}

/* Memory over a shared page, or taken from under it: the page is nowhere any more. */
static void test_extents_displace_the_shared_page(void **state)
{
    static const u32 subs[] = {XENOP_memory_op_populate_physmap,
                               XENOP_memory_op_decrease_reservation};

    for (u32 i = 0; i < ARRAY_SIZE(subs); i++) {
        for (u64 at = 62; at < 68; at++) {
            struct xen_memory_reservation in;
            bool is_inside = at >= 64 && at < 66;

            caller_setup(state);
            shared_map(at);
            in = list_of(64, NOWHERE, 1);
            assert_int_equal(call(subs[i], &in, sizeof(in)), 1);
            assert_true((*shared_gfn() == XEN_GFN_NONE) == is_inside);
        }
    }
}

/* Only the frames of the extent must be there, and only they go. */
static void test_extents_end_where_they_end(void **state)
{
    struct xen_memory_reservation in = list_of(HOLE, NOWHERE, 1);

    (void)state;
    assert_int_equal(CALL(populate_physmap, in), 1);
    assert_non_null(fake_page[HOLE + 1]);
    assert_null(fake_page[HOLE + 2]);
    assert_int_equal(CALL(decrease_reservation, in), 1);
    assert_null(fake_page[HOLE]);
    assert_null(fake_page[HOLE + 1]);
}

static void test_counts_at_their_limit(void **state)
{
    struct xen_memory_reservation in = list_of(HOLE, NOWHERE, 0);

    (void)state;
    in.nr_extents = ~0ull >> 6; /* as many as the cursor can count */
    assert_int_equal(CALL(populate_physmap, in), 1);
    in.nr_extents++;
    assert_int_equal(CALL(decrease_reservation, in), 0);
    assert_non_null(fake_page[HOLE]);
    in.nr_extents = 1;
    in.extent_order = 10;
    assert_int_equal(CALL(decrease_reservation, in), 0);
}

/* A cursor at or behind the end of the list: that much is done. */
static void test_cursor_behind_the_end(void **state)
{
    struct xen_memory_reservation in = list_of(HOLE, HOLE + 1, 0);

    (void)state;
    for (u64 start = 2; start < 4; start++) {
        assert_int_equal(call(start << 6 | XENOP_memory_op_populate_physmap, &in, sizeof(in)),
                         start);
        assert_null(fake_page[HOLE]);
    }
    assert_int_equal(call(1u << 6 | XENOP_memory_op_populate_physmap, &in, sizeof(in)), 2);
    assert_null(fake_page[HOLE]);
    assert_non_null(fake_page[HOLE + 1]);
}

static void test_numbers(void **state)
{
    struct xen_domid_arg self = {XEN_DOMID_SELF}, stranger = {77}, other = {0};
    struct xen_memory_reservation in = list_of(HOLE, HOLE + 1, 0);
    static const u32 counts[] = {XENOP_memory_op_current_reservation,
                                 XENOP_memory_op_maximum_reservation,
                                 XENOP_memory_op_maximum_gpfn};

    (void)state;
    assert_int_equal(CALL(current_reservation, self), FAKE_PAGES / 2);
    assert_int_equal(CALL(maximum_reservation, self), FAKE_PAGES);
    assert_int_equal(CALL(maximum_gpfn, self), FAKE_PAGES / 2 - 1);
    for (u32 i = 0; i < ARRAY_SIZE(counts); i++) {
        assert_int_equal(call(counts[i], &stranger, sizeof(stranger)), -XEN_ESRCH);
        assert_int_equal(call(counts[i], &other, sizeof(other)), -XEN_EPERM);
    }
    assert_int_equal(CALL(maximum_ram_page, self), (1ull << 30) / PAGE_SIZE);
    assert_int_equal(CALL(increase_reservation, in), 0);
    assert_int_equal(CALL(get_sharing_freed_pages, self), 0);
    assert_int_equal(CALL(get_sharing_shared_pages, self), 0);
}

/* As many entries as there is room for, no byte more; the count says how many. */
static void test_memory_map(void **state)
{
    struct xen_memory_map map = {.nr_entries = 1, .buffer = LIST};
    struct xen_e820_entry *entries = fake_guest(LIST);

    (void)state;
    memset(entries, 0xee, 3 * sizeof(*entries));
    assert_int_equal(CALL(memory_map, map), 0);
    assert_int_equal(*(u32 *)fake_guest(ARGUMENT), 1);
    assert_int_equal(entries[0].type, 1);
    assert_int_equal(entries[1].type, 0xeeeeeeeeu);
    map.nr_entries = 3;
    assert_int_equal(CALL(memory_map, map), 0);
    assert_int_equal(*(u32 *)fake_guest(ARGUMENT), 2);
    assert_int_equal(entries[1].addr, 0xfee00000);
    assert_int_equal(entries[1].size, 0x1000);
    assert_int_equal(entries[1].type, 2);
    assert_int_equal(entries[2].type, 0xeeeeeeeeu);
    fake_ranges = 0;
    assert_int_equal(CALL(memory_map, map), -XEN_ENOSYS);
}

static void test_memory_map_of_a_narrow_caller(void **state)
{
    struct {
        u32 nr_entries, buffer;
    } map = {.nr_entries = 5, .buffer = LIST};
    struct xen_e820_entry *entries = fake_guest(LIST);

    (void)state;
    fake_mode = OP_MODE_32;
    assert_int_equal(CALL(memory_map, map), 0);
    assert_int_equal(*(u32 *)fake_guest(ARGUMENT), 2);
    assert_int_equal(entries[1].addr, 0xfee00000);
    map.buffer = NOWHERE;
    assert_int_equal(CALL(memory_map, map), -XEN_EFAULT);
    fake_vcpu[0].regs = (struct regs){
        .rax = XENNR_memory_op, .rbx = XENOP_memory_op_memory_map, .rcx = NOWHERE};
    (void)xen_call(&fake_vcpu[0]);
    assert_int_equal((s32)fake_vcpu[0].regs.rax, -XEN_EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_extents_displace_the_shared_page, caller_setup),
        cmocka_unit_test_setup(test_extents_end_where_they_end, caller_setup),
        cmocka_unit_test_setup(test_counts_at_their_limit, caller_setup),
        cmocka_unit_test_setup(test_cursor_behind_the_end, caller_setup),
        cmocka_unit_test_setup(test_batch_of_frames, caller_setup),
        cmocka_unit_test_setup(test_long_batch, caller_setup),
        cmocka_unit_test_setup(test_range_of_frames, caller_setup),
        cmocka_unit_test_setup(test_places_are_remembered, caller_setup),
        cmocka_unit_test_setup(test_single_foreign_frame, caller_setup),
        cmocka_unit_test_setup(test_nothing_to_tell, caller_setup),
        cmocka_unit_test_setup(test_numbers, caller_setup),
        cmocka_unit_test_setup(test_memory_map, caller_setup),
        cmocka_unit_test_setup(test_memory_map_of_a_narrow_caller, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
