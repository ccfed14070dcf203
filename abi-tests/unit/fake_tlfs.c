#include "abi-tests/unit/fake_tlfs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "hv/core/timer.h"
#include "hv/core/vlapic.h"
#include "hypercall/guest_mem.h"

#define CODE_AT 0x5000u

struct partition *tlfs_root, *tlfs_guest;

static void console_make(void)
{
    u32 far, near;

    assert_int_equal(port_alloc_unbound(tlfs_guest, tlfs_root->id, &far), ST_OK);
    assert_int_equal(port_bind_interdomain(tlfs_root, tlfs_guest->id, far, &near), ST_OK);
    tlfs_guest->property[NATIVE_CONSOLE_GFN] = TLFS_CONSOLE_AT >> PAGE_SHIFT;
    tlfs_guest->property[NATIVE_CONSOLE_PORT] = far;
}

int tlfs_setup(void **state)
{
    struct vcpu *vcpu;

    (void)state;
    fake_machine_reset();
    tlfs_root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 64);
    tlfs_guest = fake_partition("guest", PARTITION_TLFS, 1024);
    if (vcpu_make(tlfs_guest, 1, &vcpu) != ST_OK ||
        space_populate(&tlfs_guest->space, gpa(0), TLFS_MEMORY, SPACE_RAM) != ST_OK)
        return 1;
    vcpu_up(vcpu);
    for (u32 i = 0; i < 2; i++)
        tlfs_guest->vcpu[i]->lapic->svr = 0x1ff; /* software enabled */
    console_make();
    tlfs_write(0, TLFS_MSR_GUEST_OS_ID, 0x8100000000000000ull);
    tlfs_write(0, TLFS_MSR_HYPERCALL, CODE_AT | 1);
    return 0;
}

u64 tlfs_read(u32 vcpu, u32 msr)
{
    u64 value = 0;

    assert_int_equal(tlfs_msr_read(tlfs_guest->vcpu[vcpu], msr, &value), VERDICT_ANSWERED);
    return value;
}

void tlfs_write(u32 vcpu, u32 msr, u64 value)
{
    assert_int_equal(tlfs_msr_write(tlfs_guest->vcpu[vcpu], msr, value), VERDICT_ANSWERED);
}

bool tlfs_read_faults(u32 vcpu, u32 msr)
{
    u64 value;

    return tlfs_msr_read(tlfs_guest->vcpu[vcpu], msr, &value) != VERDICT_ANSWERED;
}

bool tlfs_write_faults(u32 vcpu, u32 msr, u64 value)
{
    return tlfs_msr_write(tlfs_guest->vcpu[vcpu], msr, value) != VERDICT_ANSWERED;
}

u64 tlfs_invoke(u64 control, u64 in, u64 out)
{
    struct regs *regs = &tlfs_guest->vcpu[0]->guest->regs;

    regs->rcx = control;
    regs->rdx = in;
    regs->r8 = out;
    regs->rax = ~(u64)0;
    assert_int_equal(tlfs_call(tlfs_guest->vcpu[0]), CALL_RETURN);
    return regs->rax;
}

u64 tlfs_invoke_with(u64 control, const void *input, u64 bytes)
{
    assert_int_equal(mem_write_gpa(tlfs_guest, gpa(TLFS_INPUT_AT), input, bytes), ST_OK);
    return tlfs_invoke(control, TLFS_INPUT_AT, TLFS_OUTPUT_AT);
}

void *tlfs_memory(u64 at)
{
    return space_pointer(&tlfs_guest->space, gpa(at), SPACE_READ);
}

bool tlfs_took_vector(u32 vcpu, u8 vector)
{
    struct vlapic *lapic = tlfs_guest->vcpu[vcpu]->lapic;
    u32 bit = 1u << vector % 32;
    bool was_set = lapic->irr[vector / 32] & bit;

    lapic->irr[vector / 32] &= ~bit;
    if (lapic->irr[vector / 32] == 0)
        lapic->summary &= (u8) ~(1u << vector / 32);
    return was_set;
}

void tlfs_pass(u32 vcpu, u64 ns)
{
    fake_now_ns += ns;
    timer_run(fake_now_ns);
    tlfs_deliver(tlfs_guest->vcpu[vcpu]);
}
