/* What a guest uses of the Hyper-V interface, by the features its CPUID shows. */
#include "enlight/abi/tlfs.h"
#include "guest-drivers/steward/report.h"
#include "hv/lib/format.h"

#define NAME_COLUMN   40u
#define NUMBER_COLUMN 14u

enum { STATE_ABSENT, STATE_REFUSED, STATE_PART, STATE_DONE };

static const struct {
    const char *name;
    u32 state;
} features[TLFS_FEATURE_ROWS] = {
#define FEATURE(name, leaf, reg, bit, prio, state, doc)                                        \
    [TLFS_FEATURE_ROW_##name] = {#name, STATE_##state},
#include "enlight/abi/tlfs.def"
};

/* The feature to which a call or a register belongs. */
static const u8 feature_of[TLFS_ROWS] = {
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    [TLFS_ROW_##name] = TLFS_FEATURE_ROW_##feature,
#define MSR(name, number, feature, prio, state, doc)                                           \
    [TLFS_ROW_MSR_##name] = TLFS_FEATURE_ROW_##feature,
#include "enlight/abi/tlfs.def"
};

struct use {
    u32 rows; /* that count it */
    u64 ever, lately;
};

static struct use use_of(const struct report_guest *guest, u32 feature)
{
    const u64 *now = guest->now->stats.calls + NATIVE_COUNTER_TLFS;
    struct use use = {0};

    for (u32 row = 1; row < TLFS_ROWS; row++) {
        if (feature_of[row] != feature)
            continue;
        use.rows++;
        use.ever += now[row];
        if (guest->before)
            use.lately += now[row] - guest->before->stats.calls[NATIVE_COUNTER_TLFS + row];
    }
    return use;
}

void report_enlightenments(struct out *out, const struct report_guest *guest)
{
    if (!guest->now)
        return;
    out_column(out, guest->name, NAME_COLUMN);
    out_column(out, "used", NUMBER_COLUMN);
    out_print(out, "last second\n");
    out_print(out, "  profile " TLFS_PROFILE "\n");
    for (u32 i = 1; i < TLFS_FEATURE_ROWS; i++) {
        struct use use = use_of(guest, i);
        char number[24];

        if (features[i].state < STATE_PART)
            continue;
        out_print(out, "  ");
        out_column(out, features[i].name, NAME_COLUMN - 2);
        if (use.rows == 0) {
            out_print(out, "not counted\n");
            continue;
        }
        format(number, sizeof(number), "%lu", (unsigned long)use.ever);
        out_column(out, number, NUMBER_COLUMN);
        out_print(out, "%lu\n", (unsigned long)use.lately);
    }
}
