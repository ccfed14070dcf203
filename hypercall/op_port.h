/*
 * Ports (event endpoints) for adapters. Numbers are 1..OP_PORT_MAX-1 within a partition, the
 * lowest free one is given out. Remote partitions are named by id.
 */
#ifndef HYPERCALL_OP_PORT_H
#define HYPERCALL_OP_PORT_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct vcpu;
struct partition;

#define OP_PORT_MAX      4096u
/* As the remote id: whoever binds first. */
#define OP_PARTITION_ANY 0xffffffffu

enum op_port_kind {
    OP_PORT_FREE,
    OP_PORT_RESERVED,
    OP_PORT_UNBOUND,
    OP_PORT_INTERDOMAIN,
    OP_PORT_EVENT, /* a virq in Xen's words */
    OP_PORT_IPI,
};

/* Sources of OP_PORT_EVENT; TIMER and DEBUG are one for a vCPU, the others for a partition. */
enum op_event {
    OP_EVENT_TIMER,
    OP_EVENT_DEBUG,
    OP_EVENT_CONSOLE_INPUT,
    OP_EVENT_PARTITION_ENDED,
    OP_EVENT_DEVICE,
    OP_EVENT_OTHER, /* never raised; any number of ports may bind it */
};

struct op_port_status {
    enum op_port_kind kind;
    enum op_event source;
    u32 remote_id, remote_port;
    u32 vcpu;
    u32 data; /* op_port_data_set; for instance the ABI's virq number */
};

/*
 * ST_NO_SPACE: table full. ST_INVALID: no such port, or not of the kind the call is for.
 * ST_NO_PARTITION: no such remote. ST_NO_ENTRY: no such vCPU. ST_EXISTS: source bound already.
 */
enum status op_port_alloc_unbound(struct partition *p, u32 remote_id, u32 *number);
enum status op_port_bind_interdomain(struct partition *p, u32 remote_id, u32 remote_port,
                                     u32 *number);
enum status op_port_bind_event(struct partition *p, enum op_event source, u32 vcpu,
                               u32 *number);
enum status op_port_bind_ipi(struct partition *p, u32 vcpu, u32 *number);
enum status op_port_close(struct partition *p, u32 number);
enum status op_port_bind_vcpu(struct partition *p, u32 number, u32 vcpu);
enum status op_port_send(struct partition *p, u32 number);
enum status op_port_status(struct partition *p, u32 number, struct op_port_status *out);
enum status op_port_data_set(struct partition *p, u32 number, u32 data);
/* Queues the port on its vCPU as if it had been signalled: for unmask of a pending event. */
enum status op_port_raise(struct partition *p, u32 number);

/* Takes the oldest raised port of this vCPU; false when there is none. */
bool op_port_take_raised(struct vcpu *vcpu, u32 *number);
bool op_port_has_raised(const struct vcpu *vcpu);

#endif
