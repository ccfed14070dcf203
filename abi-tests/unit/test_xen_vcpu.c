/* VCPU_OP of an HVM guest: what each vCPU registers, its timers, and whom a call may name. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/state.h"

#define ARGUMENT 0x1000u
#define PLACE    0x5000u
#define NOWHERE  0xfff00000u

static s64 vcpu_op(u32 sub, u64 vcpu, u64 pointer)
{
    fake_vcpu[0].regs = (struct regs){0};
    caller_put(XENNR_vcpu_op, sub, vcpu, pointer);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    return caller_result();
}

static s64 with(u32 sub, u64 vcpu, const void *argument, size_t size)
{
    memcpy(fake_guest(ARGUMENT), argument, size);
    return vcpu_op(sub, vcpu, ARGUMENT);
}

/* Registers a word; what lies behind it is not its. */
static s64 area_set(u32 sub, u64 vcpu, u64 at)
{
    const u64 words[2] = {at, ~0ull};
    const struct {
        u32 at, behind;
    } narrow = {(u32)at, ~0u};

    return fake_mode == OP_MODE_64 ? with(sub, vcpu, words, sizeof(words))
                                   : with(sub, vcpu, &narrow, sizeof(narrow));
}

static struct xen_vcpu *xen_vcpu_of(u32 id)
{
    return xen_vcpu_get(&fake_vcpu[id]);
}

/* ---- Runstate ---------------------------------------------------------------- */

static void test_runstate(void **state)
{
    struct xen_vcpu_runstate_info *info = fake_guest(PLACE);

    (void)state;
    memset(info, 0xee, sizeof(*info) + 1);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_get_runstate_info, 1, PLACE), 0);
    assert_int_equal(info->state, XEN_RUNSTATE_RUNNING);
    assert_int_equal(info->state_entry_time, 500);
    for (u32 i = 0; i < XEN_RUNSTATES; i++)
        assert_int_equal(info->time[i], 100 * (i + 1));
    assert_int_equal(((u8 *)info)[sizeof(*info)], 0xee);
}

/* A 32-bit caller's structure has no gap behind the state. */
static void test_runstate_of_a_narrow_caller(void **state)
{
    const struct xen_vcpu_runstate_info_32 *info = fake_guest(PLACE);

    (void)state;
    fake_mode = OP_MODE_32;
    assert_int_equal(vcpu_op(XENOP_vcpu_op_get_runstate_info, 0, PLACE), 0);
    assert_int_equal(info->state, XEN_RUNSTATE_RUNNING);
    assert_int_equal(info->state_entry_time, 500);
    assert_int_equal(info->time[0], 100);
    assert_int_equal(info->time[3], 400);
    fake_mode = OP_MODE_64;
    assert_int_equal(vcpu_op(XENOP_vcpu_op_get_runstate_info, 0, NOWHERE), -XEN_EFAULT);
}

/* The layout of an area is its registrar's; a new one takes the place of the old. */
static void test_runstate_areas(void **state)
{
    static const u32 subs[] = {XENOP_vcpu_op_register_runstate_memory_area,
                               XENOP_vcpu_op_register_runstate_phys_area};

    for (u32 i = 0; i < ARRAY_SIZE(subs); i++) {
        struct xen_vcpu *xv;

        caller_setup(state);
        xv = xen_vcpu_of(0);
        assert_int_equal(area_set(subs[i], 0, PLACE), 0);
        assert_false(xv->is_runstate_narrow);
        assert_int_equal(((struct xen_vcpu_runstate_info *)fake_guest(PLACE))->time[3], 400);
        assert_int_equal(fake_holds, 1);
        fake_mode = OP_MODE_32;
        assert_int_equal(area_set(subs[i], 0, PLACE + 0x100), 0);
        assert_true(xv->is_runstate_narrow);
        assert_int_equal(
            ((struct xen_vcpu_runstate_info_32 *)fake_guest(PLACE + 0x100))->time[3], 400);
        assert_int_equal(fake_holds, 1);
        /* a vCPU that is down says so */
        assert_int_equal(area_set(subs[i], 1, PLACE + 0x200), 0);
        assert_int_equal(*(u32 *)fake_guest(PLACE + 0x200), XEN_RUNSTATE_OFFLINE);
    }
}

/* ---- Areas by physical address ------------------------------------------------- */

struct phys_case {
    u32 sub;
    u32 bytes, bytes_narrow;
};

static const struct phys_case phys_cases[] = {
    {XENOP_vcpu_op_register_runstate_phys_area, sizeof(struct xen_vcpu_runstate_info),
     sizeof(struct xen_vcpu_runstate_info_32)},
    {XENOP_vcpu_op_register_vcpu_time_phys_area, sizeof(struct xen_vcpu_time_info),
     sizeof(struct xen_vcpu_time_info)},
};

static const struct xen_area *area_of(const struct phys_case *c)
{
    struct xen_vcpu *xv = xen_vcpu_of(0);

    return c->sub == XENOP_vcpu_op_register_runstate_phys_area ? &xv->runstate : &xv->time;
}

/* It lies in one page, up to the last byte of it. */
static void test_physical_areas(void **state)
{
    for (u32 i = 0; i < ARRAY_SIZE(phys_cases); i++) {
        const struct phys_case *c = &phys_cases[i];

        for (u32 is_narrow = 0; is_narrow < 2; is_narrow++) {
            u32 bytes = is_narrow ? c->bytes_narrow : c->bytes;

            caller_setup(state);
            fake_mode = is_narrow ? OP_MODE_32 : OP_MODE_64;
            assert_int_equal(area_set(c->sub, 0, PLACE + PAGE_SIZE - bytes), 0);
            assert_true(xen_area_is_set(area_of(c)));
            assert_int_equal(area_set(c->sub, 0, PLACE + PAGE_SIZE - bytes + 4), -XEN_ENXIO);
            assert_int_equal(area_set(c->sub, 0, PLACE + 2), -XEN_ENXIO);
            assert_int_equal(area_set(c->sub, 0, ~0ull), 0); /* all ones take it away */
            assert_false(xen_area_is_set(area_of(c)));
            assert_int_equal(fake_holds, 0);
        }
        fake_mode = OP_MODE_64;
        assert_int_equal(area_set(c->sub, 0, 1ull << 52 | PLACE), -XEN_EINVAL);
    }
}

/* By physical address there is nothing to try again later. */
static void test_physical_after_virtual(void **state)
{
    (void)state;
    assert_int_equal(area_set(XENOP_vcpu_op_register_runstate_memory_area, 0, PLACE), 0);
    assert_int_equal(area_set(XENOP_vcpu_op_register_runstate_memory_area, 0, NOWHERE), 0);
    assert_false(xen_area_is_set(&xen_vcpu_of(0)->runstate)); /* not there: none, for now */
    assert_int_equal(xen_vcpu_of(0)->runstate_at.raw, NOWHERE);
    assert_int_equal(area_set(XENOP_vcpu_op_register_runstate_phys_area, 0, PLACE), 0);
    assert_int_equal(xen_vcpu_of(0)->runstate_at.raw, 0);
}

static void test_time_area(void **state)
{
    const u32 sub = XENOP_vcpu_op_register_vcpu_time_memory_area;

    (void)state;
    assert_int_equal(area_set(sub, 0, PLACE), 0);
    assert_int_equal(((struct xen_vcpu_time_info *)fake_guest(PLACE))->system_time,
                     fake_now_ns);
    assert_int_equal(fake_holds, 1);
    assert_int_equal(area_set(sub, 0, PLACE + 0x100), 0);
    assert_int_equal(fake_holds, 1);
    assert_int_equal(area_set(sub, 0, NOWHERE), 0); /* nothing there: no area */
    assert_false(xen_area_is_set(&xen_vcpu_of(0)->time));
    assert_int_equal(fake_holds, 0);
}

/* ---- vcpu_info ------------------------------------------------------------------ */

static s64 info_set(u64 vcpu, u64 mfn, u32 offset)
{
    struct xen_vcpu_register_vcpu_info in = {.mfn = mfn, .offset = offset};

    return with(XENOP_vcpu_op_register_vcpu_info, vcpu, &in, sizeof(in));
}

/* It moves once, with what was in it; every port is looked at again. */
static void test_info_moves(void **state)
{
    struct xen_vcpu *xv = xen_vcpu_of(0);
    const u32 last = 4096 - sizeof(struct xen_vcpu_info);
    struct xen_vcpu_info *moved = fake_guest(PLACE + last);

    (void)state;
    ((struct xen_vcpu_info *)xv->info)->cr2 = 0x77;
    assert_int_equal(info_set(0, PLACE >> 12, last + 8), -XEN_ENXIO);
    assert_int_equal(info_set(0, PLACE >> 12, 4), -XEN_ENXIO);
    assert_int_equal(info_set(0, 1ull << 52 | PLACE >> 12, 0), -XEN_EINVAL);
    assert_int_equal(info_set(0, NOWHERE >> 12, 0), -XEN_EINVAL);
    assert_false(xv->is_info_moved);
    assert_int_equal(info_set(0, PLACE >> 12, last), 0);
    assert_int_equal(moved->cr2, 0x77);
    assert_int_equal(moved->upcall_pending, 1);
    assert_int_equal(moved->pending_sel, ~0ull);
    assert_ptr_equal(xv->info, moved);
    assert_int_equal(info_set(0, PLACE >> 12, 8), -XEN_EINVAL);
}

/* A vCPU without a slot in the shared page begins with nothing in it. */
static void test_info_of_a_late_vcpu(void **state)
{
    struct xen_vcpu *xv = xen_vcpu_of(1);
    struct xen_vcpu_info *info = fake_guest(PLACE);

    (void)state;
    xv->info = NULL;
    memset(info, 0xee, sizeof(*info));
    assert_int_equal(info_set(1, PLACE >> 12, 0), 0);
    assert_int_equal(info->cr2, 0);
    assert_int_equal(info->upcall_mask, 0);
    assert_int_equal(info->time.system_time, fake_now_ns);
}

/* ---- Timers, NMI, numbers --------------------------------------------------------- */

static void test_timers(void **state)
{
    struct xen_vcpu_set_periodic_timer period = {2000000};

    (void)state;
    assert_int_equal(with(XENOP_vcpu_op_set_periodic_timer, 1, &period, sizeof(period)), 0);
    assert_int_equal(fake_vcpu[1].period_ns, 2000000);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_stop_periodic_timer, 1, 0), 0);
    assert_int_equal(fake_vcpu[1].period_ns, 0);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_stop_periodic_timer, FAKE_VCPUS, 0), -XEN_ENOENT);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_stop_singleshot_timer, 1, 0), -XEN_EINVAL);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_stop_singleshot_timer, FAKE_VCPUS, 0), -XEN_ENOENT);
}

static void test_nmi(void **state)
{
    (void)state;
    assert_int_equal(vcpu_op(XENOP_vcpu_op_send_nmi, 1, 0), 0);
    assert_int_equal(fake_vcpu[1].nmis, 1);
    assert_int_equal(fake_vcpu[0].nmis, 0);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_send_nmi, FAKE_VCPUS, 0), -XEN_ENOENT);
}

static void test_the_last_one_down(void **state)
{
    (void)state;
    for (u32 id = 0; id < FAKE_VCPUS; id++)
        assert_int_equal(op_vcpu_up(&fake_vcpu[id]), ST_OK);
    for (u32 id = 1; id < FAKE_VCPUS; id++)
        assert_int_equal(vcpu_op(XENOP_vcpu_op_down, id, 0), 0);
    assert_false(fake_partition.is_ended);
    assert_int_equal(vcpu_op(XENOP_vcpu_op_down, 0, 0), 0);
    assert_true(fake_partition.is_ended);
    assert_int_equal(fake_partition.reason, NATIVE_END_POWEROFF);
}

/* Every call names a vCPU: one that is not there, and one there is no memory for. */
static void test_whom_a_call_names(void **state)
{
    static const u32 subs[] = {
        XENOP_vcpu_op_up,
        XENOP_vcpu_op_down,
        XENOP_vcpu_op_is_up,
        XENOP_vcpu_op_get_runstate_info,
        XENOP_vcpu_op_register_runstate_memory_area,
        XENOP_vcpu_op_register_runstate_phys_area,
        XENOP_vcpu_op_register_vcpu_time_memory_area,
        XENOP_vcpu_op_register_vcpu_time_phys_area,
        XENOP_vcpu_op_register_vcpu_info,
        XENOP_vcpu_op_set_periodic_timer,
        XENOP_vcpu_op_stop_periodic_timer,
        XENOP_vcpu_op_set_singleshot_timer,
        XENOP_vcpu_op_stop_singleshot_timer,
        XENOP_vcpu_op_send_nmi,
    };

    (void)state;
    (void)xen_vcpu_of(0);
    fake_is_full = true;
    for (u32 i = 0; i < ARRAY_SIZE(subs); i++) {
        assert_int_equal(vcpu_op(subs[i], FAKE_VCPUS, ARGUMENT), -XEN_ENOENT);
        assert_int_equal(vcpu_op(subs[i], 1, ARGUMENT), -XEN_ENOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_runstate, caller_setup),
        cmocka_unit_test_setup(test_runstate_of_a_narrow_caller, caller_setup),
        cmocka_unit_test_setup(test_runstate_areas, caller_setup),
        cmocka_unit_test_setup(test_physical_areas, caller_setup),
        cmocka_unit_test_setup(test_physical_after_virtual, caller_setup),
        cmocka_unit_test_setup(test_time_area, caller_setup),
        cmocka_unit_test_setup(test_info_moves, caller_setup),
        cmocka_unit_test_setup(test_info_of_a_late_vcpu, caller_setup),
        cmocka_unit_test_setup(test_timers, caller_setup),
        cmocka_unit_test_setup(test_nmi, caller_setup),
        cmocka_unit_test_setup(test_the_last_one_down, caller_setup),
        cmocka_unit_test_setup(test_whom_a_call_names, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
