/*
 * What the adapter keeps for a partition and for a vCPU: one page each, owned by the partition
 * and given back with it; made at first use.
 *
 * Locks: all of struct xen_domain E (events) unless marked; struct xen_vcpu belongs to its
 * vCPU.
 */
#ifndef XEN_ADAPTER_STATE_H
#define XEN_ADAPTER_STATE_H

#include "hypercall/op.h"
#include "xen-adapter/abi/xen_rows.h"

#define XEN_GRANT_FRAMES_MAX 64u
#define XEN_GRANT_STATUS_MAX 8u
#define XEN_GFN_NONE         (~(u64)0)

/* A structure the guest registered; it may straddle two pages. */
struct xen_area {
    u8 *part[2]; /* kernel addresses, NULL: not registered (or no second part) */
    u32 bytes[2];
};

struct xen_domain {
    u8 *shared;     /* the shared_info page, in the layout of is_narrow */
    u64 shared_gfn; /* where the guest has it, XEN_GFN_NONE */
    bool is_narrow; /* 32-bit layouts: latched from the guest's mode as Xen does */
    bool is_fifo;
    bool has_clock;     /* wallclock written */
    u8 callback_vector; /* HVM_PARAM_CALLBACK_IRQ of type vector, 0 = none */
    u32 assist;         /* bits of enum xen_vm_assist */
    u32 shutdown_code;  /* SCHEDOP_shutdown_code: code + 1, 0 = none */
    u32 highest_port;   /* ever given out */
    u32 fifo_pages;
    u32 *fifo_page[XEN_FIFO_MAX_PAGES];
    u32 virq_port[XEN_VIRQ_COUNT]; /* the global ones */
    u64 param[XEN_HVM_PARAMS];
    u64 grant_gfn[XEN_GRANT_FRAMES_MAX]; /* where the guest has the native table's frames */
    u64 grant_status_gfn[XEN_GRANT_STATUS_MAX];
    u64 placed_first, placed_end; /* all these places lie in between; 0, 0: there is none */
};

struct xen_fifo_queue {
    u32 tail; /* port, 0 = empty as far as we know */
};

struct xen_vcpu {
    struct vcpu *vcpu;
    struct xen_domain *domain;
    u8 *info; /* vcpu_info: in the shared page, or where the guest moved it; NULL: none yet */
    bool is_info_moved;
    u8 lapic_vector; /* HVMOP_set_evtchn_upcall_vector, 0 = not used */
    struct xen_fifo_control_block *control;
    struct xen_fifo_queue queue[XEN_FIFO_QUEUES];
    u32 virq_port[XEN_VIRQ_COUNT];
    struct xen_area runstate;
    gva_t runstate_at; /* registered by virtual address; tried again while nothing is there */
    bool is_runstate_narrow;
    struct xen_area time;
};

_Static_assert(sizeof(struct xen_domain) <= PAGE_SIZE, "one page");
_Static_assert(sizeof(struct xen_vcpu) <= PAGE_SIZE, "one page");

/* The states, made when missing; NULL when there is no memory for them. */
struct xen_domain *xen_domain_get(struct partition *p);
struct xen_vcpu *xen_vcpu_get(struct vcpu *vcpu);

/* Holds the memory of a structure at a guest address; ST_FAULT. The old one is dropped. */
enum status xen_area_set_virtual(struct vcpu *vcpu, struct xen_area *area, gva_t at, u32 bytes);
enum status xen_area_set_physical(struct vcpu *vcpu, struct xen_area *area, gpa_t at,
                                  u32 bytes);
void xen_area_clear(struct vcpu *vcpu, struct xen_area *area);
static inline bool xen_area_is_set(const struct xen_area *area)
{
    return area->part[0] != NULL;
}
/* Writes bytes at an offset inside the area; what lies outside is dropped. */
void xen_area_write(const struct xen_area *area, u32 offset, const void *from, u32 bytes);

/* Turns all shared pages to the 32-bit or the 64-bit layout [a guest that calls in that mode].
 */
void xen_domain_latch(struct partition *p, struct xen_domain *domain, bool is_narrow);

#endif
