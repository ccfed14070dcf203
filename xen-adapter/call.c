/* From the registers of a vmcall to the handler of its row and back. */
#include "xen-adapter/call.h"

#include "hv/lib/string.h"
#include "xen-adapter/xen.h"

_Static_assert(XENROW_COUNT <= 256, "row indexes are bytes");

/* Row of (number, sub-operation); 0 where there is none. */
static const u8 row_index[XEN_NR_SPACE][XEN_SUB_SPACE] = {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [nr][0] = XENROW_##call,
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    [nr][sub] = XENROW_##call##_##name,
#include "xen-adapter/abi/xen.def"
};

/* Which bits of the first argument tell the sub-operation. */
static const u32 sub_mask[XEN_NR_SPACE] = {
#define FAMILY(nr, call, nargs, mask, header) [nr] = mask,
#include "xen-adapter/abi/xen.def"
};

/* What a row answers without a handler. */
static const u8 row_error[XENROW_COUNT] = {
    [XENROW_none] = XEN_ENOSYS,
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [XENROW_##call] = XEN_##herr,
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    [XENROW_##call##_##name] = XEN_##herr,
#include "xen-adapter/abi/xen.def"
};

#define TRACE_BYTES(tag)                                                                       \
    ((u8)(sizeof(struct xen_##tag) == 1 ? 0 : MIN(sizeof(struct xen_##tag), NATIVE_TRACE_DATA)))

bool xen_is_self(const struct xen_call *call, u32 domid)
{
    return domid == XEN_DOMID_SELF || domid == op_partition_id(call->partition);
}

s64 xen_domid_check(const struct xen_call *call, u32 domid)
{
    if (xen_is_self(call, domid))
        return 0;
    if (domid >= XEN_DOMID_FIRST_RESERVED || !op_partition_find(domid))
        return -XEN_ESRCH;
    return -XEN_EPERM;
}

#define RUN_DONE(row, handler)                                                                 \
    case row:                                                                                  \
        return handler(call);
#define RUN_PART(row, handler) RUN_DONE(row, handler)
#define RUN_REFUSED(row, handler)
#define RUN_ABSENT(row, handler)

static s64 row_run(struct xen_call *call, u32 row)
{
    switch (row) {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    RUN_##hvm(XENROW_##call, xen_##call)
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    RUN_##hvm(XENROW_##call##_##name, xen_##call##_##name)
#include "xen-adapter/abi/xen.def"
    default:
        return -(s64)row_error[row];
    }
}

/* Bytes of a row's structure, as far as a trace record shows them. */
static const u8 row_bytes[XENROW_COUNT] = {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [XENROW_##call] = TRACE_BYTES(tag),
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    [XENROW_##call##_##name] = TRACE_BYTES(tag),
#include "xen-adapter/abi/xen.def"
};

/* The argument that points to the structure: behind the command, if there is one. */
static u64 structure_at(const struct xen_call *call)
{
    if (call->nr == XENNR_vcpu_op)
        return call->arg[2];
    return call->nr < XEN_NR_SPACE && sub_mask[call->nr] ? call->arg[1] : call->arg[0];
}

/* Out of line, for the stack of xen_call(). */
static void __attribute__((noinline)) row_record(struct xen_call *call, u32 row, s64 result)
{
    struct native_trace_record record = {
        .result = result, .number = (u32)call->nr, .data_bytes = row_bytes[row]};

    memcpy(record.argument, call->arg, sizeof(record.argument));
    if (xen_fetch(call, structure_at(call), record.data, record.data_bytes) != ST_OK)
        record.data_bytes = 0;
    trace_record(call->vcpu, TRACE_XEN, row, &record);
}

static u32 row_find(const struct xen_call *call)
{
    u32 sub;

    if (call->nr >= XEN_NR_SPACE)
        return XENROW_none;
    sub = (u32)call->arg[0] & sub_mask[call->nr];
    return sub < XEN_SUB_SPACE ? row_index[call->nr][sub] : XENROW_none;
}

s64 xen_dispatch(struct xen_call *call)
{
    u32 row = row_find(call);
    s64 result;

    result = row_run(call, row);
    /* Every vcpu_op, also one that is not there, looks at the vCPU first. */
    if (row == XENROW_none && call->nr == XENNR_vcpu_op &&
        !op_vcpu_find(call->partition, (u32)call->arg[1]))
        result = -XEN_ENOENT;
    if (result != -XEN_ERESTART && trace_call(call->vcpu, TRACE_XEN, row))
        row_record(call, row, result);
    return result;
}

static void arguments_take(struct xen_call *call, const struct regs *regs)
{
    if (call->is_narrow) {
        call->nr = (u32)regs->rax;
        call->arg[0] = (u32)regs->rbx;
        call->arg[1] = (u32)regs->rcx;
        call->arg[2] = (u32)regs->rdx;
        call->arg[3] = (u32)regs->rsi;
        call->arg[4] = (u32)regs->rdi;
        call->arg[5] = (u32)regs->rbp;
    } else {
        call->nr = regs->rax;
        call->arg[0] = regs->rdi;
        call->arg[1] = regs->rsi;
        call->arg[2] = regs->rdx;
        call->arg[3] = regs->r10;
        call->arg[4] = regs->r8;
        call->arg[5] = regs->r9;
    }
}

/*
 * A call to be continued: only the cursor moves, in the registers that carry it by the ABI. At
 * the end the command has lost its cursor again.
 */
static void arguments_put(const struct xen_call *call, struct regs *regs)
{
    if (call->is_narrow) {
        regs->rbx = (u32)call->arg[0];
        regs->rcx = (u32)call->arg[1];
        regs->rdx = (u32)call->arg[2];
    } else {
        regs->rdi = call->arg[0];
        regs->rsi = call->arg[1];
        regs->rdx = call->arg[2];
    }
}

static enum call_end call_refuse(struct regs *regs, s64 error)
{
    regs->rax = (u64)error;
    return CALL_RETURN;
}

enum call_end xen_call(struct vcpu *vcpu)
{
    struct regs *regs = op_vcpu_regs(vcpu);
    enum op_mode mode = op_vcpu_mode(vcpu);
    struct xen_call call;
    u64 first;
    s64 result;

    if (mode == OP_MODE_VM86 || (mode != OP_MODE_REAL && op_vcpu_cpl(vcpu)))
        return call_refuse(regs, -XEN_EPERM);
    /* A kernel's way to have its pending events looked at: made all the time, needs no state.
     */
    if (regs->rax == XENNR_xen_version && mode == OP_MODE_64 &&
        (u32)regs->rdi == XENOP_xen_version_version) {
        regs->rax = XEN_VERSION;
        return CALL_RETURN;
    }
    call.vcpu = vcpu;
    call.partition = op_vcpu_partition(vcpu);
    call.xv = xen_vcpu_get(vcpu);
    if (!call.xv)
        return call_refuse(regs, -XEN_ENOMEM);
    call.domain = call.xv->domain;
    call.is_narrow = mode != OP_MODE_64;
    call.is_nested = false;
    arguments_take(&call, regs);
    first = call.arg[0];
    result = xen_dispatch(&call);
    if (result == -XEN_ERESTART || call.arg[0] != first)
        arguments_put(&call, regs);
    if (result == -XEN_ERESTART)
        return CALL_REPEAT;
    regs->rax = call.is_narrow ? (u32)result : (u64)result;
    return CALL_RETURN;
}
