/*
 * The handlers of the native calls, one for each row of native.def. Each decodes values, calls
 * one operation and fills the answer; native.c has fetched its in-structure.
 */
#ifndef HYPERCALL_NATIVE_ROWS_H
#define HYPERCALL_NATIVE_ROWS_H

#include "hypercall/abi/native.h"
#include "hypercall/call.h"

struct partition;

#define CALL(number, name, in, out, allow, state, text)                                        \
    enum status native_##name(struct call *call);
#include "hypercall/abi/native.def"
#undef CALL

/* The structures of a call, typed. */
#define IN(call, type)  ((const type *)(const void *)(call)->in.bytes)
#define OUT(call, type) ((type *)(void *)(call)->out.bytes)

/* ST_NO_PARTITION: nobody has this id. */
enum status native_find(u32 id, struct partition **out);

#endif
