/* memory_op: what a guest asks about its memory, and giving pages back and taking them. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define START_EXTENT(n) ((uint64_t)(n) << 6)

static uint8_t page[2][KIT_PAGE] __attribute__((aligned(4096)));

static long memory(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_memory_op, sub, (uintptr_t)argument, 0, 0);
}

static void check_reservation(const char *row, unsigned sub)
{
    uint16_t domain = G_DOMID_SELF, *cross = (void *)KIT_CROSS(2);
    long pages = memory(sub, &domain);

    expect_true(row, "self: some pages", pages > 0);
    memcpy(cross, &domain, sizeof(domain));
    expect_true(row, "straddling", memory(sub, cross) == pages);
    expect(row, "torn", memory(sub, KIT_TORN(2)), -G_EFAULT);
    expect(row, "unmapped", memory(sub, (void *)KIT_UNMAPPED), -G_EFAULT);
    domain = G_DOMID_INVALID;
    expect(row, "invalid domain", memory(sub, &domain), -G_ESRCH);
    domain = 0;
    expect(row, "control domain", memory(sub, &domain), -G_EPERM);
}

TEST(reservation, "reservation", TEST_ALL | TEST_GUEST)
{
    uint16_t domain = G_DOMID_SELF;

    check_reservation("memory_op.current_reservation", G_XENMEM_current_reservation);
    check_reservation("memory_op.maximum_reservation", G_XENMEM_maximum_reservation);
    expect_true("memory_op.maximum_reservation", "not below the current",
                memory(G_XENMEM_maximum_reservation, &domain) >=
                    memory(G_XENMEM_current_reservation, &domain));
    expect("memory_op", "unknown sub-operation", memory(63, &domain), -G_ENOSYS);
}

TEST(memory_map, "memory-map", TEST_ALL | TEST_GUEST)
{
    const char *row = "memory_op.memory_map";
    static struct g_e820_entry map[128];
    struct g_memory_map argument = {128, 0, (uintptr_t)map}, *cross;
    bool ram = false;

    expect(row, "128 entries", memory(G_XENMEM_memory_map, &argument), 0);
    expect_true(row, "count comes back", argument.nr_entries > 0 && argument.nr_entries < 128);
    for (unsigned i = 0; i < argument.nr_entries && i < 128; i++)
        ram |= map[i].type == G_E820_RAM && map[i].addr == 0 && map[i].size >= 0xa0000;
    expect_true(row, "memory from 0", ram);
    cross = (void *)KIT_CROSS(sizeof(*cross));
    argument.nr_entries = 128;
    memcpy(cross, &argument, sizeof(*cross));
    expect(row, "straddling", memory(G_XENMEM_memory_map, cross), 0);
    argument.nr_entries = 0;
    expect(row, "no entry", memory(G_XENMEM_memory_map, &argument), 0);
    expect_true(row, "no entry: none comes back", argument.nr_entries == 0);
    argument.nr_entries = 128;
    argument.buffer = KIT_UNMAPPED;
    expect(row, "unmapped buffer", memory(G_XENMEM_memory_map, &argument), -G_EFAULT);
    argument.buffer = (uintptr_t)KIT_TORN(20);
    expect(row, "torn buffer", memory(G_XENMEM_memory_map, &argument), -G_EFAULT);
    expect(row, "unmapped", memory(G_XENMEM_memory_map, (void *)KIT_UNMAPPED), -G_EFAULT);
}

TEST(machphys, "machphys-mapping", TEST_ALL)
{
    const char *row = "memory_op.machphys_mapping";
    struct g_machphys_mapping mapping = {0, 0, 0}, *cross = (void *)KIT_CROSS(24);

    if (kit_kind == KIT_PVH) {
        expect(row, "HVM caller", memory(G_XENMEM_machphys_mapping, &mapping), -G_ENOSYS);
        return;
    }
    expect(row, "plain", memory(G_XENMEM_machphys_mapping, &mapping), 0);
    expect_true(row, "v_start", mapping.v_start == G_MACH2PHYS_VIRT_START);
    expect_true(row, "ends behind it", mapping.v_end > mapping.v_start);
    expect_true(row, "table reaches max_mfn",
                mapping.v_start + (mapping.max_mfn + 1) * 8 <= mapping.v_end);
    expect(row, "straddling", memory(G_XENMEM_machphys_mapping, cross), 0);
    expect(row, "torn", memory(G_XENMEM_machphys_mapping, KIT_TORN(24)), -G_EFAULT);
    expect(row, "unmapped", memory(G_XENMEM_machphys_mapping, (void *)KIT_UNMAPPED), -G_EFAULT);
}

/* What both calls refuse. Only errors of the structure itself are errors; the rest stops the
 * count. */
static void check_bad_lists(const char *row, unsigned sub)
{
    uint64_t list[2] = {~0ull >> 8, ~0ull >> 8};
    struct g_memory_reservation bad = {
        .extent_start = (uintptr_t)list, .nr_extents = 2, .domid = G_DOMID_SELF};

    observe(row, "unmapped", memory(sub, (void *)KIT_UNMAPPED));
    observe(row, "torn", memory(sub, KIT_TORN(sizeof(bad))));
    if (kit_kind == KIT_PVH || sub == G_XENMEM_decrease_reservation)
        expect(row, "no such frame", memory(sub, &bad), 0);
    bad.nr_extents = 0;
    expect(row, "no extents", memory(sub, &bad), 0);
    bad.nr_extents = 1;
    bad.extent_order = 63;
    observe(row, "order 63", memory(sub, &bad));
    bad.extent_order = 0;
    bad.extent_start = KIT_UNMAPPED;
    observe(row, "unmapped list", memory(sub, &bad));
    bad.extent_start = KIT_HYPERVISOR;
    observe(row, "hypervisor list", memory(sub, &bad));
    bad.extent_start = (uintptr_t)list;
    bad.nr_extents = ~0ull;
    observe(row, "2^64-1 extents", memory(sub, &bad));
    bad.nr_extents = 1;
    bad.domid = G_DOMID_INVALID;
    observe(row, "invalid domain", memory(sub, &bad));
    bad.domid = 0;
    observe(row, "control domain", memory(sub, &bad));
}

TEST(ballooning, "ballooning", TEST_ALL | TEST_GUEST)
{
    const char *down = "memory_op.decrease_reservation", *up = "memory_op.populate_physmap";
    uint64_t pfn[2] = {(uintptr_t)page[0] >> 12, (uintptr_t)page[1] >> 12};
    uint64_t list[2] = {kit_frame(page[0]), kit_frame(page[1])};
    uint16_t self = G_DOMID_SELF;
    long before = memory(G_XENMEM_current_reservation, &self);
    struct g_memory_reservation extents = {
        .extent_start = (uintptr_t)list, .nr_extents = 2, .domid = G_DOMID_SELF};

    page[0][0] = page[1][5] = 0x77;
    if (kit_kind == KIT_PV) {
        kit_map(page[0], 0);
        kit_map(page[1], 0);
    }
    extents.nr_extents = 1;
    expect(down, "one frame", memory(G_XENMEM_decrease_reservation, &extents), 1);
    extents.nr_extents = 2;
    expect(down, "continued behind the first",
           memory(G_XENMEM_decrease_reservation | START_EXTENT(1), &extents), 2);
    expect(down, "reservation is smaller by",
           before - memory(G_XENMEM_current_reservation, &self), 2);
    observe(down, "frames that are gone", memory(G_XENMEM_decrease_reservation, &extents));
    observe(down, "start behind the end",
            memory(G_XENMEM_decrease_reservation | START_EXTENT(5), &extents));
    check_bad_lists(down, G_XENMEM_decrease_reservation);
    memcpy(list, pfn, sizeof(list));
    expect(up, "two frames", memory(G_XENMEM_populate_physmap, &extents), 2);
    expect(up, "reservation is back", before - memory(G_XENMEM_current_reservation, &self), 0);
    if (kit_kind == KIT_PV) {
        expect(up, "new frames map", kit_map(page[0], list[0] << 12 | 0x63), 0);
        expect(up, "new frames map", kit_map(page[1], list[1] << 12 | 0x63), 0);
    }
    extents.nr_extents = 1;
    extents.extent_order = 18;
    expect(up, "1 GiB", memory(G_XENMEM_populate_physmap, &extents), 0);
    check_bad_lists(up, G_XENMEM_populate_physmap);
}

TEST(vnuma, "vnuma", TEST_ALL | TEST_GUEST)
{
    const char *row = "memory_op.get_vnumainfo";
    struct g_vnuma_topology_info info = {.domid = G_DOMID_SELF}, *cross = (void *)KIT_CROSS(40);

    observe(row, "self", memory(G_XENMEM_get_vnumainfo, &info));
    *cross = info;
    observe(row, "straddling", memory(G_XENMEM_get_vnumainfo, cross));
    info.pad = 1;
    observe(row, "padding", memory(G_XENMEM_get_vnumainfo, &info));
    info.pad = 0;
    info.nr_vnodes = info.nr_vcpus = info.nr_vmemranges = 1;
    info.vdistance = info.vcpu_to_vnode = info.vmemrange = KIT_UNMAPPED;
    observe(row, "unmapped lists", memory(G_XENMEM_get_vnumainfo, &info));
    info.domid = G_DOMID_INVALID;
    observe(row, "invalid domain", memory(G_XENMEM_get_vnumainfo, &info));
    info.domid = 0;
    observe(row, "control domain", memory(G_XENMEM_get_vnumainfo, &info));
    observe(row, "torn", memory(G_XENMEM_get_vnumainfo, KIT_TORN(40)));
}

TEST(reserved_memory, "reserved-device-memory", TEST_ALL | TEST_GUEST)
{
    const char *row = "memory_op.reserved_device_memory_map";
    struct g_reserved_device_memory_map map = {.nr_entries = 5}, *cross = (void *)KIT_CROSS(24);

    observe(row, "one device", memory(G_XENMEM_reserved_device_memory_map, &map));
    observe(row, "one device: entries", map.nr_entries);
    map.nr_entries = 5;
    map.flags = 1;
    observe(row, "all", memory(G_XENMEM_reserved_device_memory_map, &map));
    observe(row, "all: entries", map.nr_entries);
    map.flags = 2;
    observe(row, "unknown flag", memory(G_XENMEM_reserved_device_memory_map, &map));
    map.flags = 0;
    map.segment = 0xffff;
    observe(row, "no such device", memory(G_XENMEM_reserved_device_memory_map, &map));
    map.segment = 0;
    map.buffer = KIT_UNMAPPED;
    observe(row, "unmapped list", memory(G_XENMEM_reserved_device_memory_map, &map));
    *cross = map;
    observe(row, "straddling", memory(G_XENMEM_reserved_device_memory_map, cross));
    observe(row, "torn", memory(G_XENMEM_reserved_device_memory_map, KIT_TORN(24)));
    observe(row, "unmapped", memory(G_XENMEM_reserved_device_memory_map, (void *)KIT_UNMAPPED));
}
