/* mmuext_op: pinning, base pointers, flushes. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define FAR_FRAME 0x3fffffffull
#define ADDRESS   0x000ffffffffff000ull

/* tables[n] is a table of level n + 1, each the only entry of the next. */
static uint64_t tables[4][512] __attribute__((aligned(4096)));

static long extended(uint32_t command, uint64_t arg1, uint64_t arg2)
{
    struct g_mmuext_op op = {.cmd = command, .arg1 = arg1, .arg2 = arg2};

    return kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)&op, 1, 0, G_DOMID_SELF);
}

static void tables_protect(void)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            tables[i][5] = kit_frame(tables[i - 1]) << 12 | 0x67;
        else
            tables[0][5] = kit_frame(kit_start_info) << 12 | 0x5; /* read-only */
        kit_map(tables[i], kit_pte_of(tables[i]) & ~2ull);
    }
}

static void tables_release(void)
{
    for (unsigned i = 0; i < 4; i++) {
        kit_map(tables[i], kit_pte_of(tables[i]) | 2);
        memset(tables[i], 0, KIT_PAGE);
    }
}

TEST(pin, "pin", TEST_PV)
{
    static const char *const rows[] = {"mmuext_op.PIN_L1_TABLE", "mmuext_op.PIN_L2_TABLE",
                                       "mmuext_op.PIN_L3_TABLE", "mmuext_op.PIN_L4_TABLE"};
    const char *unpin = "mmuext_op.UNPIN_TABLE";

    for (unsigned i = 0; i < 4; i++) {
        expect(rows[i], "writable", extended(i, kit_frame(tables[i]), 0), -G_EINVAL);
        expect(rows[i], "no memory", extended(i, FAR_FRAME, 0), -G_EINVAL);
    }
    expect(unpin, "not pinned", extended(G_MMUEXT_UNPIN_TABLE, kit_frame(tables[0]), 0),
           -G_EINVAL);
    expect(unpin, "no memory", extended(G_MMUEXT_UNPIN_TABLE, FAR_FRAME, 0), -G_EINVAL);
    tables_protect();
    for (unsigned i = 0; i < 4; i++)
        expect(rows[i], "plain", extended(i, kit_frame(tables[i]), 0), 0);
    for (unsigned i = 0; i < 4; i++) {
        expect(rows[i], "again", extended(i, kit_frame(tables[i]), 0), -G_EINVAL);
        expect(rows[i], "as another level", extended((i + 1) % 4, kit_frame(tables[i]), 0),
               -G_EINVAL);
        expect(rows[i], "writable once pinned", kit_map(tables[i], kit_pte_of(tables[i]) | 2),
               -G_EBUSY);
    }
    for (unsigned i = 0; i < 4; i++)
        expect(unpin, "plain", extended(G_MMUEXT_UNPIN_TABLE, kit_frame(tables[i]), 0), 0);
    expect(unpin, "again", extended(G_MMUEXT_UNPIN_TABLE, kit_frame(tables[3]), 0), -G_EINVAL);
    tables_release();
    tables[0][0] = 6;
    expect_true(unpin, "all are plain memory again", tables[0][0] == 6);
    tables[0][0] = 0;
}

/* A new top table that maps what the old one does. */
TEST(base_pointer, "base-pointer", TEST_PV)
{
    const char *row = "mmuext_op.NEW_BASEPTR", *user = "mmuext_op.NEW_USER_BASEPTR";
    uint64_t top = *(const uint64_t *)(const void *)(kit_start_info + G_START_INFO_pt_base);
    const uint64_t *old = (const uint64_t *)(uintptr_t)top;
    uint64_t l4 = kit_frame(old), fresh = kit_frame(tables[3]);

    for (unsigned i = 0; i < 512; i++)
        tables[3][i] = i >= 256 && i < 272 ? 0 : old[i];
    kit_map(tables[3], kit_pte_of(tables[3]) & ~2ull);
    expect(row, "a writable page", extended(G_MMUEXT_NEW_BASEPTR, kit_frame(tables[0]), 0),
           -G_EINVAL);
    expect(row, "no memory", extended(G_MMUEXT_NEW_BASEPTR, FAR_FRAME, 0), -G_EINVAL);
    expect(row, "the same", extended(G_MMUEXT_NEW_BASEPTR, l4, 0), 0);
    expect(row, "another", extended(G_MMUEXT_NEW_BASEPTR, fresh, 0), 0);
    expect_true(row, "it is the base: the table is no longer writable",
                kit_map(tables[3], kit_pte_of(tables[3]) | 2) == -G_EBUSY);
    expect(row, "back", extended(G_MMUEXT_NEW_BASEPTR, l4, 0), 0);
    expect(user, "plain", extended(G_MMUEXT_NEW_USER_BASEPTR, fresh, 0), 0);
    expect(user, "a writable page",
           extended(G_MMUEXT_NEW_USER_BASEPTR, kit_frame(tables[0]), 0), -G_EINVAL);
    expect(user, "no memory", extended(G_MMUEXT_NEW_USER_BASEPTR, FAR_FRAME, 0), -G_EINVAL);
    expect(user, "none", extended(G_MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
    tables_release();
}

TEST(flush, "flush", TEST_PV)
{
    static uint64_t mask[4] = {1};
    uint64_t at = (uintptr_t)tables[0];

    expect("mmuext_op.TLB_FLUSH_LOCAL", "plain", extended(G_MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
    expect("mmuext_op.INVLPG_LOCAL", "plain", extended(G_MMUEXT_INVLPG_LOCAL, at, 0), 0);
    expect("mmuext_op.INVLPG_LOCAL", "hypervisor address",
           extended(G_MMUEXT_INVLPG_LOCAL, KIT_HYPERVISOR, 0), 0);
    expect("mmuext_op.INVLPG_LOCAL", "non-canonical",
           extended(G_MMUEXT_INVLPG_LOCAL, 0x8000000000000000ull, 0), 0);
    expect("mmuext_op.TLB_FLUSH_MULTI", "this vCPU",
           extended(G_MMUEXT_TLB_FLUSH_MULTI, 0, (uintptr_t)mask), 0);
    expect("mmuext_op.TLB_FLUSH_MULTI", "hypervisor mask",
           extended(G_MMUEXT_TLB_FLUSH_MULTI, 0, KIT_HYPERVISOR), -G_EINVAL);
    expect("mmuext_op.TLB_FLUSH_MULTI", "unmapped mask",
           extended(G_MMUEXT_TLB_FLUSH_MULTI, 0, KIT_UNMAPPED), -G_EINVAL);
    expect("mmuext_op.INVLPG_MULTI", "this vCPU",
           extended(G_MMUEXT_INVLPG_MULTI, at, (uintptr_t)mask), 0);
    expect("mmuext_op.INVLPG_MULTI", "unmapped mask",
           extended(G_MMUEXT_INVLPG_MULTI, at, KIT_UNMAPPED), -G_EINVAL);
    expect("mmuext_op.TLB_FLUSH_ALL", "plain", extended(G_MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    expect("mmuext_op.INVLPG_ALL", "plain", extended(G_MMUEXT_INVLPG_ALL, at, 0), 0);
}

/* The list: what was done is counted, and the rest refused. */
TEST(mmuext_list, "mmuext-list", TEST_PV)
{
    static struct g_mmuext_op list[40];
    struct g_mmuext_op *torn = (void *)(kit_edge() + 2 * KIT_PAGE - sizeof(*torn));
    struct g_mmuext_op *cross = (void *)(kit_edge() + KIT_PAGE - 8);
    uint32_t done = 9;
    const char *row = "mmuext_op.TLB_FLUSH_LOCAL";

    for (unsigned i = 0; i < 40; i++)
        list[i].cmd = G_MMUEXT_TLB_FLUSH_LOCAL;
    expect(row, "40 operations",
           kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)list, 40, (uintptr_t)&done,
                         G_DOMID_SELF),
           0);
    expect(row, "done of them", done, 40);
    list[2].cmd = 99;
    expect("mmuext_op", "unknown third",
           kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)list, 3, (uintptr_t)&done,
                         G_DOMID_SELF),
           -G_ENOSYS);
    expect("mmuext_op", "done of them", done, 2);
    *cross = list[0];
    expect(row, "straddling",
           kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)cross, 1, 0, G_DOMID_SELF), 0);
    *torn = list[0];
    expect(row, "torn behind the first",
           kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)torn, 2, (uintptr_t)&done,
                         G_DOMID_SELF),
           -G_EFAULT);
    expect(row, "unmapped",
           kit_hypercall(G_HYPERVISOR_mmuext_op, KIT_UNMAPPED, 1, 0, G_DOMID_SELF), -G_EFAULT);
    expect(row, "hypervisor list",
           kit_hypercall(G_HYPERVISOR_mmuext_op, KIT_HYPERVISOR, 1, 0, G_DOMID_SELF),
           -G_EFAULT);
    expect(row, "invalid domain",
           kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)list, 1, 0, G_DOMID_INVALID),
           -G_ESRCH);
    observe(row, "control domain",
            kit_hypercall(G_HYPERVISOR_mmuext_op, (uintptr_t)list, 1, 0, 0));
}

TEST(mmuext_pvh, "mmuext-of-pvh", TEST_PVH | TEST_GUEST)
{
    static const char *const rows[] = {"PIN_L1_TABLE",    "PIN_L2_TABLE", "PIN_L3_TABLE",
                                       "PIN_L4_TABLE",    "UNPIN_TABLE",  "NEW_BASEPTR",
                                       "TLB_FLUSH_LOCAL", "INVLPG_LOCAL", "TLB_FLUSH_MULTI",
                                       "INVLPG_MULTI",    "TLB_FLUSH_ALL"};

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kit_print("# HVM caller of %s\n", rows[i]);
        observe("mmuext_op", "HVM caller", extended(i, 0, 0));
    }
}
