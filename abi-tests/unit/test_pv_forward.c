/* Calls that go on to the hypervisor below: no guest pointer leaves the shim, ranges are
 * checked. */
// sources: abi-tests/unit/fake_pv_smp.c
// sources: xen-adapter/pv/forward_evtchn.c xen-adapter/pv/forward_sched.c
// sources: xen-adapter/pv/forward_memory.c xen-adapter/pv/forward_grant.c xen-adapter/pv/grant_map.c
// sources: xen-adapter/pv/forward_reservation.c
// sources: xen-adapter/pv/version.c xen-adapter/pv/time.c xen-adapter/pv/physdev.c
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/fake_pv_smp.h"
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/frame.h"
#include "xen-adapter/pv/grant_map.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"
#include "xen-adapter/pv/physdev.h"
#include "xen-adapter/pv/time.h"
#include "xen-adapter/pv/vcpu.h"

#define SHIM_ADDRESS (SHIM_VIRT_START + 0x5000)
#define TABLE_FRAME  40u

struct shim shim;
struct mmu mmu;
struct xen_shared_info *l0_shared;
struct xen_shared_info *guest_shared;
struct event_port event_ports[XEN_EVTCHN_2L_CHANNELS];
bool fifo_on;

static struct xen_shared_info below_page, shown_page;
static struct pv_vcpu vcpu;
static _Alignas(8) u8 guest[8192]; /* all that is the guest's */
static u32 calls_below, fifo_ends, ports_closed;
static s64 answer_below;
static u32 frames_released, frames_accepted;
static u64 walk_entry;  /* what every address is mapped by, 0: nothing */
static u32 frames_held; /* as writable memory */

struct pv_vcpu *this_vcpu(void)
{
    return &vcpu;
}

struct pv_vcpu *vcpu_find(u32 id)
{
    return id == 0 ? &vcpu : NULL;
}

static bool is_guest_pointer(u64 value)
{
    return value >= (u64)guest && value < (u64)guest + sizeof(guest);
}

s64 l0_call(u32 number, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5)
{
    const u64 arguments[] = {a1, a2, a3, a4, a5};

    (void)number;
    calls_below++;
    for (u32 i = 0; i < ARRAY_SIZE(arguments); i++) {
        assert_false(is_guest_pointer(arguments[i]));
        assert_false(shim_owns_virt(arguments[i]) && arguments[i] == SHIM_ADDRESS);
    }
    return answer_below;
}

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (!guest_range_ok(from, bytes) || from < 4096)
        return ST_FAULT;
    memcpy(to, (const void *)from, bytes);
    return ST_OK;
}

bool u32_from_guest(u32 *to, u64 from)
{
    return copy_from_guest(to, from, sizeof(*to)) == ST_OK;
}

enum status copy_to_guest(u64 to, const void *from, u64 bytes)
{
    if (!guest_range_ok(to, bytes) || to < 4096)
        return ST_FAULT;
    memcpy((void *)to, from, bytes);
    return ST_OK;
}

void event_upcall(void)
{
}
void event_raise(u32 port)
{
    event_ports[port].spare[0]++;
}
bool event_is_pending(u32 port)
{
    return event_ports[port].spare[0] != 0;
}
void event_unmask(u32 port)
{
    (void)port;
}
void event_wait(struct pv_vcpu *v)
{
    (void)v;
}
void event_port_bind(u32 port, enum event_kind kind, u32 to)
{
    (void)to;
    if (port < XEN_EVTCHN_2L_CHANNELS)
        event_ports[port].kind = (u8)kind;
}
void event_port_adopt(u32 port)
{
    (void)port;
}

void event_port_close(u32 port)
{
    (void)port;
    ports_closed++;
}
enum status fifo_init_control(struct xen_evtchn_init_control *want)
{
    (void)want;
    return ST_OK;
}
enum status fifo_expand_array(mfn_t frame)
{
    (void)frame;
    return ST_OK;
}

/* It gives frames back. */
void fifo_end(void)
{
    assert_int_equal(memory_lock.taken, lock_is_needed);
    fifo_ends++;
}

bool frame_is_guest(mfn_t frame)
{
    return frame.raw >= 16 && frame.raw < 64;
}
enum status frame_type_get(u64 number, enum frame_type type)
{
    assert_int_equal(type, FRAME_WRITABLE);
    if (!frame_is_guest(mfn(number)) || number == TABLE_FRAME)
        return ST_INVALID;
    frames_held++;
    return ST_OK;
}
void frame_type_put(u64 number)
{
    assert_true(frame_is_guest(mfn(number)) && number != TABLE_FRAME);
    frames_held--;
}
void frame_kind_set(mfn_t first, u64 count, enum frame_kind kind)
{
    (void)count, (void)kind;
    assert_true(first.raw >= shim.domain.foreign.raw);
}
enum status frame_release(mfn_t frame, bool *give)
{
    *give = true;
    frames_released += frame_is_guest(frame);
    return frame_is_guest(frame) ? ST_OK : ST_INVALID;
}
enum status frame_release_idle(mfn_t frame)
{
    bool give;

    return frame.raw == TABLE_FRAME ? ST_BUSY : frame_release(frame, &give);
}
enum status frame_reuse(mfn_t *frame)
{
    (void)frame;
    return ST_NO_MEMORY;
}
enum status frame_find_released(u32 order, u64 end, mfn_t *first)
{
    (void)order;
    *first = mfn(20);
    return end > 20 ? ST_OK : ST_NO_MEMORY;
}
enum status frame_accept(mfn_t frame, pfn_t pfn)
{
    (void)frame, (void)pfn;
    frames_accepted++;
    return ST_OK;
}
enum status mmu_walk(struct pv_vcpu *v, enum pv_mode mode, u64 va, u64 *entry)
{
    (void)v, (void)mode, (void)va;
    *entry = walk_entry;
    return walk_entry ? ST_OK : ST_FAULT;
}
void mmu_flush_now(struct pv_vcpu *v)
{
    v->flush = 0;
}
enum status mmu_foreign_map_va(struct pv_vcpu *v, u64 va, u64 entry)
{
    (void)v, (void)va, (void)entry;
    return ST_OK;
}
enum status mmu_foreign_map_pte(struct pv_vcpu *v, u64 machine_address, u64 entry)
{
    (void)v, (void)machine_address, (void)entry;
    return ST_OK;
}
enum status mmu_foreign_unmap_va(struct pv_vcpu *v, u64 va, mfn_t frame, u64 entry)
{
    (void)v, (void)va, (void)frame, (void)entry;
    return ST_OK;
}
enum status mmu_foreign_unmap_pte(struct pv_vcpu *v, u64 machine_address, mfn_t frame,
                                  u64 entry)
{
    (void)v, (void)machine_address, (void)frame, (void)entry;
    return ST_OK;
}

static void reset(void)
{
    memset(&vcpu, 0, sizeof(vcpu));
    memset(guest, 0, sizeof(guest));
    memset(event_ports, 0, sizeof(event_ports));
    l0_shared = &below_page;
    guest_shared = &shown_page;
    vcpu.info = &shown_page.vcpu_info[0];
    vcpu.upcall = &vcpu.info->upcall_pending;
    shim.domain.foreign = mfn(1000);
    shim.domain.foreign_count = 2048;
    shim.domain.nr_pages = 48;
    shim.domain.max_pages = 48;
    shim.domain.ram_frames = 64;
    shim.domain.mfn_end = 3048;
    shim.xen_version = 0x40011;
    calls_below = 0;
    walk_entry = 0;
    answer_below = 0;
    frames_released = frames_accepted = 0;
}

/* Operations by the place of their pointer: a1, a2, or a1 with a count of 1 in a2. */
enum shape { POINTER_FIRST, POINTER_SECOND, POINTER_LIST };

struct op {
    hypercall_fn run;
    enum shape shape;
    bool counts; /* answers with extents done, never with an error */
};

static const struct op ops[] = {
    {op_event_channel_op_alloc_unbound, POINTER_FIRST, false},
    {op_event_channel_op_bind_interdomain, POINTER_FIRST, false},
    {op_event_channel_op_bind_virq, POINTER_FIRST, false},
    {op_event_channel_op_bind_ipi, POINTER_FIRST, false},
    {op_event_channel_op_close, POINTER_FIRST, false},
    {op_event_channel_op_send, POINTER_FIRST, false},
    {op_event_channel_op_status, POINTER_FIRST, false},
    {op_event_channel_op_bind_vcpu, POINTER_FIRST, false},
    {op_event_channel_op_unmask, POINTER_FIRST, false},
    {op_event_channel_op_reset, POINTER_FIRST, false},
    {op_event_channel_op_init_control, POINTER_FIRST, false},
    {op_event_channel_op_expand_array, POINTER_FIRST, false},
    {op_event_channel_op_set_priority, POINTER_FIRST, false},
    {op_sched_op_shutdown, POINTER_FIRST, false},
    {op_sched_op_shutdown_code, POINTER_FIRST, false},
    {op_sched_op_poll, POINTER_FIRST, false},
    {op_sched_op_watchdog, POINTER_FIRST, false},
    {op_memory_op_increase_reservation, POINTER_FIRST, true},
    {op_memory_op_decrease_reservation, POINTER_FIRST, true},
    {op_memory_op_populate_physmap, POINTER_FIRST, true},
    {op_memory_op_current_reservation, POINTER_FIRST, false},
    {op_memory_op_get_vnumainfo, POINTER_FIRST, false},
    {op_memory_op_reserved_device_memory_map, POINTER_FIRST, false},
    {op_memory_op_add_to_physmap, POINTER_FIRST, false},
    {op_memory_op_add_to_physmap_batch, POINTER_FIRST, false},
    {op_memory_op_remove_from_physmap, POINTER_FIRST, false},
    {op_memory_op_maximum_reservation, POINTER_FIRST, false},
    {op_memory_op_memory_map, POINTER_FIRST, false},
    {op_memory_op_machphys_mapping, POINTER_FIRST, false},
    {op_memory_op_machphys_mfn_list, POINTER_FIRST, false},
    {op_memory_op_exchange, POINTER_FIRST, false},
    {op_xen_version_extraversion, POINTER_FIRST, false},
    {op_xen_version_compile_info, POINTER_FIRST, false},
    {op_xen_version_capabilities, POINTER_FIRST, false},
    {op_xen_version_changeset, POINTER_FIRST, false},
    {op_xen_version_platform_parameters, POINTER_FIRST, false},
    {op_xen_version_get_features, POINTER_FIRST, false},
    {op_xen_version_guest_handle, POINTER_FIRST, false},
    {op_xen_version_commandline, POINTER_FIRST, false},
    {op_xen_version_build_id, POINTER_FIRST, false},
    {op_xen_version_capabilities2, POINTER_FIRST, false},
    {op_physdev_op_set_iopl, POINTER_FIRST, false},
    {op_physdev_op_set_iobitmap, POINTER_FIRST, false},
    {op_grant_table_op_setup_table, POINTER_LIST, false},
    {op_grant_table_op_query_size, POINTER_LIST, false},
    {op_grant_table_op_set_version, POINTER_LIST, false},
    {op_grant_table_op_get_version, POINTER_LIST, false},
    {op_grant_table_op_get_status_frames, POINTER_LIST, false},
    {op_grant_table_op_swap_grant_ref, POINTER_LIST, false},
    {op_grant_table_op_copy, POINTER_LIST, false},
    {op_grant_table_op_transfer, POINTER_LIST, false},
    {op_grant_table_op_map_grant_ref, POINTER_LIST, false},
    {op_grant_table_op_unmap_grant_ref, POINTER_LIST, false},
    {op_grant_table_op_unmap_and_replace, POINTER_LIST, false},
    {op_vcpu_op_set_singleshot_timer, POINTER_SECOND, false},
    {op_vcpu_op_set_periodic_timer, POINTER_SECOND, false},
    {op_vcpu_op_register_runstate_memory_area, POINTER_SECOND, false},
    {op_vcpu_op_register_vcpu_time_memory_area, POINTER_SECOND, false},
    {op_vcpu_op_register_runstate_phys_area, POINTER_SECOND, false},
    {op_vcpu_op_get_runstate_info, POINTER_SECOND, false},
};

static s64 op_run(const struct op *op, u64 pointer)
{
    switch (op->shape) {
    case POINTER_SECOND:
        return op->run(0, pointer, 0, 0);
    case POINTER_LIST:
        return op->run(pointer, 1, 0, 0);
    case POINTER_FIRST:
    default:
        return op->run(pointer, 0, 0, 0);
    }
}

static void test_shim_addresses_are_refused(void **state)
{
    static const u64 bad[] = {SHIM_ADDRESS, SHIM_VIRT_END - 1, SHIM_VIRT_START - 1, 1ull << 47};

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
        for (u32 k = 0; k < ARRAY_SIZE(bad); k++) {
            reset();
            assert_int_equal(op_run(&ops[i], bad[k]), ops[i].counts ? 0 : -XEN_EFAULT);
        }
    }
}

static void test_no_guest_pointer_goes_down(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(ops); i++) {
        reset();
        memset(guest, 0x01, 64);
        (void)op_run(&ops[i], (u64)guest);
        reset();
        (void)op_run(&ops[i], (u64)guest);
    }
}

/* Every vCPU looks after it: what was signalled to the shim's own ports meanwhile is lost. */
static void test_ports_reset(void **state)
{
    struct xen_evtchn_reset *in = (struct xen_evtchn_reset *)guest;

    (void)state;
    reset();
    lock_is_needed = 1;
    shim.vcpu_count = 1;
    fake_smp.kicks = fifo_ends = ports_closed = 0;
    in->dom = XEN_DOMID_SELF;
    answer_below = -XEN_EPERM;
    assert_int_equal(op_event_channel_op_reset((u64)guest, 0, 0, 0), -XEN_EPERM);
    assert_int_equal(fifo_ends + ports_closed + fake_smp.kicks, 0);
    assert_int_equal(memory_lock.taken, 0);
    answer_below = 0;
    assert_int_equal(op_event_channel_op_reset((u64)guest, 0, 0, 0), 0);
    assert_int_equal(fifo_ends, 1);
    assert_int_equal(ports_closed, XEN_EVTCHN_2L_CHANNELS);
    assert_int_equal(fake_smp.kicks, 1);
    assert_int_equal(memory_lock.taken, 0);
    lock_is_needed = 0;
    shim.vcpu_count = 0;
}

static void test_send_to_ipi_is_local(void **state)
{
    struct xen_evtchn_send *send = (struct xen_evtchn_send *)guest;

    (void)state;
    reset();
    event_ports[7].kind = EVENT_IPI;
    send->port = 7;
    assert_int_equal(op_event_channel_op_send((u64)guest, 0, 0, 0), 0);
    assert_int_equal(calls_below, 0);
    assert_true(event_is_pending(7));
    send->port = 8;
    op_event_channel_op_send((u64)guest, 0, 0, 0);
    assert_int_equal(calls_below, 1);
}

static void test_reservations(void **state)
{
    struct xen_memory_reservation *r = (struct xen_memory_reservation *)guest;
    u64 *list = (u64 *)(guest + 4096);

    (void)state;
    reset();
    answer_below = 2; /* all of them */
    *r = (struct xen_memory_reservation){
        .extent_start = (u64)list, .nr_extents = 4, .domid = XEN_DOMID_SELF};
    list[0] = 16;
    list[1] = 63;
    list[2] = 64; /* not the guest's: the count stops here */
    list[3] = 17;
    assert_int_equal(op_memory_op_decrease_reservation((u64)guest, 0, 0, 1), 2);
    assert_int_equal(frames_released, 2);
    assert_int_equal(op_memory_op_decrease_reservation((u64)guest, 0, 0, 1 | 3 << 6), 4);
    r->nr_extents = 1;
    list[0] = 99;
    assert_int_equal(op_memory_op_populate_physmap((u64)guest, 0, 0, 6), 1);
    assert_int_equal(list[0], 20); /* the frame, in place of the pfn */
    assert_int_equal(frames_accepted, 1);
    r->mem_flags = 16; /* below 64 KiB: no such frame */
    assert_int_equal(op_memory_op_populate_physmap((u64)guest, 0, 0, 6), 0);
    r->mem_flags = 0;
    r->domid = 0;
    assert_int_equal(op_memory_op_populate_physmap((u64)guest, 0, 0, 6), 0);
    r->domid = XEN_DOMID_SELF;
    r->extent_order = 10;
    assert_int_equal(op_memory_op_decrease_reservation((u64)guest, 0, 0, 1), 0);
    r->extent_order = 0;
    r->nr_extents = ~0ull;
    assert_int_equal(op_memory_op_decrease_reservation((u64)guest, 0, 0, 1), 0);
    answer_below = 0; /* the hypervisor below has none to give */
    r->nr_extents = 1;
    assert_int_equal(op_memory_op_populate_physmap((u64)guest, 0, 0, 6), 0);
}

/* A page that may be offered is gone, whatever is said of the receiver; others stay. */
static void test_transfer(void **state)
{
    static const struct {
        u64 frame;
        u16 domain;
        s64 below;
        s16 status;
        u32 released;
    } cases[] = {
        {~0ull, 1, 1, XEN_GNTST_BAD_PAGE, 0},
        {TABLE_FRAME, 1, 1, XEN_GNTST_BAD_PAGE, 0},
        {16, 1, 1, XEN_GNTST_GENERAL_ERROR, 1},
        {16, 1, -XEN_EPERM, XEN_GNTST_GENERAL_ERROR, 1},
        {16, 1, -XEN_ESRCH, XEN_GNTST_BAD_DOMAIN, 1},
        {16, XEN_DOMID_SELF, 1, XEN_GNTST_BAD_DOMAIN, 1},
    };
    struct xen_gnttab_transfer *offer = (struct xen_gnttab_transfer *)guest;

    (void)state;
    for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
        reset();
        answer_below = cases[i].below;
        *offer = (struct xen_gnttab_transfer){
            .mfn = cases[i].frame, .domid = cases[i].domain, .status = 99};
        assert_int_equal(op_grant_table_op_transfer((u64)guest, 1, 0, 0), 0);
        assert_int_equal(offer->status, cases[i].status);
        assert_int_equal(frames_released, cases[i].released);
    }
    assert_int_equal(op_grant_table_op_transfer(SHIM_ADDRESS, 1u << 31, 0, 0), -XEN_EINVAL);
    assert_int_equal(op_grant_table_op_transfer(SHIM_ADDRESS, 1ull << 32, 0, 0), 0);
}

static void test_counts_of_lists(void **state)
{
    static const hypercall_fn lists[] = {
        op_grant_table_op_map_grant_ref, op_grant_table_op_unmap_grant_ref,
        op_grant_table_op_copy,          op_grant_table_op_unmap_and_replace,
        op_grant_table_op_set_version,   op_grant_table_op_get_version,
        op_grant_table_op_swap_grant_ref};

    (void)state;
    reset();
    for (u32 i = 0; i < ARRAY_SIZE(lists); i++)
        assert_int_equal(lists[i](SHIM_ADDRESS, 1u << 31, 0, 0), -XEN_EINVAL);
    assert_int_equal(op_grant_table_op_get_version(SHIM_ADDRESS, 0, 0, 0), -XEN_EFAULT);
}

/* There is no physmap to change; foreign frames are for the batch alone. */
static void test_physmap_is_refused(void **state)
{
    struct xen_add_to_physmap *add = (struct xen_add_to_physmap *)guest;

    (void)state;
    reset();
    add->domid = 77;
    assert_int_equal(op_memory_op_add_to_physmap((u64)guest, 0, 0, 0), -XEN_EACCES);
    assert_int_equal(op_memory_op_add_to_physmap_batch((u64)guest, 0, 0, 0), -XEN_EACCES);
    assert_int_equal(op_memory_op_remove_from_physmap((u64)guest, 0, 0, 0), -XEN_EACCES);
    answer_below = -XEN_ESRCH;
    assert_int_equal(op_memory_op_add_to_physmap((u64)guest, 0, 0, 0), -XEN_ESRCH);
    assert_int_equal(op_memory_op_add_to_physmap_batch((u64)guest, 0, 0, 0), -XEN_ESRCH);
    assert_int_equal(op_memory_op_remove_from_physmap((u64)guest, 0, 0, 0), -XEN_ESRCH);
    add->space = XEN_MAPSPACE_GMFN_FOREIGN;
    assert_int_equal(op_memory_op_add_to_physmap((u64)guest, 0, 0, 0), -XEN_ENOSYS);
}

/* Neither virtual NUMA nor devices: the domain and the flags are looked at all the same. */
static void test_nothing_to_tell(void **state)
{
    struct xen_vnuma_topology_info *numa = (struct xen_vnuma_topology_info *)guest;
    struct xen_reserved_device_memory_map *map =
        (struct xen_reserved_device_memory_map *)(guest + 4096);

    (void)state;
    reset();
    assert_int_equal(op_memory_op_get_sharing_freed_pages(0, 0, 0, 0), 0);
    assert_int_equal(op_memory_op_get_sharing_shared_pages(0, 0, 0, 0), 0);
    assert_int_equal(op_memory_op_get_vnumainfo((u64)numa, 0, 0, 0), -XEN_EOPNOTSUPP);
    answer_below = -XEN_EPERM;
    assert_int_equal(op_memory_op_get_vnumainfo((u64)numa, 0, 0, 0), -XEN_EPERM);
    numa->pad = 1;
    assert_int_equal(op_memory_op_get_vnumainfo((u64)numa, 0, 0, 0), -XEN_EINVAL);
    map->nr_entries = 5;
    map->flags = 2;
    assert_int_equal(op_memory_op_reserved_device_memory_map((u64)map, 0, 0, 0), -XEN_EINVAL);
    assert_int_equal(map->nr_entries, 5);
    map->flags = 1;
    assert_int_equal(op_memory_op_reserved_device_memory_map((u64)map, 0, 0, 0), 0);
    assert_int_equal(map->nr_entries, 0);
}

static void test_grant_copy_sides(void **state)
{
    struct xen_gnttab_copy *copy = (struct xen_gnttab_copy *)guest;

    (void)state;
    reset();
    copy->source.ref_or_gmfn = 15; /* the shim's */
    copy->dest.ref_or_gmfn = 3;
    copy->flags = 2;
    assert_int_equal(op_grant_table_op_copy((u64)guest, 1, 0, 0), 0);
    assert_int_equal(copy->status, XEN_GNTST_BAD_PAGE);
    assert_int_equal(calls_below, 0);
    copy->source.ref_or_gmfn = 16;
    assert_int_equal(op_grant_table_op_copy((u64)guest, 1, 0, 0), 0);
    assert_int_equal(calls_below, 1);
}

/* The hypervisor below would write over a page table of the guest's. */
static void test_grant_copy_to_a_table(void **state)
{
    struct xen_gnttab_copy *copy = (struct xen_gnttab_copy *)guest;

    (void)state;
    reset();
    copy->source.ref_or_gmfn = 16;
    copy->dest.ref_or_gmfn = TABLE_FRAME;
    assert_int_equal(op_grant_table_op_copy((u64)guest, 1, 0, 0), 0);
    assert_int_equal(copy->status, XEN_GNTST_BAD_PAGE);
    assert_int_equal(calls_below, 0);
    copy->dest.ref_or_gmfn = 17;
    assert_int_equal(op_grant_table_op_copy((u64)guest, 1, 0, 0), 0);
    assert_int_equal(calls_below, 1);
    assert_int_equal(frames_held, 0);
}

/* A page that the shim goes on writing to cannot become a page table meanwhile. */
static void test_areas_hold_their_frames(void **state)
{
    struct xen_vcpu_register_area *want = (struct xen_vcpu_register_area *)guest;

    (void)state;
    reset();
    want->addr = TABLE_FRAME << PAGE_SHIFT;
    assert_int_equal(op_vcpu_op_register_runstate_phys_area(0, (u64)guest, 0, 0), -XEN_EINVAL);
    assert_int_equal(op_vcpu_op_register_vcpu_time_phys_area(0, (u64)guest, 0, 0), -XEN_EINVAL);
    assert_int_equal(frames_held, 0);
    want->addr = 20 << PAGE_SHIFT;
    assert_int_equal(op_vcpu_op_register_runstate_phys_area(0, (u64)guest, 0, 0), 0);
    assert_int_equal(op_vcpu_op_register_vcpu_time_phys_area(0, (u64)guest, 0, 0), 0);
    assert_int_equal(frames_held, 2);
    want->addr = 21 << PAGE_SHIFT;
    assert_int_equal(op_vcpu_op_register_runstate_phys_area(0, (u64)guest, 0, 0), 0);
    assert_int_equal(frames_held, 2);
    want->addr = 0;
    assert_int_equal(op_vcpu_op_register_vcpu_time_memory_area(0, (u64)guest, 0, 0), 0);
    assert_int_equal(frames_held, 1);
    walk_entry = 22 << PAGE_SHIFT | PTE_P;
    want->addr = 0x5000;
    assert_int_equal(op_vcpu_op_register_vcpu_time_memory_area(0, (u64)guest, 0, 0),
                     -XEN_EFAULT);
    walk_entry = TABLE_FRAME << PAGE_SHIFT | PTE_P | PTE_RW;
    assert_int_equal(op_vcpu_op_register_vcpu_time_memory_area(0, (u64)guest, 0, 0),
                     -XEN_EFAULT);
    assert_int_equal(frames_held, 1);
}

static void test_grant_map_handles(void **state)
{
    struct xen_gnttab_map_grant_ref *map = (struct xen_gnttab_map_grant_ref *)guest;
    struct xen_gnttab_unmap_grant_ref *unmap =
        (struct xen_gnttab_unmap_grant_ref *)(guest + 4096);

    (void)state;
    reset();
    map->flags = XEN_GNTMAP_HOST_MAP;
    map->host_addr = 0x1000;
    assert_int_equal(op_grant_table_op_map_grant_ref((u64)guest, 1, 0, 0), 0);
    assert_int_equal(map->status, XEN_GNTST_OKAY);
    assert_int_equal(map->dev_bus_addr >> PAGE_SHIFT, 1000 + GRANT_WINDOW_FIRST + map->handle);
    unmap->handle = map->handle;
    unmap->host_addr = 0x2000;
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_BAD_VIRT_ADDR);
    unmap->host_addr = 0x1000;
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_OKAY);
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_BAD_HANDLE);
    unmap->handle = 0xffffffff;
    op_grant_table_op_unmap_grant_ref((u64)unmap, 1, 0, 0);
    assert_int_equal(unmap->status, XEN_GNTST_BAD_HANDLE);
}

static void test_io_rights(void **state)
{
    (void)state;
    reset();
    vcpu.mode = PV_KERNEL;
    assert_false(ioport_allowed(&vcpu, 0x70, 1));
    vcpu.iopl = 1;
    assert_true(ioport_allowed(&vcpu, 0x70, 1));
    vcpu.mode = PV_USER;
    assert_false(ioport_allowed(&vcpu, 0x70, 1));
    vcpu.iopl = 3;
    assert_true(ioport_allowed(&vcpu, 0x70, 1));
}

static void test_time_record(void **state)
{
    struct xen_vcpu_time_info from = {.version = 6,
                                      .tsc_timestamp = 1,
                                      .system_time = 2,
                                      .tsc_to_system_mul = 3,
                                      .tsc_shift = -1,
                                      .flags = 1};
    struct xen_vcpu_time_info to = {.version = 11};

    (void)state;
    time_record_copy(&to, &from);
    assert_int_equal(to.version, 12);
    assert_int_equal(to.system_time, 2);
    assert_int_equal(to.tsc_shift, -1);
    time_record_copy(&to, &from);
    assert_int_equal(to.version, 14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shim_addresses_are_refused),
        cmocka_unit_test(test_no_guest_pointer_goes_down),
        cmocka_unit_test(test_send_to_ipi_is_local),
        cmocka_unit_test(test_ports_reset),
        cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_transfer),
        cmocka_unit_test(test_counts_of_lists),
        cmocka_unit_test(test_physmap_is_refused),
        cmocka_unit_test(test_nothing_to_tell),
        cmocka_unit_test(test_grant_copy_sides),
        cmocka_unit_test(test_grant_copy_to_a_table),
        cmocka_unit_test(test_areas_hold_their_frames),
        cmocka_unit_test(test_grant_map_handles),
        cmocka_unit_test(test_io_rights),
        cmocka_unit_test(test_time_record),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
