/* The PV MMU by virtual address: walks, who flushes what, entries that map foreign frames. */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_mmu.c xen-adapter/pv/frame.c
// sources: xen-adapter/pv/mmu_validate.c xen-adapter/pv/mmu_update.c xen-adapter/pv/mmu_batch.c
// sources: xen-adapter/pv/mmu_va.c xen-adapter/pv/mmuext.c xen-adapter/pv/mmu_fault.c
// sources: xen-adapter/pv/descriptors.c xen-adapter/pv/m2p.c xen-adapter/pv/memory_frames.c
// sources: hv/lib/insn_decode.c hv/lib/insn_operands.c hv/lib/insn_tables.c
// sources: hv/lib/insn_compute.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_mmu.h"
#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/abi/xen.h"

#define G     FAKE_GUEST
#define L4    G
#define L1    (G + 3)
#define FREE  (G + 16) /* first frame that no test table uses at boot */
#define TABLE (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

static struct pv_vcpu second;
static u64 second_window[32];

static u64 entry_of(u64 number, u64 flags)
{
    return number << PAGE_SHIFT | flags;
}

static u64 slot_of(u64 number, u64 index)
{
    return (number << PAGE_SHIFT) + index * 8;
}

/* The fresh machine with a second vCPU. */
static void boot_two(void)
{
    fake_boot();
    memset(&second, 0, sizeof(second));
    second.id = 1;
    mmu_vcpu_start(&second, second_window);
    mmu_settle(&fake_vcpu);
    memset(&fake_smp, 0, sizeof(fake_smp));
    fake.page_flushes = fake.full_flushes = fake.flushed_va = 0;
}

/* ---- Walks ------------------------------------------------------------------ */

#define WALK_VA (1ull << 39 | 2ull << 30 | 3ull << 21 | 4ull << 12)

/* Four tables of which every index is another; nothing typed. */
static void walk_prepare(void)
{
    fake_reset();
    fake_table(G)[1] = entry_of(G + 1, PTE_P);
    fake_table(G + 1)[2] = entry_of(G + 2, PTE_P | PTE_NX);
    fake_table(G + 2)[3] = entry_of(G + 3, PTE_P);
    fake_table(G + 3)[4] = entry_of(FREE, PTE_P | PTE_NX);
    fake_vcpu.kernel_l4 = mfn(G);
}

static void test_walk(void **state)
{
    struct walk walk;

    (void)state;
    walk_prepare();
    assert_int_equal(table_walk(mfn(G), WALK_VA + 0xabc, &walk), ST_OK);
    assert_int_equal(walk.table, G + 3);
    assert_ptr_equal(walk.slot, &fake_table(G + 3)[4]);
    assert_int_equal(table_walk(mfn(G), WALK_VA + PAGE_SIZE, &walk), ST_OK); /* absent: fine */
    assert_ptr_equal(walk.slot, &fake_table(G + 3)[5]);
    assert_int_equal(table_walk(mfn(0), WALK_VA, &walk), ST_FAULT);
    assert_int_equal(table_walk(mfn(G), WALK_VA | 1ull << 47, &walk), ST_FAULT);
    assert_int_equal(table_walk(mfn(G), WALK_VA | 1ull << 63, &walk), ST_FAULT);
    for (u32 level = 2; level <= 4; level++) {
        walk_prepare();
        fake_table(G + 4 - level)[5 - level] &= ~PTE_P;
        assert_int_equal(table_walk(mfn(G), WALK_VA, &walk), ST_FAULT);
    }
}

/* The guest's own upper half begins where the shim's slots end. */
static void test_walk_beside_the_shim(void **state)
{
    struct walk walk;

    (void)state;
    walk_prepare();
    fake_table(G)[SHIM_SLOT_FIRST + SHIM_SLOT_COUNT] = entry_of(G + 1, PTE_P);
    fake_table(G)[SHIM_SLOT_FIRST + SHIM_SLOT_COUNT - 1] = entry_of(G + 1, PTE_P);
    assert_int_equal(table_walk(mfn(G), SHIM_VIRT_END + (2ull << 30 | 3ull << 21), &walk),
                     ST_OK);
    assert_int_equal(
        table_walk(mfn(G), SHIM_VIRT_END - (1ull << 39) + (2ull << 30 | 3ull << 21), &walk),
        ST_FAULT);
}

static void test_walk_by_mode(void **state)
{
    u64 entry = 0;

    (void)state;
    walk_prepare();
    assert_int_equal(mmu_walk(&fake_vcpu, PV_KERNEL, WALK_VA, &entry), ST_OK);
    assert_int_equal(entry, entry_of(FREE, PTE_P | PTE_NX));
    assert_int_equal(mmu_walk(&fake_vcpu, PV_KERNEL, WALK_VA + PAGE_SIZE, &entry), ST_FAULT);
    assert_int_equal(mmu_walk(&fake_vcpu, PV_KERNEL, WALK_VA + LARGE_PAGE_SIZE, &entry),
                     ST_FAULT);
    assert_int_equal(mmu_walk(&fake_vcpu, PV_USER, WALK_VA, &entry), ST_FAULT);
    fake_vcpu.user_l4 = mfn(G);
    fake_vcpu.kernel_l4 = mfn(0);
    assert_int_equal(mmu_walk(&fake_vcpu, PV_USER, WALK_VA, &entry), ST_OK);
    assert_int_equal(mmu_walk(&fake_vcpu, PV_KERNEL, WALK_VA, &entry), ST_FAULT);
}

/* An address behind a linear mapping ends at a table of a higher level: no L1 entry to write.
 */
static void test_only_l1_tables_are_written(void **state)
{
    const u64 linear = 300ull << 39 | 0xffffull << 48; /* L4[300] is the L4 itself */

    (void)state;
    fake_boot();
    assert_int_equal(fake_update(slot_of(L4, 300), entry_of(L4, PTE_P)), ST_OK);
    assert_int_equal(
        mmu_update_va(&fake_vcpu, linear | 300ull << 30 | 300ull << 21 | 5ull << 12, 0, 0),
        ST_INVALID);
    assert_int_equal(mmu_foreign_map_va(&fake_vcpu,
                                        linear | 300ull << 30 | 300ull << 21 | 5ull << 12,
                                        entry_of(FAKE_FOREIGN, PTE_P)),
                     ST_INVALID);
    fake_check();
}

/* ---- Flushes ---------------------------------------------------------------- */

static void test_flush_sets(void **state)
{
    (void)state;
    boot_two();
    flush_vcpus(1);
    assert_int_equal(fake_vcpu.flush, FLUSH_ALL);
    assert_int_equal(fake_vcpu.flush_others, 0);
    fake_vcpu.flush = 0;
    flush_vcpus(2);
    assert_int_equal(fake_vcpu.flush, FLUSH_OTHERS);
    flush_vcpus(1u << 31);
    assert_int_equal(fake_vcpu.flush_others, 2 | 1u << 31);
    flush_vcpus(~0u);
    assert_int_equal(fake_vcpu.flush, FLUSH_ALL | FLUSH_OTHERS);
    mmu_settle(&fake_vcpu);
    assert_int_equal(fake_vcpu.flush, 0);
    assert_int_equal(fake.full_flushes, 1);
    assert_int_equal(fake_smp.shootdowns, 1);
    assert_int_equal(fake_smp.shootdown_vcpus, ~1u);
    assert_int_equal(fake_vcpu.flush_others, 0);
    flush_vcpus(1);
    mmu_settle(&fake_vcpu);
    assert_int_equal(fake_smp.shootdowns, 1);
    assert_int_equal(fake.full_flushes, 2);
    mmu.vcpu_count = 1; /* nobody else to tell */
    flush_vcpus(2);
    assert_int_equal(fake_vcpu.flush, 0);
}

static void test_flush_of_a_page(void **state)
{
    (void)state;
    boot_two();
    mmu_flush_page(&fake_vcpu, FAKE_VA, 3);
    assert_int_equal(fake.flushed_va, FAKE_VA);
    assert_int_equal(fake.page_flushes, 1);
    assert_int_equal(fake_vcpu.flush,
                     FLUSH_OTHERS); /* everything of theirs, the page of ours */
    assert_int_equal(fake_vcpu.flush_others, 2);
    mmu_flush_page(&fake_vcpu, FAKE_VA, 2);
    assert_int_equal(fake.page_flushes, 1);
    mmu_flush_page(&fake_vcpu, (1ull << 47) - 1, 1);
    assert_int_equal(fake.page_flushes, 2);
    mmu_flush_page(&fake_vcpu, 1ull << 47, 1); /* not an address */
    mmu_flush_page(&fake_vcpu, SHIM_VIRT_END - 1, 1);
    assert_int_equal(fake.page_flushes, 2);
}

/* What update_va_mapping's flags ask for: [xen/xen.h, UVMF_*]. */
static void test_flush_by_flags(void **state)
{
    static u64 only_second = 2, both = 3;
    const struct {
        u64 flags;
        u32 flush, others;
        u64 pages;
    } cases[] = {
        {XEN_UVMF_NONE, 0, 0, 0},
        {XEN_UVMF_NONE | XEN_UVMF_ALL, 0, 0, 0},
        {XEN_UVMF_NONE | (u64)&both, 0, 0, 0},
        {XEN_UVMF_TLB_FLUSH, FLUSH_ALL, 0, 0},
        {XEN_UVMF_TLB_FLUSH | XEN_UVMF_ALL, FLUSH_ALL | FLUSH_OTHERS, ~1u, 0},
        {XEN_UVMF_TLB_FLUSH | (u64)&only_second, FLUSH_OTHERS, 2, 0},
        {XEN_UVMF_TLB_FLUSH | (u64)&both, FLUSH_ALL | FLUSH_OTHERS, 2, 0},
        {XEN_UVMF_INVLPG, 0, 0, 1},
        {XEN_UVMF_INVLPG | XEN_UVMF_ALL, FLUSH_OTHERS, ~1u, 1},
        {XEN_UVMF_INVLPG | (u64)&only_second, FLUSH_OTHERS, 2, 0},
        {XEN_UVMF_INVLPG | (u64)&both, FLUSH_OTHERS, 2, 1},
        {XEN_UVMF_FLUSHTYPE_MASK, 0, 0, 0},
    };
    const u64 va = fake_va_of(G, FREE);

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        boot_two();
        assert_int_equal(mmu_update_va(&fake_vcpu, va, 0, cases[i].flags), ST_OK);
        assert_int_equal(fake_vcpu.flush, cases[i].flush);
        assert_int_equal(fake_vcpu.flush_others, cases[i].others);
        assert_int_equal(fake.page_flushes, cases[i].pages);
        assert_int_equal(fake.flushed_va, cases[i].pages ? va : 0);
    }
    assert_int_equal(mmu_update_va_foreign(&fake_vcpu, va, entry_of(FREE, PTE_P), XEN_UVMF_NONE,
                                           XEN_DOMID_SELF),
                     ST_OK);
    assert_int_equal(fake_table(L1)[FREE - G], entry_of(FREE, PTE_P | PTE_US));
}

static void test_flushes_by_mmuext(void **state)
{
    static u64 only_second = 2;
    const struct {
        u32 command;
        u64 bitmap;
        u32 flush, others;
        u64 pages;
    } cases[] = {
        {XEN_MMUEXT_TLB_FLUSH_LOCAL, 0, FLUSH_ALL, 0, 0},
        {XEN_MMUEXT_TLB_FLUSH_ALL, 0, FLUSH_ALL | FLUSH_OTHERS, ~1u, 0},
        {XEN_MMUEXT_TLB_FLUSH_MULTI, (u64)&only_second, FLUSH_OTHERS, 2, 0},
        {XEN_MMUEXT_INVLPG_LOCAL, 0, 0, 0, 1},
        {XEN_MMUEXT_INVLPG_ALL, 0, FLUSH_OTHERS, ~1u, 1},
        {XEN_MMUEXT_INVLPG_MULTI, (u64)&only_second, FLUSH_OTHERS, 2, 0},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        boot_two();
        assert_int_equal(fake_ext(cases[i].command, FAKE_VA, cases[i].bitmap), ST_OK);
        assert_int_equal(fake_vcpu.flush, cases[i].flush);
        assert_int_equal(fake_vcpu.flush_others, cases[i].others);
        assert_int_equal(fake.page_flushes, cases[i].pages);
    }
    assert_int_equal(fake_ext(XEN_MMUEXT_INVLPG_MULTI, FAKE_VA, M2P_VIRT), ST_INVALID);
}

/* A frame becomes a table only when no vCPU can write to it by what its TLB remembers. */
static void test_change_of_type_stops_the_others(void **state)
{
    u64 clock;

    (void)state;
    boot_two();
    assert_int_equal(mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, 0), ST_OK);
    clock = mmu.clock;
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FREE, 0), ST_OK);
    assert_int_equal(fake_smp.shootdowns, 1);
    assert_int_equal(fake_smp.shootdown_vcpus, ~0u);
    assert_int_not_equal(mmu.clock, clock); /* that was a full flush of all */
    assert_int_equal(fake_vcpu.flush, FLUSH_ALL);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, FREE, 0), ST_OK);
    fake_check();
}

static void test_operations_in_a_row(void **state)
{
    struct xen_mmuext_op list[] = {
        {.cmd = XEN_MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = FAKE_VA},
        {.cmd = XEN_MMUEXT_TLB_FLUSH_LOCAL},
        {.cmd = ~0u},
        {.cmd = XEN_MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = FAKE_VA}};
    u32 done = 0;

    (void)state;
    boot_two();
    assert_int_equal(mmu_ext(&fake_vcpu, (u64)list, 4, (u64)&done, XEN_DOMID_SELF), ST_NO_CALL);
    assert_int_equal(done, 2);
    assert_int_equal(fake.page_flushes, 1);
    assert_int_equal(fake_vcpu.flush, FLUSH_ALL);
}

static void test_cache_flush(void **state)
{
    (void)state;
    fake_boot();
    shim.domain.privileged = 1;
    assert_int_equal(fake_ext(XEN_MMUEXT_FLUSH_CACHE, 0, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), ST_OK);
    assert_int_equal(fake.cache_flushes, 2);
}

/* ---- Base pointers ------------------------------------------------------------ */

/* A table that users had without the M2P is a whole one again under the kernel. */
static void test_base_shows_the_m2p(void **state)
{
    u64 clock;

    (void)state;
    fake_boot();
    clock = mmu.clock;
    fake_table(L4)[SHIM_SLOT_FIRST] = 0;
    fake_vcpu.flush = FLUSH_ALL | FLUSH_OTHERS;
    assert_int_equal(mmu_base_set(&fake_vcpu, mfn(L4)), ST_OK);
    assert_int_equal(fake_table(L4)[SHIM_SLOT_FIRST], mmu.slots[0]);
    assert_int_equal(fake_vcpu.flush, FLUSH_OTHERS); /* cr3 was loaded: that flushes */
    assert_int_not_equal(mmu.clock, clock);
    fake_check();
}

/* With two, a load of one's cr3 says nothing about the other's TLB. */
static void test_base_with_two_vcpus(void **state)
{
    u64 clock;

    (void)state;
    boot_two();
    clock = mmu.clock;
    assert_int_equal(mmu_base_set(&fake_vcpu, mfn(L4)), ST_OK);
    assert_int_equal(mmu.clock, clock);
    assert_int_equal(fake.cr3_loads, 1);
    second.flush = FLUSH_ALL;
    assert_int_equal(mmu_base_set(&second, mfn(L4)), ST_OK);
    assert_int_equal(fake.cr3_loads, 1); /* it does not run yet */
    assert_int_equal(second.flush, FLUSH_ALL);
    assert_int_equal(second.kernel_l4.raw, L4);
    mmu_vcpu_end(&second);
    assert_int_equal(second.kernel_l4.raw, 0);
    fake_check();
}

static void test_strict_users(void **state)
{
    (void)state;
    fake_boot();
    mmu.vm_assist = BIT(XEN_VMASST_M2P_STRICT);
    assert_int_equal(mmu_user_base_set(&fake_vcpu, mfn(L4)), ST_OK);
    assert_int_equal(fake_table(L4)[SHIM_SLOT_FIRST], mmu.slots[0]); /* the kernel's as well */
    assert_int_equal(mmu_user_base_set(&fake_vcpu, mfn(FREE)),
                     ST_INVALID); /* mapped writable */
    assert_int_equal(fake_vcpu.user_l4.raw, L4);
    fake_check();
}

static void test_end_of_a_vcpu(void **state)
{
    u64 frames[1] = {FREE};

    (void)state;
    fake_boot();
    assert_int_equal(mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), entry_of(FREE, PTE_P), 0),
                     ST_OK);
    assert_int_equal(gdt_set_frames(&fake_vcpu, frames, 1), ST_OK);
    assert_int_equal(ldt_set(&fake_vcpu, FAKE_VA, 5), ST_OK);
    assert_int_equal(mmu_user_base_set(&fake_vcpu, mfn(L4)), ST_OK);
    mmu_vcpu_end(&fake_vcpu);
    assert_int_equal(fake_vcpu.user_l4.raw, 0);
    assert_int_equal(fake_vcpu.kernel_l4.raw, 0);
    assert_int_equal(fake_vcpu.gdt_entries, 0);
    assert_int_equal(fake_vcpu.ldt_entries, 0);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    fake_check();
    mmu_vcpu_end(&fake_vcpu); /* nothing left: nothing to do */
    fake_check();
}

/* ---- Foreign frames ----------------------------------------------------------- */

static void test_foreign_by_address_of_the_entry(void **state)
{
    const u64 entry = entry_of(FAKE_FOREIGN, PTE_P | PTE_RW);

    (void)state;
    fake_boot();
    assert_int_equal(mmu_foreign_map_pte(&fake_vcpu, slot_of(L1, 300) + 4, entry), ST_INVALID);
    assert_int_equal(mmu_foreign_map_pte(&fake_vcpu, slot_of(FREE, 300), entry), ST_INVALID);
    assert_int_equal(mmu_foreign_map_pte(&fake_vcpu, slot_of(FAKE_SPECIAL, 0), entry),
                     ST_INVALID);
    assert_int_equal(mmu_foreign_map_pte(&fake_vcpu, slot_of(L1, 300), entry & ~PTE_P),
                     ST_INVALID);
    assert_int_equal(
        mmu_foreign_map_pte(&fake_vcpu, slot_of(L1, 300), entry_of(FAKE_SPECIAL, PTE_P)),
        ST_INVALID);
    assert_int_equal(mmu_foreign_map_pte(&fake_vcpu, slot_of(L1, 300), entry), ST_OK);
    assert_int_equal(fake_table(L1)[300], entry | PTE_US);
    fake_check();
}

/* An entry that the guest has changed in the meantime is not the mapping any more. */
static void test_foreign_unmap(void **state)
{
    const mfn_t frame = mfn(FAKE_FOREIGN);
    const u64 entry = entry_of(FAKE_FOREIGN, PTE_P | PTE_RW);
    u64 va;

    (void)state;
    fake_boot();
    va = fake_va_of(G, FREE);
    assert_int_equal(mmu_foreign_map_va(&fake_vcpu, va, entry), ST_OK);
    mmu_settle(&fake_vcpu);
    assert_int_equal(mmu_foreign_unmap_va(&fake_vcpu, 0, frame, 0), ST_INVALID);
    assert_int_equal(mmu_foreign_unmap_va(&fake_vcpu, va, frame, entry_of(1, PTE_P)), ST_BUSY);
    assert_int_equal(fake_vcpu.flush, 0);
    assert_int_equal(mmu_foreign_unmap_va(&fake_vcpu, va, frame, entry_of(FREE, PTE_P)), ST_OK);
    assert_int_equal(fake_table(L1)[FREE - G], entry_of(FREE, PTE_P | PTE_US));
    assert_int_equal(fake_vcpu.flush, FLUSH_ALL);
    assert_int_equal(fake_update(slot_of(L1, 300), entry & ~PTE_P), ST_OK);
    assert_int_equal(mmu_foreign_unmap_pte(&fake_vcpu, slot_of(L1, 300), frame, 0), ST_INVALID);
    assert_int_equal(mmu_foreign_unmap_pte(&fake_vcpu, slot_of(L4, 300), frame, 0), ST_INVALID);
    fake_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_walk_beside_the_shim),
        cmocka_unit_test(test_walk_by_mode),
        cmocka_unit_test(test_only_l1_tables_are_written),
        cmocka_unit_test(test_flush_sets),
        cmocka_unit_test(test_flush_of_a_page),
        cmocka_unit_test(test_flush_by_flags),
        cmocka_unit_test(test_flushes_by_mmuext),
        cmocka_unit_test(test_change_of_type_stops_the_others),
        cmocka_unit_test(test_operations_in_a_row),
        cmocka_unit_test(test_cache_flush),
        cmocka_unit_test(test_base_shows_the_m2p),
        cmocka_unit_test(test_base_with_two_vcpus),
        cmocka_unit_test(test_strict_users),
        cmocka_unit_test(test_end_of_a_vcpu),
        cmocka_unit_test(test_foreign_by_address_of_the_entry),
        cmocka_unit_test(test_foreign_unmap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
