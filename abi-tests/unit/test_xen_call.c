// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/* Hypercalls of an HVM guest as registers and memory, against fake native operations. */
#include "abi-tests/unit/xen_argument.h"

static void test_version(void **state)
{
    struct xen_feature_info info = {0};
    struct xen_extraversion extra;

    (void)state;
    assert_int_equal(caller_call(XENNR_xen_version, XENOP_xen_version_version, 0, 0),
                     4 << 16 | 20);
    assert_int_equal(caller_call(XENNR_xen_version, 99, 0, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(XENNR_xen_version, XENOP_xen_version_pagesize, 0, 0), 4096);
    assert_int_equal(caller_call(XENNR_xen_version, XENOP_xen_version_pagesize, 1, 0),
                     -XEN_EINVAL);
    assert_int_equal(
        caller_call(XENNR_xen_version, XENOP_xen_version_extraversion, 0xfff00000, 0),
        -XEN_EFAULT);
    assert_int_equal(with(xen_version, extraversion, extra), 0);
    assert_string_equal(extra.text, ".0");
    assert_int_equal(with(xen_version, get_features, info), 0);
    assert_true(info.submap & 1u << XEN_FEATURE_HVM_CALLBACK_VECTOR);
    assert_false(info.submap & 1u << XEN_FEATURE_HVM_PIRQS);
    info.submap_idx = 1;
    assert_int_equal(with(xen_version, get_features, info), -XEN_EINVAL);
    assert_int_equal(caller_call(XENNR_xen_version, XENOP_xen_version_build_id, 0, 0),
                     -XEN_EPERM);
}

static void test_refusals(void **state)
{
    struct xen_versioned_op op = {1, XEN_SYSCTL_INTERFACE_VERSION};
    u64 nr;

    (void)state;
    for (nr = 64; nr < 70; nr++)
        assert_int_equal(caller_call(nr, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(11, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(~(u64)0, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(XENNR_mmu_update, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(XENNR_iret, 0, 0, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(XENNR_physdev_op, 25, 0, 0), -XEN_ENOSYS);
    memcpy(fake_guest(ARGUMENT), &op, sizeof(op));
    assert_int_equal(caller_call(XENNR_sysctl, ARGUMENT, 0, 0), -XEN_EPERM);
    assert_int_equal(caller_call(XENNR_domctl, ARGUMENT, 0, 0), -XEN_EPERM);
    assert_int_equal(caller_call(XENNR_platform_op, ARGUMENT, 0, 0), -XEN_EACCES);
    assert_int_equal(caller_call(XENNR_sysctl, 0xfff00000, 0, 0), -XEN_EFAULT);
    fake_cpl = 3;
    assert_int_equal(caller_call(XENNR_xen_version, 0, 0, 0), -XEN_EPERM);
    fake_cpl = 0;
    fake_mode = OP_MODE_VM86;
    assert_int_equal(caller_call(XENNR_xen_version, 0, 0, 0), -XEN_EPERM);
    assert_int_equal(caller_call(XENNR_vm_assist, 0, 0, 0), -XEN_EPERM);
}

static void test_assist(void **state)
{
    (void)state;
    assert_int_equal(caller_call(XENNR_vm_assist, 0, 5, 0), 0);
    assert_int_equal(caller_call(XENNR_vm_assist, 2, 5, 0), -XEN_ENOSYS);
    assert_int_equal(caller_call(XENNR_vm_assist, 0, 2, 0), -XEN_EINVAL);
    assert_int_equal(caller_call(XENNR_vm_assist, 1, 5, 0), 0);
}

/* 32-bit callers: ebx, ecx, ...; answers as wide. */
static void test_narrow(void **state)
{
    struct regs *regs = &fake_vcpu[0].regs;
    struct {
        u16 domid, size;
        u32 space, idx, gpfn;
    } add = {XEN_DOMID_SELF, 0, XEN_MAPSPACE_SHARED_INFO, 0, 20};

    (void)state;
    fake_mode = OP_MODE_32;
    memcpy(fake_guest(ARGUMENT), &add, sizeof(add));
    *regs = (struct regs){.rax = XENNR_memory_op,
                          .rbx = XENOP_memory_op_add_to_physmap,
                          .rcx = ARGUMENT | 0xabcd00000000ull};
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    assert_int_equal(regs->rax, 0);
    regs->rax = 63;
    xen_call(&fake_vcpu[0]);
    assert_int_equal(regs->rax, (u32)-XEN_ENOSYS);
}

static void test_cpuid(void **state)
{
    u32 out[4];
    char text[13] = {0};

    (void)state;
    assert_int_equal(xen_cpuid(&fake_vcpu[0], 0x40000000, 0, out), VERDICT_ANSWERED);
    memcpy(text, out + 1, 12);
    assert_string_equal(text, "XenVMMXenVMM");
    assert_int_equal(out[0], 0x40000004);
    xen_cpuid(&fake_vcpu[0], 0x40000001, 0, out);
    assert_int_equal(out[0], XEN_VERSION);
    xen_cpuid(&fake_vcpu[0], 0x40000003, 1, out);
    assert_int_equal(out[0], 5);
    assert_int_equal(out[2], 0x80000000);
    xen_cpuid(&fake_vcpu[1], 0x40000004, 0, out);
    assert_int_equal(out[0], XEN_CPUID4_EAX_VCPU_ID | XEN_CPUID4_EAX_DOMID);
    assert_int_equal(out[1], 1);
    assert_int_equal(out[2], FAKE_DOMID);
    assert_int_equal(xen_cpuid(&fake_vcpu[0], 0x40000100, 0, out), VERDICT_NOT_MINE);
    assert_int_equal(xen_cpuid(&fake_vcpu[0], 1, 0, out), VERDICT_NOT_MINE);
}

static void test_hypercall_page(void **state)
{
    const u8 *page = fake_guest(0x5000);

    (void)state;
    assert_int_equal(xen_msr_write(&fake_vcpu[0], 0x40000000, 0x5000), VERDICT_ANSWERED);
    assert_memory_equal(page + 17 * 32, "\xb8\x11\0\0\0\x0f\x01\xd9\xc3", 9);
    assert_memory_equal(page + 23 * 32, "\x0f\x0b", 2);
    assert_int_equal(xen_msr_write(&fake_vcpu[0], 0x40000000, 0x5001), VERDICT_FAULTS);
    assert_int_equal(xen_msr_write(&fake_vcpu[0], 0x40000000, 0xf0000000), VERDICT_FAULTS);
    assert_int_equal(xen_msr_write(&fake_vcpu[0], 0x40000001, 0), VERDICT_NOT_MINE);
}

static void test_hvm_params(void **state)
{
    struct xen_hvm_param p = {XEN_DOMID_SELF, 0, XEN_HVM_PARAM_STORE_PFN, 0};

    (void)state;
    assert_int_equal(with(hvm_op, get_param, p), 0);
    assert_int_equal(p.value, 100 + NATIVE_STORE_GFN);
    assert_int_equal(with(hvm_op, set_param, p), -XEN_EPERM);
    p.index = 39;
    assert_int_equal(with(hvm_op, get_param, p), -XEN_EINVAL);
    p.index = XEN_HVM_PARAM_NESTEDHVM;
    assert_int_equal(with(hvm_op, get_param, p), -XEN_EINVAL);
    p.index = XEN_HVM_PARAM_VIRIDIAN;
    assert_int_equal(with(hvm_op, get_param, p), -XEN_EPERM);
    p.index = XEN_HVM_PARAM_CALLBACK_IRQ;
    p.value = 2ull << 56 | 0xf3;
    assert_int_equal(with(hvm_op, set_param, p), 0);
    p.value = 0;
    assert_int_equal(with(hvm_op, get_param, p), 0);
    assert_int_equal(p.value, 2ull << 56 | 0xf3);
    p.domid = 0;
    assert_int_equal(with(hvm_op, get_param, p), -XEN_EPERM);
}

/* What is recorded of a call: its row, its arguments, its structure as it was afterwards. */
static void test_record(void **state)
{
    const struct xen_vcpu_set_singleshot_timer timer = {.timeout_abs_ns = 1, .flags = 1};
    struct xen_evtchn_bind_ipi bind = {.vcpu = 0};
    u64 before = fake_call_count[XENROW_event_channel_op_bind_ipi];

    (void)state;
    assert_int_equal(with(event_channel_op, bind_ipi, bind), 0);
    assert_int_equal(fake_call_last.call, XENROW_event_channel_op_bind_ipi);
    assert_int_equal(fake_call_last.argument[1], ARGUMENT);
    assert_int_equal(fake_call_last.data_bytes, sizeof(bind));
    assert_memory_equal(fake_call_last.data, &bind, sizeof(bind));
    assert_int_equal(fake_call_count[XENROW_event_channel_op_bind_ipi], before + 1);
    /* Behind the vCPU, for vcpu_op. */
    memcpy(fake_guest(ARGUMENT), &timer, sizeof(timer));
    caller_call(XENNR_vcpu_op, XENOP_vcpu_op_set_singleshot_timer, 0, ARGUMENT);
    assert_int_equal(fake_call_last.data_bytes, sizeof(timer));
    assert_memory_equal(fake_call_last.data, &timer, sizeof(timer));
    /* A structure nowhere: the call is recorded without it. */
    assert_int_equal(caller_call(XENNR_event_channel_op, XENOP_event_channel_op_send, ~0ull, 0),
                     -XEN_EFAULT);
    assert_int_equal(fake_call_last.data_bytes, 0);
    assert_int_equal(fake_call_last.result, -XEN_EFAULT);
    /* The version is asked all the time, and not recorded. */
    caller_call(XENNR_xen_version, XENOP_xen_version_version, 0, 0);
    assert_int_equal(fake_call_last.call, XENROW_event_channel_op_send);
}

static void test_multicall(void **state)
{
    struct xen_multicall_entry *entry = fake_guest(LIST);
    u32 i;

    (void)state;
    entry[0] = (struct xen_multicall_entry){.op = XENNR_xen_version};
    entry[1] = (struct xen_multicall_entry){.op = 63};
    entry[2] = (struct xen_multicall_entry){.op = XENNR_multicall};
    entry[3] = (struct xen_multicall_entry){.op = XENNR_vm_assist, .args = {0, 5}, .result = 7};
    assert_int_equal(caller_call(XENNR_multicall, LIST, 4, 0), 0);
    assert_int_equal(entry[0].result, XEN_VERSION);
    assert_int_equal(entry[1].result, -XEN_ENOSYS);
    assert_int_equal(entry[2].result, -XEN_EINVAL);
    assert_int_equal(entry[3].result, 0);
    assert_int_equal(caller_call(XENNR_multicall, 0xfff00000, 1, 0), -XEN_EFAULT);
    assert_int_equal(caller_call(XENNR_multicall, 0xfff00000, 0, 0), 0);
    for (i = 0; i < 600; i++) {
        struct xen_multicall_entry one = {.op = XENNR_xen_version};

        memcpy(fake_guest(0x10000 + i * sizeof(one)), &one, sizeof(one));
    }
    assert_int_equal(caller_call(XENNR_multicall, 0x10000, 600, 0), 0);
    memcpy(entry, fake_guest(0x10000 + 599 * sizeof(*entry)), sizeof(*entry));
    assert_int_equal(entry[0].result, XEN_VERSION);
}

static void test_sched(void **state)
{
    struct xen_sched_shutdown shutdown = {XEN_SHUTDOWN_REBOOT};
    struct xen_sched_poll poll = {LIST, 1, 5000000};
    struct xen_shared_info *shared = shared_map(20);
    u32 port = ipi_bind(0);

    (void)state;
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_yield, 0, 0), 0);
    assert_int_equal(fake_yields, 1);
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_block, 0, 0), 0);
    assert_true(fake_vcpu[0].is_parked);
    fake_vcpu[0].is_parked = false;
    memcpy(fake_guest(LIST), &port, 4);
    assert_int_equal(with(sched_op, poll, poll), 0);
    assert_true(fake_vcpu[0].is_parked);
    assert_int_equal(fake_vcpu[0].park_deadline, 5000000);
    fake_vcpu[0].is_parked = false;
    shared->evtchn_pending[0] = 1ull << port;
    assert_int_equal(with(sched_op, poll, poll), 0);
    assert_false(fake_vcpu[0].is_parked);
    poll.nr_ports = 129;
    assert_int_equal(with(sched_op, poll, poll), -XEN_EINVAL);
    shared->vcpu_info[0].upcall_pending = 1;
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_block, 0, 0), 0);
    assert_false(fake_vcpu[0].is_parked);
    assert_int_equal(with(sched_op, shutdown, shutdown), 0);
    assert_true(fake_partition.is_ended);
    assert_int_equal(fake_partition.reason, NATIVE_END_REBOOT);
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_remote_shutdown, ARGUMENT, 0),
                     -XEN_ESRCH);
    memset(fake_guest(ARGUMENT), 0, 8);
    assert_int_equal(caller_call(XENNR_sched_op, XENOP_sched_op_remote_shutdown, ARGUMENT, 0),
                     -XEN_EPERM);
    assert_int_equal(caller_call(XENNR_sched_op, 8, ARGUMENT, 0), -XEN_ENOSYS);
}

static s64 vcpu_call(u32 sub, u64 vcpu, const void *argument, u64 bytes)
{
    if (bytes)
        memcpy(fake_guest(ARGUMENT), argument, bytes);
    return caller_call(XENNR_vcpu_op, sub, vcpu, ARGUMENT);
}

static void test_vcpu(void **state)
{
    struct xen_vcpu_register_vcpu_info info = {.mfn = 70, .offset = 64};
    struct xen_vcpu_info *moved = fake_guest(70 * 4096 + 64);
    struct xen_vcpu_set_singleshot_timer timer = {500, XEN_SINGLESHOT_FUTURE};
    struct xen_vcpu_runstate_info *runstate = fake_guest(0x7000 - 24);
    u64 area = 0x7000 - 24; /* straddles two pages that are not neighbours in the host */
    u64 tail;

    (void)state;
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_is_up, 0, 0), 1);
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_is_up, 1, 0), 0);
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_is_up, 2, 0), -XEN_ENOENT);
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_is_up, ~(u64)0, 0), -XEN_ENOENT);
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_up, 1, 0), -XEN_EINVAL);
    info.offset = 4096 - 32;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_register_vcpu_info, 0, &info, sizeof(info)),
                     -XEN_ENXIO);
    info.offset = 64;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_register_vcpu_info, 0, &info, sizeof(info)), 0);
    assert_int_equal(moved->upcall_pending, 1);
    assert_int_equal(moved->pending_sel, ~(u64)0);
    assert_int_equal(moved->time.system_time, fake_now_ns);
    assert_int_equal(vcpu_call(XENOP_vcpu_op_register_vcpu_info, 0, &info, sizeof(info)),
                     -XEN_EINVAL);
    assert_int_equal(vcpu_call(XENOP_vcpu_op_set_singleshot_timer, 0, &timer, sizeof(timer)),
                     0);
    timer.timeout_abs_ns = fake_now_ns + 9;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_set_singleshot_timer, 0, &timer, sizeof(timer)),
                     0);
    assert_int_equal(fake_vcpu[0].single_ns, fake_now_ns + 9);
    assert_int_equal(vcpu_call(XENOP_vcpu_op_set_singleshot_timer, 1, &timer, sizeof(timer)),
                     -XEN_EINVAL);
    assert_int_equal(vcpu_call(XENOP_vcpu_op_stop_singleshot_timer, 0, NULL, 0), 0);
    assert_int_equal(fake_vcpu[0].single_ns, 0);
    area = 999999;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_set_periodic_timer, 0, &area, sizeof(area)),
                     -XEN_EINVAL);
    area = 0x7000 - 24;
    assert_int_equal(
        vcpu_call(XENOP_vcpu_op_register_runstate_memory_area, 0, &area, sizeof(area)), 0);
    assert_int_equal(runstate->state, XEN_RUNSTATE_RUNNING);
    assert_int_equal(runstate->state_entry_time, 500);
    assert_int_equal(runstate->time[0], 100);
    memcpy(&tail, fake_guest(0x7000), 8);
    assert_int_equal(tail, 200);
    assert_int_equal(caller_call(XENNR_set_timer_op, 7777, 0, 0), 0);
    assert_int_equal(fake_vcpu[0].single_ns, 7777);
    assert_int_equal(caller_call(XENNR_set_timer_op, ~(u64)0 >> 2, 0, 0), 0);
    assert_int_equal(fake_vcpu[0].single_ns, fake_now_ns + 100000000);
    assert_int_equal(caller_call(XENNR_set_timer_op, 0, 0, 0), 0);
    assert_int_equal(fake_vcpu[0].single_ns, 0);
}

static void test_runstate_flag(void **state)
{
    struct xen_vcpu_runstate_info *runstate = fake_guest(0x6000);
    u64 area = 0x6000;

    (void)state;
    assert_int_equal(caller_call(XENNR_vm_assist, 0, XEN_VMASST_RUNSTATE_UPDATE_FLAG, 0), 0);
    assert_int_equal(
        vcpu_call(XENOP_vcpu_op_register_runstate_memory_area, 0, &area, sizeof(area)), 0);
    assert_int_equal(runstate->state_entry_time, 500);
    xen_switch_out(&fake_vcpu[0]);
    xen_switch_in(&fake_vcpu[0]);
    assert_int_equal(runstate->state_entry_time, 500);
    area = 0x3008;
    assert_int_equal(
        vcpu_call(XENOP_vcpu_op_register_vcpu_time_phys_area, 0, &area, sizeof(area)), 0);
    assert_int_equal(((struct xen_vcpu_time_info *)fake_guest(0x3008))->version, 2);
    area = 0x3ff8;
    assert_int_equal(
        vcpu_call(XENOP_vcpu_op_register_vcpu_time_phys_area, 0, &area, sizeof(area)),
        -XEN_ENXIO);
}

static void test_initialise(void **state)
{
    struct xen_vcpu_hvm_context context = {.mode = XEN_VCPU_HVM_MODE_64B};

    (void)state;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_initialise, 1, &context, sizeof(context)),
                     -XEN_EINVAL);
    context.cpu_regs.x86_64.cr0 = 0x80000001;
    context.cpu_regs.x86_64.cr4 = 0x20;
    context.cpu_regs.x86_64.efer = 0x500;
    context.cpu_regs.x86_64.rip = 0x1234;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_initialise, 1, &context, sizeof(context)), 0);
    assert_int_equal(fake_vcpu[1].context.regs.rip, 0x1234);
    assert_int_equal(fake_vcpu[1].context.cs.attributes, 0xa9b);
    assert_int_equal(vcpu_call(XENOP_vcpu_op_initialise, 1, &context, sizeof(context)),
                     -XEN_EEXIST);
    assert_int_equal(caller_call(XENNR_vcpu_op, XENOP_vcpu_op_up, 1, 0), 0);
    assert_true(fake_vcpu[1].is_up);
    context.mode = 2;
    assert_int_equal(vcpu_call(XENOP_vcpu_op_initialise, 0, &context, sizeof(context)),
                     -XEN_EEXIST);
}

static void test_console(void **state)
{
    (void)state;
    memcpy(fake_guest(ARGUMENT), "hello\n", 6);
    assert_int_equal(caller_call(XENNR_console_io, 0, 6, ARGUMENT), 0);
    assert_string_equal(fake_log, "hello\n");
    assert_int_equal(caller_call(XENNR_console_io, 0, 6, 0xfff00000), -XEN_EFAULT);
    assert_int_equal(caller_call(XENNR_console_io, 1, 6, ARGUMENT), -XEN_EPERM);
    assert_int_equal(caller_call(XENNR_console_io, 2, 6, ARGUMENT), -XEN_ENOSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_version, caller_setup),
        cmocka_unit_test_setup(test_refusals, caller_setup),
        cmocka_unit_test_setup(test_assist, caller_setup),
        cmocka_unit_test_setup(test_narrow, caller_setup),
        cmocka_unit_test_setup(test_cpuid, caller_setup),
        cmocka_unit_test_setup(test_hypercall_page, caller_setup),
        cmocka_unit_test_setup(test_hvm_params, caller_setup),
        cmocka_unit_test_setup(test_record, caller_setup),
        cmocka_unit_test_setup(test_multicall, caller_setup),
        cmocka_unit_test_setup(test_sched, caller_setup),
        cmocka_unit_test_setup(test_vcpu, caller_setup),
        cmocka_unit_test_setup(test_runstate_flag, caller_setup),
        cmocka_unit_test_setup(test_initialise, caller_setup),
        cmocka_unit_test_setup(test_console, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
