/* The bytes choose the operations of the MMU model; every promise is checked after each. */
// sources: abi-tests/unit/pv_mmu_model.c abi-tests/unit/fake_pv_smp.c
// sources: abi-tests/unit/fake_pv_mmu.c xen-adapter/pv/frame.c xen-adapter/pv/mmu_validate.c
// sources: xen-adapter/pv/mmu_update.c xen-adapter/pv/mmu_batch.c xen-adapter/pv/mmu_va.c
// sources: xen-adapter/pv/mmuext.c xen-adapter/pv/mmu_fault.c xen-adapter/pv/descriptors.c
// sources: xen-adapter/pv/m2p.c xen-adapter/pv/memory_frames.c hv/lib/insn_decode.c
// sources: hv/lib/insn_operands.c hv/lib/insn_tables.c hv/lib/insn_compute.c
// libs: -lcmocka
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_mmu.h"
#include "abi-tests/unit/pv_mmu_model.h"
#include "xen-adapter/abi/xen.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
    const u8 *data;
    size_t size, at;
};

static u32 choose_next(void *state, u32 limit)
{
    struct input *in = state;
    u32 value = 0;

    for (u32 i = 0; i < (limit > 256 ? 2u : 1u); i++)
        value = value << 8 | (in->at < in->size ? in->data[in->at++] : 0u);
    return value % limit;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
    struct input input = {data, size, 0};
    const struct model_source source = {choose_next, &input};

    fake_boot();
    mmu.vm_assist = BIT(XEN_VMASST_WRITABLE_PAGETABLES);
    while (input.at < size)
        model_step(&source);
    model_end();
    return 0;
}
