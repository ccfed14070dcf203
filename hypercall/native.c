/* The native calls: table, dispatch, answer. The handlers are in native_*.c. */
#include "hypercall/abi/native.h"
#include "hv/core/partition.h"
#include "hypercall/call.h"
#include "hypercall/native_rows.h"
#include "hypercall/trace.h"

/* Size of a row's structure; the empty one has none. */
#define SIZE_OF(type) (sizeof(type) == sizeof(native_void_t) ? 0 : sizeof(type))

static const struct call_row native_rows[] = {
#define ANY  CALLER_ANY
#define ROOT CALLER_ROOT
#define CALL(number, name, in, out, allow, state, text)                                        \
    [number] = {#name, SIZE_OF(in), SIZE_OF(out), allow, CALL_##state##_STATE},
#include "hypercall/abi/native.def"
#undef CALL
#undef ANY
#undef ROOT
};

#define CALL(number, name, in, out, allow, state, text)                                        \
    _Static_assert(sizeof(in) <= CALL_DATA_MAX && sizeof(out) <= CALL_DATA_MAX, #name " fit"   \
                                                                                      "s");
#include "hypercall/abi/native.def"
#undef CALL

enum status native_find(u32 id, struct partition **out)
{
    *out = partition_find(id);
    return *out ? ST_OK : ST_NO_PARTITION;
}

/* Out of line, for the stack of native_call(). */
static enum status __attribute__((noinline)) run(struct call *call)
{
    switch (call->number) {
#define CALL(number, name, in, out, allow, state, text)                                        \
    case number:                                                                               \
        return native_##name(call);
#include "hypercall/abi/native.def"
#undef CALL
    }
    return ST_NO_CALL;
}

/* Out of line as well. */
static void __attribute__((noinline)) call_record(const struct call *call, enum status status)
{
    struct native_trace_record record = {.result = -(s64)status};

    record.argument[0] = call->in_at.raw;
    record.argument[1] = call->out_at.raw;
    trace_record(call->vcpu, TRACE_NATIVE, call->number, &record);
}

enum call_end native_call(struct vcpu *vcpu)
{
    static const struct call_row absent;
    struct regs *regs = &vcpu->guest->regs;
    struct call call; /* in and out are filled by the engine and the handler */
    enum status status;

    call.vcpu = vcpu;
    call.number = (u32)MIN(regs->rax, (u64)UINT32_MAX);
    call.caller = vcpu->partition->flags & PARTITION_PRIVILEGED ? CALLER_ROOT : CALLER_GUEST;
    call.in_at = gva(regs->rdi);
    call.out_at = gva(regs->rsi);
    call.done = regs->rdx;
    if (guest_cpl(vcpu->guest) != 0) {
        regs->rax = (u64) - (s64)ST_DENIED;
        return CALL_RETURN;
    }
    status = call_open(&call, call.number < ARRAY_SIZE(native_rows) ? &native_rows[call.number]
                                                                    : &absent);
    if (status == ST_OK)
        status = run(&call);
    if (status != ST_NO_CALL)
        status = call_close(&call, status);
    if (trace_call(vcpu, TRACE_NATIVE, call.number))
        call_record(&call, status);
    if (status == ST_AGAIN)
        return CALL_REPEAT;
    if (status == ST_RESTART) {
        regs->rdx = call.done;
        return CALL_REPEAT;
    }
    regs->rax = (u64) - (s64)status;
    return CALL_RETURN;
}
