/* grant_table_op: the table's size, frames and version. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static long grant(uint64_t sub, const void *argument, uint64_t count)
{
    return kit_hypercall(G_HYPERVISOR_grant_table_op, sub, (uintptr_t)argument, count, 0);
}

TEST(query_size, "grant-size", TEST_ALL | TEST_GUEST)
{
    const char *row = "grant_table_op.query_size";
    struct g_gnttab_query_size size = {.dom = G_DOMID_SELF, .status = 99};
    struct g_gnttab_query_size *cross = (void *)KIT_CROSS(sizeof(size));

    expect(row, "self", grant(G_GNTTABOP_query_size, &size, 1), 0);
    expect_number(row, "self: status", size.status, G_GNTST_okay);
    expect_true(row, "frames within the maximum",
                size.max_nr_frames > 0 && size.nr_frames <= size.max_nr_frames);
    *cross = size;
    expect(row, "straddling", grant(G_GNTTABOP_query_size, cross, 1), 0);
    observe(row, "count 0", grant(G_GNTTABOP_query_size, &size, 0));
    expect(row, "count 2", grant(G_GNTTABOP_query_size, &size, 2), -G_EINVAL);
    expect(row, "count 2^32-1", grant(G_GNTTABOP_query_size, &size, 0xffffffff), -G_EINVAL);
    size.dom = 0;
    observe(row, "control domain", grant(G_GNTTABOP_query_size, &size, 1));
    observe_number(row, "control domain: status", size.status);
    size.dom = G_DOMID_INVALID;
    observe(row, "invalid domain", grant(G_GNTTABOP_query_size, &size, 1));
    observe_number(row, "invalid domain: status", size.status);
    expect(row, "torn", grant(G_GNTTABOP_query_size, KIT_TORN(16), 1), -G_EFAULT);
    expect(row, "unmapped", grant(G_GNTTABOP_query_size, (void *)KIT_UNMAPPED, 1), -G_EFAULT);
    expect("grant_table_op", "unknown sub-operation", grant(99, &size, 1), -G_ENOSYS);
}

TEST(setup_table, "grant-setup", TEST_ALL | TEST_GUEST)
{
    const char *row = "grant_table_op.setup_table";
    static uint64_t frames[64];
    struct g_gnttab_setup_table setup = {
        .dom = G_DOMID_SELF, .nr_frames = 1, .status = 99, .frame_list = (uintptr_t)frames};

    expect(row, "one frame", grant(G_GNTTABOP_setup_table, &setup, 1), 0);
    expect_number(row, "one frame: status", setup.status, G_GNTST_okay);
    if (kit_kind == KIT_PV) {
        static uint8_t window[KIT_PAGE] __attribute__((aligned(4096)));
        expect(row, "the frame maps", kit_map(window, frames[0] << 12 | 0x63), 0);
        window[100] = 7;
        expect_true(row, "the frame is writable", window[100] == 7);
    }
    setup.nr_frames = 0;
    expect(row, "no frames", grant(G_GNTTABOP_setup_table, &setup, 1), 0);
    observe_number(row, "no frames: status", setup.status);
    setup.nr_frames = 0xffffff;
    expect(row, "beyond the maximum", grant(G_GNTTABOP_setup_table, &setup, 1), 0);
    expect_number(row, "beyond the maximum: status", setup.status, G_GNTST_general_error);
    setup.nr_frames = 1;
    setup.frame_list = KIT_UNMAPPED;
    observe(row, "unmapped list", grant(G_GNTTABOP_setup_table, &setup, 1));
    observe_number(row, "unmapped list: status", setup.status);
    setup.frame_list = (uintptr_t)frames;
    setup.dom = G_DOMID_INVALID;
    expect(row, "invalid domain", grant(G_GNTTABOP_setup_table, &setup, 1), 0);
    observe_number(row, "invalid domain: status", setup.status);
    setup.dom = 0;
    expect(row, "control domain", grant(G_GNTTABOP_setup_table, &setup, 1), 0);
    observe_number(row, "control domain: status", setup.status);
    expect(row, "count 2", grant(G_GNTTABOP_setup_table, &setup, 2), -G_EINVAL);
    expect(row, "torn", grant(G_GNTTABOP_setup_table, KIT_TORN(24), 1), -G_EFAULT);
    expect(row, "unmapped", grant(G_GNTTABOP_setup_table, (void *)KIT_UNMAPPED, 1), -G_EFAULT);
}

TEST(set_version, "grant-version", TEST_ALL)
{
    const char *row = "grant_table_op.set_version";
    struct g_gnttab_set_version version = {1};

    expect(row, "version 1", grant(G_GNTTABOP_set_version, &version, 1), 0);
    version.version = 2;
    observe(row, "version 2", grant(G_GNTTABOP_set_version, &version, 1));
    version.version = 1;
    expect(row, "back to version 1", grant(G_GNTTABOP_set_version, &version, 1), 0);
    version.version = 0;
    expect(row, "version 0", grant(G_GNTTABOP_set_version, &version, 1), -G_EINVAL);
    version.version = 3;
    expect(row, "version 3", grant(G_GNTTABOP_set_version, &version, 1), -G_EINVAL);
    version.version = 1;
    observe(row, "count 2", grant(G_GNTTABOP_set_version, &version, 2));
    expect(row, "torn", grant(G_GNTTABOP_set_version, KIT_TORN(4), 1), -G_EFAULT);
    expect(row, "unmapped", grant(G_GNTTABOP_set_version, (void *)KIT_UNMAPPED, 1), -G_EFAULT);
}

/* Lists: how many there may be is told before the first is looked at. */
TEST(grant_counts, "grant-counts", TEST_ALL | TEST_GUEST)
{
    static const struct {
        const char *row;
        unsigned sub;
    } lists[] = {
        {"grant_table_op.map_grant_ref", G_GNTTABOP_map_grant_ref},
        {"grant_table_op.unmap_grant_ref", G_GNTTABOP_unmap_grant_ref},
        {"grant_table_op.copy", G_GNTTABOP_copy},
        {"grant_table_op.unmap_and_replace", G_GNTTABOP_unmap_and_replace},
        {"grant_table_op.set_version", G_GNTTABOP_set_version},
        {"grant_table_op.get_status_frames", G_GNTTABOP_get_status_frames},
        {"grant_table_op.get_version", G_GNTTABOP_get_version},
        {"grant_table_op.swap_grant_ref", G_GNTTABOP_swap_grant_ref},
    };
    const void *nowhere = (const void *)KIT_UNMAPPED;

    for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        observe(lists[i].row, "none", grant(lists[i].sub, nowhere, 0));
        observe(lists[i].row, "one, unmapped", grant(lists[i].sub, nowhere, 1));
        observe(lists[i].row, "2^31, unmapped", grant(lists[i].sub, nowhere, 1u << 31));
        observe(lists[i].row, "2^32, unmapped", grant(lists[i].sub, nowhere, 1ull << 32));
    }
}
