/* Event channels of a PV guest: ports, two levels, and what comes up from below. */
// sources: abi-tests/unit/fake_pv_smp.c abi-tests/unit/fake_pv_event.c
// sources: xen-adapter/pv/event.c xen-adapter/pv/event_fifo.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_event.h"
#include "xen-adapter/abi/xen_rows.h"

#define INFO(n)       (&event_shown.vcpu_info[n])
#define INFO_BELOW(n) (&event_below.vcpu_info[n])

struct shim shim;

static jmp_buf end;
static bool has_memory, has_map, has_vector; /* what the hypervisor below offers */
static struct xen_add_to_physmap mapped;
static struct xen_hvm_param vector_set;

void *shim_page_alloc(void)
{
    return has_memory ? &event_below : NULL;
}

void shim_fail(const char *format, ...)
{
    (void)format;
    longjmp(end, 1);
}

s64 l0_call(u32 number, u64 op, u64 argument, u64 a3, u64 a4, u64 a5)
{
    assert_int_equal(a3 | a4 | a5, 0);
    if (number == XENNR_memory_op && op == XENOP_memory_op_add_to_physmap && has_map) {
        mapped = *(const struct xen_add_to_physmap *)argument;
        return 0;
    }
    if (number == XENNR_hvm_op && op == XENOP_hvm_op_set_param && has_vector) {
        vector_set = *(const struct xen_hvm_param *)argument;
        return 0;
    }
    return -XEN_ENOSYS;
}

/* ---- The start ----------------------------------------------------------- */

static void init_prepare(void)
{
    event_reset();
    has_memory = has_map = has_vector = true;
    memset(&mapped, 0, sizeof(mapped));
    memset(&vector_set, 0, sizeof(vector_set));
    l0_shared = guest_shared = NULL;
    shim.domain.shared_info = virt_to_mfn(&event_shown);
    shim.domain.console_port = 2;
    shim.domain.store_port = 1;
}

static void test_init(void **state)
{
    (void)state;
    init_prepare();
    event_init();
    assert_ptr_equal(l0_shared, &event_below);
    assert_ptr_equal(guest_shared, &event_shown);
    assert_int_equal(mapped.domid, XEN_DOMID_SELF);
    assert_int_equal(mapped.space, XEN_MAPSPACE_SHARED_INFO);
    assert_int_equal(mapped.gpfn, virt_to_mfn(&event_below).raw);
    assert_int_equal(vector_set.domid, XEN_DOMID_SELF);
    assert_int_equal(vector_set.index, XEN_HVM_PARAM_CALLBACK_IRQ);
    assert_int_equal(vector_set.value, 2ull << 56 | VECTOR_UPCALL); /* [xen/hvm/params.h] */
    for (u32 port = 1; port <= 2; port++) {
        assert_int_equal(event_ports[port].kind, EVENT_REMOTE);
        assert_int_equal(event_ports[port].vcpu, 0);
        assert_int_equal(event_ports[port].priority, XEN_FIFO_PRIORITY_DEFAULT);
    }
    assert_int_equal(event_ports[3].kind, EVENT_FREE);
    for (u32 i = 0; i < XEN_LEGACY_VCPUS; i++)
        assert_int_equal(INFO(i)->upcall_mask, 1);
}

static bool init_works(void)
{
    if (setjmp(end) != 0)
        return false;
    event_init();
    return true;
}

/* Without any of the three there is no way to tell the guest of an event. */
static void test_init_refused(void **state)
{
    bool *const needed[] = {&has_memory, &has_map, &has_vector};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(needed); i++) {
        init_prepare();
        *needed[i] = false;
        assert_false(init_works());
    }
}

/* ---- Ports ---------------------------------------------------------------- */

static void test_bind(void **state)
{
    struct event_port before[2];

    (void)state;
    event_reset();
    event_port_bind(4095, EVENT_VIRQ, 1);
    assert_int_equal(event_ports[4095].kind, EVENT_VIRQ);
    assert_int_equal(event_ports[4095].vcpu, 1);
    assert_int_equal(event_ports[4095].priority, XEN_FIFO_PRIORITY_DEFAULT);
    memcpy(before, event_ports, sizeof(before));
    event_port_bind(0, EVENT_VIRQ, 1); /* no port has this number */
    event_port_bind(4096, EVENT_VIRQ, 1);
    assert_memory_equal(before, event_ports, sizeof(before));
}

static void test_the_shims_own_ports(void **state)
{
    (void)state;
    event_reset();
    event_port_bind(5, EVENT_KICK, 0);
    event_port_bind(6, EVENT_REMOTE, 0);
    assert_false(event_port_is_guests(5));
    assert_true(event_port_is_guests(6));
    assert_true(event_port_is_guests(4095));
    assert_false(event_port_is_guests(4096));
    event_raise(5); /* the guest does not see it */
    assert_false(event_is_pending(5));
    assert_int_equal(INFO(0)->upcall_pending, 0);
}

static void test_close_clears(void **state)
{
    (void)state;
    event_reset();
    event_port_bind(70, EVENT_IPI, 1);
    event_raise(69);
    event_raise(70);
    event_port_close(70);
    assert_false(event_is_pending(70));
    assert_true(event_is_pending(69));
    assert_int_equal(event_ports[70].kind, EVENT_FREE);
    assert_int_equal(event_ports[70].vcpu, 0);
    event_shown.evtchn_mask[0] = 1; /* the word behind the last one of the pending ports */
    event_port_close(4096);         /* outside: ignored */
    assert_int_equal(event_shown.evtchn_mask[0], 1);
}

/* L0 had shown the event to a vCPU whose it was not. */
static void test_adopt(void **state)
{
    (void)state;
    event_reset();
    event_port_bind(70, EVENT_REMOTE, 1);
    event_port_adopt(70); /* nothing there */
    assert_false(event_is_pending(70));
    event_below_raise(69, 0);
    event_below_raise(70, 0);
    event_port_adopt(70);
    assert_true(event_is_pending(70));
    assert_int_equal(INFO(1)->upcall_pending, 1);
    assert_false(event_is_pending(69));
    assert_int_equal(event_below.evtchn_pending[1], BIT(5));
    event_below.evtchn_mask[0] = 1; /* the word behind the last one of the pending ports */
    event_port_adopt(4096);         /* outside: ignored */
    assert_int_equal(event_below.evtchn_mask[0], 1);
    lock_is_needed = 0; /* one vCPU: all events are its own */
    event_port_adopt(69);
    assert_false(event_is_pending(69));
}

/* ---- Two levels ----------------------------------------------------------- */

static void test_two_levels(void **state)
{
    (void)state;
    event_reset();
    assert_false(fifo_in_use());
    event_raise(70);
    assert_int_equal(event_shown.evtchn_pending[1], BIT(6));
    assert_int_equal(INFO(0)->pending_sel, BIT(1));
    assert_int_equal(INFO(0)->upcall_pending, 1);
    assert_true(event_is_pending(70));
    assert_int_equal(fake_smp.kicks, 0);
    /* the selector bit is set already: no second upcall */
    INFO(0)->upcall_pending = 0;
    event_raise(71);
    assert_int_equal(INFO(0)->upcall_pending, 0);
    event_raise(4095);
    assert_int_equal(INFO(0)->upcall_pending, 1);
    /* pending already: nothing at all */
    INFO(0)->pending_sel = 0;
    event_raise(4095);
    assert_int_equal(INFO(0)->pending_sel, 0);
}

static void test_mask_and_unmask(void **state)
{
    (void)state;
    event_reset();
    event_shown.evtchn_mask[1] = BIT(3) | BIT(4);
    event_raise(67);
    assert_true(event_is_pending(67));
    assert_int_equal(INFO(0)->pending_sel, 0);
    assert_int_equal(INFO(0)->upcall_pending, 0);
    event_unmask(67);
    assert_int_equal(event_shown.evtchn_mask[1], BIT(4));
    assert_int_equal(INFO(0)->pending_sel, BIT(1));
    assert_int_equal(INFO(0)->upcall_pending, 1);
    INFO(0)->upcall_pending = 0;
    INFO(0)->pending_sel = 0;
    event_unmask(67); /* was not masked: nothing to do */
    event_unmask(68); /* not pending */
    assert_int_equal(INFO(0)->upcall_pending, 0);
    assert_int_equal(event_shown.evtchn_mask[1], 0);
}

/* An event of another vCPU interrupts it, if there is more than one. */
static void test_another_vcpu(void **state)
{
    (void)state;
    event_reset();
    event_port_bind(130, EVENT_IPI, 1);
    event_raise(130);
    assert_int_equal(INFO(1)->pending_sel, BIT(2));
    assert_int_equal(INFO(1)->upcall_pending, 1);
    assert_int_equal(INFO(0)->pending_sel, 0);
    assert_int_equal(fake_smp.kicks, 1);
    assert_int_equal(fake_smp.kicked, 1);
    event_current = 1;
    event_port_bind(200, EVENT_IPI, 1);
    event_raise(200);
    assert_int_equal(fake_smp.kicks, 1); /* itself: no need */
    lock_is_needed = 0;
    event_mark(&event_vcpus[0]);
    assert_int_equal(fake_smp.kicks, 1);
    event_port_bind(201, EVENT_IPI, 7); /* a vCPU that was never made */
    event_raise(201);
    assert_true(event_is_pending(201));
}

/* ---- From below ----------------------------------------------------------- */

static void test_upcall_carries_over(void **state)
{
    (void)state;
    event_reset();
    event_below_raise(1, 0);
    event_below_raise(64, 0);
    event_below_raise(65, 0);
    event_below_raise(4095, 0);
    event_upcall();
    assert_int_equal(INFO_BELOW(0)->upcall_pending, 0);
    assert_int_equal(INFO_BELOW(0)->pending_sel, 0);
    assert_int_equal(event_below.evtchn_pending[0] | event_below.evtchn_pending[1], 0);
    assert_int_equal(event_below.evtchn_pending[63], 0);
    assert_int_equal(event_shown.evtchn_pending[0], BIT(1));
    assert_int_equal(event_shown.evtchn_pending[1], BIT(0) | BIT(1));
    assert_int_equal(event_shown.evtchn_pending[63], BIT(63));
    assert_int_equal(INFO(0)->pending_sel, BIT(0) | BIT(1) | BIT(63));
    assert_int_equal(event_time_updates, 1);
}

/* A word may hold events of several vCPUs; each takes its own. */
static void test_upcall_leaves_the_others(void **state)
{
    (void)state;
    event_reset();
    event_port_bind(64, EVENT_REMOTE, 1);
    event_below_raise(65, 0);
    event_below_raise(64, 0);
    event_upcall();
    assert_true(event_is_pending(65));
    assert_false(event_is_pending(64));
    assert_int_equal(event_below.evtchn_pending[1], BIT(0));
    event_current = 1;
    event_below_raise(64, 1);
    event_upcall();
    assert_int_equal(INFO_BELOW(1)->upcall_pending, 0);
    assert_true(event_is_pending(64));
    assert_int_equal(INFO(1)->pending_sel, BIT(1));
    assert_int_equal(event_below.evtchn_pending[1], 0);
}

static void test_upcall_answers_flushes(void **state)
{
    (void)state;
    event_reset();
    event_vcpus[0].flush_asked = 3;
    event_upcall();
    assert_int_equal(event_vcpus[0].flush_done, 3);
}

/* ---- Waiting -------------------------------------------------------------- */

static void guest_event_comes(void)
{
    assert_int_equal(fake_smp.idles, fake_smp.idles_ended + 1);
    assert_true(fake_smp.idles <= 3);
    if (fake_smp.idles == 3)
        event_below_raise(9, 0);
}

static void work_comes(void)
{
    assert_int_equal(fake_smp.idles, 1);
    event_vcpus[0].work = WORK_DOWN;
}

static void never(void)
{
    fail();
}

static void test_wait(void **state)
{
    (void)state;
    event_reset();
    fake_smp.while_idle = guest_event_comes;
    event_wait(&event_vcpus[0]);
    assert_int_equal(fake_smp.idles, 3);
    assert_int_equal(fake_smp.idles_ended, 3);
    assert_true(event_is_pending(9));
    assert_int_equal(event_time_updates, 2); /* at the upcall and at the end */
}

static void test_wait_ends_for_work(void **state)
{
    (void)state;
    event_reset();
    fake_smp.while_idle = work_comes;
    event_wait(&event_vcpus[0]);
    assert_int_equal(fake_smp.idles_ended, 1);
    assert_int_equal(event_time_updates, 1);
}

/* What was there before it slept keeps it awake. */
static void test_wait_is_over_at_once(void **state)
{
    (void)state;
    event_reset();
    fake_smp.while_idle = never;
    event_below_raise(9, 0);
    event_wait(&event_vcpus[0]);
    event_wait(&event_vcpus[0]);
    assert_int_equal(fake_smp.idles, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_init_refused),
        cmocka_unit_test(test_bind),
        cmocka_unit_test(test_the_shims_own_ports),
        cmocka_unit_test(test_close_clears),
        cmocka_unit_test(test_adopt),
        cmocka_unit_test(test_two_levels),
        cmocka_unit_test(test_mask_and_unmask),
        cmocka_unit_test(test_another_vcpu),
        cmocka_unit_test(test_upcall_carries_over),
        cmocka_unit_test(test_upcall_leaves_the_others),
        cmocka_unit_test(test_upcall_answers_flushes),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wait_ends_for_work),
        cmocka_unit_test(test_wait_is_over_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
