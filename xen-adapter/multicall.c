/* MULTICALL: a list of calls in guest memory, each with its own result [xen/xen.h]. */
#include "xen-adapter/call.h"

#define CALLS_A_ROUND 256u

struct entry_32 {
    u32 op;
    s32 result;
    u32 args[6];
};

static enum status entry_fetch(struct xen_call *call, u64 at, struct xen_call *inner)
{
    struct xen_multicall_entry wide;
    struct entry_32 narrow;
    u32 i;

    if (call->is_narrow) {
        TRY(xen_fetch(call, at, &narrow, sizeof(narrow)));
        inner->nr = narrow.op;
        for (i = 0; i < 6; i++)
            inner->arg[i] = narrow.args[i];
        return ST_OK;
    }
    TRY(xen_fetch(call, at, &wide, sizeof(wide)));
    inner->nr = wide.op;
    for (i = 0; i < 6; i++)
        inner->arg[i] = wide.args[i];
    return ST_OK;
}

static enum status result_store(struct xen_call *call, u64 at, s64 result)
{
    s32 narrow = (s32)result;

    if (call->is_narrow)
        return xen_store(call, at + offsetof(struct entry_32, result), &narrow, sizeof(narrow));
    return xen_store(call, at + offsetof(struct xen_multicall_entry, result), &result,
                     sizeof(result));
}

/* An entry to be continued keeps its cursor where Xen keeps it: in its first arguments. */
static enum status cursor_store(struct xen_call *call, u64 at, const struct xen_call *inner)
{
    u32 i;

    for (i = 0; i < 3; i++) {
        u32 narrow = (u32)inner->arg[i];

        if (call->is_narrow)
            TRY(xen_store(call, at + offsetof(struct entry_32, args) + i * 4, &narrow, 4));
        else
            TRY(xen_store(call, at + offsetof(struct xen_multicall_entry, args) + i * 8,
                          &inner->arg[i], 8));
    }
    return ST_OK;
}

s64 xen_multicall(struct xen_call *call)
{
    u64 bytes = call->is_narrow ? sizeof(struct entry_32) : sizeof(struct xen_multicall_entry);
    u64 at = call->arg[0];
    u32 count = (u32)call->arg[1];
    u32 i;

    if (call->is_nested)
        return -XEN_EINVAL;
    for (i = 0; i < count && i < CALLS_A_ROUND; i++, at += bytes) {
        struct xen_call inner = *call;
        s64 result;

        if (entry_fetch(call, at, &inner) != ST_OK)
            return -XEN_EFAULT;
        inner.is_nested = true;
        result = xen_dispatch(&inner);
        if (result == -XEN_ERESTART) {
            if (cursor_store(call, at, &inner) != ST_OK)
                return -XEN_EFAULT;
            break;
        }
        if (result_store(call, at, result) != ST_OK)
            return -XEN_EFAULT;
    }
    if (i == count)
        return 0;
    call->arg[0] = at;
    call->arg[1] = count - i;
    return -XEN_ERESTART;
}
