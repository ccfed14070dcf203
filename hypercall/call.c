#include "hypercall/call.h"
#include "hypercall/guest_mem.h"

enum status call_open(struct call *call, const struct call_row *row)
{
    call->row = row;
    if (!row->name)
        return ST_NO_CALL;
    if (!(row->allow & call->caller))
        return ST_DENIED;
    if (row->in_bytes == 0)
        return ST_OK;
    return mem_read(call->vcpu, call->in_at, call->in.bytes, row->in_bytes);
}

enum status call_close(struct call *call, enum status status)
{
    if (status != ST_OK || call->row->out_bytes == 0)
        return status;
    return mem_write(call->vcpu, call->out_at, call->out.bytes, call->row->out_bytes);
}
