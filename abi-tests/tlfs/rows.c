/*
 * Every register and call of the interface once, by golden/tlfs_rows.tsv: what a guest sees of
 * those that no other test asks about. A register that is not offered faults; a call answers
 * with a status, whether or not it is known.
 */
#include "abi-tests/tlfs/tlfs.h"

#define GP 13

static const struct row {
    const char *name;
    uint32_t number;
} rows[] = {
#include ROWS_FILE
};

static bool is_call(const struct row *row)
{
    return row->number < T_CPUID_VENDOR;
}

/* Reading that one sleeps. */
TEST(rows_registers, "rows-registers", TEST_HYPERV)
{
    uint64_t value;

    tlfs_begin();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct kit_trap trap;

        if (is_call(&rows[i]) || rows[i].number == T_MSR_GUEST_IDLE)
            continue;
        trap = msr_read_try(rows[i].number, &value);
        expect_trap(rows[i].name, "read", trap, trap.vector == KIT_NO_TRAP ? KIT_NO_TRAP : GP);
    }
}

TEST(rows_calls, "rows-calls", TEST_HYPERV)
{
    tlfs_begin();
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!is_call(&rows[i]))
            continue;
        observe_number(rows[i].name, "fast, zeroes",
                       (long)tlfs_call(T_FAST | rows[i].number, 0, 0));
        observe_number(
            rows[i].name, "zeroes",
            (long)tlfs_call(rows[i].number, (uintptr_t)tlfs_page(0), (uintptr_t)tlfs_page(1)));
    }
}
