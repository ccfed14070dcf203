/* Grants of other domains in a PV guest's page tables: places in the window, L0's handles, and
 * what is undone when a step fails. */
// sources: xen-adapter/pv/grant_map.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "xen-adapter/pv/grant_map.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

#define PLACES  3u
#define WINDOW  1000u
#define FIRST   (WINDOW + GRANT_WINDOW_FIRST)
#define NOWHERE 0xfffff000ull
#define LOCKED  0x9000ull /* can be read, not written */

struct shim shim;
struct mmu mmu;

static struct pv_vcpu vcpu;
static enum frame_kind kinds[PLACES + 1];
static u8 guest[4096];
static s64 below_error;
static s16 below_status;
static enum status entry_status;
static bool is_locked;

/* What was done last. */
static struct xen_gnttab_map_grant_ref mapped;
static struct xen_gnttab_unmap_grant_ref unmapped;
static u32 maps, unmaps;
static struct entry {
    bool is_pte;
    u64 at, entry;
    u64 frame;
} written, removed;

struct pv_vcpu *this_vcpu(void)
{
    return &vcpu;
}

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    assert_int_equal(number, XENNR_grant_table_op);
    assert_int_equal(a3, 1);
    assert_int_equal(a4 | a5, 0);
    if (a1 == XENOP_grant_table_op_unmap_grant_ref) {
        assert_int_equal(vcpu.flush, 0); /* nobody may reach the frame any more */
        memcpy(&unmapped, (const void *)a2, sizeof(unmapped));
        unmaps++;
        return 0;
    }
    assert_int_equal(a1, XENOP_grant_table_op_map_grant_ref);
    memcpy(&mapped, (const void *)a2, sizeof(mapped));
    ((struct xen_gnttab_map_grant_ref *)a2)->handle = 500 + mapped.ref;
    ((struct xen_gnttab_map_grant_ref *)a2)->status = below_status;
    maps++;
    return below_error;
}

void frame_kind_set(mfn_t first, u64 count, enum frame_kind kind)
{
    for (u64 i = 0; i < count; i++)
        kinds[first.raw - FIRST + i] = kind;
}

void mmu_flush_now(struct pv_vcpu *v)
{
    v->flush = 0;
}

static enum status entry_put(bool is_pte, u64 at, u64 entry)
{
    written = (struct entry){is_pte, at, entry, 0};
    return entry_status;
}

enum status mmu_foreign_map_va(struct pv_vcpu *v, u64 va, u64 entry)
{
    (void)v;
    return entry_put(false, va, entry);
}

enum status mmu_foreign_map_pte(struct pv_vcpu *v, u64 machine_address, u64 entry)
{
    (void)v;
    return entry_put(true, machine_address, entry);
}

enum status mmu_foreign_unmap_va(struct pv_vcpu *v, u64 va, mfn_t frame, u64 entry)
{
    v->flush = entry_status == ST_OK;
    removed = (struct entry){false, va, entry, frame.raw};
    return entry_status;
}

enum status mmu_foreign_unmap_pte(struct pv_vcpu *v, u64 machine_address, mfn_t frame,
                                  u64 entry)
{
    v->flush = entry_status == ST_OK;
    removed = (struct entry){true, machine_address, entry, frame.raw};
    return entry_status;
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (from + bytes > sizeof(guest))
        return ST_FAULT;
    memcpy(to, guest + from, bytes);
    return ST_OK;
}

enum status copy_to_guest(u64 to, const void *from, u64 bytes)
{
    if (is_locked || to + bytes > sizeof(guest))
        return ST_FAULT;
    memcpy(guest + to, from, bytes);
    return ST_OK;
}

static int setup(void **state)
{
    (void)state;
    /* Nothing of an earlier test is mapped any more. */
    entry_status = ST_OK;
    is_locked = false;
    for (u32 handle = 0; handle < PLACES; handle++) {
        struct xen_gnttab_unmap_grant_ref unmap = {.handle = handle};

        memcpy(guest, &unmap, sizeof(unmap));
        op_grant_table_op_unmap_grant_ref(0, 1, 0, 0);
    }
    memset(guest, 0, sizeof(guest));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(kinds, 0, sizeof(kinds));
    below_error = 0;
    below_status = XEN_GNTST_OKAY;
    maps = unmaps = 0;
    shim.domain.foreign = mfn(WINDOW);
    shim.domain.foreign_count = GRANT_WINDOW_FIRST + PLACES;
    return 0;
}

static struct xen_gnttab_map_grant_ref map(u32 flags, u64 at, u32 ref)
{
    struct xen_gnttab_map_grant_ref want = {
        .host_addr = at, .flags = flags, .ref = ref, .dom = 7, .handle = 44, .status = 99};

    memcpy(guest, &want, sizeof(want));
    assert_int_equal(op_grant_table_op_map_grant_ref(0, 1, 0, 0), 0);
    memcpy(&want, guest, sizeof(want));
    return want;
}

static s16 unmap(u32 handle, u64 at)
{
    struct xen_gnttab_unmap_grant_ref want = {.host_addr = at, .handle = handle, .status = 99};

    memcpy(guest, &want, sizeof(want));
    assert_int_equal(op_grant_table_op_unmap_grant_ref(0, 1, 0, 0), 0);
    memcpy(&want, guest, sizeof(want));
    return want.status;
}

static void test_map(void **state)
{
    struct xen_gnttab_map_grant_ref got;

    (void)state;
    got = map(XEN_GNTMAP_HOST_MAP, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_OKAY);
    assert_in_range(got.handle, 0, PLACES - 1);
    assert_int_equal(mapped.host_addr, (u64)(FIRST + got.handle) << PAGE_SHIFT);
    assert_int_equal(mapped.flags, XEN_GNTMAP_HOST_MAP);
    assert_int_equal(mapped.ref, 9);
    assert_int_equal(mapped.dom, 7);
    assert_false(written.is_pte);
    assert_int_equal(written.at, 0x5000);
    assert_int_equal(written.entry, (u64)(FIRST + got.handle) << PAGE_SHIFT | PTE_P | PTE_US |
                                        PTE_A | PTE_D | PTE_RW);
    assert_int_equal(got.dev_bus_addr, (u64)(FIRST + got.handle) << PAGE_SHIFT);
    for (u32 i = 0; i <= PLACES; i++)
        assert_int_equal(kinds[i], i == got.handle ? FRAME_FOREIGN : 0);
    assert_int_equal(unmap(got.handle, 0x5000), XEN_GNTST_OKAY);
    assert_int_equal(unmapped.host_addr, (u64)(FIRST + got.handle) << PAGE_SHIFT);
    assert_int_equal(unmapped.handle, 509);
    assert_false(removed.is_pte);
    assert_int_equal(removed.at, 0x5000);
    assert_int_equal(removed.entry, 0);
    assert_int_equal(removed.frame, FIRST + got.handle);
    for (u32 i = 0; i <= PLACES; i++)
        assert_int_equal(kinds[i], i == got.handle ? FRAME_HOLE : 0);
}

static void test_map_by_entry_read_only(void **state)
{
    struct xen_gnttab_map_grant_ref got;

    (void)state;
    got = map(XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_READONLY | XEN_GNTMAP_CONTAINS_PTE, 0x7008, 9);
    assert_int_equal(got.status, XEN_GNTST_OKAY);
    assert_int_equal(mapped.flags, XEN_GNTMAP_HOST_MAP | XEN_GNTMAP_READONLY);
    assert_true(written.is_pte);
    assert_int_equal(written.at, 0x7008);
    assert_int_equal(written.entry,
                     (u64)(FIRST + got.handle) << PAGE_SHIFT | PTE_P | PTE_US | PTE_A | PTE_D);
    assert_int_equal(unmap(got.handle, 0), XEN_GNTST_OKAY); /* 0: wherever it is */
    assert_true(removed.is_pte);
    assert_int_equal(removed.at, 0x7008);
    assert_int_equal(removed.entry, 0);
}

/* For a device only: no entry of the guest's is touched. */
static void test_map_for_a_device(void **state)
{
    struct xen_gnttab_map_grant_ref got;

    (void)state;
    memset(&written, 0, sizeof(written));
    memset(&removed, 0, sizeof(removed));
    got = map(XEN_GNTMAP_DEVICE_MAP, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_OKAY);
    assert_int_equal(mapped.flags, XEN_GNTMAP_HOST_MAP);
    assert_int_equal(written.at, 0);
    assert_int_equal(unmap(got.handle, 0x6000), XEN_GNTST_OKAY);
    assert_int_equal(removed.frame, 0);
    assert_int_equal(unmaps, 1);
}

static void test_map_refused(void **state)
{
    struct xen_gnttab_map_grant_ref got;

    (void)state;
    got = map(0, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_BAD_GNTREF);
    assert_int_equal(maps, 0);
    got = map(XEN_GNTMAP_READONLY, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_BAD_GNTREF);
    below_status = XEN_GNTST_BAD_DOMAIN;
    got = map(XEN_GNTMAP_HOST_MAP, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_BAD_DOMAIN);
    assert_int_equal(got.handle, 0xffffffffu);
    below_status = XEN_GNTST_OKAY;
    below_error = -XEN_ENOSYS;
    got = map(XEN_GNTMAP_HOST_MAP, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_GENERAL_ERROR);
    assert_int_equal(kinds[0] | kinds[1] | kinds[2], 0);
    below_error = 0;
    entry_status = ST_INVALID;
    got = map(XEN_GNTMAP_HOST_MAP, 0x5000, 9);
    assert_int_equal(got.status, XEN_GNTST_BAD_VIRT_ADDR);
    assert_int_equal(got.handle, 0xffffffffu);
    assert_int_equal(unmaps, 1);
    assert_int_equal(unmapped.handle, 509);
    entry_status = ST_OK;
    for (u32 i = 0; i < PLACES; i++) /* all places are there again */
        assert_int_equal(map(XEN_GNTMAP_HOST_MAP, 0x5000, i).status, XEN_GNTST_OKAY);
}

static void test_window_is_full(void **state)
{
    u32 seen = 0;

    (void)state;
    for (u32 i = 0; i < PLACES; i++)
        seen |= 1u << map(XEN_GNTMAP_HOST_MAP, 0x5000 + i * 0x1000, i).handle;
    assert_int_equal(seen, (1u << PLACES) - 1);
    assert_int_equal(map(XEN_GNTMAP_HOST_MAP, 0x5000, 9).status, XEN_GNTST_NO_SPACE);
    assert_int_equal(maps, PLACES);
    assert_int_equal(unmap(1, 0), XEN_GNTST_OKAY);
    assert_int_equal(map(XEN_GNTMAP_HOST_MAP, 0x5000, 9).handle, 1);
}

/* A place that came free is not the next one used: a late use of its old handle finds nothing.
 */
static void test_places_take_turns(void **state)
{
    u32 first = map(XEN_GNTMAP_HOST_MAP, 0x5000, 1).handle;

    (void)state;
    for (u32 i = 1; i < 2 * PLACES; i++) {
        assert_int_equal(unmap((first + i - 1) % PLACES, 0), XEN_GNTST_OKAY);
        assert_int_equal(map(XEN_GNTMAP_HOST_MAP, 0x5000, i).handle, (first + i) % PLACES);
    }
}

static void test_unmap_refused(void **state)
{
    u32 handle = map(XEN_GNTMAP_HOST_MAP, 0x5000, 1).handle;

    (void)state;
    assert_int_equal(unmap((handle + 1) % PLACES, 0), XEN_GNTST_BAD_HANDLE);
    assert_int_equal(unmap(PLACES, 0), XEN_GNTST_BAD_HANDLE);
    assert_int_equal(unmap(2048 + handle, 0), XEN_GNTST_BAD_HANDLE);
    assert_int_equal(unmap(~0u, 0), XEN_GNTST_BAD_HANDLE);
    assert_int_equal(unmap(handle, 0x6000), XEN_GNTST_BAD_VIRT_ADDR);
    entry_status = ST_INVALID;
    assert_int_equal(unmap(handle, 0x5000), XEN_GNTST_GENERAL_ERROR);
    assert_int_equal(unmaps, 0);
    entry_status = ST_OK;
    assert_int_equal(unmap(handle, 0x5000), XEN_GNTST_OKAY);
    assert_int_equal(unmap(handle, 0x5000), XEN_GNTST_BAD_HANDLE);
}

/* Several in one call; a count of 0 touches nothing. */
static void test_arrays(void **state)
{
    struct xen_gnttab_map_grant_ref want[3] = {{0}};
    struct xen_gnttab_unmap_grant_ref gone[3] = {{0}};
    struct xen_gnttab_unmap_and_replace replace[3] = {{0}};

    (void)state;
    for (u32 i = 0; i < 3; i++) {
        want[i].flags = XEN_GNTMAP_HOST_MAP;
        want[i].host_addr = 0x5000;
        want[i].status = gone[i].status = replace[i].status = 99;
    }
    memcpy(guest + 64, want, sizeof(want));
    assert_int_equal(op_grant_table_op_map_grant_ref(64, 2, 0, 0), 0);
    memcpy(want, guest + 64, sizeof(want));
    assert_int_equal(want[0].status | want[1].status, XEN_GNTST_OKAY);
    assert_int_equal(want[2].status, 99);
    gone[0].handle = want[1].handle;
    gone[1].handle = want[0].handle;
    memcpy(guest + 64, gone, sizeof(gone));
    assert_int_equal(op_grant_table_op_unmap_grant_ref(64, 2, 0, 0), 0);
    memcpy(gone, guest + 64, sizeof(gone));
    assert_int_equal(gone[0].status | gone[1].status, XEN_GNTST_OKAY);
    assert_int_equal(gone[2].status, 99);
    memcpy(guest + 64, replace, sizeof(replace));
    assert_int_equal(op_grant_table_op_unmap_and_replace(64, 2, 0, 0), 0);
    memcpy(replace, guest + 64, sizeof(replace));
    assert_int_equal(replace[0].status, XEN_GNTST_GENERAL_ERROR);
    assert_int_equal(replace[1].status, XEN_GNTST_GENERAL_ERROR);
    assert_int_equal(replace[2].status, 99);
    assert_int_equal(op_grant_table_op_map_grant_ref(NOWHERE, 0, 0, 0), 0);
}

static void test_bad_pointers(void **state)
{
    static const hypercall_fn calls[] = {op_grant_table_op_map_grant_ref,
                                         op_grant_table_op_unmap_grant_ref,
                                         op_grant_table_op_unmap_and_replace};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(calls); i++) {
        is_locked = false;
        assert_int_equal(calls[i](NOWHERE, 1, 0, 0), -XEN_EFAULT);
        assert_int_equal(calls[i](NOWHERE, 0, 0, 0), 0);
        is_locked = true;
        assert_int_equal(calls[i](64, 1, 0, 0), -XEN_EFAULT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_map, setup),
        cmocka_unit_test_setup(test_map_by_entry_read_only, setup),
        cmocka_unit_test_setup(test_map_for_a_device, setup),
        cmocka_unit_test_setup(test_map_refused, setup),
        cmocka_unit_test_setup(test_window_is_full, setup),
        cmocka_unit_test_setup(test_places_take_turns, setup),
        cmocka_unit_test_setup(test_unmap_refused, setup),
        cmocka_unit_test_setup(test_arrays, setup),
        cmocka_unit_test_setup(test_bad_pointers, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
