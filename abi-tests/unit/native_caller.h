/* The root partition and its first vCPU on the fake machine, for one test program. */
#ifndef ABI_TESTS_UNIT_NATIVE_CALLER_H
#define ABI_TESTS_UNIT_NATIVE_CALLER_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_machine.h"
#include "hv/core/frame.h"
#include "hv/core/share.h"
#include "hv/cpu/ptab.h"
#include "hv/cpu/trap.h"
#include "hypercall/abi/native.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"
#include "hypercall/trace.h"

#define IN_AT  0x10000u
#define OUT_AT 0x20000u
#define MIB    ((u64)1 << 20)

static struct partition *root;
static struct vcpu *vcpu;

static inline int setup(void **state)
{
    (void)state;
    fake_machine_reset();
    root = fake_partition("root", PARTITION_NATIVE | PARTITION_PRIVILEGED, 1024);
    vcpu = root->vcpu[0];
    return space_populate(&root->space, gpa(0), 4 * MIB, SPACE_RAM) != ST_OK;
}

static inline enum call_end invoke(u64 number, const void *in, u64 bytes)
{
    struct regs *regs = &vcpu->guest->regs;

    if (bytes != 0)
        assert_int_equal(mem_write_gpa(root, gpa(IN_AT), in, bytes), ST_OK);
    regs->rax = number;
    regs->rdi = IN_AT;
    regs->rsi = OUT_AT;
    regs->rdx = 0;
    return native_call(vcpu);
}

static inline enum status call_status(u64 number, const void *in, u64 bytes)
{
    u32 tries = 0;
    enum call_end end = invoke(number, in, bytes);

    /* A long call is executed again with its cursor. */
    while (end == CALL_REPEAT && tries++ < 1000) {
        vcpu->guest->regs.rax = number;
        end = native_call(vcpu);
    }
    assert_int_equal(end, CALL_RETURN);
    return (enum status) - (s64)vcpu->guest->regs.rax;
}

#define CALL(name, in) call_status(NATIVE_##name, &(in), sizeof(in))

static inline void out_read(void *to, u64 bytes)
{
    assert_int_equal(mem_read_gpa(root, gpa(OUT_AT), to, bytes), ST_OK);
}

static inline u32 create(const char *name, u64 pages)
{
    struct native_partition_create in = {
        .max_pages = pages, .flags = NATIVE_PARTITION_XEN, .vcpus = 1};
    struct native_partition out;

    strcpy(in.name, name);
    assert_int_equal(CALL(partition_create, in), ST_OK);
    out_read(&out, sizeof(out));
    return out.partition;
}

/* What an answer leaves out must not be what lay on the hypervisor's stack. */
static void __attribute__((noinline, unused)) stack_poison(void)
{
    volatile u8 bytes[4096];

    for (u32 i = 0; i < sizeof(bytes); i++)
        bytes[i] = 0xa5;
}

#define POISONED(name, in) (stack_poison(), CALL(name, in))

static inline bool is_zero(const void *bytes, u64 count)
{
    for (u64 i = 0; i < count; i++)
        if (((const u8 *)bytes)[i] != 0)
            return false;
    return true;
}

#endif
