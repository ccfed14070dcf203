// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/* Hypercalls of an HVM guest as registers and memory, against fake native operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"

#define ARGUMENT 0x1000u /* where the structures of these calls lie */
#define LIST     0x2000u

/* A call with a structure at ARGUMENT; what it answers there is read back. */
#define with(nr, sub, object)                                                                  \
    (memcpy(fake_guest(ARGUMENT), &(object), sizeof(object)),                                  \
     result = caller_call(XENNR_##nr, XENOP_##nr##_##sub, ARGUMENT, 1),                        \
     memcpy(&(object), fake_guest(ARGUMENT), sizeof(object)), result)
static s64 result;

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

static struct xen_shared_info *shared_map(u64 gfn)
{
    struct xen_add_to_physmap add = {XEN_DOMID_SELF, 0, XEN_MAPSPACE_SHARED_INFO, 0, gfn};

    assert_int_equal(with(memory_op, add_to_physmap, add), 0);
    return fake_guest(gfn << PAGE_SHIFT);
}

static void test_shared_page(void **state)
{
    struct xen_add_to_physmap add = {XEN_DOMID_SELF, 0, XEN_MAPSPACE_SHARED_INFO, 0, 21};
    struct xen_shared_info *shared = shared_map(20);

    (void)state;
    assert_int_equal(shared->wc_sec, 1700000000);
    assert_int_equal(shared->wc_nsec, 123456789);
    assert_int_equal(shared->vcpu_info[0].time.system_time, fake_now_ns);
    assert_int_equal(shared->vcpu_info[0].time.version & 1, 0);
    assert_int_equal(with(memory_op, add_to_physmap, add), 0);
    assert_null(fake_guest(20 << PAGE_SHIFT)); /* it moved */
    assert_ptr_equal(fake_guest(21 << PAGE_SHIFT), shared);
    add.idx = 1;
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_EINVAL);
    add.domid = 0;
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_EACCES);
    add.domid = 77;
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_ESRCH);
    add = (struct xen_add_to_physmap){XEN_DOMID_SELF, 0, 9, 0, 22};
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_EINVAL);
    add.space = XEN_MAPSPACE_GMFN_FOREIGN;
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_ENOSYS);
}

static void test_reservations(void **state)
{
    struct xen_memory_reservation r = {LIST, 4, 0, 0, XEN_DOMID_SELF};
    u64 *list = fake_guest(LIST);
    u64 i;

    (void)state;
    for (i = 0; i < 4; i++)
        list[i] = 100 + i;
    assert_int_equal(with(memory_op, decrease_reservation, r), 4);
    assert_null(fake_page[101]);
    assert_int_equal(with(memory_op, decrease_reservation, r), 0); /* nothing there any more */
    assert_int_equal(with(memory_op, populate_physmap, r), 4);
    assert_non_null(fake_page[103]);
    list[2] = 1ull << 40;
    assert_int_equal(with(memory_op, populate_physmap, r), 2);
    r.extent_order = 10;
    assert_int_equal(with(memory_op, populate_physmap, r), 0);
    r = (struct xen_memory_reservation){LIST, 2, 3, 0, XEN_DOMID_SELF};
    list[0] = 160;
    list[1] = 169; /* not aligned */
    assert_int_equal(with(memory_op, populate_physmap, r), 1);
    assert_non_null(fake_page[167]);
    r = (struct xen_memory_reservation){0xfff00000, 1, 0, 0, XEN_DOMID_SELF};
    assert_int_equal(with(memory_op, populate_physmap, r), 0);
    r = (struct xen_memory_reservation){LIST, 1, 0, 0, 0};
    assert_int_equal(with(memory_op, populate_physmap, r), 0);
    assert_int_equal(caller_call(XENNR_memory_op, 63, 0, 0), -XEN_ENOSYS);
}

/* More extents than fit in a round: the cursor is in the command and gone at the end. */
static void test_continuation(void **state)
{
    struct xen_memory_reservation r = {0x10000, 1500, 0, 0, XEN_DOMID_SELF};
    struct regs *regs = &fake_vcpu[0].regs;
    u64 i, rounds = 1;

    (void)state;
    for (i = 0; i < 1500; i++) {
        u64 gfn = 200;

        memcpy(fake_guest(0x10000 + i * 8), &gfn, 8);
    }
    memcpy(fake_guest(ARGUMENT), &r, sizeof(r));
    regs->rax = XENNR_memory_op;
    regs->rdi = XENOP_memory_op_populate_physmap;
    regs->rsi = ARGUMENT;
    while (xen_call(&fake_vcpu[0]) == CALL_REPEAT && rounds < 10) {
        assert_int_equal(regs->rax, XENNR_memory_op);
        assert_int_equal(regs->rdi >> 6, 512 * rounds);
        rounds++;
    }
    assert_int_equal(rounds, 3);
    assert_int_equal(regs->rax, 1500);
    assert_int_equal(regs->rdi, XENOP_memory_op_populate_physmap);
    r.extent_order = 10;
    memcpy(fake_guest(ARGUMENT), &r, sizeof(r));
    regs->rax = XENNR_memory_op;
    regs->rdi = 1400ull << 6 | XENOP_memory_op_populate_physmap;
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    assert_int_equal(regs->rax, 1400);
}

static void test_memory_map(void **state)
{
    struct xen_memory_map map = {5, LIST};
    struct xen_e820_entry *e820 = fake_guest(LIST);

    (void)state;
    assert_int_equal(with(memory_op, memory_map, map), 0);
    assert_int_equal(map.nr_entries, 2);
    assert_int_equal(e820[1].addr, 0xfee00000);
    assert_int_equal(e820[1].type, 2);
    map = (struct xen_memory_map){1, LIST};
    assert_int_equal(with(memory_op, memory_map, map), 0);
    assert_int_equal(map.nr_entries, 1);
    map = (struct xen_memory_map){1, 0xfff00000};
    assert_int_equal(with(memory_op, memory_map, map), -XEN_EFAULT);
}

static void test_remove(void **state)
{
    struct xen_remove_from_physmap r = {XEN_DOMID_SELF, 50};

    (void)state;
    assert_int_equal(with(memory_op, remove_from_physmap, r), 0);
    assert_int_equal(with(memory_op, remove_from_physmap, r), -XEN_ENOENT);
    r.gpfn = 1ull << 50;
    assert_int_equal(with(memory_op, remove_from_physmap, r), -XEN_ENOENT);
}

static void test_grant_frames(void **state)
{
    struct xen_gnttab_query_size query = {.dom = XEN_DOMID_SELF};
    struct xen_gnttab_set_version version = {2};
    struct xen_add_to_physmap add = {XEN_DOMID_SELF, 0, XEN_MAPSPACE_GRANT_TABLE, 2, 60};

    (void)state;
    assert_int_equal(with(grant_table_op, query_size, query), 0);
    assert_int_equal(query.nr_frames, 1);
    assert_int_equal(query.max_nr_frames, 64);
    assert_int_equal(query.status, 0);
    assert_int_equal(with(memory_op, add_to_physmap, add), 0);
    assert_int_equal(with(grant_table_op, query_size, query), 0);
    assert_int_equal(query.nr_frames, 3);
    add.idx = 64;
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_EINVAL);
    add.idx = XEN_MAPIDX_GRANT_STATUS;
    assert_int_equal(with(memory_op, add_to_physmap, add), -XEN_EINVAL);
    assert_int_equal(with(grant_table_op, set_version, version), 0);
    assert_int_equal(with(memory_op, add_to_physmap, add), 0);
    version.version = 3;
    assert_int_equal(with(grant_table_op, set_version, version), -XEN_EINVAL);
    assert_int_equal(version.version, 2);
    query.dom = 0;
    assert_int_equal(with(grant_table_op, query_size, query), 0);
    assert_int_equal(query.status, XEN_GNTST_PERMISSION_DENIED);
    query.dom = 88;
    assert_int_equal(with(grant_table_op, query_size, query), 0);
    assert_int_equal(query.status, XEN_GNTST_BAD_DOMAIN);
}

static void test_grant_uses(void **state)
{
    struct xen_gnttab_map_grant_ref map = {
        .host_addr = 0x5000, .flags = XEN_GNTMAP_HOST_MAP, .ref = 9, .dom = XEN_DOMID_SELF};
    struct xen_gnttab_unmap_grant_ref unmap = {.host_addr = 0x5000, .handle = 1009};
    struct xen_gnttab_copy copy = {.source = {8, XEN_DOMID_SELF, 16},
                                   .dest = {20, XEN_DOMID_SELF, 32},
                                   .len = 100,
                                   .flags = 1};

    (void)state;
    assert_int_equal(with(grant_table_op, map_grant_ref, map), 0);
    assert_int_equal(map.status, XEN_GNTST_OKAY);
    assert_int_equal(map.handle, 1009);
    assert_int_equal(fake_grant.rights, OP_GRANT_READ | OP_GRANT_WRITE);
    map.flags |= XEN_GNTMAP_READONLY;
    fake_grant.answer = ST_DENIED;
    assert_int_equal(with(grant_table_op, map_grant_ref, map), 0);
    assert_int_equal(map.status, XEN_GNTST_GENERAL_ERROR);
    assert_int_equal(fake_grant.rights, OP_GRANT_READ);
    fake_grant.answer = ST_NO_ENTRY;
    assert_int_equal(with(grant_table_op, map_grant_ref, map), 0);
    assert_int_equal(map.status, XEN_GNTST_BAD_GNTREF);
    map.dom = 88;
    assert_int_equal(with(grant_table_op, map_grant_ref, map), 0);
    assert_int_equal(map.status, XEN_GNTST_BAD_DOMAIN);
    map.flags = 0;
    assert_int_equal(with(grant_table_op, map_grant_ref, map), 0);
    assert_int_equal(map.status, XEN_GNTST_BAD_GNTREF);
    assert_int_equal(with(grant_table_op, unmap_grant_ref, unmap), 0);
    assert_int_equal(unmap.status, XEN_GNTST_BAD_HANDLE);
    fake_grant.answer = ST_OK;
    assert_int_equal(with(grant_table_op, unmap_grant_ref, unmap), 0);
    assert_int_equal(unmap.status, XEN_GNTST_OKAY);
    assert_int_equal(with(grant_table_op, copy, copy), 0);
    assert_int_equal(copy.status, XEN_GNTST_OKAY);
    assert_int_equal(fake_grant.from.ref, 8);
    assert_int_equal(fake_grant.to.ref, OP_GRANT_NO_REF);
    assert_int_equal(fake_grant.to.at.raw, 20 << 12);
    copy.dest.domid = 0;
    assert_int_equal(with(grant_table_op, copy, copy), 0);
    assert_int_equal(copy.status, XEN_GNTST_PERMISSION_DENIED);
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_map_grant_ref, 0xfff00000, 1),
        -XEN_EFAULT);
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_copy, ARGUMENT, ~0u),
        -XEN_EINVAL);
    assert_int_equal(
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_map_grant_ref, LIST, 0), 0);
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

static void callback_set(void)
{
    struct xen_hvm_param p = {XEN_DOMID_SELF, 0, XEN_HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | 0xf3};

    assert_int_equal(with(hvm_op, set_param, p), 0);
}

static u32 ipi_bind(u32 vcpu)
{
    struct xen_evtchn_bind_ipi bind = {vcpu, 0};

    assert_int_equal(with(event_channel_op, bind_ipi, bind), 0);
    return bind.port;
}

static void port_send(u32 port)
{
    struct xen_evtchn_send send = {port};

    assert_int_equal(with(event_channel_op, send, send), 0);
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

static void test_two_level(void **state)
{
    struct xen_shared_info *shared = shared_map(20);
    struct xen_evtchn_unmask unmask;
    u32 port;

    (void)state;
    callback_set();
    port = ipi_bind(0);
    shared->evtchn_mask[0] = 1ull << port;
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(shared->evtchn_pending[0], 1ull << port);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 0);
    assert_int_equal(fake_vcpu[0].external, 0);
    unmask.port = port;
    assert_int_equal(with(event_channel_op, unmask, unmask), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(shared->evtchn_pending[0], 1ull << port);
    assert_int_equal(shared->vcpu_info[0].pending_sel, 1);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 1);
    assert_int_equal(fake_vcpu[0].external, 0xf3);
    /* Handled: the line falls. */
    shared->vcpu_info[0].upcall_pending = 0;
    shared->vcpu_info[0].pending_sel = 0;
    shared->evtchn_pending[0] = 0;
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].external, 0);
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].external, 0xf3);
}

static void test_lapic_vector(void **state)
{
    struct xen_hvm_evtchn_upcall_vector in = {0, 0x0f};
    struct xen_shared_info *shared = shared_map(20);
    u32 port;

    (void)state;
    callback_set();
    assert_int_equal(with(hvm_op, set_evtchn_upcall_vector, in), -XEN_EINVAL);
    in = (struct xen_hvm_evtchn_upcall_vector){9, 0xf3};
    assert_int_equal(with(hvm_op, set_evtchn_upcall_vector, in), -XEN_ENOENT);
    in.vcpu = 0;
    assert_int_equal(with(hvm_op, set_evtchn_upcall_vector, in), 0);
    port = ipi_bind(0);
    port_send(port);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].lapic, 0xf3);
    assert_int_equal(fake_vcpu[0].lapic_raises, 1);
    assert_int_equal(fake_vcpu[0].external, 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fake_vcpu[0].lapic_raises, 1);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 1);
}

/* What a guest does: takes the head of a queue off. */
static u32 fifo_consume(struct xen_fifo_control_block *control, u32 *words, u32 queue)
{
    u32 port = control->head[queue];
    u32 link = words[port] & XEN_FIFO_LINK_MASK;

    words[port] &= ~(XEN_FIFO_LINKED | XEN_FIFO_LINK_MASK | XEN_FIFO_PENDING);
    control->head[queue] = link;
    if (!link)
        control->ready &= ~(1u << queue);
    return port;
}

static void test_fifo(void **state)
{
    struct xen_evtchn_init_control init = {.control_gfn = 30, .offset = 128, .vcpu = 0};
    struct xen_evtchn_expand_array expand = {31};
    struct xen_evtchn_set_priority priority;
    struct xen_fifo_control_block *control = fake_guest(0x1e080);
    struct xen_shared_info *shared = shared_map(20);
    u32 *words = fake_guest(0x1f000);
    u32 a, b, c, i;

    (void)state;
    callback_set();
    a = ipi_bind(0);
    priority = (struct xen_evtchn_set_priority){a, 3};
    assert_int_equal(with(event_channel_op, set_priority, priority), -XEN_ENOSYS);
    init.offset = 4;
    assert_int_equal(with(event_channel_op, init_control, init), -XEN_EINVAL);
    init.offset = 128;
    port_send(a); /* waits in the 2-level bitmap while the change is made */
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(with(event_channel_op, init_control, init), 0);
    assert_int_equal(init.link_bits, 17);
    assert_int_equal(with(event_channel_op, init_control, init), -XEN_EINVAL);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(with(event_channel_op, expand_array, expand), 0);
    shared->vcpu_info[0].upcall_pending = 0;
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(words[a], XEN_FIFO_PENDING | XEN_FIFO_LINKED);
    assert_int_equal(control->ready, 1u << 7);
    assert_int_equal(control->head[7], a);
    assert_int_equal(shared->vcpu_info[0].upcall_pending, 1);
    assert_int_equal(fifo_consume(control, words, 7), a);

    /* Three in order, one of them twice, one at another priority. */
    b = ipi_bind(0);
    c = ipi_bind(0);
    priority = (struct xen_evtchn_set_priority){c, 16};
    assert_int_equal(with(event_channel_op, set_priority, priority), -XEN_EINVAL);
    priority.priority = 0;
    assert_int_equal(with(event_channel_op, set_priority, priority), 0);
    for (i = 0; i < 3; i++) {
        port_send(a);
        port_send(b);
        port_send(a);
        port_send(c);
        xen_deliver(&fake_vcpu[0]);
        assert_int_equal(control->ready, 1u << 7 | 1);
        assert_int_equal(fifo_consume(control, words, 0), c);
        assert_int_equal(fifo_consume(control, words, 7), a);
        assert_int_equal(fifo_consume(control, words, 7), b);
        assert_int_equal(control->ready, 0);
    }

    /* The same event again and again must become the head each time. */
    for (i = 0; i < 3; i++) {
        port_send(a);
        xen_deliver(&fake_vcpu[0]);
        assert_int_equal(control->ready, 1u << 7);
        assert_int_equal(fifo_consume(control, words, 7), a);
    }

    /* Masked: pending but on no queue, until it is unmasked. */
    words[b] |= XEN_FIFO_MASKED;
    port_send(b);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(words[b], XEN_FIFO_MASKED | XEN_FIFO_PENDING);
    assert_int_equal(control->ready, 0);
    {
        struct xen_evtchn_unmask unmask = {b};

        assert_int_equal(with(event_channel_op, unmask, unmask), 0);
    }
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 7), b);

    /* Queued at one priority, then raised at another: each queue stays whole. */
    port_send(a);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 7), a);
    priority = (struct xen_evtchn_set_priority){a, 2};
    assert_int_equal(with(event_channel_op, set_priority, priority), 0);
    port_send(a);
    port_send(b);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(fifo_consume(control, words, 2), a);
    assert_int_equal(fifo_consume(control, words, 7), b);
    assert_int_equal(control->ready, 0);
    for (i = 1; i < 4; i++) {
        expand.array_gfn = 40 + i;
        assert_int_equal(with(event_channel_op, expand_array, expand), 0);
    }
    assert_int_equal(with(event_channel_op, expand_array, expand), -XEN_ENOSPC);
}

static void test_virqs(void **state)
{
    struct xen_evtchn_bind_virq bind = {XEN_VIRQ_TIMER, 1, 0};
    struct xen_evtchn_close close;
    struct xen_evtchn_status status = {.dom = XEN_DOMID_SELF};
    struct xen_evtchn_bind_vcpu move;

    (void)state;
    assert_int_equal(with(event_channel_op, bind_virq, bind), 0);
    status.port = bind.port;
    assert_int_equal(with(event_channel_op, status, status), 0);
    assert_int_equal(status.status, XEN_EVTCHNSTAT_VIRQ);
    assert_int_equal(status.u.virq, XEN_VIRQ_TIMER);
    assert_int_equal(status.vcpu, 1);
    move = (struct xen_evtchn_bind_vcpu){bind.port, 0};
    assert_int_equal(with(event_channel_op, bind_vcpu, move), -XEN_EINVAL);
    close.port = bind.port;
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_EEXIST);
    assert_int_equal(with(event_channel_op, close, close), 0);
    assert_int_equal(with(event_channel_op, close, close), -XEN_EINVAL);
    assert_int_equal(with(event_channel_op, bind_virq, bind), 0);
    bind = (struct xen_evtchn_bind_virq){24, 0, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_EINVAL);
    bind = (struct xen_evtchn_bind_virq){XEN_VIRQ_CONSOLE, 1, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_EINVAL);
    bind = (struct xen_evtchn_bind_virq){XEN_VIRQ_TIMER, 9, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), -XEN_ENOENT);
    bind = (struct xen_evtchn_bind_virq){XEN_VIRQ_ARCH_0, 0, 0};
    assert_int_equal(with(event_channel_op, bind_virq, bind), 0);
    move = (struct xen_evtchn_bind_vcpu){bind.port, 1};
    assert_int_equal(with(event_channel_op, bind_vcpu, move), 0);
    move.vcpu = 7;
    assert_int_equal(with(event_channel_op, bind_vcpu, move), -XEN_ENOENT);
}

static void test_interdomain(void **state)
{
    struct xen_evtchn_alloc_unbound alloc = {XEN_DOMID_SELF, XEN_DOMID_SELF, 0};
    struct xen_evtchn_bind_interdomain bind = {XEN_DOMID_SELF, 0, 0};
    struct xen_shared_info *shared = shared_map(20);
    struct xen_evtchn_reset reset = {XEN_DOMID_SELF};

    (void)state;
    assert_int_equal(with(event_channel_op, alloc_unbound, alloc), 0);
    bind.remote_port = alloc.port;
    assert_int_equal(with(event_channel_op, bind_interdomain, bind), 0);
    xen_deliver(&fake_vcpu[0]);
    assert_int_equal(shared->evtchn_pending[0], 1ull << bind.local_port);
    assert_int_equal(with(event_channel_op, bind_interdomain, bind), -XEN_EINVAL);
    bind.remote_dom = 55;
    assert_int_equal(with(event_channel_op, bind_interdomain, bind), -XEN_ESRCH);
    alloc.dom = 0;
    assert_int_equal(with(event_channel_op, alloc_unbound, alloc), -XEN_EPERM);
    assert_int_equal(with(event_channel_op, reset, reset), 0);
    assert_int_equal(shared->evtchn_pending[0], 0);
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
        cmocka_unit_test_setup(test_shared_page, caller_setup),
        cmocka_unit_test_setup(test_reservations, caller_setup),
        cmocka_unit_test_setup(test_continuation, caller_setup),
        cmocka_unit_test_setup(test_memory_map, caller_setup),
        cmocka_unit_test_setup(test_remove, caller_setup),
        cmocka_unit_test_setup(test_grant_frames, caller_setup),
        cmocka_unit_test_setup(test_grant_uses, caller_setup),
        cmocka_unit_test_setup(test_hvm_params, caller_setup),
        cmocka_unit_test_setup(test_record, caller_setup),
        cmocka_unit_test_setup(test_two_level, caller_setup),
        cmocka_unit_test_setup(test_lapic_vector, caller_setup),
        cmocka_unit_test_setup(test_fifo, caller_setup),
        cmocka_unit_test_setup(test_virqs, caller_setup),
        cmocka_unit_test_setup(test_interdomain, caller_setup),
        cmocka_unit_test_setup(test_multicall, caller_setup),
        cmocka_unit_test_setup(test_sched, caller_setup),
        cmocka_unit_test_setup(test_vcpu, caller_setup),
        cmocka_unit_test_setup(test_runstate_flag, caller_setup),
        cmocka_unit_test_setup(test_initialise, caller_setup),
        cmocka_unit_test_setup(test_console, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
