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

static inline enum status native_invoke(u64 number, const void *in, void *out)
{
    u64 result = number;
    u64 cursor = 0;

    if (__builtin_expect(native_uses_vmcall, 0))
        __asm__ volatile("vmcall" : "+a"(result), "+d"(cursor) : "D"(in), "S"(out) : "memory");
    else
        __asm__ volatile("vmmcall" : "+a"(result), "+d"(cursor) : "D"(in), "S"(out) : "memory");
    return (enum status) - (s64)result;
}

#define CALL(number, name, in_type, out_type, allow, state, text)                              \
    static inline enum status call_##name(const in_type *in, out_type *out)                    \
    {                                                                                          \
        return native_invoke(number, in, out);                                                 \
    }
#include "hypercall/abi/native.def"
#undef CALL

#endif
