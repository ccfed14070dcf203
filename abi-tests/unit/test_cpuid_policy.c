/* CPUID as a guest sees it: an allow-list over whatever the host says. */
// sources: hv/core/cpuid_policy.c
#include "hv/core/cpuid_policy.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { EAX, EBX, ECX, EDX };

static struct cpuid_view view;
static u32 out[4];

static int make(void **state)
{
    (void)state;
    view = (struct cpuid_view){.apic_id = 6,
                               .vcpu_count = 4,
                               .xcr0_allowed = 0x2e7,
                               .xsave_bytes = 2696,
                               .has_apic = true};
    return 0;
}

/* A host that has everything. */
static void ask(u32 leaf, u32 subleaf)
{
    out[EAX] = out[EBX] = out[ECX] = out[EDX] = ~0u;
    cpuid_filter(&view, leaf, subleaf, out);
}

static bool has(u32 word, u32 bit)
{
    return out[word] >> bit & 1;
}

static void hidden(void **state)
{
    (void)state;
    ask(1, 0);
    assert_false(has(ECX, 3));  /* MONITOR */
    assert_false(has(ECX, 5));  /* VMX */
    assert_false(has(ECX, 15)); /* PDCM */
    assert_false(has(ECX, 27)); /* OSXSAVE: CR4 says no */
    ask(7, 0);
    assert_false(has(EBX, 1));  /* TSC_ADJUST */
    assert_false(has(EBX, 14)); /* MPX */
    assert_false(has(ECX, 16)); /* LA57 */
    assert_false(has(EDX, 26)); /* IBRS without SPEC_CTRL */
    ask(0x80000001u, 0);
    assert_true(has(ECX, 1));   /* the count of leaf 1 is one of cores */
    assert_false(has(ECX, 2));  /* SVM */
    assert_false(has(ECX, 22)); /* topology extensions */
    assert_false(has(EDX, 25)); /* FFXSR */
    ask(0xd, 1);
    assert_false(has(EAX, 3)); /* XSAVES */
}

static void shown(void **state)
{
    (void)state;
    ask(1, 0);
    assert_true(has(ECX, 21)); /* x2APIC */
    assert_true(has(ECX, 24)); /* TSC deadline */
    assert_true(has(ECX, 31)); /* hypervisor */
    assert_int_equal(out[EBX] >> 24, 6);
    assert_int_equal(out[EBX] >> 16 & 0xff, 4);
    out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
    cpuid_filter(&view, 1, 0, out); /* ours to give, whatever the host has */
    assert_true(has(ECX, 21) && has(ECX, 31));
    ask(0x80000007u, 0);
    assert_int_equal(out[EDX], 1 << 8);
    ask(0x80000001u, 0);
    assert_true(has(EDX, 11) && has(EDX, 20) && has(EDX, 29));
}

static void follows_control_registers(void **state)
{
    (void)state;
    view.cr4 = BIT(18) | BIT(22);
    ask(1, 0);
    assert_true(has(ECX, 27));
    ask(7, 0);
    assert_true(has(ECX, 4));
    view.has_apic = false;
    ask(1, 0);
    assert_false(has(EDX, 9));
}

static void without_vectors(void **state)
{
    (void)state;
    view.xcr0_allowed = 3;
    ask(1, 0);
    assert_false(has(ECX, 28) || has(ECX, 12) || has(ECX, 29));
    ask(7, 0);
    assert_false(has(EBX, 5) || has(EBX, 16) || has(ECX, 3));
    view.xcr0_allowed = 0;
    ask(1, 0);
    assert_false(has(ECX, 26));
    ask(0xd, 0);
    assert_int_equal(out[EAX] | out[EBX] | out[ECX] | out[EDX], 0);
}

static void xsave_leaves(void **state)
{
    (void)state;
    ask(0xd, 0);
    assert_int_equal(out[EAX], 0x2e7);
    assert_int_equal(out[ECX], 2696);
    ask(0xd, 2);
    assert_int_equal(out[ECX], 2);
    ask(0xd, 3);
    assert_int_equal(out[EAX], 0);
    ask(0xd, 200);
    assert_int_equal(out[EAX], 0);
}

static void topology(void **state)
{
    (void)state;
    ask(0xb, 0);
    assert_int_equal(out[EAX], 1);
    assert_int_equal(out[EDX], 6);
    assert_int_equal(out[ECX], 0x100);
    ask(0xb, 1);
    assert_int_equal(out[EAX], 3); /* ids 0, 2, 4, 6 */
    assert_int_equal(out[EBX], 4);
    ask(0xb, 2);
    assert_int_equal(out[EBX], 0);
    assert_int_equal(out[ECX], 2);
}

static void limits(void **state)
{
    (void)state;
    ask(0, 0);
    assert_int_equal(out[EAX], 0xd);
    assert_int_equal(out[EBX], ~0u);
    ask(0x80000000u, 0);
    assert_int_equal(out[EAX], 0x80000021u);
    ask(0x80000008u, 0);
    assert_int_equal(out[EAX], 46 | 48 << 8);
    for (u32 leaf = 0xe; leaf < 0x30; leaf++) {
        ask(leaf, 0);
        assert_int_equal(out[EAX] | out[EBX] | out[ECX] | out[EDX], 0);
    }
    ask(0x8000000au, 0);
    assert_int_equal(out[EAX] | out[EBX] | out[ECX] | out[EDX], 0);
    ask(0xc0000001u, 0);
    assert_int_equal(out[EDX], 0);
    assert_true(cpuid_is_interface(0x40000000u));
    assert_false(cpuid_is_interface(0x80000000u));
}

static void speculation_bits(void **state)
{
    (void)state;
    ask(0x80000008u, 0);
    assert_int_equal(out[EBX], 5);
    view.has_spec_ctrl = true;
    ask(0x80000008u, 0);
    assert_true(has(EBX, 12) && has(EBX, 14) && has(EBX, 24));
    assert_false(has(EBX, 25)); /* VIRT_SSBD is an MSR we have not */
    ask(7, 0);
    assert_true(has(EDX, 26));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(hidden, make),
        cmocka_unit_test_setup(shown, make),
        cmocka_unit_test_setup(follows_control_registers, make),
        cmocka_unit_test_setup(without_vectors, make),
        cmocka_unit_test_setup(xsave_leaves, make),
        cmocka_unit_test_setup(topology, make),
        cmocka_unit_test_setup(limits, make),
        cmocka_unit_test_setup(speculation_bits, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
