/* A guest's side of a Xen call in host tests: where its mode carries what, and a clean start.
 */
#ifndef ABI_TESTS_UNIT_XEN_CALLER_H
#define ABI_TESTS_UNIT_XEN_CALLER_H

#include "abi-tests/unit/fake_grant.h"
#include "abi-tests/unit/fake_op.h"
#include "xen-adapter/xen.h"

static inline int caller_setup(void **state)
{
    (void)state;
    fake_op_reset();
    fake_grant_reset();
    return 0;
}

/* In 32-bit mode the arguments travel in other registers. */
static inline void caller_put(u64 nr, u64 a, u64 b, u64 c)
{
    struct regs *regs = &fake_vcpu[0].regs;
    bool is_narrow = fake_mode != OP_MODE_64;

    regs->rax = nr;
    *(is_narrow ? &regs->rbx : &regs->rdi) = a;
    *(is_narrow ? &regs->rcx : &regs->rsi) = b;
    regs->rdx = c;
}

/* As wide as the caller; virtual 8086 mode only ever sees a refusal, which fills the register.
 */
static inline s64 caller_result(void)
{
    u64 rax = fake_vcpu[0].regs.rax;

    return fake_mode == OP_MODE_64 || fake_mode == OP_MODE_VM86 ? (s64)rax : (s64)(s32)rax;
}

/* To its end, however often it is continued. */
static inline s64 caller_call(u64 nr, u64 a, u64 b, u64 c)
{
    caller_put(nr, a, b, c);
    while (xen_call(&fake_vcpu[0]) == CALL_REPEAT) {
    }
    return caller_result();
}

#endif
