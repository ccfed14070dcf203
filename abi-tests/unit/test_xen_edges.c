/* The edges of the HVM guest's calls: bad pointers, other widths, limits and what an answer
 * holds. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c xen-adapter/call.c xen-adapter/console.c
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
#include "xen-adapter/event.h"

#define ARGUMENT 0x1000u
#define LIST     0x2000u
#define NOWHERE  0xfff00000u
#define HOLE     200u /* a frame without memory */

static void put(const void *bytes, size_t size)
{
    memcpy(fake_guest(ARGUMENT), bytes, size);
}

static void get(void *bytes, size_t size)
{
    memcpy(bytes, fake_guest(ARGUMENT), size);
}

/* Every call with a structure, its pointer where nothing is. */
static void test_bad_pointers(void **state)
{
    static const struct {
        u32 nr, sub;
    } pointed[] = {
        {XENNR_event_channel_op, XENOP_event_channel_op_alloc_unbound},
        {XENNR_event_channel_op, XENOP_event_channel_op_bind_interdomain},
        {XENNR_event_channel_op, XENOP_event_channel_op_bind_virq},
        {XENNR_event_channel_op, XENOP_event_channel_op_bind_ipi},
        {XENNR_event_channel_op, XENOP_event_channel_op_close},
        {XENNR_event_channel_op, XENOP_event_channel_op_send},
        {XENNR_event_channel_op, XENOP_event_channel_op_status},
        {XENNR_event_channel_op, XENOP_event_channel_op_bind_vcpu},
        {XENNR_event_channel_op, XENOP_event_channel_op_unmask},
        {XENNR_event_channel_op, XENOP_event_channel_op_reset},
        {XENNR_event_channel_op, XENOP_event_channel_op_init_control},
        {XENNR_event_channel_op, XENOP_event_channel_op_expand_array},
        {XENNR_event_channel_op, XENOP_event_channel_op_set_priority},
        {XENNR_hvm_op, XENOP_hvm_op_set_param},
        {XENNR_hvm_op, XENOP_hvm_op_get_param},
        {XENNR_hvm_op, XENOP_hvm_op_set_evtchn_upcall_vector},
        {XENNR_hvm_op, XENOP_hvm_op_get_time},
        {XENNR_hvm_op, XENOP_hvm_op_xentrace},
        {XENNR_hvm_op, XENOP_hvm_op_get_mem_type},
        {XENNR_sched_op, XENOP_sched_op_shutdown},
        {XENNR_sched_op, XENOP_sched_op_shutdown_code},
        {XENNR_sched_op, XENOP_sched_op_poll},
        {XENNR_sched_op, XENOP_sched_op_watchdog},
        {XENNR_sched_op, XENOP_sched_op_remote_shutdown},
        {XENNR_memory_op, XENOP_memory_op_memory_map},
        {XENNR_memory_op, XENOP_memory_op_add_to_physmap},
        {XENNR_memory_op, XENOP_memory_op_remove_from_physmap},
        {XENNR_memory_op, XENOP_memory_op_current_reservation},
        {XENNR_memory_op, XENOP_memory_op_maximum_reservation},
        {XENNR_grant_table_op, XENOP_grant_table_op_query_size},
        {XENNR_grant_table_op, XENOP_grant_table_op_setup_table},
        {XENNR_grant_table_op, XENOP_grant_table_op_set_version},
        {XENNR_grant_table_op, XENOP_grant_table_op_get_version},
        {XENNR_grant_table_op, XENOP_grant_table_op_swap_grant_ref},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(pointed); i++) {
        s64 result = caller_call(pointed[i].nr, pointed[i].sub, NOWHERE, 1);
        if (result != -XEN_EFAULT)
            print_error("%u.%u: %ld\n", pointed[i].nr, pointed[i].sub, (long)result);
        assert_int_equal(result, -XEN_EFAULT);
    }
    assert_false(fake_partition.is_ended);
    for (u32 sub = XENOP_vcpu_op_get_runstate_info; sub <= 15; sub++)
        if (sub != XENOP_vcpu_op_stop_periodic_timer && sub != XENOP_vcpu_op_send_nmi &&
            sub != XENOP_vcpu_op_stop_singleshot_timer && sub != 12)
            assert_int_equal(caller_call(XENNR_vcpu_op, sub, 0, NOWHERE), -XEN_EFAULT);
    assert_int_equal(caller_call(XENNR_memory_op, XENOP_memory_op_populate_physmap, NOWHERE, 0),
                     0);
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_decrease_reservation, NOWHERE, 0), 0);
}

static void test_vcpu_areas(void **state)
{
    struct xen_vcpu *xv;
    u64 at;

    (void)state;
    xv = xen_vcpu_get(&fake_vcpu[0]);
    for (u32 round = 0; round < 2; round++) {
        u32 sub = round ? XENOP_vcpu_op_register_vcpu_time_phys_area
                        : XENOP_vcpu_op_register_runstate_phys_area;
        const u64 good[] = {0x5000, 0x5f00 + 4 * !round}, odd[] = {0x5002, 0x5001, 0x5fff};
        for (u32 i = 0; i < ARRAY_SIZE(good); i++) {
            at = good[i];
            put(&at, sizeof(at));
            assert_int_equal(caller_call(XENNR_vcpu_op, sub, 0, ARGUMENT), 0);
        }
        for (u32 i = 0; i < ARRAY_SIZE(odd); i++) {
            at = odd[i];
            put(&at, sizeof(at));
            assert_int_equal(caller_call(XENNR_vcpu_op, sub, 0, ARGUMENT), -XEN_ENXIO);
        }
        at = (1ull << 46) + 0x5000;
        put(&at, sizeof(at));
        assert_int_equal(caller_call(XENNR_vcpu_op, sub, 0, ARGUMENT), -XEN_EINVAL);
        at = NOWHERE;
        put(&at, sizeof(at));
        assert_int_equal(caller_call(XENNR_vcpu_op, sub, 0, ARGUMENT), -XEN_EINVAL);
        assert_int_equal(caller_call(XENNR_vcpu_op, sub, 1, ARGUMENT), -XEN_EINVAL);
        assert_int_equal(caller_call(XENNR_vcpu_op, sub, 9, ARGUMENT), -XEN_ENOENT);
        at = ~0ull; /* takes it away */
        put(&at, sizeof(at));
        assert_int_equal(caller_call(XENNR_vcpu_op, sub, 0, ARGUMENT), 0);
    }
    at = 0x6000;
    put(&at, sizeof(at));
    assert_int_equal(
        caller_call(XENNR_vcpu_op, XENOP_vcpu_op_register_runstate_phys_area, 0, ARGUMENT), 0);
    assert_int_equal(*(u32 *)fake_guest(0x6000), XEN_RUNSTATE_RUNNING);
    assert_int_equal(xv->runstate_at.raw, 0);
    at = 0x7000;
    put(&at, sizeof(at));
    assert_int_equal(
        caller_call(XENNR_vcpu_op, XENOP_vcpu_op_register_vcpu_time_memory_area, 0, ARGUMENT),
        0);
    assert_int_not_equal(*(u32 *)fake_guest(0x7000), 0); /* the version of a record written */
    at = 0x8000;
    put(&at, sizeof(at));
    assert_int_equal(
        caller_call(XENNR_vcpu_op, XENOP_vcpu_op_register_runstate_memory_area, 0, ARGUMENT),
        0);
    assert_int_equal(xv->runstate_at.raw, 0x8000);
}

static void test_timers(void **state)
{
    u64 words[2] = {1000000, 0};

    (void)state;
    put(words, sizeof(words));
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_set_periodic_timer, 0, ARGUMENT),
                     0);
    assert_int_equal(fake_vcpu[0].period_ns, 1000000);
    words[0] = 999999;
    put(words, sizeof(words));
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_set_periodic_timer, 0, ARGUMENT),
                     -XEN_EINVAL);
    words[0] = 1ull << 63;
    put(words, sizeof(words));
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_set_periodic_timer, 0, ARGUMENT),
                     -XEN_EINVAL);
    assert_int_equal(
        caller_call(XENNR_vcpu_op, XENOP_vcpu_op_set_singleshot_timer, 1, ARGUMENT),
        -XEN_EINVAL);
    words[0] = 77;
    put(words, sizeof(words));
    assert_int_equal(
        caller_call(XENNR_vcpu_op, XENOP_vcpu_op_set_singleshot_timer, 0, ARGUMENT), 0);
    assert_int_equal(fake_vcpu[0].single_ns, 77);
}

static void test_hvm(void **state)
{
    struct xen_hvm_param param = {.domid = XEN_DOMID_SELF,
                                  .index = XEN_HVM_PARAM_X87_FIP_WIDTH};
    struct xen_hvm_evtchn_upcall_vector vector = {.vcpu = 0, .vector = 0x10};
    struct xen_hvm_get_mem_type type = {.domid = XEN_DOMID_SELF, .pfn = 5};
    struct xen_hvm_xentrace trace = {0};
    struct xen_hvm_get_time now;

    (void)state;
    for (u64 width = 0; width < 10; width++) {
        param.value = width;
        put(&param, sizeof(param));
        assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_set_param, ARGUMENT, 0),
                         width == 0 || width == 4 || width == 8 ? 0 : -XEN_EINVAL);
    }
    put(&vector, sizeof(vector));
    assert_int_equal(
        caller_call(XENNR_hvm_op, XENOP_hvm_op_set_evtchn_upcall_vector, ARGUMENT, 0), 0);
    vector.vector = 0xf;
    put(&vector, sizeof(vector));
    assert_int_equal(
        caller_call(XENNR_hvm_op, XENOP_hvm_op_set_evtchn_upcall_vector, ARGUMENT, 0),
        -XEN_EINVAL);
    for (u64 pointer = 0; pointer < 2; pointer++) {
        s64 wanted = pointer ? -XEN_EINVAL : 0;
        assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_flush_tlbs, pointer, !pointer),
                         wanted);
        assert_int_equal(
            caller_call(XENNR_hvm_op, XENOP_hvm_op_guest_request_vm_event, pointer, !pointer),
            wanted);
    }
    assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_get_time, ARGUMENT, 0), 0);
    get(&now, sizeof(now));
    assert_int_equal(now.now, fake_now_ns);
    trace.extra_bytes = sizeof(trace.extra);
    put(&trace, sizeof(trace));
    assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_xentrace, ARGUMENT, 0), 0);
    trace.extra_bytes++;
    put(&trace, sizeof(trace));
    assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_xentrace, ARGUMENT, 0),
                     -XEN_EINVAL);
    put(&type, sizeof(type));
    assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_get_mem_type, ARGUMENT, 0), 0);
    get(&type, sizeof(type));
    assert_int_equal(type.mem_type, XEN_HVMMEM_RAM_RW);
    type.pfn = FAKE_PAGES - 1;
    put(&type, sizeof(type));
    assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_get_mem_type, ARGUMENT, 0), 0);
    get(&type, sizeof(type));
    assert_int_equal(type.mem_type, XEN_HVMMEM_MMIO_DM);
    type.domid = 77;
    put(&type, sizeof(type));
    assert_int_equal(caller_call(XENNR_hvm_op, XENOP_hvm_op_get_mem_type, ARGUMENT, 0),
                     -XEN_ESRCH);
}

static s64 param_set(u32 index, u64 value)
{
    struct xen_hvm_param in = {.domid = XEN_DOMID_SELF, .index = index, .value = value};

    put(&in, sizeof(in));
    return caller_call(XENNR_hvm_op, XENOP_hvm_op_set_param, ARGUMENT, 0);
}

/* How the upcall comes: by the domain's vector, or by a vector of the vCPU's own. */
static void test_callbacks(void **state)
{
    struct xen_hvm_evtchn_upcall_vector own = {.vcpu = 0, .vector = 0xf3};
    struct xen_vcpu *xv = xen_vcpu_get(&fake_vcpu[0]);

    (void)state;
    assert_int_equal(param_set(XEN_HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | 0xf4), 0);
    assert_int_equal(xv->domain->callback_vector, 0xf4);
    xen_upcall_mark(xv);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].external, 0xf4);
    put(&own, sizeof(own));
    assert_int_equal(
        caller_call(XENNR_hvm_op, XENOP_hvm_op_set_evtchn_upcall_vector, ARGUMENT, 0), 0);
    assert_int_equal(fake_vcpu[0].external, 0);
    assert_int_equal(fake_vcpu[0].lapic, 0xf3);
    assert_int_equal(fake_vcpu[0].lapic_raises, 1); /* one was pending */
    assert_int_equal(param_set(XEN_HVM_PARAM_CALLBACK_IRQ, 9),
                     0); /* a wire that is not there */
    assert_int_equal(xv->domain->callback_vector, 0);
    fake_mode = OP_MODE_32;
    assert_int_equal(param_set(XEN_HVM_PARAM_CALLBACK_IRQ, 9), 0);
    assert_true(xv->domain->is_narrow); /* the width of who sets it is the width of the pages */
    assert_int_equal(param_set(XEN_HVM_PARAM_ACPI_IOPORTS_LOCATION, 1), -XEN_ENODEV);
    own.vcpu = 1;
    put(&own, sizeof(own));
    fake_is_full = true;
    assert_int_equal(
        caller_call(XENNR_hvm_op, XENOP_hvm_op_set_evtchn_upcall_vector, ARGUMENT, 0),
        -XEN_ENOMEM);
}

static void test_shutdown_code(void **state)
{
    struct xen_sched_shutdown in = {.reason = 0x101}; /* one byte counts: reboot */

    (void)state;
    put(&in, sizeof(in));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_shutdown_code, ARGUMENT, 0), 0);
    assert_false(fake_partition.is_ended);
    in.reason = 3;
    put(&in, sizeof(in));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_shutdown_code, ARGUMENT, 0), 0);
    (void)caller_call(XENNR_sched_op, XENOP_sched_op_shutdown, ARGUMENT, 0);
    assert_true(fake_partition.is_ended);
    assert_int_equal(fake_partition.reason, NATIVE_END_REBOOT); /* the first one holds */
}

static s64 watchdog(u32 id, u32 timeout)
{
    struct xen_sched_watchdog in = {.id = id, .timeout = timeout};

    put(&in, sizeof(in));
    return caller_call(XENNR_sched_op, XENOP_sched_op_watchdog, ARGUMENT, 0);
}

/* Two of them, by number; 0 asks for a free one. */
static void test_watchdogs(void **state)
{
    const u64 *at = fake_partition.watchdog;

    (void)state;
    assert_int_equal(watchdog(1, 5), -XEN_EINVAL); /* not set */
    assert_int_equal(watchdog(0, 5), 1);
    assert_int_equal(at[0], fake_now_ns + 5000000000);
    assert_int_equal(watchdog(0, ~0u), 2);
    assert_int_equal(at[1], fake_now_ns + 4294967295000000000ull);
    assert_int_equal(watchdog(0, 5), (u32)-XEN_ENOSPC);
    assert_int_equal(watchdog(2, 7), 0);
    assert_int_equal(at[1], fake_now_ns + 7000000000);
    assert_int_equal(watchdog(3, 7), -XEN_EINVAL);
    assert_int_equal(watchdog(1, 0), 0);
    assert_int_equal(at[0], 0);
    assert_int_equal(watchdog(1, 0), -XEN_EINVAL);
    assert_int_equal(watchdog(0, 0), 1); /* fires at once */
    assert_int_equal(at[0], fake_now_ns);
}

static void test_poll(void **state)
{
    struct xen_sched_poll poll = {.ports = LIST, .nr_ports = XEN_POLL_PORTS_MAX};
    struct xen_evtchn_bind_ipi bind = {0};
    u32 *ports = fake_guest(LIST);

    (void)state;
    put(&bind, sizeof(bind));
    assert_int_equal(
        caller_call(XENNR_event_channel_op, XENOP_event_channel_op_bind_ipi, ARGUMENT, 0), 0);
    get(&bind, sizeof(bind));
    for (u32 i = 0; i < XEN_POLL_PORTS_MAX; i++)
        ports[i] = bind.port;
    poll.timeout = fake_now_ns; /* now is not later */
    put(&poll, sizeof(poll));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_poll, ARGUMENT, 0), 0);
    assert_false(fake_vcpu[0].is_parked);
    poll.nr_ports++;
    put(&poll, sizeof(poll));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_poll, ARGUMENT, 0),
                     -XEN_EINVAL);
    poll.nr_ports = 1;
    ports[0] = bind.port + 1;
    put(&poll, sizeof(poll));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_poll, ARGUMENT, 0),
                     -XEN_EINVAL);
    poll.ports = NOWHERE;
    put(&poll, sizeof(poll));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_poll, ARGUMENT, 0),
                     -XEN_EFAULT);
    poll = (struct xen_sched_poll){0}; /* until something comes */
    put(&poll, sizeof(poll));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_poll, ARGUMENT, 0), 0);
    assert_int_equal(fake_vcpu[0].park_deadline, OP_NEVER);
    poll = (struct xen_sched_poll){.timeout = fake_now_ns + 5};
    put(&poll, sizeof(poll));
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_poll, ARGUMENT, 0), 0);
    assert_true(fake_vcpu[0].is_parked);
    assert_int_equal(fake_vcpu[0].park_deadline, fake_now_ns + 5);
}

static void test_grants(void **state)
{
    struct xen_gnttab_setup_table table = {
        .dom = XEN_DOMID_SELF, .nr_frames = 2, .frame_list = LIST};
    struct xen_gnttab_query_size size = {.dom = XEN_DOMID_SELF};
    struct xen_gnttab_get_version version = {.dom = XEN_DOMID_SELF};
    struct xen_gnttab_swap_grant_ref swap[3] = {{.ref_a = 9, .ref_b = 10, .status = 7},
                                                {.ref_a = 11, .ref_b = 12, .status = 7},
                                                {.ref_a = 13, .ref_b = 14, .status = 7}};
    u64 *list = fake_guest(LIST);

    (void)state;
    put(&size, sizeof(size));
    for (u64 count = 0; count < 4; count++) {
        assert_int_equal(
            caller_call(XENNR_grant_table_op, XENOP_grant_table_op_query_size, ARGUMENT, count),
            count == 1 ? 0 : -XEN_EINVAL);
        assert_int_equal(caller_call(XENNR_grant_table_op, XENOP_grant_table_op_setup_table,
                                     count == 1 ? NOWHERE : ARGUMENT, count),
                         count == 1 ? -XEN_EFAULT : -XEN_EINVAL);
    }
    get(&size, sizeof(size));
    assert_int_equal(size.status, 0);
    assert_true(size.nr_frames >= 1);
    list[0] = list[1] = list[2] = 0x1234;
    put(&table, sizeof(table));
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_setup_table, ARGUMENT, 1), 0);
    get(&table, sizeof(table));
    assert_int_equal(table.status, 0);
    assert_int_not_equal(list[0], 0x1234);
    assert_int_not_equal(list[1], 0x1234);
    assert_int_equal(list[2], 0x1234);
    table.frame_list = NOWHERE;
    put(&table, sizeof(table));
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_setup_table, ARGUMENT, 1), 0);
    get(&table, sizeof(table));
    assert_int_equal(table.status, XEN_GNTST_BAD_VIRT_ADDR);
    put(&version, sizeof(version));
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_get_version, NOWHERE, 0), 0);
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_get_version, ARGUMENT, 1), 0);
    get(&version, sizeof(version));
    assert_int_equal(version.version, 1);
    version.dom = 77;
    put(&version, sizeof(version));
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_get_version, ARGUMENT, 1),
        -XEN_ESRCH);
    put(swap, sizeof(swap));
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_swap_grant_ref, NOWHERE, 0), 0);
    assert_int_equal(caller_call(XENNR_grant_table_op, XENOP_grant_table_op_swap_grant_ref,
                                 ARGUMENT, 0x80000000u),
                     -XEN_EINVAL);
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_swap_grant_ref, ARGUMENT, 2), 0);
    get(swap, sizeof(swap));
    assert_int_not_equal(swap[0].status, 7);
    assert_int_not_equal(swap[1].status, 7);
    assert_int_equal(swap[2].status, 7);
}

static s64 grant_op(u32 sub, void *argument, size_t size, u64 count)
{
    s64 error;

    put(argument, size);
    error = caller_call(XENNR_grant_table_op, sub, ARGUMENT, count);
    get(argument, size);
    return error;
}

/* The list says where the guest has placed the frames; whose table it may be is one guest's. */
static void test_grant_table_setup(void **state)
{
    struct xen_gnttab_setup_table table = {
        .dom = XEN_DOMID_SELF, .nr_frames = 2, .frame_list = LIST};
    struct xen_add_to_physmap add = {
        .domid = XEN_DOMID_SELF, .space = XEN_MAPSPACE_GRANT_TABLE, .idx = 1, .gpfn = HOLE};
    u64 *list = fake_guest(LIST);

    (void)state;
    put(&add, sizeof(add));
    assert_int_equal(caller_call(XENNR_memory_op, XENOP_memory_op_add_to_physmap, ARGUMENT, 0),
                     0);
    assert_non_null(fake_page[HOLE]);
    assert_int_equal(grant_op(XENOP_grant_table_op_setup_table, &table, sizeof(table), 1), 0);
    assert_int_equal(table.status, XEN_GNTST_OKAY);
    assert_int_equal(list[0], XEN_GFN_NONE); /* nowhere yet */
    assert_int_equal(list[1], HOLE);
    table.dom = 77;
    assert_int_equal(grant_op(XENOP_grant_table_op_setup_table, &table, sizeof(table), 1), 0);
    assert_int_equal(table.status, XEN_GNTST_BAD_DOMAIN);
    table.dom = XEN_DOMID_SELF;
    table.nr_frames = XEN_GRANT_FRAMES_MAX + 1;
    assert_int_equal(grant_op(XENOP_grant_table_op_setup_table, &table, sizeof(table), 1), 0);
    assert_int_equal(table.status, XEN_GNTST_GENERAL_ERROR);
}

/* A 32-bit caller: the list's pointer lies right behind the status, its words are half as wide.
 */
static void test_grant_table_setup_narrow(void **state)
{
    struct {
        u16 dom, pad;
        u32 nr_frames;
        s16 status;
        u16 pad2;
        u32 frame_list, behind;
    } table = {XEN_DOMID_SELF, 0, 2, 7, 0, LIST, 0x5555};
    u32 *list = fake_guest(LIST);

    (void)state;
    fake_mode = OP_MODE_32;
    list[2] = 0x1234;
    assert_int_equal(grant_op(XENOP_grant_table_op_setup_table, &table, sizeof(table), 1), 0);
    assert_int_equal(table.status, XEN_GNTST_OKAY);
    assert_int_equal(list[0], (u32)XEN_GFN_NONE);
    assert_int_equal(list[1], (u32)XEN_GFN_NONE);
    assert_int_equal(list[2], 0x1234);
    assert_int_equal(table.behind, 0x5555);
    table.frame_list = NOWHERE;
    assert_int_equal(grant_op(XENOP_grant_table_op_setup_table, &table, sizeof(table), 1), 0);
    assert_int_equal(table.status, XEN_GNTST_BAD_VIRT_ADDR);
}

/* Extents of a higher order, and of a 32-bit caller. */
static void test_reservations(void **state)
{
    struct xen_memory_reservation in = {
        .extent_start = LIST, .nr_extents = 1, .extent_order = 2, .domid = XEN_DOMID_SELF};
    struct {
        u32 extent_start, nr_extents, extent_order, mem_flags;
        u16 domid, pad;
    } narrow = {LIST, 2, 0, 0, XEN_DOMID_SELF, 0};
    u64 *list = fake_guest(LIST);
    u32 *words = fake_guest(LIST);

    (void)state;
    put(&in, sizeof(in));
    list[0] = 200;
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_populate_physmap, ARGUMENT, 0), 1);
    for (u32 i = 198; i < 206; i++)
        assert_int_equal(fake_page[i] != NULL, i >= 200 && i < 204);
    list[0] = 201; /* not aligned to its order */
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_populate_physmap, ARGUMENT, 0), 0);
    list[0] = 204; /* not there */
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_decrease_reservation, ARGUMENT, 0), 0);
    fake_page[203] = NULL; /* there in part only */
    list[0] = 200;
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_decrease_reservation, ARGUMENT, 0), 0);
    in.extent_order = 1;
    put(&in, sizeof(in));
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_decrease_reservation, ARGUMENT, 0), 1);
    assert_null(fake_page[200]);
    assert_null(fake_page[201]);
    assert_non_null(fake_page[202]);
    fake_mode = OP_MODE_32;
    put(&narrow, sizeof(narrow));
    words[0] = 210, words[1] = 211;
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_populate_physmap, ARGUMENT, 0), 2);
    assert_non_null(fake_page[210]);
    assert_non_null(fake_page[211]);
    narrow.extent_start = NOWHERE;
    put(&narrow, sizeof(narrow));
    assert_int_equal(
        caller_call(XENNR_memory_op, XENOP_memory_op_populate_physmap, ARGUMENT, 0), 0);
    assert_int_equal(caller_call(XENNR_memory_op, XENOP_memory_op_populate_physmap, NOWHERE, 0),
                     0);
}

static u32 ipi_bind(void)
{
    struct xen_evtchn_bind_ipi bind = {.vcpu = 0};

    put(&bind, sizeof(bind));
    assert_int_equal(
        caller_call(XENNR_event_channel_op, XENOP_event_channel_op_bind_ipi, ARGUMENT, 1), 0);
    get(&bind, sizeof(bind));
    return bind.port;
}

static s64 event_op(u32 sub, const void *in, size_t size)
{
    put(in, size);
    return caller_call(XENNR_event_channel_op, sub, ARGUMENT, 0);
}

/* The answer of status, and the numbers there is room for. */
static void test_ports(void **state)
{
    struct xen_evtchn_bind_virq virq = {.virq = 1, .vcpu = 0};
    struct xen_evtchn_status status = {.dom = XEN_DOMID_SELF};
    struct op_port_status raw;
    u32 port = ipi_bind();

    (void)state;
    assert_int_equal(op_port_status(&fake_partition, port, &raw), ST_OK);
    assert_int_equal(xen_port_data_unpack(raw.data).virq_plus_1, 0);
    status.port = port;
    status.u.virq = 0x5555;
    assert_int_equal(event_op(XENOP_event_channel_op_status, &status, sizeof(status)), 0);
    get(&status, sizeof(status));
    assert_int_equal(status.status, 5);
    assert_int_equal(status.u.virq, 0x5555);
    assert_int_equal(event_op(XENOP_event_channel_op_bind_virq, &virq, sizeof(virq)), 0);
    get(&virq, sizeof(virq));
    status.port = virq.port;
    assert_int_equal(event_op(XENOP_event_channel_op_status, &status, sizeof(status)), 0);
    get(&status, sizeof(status));
    assert_int_equal(status.status, 4);
    assert_int_equal(status.u.virq, 1);
    while (port < 62)
        port = ipi_bind();
    for (u32 highest = 62; highest < 65; highest++) {
        u32 room = highest < 64 ? 64 : 128;
        status = (struct xen_evtchn_status){.dom = XEN_DOMID_SELF, .port = room - 1};
        assert_int_equal(event_op(XENOP_event_channel_op_status, &status, sizeof(status)), 0);
        status.port = room;
        assert_int_equal(event_op(XENOP_event_channel_op_status, &status, sizeof(status)),
                         -XEN_EINVAL);
        assert_int_equal(ipi_bind(), highest + 1);
    }
}

/* From two levels to FIFO and back: what is pending goes along, nothing else does. */
static void test_fifo_change(void **state)
{
    struct xen_evtchn_init_control init = {.control_gfn = 30};
    struct xen_evtchn_expand_array expand = {.array_gfn = 31};
    struct xen_evtchn_reset reset = {.dom = XEN_DOMID_SELF};
    struct xen_vcpu *xv = xen_vcpu_get(&fake_vcpu[0]);
    u32 a = ipi_bind(), b = ipi_bind();
    u32 *words = fake_guest(31u << PAGE_SHIFT);
    u8 *pending = xen_shared_pending(xv->domain);

    (void)state;
    assert_int_equal(event_op(XENOP_event_channel_op_expand_array, &expand, sizeof(expand)),
                     -XEN_EOPNOTSUPP);
    pending[a / 8] |= (u8)(1u << a % 8);
    fake_vcpu[0].raised_count = 0;
    assert_int_equal(event_op(XENOP_event_channel_op_init_control, &init, sizeof(init)), 0);
    assert_int_equal(fake_vcpu[0].raised_count, 1);
    assert_int_equal(fake_vcpu[0].raised[0], a);
    xen_deliver(&fake_vcpu[0]); /* no word yet: it waits in the bitmap */
    expand.array_gfn = 1ull << 40;
    assert_int_equal(event_op(XENOP_event_channel_op_expand_array, &expand, sizeof(expand)),
                     -XEN_EINVAL);
    expand.array_gfn = FAKE_PAGES - 1;
    assert_int_equal(event_op(XENOP_event_channel_op_expand_array, &expand, sizeof(expand)),
                     -XEN_EINVAL);
    fake_vcpu[0].raised_count = 0;
    pending[1024 / 8] |= 1; /* of the second page, not this one's affair */
    expand.array_gfn = 31;
    assert_int_equal(event_op(XENOP_event_channel_op_expand_array, &expand, sizeof(expand)), 0);
    assert_int_equal(fake_vcpu[0].raised_count, 1);
    assert_int_equal(pending[a / 8] & 1u << a % 8, 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(words[a], XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    assert_int_equal(words[b], 0);
    expand.array_gfn = 32;
    assert_int_equal(event_op(XENOP_event_channel_op_expand_array, &expand, sizeof(expand)), 0);
    assert_int_equal(pending[1024 / 8] & 1, 0);
    assert_int_equal(event_op(XENOP_event_channel_op_reset, &reset, sizeof(reset)), 0);
    assert_null(xv->control);
    assert_false(xv->domain->is_fifo);
    for (u32 i = 0; i < XEN_FIFO_QUEUES; i++)
        assert_int_equal(xv->queue[i].tail, 0);
    assert_int_equal(event_op(XENOP_event_channel_op_init_control, &init, sizeof(init)), 0);
}

/* With the Hyper-V interface in the usual places Xen's leaves and register lie behind it. */
static void test_beside_hyperv(void **state)
{
    u32 out[4];

    (void)state;
    fake_partition.shows_tlfs = true;
    assert_int_equal(xen_cpuid(&fake_vcpu[0], 0x40000000, 0, out), VERDICT_NOT_MINE);
    assert_int_equal(xen_cpuid(&fake_vcpu[0], 0x40000100, 0, out), VERDICT_ANSWERED);
    assert_int_equal(out[0], 0x40000104);
    assert_int_equal(out[1], 0x566e6558); /* "XenV" */
    assert_int_equal(xen_cpuid(&fake_vcpu[0], 0x40000102, 0, out), VERDICT_ANSWERED);
    assert_int_equal(out[1], 0x40000200);
    assert_int_equal(xen_msr_write(&fake_vcpu[0], 0x40000000, 0x5000), VERDICT_NOT_MINE);
    assert_int_equal(xen_msr_write(&fake_vcpu[0], 0x40000200, 0x5000), VERDICT_ANSWERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_beside_hyperv, caller_setup),
        cmocka_unit_test_setup(test_bad_pointers, caller_setup),
        cmocka_unit_test_setup(test_vcpu_areas, caller_setup),
        cmocka_unit_test_setup(test_timers, caller_setup),
        cmocka_unit_test_setup(test_hvm, caller_setup),
        cmocka_unit_test_setup(test_callbacks, caller_setup),
        cmocka_unit_test_setup(test_shutdown_code, caller_setup),
        cmocka_unit_test_setup(test_watchdogs, caller_setup),
        cmocka_unit_test_setup(test_poll, caller_setup),
        cmocka_unit_test_setup(test_grants, caller_setup),
        cmocka_unit_test_setup(test_grant_table_setup, caller_setup),
        cmocka_unit_test_setup(test_grant_table_setup_narrow, caller_setup),
        cmocka_unit_test_setup(test_reservations, caller_setup),
        cmocka_unit_test_setup(test_ports, caller_setup),
        cmocka_unit_test_setup(test_fifo_change, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
