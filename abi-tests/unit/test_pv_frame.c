/* Frame types and counts of the PV shim, and frames that come and go. */
// sources: abi-tests/unit/fake_pv_smp.c
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

#define G FAKE_GUEST

static u64 map_entry(u64 number, u64 flags)
{
    return number << PAGE_SHIFT | PTE_P | flags;
}

static void test_types_exclude_each_other(void **state)
{
    (void)state;
    fake_reset();
    for (u32 first = FRAME_L1; first <= FRAME_WRITABLE; first++) {
        for (u32 second = FRAME_L1; second <= FRAME_WRITABLE; second++) {
            enum status status;

            assert_int_equal(frame_type_get(G, (enum frame_type)first), ST_OK);
            status = frame_type_get(G, (enum frame_type)second);
            assert_int_equal(status, first == second ? ST_OK : ST_INVALID);
            if (status == ST_OK)
                frame_type_put(G);
            frame_type_put(G);
        }
        memset(fake_table(G), 0, PAGE_SIZE);
        fake_check();
    }
}

static void test_only_guest_frames_have_types(void **state)
{
    (void)state;
    fake_reset();
    assert_int_equal(frame_type_get(0, FRAME_L1), ST_INVALID);
    assert_int_equal(frame_type_get(FAKE_SPECIAL, FRAME_L1), ST_INVALID);
    assert_int_equal(frame_type_get(FAKE_FOREIGN, FRAME_WRITABLE), ST_INVALID);
    assert_int_equal(frame_type_get(FAKE_HOLE, FRAME_WRITABLE), ST_INVALID);
    assert_int_equal(frame_type_get(FAKE_FRAMES, FRAME_WRITABLE), ST_INVALID);
    assert_int_equal(frame_type_get(~0ull, FRAME_WRITABLE), ST_INVALID);
    fake_check();
}

static void test_mappings(void **state)
{
    (void)state;
    fake_reset();
    assert_int_equal(frame_map_get(map_entry(G, PTE_RW)), ST_OK);
    assert_int_equal(frame_map_get(map_entry(G, 0)), ST_OK);
    assert_int_equal(word_refs(fake_word(G)), 2);
    assert_int_equal(word_count(fake_word(G)), 1);
    assert_int_equal(frame_type_get(G, FRAME_L1), ST_INVALID);
    frame_map_put(map_entry(G, PTE_RW));
    assert_int_equal(frame_type_get(G, FRAME_L1), ST_OK);
    assert_int_equal(frame_map_get(map_entry(G, PTE_RW)), ST_BUSY);
    assert_int_equal(frame_map_get(map_entry(G, 0)), ST_OK);
    frame_map_put(map_entry(G, 0));
    frame_map_put(map_entry(G, 0));
    frame_type_put(G);
    fake_check();
}

static void test_mappings_of_others(void **state)
{
    (void)state;
    fake_reset();
    assert_int_equal(frame_map_get(map_entry(1, 0)), ST_BUSY);
    assert_int_equal(frame_map_get(map_entry(FAKE_SPECIAL, PTE_RW)), ST_OK);
    assert_int_equal(frame_map_upgrade(FAKE_SPECIAL), ST_OK);
    assert_int_equal(frame_map_get(map_entry(FAKE_FOREIGN, PTE_RW)), ST_OK);
    frame_map_put(map_entry(FAKE_SPECIAL, PTE_RW));
    frame_map_put(map_entry(FAKE_FOREIGN, PTE_RW));
    frame_at(FAKE_FOREIGN)->word |= FRAME_READ_ONLY;
    assert_int_equal(frame_map_get(map_entry(FAKE_FOREIGN, PTE_RW)), ST_BUSY);
    assert_int_equal(frame_map_upgrade(FAKE_FOREIGN), ST_BUSY);
    assert_int_equal(frame_map_get(map_entry(FAKE_FOREIGN, 0)), ST_OK); /* for reading: fine */
    frame_map_put(map_entry(FAKE_FOREIGN, 0));
    assert_int_equal(frame_map_get(map_entry(FAKE_HOLE, 0)), ST_DENIED);
    assert_int_equal(frame_map_get(map_entry(FAKE_FRAMES, 0)), ST_DENIED);
    assert_int_equal(frame_map_get(PTE_FRAME | PTE_P), ST_INVALID);
    fake_check();
}

static void test_counts_do_not_overflow(void **state)
{
    (void)state;
    fake_reset();
    frame_at(G)->word |= FRAME_WRITABLE | FRAME_COUNT;
    assert_int_equal(frame_map_get(map_entry(G, PTE_RW)), ST_BUSY);
    assert_int_equal(frame_map_upgrade(G), ST_BUSY);
    assert_int_equal(frame_type_get(G, FRAME_WRITABLE), ST_INVALID);
    frame_at(G)->word = FRAME_KIND_BITS(FRAME_GUEST) | FRAME_REFS;
    assert_int_equal(frame_map_get(map_entry(G, 0)), ST_BUSY);
    assert_int_equal(frame_type_get(G, FRAME_L1), ST_INVALID);
    frame_at(FAKE_SPECIAL)->word |= FRAME_REFS;
    assert_int_equal(frame_map_get(map_entry(FAKE_SPECIAL, 0)), ST_BUSY);
}

static void test_change_of_type_flushes_once(void **state)
{
    (void)state;
    fake_reset();
    assert_int_equal(frame_map_get(map_entry(G, PTE_RW)), ST_OK);
    frame_map_put(map_entry(G, PTE_RW));
    assert_int_equal(fake_vcpu.flush, 0);
    assert_int_equal(frame_type_get(G, FRAME_L1), ST_OK);
    assert_int_not_equal(fake_vcpu.flush, 0);
    mmu_settle(&fake_vcpu);
    assert_int_equal(fake.full_flushes, 1);
    frame_type_put(G);
    mmu_flush_now(&fake_vcpu);
    assert_int_equal(frame_type_get(G, FRAME_WRITABLE), ST_OK);
    assert_int_equal(fake_vcpu.flush, 0); /* flushed since it was a table */
    frame_type_put(G);
    fake_check();
}

static void test_release_and_accept(void **state)
{
    mfn_t found;
    bool give;

    (void)state;
    fake_reset();
    m2p_set(mfn(G), pfn(5));
    assert_int_equal(frame_release(mfn(G), &give), ST_OK);
    assert_true(give);
    assert_int_equal(m2p_get(mfn(G)), M2P_INVALID);
    assert_int_equal(frame_release(mfn(G), &give), ST_INVALID);
    assert_int_equal(frame_release(mfn(0), &give), ST_INVALID);
    assert_int_equal(frame_release(mfn(~0ull), &give), ST_INVALID);
    assert_int_equal(frame_map_get(map_entry(G, 0)), ST_BUSY);
    assert_int_equal(frame_find_released(0, FAKE_FRAMES, &found), ST_OK);
    assert_int_equal(found.raw, G);
    assert_int_equal(frame_find_released(0, G, &found), ST_NO_MEMORY);
    assert_int_equal(frame_find_released(1, FAKE_FRAMES, &found), ST_NO_MEMORY);
    assert_int_equal(frame_accept(mfn(G), pfn(9)), ST_OK);
    assert_int_equal(frame_accept(mfn(G), pfn(9)), ST_INVALID);
    assert_int_equal(m2p_get(mfn(G)), 9);
    assert_true(frame_is_guest(mfn(G)));
    fake_check();
}

/* The search begins where the last one ended; what is released below is found all the same. */
static void test_released_below_is_found_first(void **state)
{
    mfn_t found;
    bool give;

    (void)state;
    fake_reset();
    assert_int_equal(frame_release(mfn(G + 5), &give), ST_OK);
    assert_int_equal(frame_find_released(0, FAKE_FRAMES, &found), ST_OK);
    assert_int_equal(found.raw, G + 5);
    assert_int_equal(frame_release(mfn(G + 2), &give), ST_OK);
    assert_int_equal(frame_find_released(0, FAKE_FRAMES, &found), ST_OK);
    assert_int_equal(found.raw, G + 2);
    assert_int_equal(frame_accept(found, pfn(1)), ST_OK);
    assert_int_equal(frame_find_released(0, G + 5, &found), ST_NO_MEMORY);
    assert_int_equal(frame_find_released(0, FAKE_FRAMES, &found), ST_OK);
    assert_int_equal(found.raw, G + 5);
    assert_int_equal(frame_accept(found, pfn(2)), ST_OK);
    assert_int_equal(frame_find_released(0, FAKE_FRAMES, &found), ST_NO_MEMORY);
    fake_check();
}

static void test_released_run_is_aligned(void **state)
{
    mfn_t found;
    bool give;

    (void)state;
    fake_reset();
    for (u64 i = G + 1; i < G + 8; i++)
        assert_int_equal(frame_release(mfn(i), &give), ST_OK);
    assert_int_equal(frame_find_released(2, FAKE_FRAMES, &found), ST_OK);
    assert_int_equal(found.raw, G + 4);
    assert_int_equal(frame_find_released(3, FAKE_FRAMES, &found), ST_NO_MEMORY);
    assert_int_equal(frame_find_released(40, FAKE_FRAMES, &found), ST_NO_MEMORY);
}

static void test_a_mapped_frame_leaves_later(void **state)
{
    mfn_t found;
    bool give;

    (void)state;
    fake_reset();
    assert_int_equal(frame_map_get(map_entry(G, PTE_RW)), ST_OK);
    assert_int_equal(frame_release(mfn(G), &give), ST_OK);
    assert_false(give);
    assert_int_equal(frame_reuse(&found), ST_NO_MEMORY);
    assert_int_equal(frame_map_get(map_entry(G, 0)), ST_BUSY);
    frame_map_put(map_entry(G, PTE_RW));
    assert_int_equal(frame_reuse(&found), ST_OK);
    assert_int_equal(found.raw, G);
    assert_int_equal(frame_reuse(&found), ST_NO_MEMORY);
    assert_int_equal(frame_accept(mfn(G), pfn(1)), ST_OK);
    /* What it was is not forgotten: a stale writable translation may be left. */
    assert_int_equal(frame_type_get(G, FRAME_L2), ST_OK);
    assert_int_not_equal(fake_vcpu.flush, 0);
    frame_type_put(G);
    fake_check();
}

/* What nobody maps, pins or uses as a table leaves; else nothing changes. */
static void test_only_idle_frames_leave(void **state)
{
    mfn_t found;

    (void)state;
    fake_reset();
    assert_int_equal(frame_map_get(map_entry(G, 0)), ST_OK);
    assert_int_equal(frame_release_idle(mfn(G)), ST_BUSY);
    assert_true(frame_is_guest(mfn(G)));
    frame_map_put(map_entry(G, 0));
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, G, 0), ST_OK);
    assert_int_equal(frame_release_idle(mfn(G)), ST_BUSY);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, G, 0), ST_OK);
    assert_int_equal(frame_release_idle(mfn(G)), ST_OK);
    assert_int_equal(frame_release_idle(mfn(G)), ST_INVALID);
    assert_int_equal(frame_release_idle(mfn(~0ull)), ST_INVALID);
    assert_int_equal(frame_find_released(0, FAKE_FRAMES, &found), ST_OK);
    assert_int_equal(found.raw, G);
    fake_check();
}

static void test_release_unpins(void **state)
{
    bool give;

    (void)state;
    fake_reset();
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, G, 0), ST_OK);
    assert_int_equal(frame_release(mfn(G), &give), ST_OK);
    assert_true(give);
    fake_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_exclude_each_other),
        cmocka_unit_test(test_only_guest_frames_have_types),
        cmocka_unit_test(test_mappings),
        cmocka_unit_test(test_mappings_of_others),
        cmocka_unit_test(test_counts_do_not_overflow),
        cmocka_unit_test(test_change_of_type_flushes_once),
        cmocka_unit_test(test_release_and_accept),
        cmocka_unit_test(test_released_below_is_found_first),
        cmocka_unit_test(test_released_run_is_aligned),
        cmocka_unit_test(test_a_mapped_frame_leaves_later),
        cmocka_unit_test(test_only_idle_frames_leave),
        cmocka_unit_test(test_release_unpins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
