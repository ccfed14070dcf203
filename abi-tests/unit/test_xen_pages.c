// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/* What an HVM guest's calls do to its memory: shared pages, reservations, the memory map,
 * grants. */
#include "abi-tests/unit/xen_argument.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_shared_page, caller_setup),
        cmocka_unit_test_setup(test_reservations, caller_setup),
        cmocka_unit_test_setup(test_continuation, caller_setup),
        cmocka_unit_test_setup(test_memory_map, caller_setup),
        cmocka_unit_test_setup(test_remove, caller_setup),
        cmocka_unit_test_setup(test_grant_frames, caller_setup),
        cmocka_unit_test_setup(test_grant_uses, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
