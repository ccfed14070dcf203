/* A hypercall as a line for people: when, who, name, arguments, result. Pure. */
#ifndef GUEST_DRIVERS_STEWARD_TRACE_TEXT_H
#define GUEST_DRIVERS_STEWARD_TRACE_TEXT_H

#include "guest-drivers/steward/out.h"
#include "hypercall/abi/native.h"

/* "    1.234567 d3v0 event_channel_op.send({port=5}) = 0", with the time since `begin_tsc`. */
void trace_text(struct out *out, const struct native_trace_record *record, u64 begin_tsc,
                u64 tsc_khz);

#endif
