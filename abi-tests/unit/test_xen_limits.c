/* The edges of grants, reservations and ports of an HVM guest, other widths included. */
// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
#include "abi-tests/unit/xen_edges.h"

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
        caller_call(XENNR_grant_table_op, XENOP_grant_table_op_get_version, NOWHERE, 0),
        -XEN_EFAULT);
    for (u32 sub = XENOP_grant_table_op_set_version; sub <= XENOP_grant_table_op_get_version;
         sub += XENOP_grant_table_op_get_version - XENOP_grant_table_op_set_version)
        assert_int_equal(caller_call(XENNR_grant_table_op, sub, ARGUMENT, 1u << 31),
                         -XEN_EINVAL);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_grants, caller_setup),
        cmocka_unit_test_setup(test_grant_table_setup, caller_setup),
        cmocka_unit_test_setup(test_grant_table_setup_narrow, caller_setup),
        cmocka_unit_test_setup(test_reservations, caller_setup),
        cmocka_unit_test_setup(test_ports, caller_setup),
        cmocka_unit_test_setup(test_fifo_change, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
