/* The way to the hypervisor; host tests link their own. */
#include "guest-drivers/lib/native_call.h"

bool native_uses_vmcall;

enum status native_invoke(u64 number, const void *in, void *out)
{
    u64 result = number;
    u64 cursor = 0;

    if (__builtin_expect(native_uses_vmcall, 0))
        __asm__ volatile("vmcall" : "+a"(result), "+d"(cursor) : "D"(in), "S"(out) : "memory");
    else
        __asm__ volatile("vmmcall" : "+a"(result), "+d"(cursor) : "D"(in), "S"(out) : "memory");
    return (enum status) - (s64)result;
}
