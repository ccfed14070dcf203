#include "hypercall/op_port.h"
#include "hv/core/partition.h"

_Static_assert(OP_PORT_MAX == PORT_MAX && OP_PARTITION_ANY == PARTITION_ANY, "same limits");
_Static_assert((int)OP_PORT_UNBOUND == (int)PORT_UNBOUND &&
                   (int)OP_PORT_INTERDOMAIN == (int)PORT_INTERDOMAIN &&
                   (int)OP_PORT_EVENT == (int)PORT_EVENT && (int)OP_PORT_IPI == (int)PORT_IPI,
               "same kinds");
_Static_assert((int)OP_EVENT_TIMER == (int)EVENT_TIMER &&
                   (int)OP_EVENT_DEBUG == (int)EVENT_DEBUG &&
                   (int)OP_EVENT_CONSOLE_INPUT == (int)EVENT_CONSOLE_INPUT &&
                   (int)OP_EVENT_PARTITION_ENDED == (int)EVENT_PARTITION_ENDED &&
                   (int)OP_EVENT_DEVICE == (int)EVENT_DEVICE &&
                   (int)OP_EVENT_OTHER == (int)EVENT_GLOBAL_OTHER,
               "same sources");

enum status op_port_alloc_unbound(struct partition *p, u32 remote_id, u32 *number)
{
    return port_alloc_unbound(p, remote_id, number);
}

enum status op_port_bind_interdomain(struct partition *p, u32 remote_id, u32 remote_port,
                                     u32 *number)
{
    return port_bind_interdomain(p, remote_id, remote_port, number);
}

enum status op_port_bind_event(struct partition *p, enum op_event source, u32 vcpu, u32 *number)
{
    return port_bind_event(p, (enum event_source)source, vcpu, number);
}

enum status op_port_bind_ipi(struct partition *p, u32 vcpu, u32 *number)
{
    return port_bind_ipi(p, vcpu, number);
}

enum status op_port_close(struct partition *p, u32 number)
{
    return port_close(p, number);
}

enum status op_port_bind_vcpu(struct partition *p, u32 number, u32 vcpu)
{
    return port_bind_vcpu(p, number, vcpu);
}

enum status op_port_send(struct partition *p, u32 number)
{
    return port_send(p, number);
}

enum status op_port_status(struct partition *p, u32 number, struct op_port_status *out)
{
    struct port_status status;

    TRY(port_status(p, number, &status));
    *out = (struct op_port_status){
        .kind = (enum op_port_kind)status.kind,
        .source = (enum op_event)status.source,
        .remote_id = status.remote_id,
        .remote_port = status.remote_port,
        .vcpu = status.vcpu,
        .data = status.adapter_data,
    };
    return ST_OK;
}

enum status op_port_data_set(struct partition *p, u32 number, u32 data)
{
    return port_data_set(p, number, data);
}

enum status op_port_raise(struct partition *p, u32 number)
{
    return port_raise(p, number);
}

bool op_port_take_raised(struct vcpu *vcpu, u32 *number)
{
    return vcpu_has_raised(vcpu) && port_take_raised(vcpu, number);
}

bool op_port_has_raised(const struct vcpu *vcpu)
{
    return vcpu_has_raised(vcpu);
}
