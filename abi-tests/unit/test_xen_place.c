/* The adapter's pages in an HVM guest: where they are put, what takes their place, and the
 * lists and ranges of frames that move. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
#include "abi-tests/unit/xen_edges.h"

#define RAM       60u          /* a frame with memory */
#define TOO_HIGH  (1ull << 34) /* of 46 bits of address */
#define OF_STATUS XEN_MAPIDX_GRANT_STATUS

static s64 call(u64 command, const void *argument, size_t size)
{
    put(argument, size);
    return caller_call(XENNR_memory_op, command, ARGUMENT, 0);
}
#define CALL(sub, object) call(XENOP_memory_op_##sub, &(object), sizeof(object))

static s64 add(u32 space, u64 idx, u64 gfn)
{
    struct xen_add_to_physmap in = {
        .domid = XEN_DOMID_SELF, .space = space, .idx = idx, .gpfn = gfn};

    return CALL(add_to_physmap, in);
}

static s64 remove_frame(u64 gfn)
{
    struct xen_remove_from_physmap in = {.domid = XEN_DOMID_SELF, .gpfn = gfn};

    return CALL(remove_from_physmap, in);
}

/* ---- one page, one place ---- */

static const struct {
    u32 space;
    u64 idx;
} pages[] = {{XEN_MAPSPACE_SHARED_INFO, 0},
             {XEN_MAPSPACE_GRANT_TABLE, 0},
             {XEN_MAPSPACE_GRANT_TABLE, 1},
             {XEN_MAPSPACE_GRANT_TABLE, XEN_GRANT_FRAMES_MAX - 1},
             {XEN_MAPSPACE_GRANT_TABLE, OF_STATUS},
             {XEN_MAPSPACE_GRANT_TABLE, OF_STATUS | (XEN_GRANT_STATUS_MAX - 1)}};

static void begin(void **state)
{
    caller_setup(state);
    fake_grant.version = 2;
    fake_grant.frames = XEN_GRANT_FRAMES_MAX;
}

static s64 removed(u64 gfn)
{
    return remove_frame(gfn);
}

static s64 moved_away(u64 gfn)
{
    return add(XEN_MAPSPACE_GMFN, gfn, 250);
}

static s64 overlaid_with_memory(u64 gfn)
{
    return add(XEN_MAPSPACE_GMFN, RAM, gfn);
}

static s64 overlaid_with_another(u64 gfn)
{
    return add(XEN_MAPSPACE_GRANT_TABLE, 7, gfn);
}

static s64 given_back(u64 gfn)
{
    struct xen_memory_reservation in = {
        .extent_start = LIST, .nr_extents = 1, .domid = XEN_DOMID_SELF};

    memcpy(fake_guest(LIST), &gfn, sizeof(gfn));
    return CALL(decrease_reservation, in) - 1;
}

/* Whatever happens to the frame, a page that was there can be put there again; the one beside
 * it is still where it was, and nowhere else once it is put elsewhere. */
static void test_what_takes_its_place(void **state)
{
    static s64 (*const ways[])(u64) = {removed, moved_away, overlaid_with_memory,
                                       overlaid_with_another, given_back};

    for (u32 way = 0; way < ARRAY_SIZE(ways); way++) {
        for (u32 i = 0; i < ARRAY_SIZE(pages); i++) {
            u32 other = (i + 1) % ARRAY_SIZE(pages);
            u8 *page, *beside;

            begin(state);
            assert_int_equal(add(pages[i].space, pages[i].idx, HOLE), 0);
            assert_int_equal(add(pages[other].space, pages[other].idx, HOLE + 1), 0);
            page = fake_page[HOLE];
            beside = fake_page[HOLE + 1];
            assert_int_equal(ways[way](HOLE), 0);
            assert_ptr_not_equal(fake_page[HOLE], page);
            assert_int_equal(add(pages[i].space, pages[i].idx, HOLE), 0);
            assert_ptr_equal(fake_page[HOLE], page);
            assert_int_equal(add(pages[other].space, pages[other].idx, HOLE + 2), 0);
            assert_ptr_equal(fake_page[HOLE + 2], beside);
            assert_null(fake_page[HOLE + 1]);
        }
    }
}

/* After the first of two has gone the second is not lost sight of, in whatever order. */
static void test_two_that_go(void **state)
{
    for (u32 i = 0; i < ARRAY_SIZE(pages); i++) {
        u32 other = (i + 1) % ARRAY_SIZE(pages);
        u8 *page;

        begin(state);
        assert_int_equal(add(pages[i].space, pages[i].idx, HOLE), 0);
        assert_int_equal(add(pages[other].space, pages[other].idx, HOLE + 9), 0);
        page = fake_page[HOLE + 9];
        assert_int_equal(remove_frame(HOLE), 0);
        assert_int_equal(remove_frame(HOLE + 9), 0);
        assert_int_equal(add(pages[other].space, pages[other].idx, HOLE + 9), 0);
        assert_ptr_equal(fake_page[HOLE + 9], page);
    }
}

/* The clocks of all vCPUs are in the page, of those too that are not up. */
static void test_clocks_of_all(void **state)
{
    const struct xen_shared_info *shared;

    (void)state;
    for (u32 i = 0; i < FAKE_VCPUS; i++)
        assert_non_null(xen_vcpu_get(&fake_vcpu[i]));
    assert_int_equal(add(XEN_MAPSPACE_SHARED_INFO, 0, HOLE), 0);
    shared = fake_guest(HOLE << PAGE_SHIFT);
    for (u32 i = 0; i < FAKE_VCPUS; i++)
        assert_int_equal(shared->vcpu_info[i].time.system_time, fake_now_ns);
}

/* ---- refusals ---- */

static void test_frames_there_are_none_of(void **state)
{
    (void)state;
    for (u64 gfn = TOO_HIGH; gfn != 0; gfn <<= 1) {
        assert_int_equal(add(XEN_MAPSPACE_SHARED_INFO, 0, gfn), -XEN_ENOENT);
        assert_int_equal(add(XEN_MAPSPACE_GMFN, RAM, gfn), -XEN_ENOENT);
        assert_int_equal(add(XEN_MAPSPACE_GMFN, gfn, HOLE), -XEN_EINVAL);
        assert_int_equal(remove_frame(gfn), -XEN_ENOENT);
    }
    assert_non_null(fake_page[RAM]);
    assert_null(fake_page[HOLE]);
}

static void test_devices_are_the_machines(void **state)
{
    (void)state;
    assert_int_equal(add(XEN_MAPSPACE_DEV_MMIO, RAM, HOLE), -XEN_EACCES);
    assert_null(fake_page[HOLE]);
}

/* Only a range has a cursor. */
static void test_cursor_of_a_single_frame(void **state)
{
    struct xen_add_to_physmap in = {
        .domid = XEN_DOMID_SELF, .space = XEN_MAPSPACE_SHARED_INFO, .gpfn = HOLE};

    (void)state;
    assert_int_equal(
        call(XENOP_memory_op_add_to_physmap | 1 << XEN_MEMORY_OP_EXTENT_SHIFT, &in, sizeof(in)),
        -XEN_EINVAL);
    assert_null(fake_page[HOLE]);
}

static void test_frames_of_others(void **state)
{
    struct xen_remove_from_physmap in = {.domid = 77, .gpfn = RAM};

    (void)state;
    assert_int_equal(CALL(remove_from_physmap, in), -XEN_ESRCH);
    in.domid = 0;
    assert_int_equal(CALL(remove_from_physmap, in), -XEN_EACCES);
    assert_non_null(fake_page[RAM]);
}

/* ---- moves ---- */

static void test_move_to_where_it_is(void **state)
{
    u8 *page = fake_page[RAM];

    (void)state;
    assert_int_equal(add(XEN_MAPSPACE_GMFN, RAM, RAM), 0);
    assert_ptr_equal(fake_page[RAM], page);
}

/* One round of a range over the frames from 0 on, all of them where they are. */
static enum call_end range_round(u16 size, u64 cursor)
{
    struct xen_add_to_physmap in = {
        .domid = XEN_DOMID_SELF, .size = size, .space = XEN_MAPSPACE_GMFN_RANGE};

    for (u32 i = FAKE_PAGES / 2; i < FAKE_PAGES; i++)
        fake_page[i] = fake_page[RAM];
    put(&in, sizeof(in));
    caller_put(XENNR_memory_op, XENOP_memory_op_add_to_physmap | cursor << 6, ARGUMENT, 0);
    return xen_call(&fake_vcpu[0]);
}

/* A vCPU looks at its interrupts after 256 frames; then the call goes on. */
static void test_long_range(void **state)
{
    struct regs *regs = &fake_vcpu[0].regs;

    (void)state;
    for (u64 cursor = 0; cursor <= 256; cursor += 128) { /* it is gone at the end */
        assert_int_equal(range_round(256, cursor), CALL_RETURN);
        assert_int_equal(regs->rax, 0);
        assert_int_equal(regs->rdi, XENOP_memory_op_add_to_physmap);
    }
    assert_int_equal(range_round(257, 0), CALL_REPEAT);
    assert_int_equal(regs->rax, XENNR_memory_op);
    assert_int_equal(regs->rdi, XENOP_memory_op_add_to_physmap | 256u << 6);
    assert_int_equal(regs->rsi, ARGUMENT);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    assert_int_equal((s64)regs->rax, -XEN_EINVAL); /* there is no 257th frame */
}

static void test_long_batch(void **state)
{
    struct xen_add_to_physmap_batch in = {.domid = XEN_DOMID_SELF,
                                          .space = XEN_MAPSPACE_GMFN_FOREIGN,
                                          .size = 257,
                                          .idxs = LIST,
                                          .gpfns = LIST,
                                          .errs = 0x4000};

    (void)state;
    put(&in, sizeof(in));
    caller_put(XENNR_memory_op, XENOP_memory_op_add_to_physmap_batch, ARGUMENT, 0);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_REPEAT);
    assert_int_equal(fake_vcpu[0].regs.rdi, XENOP_memory_op_add_to_physmap_batch | 256u << 6);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    assert_int_equal(fake_vcpu[0].regs.rax, 0);
}

/* The lists lie where memory ends: no word behind them is looked at. */
static void test_batch_at_the_end_of_memory(void **state)
{
    u64 end = (u64)FAKE_PAGES / 2 * PAGE_SIZE;
    struct xen_add_to_physmap_batch in = {.domid = XEN_DOMID_SELF,
                                          .space = XEN_MAPSPACE_GMFN,
                                          .size = 2,
                                          .idxs = end - 16,
                                          .gpfns = LIST,
                                          .errs = end - 24};
    static const u64 from[] = {RAM, RAM + 3}, to[] = {HOLE + 5, HOLE};
    u8 *was[] = {fake_page[RAM], fake_page[RAM + 3]};

    (void)state;
    memcpy(fake_guest(in.idxs), from, sizeof(from));
    memcpy(fake_guest(in.gpfns), to, sizeof(to));
    assert_int_equal(CALL(add_to_physmap_batch, in), 0);
    assert_ptr_equal(fake_page[HOLE + 5], was[0]);
    assert_ptr_equal(fake_page[HOLE], was[1]);
    assert_int_equal(fake_vcpu[0].regs.rdi, XENOP_memory_op_add_to_physmap_batch);
    in.idxs = LIST; /* and back, with the other list there */
    in.gpfns = end - 16;
    memcpy(fake_guest(in.idxs), to, sizeof(to));
    assert_int_equal(CALL(add_to_physmap_batch, in), 0);
    assert_ptr_equal(fake_page[RAM], was[0]);
    assert_ptr_equal(fake_page[RAM + 3], was[1]);
}

/* ---- 32-bit callers ---- */

static void test_narrow_callers(void **state)
{
    struct {
        u16 domid, padding;
        u32 gpfn;
    } in = {.domid = XEN_DOMID_SELF, .gpfn = RAM};
    struct xen_add_to_physmap_batch batch = {.domid = XEN_DOMID_SELF};

    (void)state;
    fake_mode = OP_MODE_32;
    assert_int_equal(CALL(remove_from_physmap, in), 0);
    assert_null(fake_page[RAM]);
    assert_int_equal(CALL(remove_from_physmap, in), -XEN_ENOENT);
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_remove_from_physmap, NOWHERE, 0),
        -XEN_EFAULT);
    assert_int_equal(CALL(add_to_physmap_batch, batch), -XEN_EOPNOTSUPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_takes_its_place),
        cmocka_unit_test(test_two_that_go),
        cmocka_unit_test_setup(test_clocks_of_all, caller_setup),
        cmocka_unit_test_setup(test_frames_there_are_none_of, caller_setup),
        cmocka_unit_test_setup(test_devices_are_the_machines, caller_setup),
        cmocka_unit_test_setup(test_cursor_of_a_single_frame, caller_setup),
        cmocka_unit_test_setup(test_frames_of_others, caller_setup),
        cmocka_unit_test_setup(test_move_to_where_it_is, caller_setup),
        cmocka_unit_test_setup(test_long_range, caller_setup),
        cmocka_unit_test_setup(test_long_batch, caller_setup),
        cmocka_unit_test_setup(test_batch_at_the_end_of_memory, caller_setup),
        cmocka_unit_test_setup(test_narrow_callers, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
