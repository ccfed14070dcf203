/* A PV kernel that writes to its page tables as if they were memory. */
#ifndef ABI_TESTS_UNIT_PV_MMU_WRITE_H
#define ABI_TESTS_UNIT_PV_MMU_WRITE_H

#include <string.h>

#include "abi-tests/unit/fake_pv_smp.h"
#include "abi-tests/unit/pv_mmu_tables.h"
#include "xen-adapter/abi/xen.h"

#define ENTRY 300u /* of L1: nothing is mapped there */

static inline void boot(void)
{
    fake_boot();
    mmu.vm_assist = BIT(XEN_VMASST_WRITABLE_PAGETABLES);
    lock_is_needed = 1;
}

/* The instruction at `code` writes to %rdi, so far into that entry of L1. True: it is done. */
static inline bool run_write(const u8 *code, u64 index, u32 offset)
{
    struct pv_regs *regs = &fake_vcpu.regs;
    u64 va = fake_va_of(G, L1) + index * 8 + offset;
    bool done;

    regs->rip = (u64)code;
    regs->rdi = va;
    regs->rflags = 0x10202;
    done = mmu_fault(&fake_vcpu, va, 7, regs);
    assert_int_equal(memory_lock.taken, 0);
    assert_true(!done || fake.was_locked);
    return done;
}

#endif
