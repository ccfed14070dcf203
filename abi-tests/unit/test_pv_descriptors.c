/* Descriptor tables of a PV guest: what may be in them, and who holds their frames. */
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
#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/abi/xen.h"

#define G    FAKE_GUEST
#define FREE (G + 16)

#define CODE64_DPL0 0x00af9b000000ffffull
#define CODE64_DPL3 0x00affb000000ffffull
#define DATA_DPL1   0x00cfb3000000ffffull
#define DATA_DPL3   0x00cff3000000ffffull
#define CALL_GATE   0x0000ec000008abcdull
#define LDT_SYSTEM  0x0000820000000000ull
#define TSS_SYSTEM  0x0000890000000000ull
#define NULL_GATE   0x0000e00000001234ull /* present, system, type 0 */

static void read_only(u64 number)
{
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, number), number << PAGE_SHIFT | PTE_P, 0),
        ST_OK);
}

static u64 address_of(u64 number, u32 index)
{
    return (number << PAGE_SHIFT) + index * 8;
}

static void test_descriptor_rules(void **state)
{
    static const struct {
        u64 value, expect;
        bool ok;
    } cases[] = {
        {0, 0, true},
        {CALL_GATE & ~BIT(47), CALL_GATE & ~BIT(47), true}, /* not present */
        {CODE64_DPL0, CODE64_DPL3, true},
        {DATA_DPL1, DATA_DPL3, true},
        {DATA_DPL3, DATA_DPL3, true},
        {NULL_GATE, NULL_GATE, true},
        {CALL_GATE, 0x00008c00000babcdull, true},             /* closed */
        {0x0000ec00e033abcdull, 0x00008c00e033abcdull, true}, /* flat code */
        {0x0000ec00e037abcdull, 0x00008c00e037abcdull, true}, /* in the LDT */
        {0x0000ec00dfffabcdull, 0x00008c00dfffabcdull, true},
        {0x0000ec00e000abcdull, 0x0000ec00e000abcdull, false}, /* the shim's */
        {0x0000ec00e008abcdull, 0x0000ec00e008abcdull, false},
        {0x0000ec00fff8abcdull, 0x0000ec00fff8abcdull, false},
        {CALL_GATE | 1ull << 32, CALL_GATE | 1ull << 32, false},
        {0x0000ee0000080000ull, 0x0000ee0000080000ull, false}, /* interrupt gate */
        {LDT_SYSTEM, LDT_SYSTEM, false},
        {TSS_SYSTEM, TSS_SYSTEM, false},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        u64 value = cases[i].value;

        assert_int_equal(descriptor_fix(&value), cases[i].ok);
        assert_int_equal(value, cases[i].expect);
    }
}

static void test_set_gdt(void **state)
{
    u64 frames[2] = {FREE, FREE + 1};

    (void)state;
    fake_boot();
    fake_table(FREE)[2] = CODE64_DPL0;
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1024), ST_INVALID); /* writable */
    read_only(FREE);
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1024), ST_INVALID);
    fake_check();
    read_only(FREE + 1);
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1024), ST_OK);
    assert_int_equal(fake_table(FREE)[2], CODE64_DPL3);
    assert_int_equal(entry_frame(fake_vcpu.window[0]), FREE);
    assert_int_equal(entry_frame(fake_vcpu.window[1]), FREE + 1);
    assert_int_equal(entry_frame(fake_vcpu.window[2]), FAKE_ZERO);
    assert_int_equal(fake_vcpu.window[2] & PTE_RW, 0);
    fake_check();
    /* In use: it cannot be mapped writable, nor be a page table. */
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), FREE << PAGE_SHIFT | PTE_P | PTE_RW, 0),
        ST_BUSY);
    assert_int_equal(fake_ext(XEN_MMUEXT_PIN_L1_TABLE, FREE, 0), ST_INVALID);
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 100), ST_OK);
    assert_int_equal(word_count(fake_word(FREE + 1)), 0);
    fake_check();
    assert_int_equal(gdt_set(&fake_vcpu, 0, 0), ST_OK);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    fake_check();
}

static void test_set_gdt_refused(void **state)
{
    u64 frames[14] = {1};

    (void)state;
    fake_boot();
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 7169), ST_INVALID);
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, ~0u), ST_INVALID);
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1), ST_INVALID);
    frames[0] = ~0ull;
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1), ST_INVALID);
    frames[0] = G + 3; /* a page table */
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1), ST_INVALID);
    assert_int_equal(gdt_set(&fake_vcpu, M2P_VIRT, 1), ST_FAULT);
    read_only(FREE);
    fake_table(FREE)[511] = LDT_SYSTEM;
    frames[0] = FREE;
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 1), ST_INVALID);
    fake_check();
    /* All 14 pages, the last with its last descriptor. */
    for (u32 i = 0; i < 14; i++) {
        frames[i] = FREE + 1 + i;
        read_only(FREE + 1 + i);
    }
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 7168), ST_OK);
    fake_check();
}

static void test_update_descriptor(void **state)
{
    u64 frames[1] = {FREE};

    (void)state;
    fake_boot();
    read_only(FREE);
    assert_int_equal(gdt_set(&fake_vcpu, (u64)frames, 512), ST_OK);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(FREE, 5), DATA_DPL1), ST_OK);
    assert_int_equal(fake_table(FREE)[5], DATA_DPL3);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(FREE, 5), TSS_SYSTEM),
                     ST_INVALID);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(FREE, 5) + 4, 0), ST_INVALID);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(G + 3, 5), 0), ST_INVALID);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(1, 5), 0), ST_INVALID);
    assert_int_equal(descriptor_update(&fake_vcpu, ~7ull, 0), ST_INVALID);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(FREE + 1, 5), DATA_DPL3), ST_OK);
    assert_int_equal(fake_table(FREE)[5], DATA_DPL3);
    fake_check();
}

static u64 ldt_window(u64 offset)
{
    return WINDOW_VIRT + WINDOW_LDT + offset;
}

static bool ldt_fault(u64 offset)
{
    return mmu_fault(&fake_vcpu, ldt_window(offset), 0, &fake_vcpu.regs);
}

static void test_ldt_pages_come_when_used(void **state)
{
    u64 base;

    (void)state;
    fake_boot();
    base = fake_va_of(G, FREE);
    read_only(FREE);
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, base, 1024), ST_OK);
    assert_int_equal(fake.ldt_base, ldt_window(0));
    assert_int_equal(fake.ldt_entries, 1024);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    assert_true(ldt_fault(16));
    assert_int_equal(word_type(fake_word(FREE)), FRAME_SEGMENT);
    assert_false(ldt_fault(24));            /* it is there */
    assert_false(ldt_fault(PAGE_SIZE));     /* that page is writable */
    assert_false(ldt_fault(2 * PAGE_SIZE)); /* behind the limit */
    assert_int_equal(mmu_fault_address(&fake_vcpu, ldt_window(PAGE_SIZE + 8)),
                     base + PAGE_SIZE + 8);
    assert_int_equal(mmu_fault_address(&fake_vcpu, 0x1234), 0x1234);
    fake_check();
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, 0, 0), ST_OK);
    assert_int_equal(fake.ldt_entries, 0);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    assert_false(ldt_fault(16));
    fake_check();
}

static void test_ldt_page_gives_way(void **state)
{
    (void)state;
    fake_boot();
    read_only(FREE);
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, fake_va_of(G, FREE), 512), ST_OK);
    assert_true(ldt_fault(0));
    assert_int_equal(
        mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), FREE << PAGE_SHIFT | PTE_P | PTE_RW, 0),
        ST_OK);
    assert_int_equal(fake_vcpu.window[16], 0);
    assert_false(ldt_fault(0)); /* now it is writable */
    fake_check();
    read_only(FREE);
    assert_true(ldt_fault(0));
    assert_int_equal(mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), 0, 0), ST_OK);
    assert_int_equal(fake_vcpu.window[16], 0);
    assert_false(ldt_fault(0)); /* now it is not there */
    fake_check();
}

static void test_set_ldt_refused(void **state)
{
    (void)state;
    fake_boot();
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, FAKE_VA, 8193), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, FAKE_VA + 8, 1), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, M2P_VIRT, 1), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, 1ull << 60, 1), ST_INVALID);
    assert_int_equal(fake_ext(XEN_MMUEXT_SET_LDT, FAKE_VA, 8192), ST_OK);
}

/* ---- Windows: what the CPU itself reads ------------------------------------------------- */

#define SHOWN (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_NX) /* the CPU sets accessed bits in it */
#define EMPTY (FAKE_ZERO << PAGE_SHIFT | PTE_P | PTE_A | PTE_NX)

static struct pv_vcpu second;
static u64 second_window[33];

static void boot_two(void)
{
    fake_boot();
    memset(&second, 0, sizeof(second));
    memset(second_window, 0xff, sizeof(second_window));
    second.id = 1;
    mmu_vcpu_start(&second, second_window);
}

static void test_a_new_window(void **state)
{
    (void)state;
    boot_two();
    for (u32 i = 0; i < 14; i++)
        assert_int_equal(second_window[i], EMPTY);
    assert_int_equal(second_window[14], ~0ull); /* the shim's own two */
    assert_int_equal(second_window[15], ~0ull);
    for (u32 i = 16; i < 32; i++)
        assert_int_equal(second_window[i], 0);
    assert_int_equal(second_window[32], ~0ull);
    assert_int_equal(mmu.vcpu_count, 2);
    mmu_vcpu_start(&second, second_window); /* known already */
    assert_int_equal(mmu.vcpu_count, 2);
    assert_ptr_equal(mmu.vcpu[1], &second);
    mmu.vcpu_count = SHIM_VCPUS_MAX;
    mmu_vcpu_start(&(struct pv_vcpu){.id = 2}, second_window);
    assert_int_equal(mmu.vcpu_count, SHIM_VCPUS_MAX);
}

/* A page of a GDT is seen in the window of the vCPU, and flushed if that one runs. */
static void test_gdt_windows(void **state)
{
    const u64 frames[1] = {FREE};

    (void)state;
    boot_two();
    read_only(FREE);
    fake.page_flushes = 0;
    assert_int_equal(gdt_set_frames(&second, frames, 1), ST_OK);
    assert_int_equal(second_window[0], FREE << PAGE_SHIFT | SHOWN);
    assert_int_equal(second_window[1], EMPTY);
    assert_int_equal(second.gdt_entries, 1);
    assert_int_equal(second.gdt_frame[0].raw, FREE);
    assert_int_equal(fake.page_flushes, 0);
    assert_int_equal(gdt_set_frames(&second, NULL, 0), ST_OK);
    assert_int_equal(second_window[0], EMPTY);
    assert_int_equal(gdt_set_frames(&fake_vcpu, frames, 512), ST_OK);
    assert_int_equal(fake.page_flushes, 14);
    assert_int_equal(fake.flushed_va, WINDOW_VIRT + 13 * PAGE_SIZE);
    assert_int_equal(fake_vcpu.window[0], FREE << PAGE_SHIFT | SHOWN);
    assert_int_equal(gdt_set_frames(&fake_vcpu, frames, XEN_FIRST_RESERVED_GDT_ENTRY + 1),
                     ST_INVALID);
    fake_check();
}

/* One page in two tables: it is a descriptor page until both have let go of it. */
static void test_gdt_of_one_page_twice(void **state)
{
    const u64 frames[2] = {FREE, FREE};

    (void)state;
    fake_boot();
    read_only(FREE);
    assert_int_equal(gdt_set_frames(&fake_vcpu, frames, 513), ST_OK);
    assert_int_equal(word_count(fake_word(FREE)), 2);
    fake_check();
    assert_int_equal(gdt_set_frames(&fake_vcpu, frames, 512), ST_OK);
    assert_int_equal(word_count(fake_word(FREE)), 1);
    assert_int_equal(fake_vcpu.window[1], EMPTY);
    fake_check();
}

/* The windows of the vCPUs lie one behind the other; each has its own LDT there. */
static void test_ldt_window_of_another_vcpu(void **state)
{
    const u64 window = WINDOW_VIRT + WINDOW_STRIDE + WINDOW_LDT;
    const u64 base = fake_va_of(G, FREE);

    (void)state;
    boot_two();
    read_only(FREE);
    second.kernel_l4 = mfn(G);
    assert_int_equal(ldt_set(&second, base, 512), ST_OK);
    assert_int_equal(fake.ldt_base, window);
    assert_int_equal(mmu_fault_address(&second, window + 24), base + 24);
    assert_int_equal(mmu_fault_address(&second, ldt_window(24)), ldt_window(24));
    assert_int_equal(mmu_fault_address(&second, window + 16 * PAGE_SIZE - 1),
                     base + 16 * PAGE_SIZE - 1);
    assert_int_equal(mmu_fault_address(&second, window + 16 * PAGE_SIZE),
                     window + 16 * PAGE_SIZE);
    fake.page_flushes = 0;
    lock_is_needed = 1;
    second.flush = FLUSH_ALL;
    assert_false(mmu_fault_ldt(&second, ldt_window(0)));
    assert_int_equal(second.flush, 0);
    assert_true(mmu_fault_ldt(&second, window));
    assert_int_equal(memory_lock.taken, 0);
    assert_int_equal(second_window[16], FREE << PAGE_SHIFT | SHOWN);
    assert_int_equal(fake.page_flushes, 0); /* it does not run */
    ldt_drop_pages(&second);
    assert_int_equal(second_window[16], 0);
    assert_int_equal(word_count(fake_word(FREE)), 0);
    lock_is_needed = 0;
}

static void test_ldt_limits(void **state)
{
    (void)state;
    fake_boot();
    read_only(FREE);
    read_only(FREE + 1);
    assert_int_equal(ldt_set(&fake_vcpu, fake_va_of(G, FREE), 513), ST_OK);
    assert_true(ldt_fault(PAGE_SIZE + 7)); /* the last byte of the last descriptor */
    assert_int_equal(fake_vcpu.window[17], (FREE + 1) << PAGE_SHIFT | SHOWN);
    assert_int_equal(fake_vcpu.window[16], 0);
    ldt_drop_pages(&fake_vcpu);
    assert_false(ldt_fault(PAGE_SIZE + 8));
    assert_true(ldt_fault(PAGE_SIZE));
    fake.ldt_entries = 99;
    assert_int_equal(ldt_set(&fake_vcpu, fake_va_of(G, FREE), 513), ST_OK); /* no change */
    assert_int_equal(fake.ldt_entries, 99);
    assert_int_not_equal(fake_vcpu.window[17], 0);
    assert_int_equal(ldt_set(&fake_vcpu, fake_va_of(G, FREE), 512), ST_OK);
    assert_int_equal(fake.ldt_entries, 512);
    assert_int_equal(fake_vcpu.window[17], 0);
    /* nothing mapped where the table is said to be */
    assert_int_equal(ldt_set(&fake_vcpu, FAKE_VA + LARGE_PAGE_SIZE, 1), ST_OK);
    assert_false(ldt_fault(0));
    assert_int_equal(mmu_update_va(&fake_vcpu, fake_va_of(G, FREE), FREE << PAGE_SHIFT, 0),
                     ST_OK);
    assert_int_equal(ldt_set(&fake_vcpu, fake_va_of(G, FREE), 1), ST_OK);
    assert_false(ldt_fault(0)); /* a frame number, but not present */
    fake_check();
}

/* A frame that is neither a descriptor page nor writable somewhere is written all the same. */
static void test_update_of_a_free_frame(void **state)
{
    (void)state;
    fake_boot();
    read_only(FREE);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(FREE, 511), CODE64_DPL0), ST_OK);
    assert_int_equal(fake_table(FREE)[511], CODE64_DPL3);
    assert_int_equal(fake_table(FREE)[510], 0);
    assert_int_equal(descriptor_update(&fake_vcpu, address_of(FAKE_SPECIAL, 0), CODE64_DPL0),
                     ST_INVALID);
    fake_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_descriptor_rules),
        cmocka_unit_test(test_set_gdt),
        cmocka_unit_test(test_set_gdt_refused),
        cmocka_unit_test(test_update_descriptor),
        cmocka_unit_test(test_ldt_pages_come_when_used),
        cmocka_unit_test(test_ldt_page_gives_way),
        cmocka_unit_test(test_set_ldt_refused),
        cmocka_unit_test(test_a_new_window),
        cmocka_unit_test(test_gdt_windows),
        cmocka_unit_test(test_gdt_of_one_page_twice),
        cmocka_unit_test(test_ldt_window_of_another_vcpu),
        cmocka_unit_test(test_ldt_limits),
        cmocka_unit_test(test_update_of_a_free_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
