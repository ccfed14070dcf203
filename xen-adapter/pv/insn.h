/* The privileged and special instructions of the shim, and the register bits that go with them.
 */
#ifndef XEN_ADAPTER_PV_INSN_H
#define XEN_ADAPTER_PV_INSN_H

#include "hv/lib/types.h"

#define CR0_TS BIT(3)
#define CR0_WP BIT(16)

#define CR4_TSD        BIT(2)
#define CR4_DE         BIT(3)
#define CR4_PAE        BIT(5)
#define CR4_MCE        BIT(6)
#define CR4_OSFXSR     BIT(9)
#define CR4_OSXMMEXCPT BIT(10)
#define CR4_FSGSBASE   BIT(16)
#define CR4_OSXSAVE    BIT(18)
#define CR4_SMEP       BIT(20)
#define CR4_SMAP       BIT(21)

#define RFLAGS_FIXED BIT(1)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_IF    BIT(9)
#define RFLAGS_DF    BIT(10)
#define RFLAGS_IOPL  (BIT(12) | BIT(13))
#define RFLAGS_NT    BIT(14)
#define RFLAGS_RF    BIT(16)
#define RFLAGS_VM    BIT(17)
#define RFLAGS_AC    BIT(18)

#define MSR_APIC_BASE      0x1bu
#define MSR_PLATFORM_INFO  0xceu
#define MSR_MISC_FEATURES  0x140u
#define MSR_SYSENTER_CS    0x174u
#define MSR_SYSENTER_ESP   0x175u
#define MSR_SYSENTER_EIP   0x176u
#define MSR_EFER           0xc0000080u
#define MSR_STAR           0xc0000081u
#define MSR_LSTAR          0xc0000082u
#define MSR_CSTAR          0xc0000083u
#define MSR_FMASK          0xc0000084u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u

static inline void insn_cpuid(u32 leaf, u32 subleaf, u32 out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "a"(leaf), "c"(subleaf));
}

static inline u64 insn_rdmsr(u32 msr)
{
    u32 low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (u64)high << 32 | low;
}

static inline void insn_wrmsr(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static inline u64 insn_rdtsc(void)
{
    u32 low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

#define INSN_READ(name, reg)                                                                   \
    static inline u64 insn_read_##name(void)                                                   \
    {                                                                                          \
        u64 value;                                                                             \
                                                                                               \
        __asm__ volatile("mov %%" reg ", %0" : "=r"(value));                                   \
        return value;                                                                          \
    }
#define INSN_WRITE(name, reg)                                                                  \
    static inline void insn_write_##name(u64 value)                                            \
    {                                                                                          \
        __asm__ volatile("mov %0, %%" reg ::"r"(value) : "memory");                            \
    }

INSN_READ(cr0, "cr0")
INSN_WRITE(cr0, "cr0")
INSN_READ(cr2, "cr2")
INSN_READ(cr3, "cr3")
INSN_WRITE(cr3, "cr3")
INSN_READ(cr4, "cr4")
INSN_WRITE(cr4, "cr4")
INSN_READ(dr6, "dr6")
INSN_WRITE(dr0, "dr0")
INSN_WRITE(dr1, "dr1")
INSN_WRITE(dr2, "dr2")
INSN_WRITE(dr3, "dr3")
INSN_WRITE(dr6, "dr6")
INSN_WRITE(dr7, "dr7")

#undef INSN_READ
#undef INSN_WRITE

static inline void insn_clts(void)
{
    __asm__ volatile("clts" ::: "memory");
}

static inline void insn_swapgs(void)
{
    __asm__ volatile("swapgs" ::: "memory");
}

/* entry.S: 0, or 1 when the CPU refuses (#GP). */
u64 msr_read_safe(u32 msr, u64 *value);
u64 msr_write_safe(u32 msr, u64 value);
u64 xsetbv_safe(u32 index, u64 value);
u64 segment_load_gs_user(u16 selector); /* into the user's %gs */

#endif
