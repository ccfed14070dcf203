/* The fake native operations: ports; what is raised waits at its vCPU. */
#include "abi-tests/unit/fake_op.h"

#include <string.h>

static struct op_port_status ports[OP_PORT_MAX];
static bool is_raised[OP_PORT_MAX];

void fake_ports_reset(void)
{
    memset(ports, 0, sizeof(ports));
    memset(is_raised, 0, sizeof(is_raised));
}

static enum status port_make(struct op_port_status status, u32 *number)
{
    u32 i;

    for (i = 1; i < OP_PORT_MAX; i++) {
        if (ports[i].kind != OP_PORT_FREE)
            continue;
        ports[i] = status;
        *number = i;
        return ST_OK;
    }
    return ST_NO_SPACE;
}

static bool port_is_used(u32 number)
{
    return number && number < OP_PORT_MAX && ports[number].kind != OP_PORT_FREE;
}

enum status op_port_alloc_unbound(struct partition *p, u32 remote_id, u32 *number)
{
    (void)p;
    return port_make((struct op_port_status){.kind = OP_PORT_UNBOUND, .remote_id = remote_id},
                     number);
}

enum status op_port_bind_interdomain(struct partition *p, u32 remote_id, u32 remote_port,
                                     u32 *number)
{
    (void)p;
    if (remote_id != FAKE_DOMID)
        return ST_NO_PARTITION;
    if (!port_is_used(remote_port) || ports[remote_port].kind != OP_PORT_UNBOUND)
        return ST_INVALID;
    TRY(port_make((struct op_port_status){.kind = OP_PORT_INTERDOMAIN,
                                          .remote_id = remote_id,
                                          .remote_port = remote_port},
                  number));
    ports[remote_port].kind = OP_PORT_INTERDOMAIN;
    ports[remote_port].remote_port = *number;
    return ST_OK;
}

enum status op_port_bind_event(struct partition *p, enum op_event source, u32 vcpu, u32 *number)
{
    (void)p;
    return port_make(
        (struct op_port_status){.kind = OP_PORT_EVENT, .source = source, .vcpu = vcpu}, number);
}

enum status op_port_bind_ipi(struct partition *p, u32 vcpu, u32 *number)
{
    (void)p;
    if (vcpu >= FAKE_VCPUS)
        return ST_NO_ENTRY;
    return port_make((struct op_port_status){.kind = OP_PORT_IPI, .vcpu = vcpu}, number);
}

enum status op_port_close(struct partition *p, u32 number)
{
    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    ports[number] = (struct op_port_status){0};
    is_raised[number] = false;
    return ST_OK;
}

enum status op_port_bind_vcpu(struct partition *p, u32 number, u32 vcpu)
{
    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    ports[number].vcpu = vcpu;
    return ST_OK;
}

enum status op_port_raise(struct partition *p, u32 number)
{
    struct vcpu *vcpu;

    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    vcpu = &fake_vcpu[ports[number].vcpu];
    if (!is_raised[number] && vcpu->raised_count < ARRAY_SIZE(vcpu->raised))
        vcpu->raised[vcpu->raised_count++] = number;
    is_raised[number] = true;
    return ST_OK;
}

enum status op_port_send(struct partition *p, u32 number)
{
    if (!port_is_used(number))
        return ST_INVALID;
    if (ports[number].kind == OP_PORT_UNBOUND)
        return ST_OK;
    if (ports[number].kind == OP_PORT_INTERDOMAIN)
        return op_port_raise(p, ports[number].remote_port);
    return ports[number].kind == OP_PORT_IPI ? op_port_raise(p, number) : ST_INVALID;
}

enum status op_port_status(struct partition *p, u32 number, struct op_port_status *out)
{
    (void)p;
    if (!number || number >= OP_PORT_MAX)
        return ST_INVALID;
    *out = ports[number];
    return ST_OK;
}

enum status op_port_data_set(struct partition *p, u32 number, u32 data)
{
    (void)p;
    if (!port_is_used(number))
        return ST_INVALID;
    ports[number].data = data;
    return ST_OK;
}

bool op_port_take_raised(struct vcpu *vcpu, u32 *number)
{
    if (!vcpu->raised_count)
        return false;
    *number = vcpu->raised[0];
    memmove(vcpu->raised, vcpu->raised + 1, --vcpu->raised_count * sizeof(u32));
    is_raised[*number] = false;
    return true;
}

bool op_port_has_raised(const struct vcpu *vcpu)
{
    return vcpu->raised_count != 0;
}
