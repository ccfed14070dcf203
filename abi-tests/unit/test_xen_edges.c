/* The edges of the HVM guest's calls: bad pointers, limits and what an answer holds. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
#include "abi-tests/unit/xen_edges.h"

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
        {XENNR_memory_op, XENOP_memory_op_add_to_physmap_batch},
        {XENNR_memory_op, XENOP_memory_op_remove_from_physmap},
        {XENNR_memory_op, XENOP_memory_op_get_vnumainfo},
        {XENNR_memory_op, XENOP_memory_op_reserved_device_memory_map},
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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
