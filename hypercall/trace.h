/* Calls of all ABIs: counted always, and kept in the trace ring, oldest lost first. */
#ifndef HYPERCALL_TRACE_H
#define HYPERCALL_TRACE_H

#include "hv/lib/types.h"
#include "hypercall/abi/native.h"

struct vcpu;

enum trace_abi { TRACE_NATIVE, TRACE_XEN, TRACE_TLFS };

/* Counts a call that has ended; true if it is to be recorded as well. */
bool trace_call(const struct vcpu *vcpu, enum trace_abi abi, u32 call);

/* Records it: the caller has filled result, argument and data. */
void trace_record(const struct vcpu *vcpu, enum trace_abi abi, u32 call,
                  struct native_trace_record *record);

/* Whose calls are recorded from now on: a partition, NATIVE_TRACE_ALL, nobody's. */
void trace_all_of(u32 partition);
void trace_stop(void);

/* Takes the oldest record; false when there is none. */
bool trace_take(struct native_trace_record *out);
/* Records overwritten before they were taken, since the last question. */
u32 trace_lost(void);

#endif
