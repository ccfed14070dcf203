/* What each instruction of a PV kernel that writes to its read-only page tables makes of the
 * entry, of registers and flags. */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_mmu.c xen-adapter/pv/frame.c
// sources: xen-adapter/pv/mmu_validate.c xen-adapter/pv/mmu_update.c xen-adapter/pv/mmu_batch.c
// sources: xen-adapter/pv/mmu_va.c xen-adapter/pv/mmuext.c xen-adapter/pv/mmu_fault.c
// sources: xen-adapter/pv/descriptors.c xen-adapter/pv/m2p.c xen-adapter/pv/memory_frames.c
// sources: hv/lib/insn_decode.c hv/lib/insn_operands.c hv/lib/insn_tables.c
// sources: hv/lib/insn_compute.c
#include "abi-tests/unit/pv_mmu_write.h"

#define FLAG_CF 0x1u
#define FLAG_ZF 0x40u
#define FLAG_RF 0x10000u

struct write_case {
    u8 code[12];
    u32 length;
    u64 old, rax, rcx;
    u64 expect, expect_rax, expect_rcx;
    u32 offset;
};

static void test_writes_are_carried_out(void **state)
{
    const u64 present = entry_of(FREE, PTE_P | PTE_US | PTE_A | PTE_D);
    const u64 writable = present | PTE_RW;
    const struct write_case cases[] = {
        /* mov %rax,(%rdi) */
        {{0x48, 0x89, 0x07}, 3, writable, present, 0, present, present, 0, 0},
        {{0x48, 0x89, 0x07}, 3, 0, writable, 0, writable, writable, 0, 0},
        /* movq $0,(%rdi) */
        {{0x48, 0xc7, 0x07, 0, 0, 0, 0}, 7, writable, 5, 6, 0, 5, 6, 0},
        /* xchg %rax,(%rdi) */
        {{0x48, 0x87, 0x07}, 3, writable, 0, 0, 0, writable, 0, 0},
        /* lock andb $0xfd,(%rdi) */
        {{0xf0, 0x80, 0x27, 0xfd}, 4, writable, 1, 2, present, 1, 2, 0},
        /* lock btrq $5,(%rdi) */
        {{0xf0, 0x48, 0x0f, 0xba, 0x37, 0x05}, 6, writable, 1, 2, writable & ~PTE_A, 1, 2, 0},
        /* lock btsq %rcx,(%rdi) with bit 1 */
        {{0xf0, 0x48, 0x0f, 0xab, 0x0f}, 5, present, 9, 1, writable, 9, 1, 0},
        /* lock cmpxchg %rcx,(%rdi): equal, then not */
        {{0xf0, 0x48, 0x0f, 0xb1, 0x0f},
         5,
         writable,
         writable,
         present,
         present,
         writable,
         present,
         0},
        {{0xf0, 0x48, 0x0f, 0xb1, 0x0f},
         5,
         writable,
         1,
         present,
         writable,
         writable,
         present,
         0},
        /* orl $0x200,(%rdi) */
        {{0x81, 0x0f, 0, 2, 0, 0}, 6, present, 0, 0, present | 0x200, 0, 0, 0},
        /* andb $0x7f,7(...): the last byte clears NX */
        {{0x80, 0x27, 0x7f}, 3, present | PTE_NX, 0, 0, present, 0, 0, 7},
        /* movl %ecx,(%rdi) at the upper half */
        {{0x89, 0x0f},
         2,
         0x500000000ull,
         0,
         0x80000000,
         0x8000000000000000ull,
         0,
         0x80000000,
         4},
        /* xchg %ah,(%rdi) */
        {{0x86, 0x27}, 2, 0xaa00, 0x1234, 0, 0xaa12, 0x0034, 0, 0},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct write_case *c = &cases[i];
        u8 code[16] = {0};

        boot();
        memcpy(code, c->code, c->length);
        assert_int_equal(fake_update(slot_of(L1, 300), c->old), ST_OK);
        fake_vcpu.regs.rax = c->rax;
        fake_vcpu.regs.rcx = c->rcx;
        assert_true(run_write(code, 300, c->offset));
        assert_int_equal(fake_table(L1)[300], c->expect);
        assert_int_equal(fake_vcpu.regs.rax, c->expect_rax);
        assert_int_equal(fake_vcpu.regs.rcx, c->expect_rcx);
        assert_int_equal(fake_vcpu.regs.rip, (u64)code + c->length);
        fake_check();
    }
}

static void test_flags_of_emulated_writes(void **state)
{
    const u8 btr[16] = {0xf0, 0x48, 0x0f, 0xba, 0x37, 0x05};
    const u8 cmpxchg[16] = {0xf0, 0x48, 0x0f, 0xb1, 0x0f};

    (void)state;
    boot();
    assert_int_equal(fake_update(slot_of(L1, 300), 0x20), ST_OK);
    assert_true(run_write(btr, 300, 0));
    assert_int_equal(fake_vcpu.regs.rflags, 0x202 | FLAG_CF);
    assert_true(run_write(btr, 300, 0));
    assert_int_equal(fake_vcpu.regs.rflags & (FLAG_RF | FLAG_CF), 0);
    fake_vcpu.regs.rax = 0;
    fake_vcpu.regs.rcx = 0x44;
    assert_true(run_write(cmpxchg, 300, 0));
    assert_int_equal(fake_vcpu.regs.rflags & FLAG_ZF, FLAG_ZF);
    assert_true(run_write(cmpxchg, 300, 0));
    assert_int_equal(fake_vcpu.regs.rflags & FLAG_ZF, 0);
    assert_int_equal(fake_vcpu.regs.rax, 0x44);
}

/* One instruction on an entry that maps nothing, from registers and back. */
struct compute_case {
    const char *code;
    u64 old, rcx;
    u64 expect, expect_rcx;
    u32 offset;
};

static void test_results_by_size(void **state)
{
    const struct compute_case cases[] = {
        /* mov %rcx,(%rdi): 8, 4, 2, 1 bytes */
        {"\x48\x89\x0f", 0, 0x1122334455667788, 0x1122334455667788, 0x1122334455667788, 0},
        {"\x89\x0f", ~1ull, 0x5566778a, 0xffffffff5566778a, 0x5566778a, 0},
        {"\x66\x89\x0f", ~1ull, 0x778a, 0xffffffffffff778a, 0x778a, 0},
        {"\x88\x0f", ~1ull, 0x8a, 0xffffffffffffff8a, 0x8a, 0},
        {"\x66\x89\x0f", 0, 0x778a, 0x778a000000000000, 0x778a, 6},
        {"\x88\x0f", 0, 0x8a, 0x8a00, 0x8a, 1},
        /* xchg: what comes back keeps, clears or replaces the rest of the register */
        {"\x48\x87\x0f", 0xa2, ~1ull, ~1ull, 0xa2, 0},
        {"\x87\x0f", 0xa2, ~1ull, 0xfffffffe, 0xa2, 0},
        {"\x66\x87\x0f", 0xa2, ~1ull, 0xfffe, 0xffffffffffff00a2, 0},
        {"\x86\x0f", 0xa2, ~1ull, 0xfe, 0xffffffffffffffa2, 0},
        {"\x86\x2f", 0xa2, 0x1234, 0x12, 0xa234, 0}, /* ch */
        /* xadd, add, sub, and, or, xor */
        {"\x48\x0f\xc1\x0f", 0x100, 0x22, 0x122, 0x100, 0},
        {"\x48\x01\x0f", 0x100, 0x22, 0x122, 0x22, 0},
        {"\x48\x29\x0f", 0x100, 0x22, 0xde, 0x22, 0},
        {"\x48\x21\x0f", 0x1f2, 0x122, 0x122, 0x122, 0},
        {"\x48\x09\x0f", 0x1f0, 0x202, 0x3f2, 0x202, 0},
        {"\x48\x31\x0f", 0x1f0, 0x112, 0xe2, 0x112, 0},
        {"\x08\x0f", 0x12ull << 48, 1, 0x13ull << 48, 1, 6},
        {"\x01\x0f", 0xfffffffe, 4, 2, 4, 0}, /* no carry into the upper half */
        /* bts, btr, btc %rcx: the number counts within the operand */
        {"\x48\x0f\xab\x0f", 0, 64 + 63, BIT(63), 64 + 63, 0},
        {"\x0f\xab\x0f", 0, 32 + 31, BIT(31), 32 + 31, 0},
        {"\x48\x0f\xb3\x0f", 0x12, 4, 2, 4, 0},
        {"\x48\x0f\xbb\x0f", 0x12, 4, 2, 4, 0},
        {"\x48\x0f\xbb\x0f", 0x2, 4, 0x12, 4, 0},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        const struct compute_case *c = &cases[i];
        u8 code[16] = {0};

        boot();
        memcpy(code, c->code, strlen(c->code));
        fake_table(L1)[ENTRY] = c->old;
        fake_vcpu.regs.rcx = c->rcx;
        assert_true(run_write(code, ENTRY, c->offset));
        assert_int_equal(fake_table(L1)[ENTRY], c->expect);
        assert_int_equal(fake_vcpu.regs.rcx, c->expect_rcx);
        assert_int_equal(fake_vcpu.regs.rip, (u64)code + strlen(c->code));
    }
}

/* mov %r,(%rdi) and xchg %r,(%rdi) for each of the sixteen. */
static void test_every_register(void **state)
{
    struct pv_regs *r = &fake_vcpu.regs;
    u64 *const order[] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, &r->rsp, &r->rbp,
                          &r->rsi, &r->rdi, &r->r8,  &r->r9,  &r->r10, &r->r11,
                          &r->r12, &r->r13, &r->r14, &r->r15};

    (void)state;
    boot();
    for (u32 i = 0; i < ARRAY_SIZE(order); i++) {
        const u8 prefix = (u8)(0x48 | (i >= 8 ? 4 : 0)), modrm = (u8)(7 | (i & 7) << 3);
        const u8 mov[16] = {prefix, 0x89, modrm}, xchg[16] = {prefix, 0x87, modrm};

        *order[i] = 0x1000 + 2 * i;
        assert_true(run_write(mov, ENTRY, 0));
        assert_int_equal(fake_table(L1)[ENTRY], *order[i]);
        fake_table(L1)[ENTRY] = 0x2000 + 2 * i;
        assert_true(run_write(xchg, ENTRY, 0));
        assert_int_equal(*order[i], 0x2000 + 2 * i);
    }
}

/* ah, ch, dh and bh have the numbers 4 to 7 without REX, with one they are spl to dil. */
static void test_byte_registers(void **state)
{
    struct pv_regs *r = &fake_vcpu.regs;
    u64 *const high[] = {&r->rax, &r->rcx, &r->rdx, &r->rbx};
    u64 *const low[] = {&r->rsp, &r->rbp, &r->rsi};

    (void)state;
    boot();
    for (u32 i = 0; i < ARRAY_SIZE(high); i++) {
        const u8 mov[16] = {0x88, (u8)(7 | (4 + i) << 3)};

        *high[i] = (0x20 + 2 * i) << 8 | 0xff;
        assert_true(run_write(mov, ENTRY, 0));
        assert_int_equal(fake_table(L1)[ENTRY], 0x20 + 2 * i);
    }
    for (u32 i = 0; i < ARRAY_SIZE(low); i++) {
        const u8 mov[16] = {0x40, 0x88, (u8)(7 | (4 + i) << 3)};

        *low[i] = 0xff00 | (0x40 + 2 * i);
        assert_true(run_write(mov, ENTRY, 0));
        assert_int_equal(fake_table(L1)[ENTRY], 0x40 + 2 * i);
    }
}

/* A comparison that fails writes nothing and tells what is there, as wide as the operand. */
static void test_failed_comparison(void **state)
{
    static const struct {
        const char *code;
        u64 rax;
    } cases[] = {{"\xf0\x48\x0f\xb1\x0f", 0x1122334455667788},
                 {"\xf0\x0f\xb1\x0f", 0x55667788},
                 {"\xf0\x66\x0f\xb1\x0f", 0xffffffffffff7788},
                 {"\xf0\x0f\xb0\x0f", 0xffffffffffffff88}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        u8 code[16] = {0};

        boot();
        memcpy(code, cases[i].code, strlen(cases[i].code));
        fake_table(L1)[ENTRY] = 0x1122334455667788;
        fake_vcpu.regs.rax = ~0ull;
        fake_vcpu.regs.rcx = 0x22;
        assert_true(run_write(code, ENTRY, 0));
        assert_int_equal(fake_table(L1)[ENTRY], 0x1122334455667788);
        assert_int_equal(fake_vcpu.regs.rax, cases[i].rax);
        assert_int_equal(fake_vcpu.regs.rflags & FLAG_ZF, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_are_carried_out),
        cmocka_unit_test(test_flags_of_emulated_writes),
        cmocka_unit_test(test_results_by_size),
        cmocka_unit_test(test_every_register),
        cmocka_unit_test(test_byte_registers),
        cmocka_unit_test(test_failed_comparison),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
