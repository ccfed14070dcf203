/*
 * The guest's memory, by its virtual addresses and through its live page tables. Every access is
 * range-checked against the shim's slots, bracketed by stac/clac, and survives a fault.
 */
#ifndef XEN_ADAPTER_PV_GUEST_COPY_H
#define XEN_ADAPTER_PV_GUEST_COPY_H

#include "hv/lib/status.h"
#include "xen-adapter/pv/shim.h"

/* True when no byte of it belongs to the shim, is not canonical, or wraps. */
static inline bool guest_range_ok(u64 virt, u64 bytes)
{
    u64 end;

    if (__builtin_add_overflow(virt, bytes, &end) && end != 0)
        return false;
    if (virt >= SHIM_VIRT_END)
        return true;
    return virt < ((u64)1 << 47) && bytes <= ((u64)1 << 47) - virt;
}

/* ST_FAULT when a byte of the guest's side cannot be reached; some may have been copied. */
enum status copy_from_guest(void *to, u64 from, u64 bytes);
enum status copy_to_guest(u64 to, const void *from, u64 bytes);
enum status clear_guest(u64 to, u64 bytes);

/* The same for a few aligned or unaligned 64-bit words, without the start-up cost. words > 0. */
enum status words_from_guest(u64 *to, u64 from, u64 words);
enum status words_to_guest(u64 to, const u64 *from, u64 words);

#endif
