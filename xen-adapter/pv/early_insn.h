/* The privileged and special instructions that the shim's own start uses. */
#ifndef XEN_ADAPTER_PV_EARLY_INSN_H
#define XEN_ADAPTER_PV_EARLY_INSN_H

#include "hv/lib/types.h"
#include "hv/lib/x86.h"
#include "xen-adapter/pv/insn.h"

struct early_cpuid_leaves {
    u32 eax, ebx, ecx, edx;
};

static inline struct early_cpuid_leaves early_cpuid(u32 leaf, u32 sub)
{
    struct early_cpuid_leaves r;

    __asm__ volatile("cpuid"
                     : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
                     : "a"(leaf), "c"(sub));
    return r;
}

static inline void early_out8(u16 port, u8 value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static inline u8 early_in8(u16 port)
{
    u8 value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Without a table for traps the processor shuts down: an end that any hypervisor sees. */
static inline void early_shutdown(void)
{
    static const struct x86_table_pointer none;

    __asm__ volatile("lidt %0; ud2" ::"m"(none) : "memory");
}

static inline void early_halt(void)
{
    __asm__ volatile("cli; hlt" ::: "memory");
}

#endif
