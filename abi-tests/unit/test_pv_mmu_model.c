/* The promise of the PV MMU, kept under long random runs and under all short sequences:
 * counts are exact, a table is never writable, everything comes back. */
// sources: abi-tests/unit/fake_pv_smp.c
// sources: abi-tests/unit/pv_mmu_model.c
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
#include "abi-tests/unit/pv_mmu_model.h"
#include "xen-adapter/abi/xen.h"

static u32 choose_random(void *state, u32 limit)
{
    u64 *x = state;

    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return (u32)((*x >> 16) % limit);
}

static void test_random_runs(void **state)
{
    (void)state;
    for (u64 seed = 1; seed <= 200; seed++) {
        u64 x = seed * 0x9e3779b97f4a7c15ull;
        const struct model_source source = {choose_random, &x};

        fake_boot();
        mmu.vm_assist = BIT(XEN_VMASST_WRITABLE_PAGETABLES);
        for (u32 i = 0; i < 600; i++)
            model_step(&source);
        model_end();
    }
}

/* ---- All sequences of a few operations on three frames ------------------------------- */

#define A     (FAKE_GUEST + 4)
#define B     (A + 1)
#define C     (A + 2)
#define TABLE (PTE_P | PTE_RW | PTE_US)

static void set_own(u64 number, u64 flags)
{
    (void)mmu_update_va(&fake_vcpu, fake_va_of(FAKE_GUEST, number),
                        number << PAGE_SHIFT | flags, 0);
}

static void guest_store(u64 number, u64 entry)
{
    if ((fake_word(number) & FRAME_VALID) == 0)
        fake_table(number)[1] = entry;
}

static void operation(u32 n)
{
    switch (n) {
    case 0:
        set_own(A, PTE_P);
        break;
    case 1:
        set_own(A, PTE_P | PTE_RW);
        break;
    case 2:
        set_own(B, PTE_P);
        break;
    case 3:
        set_own(B, PTE_P | PTE_RW);
        break;
    case 4:
        guest_store(A, B << PAGE_SHIFT | TABLE);
        break;
    case 5:
        guest_store(A, A << PAGE_SHIFT | PTE_P);
        break;
    case 6:
        guest_store(B, C << PAGE_SHIFT | TABLE);
        break;
    case 7:
        (void)fake_ext(XEN_MMUEXT_PIN_L2_TABLE, A, 0);
        break;
    case 8:
        (void)fake_ext(XEN_MMUEXT_PIN_L1_TABLE, B, 0);
        break;
    case 9:
        (void)fake_ext(XEN_MMUEXT_UNPIN_TABLE, A, 0);
        break;
    case 10:
        (void)fake_ext(XEN_MMUEXT_UNPIN_TABLE, B, 0);
        break;
    case 11:
        (void)fake_update((A << PAGE_SHIFT) + 8, B << PAGE_SHIFT | TABLE);
        break;
    default:
        (void)fake_update((B << PAGE_SHIFT) + 8, C << PAGE_SHIFT | PTE_P);
    }
}

#define OPERATIONS 13u
#define LENGTH     4u

static void test_all_short_sequences(void **state)
{
    u32 total = 1;

    (void)state;
    for (u32 i = 0; i < LENGTH; i++)
        total *= OPERATIONS;
    for (u32 n = 0; n < total; n++) {
        fake_boot();
        set_own(A, PTE_P);
        for (u32 i = 0, rest = n; i < LENGTH; i++, rest /= OPERATIONS)
            operation(rest % OPERATIONS);
        fake_check();
        if (n % 64 == 0)
            model_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_runs),
        cmocka_unit_test(test_all_short_sequences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
