#include "hv/core/port.h"
#include "hv/core/locks.h"
#include "hv/core/frame.h"
#include "hv/core/partition.h"
#include "hv/core/vcpu.h"
#include "hv/cpu/ptab.h"
#include "hv/lib/print.h"
#include "hv/lib/string.h"

static struct lock events_lock = LOCK_INIT(E);

_Static_assert(sizeof(struct port) * PORTS_PER_PAGE <= PAGE_SIZE, "ports fit a page");

/* The record of a number; NULL when it is out of range or its page was never needed. */
static struct port *port_at(const struct partition *p, u32 number)
{
    struct port *page;

    if (number == 0 || number >= PORT_MAX)
        return NULL;
    page = p->port_page[number / PORTS_PER_PAGE];
    return page ? &page[number % PORTS_PER_PAGE] : NULL;
}

static struct port *port_used(const struct partition *p, u32 number)
{
    struct port *port = port_at(p, number);

    return port && port->kind != PORT_FREE ? port : NULL;
}

/* The lowest free port of the table, still PORT_FREE. HOLDS(E) */
static enum status port_take(struct partition *p, struct port **out)
{
    for (u32 number = 1; number < PORT_MAX; number++) {
        struct port **page = &p->port_page[number / PORTS_PER_PAGE];

        if (!*page) {
            hpa_t frame;
            TRY(frame_alloc(0, p->id, &frame));
            *page = phys_to_virt(frame);
        }
        *out = &(*page)[number % PORTS_PER_PAGE];
        if ((*out)->kind == PORT_FREE) {
            memset(*out, 0, sizeof(**out));
            (*out)->number = number;
            return ST_OK;
        }
    }
    return ST_NO_SPACE;
}

/* HOLDS(E) */
static void queue_remove(struct partition *p, struct port *port)
{
    struct vcpu *vcpu = partition_vcpu(p, port->vcpu);
    u32 previous = 0;

    if (!port->is_raised || !vcpu)
        return;
    for (u32 at = vcpu->raised_first; at != port->number; at = port_at(p, at)->next_raised)
        previous = at;
    if (previous)
        port_at(p, previous)->next_raised = port->next_raised;
    else
        __atomic_store_n(&vcpu->raised_first, port->next_raised, __ATOMIC_RELAXED);
    if (vcpu->raised_last == port->number)
        vcpu->raised_last = previous;
    port->next_raised = 0;
    port->is_raised = false;
}

/* HOLDS(E) */
static void raise_locked(struct partition *p, struct port *port)
{
    struct vcpu *vcpu = partition_vcpu(p, port->vcpu);

    if (port->is_raised || !vcpu)
        return;
    port->is_raised = true;
    p->events_received++;
    port->next_raised = 0;
    if (vcpu->raised_last)
        port_at(p, vcpu->raised_last)->next_raised = port->number;
    else
        __atomic_store_n(&vcpu->raised_first, port->number, __ATOMIC_RELAXED);
    vcpu->raised_last = port->number;
    vcpu_wake(vcpu);
}

enum status port_alloc_unbound(struct partition *p, u32 remote_id, u32 *number)
{
    struct port *port;
    enum status status;

    /* The remote partition may be made later. [measured on Xen 4.17 and 4.20] */
    lock_take(&events_lock);
    status = port_take(p, &port);
    if (status == ST_OK) {
        port->kind = PORT_UNBOUND;
        port->remote_id = remote_id;
        *number = port->number;
    }
    lock_drop(&events_lock);
    return status;
}

/* HOLDS(E) */
static enum status connect_locked(struct partition *p, struct partition *remote,
                                  u32 remote_port, u32 *number)
{
    struct port *far = port_used(remote, remote_port);
    struct port *near;

    if (!far || far->kind != PORT_UNBOUND ||
        (far->remote_id != p->id && far->remote_id != PARTITION_ANY))
        return ST_INVALID;
    TRY(port_take(p, &near));
    near->kind = PORT_INTERDOMAIN;
    near->remote_id = remote->id;
    near->remote_port = remote_port;
    far->kind = PORT_INTERDOMAIN;
    far->remote_id = p->id;
    far->remote_port = near->number;
    *number = near->number;
    /* What the other side signalled before the connection is not lost [xen/event_channel.h]. */
    raise_locked(p, near);
    return ST_OK;
}

enum status port_bind_interdomain(struct partition *p, u32 remote_id, u32 remote_port,
                                  u32 *number)
{
    struct partition *remote = partition_find(remote_id);
    enum status status;

    if (!remote)
        return ST_NO_PARTITION;
    lock_take(&events_lock);
    status = connect_locked(p, remote, remote_port, number);
    lock_drop(&events_lock);
    return status;
}

/* Where the port of a source is noted; NULL for a source nobody raises. */
static u32 *source_slot(struct partition *p, struct vcpu *vcpu, enum event_source source)
{
    if (source < EVENT_PER_VCPU)
        return &vcpu->event_port[source];
    return source < EVENT_GLOBAL_OTHER ? &p->event_port[source] : NULL;
}

/* HOLDS(E) */
static enum status bind_event_locked(struct partition *p, struct vcpu *vcpu,
                                     enum event_source source, u32 *number)
{
    u32 *slot = source_slot(p, vcpu, source);
    struct port *port;

    if (slot && *slot != 0)
        return ST_EXISTS;
    TRY(port_take(p, &port));
    port->kind = PORT_EVENT;
    port->source = (u16)source;
    port->vcpu = vcpu->id;
    *number = port->number;
    if (slot)
        *slot = port->number;
    return ST_OK;
}

enum status port_bind_event(struct partition *p, enum event_source source, u32 vcpu,
                            u32 *number)
{
    struct vcpu *target = partition_vcpu(p, vcpu);
    enum status status;

    if (!target)
        return ST_NO_ENTRY;
    if (source >= EVENT_SOURCES)
        return ST_INVALID;
    lock_take(&events_lock);
    status = bind_event_locked(p, target, source, number);
    lock_drop(&events_lock);
    return status;
}

enum status port_bind_ipi(struct partition *p, u32 vcpu, u32 *number)
{
    struct port *port;
    enum status status;

    if (!partition_vcpu(p, vcpu))
        return ST_NO_ENTRY;
    lock_take(&events_lock);
    status = port_take(p, &port);
    if (status == ST_OK) {
        port->kind = PORT_IPI;
        port->vcpu = vcpu;
        *number = port->number;
    }
    lock_drop(&events_lock);
    return status;
}

/* HOLDS(E) */
static void close_locked(struct partition *p, struct port *port)
{
    struct partition *remote;
    struct port *far;
    u32 *slot;

    queue_remove(p, port);
    if (port->kind == PORT_EVENT) {
        slot = source_slot(p, partition_vcpu(p, port->vcpu), (enum event_source)port->source);
        if (slot && *slot == port->number)
            *slot = 0;
    }
    if (port->kind == PORT_INTERDOMAIN) {
        remote = partition_find(port->remote_id);
        far = remote ? port_used(remote, port->remote_port) : NULL;
        if (far && far->kind == PORT_INTERDOMAIN && far->remote_id == p->id &&
            far->remote_port == port->number) {
            far->kind = PORT_UNBOUND;
            far->remote_port = 0;
        }
    }
    port->kind = PORT_FREE;
}

enum status port_close(struct partition *p, u32 number)
{
    struct port *port;

    lock_take(&events_lock);
    port = port_used(p, number);
    if (port)
        close_locked(p, port);
    lock_drop(&events_lock);
    return port ? ST_OK : ST_INVALID;
}

enum status port_bind_vcpu(struct partition *p, u32 number, u32 vcpu)
{
    struct port *port;
    bool was_raised;
    enum status status = ST_INVALID;

    if (!partition_vcpu(p, vcpu))
        return ST_NO_ENTRY;
    lock_take(&events_lock);
    port = port_used(p, number);
    if (port && port->kind != PORT_IPI &&
        (port->kind != PORT_EVENT || port->source >= EVENT_PER_VCPU)) {
        was_raised = port->is_raised;
        queue_remove(p, port);
        port->vcpu = vcpu;
        if (was_raised)
            raise_locked(p, port);
        status = ST_OK;
    }
    lock_drop(&events_lock);
    return status;
}

/* HOLDS(E) */
static enum status send_locked(struct partition *p, struct port *port)
{
    struct partition *remote;
    struct port *far;

    p->events_sent++;
    switch ((enum port_kind)port->kind) {
    case PORT_INTERDOMAIN:
        remote = partition_find(port->remote_id);
        far = remote ? port_used(remote, port->remote_port) : NULL;
        if (far)
            raise_locked(remote, far);
        return ST_OK;
    case PORT_IPI:
        raise_locked(p, port);
        return ST_OK;
    case PORT_UNBOUND:
        return ST_OK;
    case PORT_FREE:
    case PORT_RESERVED:
    case PORT_EVENT:
        break;
    }
    return ST_INVALID;
}

enum status port_send(struct partition *p, u32 number)
{
    struct port *port;
    enum status status;

    lock_take(&events_lock);
    port = port_used(p, number);
    status = port ? send_locked(p, port) : ST_INVALID;
    lock_drop(&events_lock);
    return status;
}

enum status port_status(struct partition *p, u32 number, struct port_status *out)
{
    const struct port *port;

    if (number >= PORT_MAX)
        return ST_INVALID;
    lock_take(&events_lock);
    port = port_at(p, number);
    *out = (struct port_status){.kind = PORT_FREE};
    if (port && port->kind != PORT_FREE)
        *out = (struct port_status){(enum port_kind)port->kind,
                                    (enum event_source)port->source,
                                    port->remote_id,
                                    port->remote_port,
                                    port->vcpu,
                                    port->adapter_data};
    lock_drop(&events_lock);
    return ST_OK;
}

enum status port_raise(struct partition *p, u32 number)
{
    struct port *port;

    lock_take(&events_lock);
    port = port_used(p, number);
    if (port)
        raise_locked(p, port);
    lock_drop(&events_lock);
    return port ? ST_OK : ST_INVALID;
}

void port_raise_event_vcpu(struct vcpu *vcpu, enum event_source source)
{
    struct port *port;

    lock_take(&events_lock);
    port = port_used(vcpu->partition, vcpu->event_port[source]);
    if (port)
        raise_locked(vcpu->partition, port);
    lock_drop(&events_lock);
}

void port_raise_event(struct partition *p, enum event_source source)
{
    struct port *port;

    lock_take(&events_lock);
    port = port_used(p, p->event_port[source]);
    if (port)
        raise_locked(p, port);
    lock_drop(&events_lock);
}

bool port_take_raised(struct vcpu *vcpu, u32 *number)
{
    struct port *port;

    if (!vcpu_has_raised(vcpu))
        return false;
    lock_take(&events_lock);
    port = port_at(vcpu->partition, vcpu->raised_first);
    if (port) {
        *number = port->number;
        queue_remove(vcpu->partition, port);
    }
    lock_drop(&events_lock);
    return port != NULL;
}

enum status port_data_set(struct partition *p, u32 number, u32 data)
{
    struct port *port;

    lock_take(&events_lock);
    port = port_used(p, number);
    if (port)
        port->adapter_data = data;
    lock_drop(&events_lock);
    return port ? ST_OK : ST_INVALID;
}

void port_close_all(struct partition *p)
{
    struct port *port;

    lock_take(&events_lock);
    for (u32 number = 1; number < PORT_MAX; number++) {
        port = port_used(p, number);
        if (port)
            close_locked(p, port);
    }
    lock_drop(&events_lock);
}

u32 port_count(const struct partition *p)
{
    u32 count = 0;

    lock_take(&events_lock);
    for (u32 number = 1; number < PORT_MAX; number++)
        count += port_used(p, number) != NULL;
    lock_drop(&events_lock);
    return count;
}
