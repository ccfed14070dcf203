/* From the registers of a hypercall to the handler of its row and back. [TLFS 3.6 to 3.8] */
#include "enlight/call.h"
#include "enlight/enlight.h"
#include "hv/lib/string.h"

enum { KIND_NONE, KIND_SIMPLE, KIND_REP, KIND_SIMPLE_VARIABLE, KIND_REP_VARIABLE };

struct tlfs_row {
    u16 code;
    u8 index;
    u8 kind;
    u8 element;
    u16 header;
    u8 output;
    u8 error; /* without a handler or the feature */
};

static const struct tlfs_row rows[] = {
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    {code,                                                                                     \
     TLFS_ROW_##name,                                                                          \
     KIND_##kind,                                                                              \
     element,                                                                                  \
     header,                                                                                   \
     output,                                                                                   \
     TLFS_HAS(feature) ? TLFS_##error : TLFS_ACCESS_DENIED},
#include "enlight/abi/tlfs.def"
};

/* Rows ascend by their codes. */
static const struct tlfs_row *row_find(u16 code)
{
    u32 low = 0, high = ARRAY_SIZE(rows);

    while (low < high) {
        u32 middle = (low + high) / 2;

        if (rows[middle].code == code)
            return &rows[middle];
        if (rows[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

#define RUN_DONE(name)                                                                         \
    case TLFS_CALL_##name:                                                                     \
        return tlfs_##name(call);
#define RUN_PART(name) RUN_DONE(name)
#define RUN_REFUSED(name)
#define RUN_ABSENT(name)

static enum tlfs_status row_run(struct tlfs_call *call)
{
    switch ((u16)call->control) {
#define CALL(code, name, kind, header, element, output, feature, prio, state, error, doc)      \
    RUN_##state(name)
#include "enlight/abi/tlfs.def"
    default:
        return TLFS_INVALID_HYPERCALL_CODE;
    }
}

enum tlfs_status tlfs_set_read(const struct tlfs_call *call, const struct tlfs_vpset *set,
                               u64 *vps)
{
    u64 first = 0;

    if (call->banks != 0)
        memcpy(&first, set + 1, sizeof(first));
    return vpset_read(set, call->banks, first, vps);
}

struct vcpu *tlfs_set_take(const struct tlfs_call *call, u64 *vps)
{
    struct vcpu *vcpu = NULL;

    for (; *vps != 0 && !vcpu; *vps &= *vps - 1)
        vcpu = op_vcpu_find(call->partition, (u32)__builtin_ctzll(*vps));
    return vcpu;
}

/* ---- Decoding -----------------------------------------------------------------------------
 */

static u64 pair(u64 high, u64 low)
{
    return (u64)(u32)high << 32 | (u32)low;
}

static void registers_take(struct tlfs_call *call, const struct regs *regs, bool is_narrow)
{
    call->control = is_narrow ? pair(regs->rdx, regs->rax) : regs->rcx;
    call->in = is_narrow ? pair(regs->rbx, regs->rcx) : regs->rdx;
    call->out = is_narrow ? pair(regs->rdi, regs->rsi) : regs->r8;
}

static void result_put(struct regs *regs, u64 result, bool is_narrow)
{
    if (is_narrow) {
        regs->rax = (u32)result;
        regs->rdx = result >> 32;
    } else {
        regs->rax = result;
    }
}

static bool is_rep(const struct tlfs_row *row)
{
    return row->kind == KIND_REP || row->kind == KIND_REP_VARIABLE;
}

static bool is_variable(const struct tlfs_row *row)
{
    return row->kind == KIND_SIMPLE_VARIABLE || row->kind == KIND_REP_VARIABLE;
}

/* The fields of the control word, against what the row says. */
static enum tlfs_status shape_check(struct tlfs_call *call, const struct tlfs_row *row)
{
    u32 start = (u32)(call->control >> TLFS_CONTROL_START) & TLFS_CONTROL_COUNT_MASK;

    call->banks = (u32)(call->control >> TLFS_CONTROL_VARIABLE) & 0x3ff;
    call->count = (u32)(call->control >> TLFS_CONTROL_COUNT) & TLFS_CONTROL_COUNT_MASK;
    if (call->banks != 0 && !is_variable(row))
        return TLFS_INVALID_HYPERCALL_INPUT;
    if (!is_rep(row))
        return call->count == 0 && start == 0 ? TLFS_SUCCESS : TLFS_INVALID_HYPERCALL_INPUT;
    return start < call->count ? TLFS_SUCCESS : TLFS_INVALID_HYPERCALL_INPUT;
}

static enum tlfs_status fast_read(struct tlfs_call *call, u64 bytes, u64 wanted)
{
    if (bytes > TLFS_FAST_BYTES)
        return TLFS_INVALID_HYPERCALL_INPUT;
    call->input.word[0] = call->in;
    call->input.word[1] = call->out;
    if (wanted > 2 * sizeof(u64))
        op_vcpu_xmm_read(call->vcpu, call->input.bytes + 2 * sizeof(u64));
    return TLFS_SUCCESS;
}

/* A list must be aligned and lie within one page. */
static enum tlfs_status list_check(u64 at, u64 bytes)
{
    if (at & 7 || (at & PAGE_MASK) + bytes > PAGE_SIZE)
        return TLFS_INVALID_ALIGNMENT;
    return TLFS_SUCCESS;
}

static enum tlfs_status input_read(struct tlfs_call *call, const struct tlfs_row *row)
{
    u64 header = row->header + call->banks * sizeof(u64);
    u64 bytes = header + (u64)call->count * row->element;
    /* Of the banks only the first names processors that can exist. */
    u64 wanted = row->header + MIN(call->banks, 1u) * sizeof(u64);
    enum tlfs_status status;

    if (call->control & TLFS_CONTROL_FAST)
        return row->output ? TLFS_INVALID_HYPERCALL_INPUT : fast_read(call, bytes, wanted);
    if (bytes == 0)
        return TLFS_SUCCESS;
    status = list_check(call->in, bytes);
    if (status != TLFS_SUCCESS)
        return status;
    return mem_read_gpa(call->partition, gpa(call->in), call->input.bytes, wanted) == ST_OK
               ? TLFS_SUCCESS
               : TLFS_INVALID_HYPERCALL_INPUT;
}

static enum tlfs_status call_run(struct tlfs_call *call, const struct tlfs_row *row)
{
    enum tlfs_status status;

    if (!row)
        return TLFS_INVALID_HYPERCALL_CODE;
    if (row->error != TLFS_SUCCESS)
        return (enum tlfs_status)row->error;
    if (call->control & TLFS_CONTROL_RESERVED)
        return TLFS_INVALID_HYPERCALL_INPUT;
    status = shape_check(call, row);
    if (status == TLFS_SUCCESS)
        status = input_read(call, row);
    if (status == TLFS_SUCCESS && row->output)
        status = list_check(call->out, row->output);
    return status == TLFS_SUCCESS ? row_run(call) : status;
}

/* Out of line, for the stack of tlfs_call(). */
static void __attribute__((noinline))
call_record(const struct tlfs_call *call, u32 row, enum tlfs_status status)
{
    struct native_trace_record record = {.result = (s64)status,
                                         .argument = {call->control, call->in, call->out}};

    trace_record(call->vcpu, TRACE_TLFS, row, &record);
}

static bool may_call(struct vcpu *vcpu, enum op_mode mode)
{
    const struct tlfs_vcpu *tv = tlfs_vcpu_get(vcpu);

    return mode != OP_MODE_REAL && mode != OP_MODE_VM86 && op_vcpu_cpl(vcpu) == 0 && tv &&
           (tv->domain->hypercall & TLFS_PAGE_ENABLE);
}

bool tlfs_owns_call(struct vcpu *vcpu)
{
    return !op_partition_shows(op_vcpu_partition(vcpu), OP_ABI_XEN) ||
           (op_vcpu_regs(vcpu)->rax & TLFS_CONTROL_OURS);
}

enum call_end tlfs_call(struct vcpu *vcpu)
{
    struct regs *regs = op_vcpu_regs(vcpu);
    enum op_mode mode = op_vcpu_mode(vcpu);
    bool is_narrow = mode != OP_MODE_64;
    struct tlfs_call call; /* the input is filled as far as a handler looks */
    const struct tlfs_row *row;
    enum tlfs_status status;
    u32 index;

    if (!may_call(vcpu, mode))
        return CALL_UNDEFINED;
    call.vcpu = vcpu;
    call.partition = op_vcpu_partition(vcpu);
    call.done = 0;
    registers_take(&call, regs, is_narrow);
    if (is_narrow && op_partition_shows(call.partition, OP_ABI_XEN))
        call.control &= ~TLFS_CONTROL_OURS;
    row = row_find((u16)call.control);
    status = call_run(&call, row);
    index = row ? row->index : TLFS_ROW_none;
    if (trace_call(vcpu, TRACE_TLFS, index))
        call_record(&call, index, status);
    result_put(regs, (u64)status | (u64)call.done << TLFS_CONTROL_COUNT, is_narrow);
    return CALL_RETURN;
}
