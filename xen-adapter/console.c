/* CONSOLE_IO: a guest's lines for the machine's log. */
#include "xen-adapter/call.h"

#define CHUNK 128u

s64 xen_console_io_consoleio_write(struct xen_call *call)
{
    u64 count = call->arg[1];
    u64 at = call->arg[2];
    char text[CHUNK];

    if ((s32)count < 0)
        return -XEN_EINVAL;
    count = (u32)count;
    while (count) {
        u32 now = (u32)MIN(count, (u64)CHUNK);

        if (xen_fetch(call, at, text, now) != ST_OK)
            return -XEN_EFAULT;
        op_partition_log(call->partition, text, now);
        at += now;
        count -= now;
    }
    return 0;
}

s64 xen_console_io_consoleio_read(struct xen_call *call)
{
    (void)call;
    return -XEN_EPERM;
}
