/* What a PV guest sees of CPUID and of the model-specific registers. */
// sources: xen-adapter/pv/cpuid.c xen-adapter/pv/msr.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/cpuid.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/insn.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/lock.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/msr.h"

struct shim shim;

u64 msr_read_safe(u32 msr, u64 *value)
{
    *value = msr;
    return msr == 0xdead;
}

u64 msr_write_safe(u32 msr, u64 value)
{
    (void)value;
    return msr == 0xdead;
}

u64 cpu_efer(void)
{
    return 0xd01;
}

struct mmu mmu;
struct shim_lock memory_lock = {.letter = 'M'};
u8 lock_is_needed;
static u32 pages_filled, frames_held;

void lock_take_shared(struct shim_lock *lock)
{
    (void)lock;
}

/* Frame 5 is memory; others are tables or not the guest's. */
enum status frame_type_get(u64 number, enum frame_type type)
{
    assert_int_equal(type, FRAME_WRITABLE);
    frames_held += number == 5;
    return number == 5 ? ST_OK : ST_INVALID;
}

void frame_type_put(u64 number)
{
    frames_held -= number == 5;
}

void hypercall_page_fill(u8 *page)
{
    (void)page;
    pages_filled++;
}

static void all_ones(u32 out[4])
{
    memset(out, 0xff, 4 * sizeof(u32));
}

#define BIT_OF(word, n) ((word) >> (n)&1u)

static void test_leaf_1(void **state)
{
    u32 out[4];

    (void)state;
    all_ones(out);
    cpuid_policy(1, 0, out);
    assert_int_equal(BIT_OF(out[2], 31), 1); /* hypervisor */
    assert_int_equal(BIT_OF(out[2], 27), 1); /* OSXSAVE from the first instruction */
    assert_int_equal(BIT_OF(out[2], 17), 0); /* PCID */
    assert_int_equal(BIT_OF(out[2], 21), 0); /* x2APIC */
    assert_int_equal(BIT_OF(out[2], 3), 0);  /* MONITOR */
    assert_int_equal(BIT_OF(out[2], 5), 0);  /* VMX */
    assert_int_equal(BIT_OF(out[3], 3), 0);  /* PSE */
    assert_int_equal(BIT_OF(out[3], 13), 0); /* PGE */
    assert_int_equal(BIT_OF(out[3], 12), 0); /* MTRR */
    assert_int_equal(BIT_OF(out[3], 6), 1);  /* PAE */
    memset(out, 0, sizeof(out));
    out[2] = 1u << 27;
    cpuid_policy(1, 0, out);
    assert_int_equal(BIT_OF(out[2], 27), 0); /* no XSAVE, no OSXSAVE */
}

static void test_leaf_7_and_xsave(void **state)
{
    u32 out[4];

    (void)state;
    all_ones(out);
    cpuid_policy(7, 0, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(BIT_OF(out[1], 7), 0);  /* SMEP */
    assert_int_equal(BIT_OF(out[1], 20), 0); /* SMAP */
    assert_int_equal(BIT_OF(out[1], 10), 0); /* INVPCID */
    assert_int_equal(BIT_OF(out[1], 0), 1);  /* FSGSBASE */
    assert_int_equal(BIT_OF(out[2], 16), 0); /* LA57 */
    assert_int_equal(BIT_OF(out[2], 2), 0);  /* UMIP */
    assert_int_equal(BIT_OF(out[2], 3), 0);  /* PKU */
    all_ones(out);
    cpuid_policy(0xd, 1, out);
    assert_int_equal(BIT_OF(out[0], 3), 0); /* XSAVES */
    all_ones(out);
    cpuid_policy(0xa, 0, out);
    assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
}

static void test_extended(void **state)
{
    u32 out[4];

    (void)state;
    all_ones(out);
    cpuid_policy(0x80000001, 0, out);
    assert_int_equal(BIT_OF(out[2], 2), 0);  /* SVM */
    assert_int_equal(BIT_OF(out[3], 26), 0); /* 1 GiB pages */
    assert_int_equal(BIT_OF(out[3], 29), 1); /* long mode */
    assert_int_equal(BIT_OF(out[3], 20), 1); /* NX */
    all_ones(out);
    cpuid_policy(0x8000000a, 0, out);
    assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
}

/* The policy only takes away, but for the two bits that speak of us. */
static void test_never_adds(void **state)
{
    (void)state;
    for (u32 i = 0; i < 0x40; i++) {
        u32 leaf = i < 0x20 ? i : 0x80000000u + (i - 0x20);

        for (u32 sub = 0; sub < 4; sub++) {
            u32 out[4] = {0};

            cpuid_policy(leaf, sub, out);
            if (leaf == 1)
                out[2] &= ~(1u << 31);
            assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
        }
    }
}

static void test_xen_leaves(void **state)
{
    const u32 below[4] = {0x00040011, 2, 3, 4};
    u32 out[4];

    (void)state;
    cpuid_xen_leaf(0, 0, below, 0x10000, out);
    assert_int_equal(out[0], 0x40000005);
    assert_int_equal(out[1], 0x566e6558);
    cpuid_xen_leaf(1, 0, below, 0x10000, out);
    assert_int_equal(out[0], 0x00040011);
    assert_int_equal(out[1] | out[2] | out[3], 0);
    cpuid_xen_leaf(2, 0, below, 0x10000, out);
    assert_int_equal(out[0], 1);
    assert_int_equal(out[1], 0x40000000);
    assert_int_equal(out[2], 1);
    cpuid_xen_leaf(4, 0, below, 0x10000, out); /* HVM's */
    assert_int_equal(out[0] | out[1] | out[2] | out[3], 0);
    cpuid_xen_leaf(5, 0, below, 0x100000, out);
    assert_int_equal(out[1], 32);
    cpuid_xen_leaf(5, 0, below, 0x100001, out);
    assert_int_equal(out[1], 33);
}

static void test_msr_reads(void **state)
{
    struct pv_vcpu vcpu;
    u64 value = 0;

    (void)state;
    memset(&vcpu, 0, sizeof(vcpu));
    vcpu.trap[13].address = 1;
    assert_true(msr_guest_read(&vcpu, MSR_EFER, &value));
    assert_int_equal(value, 0xd01);
    assert_true(msr_guest_read(&vcpu, MSR_APIC_BASE, &value));
    assert_int_equal(value, 0xfee00900);
    assert_true(msr_guest_read(&vcpu, MSR_PAT, &value));
    assert_int_equal(value, 0x050100070406);
    assert_true(msr_guest_read(&vcpu, 0x345, &value)); /* PERF_CAPABILITIES */
    assert_int_equal(value, 0);
    assert_false(msr_guest_read(&vcpu, 0x2ff, &value)); /* MTRRs are hidden */
    assert_false(msr_guest_read(&vcpu, MSR_LSTAR, &value));
    vcpu.trap[13].address = 0; /* before the guest can take a fault */
    assert_true(msr_guest_read(&vcpu, 0x2ff, &value));
    assert_int_equal(value, 0);
    assert_false(msr_guest_read(&vcpu, 0xdead, &value));
}

static void test_msr_writes(void **state)
{
    struct pv_vcpu vcpu;

    (void)state;
    memset(&vcpu, 0, sizeof(vcpu));
    assert_true(msr_guest_write(&vcpu, MSR_EFER, 0xd01));
    assert_false(msr_guest_write(&vcpu, MSR_EFER, 0xd00));
    assert_true(msr_guest_write(&vcpu, MSR_PAT, XEN_PAT));
    assert_false(msr_guest_write(&vcpu, MSR_PAT, 0));
    assert_false(msr_guest_write(&vcpu, MSR_GS_BASE, 1ull << 47));
    assert_false(msr_guest_write(&vcpu, MSR_FS_BASE, 0xffff7fffffffffffull));
    assert_false(msr_guest_write(&vcpu, MSR_LSTAR, 0));
    assert_false(msr_guest_write(&vcpu, 0x40000000, 6 << 12)); /* not the guest's frame */
    assert_false(msr_guest_write(&vcpu, 0x40000000, 5 << 12 | 1));
    assert_int_equal(pages_filled, 0);
    assert_true(msr_guest_write(&vcpu, 0x40000000, 5 << 12));
    assert_int_equal(pages_filled, 1);
    assert_int_equal(frames_held, 0);
    assert_true(msr_guest_write(&vcpu, 0x400, 0)); /* machine check banks are quiet */
}

static void test_canonical(void **state)
{
    (void)state;
    assert_true(virt_is_canonical(0));
    assert_true(virt_is_canonical((1ull << 47) - 1));
    assert_false(virt_is_canonical(1ull << 47));
    assert_false(virt_is_canonical(0xffff7fffffffffffull));
    assert_true(virt_is_canonical(0xffff800000000000ull));
    assert_true(virt_is_canonical(~0ull));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaf_1),     cmocka_unit_test(test_leaf_7_and_xsave),
        cmocka_unit_test(test_extended),   cmocka_unit_test(test_never_adds),
        cmocka_unit_test(test_xen_leaves), cmocka_unit_test(test_msr_reads),
        cmocka_unit_test(test_msr_writes), cmocka_unit_test(test_canonical),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
