/* Numbers, row names and facts stamped from xen.def. */
#ifndef XEN_ADAPTER_ABI_XEN_ROWS_H
#define XEN_ADAPTER_ABI_XEN_ROWS_H

#include "xen-adapter/abi/xen.h"

/* Hypercall numbers: XENNR_memory_op. */
enum xen_nr {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    XENNR_##call = nr,
#define FAMILY(nr, call, nargs, mask, header) XENNR_##call = nr,
#include "xen-adapter/abi/xen.def"
};

/* Sub-operation numbers: XENOP_memory_op_memory_map. */
enum xen_sub {
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    XENOP_##call##_##name = sub,
#define CASE(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)        \
    XENOP_##call##_##name = sub,
#include "xen-adapter/abi/xen.def"
};

/* Index of a dispatchable row (CALL and OP): XENROW_evtchn...; 0 is "no such call". */
enum xen_row_index {
    XENROW_none = 0,
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    XENROW_##call,
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    XENROW_##call##_##name,
#include "xen-adapter/abi/xen.def"
    XENROW_COUNT
};

enum xen_row_state { XENSTATE_DONE, XENSTATE_PART, XENSTATE_REFUSED, XENSTATE_ABSENT };
enum xen_pv_disposition { XENPV_LOCAL, XENPV_TRANSLATE, XENPV_REFUSE };

#define XEN_NR_SPACE  64u /* hypercall numbers that may have a row */
#define XEN_SUB_SPACE 40u /* sub-operations told apart by register */

#endif
