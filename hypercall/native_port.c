/* Native calls: ports between partitions. */
#include "hypercall/native_rows.h"
#include "hv/core/partition.h"
#include "hv/core/host.h"

enum status native_port_connect(struct call *call)
{
    struct native_port_connect_out *out = OUT(call, struct native_port_connect_out);
    struct partition *root = call->vcpu->partition;
    struct partition *p;
    u32 near = 0;
    u32 far = 0;
    enum status status;

    TRY(native_find(IN(call, struct native_partition)->partition, &p));
    TRY(port_alloc_unbound(p, root->id, &far));
    status = port_bind_interdomain(root, p->id, far, &near);
    if (status != ST_OK) {
        port_close(p, far);
        return status;
    }
    out->local_port = near;
    out->remote_port = far;
    return ST_OK;
}

enum status native_port_send(struct call *call)
{
    return port_send(call->vcpu->partition, IN(call, struct native_port)->port);
}

enum status native_port_wait(struct call *call)
{
    struct native_port *out = OUT(call, struct native_port);
    u64 deadline_ns = IN(call, struct native_port_wait)->deadline_ns;

    out->reserved = 0;
    if (port_take_raised(call->vcpu, &out->port))
        return ST_OK;
    if (deadline_ns <= clock_now_ns())
        return ST_TIMED_OUT;
    vcpu_park(call->vcpu, deadline_ns);
    return ST_AGAIN;
}

enum status native_port_close(struct call *call)
{
    return port_close(call->vcpu->partition, IN(call, struct native_port)->port);
}

_Static_assert(NATIVE_CONSOLE_INPUT == (u32)EVENT_CONSOLE_INPUT &&
                   NATIVE_PARTITION_ENDED == (u32)EVENT_PARTITION_ENDED &&
                   NATIVE_DEVICE == (u32)EVENT_DEVICE,
               "same sources");

enum status native_port_event(struct call *call)
{
    struct native_port *out = OUT(call, struct native_port);
    u32 event = IN(call, struct native_port_event)->event;

    if (event < EVENT_PER_VCPU || event >= EVENT_GLOBAL_OTHER)
        return ST_INVALID;
    out->reserved = 0;
    return port_bind_event(call->vcpu->partition, (enum event_source)event, call->vcpu->id,
                           &out->port);
}

enum status native_port_bind(struct call *call)
{
    const struct native_port_bind *in = IN(call, struct native_port_bind);
    struct native_port *out = OUT(call, struct native_port);

    out->reserved = 0;
    return port_bind_interdomain(call->vcpu->partition, in->partition, in->port, &out->port);
}
