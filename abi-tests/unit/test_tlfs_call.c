/* The decoder of Hyper-V hypercalls, and the calls. Numbers are typed from the specification.
 */
// sources: abi-tests/unit/fake_tlfs.c abi-tests/unit/fake_machine.c hv/core/partition.c hv/core/space.c hv/core/vcpu.c
// sources: hv/core/fair.c hv/core/fair_queue.c hv/core/sched.c hv/core/port.c hv/core/share.c hv/core/timer.c hv/core/quota.c
// sources: hv/core/grant.c hv/core/locks.c hv/core/frame.c hv/core/vlapic.c hv/core/apic.c hv/cpu/npt.c hv/lib/format.c
// sources: hypercall/guest_mem.c hypercall/trace.c hypercall/mailbox.c hypercall/op_clock.c hypercall/op_memory.c
// sources: hypercall/op_partition.c hypercall/op_port.c hypercall/op_vcpu.c
// sources: enlight/apic.c enlight/call.c enlight/cpuid.c enlight/deliver.c enlight/firmware.c enlight/flush.c enlight/hypercall_page.c
// sources: enlight/ioapic.c enlight/ipi.c enlight/message.c enlight/msr.c enlight/overlay.c enlight/pci.c enlight/port.c enlight/reftsc.c
// sources: enlight/rtc.c  enlight/state.c enlight/stimer.c enlight/synic.c enlight/uart.c enlight/virtio_blk.c enlight/vpset.c
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "abi-tests/unit/fake_tlfs.h"
#include "enlight/vpset.h"
#include "hv/core/sched.h"
#include "hv/core/vlapic.h"
#include "hypercall/mailbox.h"

#define FAST     (1ull << 16)
#define REPS(n)  ((u64)(n) << 32)
#define START(n) ((u64)(n) << 48)
#define BANKS(n) ((u64)(n) << 17)

enum { OK = 0, BAD_CODE = 2, BAD_INPUT = 3, BAD_ALIGNMENT = 4, BAD_PARAMETER = 5, DENIED = 6 };
enum { BAD_CONNECTION = 0x12, NO_BUFFERS = 0x13 };

static void test_who_may_call(void **state)
{
    struct vcpu *vcpu = tlfs_guest->vcpu[0];

    (void)state;
    vcpu->guest->regs.rcx = FAST | 8;
    assert_int_equal(tlfs_call(vcpu), CALL_RETURN);
    fake_cpl = 3;
    assert_int_equal(tlfs_call(vcpu), CALL_UNDEFINED);
    fake_cpl = 0;
    fake_mode = GUEST_REAL;
    assert_int_equal(tlfs_call(vcpu), CALL_UNDEFINED);
    fake_mode = GUEST_LONG64;
    tlfs_write(0, TLFS_MSR_GUEST_OS_ID, 0); /* takes the page away */
    assert_int_equal(tlfs_call(vcpu), CALL_UNDEFINED);
}

static void test_codes(void **state)
{
    (void)state;
    assert_int_equal(tlfs_invoke(0x3fff, 0, 0), BAD_CODE);
    assert_int_equal(tlfs_invoke(0x0001, 0, 0), BAD_CODE); /* switch address space */
    assert_int_equal(tlfs_invoke(0x0040, 0, 0), DENIED);   /* create partition */
    assert_int_equal(tlfs_invoke(0x0050, 0, 0), DENIED);   /* get VP registers */
    assert_int_equal(tlfs_invoke(0x8002, 0, 0), BAD_CODE);
}

/* Every row is found: none but an unbuilt one answers INVALID_HYPERCALL_CODE. */
static void test_every_row(void **state)
{
    static const struct {
        u16 code;
        const char *state;
        u64 error;
    } rows[] = {
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    {code, #state, TLFS_##error},
#include "enlight/abi/tlfs.def"
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(rows); i++) {
        /* reserved bits: a built call refuses its input, another one answers its error */
        u64 result = tlfs_invoke(rows[i].code | 1ull << 27, 0, 0);

        assert_int_equal(result,
                         strcmp(rows[i].state, "DONE") == 0 ? BAD_INPUT : rows[i].error);
        assert_true(i == 0 || rows[i - 1].code < rows[i].code);
    }
}

static void test_control_word(void **state)
{
    (void)state;
    for (u32 bit = 0; bit < 64; bit++)
        if ((bit >= 27 && bit < 32) || (bit >= 44 && bit < 48) || bit >= 60)
            assert_int_equal(tlfs_invoke(FAST | 8 | 1ull << bit, 0, 0), BAD_INPUT);
    assert_int_equal(tlfs_invoke(FAST | 8 | REPS(1), 0, 0), BAD_INPUT);
    assert_int_equal(tlfs_invoke(FAST | 8 | START(1), 0, 0), BAD_INPUT);
    assert_int_equal(tlfs_invoke(FAST | 8 | BANKS(1), 0, 0), BAD_INPUT);
    assert_int_equal(tlfs_invoke(3, TLFS_INPUT_AT, 0), BAD_INPUT); /* no repetitions */
    assert_int_equal(tlfs_invoke(3 | REPS(2) | START(2), TLFS_INPUT_AT, 0), BAD_INPUT);
}

static void test_alignment(void **state)
{
    (void)state;
    assert_int_equal(tlfs_invoke(2, TLFS_INPUT_AT + 4, 0), BAD_ALIGNMENT);
    assert_int_equal(tlfs_invoke(2, TLFS_INPUT_AT + 0xff0, 0), BAD_ALIGNMENT); /* 24 bytes */
    assert_int_equal(tlfs_invoke(2, TLFS_INPUT_AT + 0xfe8, 0), OK);
    assert_int_equal(tlfs_invoke(3 | REPS(510), TLFS_INPUT_AT, 0), BAD_ALIGNMENT);
    assert_int_equal(tlfs_invoke(3 | REPS(509), TLFS_INPUT_AT, 0), REPS(509));
    assert_int_equal(tlfs_invoke(2, TLFS_MEMORY, 0), BAD_INPUT); /* no memory */
    assert_int_equal(tlfs_invoke(0x8001, 0, TLFS_OUTPUT_AT + 4), BAD_ALIGNMENT);
    assert_int_equal(tlfs_invoke(0x8001, 0, TLFS_MEMORY), BAD_INPUT);
    assert_int_equal(tlfs_invoke(FAST | 0x8001, 0, 0), BAD_INPUT); /* output is slow */
    memset(tlfs_memory(TLFS_OUTPUT_AT), 0xff, 8);
    assert_int_equal(tlfs_invoke(0x8001, 0, TLFS_OUTPUT_AT), OK);
    assert_int_equal(*(u64 *)tlfs_memory(TLFS_OUTPUT_AT), 0);
}

static void test_narrow_registers(void **state)
{
    struct regs *regs = &tlfs_guest->vcpu[0]->guest->regs;

    (void)state;
    fake_mode = GUEST_PROT32;
    regs->rax = 3;
    regs->rdx = 2; /* two repetitions */
    regs->rbx = 0;
    regs->rcx = TLFS_INPUT_AT;
    assert_int_equal(tlfs_call(tlfs_guest->vcpu[0]), CALL_RETURN);
    assert_int_equal(regs->rax, OK);
    assert_int_equal(regs->rdx, 2);
}

static void test_flush(void **state)
{
    u64 input[3] = {0, 0, 1};

    (void)state;
    assert_int_equal(tlfs_invoke_with(2, input, sizeof(input)), OK);
    assert_int_equal(fake_flushes, 1);
    input[2] = 0xff; /* processors that are not there are left out */
    assert_int_equal(tlfs_invoke_with(2, input, sizeof(input)), OK);
    assert_int_equal(fake_flushes, 3);
    input[2] = 0;
    input[1] = 1; /* all processors */
    assert_int_equal(tlfs_invoke_with(3 | REPS(64), input, sizeof(input)), REPS(64));
    assert_int_equal(fake_flushes, 5);
    assert_int_equal(tlfs_invoke_with(3 | REPS(64) | START(60), input, sizeof(input)),
                     REPS(64));
    input[1] = 8;
    assert_int_equal(tlfs_invoke_with(2, input, sizeof(input)), BAD_PARAMETER);
}

static void test_flush_ex(void **state)
{
    /* address space, flags, format, banks named, bank 0 */
    u64 input[6] = {0, 0, 0, 1, 2, 0};

    (void)state;
    assert_int_equal(tlfs_invoke_with(0x13 | BANKS(1), input, sizeof(input)), OK);
    assert_int_equal(fake_flushes, 1);
    assert_int_equal(tlfs_invoke_with(0x13, input, sizeof(input)), BAD_INPUT);
    assert_int_equal(tlfs_invoke_with(0x13 | BANKS(2), input, sizeof(input)), BAD_INPUT);
    input[3] = 2; /* processors 64 to 127 */
    assert_int_equal(tlfs_invoke_with(0x13 | BANKS(1), input, sizeof(input)), OK);
    assert_int_equal(fake_flushes, 1);
    input[2] = 1; /* all */
    assert_int_equal(tlfs_invoke_with(0x14 | REPS(3), input, sizeof(input)), REPS(3));
    assert_int_equal(fake_flushes, 3);
    input[2] = 2;
    assert_int_equal(tlfs_invoke_with(0x13 | BANKS(1), input, sizeof(input)), BAD_PARAMETER);
}

static void test_fast_input(void **state)
{
    u64 xmm[3] = {0, 1, 1}; /* format, banks named, bank 0 behind rdx and r8 */

    (void)state;
    memcpy(fake_xmm, xmm, sizeof(xmm));
    assert_int_equal(tlfs_invoke(FAST | 0x13 | BANKS(1), 0, 0), OK);
    assert_int_equal(fake_flushes, 1);
    /* 32 of header, 80 of list: all 112 bytes; one more does not fit */
    xmm[0] = 1;
    memcpy(fake_xmm, xmm, sizeof(xmm));
    assert_int_equal(tlfs_invoke(FAST | 0x14 | REPS(10), 0, 0), REPS(10));
    assert_int_equal(tlfs_invoke(FAST | 0x14 | REPS(11), 0, 0), BAD_INPUT);
    assert_int_equal(tlfs_invoke(FAST | 0x5c, 0, 0), BAD_INPUT); /* 256 bytes */
}

static void test_ipi(void **state)
{
    u64 input[4] = {0x31, 0, 1, 3};

    (void)state;
    assert_int_equal(tlfs_invoke(FAST | 0xb, 0x30, 2), OK);
    assert_false(tlfs_took_vector(0, 0x30));
    assert_true(tlfs_took_vector(1, 0x30));
    assert_int_equal(tlfs_invoke(FAST | 0xb, 0x0f, 1), BAD_PARAMETER);
    assert_int_equal(tlfs_invoke(FAST | 0xb, 0x100, 1), BAD_PARAMETER);
    assert_int_equal(tlfs_invoke(FAST | 0xb, 0x10, 1), OK);
    assert_true(tlfs_took_vector(0, 0x10));
    assert_int_equal(tlfs_invoke(FAST | 0xb, 0xff, 1), OK);
    assert_true(tlfs_took_vector(0, 0xff));
    assert_int_equal(tlfs_invoke(FAST | 0xb, 0x30, ~(u64)3), OK);
    assert_int_equal(tlfs_invoke_with(0x15 | BANKS(1), input, sizeof(input)), OK);
    assert_true(tlfs_took_vector(0, 0x31));
    assert_true(tlfs_took_vector(1, 0x31));
    input[3] = 2; /* the second alone */
    assert_int_equal(tlfs_invoke_with(0x15 | BANKS(1), input, sizeof(input)), OK);
    assert_false(tlfs_took_vector(0, 0x31));
    assert_true(tlfs_took_vector(1, 0x31));
}

/* Who spins lets another vCPU run. */
static void test_spin_wait(void **state)
{
    struct sched *sched = sched_here();

    (void)state;
    (void)sched_next(fake_now_ns);
    assert_false(sched_must_switch(sched));
    assert_int_equal(tlfs_invoke(FAST | 0x8, 1, 0), OK);
    assert_true(sched_must_switch(sched));
}

static void bind(u32 *near)
{
    u32 far;

    assert_int_equal(port_alloc_unbound(tlfs_guest, 0, &far), ST_OK);
    assert_int_equal(port_bind_interdomain(tlfs_root, tlfs_guest->id, far, near), ST_OK);
}

static void test_post_message(void **state)
{
    struct tlfs_post_message input = {.connection = 1, .type = 1, .bytes = 4, .payload = "abc"};
    u32 port;

    (void)state;
    assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), BAD_CONNECTION);
    bind(&port);
    assert_int_equal(mailbox_bind(tlfs_guest, tlfs_root, port), ST_OK);
    assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), OK);
    assert_int_equal(mailbox_peek(tlfs_guest)->bytes, 4);
    assert_string_equal((const char *)mailbox_peek(tlfs_guest)->payload, "abc");
    input.connection = 3;
    assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), BAD_CONNECTION);
    input.connection = 4;
    input.bytes = 241;
    assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), BAD_PARAMETER);
    input.bytes = 240;
    input.type = 0x80000000u;
    assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), BAD_PARAMETER);
    input.type = 1;
    for (u32 i = 1; i < 64; i++)
        assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), OK);
    assert_int_equal(tlfs_invoke_with(0x5c, &input, sizeof(input)), NO_BUFFERS);
}

static void test_signal_event(void **state)
{
    u32 port, raised;

    (void)state;
    assert_int_equal(tlfs_invoke(FAST | 0x5d, 7, 0), BAD_CONNECTION);
    bind(&port);
    while (port_take_raised(tlfs_root->vcpu[0], &raised))
        ;
    assert_int_equal(mailbox_connect(tlfs_guest, tlfs_root, port, 7), ST_OK);
    assert_int_equal(tlfs_invoke(FAST | 0x5d, 7, 0), OK);
    assert_true(port_take_raised(tlfs_root->vcpu[0], &raised));
    assert_int_equal(raised, port);
    assert_int_equal(tlfs_invoke(FAST | 0x5d, 7 | 1ull << 32, 0), BAD_PARAMETER); /* flag 1 */
    assert_int_equal(tlfs_invoke(FAST | 0x5d, 7 | 1ull << 48, 0), BAD_PARAMETER);
}

/* Beside Xen: bit 31 of eax marks our calls, the page sets it, 32-bit code carries it along. */
static void test_beside_xen(void **state)
{
    static const u8 page[] = {0x0d, 0, 0, 0, 0x80, 0x0f, 0x01, 0xd9, 0xc3};
    struct vcpu *vcpu = tlfs_guest->vcpu[0];
    struct regs *regs = &vcpu->guest->regs;

    (void)state;
    regs->rax = 0;
    assert_true(tlfs_owns_call(vcpu));
    tlfs_guest->flags |= PARTITION_XEN;
    assert_false(tlfs_owns_call(vcpu));
    tlfs_write(0, TLFS_MSR_HYPERCALL, 0x40001);
    assert_memory_equal(tlfs_memory(0x40000), page, sizeof(page));
    regs->rax = 0x80000000u | FAST | 8;
    assert_true(tlfs_owns_call(vcpu));
    fake_mode = GUEST_PROT32;
    regs->rdx = 0;
    assert_int_equal(tlfs_call(vcpu), CALL_RETURN);
    assert_int_equal(regs->rax, OK);
}

static void test_vpset(void **state)
{
    struct tlfs_vpset set = {0, 0x8000000000000001ull};
    u64 vps;

    (void)state;
    assert_int_equal(vpset_read(&set, 2, 5, &vps), OK);
    assert_int_equal(vps, 5);
    set.banks = 0;
    assert_int_equal(vpset_read(&set, 0, 5, &vps), OK);
    assert_int_equal(vps, 0);
    assert_int_equal(vpset_read(&set, 1, 5, &vps), BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_who_may_call, tlfs_setup),
        cmocka_unit_test_setup(test_codes, tlfs_setup),
        cmocka_unit_test_setup(test_every_row, tlfs_setup),
        cmocka_unit_test_setup(test_control_word, tlfs_setup),
        cmocka_unit_test_setup(test_alignment, tlfs_setup),
        cmocka_unit_test_setup(test_narrow_registers, tlfs_setup),
        cmocka_unit_test_setup(test_flush, tlfs_setup),
        cmocka_unit_test_setup(test_flush_ex, tlfs_setup),
        cmocka_unit_test_setup(test_fast_input, tlfs_setup),
        cmocka_unit_test_setup(test_ipi, tlfs_setup),
        cmocka_unit_test_setup(test_spin_wait, tlfs_setup),
        cmocka_unit_test_setup(test_post_message, tlfs_setup),
        cmocka_unit_test_setup(test_signal_event, tlfs_setup),
        cmocka_unit_test_setup(test_beside_xen, tlfs_setup),
        cmocka_unit_test_setup(test_vpset, tlfs_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
