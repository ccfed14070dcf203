/*
 * FIFO event channels: for each vCPU sixteen queues of event words, linked through the words
 * themselves; the guest consumes at the head while we append at the tail [event_channel.h,
 * "Event channel FIFO ABI"]. The guest may write anything into the words: a bad link only
 * confuses the guest, never us, because we follow no link.
 */
#include "xen-adapter/event.h"

#include "xen-adapter/call.h"

#define LINK_TRIES 8u

u32 *xen_fifo_word(const struct xen_domain *domain, u32 port)
{
    u32 page = port / XEN_FIFO_WORDS_PER_PAGE;

    if (page >= domain->fifo_pages)
        return NULL;
    return domain->fifo_page[page] + port % XEN_FIFO_WORDS_PER_PAGE;
}

/* Points the tail's word at the new event; false when the guest has taken the tail off already.
 */
static bool tail_link(u32 *tail, u32 port)
{
    u32 word = __atomic_load_n(tail, __ATOMIC_RELAXED);
    u32 i;

    for (i = 0; i < LINK_TRIES; i++) {
        u32 next;

        if (!(word & XEN_FIFO_LINKED))
            return false;
        next = (word & ~(XEN_FIFO_BUSY | XEN_FIFO_LINK_MASK)) | port;
        if (__atomic_compare_exchange_n(tail, &word, next, false, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
            return true;
        /* The guest (un)masks it all the time: BUSY asks it to wait. */
        if (i == LINK_TRIES / 2)
            word = __atomic_or_fetch(tail, XEN_FIFO_BUSY, __ATOMIC_ACQ_REL);
    }
    __atomic_and_fetch(tail, ~XEN_FIFO_BUSY, __ATOMIC_RELEASE);
    return false;
}

bool xen_fifo_link(struct xen_vcpu *xv, u32 port, u32 priority)
{
    struct xen_fifo_queue *queue = &xv->queue[priority];
    /* The port itself as tail has been consumed: it was not linked a moment ago. */
    u32 *tail =
        queue->tail && queue->tail != port ? xen_fifo_word(xv->domain, queue->tail) : NULL;
    bool is_linked = tail && tail_link(tail, port);
    u32 ready;

    if (!is_linked)
        __atomic_store_n(&xv->control->head[priority], port, __ATOMIC_RELEASE);
    queue->tail = port;
    if (is_linked)
        return false;
    ready = __atomic_fetch_or(&xv->control->ready, 1u << priority, __ATOMIC_ACQ_REL);
    return !(ready & 1u << priority);
}

/*
 * The event was off every queue until we set LINKED just now: where it still is the tail, that
 * queue is empty, and the next event must become its head.
 */
static void queue_forget(struct partition *p, struct xen_port_data old, u32 port)
{
    struct vcpu *vcpu = op_vcpu_find(p, old.last_vcpu);
    struct xen_vcpu *xv = vcpu ? op_vcpu_abi(vcpu, OP_ABI_XEN) : NULL;

    if (xv && xv->queue[old.last_priority & 15].tail == port)
        xv->queue[old.last_priority & 15].tail = 0;
}

void xen_fifo_set_pending(struct xen_vcpu *xv, u32 port)
{
    struct partition *p = op_vcpu_partition(xv->vcpu);
    u32 *word = xen_fifo_word(xv->domain, port);
    struct op_port_status status;
    struct xen_port_data data;
    u8 vcpu = (u8)op_vcpu_id(xv->vcpu);
    u32 old;

    if (!word) {
        xen_shared_set_pending(xv->domain, port);
        return;
    }
    old = __atomic_fetch_or(word, XEN_FIFO_PENDING, __ATOMIC_ACQ_REL);
    if (old & XEN_FIFO_MASKED || !xv->control)
        return;
    old = __atomic_fetch_or(word, XEN_FIFO_LINKED, __ATOMIC_ACQ_REL);
    if (old & XEN_FIFO_LINKED)
        return;
    if (op_port_status(p, port, &status) != ST_OK)
        return;
    data = xen_port_data_unpack(status.data);
    queue_forget(p, data, port);
    if (data.last_vcpu != vcpu || data.last_priority != data.priority) {
        data.last_vcpu = vcpu;
        data.last_priority = data.priority;
        (void)op_port_data_set(p, port, xen_port_data_pack(data));
    }
    if (xen_fifo_link(xv, port, data.priority))
        xen_upcall_mark(xv);
}

/* Every port there is starts at the default priority and keeps what was pending. */
static void ports_adopt(struct partition *p, struct xen_domain *domain)
{
    u32 port;

    for (port = 1; port < OP_PORT_MAX; port++) {
        struct op_port_status status;
        struct xen_port_data data;

        if (op_port_status(p, port, &status) != ST_OK || status.kind == OP_PORT_FREE)
            continue;
        data = xen_port_data_unpack(status.data);
        data.priority = XEN_FIFO_PRIORITY_DEFAULT;
        (void)op_port_data_set(p, port, xen_port_data_pack(data));
        if (xen_event_is_pending(domain, port))
            (void)op_port_raise(p, port);
    }
}

s64 xen_event_channel_op_init_control(struct xen_call *call)
{
    struct xen_evtchn_init_control in;
    struct vcpu *vcpu;
    struct xen_vcpu *xv;
    void *block;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    in.link_bits = XEN_FIFO_LINK_BITS;
    vcpu = op_vcpu_find(call->partition, in.vcpu);
    if (!vcpu)
        return -XEN_ENOENT;
    if (in.offset > XEN_PAGE_SIZE - sizeof(struct xen_fifo_control_block) || (in.offset & 7))
        return -XEN_EINVAL;
    xv = xen_vcpu_get(vcpu);
    if (!xv)
        return -XEN_ENOMEM;
    if (xv->control)
        return -XEN_EINVAL;
    if (in.control_gfn >> 40 ||
        op_memory_hold(call->partition, gpa((in.control_gfn << PAGE_SHIFT) + in.offset),
                       &block) != ST_OK)
        return -XEN_EINVAL;
    if (xen_store(call, call->arg[1], &in, sizeof(in)) != ST_OK) {
        op_memory_unhold(call->partition, block);
        return -XEN_EFAULT;
    }
    *(struct xen_fifo_control_block *)block = (struct xen_fifo_control_block){0};
    xv->control = block;
    if (!xv->domain->is_fifo) {
        ports_adopt(call->partition, xv->domain);
        xv->domain->is_fifo = true;
    }
    return 0;
}

s64 xen_event_channel_op_expand_array(struct xen_call *call)
{
    struct xen_domain *domain = call->domain;
    struct xen_evtchn_expand_array in;
    u32 first;
    u32 port;
    void *page;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (!domain->is_fifo)
        return -XEN_EOPNOTSUPP;
    if (domain->fifo_pages >= OP_PORT_MAX / XEN_FIFO_WORDS_PER_PAGE)
        return -XEN_ENOSPC;
    if (in.array_gfn >> 40 ||
        op_memory_hold(call->partition, gpa(in.array_gfn << PAGE_SHIFT), &page) != ST_OK)
        return -XEN_EINVAL;
    domain->fifo_page[domain->fifo_pages] = page;
    first = domain->fifo_pages * XEN_FIFO_WORDS_PER_PAGE;
    domain->fifo_pages++;
    /* What was signalled while there was no word for it. */
    for (port = first; port < first + XEN_FIFO_WORDS_PER_PAGE; port++) {
        u8 *byte = xen_shared_pending(domain) + port / 8;

        if (port < xen_shared_ports(domain) && *byte & 1u << port % 8) {
            *byte &= (u8) ~(1u << port % 8);
            (void)op_port_raise(call->partition, port);
        }
    }
    return 0;
}

s64 xen_event_channel_op_set_priority(struct xen_call *call)
{
    struct xen_evtchn_set_priority in;
    struct op_port_status status;
    struct xen_port_data data;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (!call->domain->is_fifo)
        return -XEN_ENOSYS;
    if (!xen_port_is_valid(call, in.port))
        return -XEN_EINVAL;
    if (op_port_status(call->partition, in.port, &status) != ST_OK ||
        status.kind == OP_PORT_FREE)
        return -XEN_EACCES;
    if (in.priority > XEN_FIFO_PRIORITY_MIN)
        return -XEN_EINVAL;
    data = xen_port_data_unpack(status.data);
    data.priority = (u8)in.priority;
    return xen_errno(op_port_data_set(call->partition, in.port, xen_port_data_pack(data)));
}
