/* Every row of xen.def has its disposition in the shim's dispatch, and multicall keeps to it.
 */
// sources: abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/hypercall.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

#define REACHED_CALL 0x100000
#define REACHED_OP   0x200000

static struct pv_vcpu vcpu;
static u64 last_args[4];

struct pv_vcpu *this_vcpu(void)
{
    return &vcpu;
}

void mmu_flush_now(struct pv_vcpu *v)
{
    v->flush = 0;
}

enum status words_from_guest(u64 *to, u64 from, u64 words)
{
    if (from < 4096)
        return ST_FAULT;
    memcpy(to, (const void *)from, words * 8);
    return ST_OK;
}

enum status words_to_guest(u64 to, const u64 *from, u64 words)
{
    memcpy((void *)to, from, words * 8);
    return ST_OK;
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (from < 4096)
        return ST_FAULT;
    memcpy(to, (const void *)from, bytes);
    return ST_OK;
}

/* The MMU's faces that hypercall.c wraps. */
enum status mmu_update(struct pv_vcpu *v, u64 requests, u32 count, u64 done, u32 foreign)
{
    (void)v, (void)requests, (void)count, (void)done, (void)foreign;
    return ST_DENIED;
}
enum status mmu_update_va(struct pv_vcpu *v, u64 va, u64 entry, u64 flags)
{
    (void)v, (void)va, (void)entry, (void)flags;
    return ST_INVALID;
}
enum status mmu_ext(struct pv_vcpu *v, u64 ops, u32 count, u64 done, u32 foreign)
{
    (void)v, (void)ops, (void)count, (void)done, (void)foreign;
    return ST_BUSY;
}
enum status gdt_set(struct pv_vcpu *v, u64 frame_list, u32 entries)
{
    (void)v, (void)frame_list, (void)entries;
    return ST_FAULT;
}
enum status descriptor_update(struct pv_vcpu *v, u64 machine_address, u64 descriptor)
{
    (void)v, (void)machine_address, (void)descriptor;
    return ST_UNSUPPORTED;
}

static s64 note(s64 mark, u64 a1, u64 a2, u64 a3, u64 a4)
{
    last_args[0] = a1;
    last_args[1] = a2;
    last_args[2] = a3;
    last_args[3] = a4;
    return mark;
}

/* Handlers of whole calls that other files supply. */
#define FAKE_CALL(nr, call)                                                                    \
    HANDLER(hypercall_##call)                                                                  \
    {                                                                                          \
        return note(REACHED_CALL + nr, a1, a2, a3, a4);                                        \
    }
FAKE_CALL(0, set_trap_table)
FAKE_CALL(3, stack_switch)
FAKE_CALL(4, set_callbacks)
FAKE_CALL(5, fpu_taskswitch)
FAKE_CALL(8, set_debugreg)
FAKE_CALL(9, get_debugreg)
FAKE_CALL(15, set_timer_op)
FAKE_CALL(21, vm_assist)
FAKE_CALL(23, iret)
FAKE_CALL(30, callback_op)

/* Handlers of operations. */
#define FAKE_OP_LOCAL(nr, sub, name)                                                           \
    HANDLER(name)                                                                              \
    {                                                                                          \
        return note(REACHED_OP + nr * 0x100 + sub, a1, a2, a3, a4);                            \
    }
#define FAKE_OP_TRANSLATE(nr, sub, name) FAKE_OP_LOCAL(nr, sub, name)
#define FAKE_OP_REFUSE(nr, sub, name)
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    FAKE_OP_##pv(nr, sub, op_##call##_##name)
#include "xen-adapter/abi/xen.def"

enum disposition { IS_LOCAL, IS_TRANSLATE, IS_REFUSE };

struct row {
    u32 nr;
    u32 sub;
    enum disposition pv;
    s64 error;
};

static const struct row ops[] = {
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    {nr, sub, IS_##pv, XEN_##perr},
#include "xen-adapter/abi/xen.def"
};

static const struct row calls[] = {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    {nr, 0, IS_##pv, XEN_##perr},
#include "xen-adapter/abi/xen.def"
};

static void test_every_operation(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
        s64 result = hypercall_table[ops[i].nr](ops[i].sub, 0x11, 0x22, 0x33);

        assert_non_null(hypercall_op(ops[i].nr, ops[i].sub));
        if (ops[i].pv == IS_REFUSE) {
            assert_true(ops[i].error != 0);
            assert_int_equal(result, -ops[i].error);
            continue;
        }
        assert_int_equal(result, REACHED_OP + ops[i].nr * 0x100 + ops[i].sub);
        assert_int_equal(last_args[0], 0x11);
        assert_int_equal(last_args[1], 0x22);
        assert_int_equal(last_args[2], 0x33);
        assert_int_equal(last_args[3], ops[i].sub);
    }
}

static void test_every_call(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
        assert_non_null(hypercall_table[calls[i].nr]);
        if (calls[i].pv == IS_REFUSE)
            assert_int_equal(hypercall_table[calls[i].nr](0, 0, 0, 0), -calls[i].error);
        else if (calls[i].error != 0)
            fail();
    }
}

static void test_no_empty_slot(void **state)
{
    (void)state;
    for (u32 nr = 0; nr < XEN_NR_SPACE; nr++)
        assert_non_null(hypercall_table[nr]);
    assert_int_equal(hypercall_table[63](0, 0, 0, 0), -XEN_ENOSYS);
}

static void test_unknown_operations(void **state)
{
    (void)state;
    assert_int_equal(hypercall_table[XENNR_sched_op](99, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(hypercall_table[XENNR_sched_op](39, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(hypercall_table[XENNR_xen_version](~0ull, 0, 0, 0), -XEN_ENOSYS);
    /* the start extent lies above the command */
    assert_int_equal(hypercall_table[XENNR_memory_op](6 | 5 << 6, 1, 0, 0),
                     REACHED_OP + XENNR_memory_op * 0x100 + 6);
    assert_int_equal(last_args[3], 6 | 5 << 6);
}

static void test_statuses(void **state)
{
    (void)state;
    assert_int_equal(xen_errno(ST_OK), 0);
    assert_int_equal(hypercall_table[XENNR_mmu_update](0, 0, 0, 0), -XEN_EPERM);
    assert_int_equal(hypercall_table[XENNR_update_va_mapping](0, 0, 0, 0), -XEN_EINVAL);
    assert_int_equal(hypercall_table[XENNR_mmuext_op](0, 0, 0, 0), -XEN_EBUSY);
    assert_int_equal(hypercall_table[XENNR_set_gdt](0, 0, 0, 0), -XEN_EFAULT);
    assert_int_equal(hypercall_table[XENNR_update_descriptor](0, 0, 0, 0), -XEN_EOPNOTSUPP);
#define ENCODED(name, text) assert_true(name == ST_OK || xen_errno(name) < 0);
    STATUS_LIST(ENCODED)
}

static void test_multicall(void **state)
{
    struct xen_multicall_entry list[] = {
        {.op = XENNR_xen_version, .args = {0}},
        {.op = XENNR_multicall},
        {.op = 64},
        {.op = XENNR_iret},
        {.op = XENNR_mmu_update},
        {.op = XENNR_set_debugreg, .args = {1, 2, 3, 4}},
    };

    (void)state;
    vcpu.flush = 1;
    assert_int_equal(hypercall_table[XENNR_multicall]((u64)list, ARRAY_SIZE(list), 0, 0), 0);
    assert_int_equal(list[0].result, REACHED_OP + XENNR_xen_version * 0x100);
    assert_int_equal(list[1].result, -XEN_EINVAL);
    assert_int_equal(list[2].result, -XEN_ENOSYS);
    assert_int_equal(list[3].result, -XEN_ENOSYS);
    assert_int_equal(list[4].result, -XEN_EPERM);
    assert_int_equal(list[5].result, REACHED_CALL + XENNR_set_debugreg);
    assert_int_equal(last_args[1], 2);
    assert_int_equal(vcpu.flush, 0);
    assert_int_equal(vcpu.in_multicall, 0);
    assert_int_equal(hypercall_table[XENNR_multicall](8, 1, 0, 0), -XEN_EFAULT);
    assert_int_equal(vcpu.in_multicall, 0);
}

static void test_hypercall_page(void **state)
{
    static u8 page[4096];

    (void)state;
    hypercall_page_fill(page);
    for (u32 n = 0; n < 128; n++) {
        const u8 *stub = page + n * 32;

        if (n == XENNR_iret)
            continue;
        assert_int_equal(stub[3], 0xb8); /* mov $n, %eax */
        assert_int_equal(stub[4], n);
        assert_int_equal(stub[8], 0x0f); /* syscall */
        assert_int_equal(stub[9], 0x05);
        assert_int_equal(stub[13], 0xc3);
    }
    assert_memory_equal(page + XENNR_iret * 32, "\x51\x41\x53\x50\xb8\x17\0\0\0\x0f\x05", 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_operation), cmocka_unit_test(test_every_call),
        cmocka_unit_test(test_no_empty_slot),   cmocka_unit_test(test_unknown_operations),
        cmocka_unit_test(test_statuses),        cmocka_unit_test(test_multicall),
        cmocka_unit_test(test_hypercall_page),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
