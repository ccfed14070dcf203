/* The PV MMU's batches: whose memory they name, what a resumed one counts, what it tells. */
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
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/mmu_batch.h"

static void test_foreign(void **state)
{
    (void)state;
    assert_int_equal(mmu_batch_foreign(XEN_DOMID_SELF), ST_OK);
    assert_int_equal(mmu_batch_foreign(0), ST_DENIED);
    assert_int_equal(mmu_batch_foreign(XEN_DOMID_IO), ST_DENIED);
    assert_int_equal(mmu_batch_foreign(XEN_DOMID_XEN), ST_DENIED);
    assert_int_equal(mmu_batch_foreign(5), ST_NO_PARTITION);
    /* the upper half names whose tables: a domain and one */
    assert_int_equal(mmu_batch_foreign(1u << 16 | XEN_DOMID_SELF), ST_DENIED);
    assert_int_equal(mmu_batch_foreign(2u << 16 | XEN_DOMID_SELF), ST_NO_PARTITION);
    assert_int_equal(mmu_batch_foreign(3u << 16), ST_NO_PARTITION);
}

static void test_resume(void **state)
{
    u32 told[2] = {7, 99};
    struct mmu_batch batch = {
        .count = 4 | MMU_BATCH_RESUMED, .before = 0, .done = (u64)(uintptr_t)told};

    (void)state;
    fake_reset();
    assert_int_equal(mmu_batch_resume(&batch), ST_OK);
    assert_int_equal(batch.count, 4);
    assert_int_equal(batch.before, 7);
    batch.next = 3;
    assert_int_equal(mmu_batch_close(&batch, ST_INVALID), ST_INVALID);
    assert_int_equal(told[0], 10);
    assert_int_equal(told[1], 99);
    fake.guest_fault = true;
    assert_int_equal(mmu_batch_resume(&batch), ST_FAULT);
    batch.done = 0; /* nobody wants to know */
    batch.before = 0;
    assert_int_equal(mmu_batch_resume(&batch), ST_OK);
    assert_int_equal(batch.before, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_resume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
