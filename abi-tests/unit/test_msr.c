/* MSR policy and the speculation table, with a guest made of fakes. */
// sources: hv/core/msr.c hv/core/speculation.c
#include "hv/core/msr.h"
#include "hv/core/speculation.h"
#include "hv/cpu/run.h"
#include "hv/lib/print.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum {
    PAT = 0x277,
    MTRR_CAP = 0xfe,
    MTRR_DEFAULT = 0x2ff,
    PLATFORM_INFO = 0xce,
    FEATURES = 0x140
};
#define EFER 0xc0000080u

static struct guest guest;
static struct guest_state state_of_guest;
static bool spec_ctrl;
static u32 flushes;

void guest_state_get(const struct guest *which, struct guest_state *out)
{
    (void)which;
    *out = state_of_guest;
}

void guest_state_set(struct guest *which, const struct guest_state *state)
{
    (void)which;
    state_of_guest = *state;
}

void guest_flush_tlb(struct guest *which)
{
    (void)which;
    flushes++;
}

bool run_has_spec_ctrl(void)
{
    return spec_ctrl;
}

bool run_is_emulated(void)
{
    return false;
}

void run_speculation_set(const struct run_speculation *policy)
{
    (void)policy;
}

void print(const char *format, ...)
{
    (void)format;
}

static int make(void **state)
{
    (void)state;
    state_of_guest = (struct guest_state){0};
    spec_ctrl = false;
    flushes = 0;
    msr_reset(&guest);
    return 0;
}

static u64 read(u32 msr)
{
    u64 value = 0;

    assert_int_equal(msr_read(&guest, msr, 1234, &value), ST_OK);
    return value;
}

static void as_xen_shows_them(void **state)
{
    (void)state;
    assert_int_equal(read(MTRR_CAP), 0x508);
    assert_int_equal(read(MTRR_DEFAULT), 0x806);
    assert_int_equal(read(0x10), 1234);
    assert_int_equal(read(PLATFORM_INFO), (u64)1 << 31);
}

static void efer(void **state)
{
    (void)state;
    assert_int_equal(msr_write(&guest, EFER, 0x901), ST_OK);
    assert_int_equal(read(EFER), 0x901);
    assert_int_equal(flushes, 1);
    assert_int_equal(msr_write(&guest, EFER, 0x1901), ST_INVALID); /* SVME */
    assert_int_equal(msr_write(&guest, EFER, 0x4901), ST_INVALID); /* FFXSR */
    state_of_guest.cr0 = BIT(31);
    state_of_guest.efer = 0xd01;
    assert_int_equal(msr_write(&guest, EFER, 0x801), ST_INVALID); /* LME while paging */
    assert_int_equal(msr_write(&guest, EFER, 0x101), ST_OK);
    assert_int_equal(read(EFER), 0x501); /* LMA is the processor's */
}

static void memory_types(void **state)
{
    (void)state;
    assert_int_equal(msr_write(&guest, PAT, 0x0007040600070406), ST_OK);
    assert_int_equal(msr_write(&guest, PAT, 0x0203), ST_INVALID);
    assert_int_equal(msr_write(&guest, 0x250, 0x0606060606060606), ST_OK);
    assert_int_equal(read(0x250), 0x0606060606060606);
    assert_int_equal(msr_write(&guest, 0x250, 7), ST_INVALID);
    assert_int_equal(msr_write(&guest, 0x200, 0x80000006), ST_OK);
    assert_int_equal(read(0x200), 0x80000006);
    assert_int_equal(msr_write(&guest, 0x20f, 0xff0000800), ST_OK);
    assert_int_equal(msr_write(&guest, 0x210, 0), ST_INVALID);
    assert_int_equal(msr_write(&guest, MTRR_CAP, 0), ST_INVALID);
    assert_int_equal(msr_write(&guest, MTRR_DEFAULT, 0x1006), ST_INVALID);
}

static void cpuid_faulting(void **state)
{
    (void)state;
    assert_int_equal(msr_write(&guest, FEATURES, 2), ST_INVALID);
    assert_int_equal(msr_write(&guest, FEATURES, 1), ST_OK);
    assert_int_equal(read(FEATURES), 1);
    assert_int_equal(msr_write(&guest, PLATFORM_INFO, 0), ST_INVALID);
}

static void spec_ctrl_only_where_offered(void **state)
{
    u64 value;

    (void)state;
    assert_int_equal(msr_read(&guest, 0x48, 0, &value), ST_INVALID);
    assert_int_equal(msr_write(&guest, 0x48, 1), ST_INVALID);
    spec_ctrl = true;
    assert_int_equal(msr_write(&guest, 0x48, 8), ST_INVALID);
    assert_int_equal(msr_write(&guest, 0x48, 1), ST_OK);
    assert_int_equal(read(0x48), 1);
}

static void unknown_ones_fault(void **state)
{
    static const u32 absent[] = {0x0,        0x3a,       0x10a,     0x174000,
                                 0xc0010117, 0xc0010114, 0xffffffff};
    u64 value;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(absent); i++) {
        assert_int_equal(msr_read(&guest, absent[i], 0, &value), ST_INVALID);
        assert_int_equal(msr_write(&guest, absent[i], 0), ST_INVALID);
    }
}

static void speculation_by_kind(void **state)
{
    struct speculation_cpu cpu = {.vendor = 0x68747541, .family = 0x19};

    (void)state;
    assert_string_equal(speculation_find(&cpu)->kind, "AMD Zen 3, Zen 4");
    assert_true(speculation_find(&cpu)->stuff_return_stack);
    cpu.is_emulated = true;
    assert_false(speculation_find(&cpu)->stuff_return_stack);
    cpu = (struct speculation_cpu){.vendor = 1, .family = 6};
    assert_string_equal(speculation_find(&cpu)->kind, "unknown CPU");
    assert_true(speculation_find(&cpu)->barrier_on_switch);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_xen_shows_them, make),
        cmocka_unit_test_setup(efer, make),
        cmocka_unit_test_setup(memory_types, make),
        cmocka_unit_test_setup(cpuid_faulting, make),
        cmocka_unit_test_setup(spec_ctrl_only_where_offered, make),
        cmocka_unit_test_setup(unknown_ones_fault, make),
        cmocka_unit_test_setup(speculation_by_kind, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
