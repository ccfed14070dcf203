/* What a privileged instruction of a PV kernel does to registers, and what a process may not.
 */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_emulate.c
// sources: xen-adapter/pv/emulate.c xen-adapter/pv/emulate_decode.c
#include "abi-tests/unit/fake_pv_emulate.h"
#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/trap.h"

static void test_register_numbers(void **state)
{
    struct pv_regs r;
    u64 *const order[] = {&r.rax, &r.rcx, &r.rdx, &r.rbx, &r.rsp, &r.rbp, &r.rsi, &r.rdi,
                          &r.r8,  &r.r9,  &r.r10, &r.r11, &r.r12, &r.r13, &r.r14, &r.r15};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(order); i++)
        assert_ptr_equal(pv_register(&r, i), order[i]);
    assert_ptr_equal(pv_register(&r, 16), &r.rax); /* never beyond the sixteen */
}

/* RF ends with the instruction; TF is due after it. [APM2 13.1.4] */
static void test_end_of_an_instruction(void **state)
{
    (void)state;
    fake_reset();
    assert_true(EXECUTE("\x0f\x09"));
    assert_int_equal(fake_vcpu.regs.rflags, RFLAGS_FIXED | RFLAGS_IF);
    assert_int_equal(fake_did.single_steps, 0);
    fake_vcpu.regs.rflags |= RFLAGS_TF;
    assert_true(EXECUTE("\x0f\x09"));
    assert_int_equal(fake_did.single_steps, 1);
    fake_answer.msr = false;
    assert_false(EXECUTE("\x0f\x32"));
    assert_int_equal(fake_did.single_steps, 1);
}

/* A #GP with an error fake_code is about a selector, not about the instruction. */
static void test_selector_faults_stay_the_guests(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.error = 8;
    assert_false(EXECUTE("\x0f\x09"));
    fake_vcpu.regs.error = 0;
    assert_false(EXECUTE("\xf4"));
    assert_false(EXECUTE("\x6c"));
}

static void test_code_at_the_end_of_a_page(void **state)
{
    (void)state;
    fake_reset();
    fake_readable = PAGE_SIZE;
    fake_vcpu.regs.rip = CODE + PAGE_SIZE - 2;
    assert_true(EXECUTE("\x0f\x09"));
    fake_reset();
    fake_readable = PAGE_SIZE;
    fake_vcpu.regs.rip = CODE + PAGE_SIZE - 1;
    assert_false(EXECUTE("\x0f"));
    fake_reset();
    fake_vcpu.regs.rip = CODE + PAGE_SIZE - 1; /* over the border */
    assert_true(EXECUTE("\x0f\x09"));
    fake_reset();
    fake_vcpu.regs.rip = CODE + PAGE_SIZE - 14; /* all but the last byte before it */
    assert_true(EXECUTE("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\x09"));
    fake_reset();
    fake_vcpu.regs.rip = CODE_END - 1;
    fake_readable = 0;
    assert_false(EXECUTE("\x90"));
}

static void test_cpuid(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.mode = PV_USER;
    fake_vcpu.regs.rax = 0xffffffff00000001ull;
    fake_vcpu.regs.rcx = 0xffffffff00000002ull;
    assert_true(EXECUTE("\x0f\xa2"));
    assert_int_equal(fake_vcpu.regs.rax, 0x21);
    assert_int_equal(fake_vcpu.regs.rbx, 0x22);
    assert_int_equal(fake_vcpu.regs.rcx, 0x23);
    assert_int_equal(fake_vcpu.regs.rdx, 0x24);
}

static void test_control_registers_read(void **state)
{
    (void)state;
    fake_reset();
    fake_info.cr2 = 0x123456;
    fake_vcpu.kernel_l4 = mfn(0x77);
    fake_vcpu.cr4 = ~0ull;
    assert_true(EXECUTE("\x41\x0f\x20\xc7")); /* cr0 to r15 */
    assert_int_equal(fake_vcpu.regs.r15, CR0_SHOWN);
    fake_vcpu.cr0_ts = 1;
    assert_true(EXECUTE("\x0f\x20\xc0"));
    assert_int_equal(fake_vcpu.regs.rax, CR0_SHOWN | CR0_TS);
    assert_true(EXECUTE("\x0f\x20\xd1")); /* cr2 to rcx */
    assert_int_equal(fake_vcpu.regs.rcx, 0x123456);
    assert_true(EXECUTE("\x0f\x20\xda")); /* cr3 to rdx */
    assert_int_equal(fake_vcpu.regs.rdx, 0x77000);
    assert_true(EXECUTE("\x0f\x20\xe3")); /* cr4 to rbx */
    assert_int_equal(fake_vcpu.regs.rbx, CR4_TSD | CR4_DE | CR4_PAE | CR4_MCE | CR4_OSFXSR |
                                             CR4_OSXMMEXCPT | CR4_FSGSBASE);
    assert_false(EXECUTE("\x44\x0f\x20\xc0")); /* cr8 */
}

static void test_cr4_shown(void **state)
{
    const u64 always = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    (void)state;
    fake_reset();
    assert_int_equal(cr4_guest(&fake_vcpu), always);
    fake_answer.xsave = true;
    fake_vcpu.cr4 = CR4_TSD | CR4_SMEP;
    assert_int_equal(cr4_guest(&fake_vcpu), always | CR4_OSXSAVE | CR4_TSD);
}

static void test_control_registers_written(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.rcx = CR0_SHOWN | CR0_TS;
    assert_true(EXECUTE("\x0f\x22\xc1"));
    assert_int_equal(fake_did.ts, CR0_TS);
    fake_vcpu.regs.rcx = CR0_SHOWN;
    assert_true(EXECUTE("\x0f\x22\xc1"));
    assert_int_equal(fake_did.ts, 0);
    assert_int_equal(fake_did.ts_sets, 2);
    fake_vcpu.regs.rcx = CR0_SHOWN & ~CR0_WP; /* no other bit is the guest's */
    assert_false(EXECUTE("\x0f\x22\xc1"));
    fake_vcpu.regs.rcx = CR0_SHOWN | BIT(2);
    assert_false(EXECUTE("\x0f\x22\xc1"));
    assert_int_equal(fake_did.ts_sets, 2);
    fake_vcpu.regs.rdx = 0xabc;
    assert_true(EXECUTE("\x0f\x22\xd2"));
    assert_int_equal(fake_info.cr2, 0xabc);
    assert_false(EXECUTE("\x44\x0f\x22\xc0")); /* cr8 */
}

static void test_cr3_written(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.rax = 0x99000;
    assert_true(EXECUTE("\x0f\x22\xd8"));
    assert_int_equal(fake_did.base, 0x99);
    assert_int_equal(memory_lock.taken, 0);
    assert_int_equal(fake_did.settles, 1);
    fake_answer.status = ST_INVALID;
    assert_false(EXECUTE("\x0f\x22\xd8"));
    assert_int_equal(fake_did.settles, 2);
}

static void test_cr4_written(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.rax = ~0ull;
    assert_true(EXECUTE("\x0f\x22\xe0"));
    assert_int_equal(fake_vcpu.cr4, CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE);
    assert_int_equal(fake_did.cr4_loads, 1);
    fake_vcpu.regs.rax = CR4_DE;
    assert_true(EXECUTE("\x0f\x22\xe0"));
    assert_int_equal(fake_vcpu.cr4, CR4_DE);
    assert_int_equal(fake_did.cr4_loads, 2);
}

static void test_msrs(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.rax = fake_vcpu.regs.rdx = ~0ull;
    fake_vcpu.regs.rcx = 0xffffffffc0000100ull;
    assert_true(EXECUTE("\x0f\x32"));
    assert_int_equal(fake_did.msr, 0xc0000100u);
    assert_int_equal(fake_vcpu.regs.rax, 0x55667788);
    assert_int_equal(fake_vcpu.regs.rdx, 0x11223344);
    fake_vcpu.regs.rax = 0xffffffff89abcdefull;
    fake_vcpu.regs.rdx = 0x01234567;
    assert_true(EXECUTE("\x0f\x30"));
    assert_int_equal(fake_did.msr_value, 0x0123456789abcdefull);
    fake_answer.msr = false;
    assert_false(EXECUTE("\x0f\x30"));
    assert_false(EXECUTE("\x0f\x32"));
    assert_int_equal(fake_vcpu.regs.rdx, 0x01234567);
}

static void test_debug_registers(void **state)
{
    (void)state;
    fake_reset();
    assert_true(EXECUTE("\x0f\x21\xf3")); /* dr6 to rbx */
    assert_int_equal(fake_vcpu.regs.rbx, 0xd6);
    fake_vcpu.regs.rsi = 0x55;
    assert_true(EXECUTE("\x0f\x23\xfe")); /* rsi to dr7 */
    assert_int_equal(fake_did.dr, 7);
    assert_int_equal(fake_did.dr_value, 0x55);
    fake_answer.status = ST_DENIED;
    assert_false(EXECUTE("\x0f\x23\xfe"));
    assert_false(EXECUTE("\x0f\x21\xc3"));
    assert_int_equal(fake_vcpu.regs.rbx, 0xd6);
}

static void test_small_ones(void **state)
{
    (void)state;
    fake_reset();
    fake_did.ts = 1;
    assert_true(EXECUTE("\x0f\x06"));
    assert_int_equal(fake_did.ts_sets, 1);
    assert_int_equal(fake_did.ts, 0);
    fake_vcpu.regs.rcx = 0xffffffff00000001ull;
    fake_vcpu.regs.rax = 0xffffffff00000007ull;
    fake_vcpu.regs.rdx = 2;
    assert_true(EXECUTE("\x0f\x01\xd1"));
    assert_int_equal(fake_did.xcr_index, 1);
    assert_int_equal(fake_did.xcr, 0x200000007ull);
    fake_answer.xsetbv = 1;
    assert_false(EXECUTE("\x0f\x01\xd1"));
}

/* What only the kernel may use is a #GP for its processes. */
static void test_processes_may_not(void **state)
{
    static const char *const kernels[] = {"\x0f\x32", "\x0f\x30", "\x0f\x06", "\x0f\x09"};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(kernels); i++) {
        fake_reset();
        fake_vcpu.mode = PV_USER;
        assert_false(fake_execute(kernels[i], 2));
        fake_vcpu.mode = PV_KERNEL;
        assert_true(fake_execute(kernels[i], 2));
    }
    fake_reset();
    fake_vcpu.mode = PV_USER;
    assert_false(EXECUTE("\x0f\x20\xc0"));
    assert_false(EXECUTE("\x0f\x22\xc0"));
    assert_false(EXECUTE("\x0f\x21\xc0"));
    assert_false(EXECUTE("\x0f\x23\xc0"));
    assert_false(EXECUTE("\x0f\x01\xd1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_register_numbers),
        cmocka_unit_test(test_end_of_an_instruction),
        cmocka_unit_test(test_selector_faults_stay_the_guests),
        cmocka_unit_test(test_code_at_the_end_of_a_page),
        cmocka_unit_test(test_cpuid),
        cmocka_unit_test(test_control_registers_read),
        cmocka_unit_test(test_cr4_shown),
        cmocka_unit_test(test_control_registers_written),
        cmocka_unit_test(test_cr3_written),
        cmocka_unit_test(test_cr4_written),
        cmocka_unit_test(test_msrs),
        cmocka_unit_test(test_debug_registers),
        cmocka_unit_test(test_small_ones),
        cmocka_unit_test(test_processes_may_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
