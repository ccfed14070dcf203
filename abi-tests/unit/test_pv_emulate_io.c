/* Clock, ports, interrupts and CPUID by its prefix, as a PV kernel asks for them. */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_emulate.c
// sources: xen-adapter/pv/emulate.c xen-adapter/pv/emulate_decode.c
#include "abi-tests/unit/fake_pv_emulate.h"
#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/trap.h"

/* The counter as the CPU has it, in halves; a kernel may always look. */
static void test_tsc(void **state)
{
    u64 before = insn_rdtsc();
    u64 seen;

    (void)state;
    fake_reset();
    fake_vcpu.regs.rcx = 5;
    fake_vcpu.cr4 = CR4_TSD;
    assert_true(EXECUTE("\x0f\x31"));
    seen = fake_vcpu.regs.rax | fake_vcpu.regs.rdx << 32;
    assert_int_equal(fake_vcpu.regs.rax >> 32, 0);
    assert_true(seen >= before && seen <= insn_rdtsc());
    assert_int_equal(fake_vcpu.regs.rcx, 5);
    assert_true(EXECUTE("\x0f\x01\xf9"));
    assert_int_equal(fake_vcpu.regs.rcx, 0); /* TSC_AUX */
    fake_vcpu.mode = PV_USER;
    assert_false(EXECUTE("\x0f\x31"));
    fake_vcpu.cr4 = 0;
    assert_true(EXECUTE("\x0f\x31"));
}

static void test_port_reads(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.rax = 0x1111111111111111ull;
    fake_vcpu.regs.rdx = 0x123456789ull;
    assert_true(EXECUTE("\xec"));
    assert_int_equal(fake_did.port, 0x6789);
    assert_int_equal(fake_did.port_bytes, 1);
    assert_int_equal(fake_vcpu.regs.rax, 0x11111111111111ffull);
    fake_vcpu.regs.rax = 0x1111111111110000ull;
    assert_true(EXECUTE("\x66\xed"));
    assert_int_equal(fake_vcpu.regs.rax, 0x111111111111ffffull);
    assert_int_equal(fake_did.port_bytes, 2);
    assert_true(EXECUTE("\xe5\x70"));
    assert_int_equal(fake_did.port, 0x70);
    assert_int_equal(fake_did.port_bytes, 4);
    assert_int_equal(fake_vcpu.regs.rax, 0xffffffff); /* the upper half is cleared */
}

static void test_port_rights(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.rax = 0x12;
    assert_true(EXECUTE("\xe6\x80"));
    assert_int_equal(fake_did.port, 0x80);
    assert_int_equal(fake_vcpu.regs.rax, 0x12);
    fake_answer.port = false;
    assert_false(EXECUTE("\xe6\x80"));
    assert_false(EXECUTE("\xe4\x80"));
    assert_int_equal(fake_vcpu.regs.rax, 0x12);
}

/* The three counters of the absent interval timer read zero, the ports beside them all ones. */
static void test_interval_timer(void **state)
{
    (void)state;
    for (u8 port = 0x3f; port <= 0x43; port++) {
        const u8 in[] = {0xe4, port};

        fake_reset();
        fake_vcpu.regs.rax = 0x5555;
        assert_true(fake_execute(in, sizeof(in)));
        assert_int_equal(fake_vcpu.regs.rax, port >= 0x40 && port <= 0x42 ? 0x5500 : 0x55ff);
    }
}

/* CLI and STI do nothing with the right of IOPL and are a #GP without. */
static void test_interrupt_flag(void **state)
{
    (void)state;
    fake_reset();
    assert_false(EXECUTE("\xfa"));
    fake_vcpu.iopl = 1;
    assert_true(EXECUTE("\xfa"));
    assert_true(EXECUTE("\xfb"));
    fake_vcpu.mode = PV_USER;
    fake_vcpu.iopl = 2;
    assert_false(EXECUTE("\xfa"));
    fake_vcpu.iopl = 3;
    assert_true(EXECUTE("\xfb"));
}

/* INT n with its DPL below the caller's level is #GP(n * 8 + 2). [APM2 8.2.14] */
static void test_interrupt_refused(void **state)
{
    static const struct {
        enum pv_mode mode;
        u8 flags;
        u64 address;
    } cases[] = {{PV_KERNEL, 0, 0x1000}, {PV_USER, 2, 0x1000}, {PV_USER, 3, 0}};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        fake_reset();
        fake_vcpu.mode = cases[i].mode;
        fake_vcpu.trap[0x80] =
            (struct pv_trap){.flags = cases[i].flags, .address = cases[i].address};
        fake_place("\xcd\x80", 2);
        assert_true(emulate_privileged(&fake_vcpu));
        assert_int_equal(fake_did.fault, VECTOR_GP);
        assert_int_equal(fake_did.fault_code, 0x402);
        assert_int_equal(fake_vcpu.regs.rip, CODE);
        assert_int_equal(fake_did.bounces, 0);
    }
}

static void test_interrupt(void **state)
{
    (void)state;
    fake_reset();
    fake_vcpu.regs.error = 0x402; /* the CPU's own #GP carries the vector */
    fake_vcpu.trap[0x80] = (struct pv_trap){.flags = 1, .address = 0x1000};
    assert_true(EXECUTE("\xcd\x80"));
    assert_int_equal(fake_did.fault, 0);
    assert_int_equal(fake_vcpu.regs.vector, 0x80);
    assert_int_equal(fake_did.bounced_to, 0x1000);
    assert_int_equal(fake_did.bounce_flags, 0);
    fake_vcpu.mode = PV_USER;
    fake_vcpu.trap[3] = (struct pv_trap){.flags = 3 | 4, .address = 0x2000};
    assert_true(EXECUTE("\xcd\x03"));
    assert_int_equal(fake_did.bounced_to, 0x2000);
    assert_int_equal(fake_did.bounce_flags, BOUNCE_MASK);
}

static void test_forced_emulation(void **state)
{
    static const char forced[] = "\x0f\x0bxen\x0f\xa2";

    (void)state;
    fake_reset();
    fake_readable = PAGE_SIZE; /* the eighth byte is not there */
    fake_vcpu.regs.rip = CODE + PAGE_SIZE - 7;
    fake_vcpu.regs.rax = 3;
    fake_place(forced, 7);
    assert_true(emulate_forced(&fake_vcpu));
    assert_int_equal(fake_vcpu.regs.rip, CODE + PAGE_SIZE);
    assert_int_equal(fake_vcpu.regs.rax, 3);
    assert_int_equal(fake_vcpu.regs.rbx, 4);
    fake_reset();
    fake_place(forced, 7);
    assert_true(emulate_forced(&fake_vcpu)); /* whatever follows */
    fake_reset();
    fake_readable = 6;
    fake_place(forced, 7);
    assert_false(emulate_forced(&fake_vcpu));
    for (u32 i = 0; i < 7; i++) {
        fake_reset();
        fake_place(forced, 7);
        fake_code[i] ^= 0x80;
        assert_false(emulate_forced(&fake_vcpu));
        assert_int_equal(fake_vcpu.regs.rip, CODE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tsc),
        cmocka_unit_test(test_port_reads),
        cmocka_unit_test(test_port_rights),
        cmocka_unit_test(test_interval_timer),
        cmocka_unit_test(test_interrupt_flag),
        cmocka_unit_test(test_interrupt_refused),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_forced_emulation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
