/* Event channels. [xen/event_channel.h] */
#ifndef XEN_ADAPTER_ABI_XEN_EVENT_H
#define XEN_ADAPTER_ABI_XEN_EVENT_H

#include "xen-adapter/abi/xen_base.h"

enum xen_virq {
    XEN_VIRQ_TIMER = 0,
    XEN_VIRQ_DEBUG = 1,
    XEN_VIRQ_CONSOLE = 2,
    XEN_VIRQ_DOM_EXC = 3,
    XEN_VIRQ_TBUF = 4,
    XEN_VIRQ_DEBUGGER = 6,
    XEN_VIRQ_XENOPROF = 7,
    XEN_VIRQ_CON_RING = 8,
    XEN_VIRQ_PCPU_STATE = 9,
    XEN_VIRQ_MEM_EVENT = 10,
    XEN_VIRQ_ARGO = 11,
    XEN_VIRQ_ENOMEM = 12,
    XEN_VIRQ_XENPMU = 13,
    XEN_VIRQ_ARCH_0 = 16,
    XEN_VIRQ_COUNT = 24,
};
enum xen_evtchn_status_code {
    XEN_EVTCHNSTAT_CLOSED = 0,
    XEN_EVTCHNSTAT_UNBOUND = 1,
    XEN_EVTCHNSTAT_INTERDOMAIN = 2,
    XEN_EVTCHNSTAT_PIRQ = 3,
    XEN_EVTCHNSTAT_VIRQ = 4,
    XEN_EVTCHNSTAT_IPI = 5,
};
#define XEN_EVTCHN_2L_CHANNELS    4096u
#define XEN_EVTCHN_2L_CHANNELS_32 1024u
struct xen_evtchn_alloc_unbound {
    uint16_t dom;
    uint16_t remote_dom;
    uint32_t port;
};
struct xen_evtchn_bind_interdomain {
    uint16_t remote_dom;
    uint32_t remote_port;
    uint32_t local_port;
};
struct xen_evtchn_bind_virq {
    uint32_t virq;
    uint32_t vcpu;
    uint32_t port;
};
struct xen_evtchn_bind_pirq {
    uint32_t pirq;
    uint32_t flags;
    uint32_t port;
};
struct xen_evtchn_bind_ipi {
    uint32_t vcpu;
    uint32_t port;
};
struct xen_evtchn_close {
    uint32_t port;
};
struct xen_evtchn_send {
    uint32_t port;
};
struct xen_evtchn_status {
    uint16_t dom;
    uint32_t port;
    uint32_t status;
    uint32_t vcpu;
    union {
        struct {
            uint16_t dom;
        } unbound;
        struct {
            uint16_t dom;
            uint32_t port;
        } interdomain;
        uint32_t pirq;
        uint32_t virq;
    } u;
};
struct xen_evtchn_bind_vcpu {
    uint32_t port;
    uint32_t vcpu;
};
struct xen_evtchn_unmask {
    uint32_t port;
};
struct xen_evtchn_reset {
    uint16_t dom;
};
struct xen_evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset;
    uint32_t vcpu;
    uint8_t link_bits; /* out */
    uint8_t pad[7];
};
struct xen_evtchn_expand_array {
    uint64_t array_gfn;
};
struct xen_evtchn_set_priority {
    uint32_t port;
    uint32_t priority;
};

/* FIFO: 32-bit event words, one control block for each vCPU. */
#define XEN_FIFO_PENDING          (1u << 31)
#define XEN_FIFO_MASKED           (1u << 30)
#define XEN_FIFO_LINKED           (1u << 29)
#define XEN_FIFO_BUSY             (1u << 28)
#define XEN_FIFO_LINK_BITS        17
#define XEN_FIFO_LINK_MASK        ((1u << XEN_FIFO_LINK_BITS) - 1u)
#define XEN_FIFO_CHANNELS         (1u << XEN_FIFO_LINK_BITS)
#define XEN_FIFO_QUEUES           16
#define XEN_FIFO_PRIORITY_MAX     0
#define XEN_FIFO_PRIORITY_DEFAULT 7
#define XEN_FIFO_PRIORITY_MIN     15
#define XEN_FIFO_WORDS_PER_PAGE   (XEN_PAGE_SIZE / 4u)
#define XEN_FIFO_MAX_PAGES        (XEN_FIFO_CHANNELS / XEN_FIFO_WORDS_PER_PAGE)
struct xen_fifo_control_block {
    uint32_t ready;
    uint32_t rsvd;
    uint32_t head[XEN_FIFO_QUEUES];
};

#endif
