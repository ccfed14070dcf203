/*
 * Call stubs of the native interface, one for each row: `enum status call_NAME(in, out)` with
 * pointers to the row's structures; NULL where a row has none.
 */
#ifndef GUEST_DRIVERS_LIB_NATIVE_CALL_H
#define GUEST_DRIVERS_LIB_NATIVE_CALL_H

#include "hv/lib/status.h"
#include "hypercall/abi/native.h"

/* True where the processor's instruction is vmcall (Intel), else vmmcall; set by guest_begin().
 */
extern bool native_uses_vmcall;

/* A row by its number. */
enum status native_invoke(u64 number, const void *in, void *out);

#define CALL(number, name, in_type, out_type, allow, state, text)                              \
    static inline enum status call_##name(const in_type *in, out_type *out)                    \
    {                                                                                          \
        return native_invoke(number, in, out);                                                 \
    }
#include "hypercall/abi/native.def"
#undef CALL

#endif
