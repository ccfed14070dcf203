/* The PV guest's balloon: frames go to the hypervisor below and come back, many in one call. */
// sources: abi-tests/unit/fake_pv_smp.c xen-adapter/pv/forward_reservation.c
// sources: abi-tests/unit/fake_pv_mmu.c xen-adapter/pv/frame.c xen-adapter/pv/mmu_validate.c
// sources: xen-adapter/pv/mmu_update.c xen-adapter/pv/mmu_batch.c xen-adapter/pv/mmu_va.c
// sources: xen-adapter/pv/mmuext.c xen-adapter/pv/mmu_fault.c xen-adapter/pv/descriptors.c
// sources: xen-adapter/pv/m2p.c xen-adapter/pv/memory_frames.c hv/lib/insn_decode.c
// sources: hv/lib/insn_operands.c hv/lib/insn_tables.c hv/lib/insn_compute.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_mmu.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/hypercall.h"

#define G     FAKE_GUEST
#define COUNT 40u

/* What the hypervisor below has given this partition, and how it answers. */
static bool is_present[FAKE_FRAMES];
static u32 calls_below;
static u64 patience; /* extents it takes or gives in one call */
static s64 refusal;  /* its answer, if negative */

static u64 list[COUNT];
static struct xen_memory_reservation wanted;

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    const struct xen_memory_reservation *r = (const void *)a2;
    bool is_growing = a1 == XENOP_memory_op_populate_physmap;
    const u64 *extents = (const void *)r->extent_start;
    u64 n;

    (void)a3, (void)a4, (void)a5;
    assert_int_equal(number, XENNR_memory_op);
    assert_true(is_growing || a1 == XENOP_memory_op_decrease_reservation);
    assert_int_equal(r->domid, XEN_DOMID_SELF);
    assert_true(r->nr_extents > 0);
    calls_below++;
    if (refusal != 0)
        return refusal;
    for (n = 0; n < r->nr_extents && n < patience; n++)
        for (u64 i = 0; i < BIT(r->extent_order); i++) {
            assert_true(is_present[extents[n] + i] != is_growing);
            is_present[extents[n] + i] = is_growing;
        }
    return (s64)n;
}

/* The guest's frames are there, and none that left or never came. */
static void check(void)
{
    for (u32 i = G; i < FAKE_GUEST_END; i++) {
        enum frame_kind kind = frame_kind_get(mfn(i));

        assert_int_equal(is_present[i], kind == FRAME_GUEST || kind == FRAME_LEAVING);
    }
    fake_check();
}

static int setup(void **state)
{
    (void)state;
    fake_reset();
    for (u32 i = 0; i < FAKE_FRAMES; i++)
        is_present[i] = i >= G && i < FAKE_GUEST_END;
    for (u32 i = 0; i < COUNT; i++)
        list[i] = G + i;
    wanted = (struct xen_memory_reservation){
        .extent_start = (u64)list, .nr_extents = COUNT, .domid = XEN_DOMID_SELF};
    calls_below = 0;
    patience = ~0ull;
    refusal = 0;
    return 0;
}

static s64 shrink(void)
{
    return op_memory_op_decrease_reservation((u64)&wanted, 0, 0,
                                             XENOP_memory_op_decrease_reservation);
}

static s64 grow(void)
{
    return op_memory_op_populate_physmap((u64)&wanted, 0, 0, XENOP_memory_op_populate_physmap);
}

static void places_put(void)
{
    for (u32 i = 0; i < COUNT; i++)
        list[i] = 1000 + i;
}

static void test_many_in_one_call(void **state)
{
    (void)state;
    assert_int_equal(shrink(), COUNT);
    assert_int_equal(calls_below, 1);
    check();
    places_put();
    assert_int_equal(grow(), COUNT);
    assert_int_equal(calls_below, 2);
    for (u32 i = 0; i < COUNT; i++) {
        assert_true(list[i] >= G && list[i] < G + COUNT);
        assert_int_equal(m2p_get(mfn(list[i])), 1000 + i);
    }
    check();
}

/* The list goes on where the command says. */
static void test_the_rest_of_a_list(void **state)
{
    (void)state;
    assert_int_equal(op_memory_op_decrease_reservation((u64)&wanted, 0, 0, 1 | 30 << 6), COUNT);
    assert_true(frame_is_guest(mfn(G + 29)));
    assert_false(frame_is_guest(mfn(G + 30)));
    places_put();
    assert_int_equal(op_memory_op_populate_physmap((u64)&wanted, 0, 0, 6 | 35 << 6), COUNT);
    assert_int_equal(list[34], 1034);
    assert_int_not_equal(list[35], 1035);
    check();
}

/* What comes back is all that the hypervisor below gave; the rest can be had later. */
static void test_less_than_asked_for(void **state)
{
    (void)state;
    assert_int_equal(shrink(), COUNT);
    places_put();
    patience = 0;
    assert_int_equal(grow(), 0);
    assert_int_equal(list[0], 1000);
    check();
    refusal = -XEN_ENOMEM;
    assert_int_equal(grow(), 0);
    check();
    refusal = 0;
    patience = 7;
    assert_int_equal(op_memory_op_increase_reservation((u64)&wanted, 0, 0, 0 | 33 << 6), COUNT);
    assert_int_equal(list[32], 1032);
    assert_int_equal(m2p_get(mfn(list[33])), M2P_INVALID);
    check();
    patience = ~0ull;
    wanted.nr_extents = 34; /* one more than there are */
    places_put();
    assert_int_equal(grow(), 33);
    assert_int_equal(list[33], 1033);
    check();
}

/* Frames that the hypervisor below keeps out are still the guest's. */
static void test_not_taken(void **state)
{
    (void)state;
    patience = 5;
    assert_int_equal(shrink(), 5);
    assert_true(frame_is_guest(mfn(G + 5)));
    check();
    refusal = -XEN_EPERM;
    wanted.extent_start = (u64)&list[5];
    wanted.nr_extents = 2;
    assert_int_equal(shrink(), 0);
    check();
}

static void test_a_frame_of_nobody(void **state)
{
    (void)state;
    list[9] = FAKE_SPECIAL;
    assert_int_equal(shrink(), 9);
    assert_true(frame_is_guest(mfn(G + 10)));
    assert_int_equal(calls_below, 1);
    check();
    assert_int_equal(shrink(), 0);
    assert_int_equal(calls_below, 1); /* with nothing to say it is not called */
}

/* A frame in use stays with the shim, and comes back without a call. */
static void test_a_mapped_frame(void **state)
{
    u64 entry = (u64)(G + 3) << PAGE_SHIFT | PTE_P;

    (void)state;
    assert_int_equal(frame_map_get(entry), ST_OK);
    assert_int_equal(shrink(), COUNT);
    assert_true(is_present[G + 3]);
    frame_map_put(entry);
    calls_below = 0;
    places_put();
    wanted.nr_extents = 1;
    assert_int_equal(grow(), 1);
    assert_int_equal(calls_below, 0);
    assert_int_equal(list[0], G + 3);
    check();
}

/* Lists that end in the middle: what the guest is not told of is not its own. */
static void test_lists_that_end(void **state)
{
    (void)state;
    assert_int_equal(shrink(), COUNT);
    places_put();
    fake.guest_write_end = (u64)&list[6];
    assert_int_equal(grow(), 6);
    assert_int_equal(list[5], G + 5);
    assert_int_equal(list[6], 1006);
    check();
    fake.guest_write_end = 0;
    wanted.extent_start = (u64)&list[6];
    wanted.nr_extents = COUNT - 6;
    assert_int_equal(grow(), COUNT - 6);
    check();
}

static void test_large_extents(void **state)
{
    (void)state;
    wanted.extent_order = 2;
    wanted.nr_extents = 4;
    for (u32 i = 0; i < 4; i++)
        list[i] = G + 8 + 4 * i;
    list[2] = FAKE_GUEST_END - 2; /* two of its frames are no memory */
    assert_int_equal(shrink(), 2);
    assert_int_equal(calls_below, 1);
    assert_false(frame_is_guest(mfn(G + 15)));
    assert_true(frame_is_guest(mfn(G + 16)));
    check();
    places_put();
    patience = 1;
    wanted.nr_extents = 2;
    assert_int_equal(op_memory_op_populate_physmap((u64)&wanted, 0, 0, 6 | 1 << 6), 2);
    check();
    patience = 0;
    assert_int_equal(grow(), 0);
    check();
    patience = ~0ull;
    list[1] = G + 8;
    assert_int_equal(op_memory_op_decrease_reservation((u64)&wanted, 0, 0, 1 | 1 << 6), 2);
    places_put();
    wanted.nr_extents = 3; /* two are there */
    assert_int_equal(grow(), 2);
    assert_int_equal(list[0], G + 8);
    assert_int_equal(m2p_get(mfn(G + 11)), 1003);
    check();
    wanted.extent_order = 10;
    assert_int_equal(shrink(), 0);
    assert_int_equal(grow(), 0);
}

/* increase_reservation without a list: the guest does not want to know. */
static void test_nobody_is_told(void **state)
{
    (void)state;
    assert_int_equal(shrink(), COUNT);
    wanted.extent_start = 0;
    assert_int_equal(op_memory_op_increase_reservation((u64)&wanted, 0, 0, 0), COUNT);
    check();
}

static void test_one_frame(void **state)
{
    (void)state;
    assert_int_equal(frame_release_idle(mfn(G)), ST_OK);
    assert_true(frame_give(mfn(G)));
    assert_false(is_present[G]);
    check();
    patience = 0;
    assert_false(frame_give(mfn(G + 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_many_in_one_call, setup),
        cmocka_unit_test_setup(test_the_rest_of_a_list, setup),
        cmocka_unit_test_setup(test_less_than_asked_for, setup),
        cmocka_unit_test_setup(test_not_taken, setup),
        cmocka_unit_test_setup(test_a_frame_of_nobody, setup),
        cmocka_unit_test_setup(test_a_mapped_frame, setup),
        cmocka_unit_test_setup(test_lists_that_end, setup),
        cmocka_unit_test_setup(test_large_extents, setup),
        cmocka_unit_test_setup(test_nobody_is_told, setup),
        cmocka_unit_test_setup(test_one_frame, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
