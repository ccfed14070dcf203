/*
 * Ports: the native event endpoints. Raising a port only queues its number on the target vCPU
 * and wakes it; what the guest sees of that is made by its adapter just before the vCPU is
 * entered. Port numbers are 1..PORT_MAX-1 within a partition; 0 is "none".
 */
#ifndef HV_CORE_PORT_H
#define HV_CORE_PORT_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct partition;
struct vcpu;

#define PORT_MAX       4096
#define PORTS_PER_PAGE 128
#define PORT_PAGES     (PORT_MAX / PORTS_PER_PAGE)
#define PARTITION_ANY  0xffffffffu

enum port_kind {
    PORT_FREE,
    PORT_RESERVED, /* kept for the owner, not connected */
    PORT_UNBOUND,  /* waits for remote_partition to bind to it */
    PORT_INTERDOMAIN,
    PORT_EVENT, /* a source of the hypervisor: enum event_source */
    PORT_IPI,
};

/* Sources of events inside the hypervisor; those above EVENT_PER_VCPU are one for a partition.
 */
enum event_source {
    EVENT_TIMER,
    EVENT_DEBUG,
    EVENT_PER_VCPU,
    EVENT_CONSOLE_INPUT = EVENT_PER_VCPU,
    EVENT_PARTITION_ENDED,
    EVENT_DEVICE,
    EVENT_GLOBAL_OTHER, /* accepted and never raised: sources a guest may bind in vain */
    EVENT_SOURCES
};

struct port { /* all E */
    u32 number;
    u8 kind; /* enum port_kind */
    u8 is_raised;
    u16 source;    /* PORT_EVENT: enum event_source */
    u32 remote_id; /* partition, PORT_UNBOUND and PORT_INTERDOMAIN */
    u32 remote_port;
    u32 vcpu;         /* whom it wakes */
    u32 next_raised;  /* number of the next port in the queue of `vcpu`, 0 = last */
    u32 adapter_data; /* a word for the adapter (for example the virq's ABI number) */
};

struct port_status {
    enum port_kind kind;
    enum event_source source;
    u32 remote_id, remote_port, vcpu, adapter_data;
};

/*
 * All functions: ST_INVALID for a number that is no port of that kind, ST_NO_SPACE when the
 * table is full, ST_NO_PARTITION, ST_NO_ENTRY for an unknown vCPU, ST_EXISTS when a source is
 * bound.
 */
enum status port_alloc_unbound(struct partition *p, u32 remote_id, u32 *number);
enum status port_bind_interdomain(struct partition *p, u32 remote_id, u32 remote_port,
                                  u32 *number);
enum status port_bind_event(struct partition *p, enum event_source source, u32 vcpu,
                            u32 *number);
enum status port_bind_ipi(struct partition *p, u32 vcpu, u32 *number);
enum status port_close(struct partition *p, u32 number);
/* Moves a port (and a raise that still waits) to another vCPU. */
enum status port_bind_vcpu(struct partition *p, u32 number, u32 vcpu);
/* An interdomain port raises the other end, an IPI port itself; unbound: nothing, ST_OK. */
enum status port_send(struct partition *p, u32 number);
enum status port_status(struct partition *p, u32 number, struct port_status *out);
/* Queues the port again on its vCPU: for an adapter's unmask. */
enum status port_raise(struct partition *p, u32 number);

/* The hypervisor's own sources; no port bound: nothing happens. */
void port_raise_event_vcpu(struct vcpu *vcpu, enum event_source source);
void port_raise_event(struct partition *p, enum event_source source);

/* Takes the oldest raised port of this vCPU; false when there is none. */
bool port_take_raised(struct vcpu *vcpu, u32 *number);

/* A word of the adapter's on the port. */
enum status port_data_set(struct partition *p, u32 number, u32 data);

/* How many ports of the partition are in use. */
u32 port_count(const struct partition *p);

/* Closes all of a partition's ports; the other ends become unbound. */
void port_close_all(struct partition *p);

#endif
