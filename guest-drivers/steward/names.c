/* The names of the counters, from the tables of the interfaces. */
#include "guest-drivers/steward/report.h"
#include "enlight/abi/tlfs.h"
#include "xen-adapter/abi/xen_rows.h"

static const char *const exit_names[NATIVE_EXITS] = {
#define NATIVE_EXIT(name) #name,
    NATIVE_EXIT_NAMES(NATIVE_EXIT)
#undef NATIVE_EXIT
};

const char *report_exit_name(u32 exit)
{
    return exit < NATIVE_EXITS ? exit_names[exit] : NULL;
}

static const char *const xen_names[XENROW_COUNT] = {
    [XENROW_none] = "unknown",
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [XENROW_##call] = #call,
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    [XENROW_##call##_##name] = #call "." #name,
#include "xen-adapter/abi/xen.def"
};

static const char *const shim_names[REPORT_SHIM_CALLS] = {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [nr] = #call,
#define FAMILY(nr, call, nargs, mask, header) [nr] = #call,
#include "xen-adapter/abi/xen.def"
};
_Static_assert(REPORT_SHIM_CALLS == XEN_NR_SPACE, "a counter for each number");

const char *report_shim_call_name(u32 number)
{
    return number < REPORT_SHIM_CALLS ? shim_names[number] : NULL;
}

static const char *const tlfs_names[TLFS_ROWS] = {
    [TLFS_ROW_none] = "unknown",
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    [TLFS_ROW_##name] = #name,
#include "enlight/abi/tlfs.def"
#define MSR(name, number, feature, prio, state, doc) [TLFS_ROW_MSR_##name] = "MSR." #name,
#include "enlight/abi/tlfs.def"
};
_Static_assert((u32)XENROW_COUNT <= NATIVE_COUNTER_TLFS &&
                   NATIVE_COUNTER_TLFS + (u32)TLFS_ROWS <= NATIVE_COUNTERS,
               "a counter for each row");

const char *report_call_name(u32 counter)
{
    if (counter < (u32)XENROW_COUNT)
        return xen_names[counter];
    if (counter >= NATIVE_COUNTER_TLFS && counter - NATIVE_COUNTER_TLFS < (u32)TLFS_ROWS)
        return tlfs_names[counter - NATIVE_COUNTER_TLFS];
    return NULL;
}
