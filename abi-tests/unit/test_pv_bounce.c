/* Frames pushed for the guest kernel, and the frame by which it leaves. */
// sources: xen-adapter/pv/bounce.c xen-adapter/pv/iret.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/bounce.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/iret.h"
#include "xen-adapter/pv/trap.h"
#include "xen-adapter/pv/vcpu.h"

static struct pv_vcpu vcpu;
static u8 upcall[2];
static _Alignas(16) u64 stack[64];
static jmp_buf crash;
static u32 switches_to_user, switches_to_kernel;

struct pv_vcpu *this_vcpu(void)
{
    return &vcpu;
}

void shim_fail(const char *format, ...)
{
    (void)format;
    longjmp(crash, 1);
}

void vcpu_enter_kernel(struct pv_vcpu *v)
{
    switches_to_kernel++;
    v->mode = PV_KERNEL;
}

void vcpu_enter_user(struct pv_vcpu *v)
{
    switches_to_user++;
    v->mode = PV_USER;
}

enum status words_from_guest(u64 *to, u64 from, u64 words)
{
    if (!guest_range_ok(from, words * 8) || from < 4096)
        return ST_FAULT;
    memcpy(to, (const void *)from, words * 8);
    return ST_OK;
}

enum status words_to_guest(u64 to, const u64 *from, u64 words)
{
    if (!guest_range_ok(to, words * 8))
        return ST_FAULT;
    memcpy((void *)to, from, words * 8);
    return ST_OK;
}

static void reset(void)
{
    memset(&vcpu, 0, sizeof(vcpu));
    memset(stack, 0xee, sizeof(stack));
    memset(upcall, 0, sizeof(upcall));
    switches_to_user = switches_to_kernel = 0;
    vcpu.upcall = upcall;
    vcpu.mode = PV_KERNEL;
    vcpu.regs = (struct pv_regs){.rcx = 0x11,
                                 .r11 = 0x22,
                                 .rip = 0x33,
                                 .cs = PV_CS64,
                                 .rflags = RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF | RFLAGS_AC,
                                 .rsp = (u64)&stack[40] + 8,
                                 .ss = PV_SS};
    vcpu.kernel_sp = (u64)&stack[60];
}

/* Eight words with an error code, seven without, below the stack pointer aligned to 16. */
static void test_exception_in_the_kernel(void **state)
{
    const u64 *frame = &stack[40] - 8;

    (void)state;
    reset();
    vcpu.regs.vector = 99;
    vcpu.regs.ss = 0;
    vcpu.trap[VECTOR_GP] = (struct pv_trap){.address = 0x1000};
    bounce_fault(&vcpu, VECTOR_GP, 0x5a);
    assert_int_equal(vcpu.regs.rsp, (u64)frame);
    assert_int_equal(frame[0], 0x11);
    assert_int_equal(frame[1], 0x22);
    assert_int_equal(frame[2], 0x5a);
    assert_int_equal(frame[3], 0x33);
    assert_int_equal(frame[4], PV_CS64 & ~3u); /* RPL 0 says: kernel */
    assert_int_equal(frame[5], RFLAGS_FIXED | RFLAGS_IF | RFLAGS_TF | RFLAGS_AC);
    assert_int_equal(frame[6], (u64)&stack[41]);
    assert_int_equal(frame[7], 0);
    assert_int_equal(stack[40], 0xeeeeeeeeeeeeeeeeull);
    assert_int_equal(vcpu.regs.rip, 0x1000);
    assert_int_equal(vcpu.regs.cs, PV_CS64);
    assert_int_equal(vcpu.regs.ss, PV_SS);
    assert_int_equal(vcpu.regs.rflags, RFLAGS_FIXED | RFLAGS_IF);
    assert_int_equal(upcall[1], 0);
    assert_int_equal(vcpu.regs.error, FRAME_SYSCALL);
    assert_int_equal(vcpu.regs.vector, 0);
}

static void test_masked_and_masking(void **state)
{
    const u64 *frame = &stack[40] - 7;

    (void)state;
    reset();
    upcall[1] = 1;
    vcpu.regs.rflags |= RFLAGS_IOPL;
    vcpu.trap[VECTOR_UD] = (struct pv_trap){.address = 0x2000, .flags = 4};
    bounce_trap(&vcpu, VECTOR_UD);
    assert_int_equal(vcpu.regs.rsp, (u64)frame);
    assert_int_equal(frame[2], 0x33);
    assert_int_equal(frame[3], (PV_CS64 & ~3ull) | 1ull << 32); /* the saved mask */
    assert_int_equal(frame[4], RFLAGS_FIXED | RFLAGS_TF | RFLAGS_AC);
    assert_int_equal(upcall[1], 1);
    reset();
    vcpu.trap[VECTOR_UD] = (struct pv_trap){.address = 0x2000, .flags = 4};
    bounce_trap(&vcpu, VECTOR_UD);
    assert_int_equal(upcall[1], 1);
    assert_int_equal(frame[3], PV_CS64 & ~3u);
}

static void test_from_user_mode(void **state)
{
    const u64 *frame = &stack[60] - 7;

    (void)state;
    reset();
    vcpu.mode = PV_USER;
    vcpu.regs.cs = 0x33;
    vcpu.regs.ss = 0x2b;
    bounce(&vcpu, 0x3000, BOUNCE_MASK);
    assert_int_equal(switches_to_kernel, 1);
    assert_int_equal(vcpu.regs.rsp, (u64)frame);
    assert_int_equal(frame[3], 0x33);
    assert_int_equal(frame[5], (u64)&stack[41]);
    assert_int_equal(frame[6], 0x2b);
    assert_int_equal(upcall[1], 1);
}

/* A handler begins without the flags of what it interrupts; the frame has them, less IOPL. */
static void test_flags(void **state)
{
    static const u64 cleared[] = {RFLAGS_AC, RFLAGS_TF, RFLAGS_NT, RFLAGS_RF, RFLAGS_VM};
    const u64 *frame = &stack[40] - 7;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cleared); i++) {
        reset();
        vcpu.regs.vector = VECTOR_UD;
        vcpu.regs.rflags = RFLAGS_FIXED | RFLAGS_DF | RFLAGS_IOPL | cleared[i];
        bounce(&vcpu, 0x3000, 0);
        assert_int_equal(vcpu.regs.rflags, RFLAGS_FIXED | RFLAGS_DF | RFLAGS_IF);
        assert_int_equal(frame[4], RFLAGS_FIXED | RFLAGS_DF | RFLAGS_IF | cleared[i]);
        assert_int_equal(vcpu.regs.vector, 0);
    }
    reset();
    upcall[1] = 1; /* the CPU's own flag is on all the same */
    bounce(&vcpu, 0x3000, 0);
    assert_true(vcpu.regs.rflags & RFLAGS_IF);
}

static void test_failsafe(void **state)
{
    const u64 *frame = &stack[40] - 11;
    u16 selectors[4];

    (void)state;
    reset();
    __asm__ volatile("mov %%ds, %0; mov %%es, %1; mov %%fs, %2; mov %%gs, %3"
                     : "=r"(selectors[0]), "=r"(selectors[1]), "=r"(selectors[2]),
                       "=r"(selectors[3]));
    vcpu.failsafe_callback = (struct pv_callback){0x4000, CALLBACK_MASKS};
    bounce_failsafe(&vcpu);
    assert_int_equal(vcpu.regs.rsp, (u64)frame);
    assert_int_equal(frame[0], 0x11);
    assert_int_equal(frame[1], 0x22);
    for (u32 i = 0; i < 4; i++)
        assert_int_equal(frame[2 + i], selectors[i]);
    assert_int_equal(frame[6], 0x33);
    assert_int_equal(frame[7], PV_CS64 & ~3u);
    assert_int_equal(frame[9], (u64)&stack[41]);
    assert_int_equal(frame[10], PV_SS);
    assert_int_equal(stack[40], 0xeeeeeeeeeeeeeeeeull);
    assert_int_equal(vcpu.regs.rip, 0x4000);
    assert_int_equal(upcall[1], 1);
    reset();
    vcpu.failsafe_callback = (struct pv_callback){0x4000, 0};
    bounce_failsafe(&vcpu);
    assert_int_equal(upcall[1], 0);
}

/* True when the domain went on, with a frame pushed. */
static bool survives(void (*what)(struct pv_vcpu *vcpu))
{
    if (setjmp(crash) != 0)
        return false;
    what(&vcpu);
    return true;
}

static void take_gp(struct pv_vcpu *v)
{
    bounce_trap(v, VECTOR_GP);
}

static void do_iret(struct pv_vcpu *v)
{
    (void)v;
    hypercall_iret(0, 0, 0, 0);
}

/* No handler, or a stack inside the shim's slots, ends the domain and writes nothing. */
static void test_crashes(void **state)
{
    (void)state;
    reset();
    assert_false(survives(take_gp));
    assert_false(survives(bounce_failsafe));
    vcpu.trap[VECTOR_GP].address = 0x1000;
    vcpu.failsafe_callback.address = 0x1000;
    vcpu.regs.rsp = SHIM_VIRT_START + 0x1000;
    assert_false(survives(take_gp));
    assert_false(survives(bounce_failsafe));
    assert_int_equal(stack[39], 0xeeeeeeeeeeeeeeeeull);
    reset();
    vcpu.regs.rsp = 8;
    assert_false(survives(do_iret));
}

static void test_iret_sanitises(void **state)
{
    const struct xen_iret_context frame = {.rax = 1,
                                           .r11 = 2,
                                           .rcx = 3,
                                           .rip = 0x1234,
                                           .cs = 0xfffff0030,
                                           .rflags = ~0ull,
                                           .rsp = 0x5678,
                                           .ss = 0xfffff0018};

    (void)state;
    reset();
    upcall[1] = 1;
    vcpu.nmi_masked = 1;
    vcpu.regs.vector = 99;
    assert_int_equal(iret_apply(&vcpu, &frame), PV_KERNEL);
    assert_int_equal(vcpu.regs.rax, 1);
    assert_int_equal(vcpu.regs.r11, 2);
    assert_int_equal(vcpu.regs.rcx, 3);
    assert_int_equal(vcpu.regs.rip, 0x1234);
    assert_int_equal(vcpu.regs.rsp, 0x5678);
    assert_int_equal(vcpu.regs.cs, 0x33);
    assert_int_equal(vcpu.regs.ss, 0x1b);
    assert_int_equal(vcpu.regs.rflags, ~(RFLAGS_IOPL | RFLAGS_VM));
    assert_int_equal(vcpu.regs.error, 0);
    assert_int_equal(vcpu.regs.vector, 0);
    assert_int_equal(upcall[1], 0);
    assert_int_equal(vcpu.nmi_masked, 0);
}

/* From a system call: rcx and r11 are the CPU's to destroy; IF of the frame is the upcall mask.
 */
static void test_iret_from_a_system_call(void **state)
{
    const struct xen_iret_context frame = {
        .r11 = 98, .rcx = 99, .flags = XEN_VGCF_IN_SYSCALL, .cs = 0x33};

    (void)state;
    reset();
    assert_int_equal(iret_apply(&vcpu, &frame), PV_USER);
    assert_int_equal(vcpu.regs.rflags, RFLAGS_IF | RFLAGS_FIXED);
    assert_int_equal(upcall[1], 1);
    assert_int_equal(vcpu.regs.rcx, 0x11);
    assert_int_equal(vcpu.regs.r11, 0x22);
    assert_int_equal(vcpu.regs.error, FRAME_SYSCALL);
}

static void test_iret_to_user(void **state)
{
    struct xen_iret_context *frame = (struct xen_iret_context *)&stack[8];

    (void)state;
    reset();
    vcpu.regs.rsp = (u64)frame;
    *frame = (struct xen_iret_context){
        .rax = 7, .rip = 0x9000, .cs = 0x33, .rsp = 0x5678, .ss = 0x2b};
    assert_false(survives(do_iret)); /* no user tables */
    vcpu.user_l4 = mfn(5);
    vcpu.mode = PV_KERNEL;
    vcpu.regs.rsp = (u64)frame;
    assert_int_equal(hypercall_iret(0, 0, 0, 0), 7);
    assert_int_equal(vcpu.regs.rsp, 0x5678);
    assert_int_equal(vcpu.regs.ss, 0x2b); /* the last word of the frame */
    assert_int_equal(switches_to_user, 1);
    assert_int_equal(vcpu.mode, PV_USER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exception_in_the_kernel),
        cmocka_unit_test(test_masked_and_masking),
        cmocka_unit_test(test_from_user_mode),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_failsafe),
        cmocka_unit_test(test_crashes),
        cmocka_unit_test(test_iret_sanitises),
        cmocka_unit_test(test_iret_from_a_system_call),
        cmocka_unit_test(test_iret_to_user),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
