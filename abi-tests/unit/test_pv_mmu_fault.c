/* Faults of a PV kernel at its read-only page tables: what is a write to an entry, by which
 * rules, and what is left to the guest. */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_mmu.c xen-adapter/pv/frame.c
// sources: xen-adapter/pv/mmu_validate.c xen-adapter/pv/mmu_update.c xen-adapter/pv/mmu_batch.c
// sources: xen-adapter/pv/mmu_va.c xen-adapter/pv/mmuext.c xen-adapter/pv/mmu_fault.c
// sources: xen-adapter/pv/descriptors.c xen-adapter/pv/m2p.c xen-adapter/pv/memory_frames.c
// sources: hv/lib/insn_decode.c hv/lib/insn_operands.c hv/lib/insn_tables.c
// sources: hv/lib/insn_compute.c
#include <pthread.h>

#include "abi-tests/unit/pv_mmu_write.h"

static void test_writes_left_to_the_guest(void **state)
{
    const u8 mov[16] = {0x48, 0x89, 0x07};
    const u8 other[16] = {0x0f, 0x11, 0x07}; /* movups */
    u64 va;

    (void)state;
    boot();
    mmu.vm_assist = 0;
    va = fake_va_of(G, L1) + 300 * 8;
    fake_vcpu.regs.rax = 0;
    assert_false(run_write(mov, 300, 0)); /* no assist */
    mmu.vm_assist = BIT(XEN_VMASST_WRITABLE_PAGETABLES);
    assert_true(run_write(mov, 300, 0));
    assert_false(run_write(mov, 300, 4)); /* would straddle two entries */
    assert_false(run_write(other, 300, 0));
    fake_vcpu.regs.rax = entry_of(L1, PTE_P | PTE_RW);
    assert_false(run_write(mov, 300, 0)); /* would map a table writable */
    assert_int_equal(fake_table(L1)[300], 0);
    fake_vcpu.regs.rax = 0;
    fake_vcpu.mode = PV_USER;
    assert_false(run_write(mov, 300, 0));
    fake_vcpu.mode = PV_KERNEL;
    assert_false(mmu_fault(&fake_vcpu, va, 6, &fake_vcpu.regs));     /* not present */
    assert_false(mmu_fault(&fake_vcpu, va, 5, &fake_vcpu.regs));     /* a read */
    assert_false(mmu_fault(&fake_vcpu, va, 15, &fake_vcpu.regs));    /* reserved bit */
    assert_false(mmu_fault(&fake_vcpu, 0x1000, 7, &fake_vcpu.regs)); /* nothing there */
    assert_false(mmu_fault(&fake_vcpu, fake_va_of(G, L4), 7, &fake_vcpu.regs)); /* an L4 */
    assert_false(mmu_fault(&fake_vcpu, fake_va_of(G, FREE), 7, &fake_vcpu.regs));
    assert_int_equal(fake.smap_disabled, 0);
    assert_true(mmu_fault(&fake_vcpu, va, 1, &fake_vcpu.regs)); /* QEMU's iretq */
    assert_int_equal(fake.smap_disabled, 1);
    fake_vcpu.regs.rip = M2P_VIRT;
    assert_false(mmu_fault(&fake_vcpu, va, 7, &fake_vcpu.regs));
    fake_check();
}

static bool write_entry(u64 entry)
{
    static const u8 mov[16] = {0x48, 0x89, 0x07};

    fake_vcpu.regs.rax = entry;
    return run_write(mov, ENTRY, 0);
}

/* The rules of mmu_update hold: US is set, G is not, caching bits and large pages are refused.
 */
static void test_entries_are_checked(void **state)
{
    static const u64 refused[] = {PTE_PS, PTE_PCD, PTE_PWT};
    const u64 entry = entry_of(FREE, PTE_P);

    (void)state;
    boot();
    assert_true(write_entry(entry | PTE_G));
    assert_int_equal(fake_table(L1)[ENTRY], entry | PTE_US);
    assert_true(write_entry(entry | PTE_G | PTE_A)); /* the same frame */
    assert_int_equal(fake_table(L1)[ENTRY], entry | PTE_US | PTE_A);
    for (u32 i = 0; i < ARRAY_SIZE(refused); i++)
        assert_false(write_entry(entry | refused[i]));
    assert_false(write_entry(entry_of(L4, PTE_P | PTE_RW)));
    assert_false(write_entry(entry_of(FAKE_HOLE, PTE_P)));
    assert_int_equal(fake_table(L1)[ENTRY], entry | PTE_US | PTE_A);
    fake_check();
    assert_true(write_entry(entry | PTE_RW));
    fake_check();
    assert_true(write_entry(entry_of(FREE + 1, PTE_P | PTE_RW)));
    fake_check();
    assert_true(write_entry(entry & ~PTE_P));
    fake_check();
}

static void test_what_was_collected_is_flushed(void **state)
{
    (void)state;
    boot();
    fake_vcpu.flush = FLUSH_ALL;
    assert_true(write_entry(0));
    assert_int_equal(fake_vcpu.flush, 0);
    assert_int_equal(fake.full_flushes, 1);
}

static volatile bool is_over;

/* What a CPU does that walks the table meanwhile. */
static void *accessed_and_dirty(void *slot)
{
    while (!is_over) {
        __atomic_fetch_xor((u64 *)slot, PTE_A, __ATOMIC_SEQ_CST);
        __atomic_fetch_xor((u64 *)slot, PTE_D, __ATOMIC_SEQ_CST);
    }
    return NULL;
}

/* The entry changes between the look at it and the write: each write is done all the same,
 * once. */
static void test_an_entry_that_changes(void **state)
{
    pthread_t cpu;

    (void)state;
    boot();
    is_over = false;
    assert_int_equal(pthread_create(&cpu, NULL, accessed_and_dirty, &fake_table(L1)[ENTRY]), 0);
    for (u32 i = 0; i < 20000; i++) {
        const u64 entry = entry_of(FREE + i % 2, PTE_P | PTE_RW | PTE_US);

        assert_true(write_entry(entry));
        assert_int_equal(fake_table(L1)[ENTRY] & ~(PTE_A | PTE_D), entry);
    }
    is_over = true;
    pthread_join(cpu, NULL);
    fake_check();
}

/* Code whose page is the last one that can be read. */
static void test_code_at_the_end_of_memory(void **state)
{
    static _Alignas(4096) u8 code[2 * PAGE_SIZE];
    static const u8 mov[] = {0x48, 0x89, 0x07};

    (void)state;
    for (u32 left = 1; left <= 15; left++) {
        u8 *at = code + PAGE_SIZE - left;

        boot();
        fake_vcpu.regs.rax = 2;
        memset(code, 0x90, sizeof(code));
        memcpy(at, mov, sizeof(mov));
        fake.guest_end = (u64)code + PAGE_SIZE;
        assert_true(run_write(at, ENTRY, 0) == (left >= sizeof(mov)));
        fake.guest_end--; /* no page ends there: the fetch itself faults */
        fake_vcpu.regs.rip = (u64)at;
        assert_false(run_write(at, ENTRY, 0));
    }
}

/* Only a write to memory by an instruction that we know, within one entry. */
static void test_other_instructions(void **state)
{
    static const char *const others[] = {
        "\x48\x8b\x07",         /* mov (%rdi),%rax reads */
        "\x48\x89\xc7",         /* mov %rax,%rdi */
        "\x48\x11\x07",         /* adc %rax,(%rdi) */
        "\x48\xff\x07",         /* inc (%rdi) */
        "\x48\x8f\x07",         /* pop (%rdi) */
        "\xf0\x48\x0f\xc7\x0f", /* cmpxchg16b (%rdi) */
    };
    static const u8 mov2[16] = {0x66, 0x89, 0x07}, mov4[16] = {0x89, 0x07};

    (void)state;
    boot();
    for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
        u8 code[16] = {0};

        memcpy(code, others[i], strlen(others[i]));
        assert_false(run_write(code, ENTRY, 0));
        assert_int_equal(fake_vcpu.regs.rip, (u64)code);
    }
    assert_true(run_write(mov2, ENTRY, 6));
    assert_false(run_write(mov2, ENTRY, 7));
    assert_true(run_write(mov4, ENTRY, 4));
    assert_false(run_write(mov4, ENTRY, 5));
}

/* Which faults are about a page table at all: by error code and by what is mapped there. */
static void test_other_faults(void **state)
{
    static const u8 mov[16] = {0x48, 0x89, 0x07};
    const u64 va = fake_va_of(G, L1) + ENTRY * 8;

    (void)state;
    boot();
    fake_vcpu.regs.rip = (u64)mov;
    for (u32 error = 0; error < 32; error++) {
        bool is_supervisor = (error & 5) == 1; /* QEMU's iretq */

        fake.smap_disabled = 0;
        assert_true(mmu_fault(&fake_vcpu, va, error, &fake_vcpu.regs) ==
                    (error == 7 || is_supervisor));
        assert_int_equal(fake.smap_disabled, is_supervisor);
        fake_vcpu.regs.rip = (u64)mov;
    }
    /* the page of the table not mapped, or the entry about something else */
    assert_int_equal(fake_update(slot_of(L1, L1 - G), entry_of(L1, 0)), ST_OK);
    assert_false(mmu_fault(&fake_vcpu, va, 7, &fake_vcpu.regs));
    assert_int_equal(fake_update(slot_of(L1, L1 - G), entry_of(FAKE_SPECIAL, PTE_P)), ST_OK);
    assert_false(mmu_fault(&fake_vcpu, va, 7, &fake_vcpu.regs));
    assert_int_equal(fake_update(slot_of(L1, L1 - G), entry_of(L4, PTE_P)), ST_OK);
    assert_false(mmu_fault(&fake_vcpu, va, 7, &fake_vcpu.regs));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_left_to_the_guest),
        cmocka_unit_test(test_entries_are_checked),
        cmocka_unit_test(test_what_was_collected_is_flushed),
        cmocka_unit_test(test_an_entry_that_changes),
        cmocka_unit_test(test_code_at_the_end_of_memory),
        cmocka_unit_test(test_other_instructions),
        cmocka_unit_test(test_other_faults),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
