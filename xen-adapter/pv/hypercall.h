/*
 * Hypercalls of the PV guest: every row of xen.def is LOCAL, TRANSLATE or REFUSE. A number has
 * a handler hypercall_<call>; the operations of a family have op_<call>_<name>, which get the
 * family's further arguments first and its command last (a4). No guest pointer is passed on.
 */
#ifndef XEN_ADAPTER_PV_HYPERCALL_H
#define XEN_ADAPTER_PV_HYPERCALL_H

#include "hv/lib/status.h"
#include "xen-adapter/abi/xen_errno.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/pv/shim.h"

#define HYPERCALL_UNUSED __attribute__((unused))
#define HANDLER(name)                                                                          \
    s64 name(HYPERCALL_UNUSED u64 a1, HYPERCALL_UNUSED u64 a2, HYPERCALL_UNUSED u64 a3,        \
             HYPERCALL_UNUSED u64 a4)

typedef s64 (*hypercall_fn)(u64 a1, u64 a2, u64 a3, u64 a4);

#define HANDLER_LOCAL(name)     HANDLER(name);
#define HANDLER_TRANSLATE(name) HANDLER(name);
#define HANDLER_REFUSE(name)
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    HANDLER_##pv(hypercall_##call)
#define FAMILY(nr, call, nargs, mask, header) HANDLER(hypercall_##call);
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    HANDLER_##pv(op_##call##_##name)
#include "xen-adapter/abi/xen.def"

/* By number, as entry.S and multicall use it; never NULL. */
extern const hypercall_fn hypercall_table[XEN_NR_SPACE];

/* How often the kernel made each call; a page of its own, which a note names for whoever
 * watches this partition from outside. vCPUs count without a lock: now and then one is missed.
 */
#define HYPERCALL_COUNTS 512u
extern u64 hypercall_count[HYPERCALL_COUNTS];

/* The handler of a row of a family; NULL: no such operation. */
hypercall_fn hypercall_op(u32 number, u32 sub);

/* forward_memory.c: whether L0 has a domain of this number, which may be DOMID_SELF. */
bool domain_exists(u16 id);

/* Fills a guest's hypercall page: 32 bytes each, SYSCALL with the slot's number. */
void hypercall_page_fill(u8 *page);

#endif
