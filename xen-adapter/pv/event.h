/*
 * Event channels as the guest sees them. The pages it looks at (shared_info or FIFO pages) have
 * one writer besides the guest: this. L0's own pending bits lie in a page of the shim's,
 * drained at each upcall. Port numbers are L0's; local ports (IPI) hold one too.
 */
#ifndef XEN_ADAPTER_PV_EVENT_H
#define XEN_ADAPTER_PV_EVENT_H

#include "hv/lib/status.h"
#include "xen-adapter/abi/xen.h"
#include "xen-adapter/pv/shim.h"

/* L0's shared_info and the guest's; valid after event_init(). */
extern struct xen_shared_info *l0_shared;
extern struct xen_shared_info *guest_shared;

/* Maps L0's shared_info, masks the guest's (shim.domain.shared_info), asks L0 for its upcall
 * vector. After mmu_start(). */
void event_init(void);

/* A new vCPU: its legacy slot, masked. */
void event_vcpu_start(struct pv_vcpu *vcpu);

/* L0 has raised something: carries it over to the guest's pages. */
void event_upcall(void);

/* Marks a port pending for the guest. */
void event_raise(u32 port);

bool event_is_pending(u32 port);

/* Clears the mask; a pending port is delivered. */
void event_unmask(u32 port);

/* Blocks until the guest has something pending. */
void event_wait(struct pv_vcpu *vcpu);

/* What the guest has set up; a port's state in event_port.c. */
enum event_kind {
    EVENT_FREE,
    EVENT_REMOTE,
    EVENT_IPI,
    EVENT_VIRQ,
    EVENT_KICK, /* the shim's own, not the guest's to name */
};

struct event_port {
    u8 kind;
    u8 vcpu;
    u8 priority;
    u8 linked_vcpu; /* FIFO: the queue it was linked to last */
    u8 linked_priority;
    u8 spare[3];
};

extern struct event_port event_ports[XEN_EVTCHN_2L_CHANNELS];

void event_port_bind(u32 port, enum event_kind kind, u32 vcpu);
void event_port_close(u32 port);
/*
 * After a port got its vCPU: L0 may have shown an event to another one, which left it alone.
 * Moves it to where it belongs.
 */
void event_port_adopt(u32 port);
/* A number that the guest may name: not the shim's. */
static inline bool event_port_is_guests(u32 port)
{
    return port < XEN_EVTCHN_2L_CHANNELS && event_ports[port].kind != EVENT_KICK;
}

/* Sets upcall_pending, and interrupts the vCPU if it is another one. */
void event_mark(struct pv_vcpu *vcpu);

/* FIFO (event_fifo.c): in use from the first control block to a reset. */
extern bool fifo_on;
static inline bool fifo_in_use(void)
{
    return fifo_on;
}
void fifo_raise(u32 port);
void fifo_unmask(u32 port);
bool fifo_is_pending(u32 port);
enum status fifo_init_control(struct xen_evtchn_init_control *want);
enum status fifo_expand_array(mfn_t frame);
/* Back to two levels. HOLDS(M) */
void fifo_end(void);

#endif
