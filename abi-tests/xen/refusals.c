/*
 * What an unprivileged guest sees of the rows of priority C and D: the list is golden/rows.tsv.
 * Each is called with a pointer to nothing and with one to a zeroed structure.
 */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

static const struct row {
    unsigned number, sub;
    const char *name;
} rows[] = {
#include ROWS_FILE
};

static uint8_t buffer[2 * KIT_PAGE] __attribute__((aligned(4096)));

/* Calls whose effect lies in a register, and those of this list that need a table of their own.
 */
static bool left_out(const struct row *row)
{
    return row->number == G_HYPERVISOR_sched_op_compat || row->number >= 50 ||
           row->number == G_HYPERVISOR_event_channel_op_compat ||
           row->number == G_HYPERVISOR_physdev_op_compat;
}

/* The sub-operation is the first word of the structure. */
static bool in_structure(unsigned number)
{
    return number == G_HYPERVISOR_platform_op || number == G_HYPERVISOR_sysctl ||
           number == G_HYPERVISOR_domctl || number == G_HYPERVISOR_mca ||
           number == G_HYPERVISOR_xsm_op;
}

static long call(const struct row *row, uint64_t pointer)
{
    switch (row->number) {
    case G_HYPERVISOR_mmu_update:
    case G_HYPERVISOR_mmuext_op:
        return kit_hypercall(row->number, pointer, 1, 0, G_DOMID_SELF);
    case G_HYPERVISOR_vcpu_op:
        return kit_hypercall(row->number, row->sub, 0, pointer, 0);
    case G_HYPERVISOR_grant_table_op:
        return kit_hypercall(row->number, row->sub, pointer, 1, 0);
    case G_HYPERVISOR_vm_assist:
        return kit_hypercall(row->number, G_VMASST_CMD_enable, row->sub, 0, 0);
    case G_HYPERVISOR_dm_op:
        return kit_hypercall(row->number, 0, 1, pointer, 0);
    case G_HYPERVISOR_console_io:
        return kit_hypercall(row->number, row->sub, 16, pointer, 0);
    default:
        if (in_structure(row->number))
            return kit_hypercall(row->number, pointer, 0, 0, 0);
        return kit_hypercall(row->number, row->sub, pointer, 0, 0);
    }
}

/* Values that differ from machine to machine are one. */
static void observe_small(const char *row, const char *class, long result)
{
    observe(row, class, result > 4096 ? 4096 : result);
}

static void check_rows(unsigned from, unsigned to)
{
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        if (row->number < from || row->number >= to || left_out(row))
            continue;
        observe_small(row->name, "unmapped", call(row, KIT_UNMAPPED));
        if (row->number == G_HYPERVISOR_sched_op)
            continue; /* zeroes are a watchdog that fires at once */
        memset(buffer, 0, sizeof(buffer));
        if (in_structure(row->number) || row->number == G_HYPERVISOR_mmuext_op)
            *(uint32_t *)(void *)buffer = row->sub;
        else if (row->number == G_HYPERVISOR_mmu_update)
            *(uint64_t *)(void *)buffer = row->sub;
        observe_small(row->name, "zeroes", call(row, (uintptr_t)buffer));
    }
}

TEST(refusals_low, "refusals-0-23", TEST_ALL | TEST_GUEST)
{
    check_rows(0, 24);
}

TEST(refusals_mid, "refusals-24-34", TEST_ALL | TEST_GUEST)
{
    check_rows(24, 35);
}

TEST(refusals_control, "refusals-control", TEST_ALL | TEST_GUEST)
{
    check_rows(35, 37);
}

TEST(refusals_high, "refusals-37-49", TEST_ALL | TEST_GUEST)
{
    check_rows(37, 50);
}
