// sources: abi-tests/unit/fake_grant.c xen-adapter/grant_use.c
// sources: abi-tests/unit/fake_op.c abi-tests/unit/fake_op_memory.c abi-tests/unit/fake_op_port.c
// sources: xen-adapter/call.c xen-adapter/console.c
// sources: xen-adapter/control.c xen-adapter/cpuid.c xen-adapter/deliver.c
// sources: xen-adapter/event.c xen-adapter/event_fifo.c xen-adapter/grant.c xen-adapter/hvm.c
// sources: xen-adapter/memory.c xen-adapter/multicall.c xen-adapter/physmap.c
// sources: xen-adapter/sched.c xen-adapter/state.c xen-adapter/time.c xen-adapter/vcpu.c
// sources: xen-adapter/vcpu_context.c xen-adapter/version.c
/* Grants of an HVM guest: arrays of any length, whose page it is, and what each status means.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"

#define ARRAY    0x3000u
#define NOWHERE  0xfff00000u
#define STRANGER 77u /* no such domain */
#define MANY     150u

static void guest_put(u64 at, const void *bytes, u64 size)
{
    assert_int_equal(mem_write(&fake_vcpu[0], gva(at), bytes, size), ST_OK);
}

static void guest_get(u64 at, void *bytes, u64 size)
{
    assert_int_equal(mem_read(&fake_vcpu[0], gva(at), bytes, size), ST_OK);
}

static s64 grant(u32 sub, u64 at, u64 count)
{
    return caller_call(XENNR_grant_table_op, sub, at, count);
}

#define ONE(sub, object)                                                                       \
    (guest_put(ARRAY, &(object), sizeof(object)),                                              \
     assert_int_equal(grant(XENOP_grant_table_op_##sub, ARRAY, 1), 0),                         \
     guest_get(ARRAY, &(object), sizeof(object)))

/* ---- Arrays ----------------------------------------------------------------- */

static void test_long_array(void **state)
{
    static struct xen_gnttab_map_grant_ref map[MANY + 1];

    (void)state;
    for (u32 i = 0; i <= MANY; i++)
        map[i] = (struct xen_gnttab_map_grant_ref){.host_addr = 0x5000,
                                                   .flags = XEN_GNTMAP_HOST_MAP,
                                                   .ref = i,
                                                   .dom = XEN_DOMID_SELF,
                                                   .status = 99};
    guest_put(ARRAY, map, sizeof(map));
    assert_int_equal(grant(XENOP_grant_table_op_map_grant_ref, ARRAY, MANY), 0);
    guest_get(ARRAY, map, sizeof(map));
    for (u32 i = 0; i < MANY; i++) {
        assert_int_equal(map[i].status, XEN_GNTST_OKAY);
        assert_int_equal(map[i].handle, 1000 + i);
    }
    assert_int_equal(map[MANY].status, 99);
    assert_int_equal(grant(XENOP_grant_table_op_map_grant_ref, ARRAY, 0x80000000u),
                     -XEN_EINVAL);
    assert_int_equal(grant(XENOP_grant_table_op_map_grant_ref, NOWHERE, 0), 0);
}

/* It gives way after some; the registers say how to go on. */
static void test_array_gives_way(void **state)
{
    struct xen_gnttab_unmap_grant_ref unmap[MANY] = {0};

    (void)state;
    guest_put(ARRAY, unmap, sizeof(unmap));
    caller_put(XENNR_grant_table_op, XENOP_grant_table_op_unmap_grant_ref, ARRAY, MANY);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_REPEAT);
    assert_in_range(fake_vcpu[0].regs.rdx, 1, MANY - 1);
    assert_int_equal(fake_vcpu[0].regs.rsi,
                     ARRAY + (MANY - fake_vcpu[0].regs.rdx) * sizeof(unmap[0]));
}

/* What comes before a bad entry is done. */
static void test_bad_entry(void **state)
{
    static const u32 subs[] = {XENOP_grant_table_op_map_grant_ref,
                               XENOP_grant_table_op_unmap_grant_ref, XENOP_grant_table_op_copy};
    struct xen_gnttab_unmap_grant_ref unmap = {.handle = 5, .status = 99};
    u64 last = (FAKE_PAGES / 2) * PAGE_SIZE - sizeof(unmap);

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(subs); i++)
        assert_int_equal(grant(subs[i], NOWHERE, 1), -XEN_EFAULT);
    guest_put(last, &unmap, sizeof(unmap));
    assert_int_equal(grant(XENOP_grant_table_op_unmap_grant_ref, last, 2), -XEN_EFAULT);
    guest_get(last, &unmap, sizeof(unmap));
    assert_int_equal(unmap.status, XEN_GNTST_OKAY);
    fake_is_read_only = true;
    for (u32 i = 0; i < 2; i++)
        assert_int_equal(grant(subs[i], ARRAY, 1), -XEN_EFAULT);
}

/* ---- Mapping ---------------------------------------------------------------- */

static void test_map_flags(void **state)
{
    struct xen_gnttab_map_grant_ref map = {
        .host_addr = 0x5678, .ref = 9, .dom = XEN_DOMID_SELF, .dev_bus_addr = 3};

    (void)state;
    map.flags = XEN_GNTMAP_HOST_MAP;
    ONE(map_grant_ref, map);
    assert_int_equal(map.status, XEN_GNTST_OKAY);
    assert_int_equal(fake_grant.at.raw, 0x5000);
    assert_int_equal(map.dev_bus_addr, 3);
    map.flags = XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_DEVICE_MAP;
    ONE(map_grant_ref, map);
    assert_int_equal(map.dev_bus_addr, 0x5000);
    map.flags = XEN_GNTMAP_DEVICE_MAP;
    ONE(map_grant_ref, map);
    assert_int_equal(map.status, XEN_GNTST_GENERAL_ERROR);
    assert_int_equal(map.handle, 0xffffffffu);
    map.flags = XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_CONTAINS_PTE;
    ONE(map_grant_ref, map);
    assert_int_equal(map.status, XEN_GNTST_GENERAL_ERROR);
    map.dev_bus_addr = 3;
    map.handle = 5;
    fake_grant.answer = ST_DENIED;
    map.flags = XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_DEVICE_MAP;
    ONE(map_grant_ref, map);
    assert_int_equal(map.dev_bus_addr, 3);
    assert_int_equal(map.handle, 0xffffffffu);
}

static void test_statuses(void **state)
{
    static const struct {
        enum status status;
        s16 word;
    } pairs[] = {
        {ST_OK, XEN_GNTST_OKAY},
        {ST_NO_PARTITION, XEN_GNTST_BAD_DOMAIN},
        {ST_NO_ENTRY, XEN_GNTST_BAD_GNTREF},
        {ST_FAULT, XEN_GNTST_BAD_PAGE},
        {ST_RANGE, XEN_GNTST_BAD_COPY_ARG},
        {ST_NO_SPACE, XEN_GNTST_NO_SPACE},
        {ST_NO_MEMORY, XEN_GNTST_NO_SPACE},
        {ST_DENIED, XEN_GNTST_GENERAL_ERROR},
        {ST_INVALID, XEN_GNTST_GENERAL_ERROR},
        {ST_BUSY, XEN_GNTST_GENERAL_ERROR},
    };
    struct xen_gnttab_copy copy = {.source = {8, XEN_DOMID_SELF, 0},
                                   .dest = {20, XEN_DOMID_SELF, 0}};
    struct xen_gnttab_unmap_grant_ref unmap = {0};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
        fake_grant.answer = pairs[i].status;
        ONE(copy, copy);
        assert_int_equal(copy.status, pairs[i].word);
        ONE(unmap_grant_ref, unmap);
        assert_int_equal(unmap.status,
                         pairs[i].status == ST_NO_ENTRY ? XEN_GNTST_BAD_HANDLE : pairs[i].word);
    }
}

/* ---- Copying ---------------------------------------------------------------- */

static void test_copy_sides(void **state)
{
    struct xen_gnttab_copy copy = {
        .source = {8, XEN_DOMID_SELF, 16}, .dest = {20, XEN_DOMID_SELF, 32}, .len = 100};

    (void)state;
    for (u16 flags = 0; flags < 4; flags++) {
        copy.flags = flags;
        ONE(copy, copy);
        assert_int_equal(copy.status, XEN_GNTST_OKAY);
        assert_int_equal(fake_grant.from.ref, flags & 1 ? 8 : OP_GRANT_NO_REF);
        assert_int_equal(fake_grant.to.ref, flags & 2 ? 20 : OP_GRANT_NO_REF);
        if (!(flags & 1))
            assert_int_equal(fake_grant.from.at.raw, 8 << 12);
        if (!(flags & 2))
            assert_int_equal(fake_grant.to.at.raw, 20 << 12);
        assert_int_equal(fake_grant.from.offset, 16);
        assert_int_equal(fake_grant.to.offset, 32);
        assert_int_equal(fake_grant.bytes, 100);
    }
}

static void test_copy_refused(void **state)
{
    static const struct {
        u64 word;
        u16 domid, flags;
        s16 status;
    } sides[] = {
        {8, 0, 0, XEN_GNTST_PERMISSION_DENIED},
        {8, STRANGER, 0, XEN_GNTST_BAD_DOMAIN},
        {8, STRANGER, 3, XEN_GNTST_BAD_DOMAIN},
        {8, 0, 3, XEN_GNTST_OKAY},
        {0xffffffff, XEN_DOMID_SELF, 3, XEN_GNTST_BAD_GNTREF},
        {1ull << 32, XEN_DOMID_SELF, 0, XEN_GNTST_BAD_PAGE},
        {0xfffffffe, XEN_DOMID_SELF, 0, XEN_GNTST_OKAY},
    };

    (void)state;
    for (u32 i = 0; i < 2 * ARRAY_SIZE(sides); i++) {
        struct xen_gnttab_copy copy = {.source = {8, XEN_DOMID_SELF, 0},
                                       .dest = {20, XEN_DOMID_SELF, 0},
                                       .flags = sides[i / 2].flags};

        (i & 1 ? &copy.source : &copy.dest)->ref_or_gmfn = sides[i / 2].word;
        (i & 1 ? &copy.source : &copy.dest)->domid = sides[i / 2].domid;
        ONE(copy, copy);
        assert_int_equal(copy.status, sides[i / 2].status);
    }
}

/* An entry across a page's end is read and answered like any other. */
static void test_copy_across(void **state)
{
    struct xen_gnttab_copy copy = {.source = {8, XEN_DOMID_SELF, 1},
                                   .dest = {20, XEN_DOMID_SELF, 2},
                                   .len = 7,
                                   .flags = 3,
                                   .status = 99};

    (void)state;
    for (u64 at = ARRAY - sizeof(copy) + 1; at < ARRAY; at++) {
        copy.status = 99;
        copy.len++;
        guest_put(at, &copy, sizeof(copy));
        assert_int_equal(grant(XENOP_grant_table_op_copy, at, 1), 0);
        guest_get(at, &copy, sizeof(copy));
        assert_int_equal(copy.status, XEN_GNTST_OKAY);
        assert_int_equal(fake_grant.bytes, copy.len);
        assert_int_equal(fake_grant.from.ref, 8);
        assert_int_equal(fake_grant.to.offset, 2);
    }
}

/* A 32-bit caller's entries are 24 bytes long less two words. */
static void test_copy_narrow(void **state)
{
    struct {
        u32 source;
        u16 source_dom, source_offset;
        u32 dest;
        u16 dest_dom, dest_offset, len, flags;
        s16 status;
        u16 behind;
    } copy[2] = {{8, XEN_DOMID_SELF, 1, 20, XEN_DOMID_SELF, 2, 3, 1, 99, 0x55},
                 {9, XEN_DOMID_SELF, 4, 21, STRANGER, 5, 6, 3, 99, 0x55}};

    (void)state;
    fake_mode = OP_MODE_32;
    guest_put(ARRAY, copy, sizeof(copy));
    assert_int_equal(grant(XENOP_grant_table_op_copy, ARRAY, 2), 0);
    guest_get(ARRAY, copy, sizeof(copy));
    assert_int_equal(copy[0].status, XEN_GNTST_OKAY);
    assert_int_equal(copy[1].status, XEN_GNTST_BAD_DOMAIN);
    assert_int_equal(copy[0].behind, 0x55);
    assert_int_equal(fake_grant.from.ref, 8);
    assert_int_equal(fake_grant.from.offset, 1);
    assert_int_equal(fake_grant.to.at.raw, 20 << 12);
    assert_int_equal(fake_grant.to.offset, 2);
    assert_int_equal(fake_grant.bytes, 3);
    assert_int_equal(grant(XENOP_grant_table_op_copy, NOWHERE, 1), -XEN_EFAULT);
}

/* ---- The table ------------------------------------------------------------- */

static void test_table(void **state)
{
    struct xen_gnttab_swap_grant_ref swap = {.ref_a = 1, .ref_b = 2, .status = 99};
    struct xen_gnttab_set_version version = {1};
    struct xen_add_to_physmap add = {XEN_DOMID_SELF, 0, XEN_MAPSPACE_GRANT_TABLE, 2, 60};

    (void)state;
    fake_grant.frames = 1;
    ONE(swap_grant_ref, swap);
    assert_int_equal(swap.status, XEN_GNTST_OKAY);
    swap.ref_b = 512;
    ONE(swap_grant_ref, swap);
    assert_int_equal(swap.status, XEN_GNTST_BAD_GNTREF);
    assert_int_equal(grant(XENOP_grant_table_op_swap_grant_ref, NOWHERE, 1), -XEN_EFAULT);
    assert_int_equal(grant(XENOP_grant_table_op_setup_table, NOWHERE, 1), -XEN_EFAULT);
    assert_int_equal(grant(XENOP_grant_table_op_query_size, NOWHERE, 1), -XEN_EFAULT);
    assert_int_equal(grant(XENOP_grant_table_op_get_version, NOWHERE, 1), -XEN_EFAULT);
    assert_int_equal(grant(XENOP_grant_table_op_set_version, NOWHERE, 1), -XEN_EFAULT);
    fake_grant.is_full = true;
    guest_put(ARRAY, &add, sizeof(add));
    assert_int_equal(caller_call(XENNR_memory_op, XENOP_memory_op_add_to_physmap, ARRAY, 0),
                     -XEN_ENOMEM);
    guest_put(ARRAY, &version, sizeof(version));
    fake_is_read_only = true;
    assert_int_equal(grant(XENOP_grant_table_op_set_version, ARRAY, 1), -XEN_EFAULT);
    assert_int_equal(grant(XENOP_grant_table_op_swap_grant_ref, ARRAY, 1), -XEN_EFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_long_array, caller_setup),
        cmocka_unit_test_setup(test_array_gives_way, caller_setup),
        cmocka_unit_test_setup(test_bad_entry, caller_setup),
        cmocka_unit_test_setup(test_map_flags, caller_setup),
        cmocka_unit_test_setup(test_statuses, caller_setup),
        cmocka_unit_test_setup(test_copy_sides, caller_setup),
        cmocka_unit_test_setup(test_copy_refused, caller_setup),
        cmocka_unit_test_setup(test_copy_across, caller_setup),
        cmocka_unit_test_setup(test_copy_narrow, caller_setup),
        cmocka_unit_test_setup(test_table, caller_setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
