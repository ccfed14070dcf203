/* The PV MMU's calls in batches, for one address, on other domains; each refusal with Xen's
 * error. */
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

#include "abi-tests/unit/pv_mmu_tables.h"
#include "xen-adapter/abi/xen.h"

static void test_keep_accessed_and_dirty(void **state)
{
    u64 *slot = &fake_table(L1)[FREE - G];

    (void)state;
    fake_boot();
    *slot |= PTE_A | PTE_D;
    assert_int_equal(fake_update(slot_of(L1, FREE - G) | XEN_MMU_PT_UPDATE_PRESERVE_AD,
                                 entry_of(FREE, PTE_P)),
                     ST_OK);
    assert_int_equal(*slot, entry_of(FREE, PTE_P | PTE_US | PTE_A | PTE_D));
    assert_int_equal(fake_update(slot_of(L1, FREE - G), entry_of(FREE, PTE_P)), ST_OK);
    assert_int_equal(*slot, entry_of(FREE, PTE_P | PTE_US));
    fake_check();
}

static void test_update_of_what_is_no_table(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_update(slot_of(FREE, 3), 0x1234), ST_OK); /* mapped writable */
    assert_int_equal(fake_table(FREE)[3], 0x1234);
    unmap(FREE);
    assert_int_equal(fake_update(slot_of(FREE, 4), 0x5678), ST_OK);
    assert_int_equal(fake_table(FREE)[4], 0x5678);
    assert_int_equal(fake_update(slot_of(1, 0), 0), ST_INVALID);
    assert_int_equal(fake_update(slot_of(FAKE_SPECIAL, 0), 0), ST_INVALID);
    assert_int_equal(fake_update(~0ull & ~7ull, 0), ST_INVALID);
    assert_int_equal(fake_update(slot_of(L1, 0) + 4, 0), ST_INVALID);
    assert_int_equal(frame_type_get(FREE, FRAME_SEGMENT), ST_OK);
    assert_int_equal(fake_update(slot_of(FREE, 4), 0), ST_INVALID);
    frame_type_put(FREE);
    fake_check();
}

static void test_machphys(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_update(slot_of(FREE, 0) | XEN_MMU_MACHPHYS_UPDATE, 77), ST_OK);
    assert_int_equal(m2p_get(mfn(FREE)), 77);
    assert_int_equal(fake_update(slot_of(1, 0) | XEN_MMU_MACHPHYS_UPDATE, 77), ST_INVALID);
    assert_int_equal(fake_update(~0ull << 12 | XEN_MMU_MACHPHYS_UPDATE, 77), ST_INVALID);
}

static void test_batches_count_what_was_done(void **state)
{
    struct xen_mmu_update list[3] = {{slot_of(FREE, 0), 1}, {slot_of(1, 0), 1}, {0, 0}};
    u32 done = 40;

    (void)state;
    fake_boot();
    assert_int_equal(mmu_update(&fake_vcpu, (u64)list, 3, (u64)&done, XEN_DOMID_SELF),
                     ST_INVALID);
    assert_int_equal(done, 1);
    done = 40;
    assert_int_equal(
        mmu_update(&fake_vcpu, (u64)list, 1 | 1u << 31, (u64)&done, XEN_DOMID_SELF), ST_OK);
    assert_int_equal(done, 41);
    assert_int_equal(mmu_update(&fake_vcpu, (u64)list, 1, 0, XEN_DOMID_SELF), ST_OK);
    assert_int_equal(mmu_update(&fake_vcpu, M2P_VIRT, 1, 0, XEN_DOMID_SELF), ST_FAULT);
    assert_int_equal(mmu_update(&fake_vcpu, 0, 0, 0, XEN_DOMID_SELF), ST_OK);
    assert_int_equal(mmu_update(&fake_vcpu, 0x7ffffffff000, 0x7fffffff, 0, XEN_DOMID_SELF),
                     ST_FAULT);
    fake.guest_fault = true;
    assert_int_equal(fake_update(0, 0), ST_FAULT);
    assert_int_equal(fake_ext(XEN_MMUEXT_TLB_FLUSH_LOCAL, 0, 0), ST_FAULT);
}

static void test_batches_go_on(void **state)
{
    struct xen_mmu_update list[4] = {{slot_of(FREE, 0), 1},
                                     {slot_of(FREE, 1), 2},
                                     {slot_of(FREE, 2), 3},
                                     {slot_of(FREE, 3), 4}};
    u32 done = 0;

    (void)state;
    fake_boot();
    assert_int_equal(mmu_update(&fake_vcpu, (u64)list, 3, (u64)&done, XEN_DOMID_SELF), ST_OK);
    assert_int_equal(done, 3);
    for (u32 i = 0; i < 4; i++)
        assert_int_equal(fake_table(FREE)[i], i < 3 ? i + 1 : 0);
}

static void test_foreign_domains(void **state)
{
    struct xen_mmu_update request = {slot_of(FREE, 0), 1};

    (void)state;
    fake_boot();
    assert_int_equal(mmu_update(&fake_vcpu, (u64)&request, 1, 0, 5), ST_NO_PARTITION);
    assert_int_equal(mmu_update(&fake_vcpu, (u64)&request, 1, 0, XEN_DOMID_INVALID),
                     ST_NO_PARTITION);
    assert_int_equal(mmu_update(&fake_vcpu, (u64)&request, 1, 0, 0), ST_DENIED);
    assert_int_equal(mmu_update(&fake_vcpu, (u64)&request, 1, 0, XEN_DOMID_SELF | 6u << 16),
                     ST_NO_PARTITION);
    assert_int_equal(mmu_ext(&fake_vcpu, (u64)&request, 0, 0, 5), ST_NO_PARTITION);
    assert_int_equal(mmu_update_va_foreign(&fake_vcpu, 0, 0, 0, 5), ST_NO_PARTITION);
    assert_int_equal(mmu_update_va_foreign(&fake_vcpu, 0, 0, 0, 0), ST_DENIED);
}

static void test_update_va(void **state)
{
    u64 bitmap = 1;

    (void)state;
    fake_boot();
    assert_int_equal(mmu_update_va(&fake_vcpu, 0, 0, 0), ST_INVALID);
    assert_int_equal(mmu_update_va(&fake_vcpu, M2P_VIRT, 0, 0), ST_INVALID);
    assert_int_equal(mmu_update_va(&fake_vcpu, DIRECT_VIRT, 0, 0), ST_INVALID);
    assert_int_equal(mmu_update_va(&fake_vcpu, 1ull << 47, 0, 0), ST_INVALID);
    assert_int_equal(mmu_update_va(&fake_vcpu, FAKE_VA + LARGE_PAGE_SIZE, 0, 0), ST_INVALID);
    mmu_settle(&fake_vcpu);
    fake.page_flushes = fake.full_flushes = 0;
    assert_int_equal(mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, XEN_UVMF_INVLPG), ST_OK);
    assert_int_equal(fake.page_flushes, 1);
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, XEN_UVMF_INVLPG | XEN_UVMF_ALL),
        ST_OK);
    assert_int_equal(fake.page_flushes, 2);
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, XEN_UVMF_INVLPG | (u64)&bitmap),
        ST_OK);
    assert_int_equal(fake.page_flushes, 3);
    assert_int_equal(mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, XEN_UVMF_TLB_FLUSH),
                     ST_OK);
    mmu_settle(&fake_vcpu);
    mmu_settle(&fake_vcpu);
    assert_int_equal(fake.full_flushes, 1);
    bitmap = 2; /* a vCPU that is not there */
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, XEN_UVMF_TLB_FLUSH | (u64)&bitmap),
        ST_OK);
    assert_int_equal(fake_vcpu.flush, 0);
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, XEN_UVMF_TLB_FLUSH | M2P_VIRT),
        ST_FAULT);
    fake_check();
}

static void test_base_pointers(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_BASEPTR, L1, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_BASEPTR, 0, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_BASEPTR, FREE, 0), ST_INVALID);
    assert_int_equal(fake.cr3_loads, 0);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, L1, 0), ST_INVALID);
    read_only(FREE);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, FREE, 0),
                     ST_OK); /* unpinned: fine */
    assert_int_equal(fake_vcpu.user_l4.raw, FREE);
    fake_check();
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, FREE, 0), ST_OK);
    fake_check();
    assert_int_equal(fake_table(FREE)[SHIM_SLOT_FIRST], mmu.slots[0]);
    mmu.vm_assist = BIT(XEN_VMASST_M2P_STRICT);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, FREE, 0), ST_OK);
    assert_int_equal(fake_table(FREE)[SHIM_SLOT_FIRST], 0);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, 0, 0), ST_OK);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_BASEPTR, L4, 0), ST_OK);
    assert_int_equal(fake.cr3_loads, 1);
    fake_check();
}

static void test_flushes_and_unknown(void **state)
{
    u64 bitmap = ~0ull;

    (void)state;
    fake_boot();
    mmu_settle(&fake_vcpu);
    fake.full_flushes = 0;
    assert_int_equal(fake_ext(XEN_MMUEXT_TLB_FLUSH_LOCAL, 0, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_TLB_FLUSH_ALL, 0, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_TLB_FLUSH_MULTI, 0, (u64)&bitmap), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_TLB_FLUSH_MULTI, 0, M2P_VIRT), ST_INVALID);
    mmu_settle(&fake_vcpu);
    assert_int_equal(fake.full_flushes, 1);
    assert_int_equal(fake_ext(XEN_MMUEXT_INVLPG_LOCAL, FAKE_VA, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_INVLPG_ALL, FAKE_VA, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_INVLPG_MULTI, FAKE_VA, (u64)&bitmap), ST_OK);
    assert_int_equal(fake.page_flushes, 3);
    assert_int_equal(fake_ext(XEN_MMUEXT_INVLPG_LOCAL, DIRECT_VIRT, 0), ST_OK);
    assert_int_equal(fake.page_flushes, 3); /* the shim's own: nothing to do */
    assert_int_equal(fake_ext(XEN_MMUEXT_FLUSH_CACHE, 0, 0), ST_REFUSED_ACCESS);
    assert_int_equal(fake_ext(XEN_MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_MARK_SUPER, 0, 0), ST_UNSUPPORTED);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNMARK_SUPER, 0, 0), ST_UNSUPPORTED);
    assert_int_equal(fake_ext(14, 0, 0), ST_NO_CALL);
    assert_int_equal(fake_ext(21, 0, 0), ST_NO_CALL);
    assert_int_equal(fake_ext(~0u, 0, 0), ST_NO_CALL);
}

static void test_clear_and_copy(void **state)
{
    (void)state;
    fake_boot();
    memset(fake_table(FREE), 0x5a, PAGE_SIZE);
    assert_int_equal(fake_ext(XEN_MMUEXT_COPY_PAGE, FREE + 1, FREE), ST_OK);
    assert_memory_equal(fake_table(FREE), fake_table(FREE + 1), PAGE_SIZE);
    assert_int_equal(fake_ext(XEN_MMUEXT_CLEAR_PAGE, FREE, 0), ST_OK);
    assert_int_equal(fake_table(FREE)[511], 0);
    assert_int_equal(fake_ext(XEN_MMUEXT_CLEAR_PAGE, L1, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_CLEAR_PAGE, 1, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_COPY_PAGE, L1, FREE), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_COPY_PAGE, FREE, 1), ST_INVALID);
    fake_check();
}

static void test_foreign_frames(void **state)
{
    u64 va = 0;

    (void)state;
    fake_boot();
    va = fake_va_of(G, FREE);
    assert_int_equal(mmu_foreign_map_va(&fake_vcpu, va, entry_of(FREE, PTE_P)), ST_INVALID);
    assert_int_equal(mmu_foreign_map_va(&fake_vcpu, va, entry_of(FAKE_FOREIGN, PTE_P | PTE_RW)),
                     ST_OK);
    assert_int_equal(mmu_foreign_map_va(&fake_vcpu, 0, entry_of(FAKE_FOREIGN, PTE_P)),
                     ST_INVALID);
    assert_int_equal(
        mmu_foreign_map_pte(&fake_vcpu, slot_of(L1, 40), entry_of(FAKE_FOREIGN + 1, PTE_P)),
        ST_OK);
    assert_int_equal(
        mmu_foreign_map_pte(&fake_vcpu, slot_of(L4, 40), entry_of(FAKE_FOREIGN + 1, PTE_P)),
        ST_INVALID);
    assert_int_equal(mmu_foreign_map_pte(&fake_vcpu, ~7ull, entry_of(FAKE_FOREIGN, PTE_P)),
                     ST_INVALID);
    fake_check();
    assert_int_equal(mmu_foreign_unmap_va(&fake_vcpu, va, mfn(FAKE_FOREIGN + 1), 0),
                     ST_INVALID);
    assert_int_equal(mmu_foreign_unmap_va(&fake_vcpu, va, mfn(FAKE_FOREIGN), 0), ST_OK);
    assert_int_equal(mmu_foreign_unmap_va(&fake_vcpu, va, mfn(FAKE_FOREIGN), 0), ST_INVALID);
    assert_int_equal(
        mmu_foreign_unmap_pte(&fake_vcpu, slot_of(L1, 40), mfn(FAKE_FOREIGN + 1), 0), ST_OK);
    fake_check();
    assert_int_equal(word_refs(fake_word(FAKE_FOREIGN)), 0);
}

static void test_leaving_frame_keeps_its_mapping(void **state)
{
    mfn_t found;
    bool give;

    (void)state;
    fake_boot();
    assert_int_equal(frame_release(mfn(FREE), &give), ST_OK);
    assert_false(give);
    fake_check();
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P)), ST_OK); /* less is allowed */
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_RW)), ST_BUSY);
    assert_int_equal(va_set(FREE + 1, entry_of(FREE, PTE_P)), ST_BUSY);
    unmap(FREE);
    assert_int_equal(frame_reuse(&found), ST_OK);
    assert_int_equal(found.raw, FREE);
    fake_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_accessed_and_dirty),
        cmocka_unit_test(test_update_of_what_is_no_table),
        cmocka_unit_test(test_machphys),
        cmocka_unit_test(test_batches_count_what_was_done),
        cmocka_unit_test(test_batches_go_on),
        cmocka_unit_test(test_foreign_domains),
        cmocka_unit_test(test_update_va),
        cmocka_unit_test(test_base_pointers),
        cmocka_unit_test(test_flushes_and_unknown),
        cmocka_unit_test(test_clear_and_copy),
        cmocka_unit_test(test_foreign_frames),
        cmocka_unit_test(test_leaving_frame_keeps_its_mapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
