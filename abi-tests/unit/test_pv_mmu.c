/* The PV MMU: tables in the order Linux makes them, and which entries are refused. */
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

static void test_boot(void **state)
{
    (void)state;
    fake_boot();
    fake_check();
    for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
        assert_int_equal(fake_table(L4)[SHIM_SLOT_FIRST + i], mmu.slots[i]);
    assert_int_equal(word_type(fake_word(L1)), FRAME_L1);
    assert_int_equal(word_count(fake_word(L4)), 2);
}

/* Linux: new tables, read-only, pinned, switched to; the old ones unpinned and made writable.
 */
static void test_linux_boot_order(void **state)
{
    u64 new = FREE;

    (void)state;
    fake_boot();
    assert_int_equal(fake_update(slot_of(L4, SHIM_SLOT_FIRST - 1), 0x10), ST_OK);
    assert_int_equal(fake_update(slot_of(L4, SHIM_SLOT_FIRST + SHIM_SLOT_COUNT), 0x10), ST_OK);
    fake_build(new, G, FAKE_GUEST_END - G);
    for (u64 i = 0; i < 4; i++) {
        fake_table(new + 3)[L4 - G + i] &= ~PTE_RW;
        read_only(new + i);
    }
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, new, 0), ST_OK);
    assert_int_not_equal(fake_vcpu.flush, 0);
    mmu_settle(&fake_vcpu);
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_BASEPTR, new, 0), ST_OK);
    assert_int_equal(fake.cr3.raw, new);
    fake_check();
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, L4, 0), ST_OK);
    fake_check();
    for (u64 i = 0; i < 4; i++) {
        assert_int_equal(word_count(fake_word(L4 + i)), 0);
        assert_int_equal(va_set(L4 + i, entry_of(L4 + i, PTE_P | PTE_RW)), ST_OK);
    }
    for (u32 i = 0; i < SHIM_SLOT_COUNT; i++)
        assert_int_equal(fake_table(L4)[SHIM_SLOT_FIRST + i], 0);
    assert_int_equal(fake_table(L4)[SHIM_SLOT_FIRST - 1], 0x10); /* the guest's own */
    assert_int_equal(fake_table(L4)[SHIM_SLOT_FIRST + SHIM_SLOT_COUNT], 0x10);
    fake_check();
    mmu_settle(&fake_vcpu);
}

static void test_everything_comes_back(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_ext(XEN_MMUEXT_NEW_USER_BASEPTR, L4, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, L4, 0), ST_OK);
    fake_check();
    mmu_vcpu_end(&fake_vcpu);
    fake_check();
    for (u64 i = 0; i < FAKE_FRAMES; i++)
        assert_int_equal(word_refs(fake_word(i)), 0);
}

static void test_l1_entries_refused(void **state)
{
    (void)state;
    fake_boot();
    unmap(FREE);
    assert_int_equal(va_set(FREE, entry_of(L1, PTE_P | PTE_RW)), ST_BUSY);
    assert_int_equal(va_set(FREE, entry_of(L4, PTE_P | PTE_RW)), ST_BUSY);
    assert_int_equal(va_set(FREE, entry_of(1, PTE_P)), ST_BUSY);
    assert_int_equal(va_set(FREE, entry_of(FAKE_HOLE, PTE_P)), ST_DENIED);
    assert_int_equal(va_set(FREE, entry_of(0x12345678, PTE_P)), ST_DENIED);
    assert_int_equal(va_set(FREE, PTE_FRAME | PTE_P), ST_INVALID);
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_PS)), ST_INVALID);
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_PCD)), ST_INVALID);
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_PWT)), ST_INVALID);
    fake_check();
    assert_int_equal(fake_table(L1)[FREE - G], 0);
    shim.domain.privileged = 1;
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_PCD | PTE_PS)), ST_OK);
    fake_check();
}

static void test_l1_entries_adjusted(void **state)
{
    u64 software = 0x7feull << 52 | PTE_NX | 0xe00;

    (void)state;
    fake_boot();
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_G | software)), ST_OK);
    assert_int_equal(fake_table(L1)[FREE - G], entry_of(FREE, PTE_P | PTE_US | software));
    assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_RW | PTE_G)), ST_OK);
    assert_int_equal(fake_table(L1)[FREE - G], entry_of(FREE, PTE_P | PTE_RW | PTE_US));
    assert_int_equal(va_set(FREE, 0xdeadbeef000ffff0ull), ST_OK);
    assert_int_equal(fake_table(L1)[FREE - G], 0xdeadbeef000ffff0ull);
    fake_check();
}

static void test_same_frame_cannot_become_writable_while_a_table(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(va_set(L1, entry_of(L1, PTE_P | PTE_RW)), ST_BUSY);
    assert_int_equal(va_set(L1, entry_of(L1, PTE_P | PTE_A | PTE_NX)), ST_OK);
    fake_check();
}

/* A mapping that stays on its frame is refused the same bits as a new one. */
static void test_caching_bits_of_a_mapped_frame(void **state)
{
    static const u64 bad[] = {PTE_PS, PTE_PCD, PTE_PWT};
    u64 before;

    (void)state;
    fake_boot();
    before = fake_table(L1)[FREE - G];
    for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
        assert_int_equal(va_set(FREE, entry_of(FREE, PTE_P | PTE_RW | bad[i])), ST_INVALID);
    assert_int_equal(fake_table(L1)[FREE - G], before);
    fake_check();
}

/* The same table with other bits that mean nothing to us: stored, for users too. */
static void test_upper_entries_adjusted(void **state)
{
    (void)state;
    fake_boot();
    for (u64 i = 0; i < 3; i++) {
        const u64 slots[] = {511, 510, 0};
        const u64 next = entry_of(L4 + i + 1, PTE_P | PTE_RW | PTE_A);

        assert_int_equal(fake_update(slot_of(L4 + i, slots[i]), next | PTE_NX), ST_OK);
        assert_int_equal(fake_table(L4 + i)[slots[i]], next | PTE_US | PTE_NX);
        assert_int_equal(fake_update(slot_of(L4 + i, slots[i]) | XEN_MMU_PT_UPDATE_PRESERVE_AD,
                                     next & ~PTE_A),
                         ST_OK);
        assert_int_equal(fake_table(L4 + i)[slots[i]], next | PTE_US);
        assert_int_equal(fake_update(slot_of(L4 + i, 7), 0x10), ST_OK); /* maps nothing */
        assert_int_equal(fake_table(L4 + i)[7], 0x10);
    }
    fake_check();
}

static void test_upper_entries_refused(void **state)
{
    static const u64 bad[] = {PTE_PS, PTE_PCD, PTE_PWT, PTE_G};

    (void)state;
    fake_boot();
    read_only(FREE);
    for (u32 level = 2; level <= 4; level++) {
        u64 table = L4 + 4 - level;

        for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
            assert_int_equal(fake_update(slot_of(table, 7), entry_of(FREE, TABLE | bad[i])),
                             ST_INVALID);
        assert_int_equal(fake_update(slot_of(table, 7), entry_of(FREE + 1, TABLE)), ST_INVALID);
        assert_int_equal(fake_update(slot_of(table, 7), entry_of(1, TABLE)), ST_INVALID);
        assert_int_equal(fake_update(slot_of(table, 7), entry_of(FAKE_SPECIAL, TABLE)),
                         ST_INVALID);
        assert_int_equal(fake_update(slot_of(table, 7), entry_of(FAKE_HOLE, TABLE)),
                         ST_INVALID);
        assert_int_equal(fake_update(slot_of(table, 7), entry_of(~0ull >> 12, TABLE)),
                         ST_INVALID);
    }
    assert_int_equal(fake_update(slot_of(L4 + 2, 7), entry_of(L4, TABLE)), ST_INVALID);
    assert_int_equal(fake_update(slot_of(L4, 7), entry_of(L1, TABLE)), ST_INVALID);
    fake_check();
    assert_int_equal(fake_update(slot_of(L4 + 2, 7), entry_of(FREE, TABLE)), ST_OK);
    assert_int_equal(word_type(fake_word(FREE)), FRAME_L1);
    fake_check();
    assert_int_equal(fake_update(slot_of(L4 + 2, 7), 0), ST_OK);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    fake_check();
}

static void test_shim_slots_are_not_the_guests(void **state)
{
    (void)state;
    fake_boot();
    for (u32 i = SHIM_SLOT_FIRST; i < SHIM_SLOT_FIRST + SHIM_SLOT_COUNT; i++) {
        assert_int_equal(fake_update(slot_of(L4, i), 0), ST_INVALID);
        assert_int_equal(fake_update(slot_of(L4, i), entry_of(L4 + 1, TABLE)), ST_INVALID);
    }
    assert_int_equal(fake_update(slot_of(L4, 255), entry_of(L4 + 1, TABLE)), ST_OK);
    assert_int_equal(fake_update(slot_of(L4, 272), entry_of(L4 + 1, TABLE)), ST_OK);
    fake_check();
}

static void test_a_bad_table_is_unwound(void **state)
{
    u64 *table = fake_table(FREE);

    (void)state;
    fake_boot();
    read_only(FREE);
    for (u32 i = 0; i < 200; i++)
        table[i] = entry_of(FREE + 1 + i % 8, PTE_P | (i & 1 ? PTE_RW : 0));
    table[200] = entry_of(1, PTE_P);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FREE, 0), ST_BUSY);
    fake_check();
    table[200] = entry_of(FREE, PTE_P | PTE_RW);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FREE, 0), ST_BUSY);
    table[200] = entry_of(FREE, PTE_P);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FREE, 0), ST_OK);
    fake_check();
    /* Deep: an L4 whose L2 refers to a frame that is mapped writable. */
    for (u64 i = 50; i < 53; i++)
        read_only(G + i);
    fake_table(G + 50)[1] = entry_of(G + 51, TABLE);
    fake_table(G + 51)[1] = entry_of(G + 52, TABLE);
    fake_table(G + 52)[1] = entry_of(FREE, TABLE);
    fake_table(G + 52)[2] = entry_of(G + 60, TABLE);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, G + 50, 0), ST_INVALID);
    fake_check();
    read_only(G + 60);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, G + 50, 0), ST_OK);
    fake_check();
}

static void test_pins(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, L4, 0), ST_INVALID); /* already */
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, L1, 0), ST_OK);      /* late pin */
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L2_TABLE, L1, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L3_TABLE, L4 + 1, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FREE, 0), ST_INVALID); /* writable */
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, 1, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FAKE_SPECIAL, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, ~0ull, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, FREE, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, ~0ull, 0), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, L1, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, L1, 0), ST_INVALID);
    fake_check();
    assert_int_equal(word_type(fake_word(L1)), FRAME_L1);
}

static void test_linear_tables(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_update(slot_of(L4, 9), entry_of(L4, TABLE)), ST_INVALID); /* RW */
    assert_int_equal(fake_update(slot_of(L4, 9), entry_of(L4, PTE_P)), ST_OK);
    assert_int_equal(fake_update(slot_of(L4, 10), entry_of(L4, PTE_P | PTE_A)), ST_OK);
    fake_check();
    assert_int_equal(fake_update(slot_of(L4, 9), entry_of(L4, PTE_P | PTE_RW)), ST_INVALID);
    fake_check();
    /* Another L4, read through ours; not back again. */
    read_only(FREE);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, FREE, 0), ST_OK);
    assert_int_equal(fake_update(slot_of(L4, 11), entry_of(FREE, PTE_P)), ST_OK);
    assert_int_equal(fake_update(slot_of(FREE, 1), entry_of(L4, PTE_P)), ST_INVALID);
    assert_int_equal(fake_update(slot_of(FREE, 1), entry_of(FREE, PTE_P)), ST_OK);
    fake_check();
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, FREE, 0), ST_OK);
    assert_int_equal(word_type(fake_word(FREE)), FRAME_L4);
    assert_int_equal(word_count(fake_word(FREE)), 1);
    assert_int_equal(fake_update(slot_of(L4, 11), 0), ST_OK);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    fake_check();
}

/* Linear tables are one deep: what is read through another reads through nobody, and back. */
static void test_linear_tables_do_not_chain(void **state)
{
    const u64 first = FREE, second = FREE + 1, third = FREE + 2;

    (void)state;
    fake_boot();
    for (u64 number = first; number <= third; number++) {
        read_only(number);
        assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, number, 0), ST_OK);
    }
    assert_int_equal(fake_update(slot_of(first, 1), entry_of(second, PTE_P)), ST_OK);
    assert_int_equal(fake_update(slot_of(second, 1), entry_of(third, PTE_P)), ST_INVALID);
    assert_int_equal(fake_update(slot_of(third, 1), entry_of(first, PTE_P)), ST_INVALID);
    assert_int_equal(fake_update(slot_of(third, 1), entry_of(second, PTE_P)), ST_OK);
    fake_check();
    /* Both are no tables any more; when they are again, nothing is left of the past. */
    assert_int_equal(fake_update(slot_of(third, 1), 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, first, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, second, 0), ST_OK);
    assert_int_equal(word_count(fake_word(first)) + word_count(fake_word(second)), 0);
    fake_table(first)[1] = 0;
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, first, 0), ST_OK);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, second, 0), ST_OK);
    assert_int_equal(fake_update(slot_of(second, 1), entry_of(first, PTE_P)), ST_OK);
    fake_check();
}

static void test_linear_table_built_before_its_pin(void **state)
{
    (void)state;
    fake_boot();
    read_only(FREE);
    fake_table(FREE)[3] = entry_of(FREE, PTE_P);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L4_TABLE, FREE, 0), ST_OK);
    fake_check();
    assert_int_equal(fake_ext(XEN_MMUEXT_UNPIN_TABLE, FREE, 0), ST_OK);
    assert_int_equal(word_refs(fake_word(FREE)), 1); /* our own mapping */
    fake_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_boot),
        cmocka_unit_test(test_linux_boot_order),
        cmocka_unit_test(test_everything_comes_back),
        cmocka_unit_test(test_l1_entries_refused),
        cmocka_unit_test(test_l1_entries_adjusted),
        cmocka_unit_test(test_same_frame_cannot_become_writable_while_a_table),
        cmocka_unit_test(test_caching_bits_of_a_mapped_frame),
        cmocka_unit_test(test_upper_entries_adjusted),
        cmocka_unit_test(test_upper_entries_refused),
        cmocka_unit_test(test_shim_slots_are_not_the_guests),
        cmocka_unit_test(test_a_bad_table_is_unwound),
        cmocka_unit_test(test_pins),
        cmocka_unit_test(test_linear_tables),
        cmocka_unit_test(test_linear_tables_do_not_chain),
        cmocka_unit_test(test_linear_table_built_before_its_pin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
