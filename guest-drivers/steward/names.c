/* The names of the counters, from the tables of the interfaces. */
#include "guest-drivers/steward/report.h"
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

const char *report_call_name(u32 counter)
{
    u32 row = counter - NATIVE_COUNTER_XEN;

    return row < XENROW_COUNT ? xen_names[row] : NULL;
}
