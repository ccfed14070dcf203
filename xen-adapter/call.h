/* A Xen hypercall while it is being served, and what the handlers share. */
#ifndef XEN_ADAPTER_CALL_H
#define XEN_ADAPTER_CALL_H

#include "xen-adapter/abi/xen_errno.h"
#include "xen-adapter/state.h"

struct xen_call {
    struct vcpu *vcpu;
    struct partition *partition;
    struct xen_domain *domain;
    struct xen_vcpu *xv;
    u64 nr;
    u64 arg[6];     /* a handler that answers -XEN_ERESTART leaves here where to go on */
    bool is_narrow; /* 32-bit caller: 32-bit layouts and pointers */
    bool is_nested; /* an entry of a multicall */
};

/* Runs the row of call->nr; >= 0 or a negative error as the guest sees it. */
s64 xen_dispatch(struct xen_call *call);

/* Guest structures by value, at a guest-virtual address as wide as the caller's pointers. */
static inline enum status xen_fetch(struct xen_call *call, u64 at, void *to, u64 bytes)
{
    return mem_read(call->vcpu, gva(at), to, bytes);
}
static inline enum status xen_store(struct xen_call *call, u64 at, const void *from, u64 bytes)
{
    return mem_write(call->vcpu, gva(at), from, bytes);
}

/* True when domid names the caller itself. */
bool xen_is_self(const struct xen_call *call, u32 domid);
/* 0 for the caller itself; else -EPERM for a partition that is there, -ESRCH. */
s64 xen_domid_check(const struct xen_call *call, u32 domid);

/* Prototypes of the handlers, stamped from the rows that are DONE or PART. Each keeps its own
 * frame: the switch that finds one needs none. */
#define PROTO_DONE(handler) s64 __attribute__((noinline)) handler(struct xen_call *call);
#define PROTO_PART(handler) PROTO_DONE(handler)
#define PROTO_REFUSED(handler)
#define PROTO_ABSENT(handler)
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    PROTO_##hvm(xen_##call)
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    PROTO_##hvm(xen_##call##_##name)
#include "xen-adapter/abi/xen.def"

#endif
