/* The trace ring: the last calls of all ABIs, oldest lost first. */
#ifndef HYPERCALL_TRACE_H
#define HYPERCALL_TRACE_H

#include "hv/lib/types.h"
#include "hypercall/abi/native.h"

struct vcpu;

enum trace_abi { TRACE_NATIVE, TRACE_XEN, TRACE_TLFS };

extern bool trace_is_on;

void trace_record(const struct vcpu *vcpu, enum trace_abi abi, u32 call, u32 argument,
                  s64 result);

/* One test and a jump while tracing is off. */
static inline void trace_call(const struct vcpu *vcpu, enum trace_abi abi, u32 call,
                              u32 argument, s64 result)
{
    if (__builtin_expect(trace_is_on, 0))
        trace_record(vcpu, abi, call, argument, result);
}

/* Takes the oldest record; false when there is none. */
bool trace_take(struct native_trace_record *out);
/* Records overwritten before they were taken, since the last question. */
u32 trace_lost(void);

#endif
