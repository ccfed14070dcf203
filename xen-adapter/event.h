/* Event channels above native ports: the pages a guest reads, the upcall, 2-level and FIFO. */
#ifndef XEN_ADAPTER_EVENT_H
#define XEN_ADAPTER_EVENT_H

#include "xen-adapter/state.h"

/* The vcpu_info slot in the shared page; NULL for vCPUs beyond the legacy 32. */
u8 *xen_legacy_info(struct xen_domain *domain, u32 vcpu);

/* Sets pending and, if it was clear, asks for the upcall; xen_deliver() shows it to the CPU. */
void xen_upcall_mark(struct xen_vcpu *xv);
bool xen_upcall_is_pending(const struct xen_vcpu *xv);
/* Makes every port look selected and the upcall pending: after vcpu_info has moved. */
void xen_upcall_force(struct xen_vcpu *xv);

/* Sets the pending bit of a port and links or selects it for its vCPU unless it is masked. */
void xen_event_set_pending(struct xen_vcpu *xv, u32 port);
void xen_event_clear_pending(struct xen_domain *domain, u32 port);
bool xen_event_is_pending(const struct xen_domain *domain, u32 port);
/* Clears the mask; true when the event is pending and must be raised again. */
bool xen_event_unmask(struct xen_domain *domain, u32 port);

/* The bitmaps of the shared page: the 2-level ABI; with FIFO a store for events without a word.
 */
u8 *xen_shared_pending(const struct xen_domain *domain);
u8 *xen_shared_mask(const struct xen_domain *domain);
/* True when it was clear. */
bool xen_shared_set_pending(struct xen_domain *domain, u32 port);
u32 xen_shared_ports(const struct xen_domain *domain);

/*
 * The adapter's word on a native port: virq number + 1, the event's FIFO priority, and the
 * queue it was last put on.
 */
struct xen_port_data {
    u8 virq_plus_1;
    u8 priority;
    u8 last_priority;
    u8 last_vcpu;
};
u32 xen_port_data_pack(struct xen_port_data data);
struct xen_port_data xen_port_data_unpack(u32 word);

struct xen_call;
bool xen_port_is_valid(const struct xen_call *call, u32 port);

/* event_fifo.c: the queue work; word is the port's event word. */
u32 *xen_fifo_word(const struct xen_domain *domain, u32 port);
/* Sets PENDING and, unless masked or linked already, appends the event to its vCPU's queue. */
void xen_fifo_set_pending(struct xen_vcpu *xv, u32 port);
/* Links the port at the end of its queue; true when the queue's ready bit was newly set. */
bool xen_fifo_link(struct xen_vcpu *xv, u32 port, u32 priority);

#endif
