/* memory_op on the physical map of an HVM guest; a PV guest has none. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static uint8_t page[3][KIT_PAGE] __attribute__((aligned(4096)));

static long memory(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_memory_op, sub, (uintptr_t)argument, 0, 0);
}

static long add(uint32_t space, uint64_t idx, const void *at)
{
    struct g_add_to_physmap argument = {
        .domid = G_DOMID_SELF, .space = space, .idx = idx, .gpfn = (uintptr_t)at >> 12};

    return memory(G_XENMEM_add_to_physmap, &argument);
}

TEST(physmap_pv, "physmap-pv", TEST_PV | TEST_GUEST)
{
    struct g_remove_from_physmap gone = {.domid = G_DOMID_SELF,
                                         .gpfn = (uintptr_t)page[0] >> 12};
    struct g_add_to_physmap bad = {.gpfn = (uintptr_t)page[0] >> 12};
    const char *row = "memory_op.add_to_physmap", *away = "memory_op.remove_from_physmap";

    observe(row, "PV caller, shared_info", add(G_XENMAPSPACE_shared_info, 0, page[0]));
    observe(row, "PV caller, grant table", add(G_XENMAPSPACE_grant_table, 0, page[0]));
    observe(row, "PV caller, unknown space", add(99, 0, page[0]));
    observe(row, "PV caller, foreign frame", add(G_XENMAPSPACE_gmfn_foreign, 0, page[0]));
    bad.domid = G_DOMID_INVALID;
    observe(row, "PV caller, invalid domain", memory(G_XENMEM_add_to_physmap, &bad));
    bad.space = G_XENMAPSPACE_gmfn_foreign;
    observe(row, "PV caller, foreign frame for an invalid domain",
            memory(G_XENMEM_add_to_physmap, &bad));
    bad.domid = 0;
    observe(row, "PV caller, foreign frame for the control domain",
            memory(G_XENMEM_add_to_physmap, &bad));
    bad.space = G_XENMAPSPACE_shared_info;
    observe(row, "PV caller, control domain", memory(G_XENMEM_add_to_physmap, &bad));
    observe(row, "unmapped", memory(G_XENMEM_add_to_physmap, (void *)KIT_UNMAPPED));
    observe(away, "PV caller", memory(G_XENMEM_remove_from_physmap, &gone));
    gone.domid = G_DOMID_INVALID;
    observe(away, "PV caller, invalid domain", memory(G_XENMEM_remove_from_physmap, &gone));
    gone.domid = 0;
    observe(away, "PV caller, control domain", memory(G_XENMEM_remove_from_physmap, &gone));
    observe(away, "unmapped", memory(G_XENMEM_remove_from_physmap, (void *)KIT_UNMAPPED));
}

TEST(physmap_add, "physmap-add", TEST_PVH | TEST_GUEST)
{
    const char *row = "memory_op.add_to_physmap";
    struct g_add_to_physmap *cross = (void *)KIT_CROSS(sizeof(*cross));
    struct g_shared_info *shared = (void *)page[0];

    long result;

    kit_shared();
    result = add(G_XENMAPSPACE_shared_info, 0, page[0]);
    kit_shared_moved(page[0]);
    expect(row, "shared_info", result, 0);
    expect_true(row, "it is the shared_info", shared->wc_version != 0 || shared->wc_sec != 0);
    observe(row, "shared_info, index 1", add(G_XENMAPSPACE_shared_info, 1, page[1]));
    expect(row, "grant table", add(G_XENMAPSPACE_grant_table, 0, page[1]), 0);
    observe(row, "grant table beyond its maximum",
            add(G_XENMAPSPACE_grant_table, 0x7fffff, page[1]));
    observe(row, "grant status frame in version 1",
            add(G_XENMAPSPACE_grant_table, 0x80000000, page[1]));
    observe(row, "unknown space", add(99, 0, page[1]));
    observe(row, "frame without memory", add(G_XENMAPSPACE_gmfn, 0xabcdef, page[1]));
    page[2][9] = 0x5a;
    expect(row, "another frame of the guest",
           add(G_XENMAPSPACE_gmfn, (uintptr_t)page[2] >> 12, page[1]), 0);
    expect_true(row, "it moves there", page[1][9] == 0x5a);
    memset(cross, 0, sizeof(*cross));
    cross->domid = G_DOMID_INVALID;
    observe(row, "invalid domain, straddling", memory(G_XENMEM_add_to_physmap, cross));
    cross->domid = 0;
    observe(row, "control domain", memory(G_XENMEM_add_to_physmap, cross));
    expect(row, "torn", memory(G_XENMEM_add_to_physmap, KIT_TORN(24)), -G_EFAULT);
    expect(row, "unmapped", memory(G_XENMEM_add_to_physmap, (void *)KIT_UNMAPPED), -G_EFAULT);
}

TEST(physmap_spaces, "physmap-spaces", TEST_PVH | TEST_GUEST)
{
    const char *row = "memory_op.add_to_physmap";
    static uint8_t from[2][KIT_PAGE] __attribute__((aligned(4096)));
    static uint8_t to[2][KIT_PAGE] __attribute__((aligned(4096)));
    struct g_add_to_physmap range = {.domid = G_DOMID_SELF,
                                     .space = G_XENMAPSPACE_gmfn_range,
                                     .idx = (uintptr_t)from >> 12,
                                     .gpfn = (uintptr_t)to >> 12};
    struct g_add_to_physmap bad = {.domid = G_DOMID_INVALID,
                                   .space = G_XENMAPSPACE_gmfn_foreign,
                                   .gpfn = (uintptr_t)to >> 12};

    observe(row, "foreign frame", add(G_XENMAPSPACE_gmfn_foreign, 0, to));
    observe(row, "foreign frame for an invalid domain", memory(G_XENMEM_add_to_physmap, &bad));
    bad.domid = 0;
    observe(row, "foreign frame for the control domain", memory(G_XENMEM_add_to_physmap, &bad));
    observe(row, "device memory", add(G_XENMAPSPACE_dev_mmio, 0, to));
    observe(row, "range of none", memory(G_XENMEM_add_to_physmap, &range));
    range.size = 2;
    from[0][1] = 1;
    from[1][1] = 2;
    observe(row, "range of two", memory(G_XENMEM_add_to_physmap, &range));
    expect_true(row, "both have moved", to[0][1] == 1 && to[1][1] == 2);
    observe(row, "range that is gone", memory(G_XENMEM_add_to_physmap, &range));
    observe(row, "start at the end of a range",
            memory(G_XENMEM_add_to_physmap | 2 << 6, &range));
    range.size = 0;
    observe(row, "start behind the end of a range",
            memory(G_XENMEM_add_to_physmap | 1 << 6, &range));
    range.space = G_XENMAPSPACE_shared_info;
    observe(row, "start of a single page", memory(G_XENMEM_add_to_physmap | 1 << 6, &range));
}

struct batch {
    uint64_t idx[2], gpfn[2];
    int32_t error[2];
};

static struct g_add_to_physmap_batch batch_make(struct batch *lists, uint16_t space,
                                                uint16_t size, uint16_t foreign)
{
    lists->error[0] = lists->error[1] = 99;
    return (struct g_add_to_physmap_batch){.domid = G_DOMID_SELF,
                                           .space = space,
                                           .size = size,
                                           .foreign_domid = foreign,
                                           .idxs = (uintptr_t)lists->idx,
                                           .gpfns = (uintptr_t)lists->gpfn,
                                           .errs = (uintptr_t)lists->error};
}

#define BATCH "memory_op.add_to_physmap_batch"

static void batch_add(const char *class, struct batch *lists, uint16_t space, uint16_t size,
                      uint16_t foreign)
{
    struct g_add_to_physmap_batch io = batch_make(lists, space, size, foreign);

    observe(BATCH, class, memory(G_XENMEM_add_to_physmap_batch, &io));
    observe(BATCH, class, lists->error[0]);
    observe(BATCH, class, lists->error[1]);
}

TEST(physmap_batch, "physmap-batch", TEST_PVH | TEST_GUEST)
{
    static uint8_t from[2][KIT_PAGE] __attribute__((aligned(4096)));
    static uint8_t to[2][KIT_PAGE] __attribute__((aligned(4096)));
    struct batch lists = {.idx = {(uintptr_t)from[0] >> 12, 0xabcdef},
                          .gpfn = {(uintptr_t)to[0] >> 12, (uintptr_t)to[1] >> 12}};

    batch_add("none", &lists, G_XENMAPSPACE_gmfn, 0, 0);
    from[0][1] = 3;
    batch_add("a frame, and one without memory", &lists, G_XENMAPSPACE_gmfn, 2, 0);
    expect_true(BATCH, "it moves there", to[0][1] == 3);
    batch_add("own frames with a foreign domain", &lists, G_XENMAPSPACE_gmfn, 2, 1);
    batch_add("a range", &lists, G_XENMAPSPACE_gmfn_range, 2, 0);
    batch_add("device memory", &lists, G_XENMAPSPACE_dev_mmio, 2, 0);
    batch_add("unknown space", &lists, 99, 2, 0);
    lists.idx[0] = (uintptr_t)from[1] >> 12;
    batch_add("foreign frames of the control domain", &lists, G_XENMAPSPACE_gmfn_foreign, 2, 0);
    batch_add("foreign frames of its own", &lists, G_XENMAPSPACE_gmfn_foreign, 2, G_DOMID_SELF);
    batch_add("foreign frames of no domain", &lists, G_XENMAPSPACE_gmfn_foreign, 2, 0x7000);
    batch_add("foreign frames of an invalid domain", &lists, G_XENMAPSPACE_gmfn_foreign, 2,
              G_DOMID_INVALID);
    batch_add("no foreign frames", &lists, G_XENMAPSPACE_gmfn_foreign, 0, 0);
}

static void batch_observe(const char *class, const struct g_add_to_physmap_batch *io)
{
    observe(BATCH, class, memory(G_XENMEM_add_to_physmap_batch, io));
}

TEST(physmap_batch_bad, "physmap-batch-bad", TEST_ALL | TEST_GUEST)
{
    struct batch lists = {{0xabcdef, 0xabcdef}, {0xabcdee, 0xabcdee}, {0}};
    struct g_add_to_physmap_batch io = batch_make(&lists, G_XENMAPSPACE_gmfn, 2, 0);

    batch_observe("unmapped", (void *)KIT_UNMAPPED);
    batch_observe("torn", (void *)KIT_TORN(sizeof(io)));
    io.idxs = KIT_UNMAPPED;
    batch_observe("unmapped indices", &io);
    io = batch_make(&lists, G_XENMAPSPACE_gmfn, 2, 0);
    io.gpfns = KIT_UNMAPPED;
    batch_observe("unmapped places", &io);
    io = batch_make(&lists, G_XENMAPSPACE_gmfn, 2, 0);
    io.errs = KIT_UNMAPPED;
    batch_observe("unmapped errors", &io);
    io = batch_make(&lists, G_XENMAPSPACE_gmfn, 2, 0);
    observe(BATCH, "start behind the end", memory(G_XENMEM_add_to_physmap_batch | 3 << 6, &io));
    observe(BATCH, "start at the end", memory(G_XENMEM_add_to_physmap_batch | 2 << 6, &io));
    io.domid = G_DOMID_INVALID;
    batch_observe("invalid domain", &io);
    io.domid = 0;
    batch_observe("control domain", &io);
}

TEST(physmap_remove, "physmap-remove", TEST_PVH | TEST_GUEST)
{
    const char *row = "memory_op.remove_from_physmap";
    struct g_remove_from_physmap gone = {.domid = G_DOMID_SELF,
                                         .gpfn = (uintptr_t)page[1] >> 12};

    expect(row, "a page", memory(G_XENMEM_remove_from_physmap, &gone), 0);
    expect(row, "again", memory(G_XENMEM_remove_from_physmap, &gone), -G_ENOENT);
    gone.gpfn = 0xabcdef;
    expect(row, "never there", memory(G_XENMEM_remove_from_physmap, &gone), -G_ENOENT);
    gone.gpfn = ~0ull;
    observe(row, "frame 2^64-1", memory(G_XENMEM_remove_from_physmap, &gone));
    gone.domid = G_DOMID_INVALID;
    observe(row, "invalid domain", memory(G_XENMEM_remove_from_physmap, &gone));
    gone.domid = 0;
    observe(row, "control domain", memory(G_XENMEM_remove_from_physmap, &gone));
    expect(row, "torn", memory(G_XENMEM_remove_from_physmap, KIT_TORN(16)), -G_EFAULT);
    expect(row, "unmapped", memory(G_XENMEM_remove_from_physmap, (void *)KIT_UNMAPPED),
           -G_EFAULT);
}
