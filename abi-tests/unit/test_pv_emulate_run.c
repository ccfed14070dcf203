/* What a privileged instruction of a PV kernel does, and what one of its processes may not. */
// sources: abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/emulate.c xen-adapter/pv/emulate_decode.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/cpuid.h"
#include "xen-adapter/pv/debugreg.h"
#include "xen-adapter/pv/emulate.h"
#include "xen-adapter/pv/fpu.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/physdev.h"
#include "xen-adapter/pv/trap.h"

/* The guest's code: two pages, of which the second may be absent. */
#define CODE      0x10000ull
#define CODE_END  (CODE + sizeof(code))
#define CR0_SHOWN 0x80050033ull

static u8 code[2 * PAGE_SIZE];
static u64 readable; /* bytes of it from its start */

static struct pv_vcpu vcpu;
static struct xen_vcpu_info info;
static u8 upcall[2];

/* What the instruction did to the rest of the shim. */
static struct {
    u32 single_steps;
    u32 cr4_loads, ts_sets, settles;
    u64 ts, base, msr_value, dr_value, xcr;
    u32 msr, dr, xcr_index;
    u32 fault, fault_code;
    u64 bounced_to;
    u32 bounce_flags, bounces;
    u32 port, port_bytes;
} did;

/* What the rest of the shim answers. */
static bool answer_msr, answer_port, answer_xsave;
static enum status answer_status;
static u64 answer_xsetbv;

bool word_from_guest(u64 *to, u64 from)
{
    return copy_from_guest(to, from, sizeof(*to)) == ST_OK;
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (from < CODE || from + bytes > CODE + readable)
        return ST_FAULT;
    memcpy(to, code + (from - CODE), bytes);
    return ST_OK;
}

void debugreg_single_step(struct pv_vcpu *v)
{
    assert_ptr_equal(v, &vcpu);
    did.single_steps++;
}

void cpuid_guest(const struct pv_vcpu *v, u32 leaf, u32 subleaf, u32 out[4])
{
    assert_ptr_equal(v, &vcpu);
    for (u32 i = 0; i < 4; i++)
        out[i] = leaf + 16 * subleaf + i;
}

bool cpuid_host_has_xsave(void)
{
    return answer_xsave;
}

u64 cpu_cr0(void)
{
    return CR0_SHOWN;
}

void cpu_cr4_load(struct pv_vcpu *v)
{
    assert_ptr_equal(v, &vcpu);
    did.cr4_loads++;
}

void fpu_ts_set(struct pv_vcpu *v, u64 ts)
{
    assert_ptr_equal(v, &vcpu);
    did.ts_sets++;
    did.ts = ts;
}

enum status mmu_base_set(struct pv_vcpu *v, mfn_t l4)
{
    assert_int_equal(memory_lock.taken, 1);
    did.base = l4.raw;
    v->flush = 1;
    return answer_status;
}

void mmu_flush_now(struct pv_vcpu *v)
{
    assert_int_equal(memory_lock.taken, 0);
    v->flush = 0;
    did.settles++;
}

bool msr_guest_read(struct pv_vcpu *v, u32 msr, u64 *value)
{
    assert_ptr_equal(v, &vcpu);
    did.msr = msr;
    *value = 0x1122334455667788ull;
    return answer_msr;
}

bool msr_guest_write(struct pv_vcpu *v, u32 msr, u64 value)
{
    assert_ptr_equal(v, &vcpu);
    did.msr = msr;
    did.msr_value = value;
    return answer_msr;
}

enum status debugreg_read(const struct pv_vcpu *v, u64 number, u64 *value)
{
    assert_ptr_equal(v, &vcpu);
    did.dr = (u32)number;
    *value = 0xd0 + number;
    return answer_status;
}

enum status debugreg_write(struct pv_vcpu *v, u64 number, u64 value)
{
    assert_ptr_equal(v, &vcpu);
    did.dr = (u32)number;
    did.dr_value = value;
    return answer_status;
}

bool ioport_allowed(const struct pv_vcpu *v, u32 port, u32 count)
{
    assert_ptr_equal(v, &vcpu);
    did.port = port;
    did.port_bytes = count;
    return answer_port;
}

u64 xsetbv_safe(u32 index, u64 value)
{
    did.xcr_index = index;
    did.xcr = value;
    return answer_xsetbv;
}

void bounce(struct pv_vcpu *v, u64 address, u32 flags)
{
    assert_ptr_equal(v, &vcpu);
    did.bounces++;
    did.bounced_to = address;
    did.bounce_flags = flags;
}

void bounce_fault(struct pv_vcpu *v, u32 vector, u32 error)
{
    assert_ptr_equal(v, &vcpu);
    did.fault = vector;
    did.fault_code = error;
}

static void reset(void)
{
    memset(&did, 0, sizeof(did));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&info, 0, sizeof(info));
    memset(code, 0xcc, sizeof(code));
    vcpu.info = &info;
    vcpu.upcall = upcall;
    vcpu.regs.rip = CODE;
    vcpu.regs.rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_RF;
    readable = sizeof(code);
    answer_msr = answer_port = true;
    answer_xsave = false;
    answer_status = ST_OK;
    answer_xsetbv = 0;
    lock_is_needed = 1;
}

static void place(const void *bytes, u64 count)
{
    memcpy(code + (vcpu.regs.rip - CODE), bytes, count);
}

/* True when it was carried out; then rip is behind it, and only then. */
static bool execute(const void *bytes, u64 count)
{
    u64 rip = vcpu.regs.rip;
    bool done;

    place(bytes, count);
    done = emulate_privileged(&vcpu);
    assert_int_equal(vcpu.regs.rip, done ? rip + count : rip);
    return done;
}
#define EXECUTE(text) execute(text, sizeof(text) - 1)

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
    reset();
    assert_true(EXECUTE("\x0f\x09"));
    assert_int_equal(vcpu.regs.rflags, RFLAGS_FIXED | RFLAGS_IF);
    assert_int_equal(did.single_steps, 0);
    vcpu.regs.rflags |= RFLAGS_TF;
    assert_true(EXECUTE("\x0f\x09"));
    assert_int_equal(did.single_steps, 1);
    answer_msr = false;
    assert_false(EXECUTE("\x0f\x32"));
    assert_int_equal(did.single_steps, 1);
}

/* A #GP with an error code is about a selector, not about the instruction. */
static void test_selector_faults_stay_the_guests(void **state)
{
    (void)state;
    reset();
    vcpu.regs.error = 8;
    assert_false(EXECUTE("\x0f\x09"));
    vcpu.regs.error = 0;
    assert_false(EXECUTE("\xf4"));
    assert_false(EXECUTE("\x6c"));
}

static void test_code_at_the_end_of_a_page(void **state)
{
    (void)state;
    reset();
    readable = PAGE_SIZE;
    vcpu.regs.rip = CODE + PAGE_SIZE - 2;
    assert_true(EXECUTE("\x0f\x09"));
    reset();
    readable = PAGE_SIZE;
    vcpu.regs.rip = CODE + PAGE_SIZE - 1;
    assert_false(EXECUTE("\x0f"));
    reset();
    vcpu.regs.rip = CODE + PAGE_SIZE - 1; /* over the border */
    assert_true(EXECUTE("\x0f\x09"));
    reset();
    vcpu.regs.rip = CODE + PAGE_SIZE - 14; /* all but the last byte before it */
    assert_true(EXECUTE("\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x0f\x09"));
    reset();
    vcpu.regs.rip = CODE_END - 1;
    readable = 0;
    assert_false(EXECUTE("\x90"));
}

static void test_cpuid(void **state)
{
    (void)state;
    reset();
    vcpu.mode = PV_USER;
    vcpu.regs.rax = 0xffffffff00000001ull;
    vcpu.regs.rcx = 0xffffffff00000002ull;
    assert_true(EXECUTE("\x0f\xa2"));
    assert_int_equal(vcpu.regs.rax, 0x21);
    assert_int_equal(vcpu.regs.rbx, 0x22);
    assert_int_equal(vcpu.regs.rcx, 0x23);
    assert_int_equal(vcpu.regs.rdx, 0x24);
}

static void test_control_registers_read(void **state)
{
    (void)state;
    reset();
    info.cr2 = 0x123456;
    vcpu.kernel_l4 = mfn(0x77);
    vcpu.cr4 = ~0ull;
    assert_true(EXECUTE("\x41\x0f\x20\xc7")); /* cr0 to r15 */
    assert_int_equal(vcpu.regs.r15, CR0_SHOWN);
    vcpu.cr0_ts = 1;
    assert_true(EXECUTE("\x0f\x20\xc0"));
    assert_int_equal(vcpu.regs.rax, CR0_SHOWN | CR0_TS);
    assert_true(EXECUTE("\x0f\x20\xd1")); /* cr2 to rcx */
    assert_int_equal(vcpu.regs.rcx, 0x123456);
    assert_true(EXECUTE("\x0f\x20\xda")); /* cr3 to rdx */
    assert_int_equal(vcpu.regs.rdx, 0x77000);
    assert_true(EXECUTE("\x0f\x20\xe3")); /* cr4 to rbx */
    assert_int_equal(vcpu.regs.rbx, CR4_TSD | CR4_DE | CR4_PAE | CR4_MCE | CR4_OSFXSR |
                                        CR4_OSXMMEXCPT | CR4_FSGSBASE);
    assert_false(EXECUTE("\x44\x0f\x20\xc0")); /* cr8 */
}

static void test_cr4_shown(void **state)
{
    const u64 always = CR4_PAE | CR4_MCE | CR4_OSFXSR | CR4_OSXMMEXCPT;

    (void)state;
    reset();
    assert_int_equal(cr4_guest(&vcpu), always);
    answer_xsave = true;
    vcpu.cr4 = CR4_TSD | CR4_SMEP;
    assert_int_equal(cr4_guest(&vcpu), always | CR4_OSXSAVE | CR4_TSD);
}

static void test_control_registers_written(void **state)
{
    (void)state;
    reset();
    vcpu.regs.rcx = CR0_SHOWN | CR0_TS;
    assert_true(EXECUTE("\x0f\x22\xc1"));
    assert_int_equal(did.ts, CR0_TS);
    vcpu.regs.rcx = CR0_SHOWN;
    assert_true(EXECUTE("\x0f\x22\xc1"));
    assert_int_equal(did.ts, 0);
    assert_int_equal(did.ts_sets, 2);
    vcpu.regs.rcx = CR0_SHOWN & ~CR0_WP; /* no other bit is the guest's */
    assert_false(EXECUTE("\x0f\x22\xc1"));
    vcpu.regs.rcx = CR0_SHOWN | BIT(2);
    assert_false(EXECUTE("\x0f\x22\xc1"));
    assert_int_equal(did.ts_sets, 2);
    vcpu.regs.rdx = 0xabc;
    assert_true(EXECUTE("\x0f\x22\xd2"));
    assert_int_equal(info.cr2, 0xabc);
    assert_false(EXECUTE("\x44\x0f\x22\xc0")); /* cr8 */
}

static void test_cr3_written(void **state)
{
    (void)state;
    reset();
    vcpu.regs.rax = 0x99000;
    assert_true(EXECUTE("\x0f\x22\xd8"));
    assert_int_equal(did.base, 0x99);
    assert_int_equal(memory_lock.taken, 0);
    assert_int_equal(did.settles, 1);
    answer_status = ST_INVALID;
    assert_false(EXECUTE("\x0f\x22\xd8"));
    assert_int_equal(did.settles, 2);
}

static void test_cr4_written(void **state)
{
    (void)state;
    reset();
    vcpu.regs.rax = ~0ull;
    assert_true(EXECUTE("\x0f\x22\xe0"));
    assert_int_equal(vcpu.cr4, CR4_TSD | CR4_DE | CR4_FSGSBASE | CR4_OSXSAVE);
    assert_int_equal(did.cr4_loads, 1);
    vcpu.regs.rax = CR4_DE;
    assert_true(EXECUTE("\x0f\x22\xe0"));
    assert_int_equal(vcpu.cr4, CR4_DE);
    assert_int_equal(did.cr4_loads, 2);
}

static void test_msrs(void **state)
{
    (void)state;
    reset();
    vcpu.regs.rax = vcpu.regs.rdx = ~0ull;
    vcpu.regs.rcx = 0xffffffffc0000100ull;
    assert_true(EXECUTE("\x0f\x32"));
    assert_int_equal(did.msr, 0xc0000100u);
    assert_int_equal(vcpu.regs.rax, 0x55667788);
    assert_int_equal(vcpu.regs.rdx, 0x11223344);
    vcpu.regs.rax = 0xffffffff89abcdefull;
    vcpu.regs.rdx = 0x01234567;
    assert_true(EXECUTE("\x0f\x30"));
    assert_int_equal(did.msr_value, 0x0123456789abcdefull);
    answer_msr = false;
    assert_false(EXECUTE("\x0f\x30"));
    assert_false(EXECUTE("\x0f\x32"));
    assert_int_equal(vcpu.regs.rdx, 0x01234567);
}

static void test_debug_registers(void **state)
{
    (void)state;
    reset();
    assert_true(EXECUTE("\x0f\x21\xf3")); /* dr6 to rbx */
    assert_int_equal(vcpu.regs.rbx, 0xd6);
    vcpu.regs.rsi = 0x55;
    assert_true(EXECUTE("\x0f\x23\xfe")); /* rsi to dr7 */
    assert_int_equal(did.dr, 7);
    assert_int_equal(did.dr_value, 0x55);
    answer_status = ST_DENIED;
    assert_false(EXECUTE("\x0f\x23\xfe"));
    assert_false(EXECUTE("\x0f\x21\xc3"));
    assert_int_equal(vcpu.regs.rbx, 0xd6);
}

static void test_small_ones(void **state)
{
    (void)state;
    reset();
    did.ts = 1;
    assert_true(EXECUTE("\x0f\x06"));
    assert_int_equal(did.ts_sets, 1);
    assert_int_equal(did.ts, 0);
    vcpu.regs.rcx = 0xffffffff00000001ull;
    vcpu.regs.rax = 0xffffffff00000007ull;
    vcpu.regs.rdx = 2;
    assert_true(EXECUTE("\x0f\x01\xd1"));
    assert_int_equal(did.xcr_index, 1);
    assert_int_equal(did.xcr, 0x200000007ull);
    answer_xsetbv = 1;
    assert_false(EXECUTE("\x0f\x01\xd1"));
}

/* What only the kernel may use is a #GP for its processes. */
static void test_processes_may_not(void **state)
{
    static const char *const kernels[] = {"\x0f\x32", "\x0f\x30", "\x0f\x06", "\x0f\x09"};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(kernels); i++) {
        reset();
        vcpu.mode = PV_USER;
        assert_false(execute(kernels[i], 2));
        vcpu.mode = PV_KERNEL;
        assert_true(execute(kernels[i], 2));
    }
    reset();
    vcpu.mode = PV_USER;
    assert_false(EXECUTE("\x0f\x20\xc0"));
    assert_false(EXECUTE("\x0f\x22\xc0"));
    assert_false(EXECUTE("\x0f\x21\xc0"));
    assert_false(EXECUTE("\x0f\x23\xc0"));
    assert_false(EXECUTE("\x0f\x01\xd1"));
}

/* The counter as the CPU has it, in halves; a kernel may always look. */
static void test_tsc(void **state)
{
    u64 before = insn_rdtsc();
    u64 seen;

    (void)state;
    reset();
    vcpu.regs.rcx = 5;
    vcpu.cr4 = CR4_TSD;
    assert_true(EXECUTE("\x0f\x31"));
    seen = vcpu.regs.rax | vcpu.regs.rdx << 32;
    assert_int_equal(vcpu.regs.rax >> 32, 0);
    assert_true(seen >= before && seen <= insn_rdtsc());
    assert_int_equal(vcpu.regs.rcx, 5);
    assert_true(EXECUTE("\x0f\x01\xf9"));
    assert_int_equal(vcpu.regs.rcx, 0); /* TSC_AUX */
    vcpu.mode = PV_USER;
    assert_false(EXECUTE("\x0f\x31"));
    vcpu.cr4 = 0;
    assert_true(EXECUTE("\x0f\x31"));
}

static void test_port_reads(void **state)
{
    (void)state;
    reset();
    vcpu.regs.rax = 0x1111111111111111ull;
    vcpu.regs.rdx = 0x123456789ull;
    assert_true(EXECUTE("\xec"));
    assert_int_equal(did.port, 0x6789);
    assert_int_equal(did.port_bytes, 1);
    assert_int_equal(vcpu.regs.rax, 0x11111111111111ffull);
    vcpu.regs.rax = 0x1111111111110000ull;
    assert_true(EXECUTE("\x66\xed"));
    assert_int_equal(vcpu.regs.rax, 0x111111111111ffffull);
    assert_int_equal(did.port_bytes, 2);
    assert_true(EXECUTE("\xe5\x70"));
    assert_int_equal(did.port, 0x70);
    assert_int_equal(did.port_bytes, 4);
    assert_int_equal(vcpu.regs.rax, 0xffffffff); /* the upper half is cleared */
}

static void test_port_rights(void **state)
{
    (void)state;
    reset();
    vcpu.regs.rax = 0x12;
    assert_true(EXECUTE("\xe6\x80"));
    assert_int_equal(did.port, 0x80);
    assert_int_equal(vcpu.regs.rax, 0x12);
    answer_port = false;
    assert_false(EXECUTE("\xe6\x80"));
    assert_false(EXECUTE("\xe4\x80"));
    assert_int_equal(vcpu.regs.rax, 0x12);
}

/* The three counters of the absent interval timer read zero, the ports beside them all ones. */
static void test_interval_timer(void **state)
{
    (void)state;
    for (u8 port = 0x3f; port <= 0x43; port++) {
        const u8 in[] = {0xe4, port};

        reset();
        vcpu.regs.rax = 0x5555;
        assert_true(execute(in, sizeof(in)));
        assert_int_equal(vcpu.regs.rax, port >= 0x40 && port <= 0x42 ? 0x5500 : 0x55ff);
    }
}

/* CLI and STI do nothing with the right of IOPL and are a #GP without. */
static void test_interrupt_flag(void **state)
{
    (void)state;
    reset();
    assert_false(EXECUTE("\xfa"));
    vcpu.iopl = 1;
    assert_true(EXECUTE("\xfa"));
    assert_true(EXECUTE("\xfb"));
    vcpu.mode = PV_USER;
    vcpu.iopl = 2;
    assert_false(EXECUTE("\xfa"));
    vcpu.iopl = 3;
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
        reset();
        vcpu.mode = cases[i].mode;
        vcpu.trap[0x80] =
            (struct pv_trap){.flags = cases[i].flags, .address = cases[i].address};
        place("\xcd\x80", 2);
        assert_true(emulate_privileged(&vcpu));
        assert_int_equal(did.fault, VECTOR_GP);
        assert_int_equal(did.fault_code, 0x402);
        assert_int_equal(vcpu.regs.rip, CODE);
        assert_int_equal(did.bounces, 0);
    }
}

static void test_interrupt(void **state)
{
    (void)state;
    reset();
    vcpu.regs.error = 0x402; /* the CPU's own #GP carries the vector */
    vcpu.trap[0x80] = (struct pv_trap){.flags = 1, .address = 0x1000};
    assert_true(EXECUTE("\xcd\x80"));
    assert_int_equal(did.fault, 0);
    assert_int_equal(vcpu.regs.vector, 0x80);
    assert_int_equal(did.bounced_to, 0x1000);
    assert_int_equal(did.bounce_flags, 0);
    vcpu.mode = PV_USER;
    vcpu.trap[3] = (struct pv_trap){.flags = 3 | 4, .address = 0x2000};
    assert_true(EXECUTE("\xcd\x03"));
    assert_int_equal(did.bounced_to, 0x2000);
    assert_int_equal(did.bounce_flags, BOUNCE_MASK);
}

static void test_forced_emulation(void **state)
{
    static const char forced[] = "\x0f\x0bxen\x0f\xa2";

    (void)state;
    reset();
    readable = PAGE_SIZE; /* the eighth byte is not there */
    vcpu.regs.rip = CODE + PAGE_SIZE - 7;
    vcpu.regs.rax = 3;
    place(forced, 7);
    assert_true(emulate_forced(&vcpu));
    assert_int_equal(vcpu.regs.rip, CODE + PAGE_SIZE);
    assert_int_equal(vcpu.regs.rax, 3);
    assert_int_equal(vcpu.regs.rbx, 4);
    reset();
    place(forced, 7);
    assert_true(emulate_forced(&vcpu)); /* whatever follows */
    reset();
    readable = 6;
    place(forced, 7);
    assert_false(emulate_forced(&vcpu));
    for (u32 i = 0; i < 7; i++) {
        reset();
        place(forced, 7);
        code[i] ^= 0x80;
        assert_false(emulate_forced(&vcpu));
        assert_int_equal(vcpu.regs.rip, CODE);
    }
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
