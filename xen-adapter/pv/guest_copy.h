/*
 * The guest's memory, by its virtual addresses and through its live page tables. Every access
 * is range-checked against the shim's slots, bracketed by stac/clac, and survives a fault.
 */
#ifndef XEN_ADAPTER_PV_GUEST_COPY_H
#define XEN_ADAPTER_PV_GUEST_COPY_H

#include "hv/lib/status.h"
#include "xen-adapter/pv/shim.h"

/* True when no byte of it belongs to the shim, is not canonical, or wraps. */
static inline bool guest_range_ok(u64 virt, u64 bytes)
{
    if (virt >= SHIM_VIRT_END)
        return virt + bytes >= virt || virt + bytes == 0;
    return virt < ((u64)1 << 47) && bytes <= ((u64)1 << 47) - virt;
}

/* ST_FAULT when a byte of the guest's side cannot be reached; some may have been copied. */
enum status copy_from_guest(void *to, u64 from, u64 bytes);
enum status copy_to_guest(u64 to, const void *from, u64 bytes);
enum status clear_guest(u64 to, u64 bytes);

/*
 * For inline accesses: a place that cpu_tables.c turns into clac (0) or stac (1) where there is
 * SMAP, and what to do about a fault at one label: go on at another.
 */
#define SMAP_SITE(kind)                                                                        \
    "771: nopl (%%rax)\n\t"                                                                    \
    ".pushsection .smap_sites, \"a\"\n\t"                                                      \
    ".long 771b - ., " #kind "\n\t"                                                            \
    ".popsection\n\t"
#define FIXUP(from, to)                                                                        \
    ".pushsection .exception_table, \"a\"\n\t"                                                 \
    ".long " from " - ., " to " - .\n\t"                                                       \
    ".popsection\n\t"

#if __STDC_HOSTED__ /* a host test brings its own guest memory */

enum status words_from_guest(u64 *to, u64 from, u64 words);
enum status words_to_guest(u64 to, const u64 *from, u64 words);
bool word_from_guest(u64 *to, u64 from);
bool u32_from_guest(u32 *to, u64 from);

#else

/* Either side may be the guest's; the caller has checked the range. Returns the words left. */
static inline u64 guest_words_move(u64 *to, const u64 *from, u64 words)
{
    __asm__ volatile(SMAP_SITE(1) "772: rep movsq\n\t"
                                  "773:\n\t" SMAP_SITE(0) FIXUP("772b", "773b")
                     : "+D"(to), "+S"(from), "+c"(words)::"memory");
    return words;
}

/* One word, or a number such as a port's, for the hottest paths; false after a fault. */
#define FROM_GUEST(name, type)                                                                 \
    static inline bool name(type *to, u64 from)                                                \
    {                                                                                          \
        type value = 0;                                                                        \
                                                                                               \
        if (!guest_range_ok(from, sizeof(value)))                                              \
            return false;                                                                      \
        __asm__ goto(SMAP_SITE(1) "772: mov (%1), %0\n\t" SMAP_SITE(0)                         \
                         FIXUP("772b", "%l[fault]")                                            \
                     : "=r"(value)                                                             \
                     : "r"(from)                                                               \
                     : "memory"                                                                \
                     : fault);                                                                 \
        *to = value;                                                                           \
        return true;                                                                           \
    fault:                                                                                     \
        __asm__ volatile(SMAP_SITE(0)::: "memory");                                            \
        return false;                                                                          \
    }
FROM_GUEST(word_from_guest, u64)
FROM_GUEST(u32_from_guest, u32)
#undef FROM_GUEST

/* A few aligned or unaligned 64-bit words, without the start-up cost. */
static inline enum status words_from_guest(u64 *to, u64 from, u64 words)
{
    if (!guest_range_ok(from, words * 8) || guest_words_move(to, (const u64 *)from, words) != 0)
        return ST_FAULT;
    return ST_OK;
}

static inline enum status words_to_guest(u64 to, const u64 *from, u64 words)
{
    if (!guest_range_ok(to, words * 8) || guest_words_move((u64 *)to, from, words) != 0)
        return ST_FAULT;
    return ST_OK;
}

#endif

#endif
