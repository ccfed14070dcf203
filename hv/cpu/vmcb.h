/* The virtual machine control block as the hardware lays it out. [APM2 appendix B] */
#ifndef HV_CPU_VMCB_H
#define HV_CPU_VMCB_H

#include "hv/cpu/run.h"
#include "hv/lib/types.h"

/* Intercept words, by bit. */
#define INTERCEPT1_INTR        BIT(0)
#define INTERCEPT1_NMI         BIT(1)
#define INTERCEPT1_SMI         BIT(2)
#define INTERCEPT1_INIT        BIT(3)
#define INTERCEPT1_VINTR       BIT(4)
#define INTERCEPT1_RDPMC       BIT(15)
#define INTERCEPT1_CPUID       BIT(18)
#define INTERCEPT1_IRET        BIT(20)
#define INTERCEPT1_INVD        BIT(22)
#define INTERCEPT1_PAUSE       BIT(23)
#define INTERCEPT1_HLT         BIT(24)
#define INTERCEPT1_INVLPGA     BIT(26)
#define INTERCEPT1_IO          BIT(27)
#define INTERCEPT1_MSR         BIT(28)
#define INTERCEPT1_TASK_SWITCH BIT(29)
#define INTERCEPT1_SHUTDOWN    BIT(31)
#define INTERCEPT2_VMRUN       BIT(0)
#define INTERCEPT2_VMMCALL     BIT(1)
#define INTERCEPT2_VMLOAD      BIT(2)
#define INTERCEPT2_VMSAVE      BIT(3)
#define INTERCEPT2_STGI        BIT(4)
#define INTERCEPT2_CLGI        BIT(5)
#define INTERCEPT2_SKINIT      BIT(6)
#define INTERCEPT2_WBINVD      BIT(9)
#define INTERCEPT2_MONITOR     BIT(10)
#define INTERCEPT2_MWAIT       BIT(11)
#define INTERCEPT2_XSETBV      BIT(13)
#define INTERCEPT2_RDPRU       BIT(14)

/* Word of control registers: reads in bits 0-15, writes in bits 16-31. */
#define INTERCEPT_CR8_WRITE BIT(24)

#define CLEAN_INTERCEPTS BIT(0)
#define CLEAN_IOPM       BIT(1)
#define CLEAN_ASID       BIT(2)
#define CLEAN_TPR        BIT(3)
#define CLEAN_NP         BIT(4)
#define CLEAN_CRX        BIT(5)
#define CLEAN_DRX        BIT(6)
#define CLEAN_DT         BIT(7)
#define CLEAN_SEG        BIT(8)
#define CLEAN_CR2        BIT(9)
#define CLEAN_ALL        0x3ffu

#define VINTR_TPR          0x0fu
#define VINTR_IRQ          BIT(8)
#define VINTR_PRIORITY_MAX (0xful << 16)
#define VINTR_IGNORE_TPR   BIT(20)
#define VINTR_MASKING      BIT(24)
#define VINTR_WINDOW       ((u32)(VINTR_IRQ | VINTR_PRIORITY_MAX | VINTR_IGNORE_TPR))

#define INJECT_ERROR      BIT(11)
#define INJECT_VALID      BIT(31)
#define INJECT_TYPE_SHIFT 8

#define TLB_KEEP      0
#define TLB_FLUSH_ALL 1

enum vmexit {
    VMEXIT_CR8_WRITE = 0x18,
    VMEXIT_EXCEPTION = 0x40,
    VMEXIT_INTR = 0x60,
    VMEXIT_NMI = 0x61,
    VMEXIT_SMI = 0x62,
    VMEXIT_INIT = 0x63,
    VMEXIT_VINTR = 0x64,
    VMEXIT_RDPMC = 0x6f,
    VMEXIT_CPUID = 0x72,
    VMEXIT_IRET = 0x74,
    VMEXIT_INVD = 0x76,
    VMEXIT_PAUSE = 0x77,
    VMEXIT_HLT = 0x78,
    VMEXIT_INVLPGA = 0x7a,
    VMEXIT_IO = 0x7b,
    VMEXIT_MSR = 0x7c,
    VMEXIT_TASK_SWITCH = 0x7d,
    VMEXIT_SHUTDOWN = 0x7f,
    VMEXIT_VMRUN = 0x80,
    VMEXIT_VMMCALL = 0x81,
    VMEXIT_VMLOAD = 0x82,
    VMEXIT_VMSAVE = 0x83,
    VMEXIT_STGI = 0x84,
    VMEXIT_CLGI = 0x85,
    VMEXIT_SKINIT = 0x86,
    VMEXIT_WBINVD = 0x89,
    VMEXIT_MONITOR = 0x8a,
    VMEXIT_MWAIT = 0x8b,
    VMEXIT_MWAIT_ARMED = 0x8c,
    VMEXIT_XSETBV = 0x8d,
    VMEXIT_RDPRU = 0x8e,
    VMEXIT_NPF = 0x400,
};

struct vmcb {
    u32 intercept_cr, intercept_dr, intercept_exceptions;
    u32 intercept1, intercept2, intercept3;
    u8 reserved_018[0x3c - 0x18];
    u16 pause_threshold, pause_count;
    u64 io_bitmap, msr_bitmap, tsc_offset;
    u32 asid;
    u8 tlb_control;
    u8 reserved_05d[3];
    u32 vintr;
    u32 vintr_vector;
    u64 shadow; /* bit 0: interrupt shadow */
    u64 exit_code, exit_info1, exit_info2;
    u32 exit_event, exit_event_error;
    u64 nested_enable;
    u8 reserved_098[0xa8 - 0x98];
    u32 inject, inject_error;
    u64 nested_root;
    u64 lbr_enable;
    u32 clean;
    u32 reserved_0c4;
    u64 next_rip;
    u8 fetched_count;
    u8 fetched[15];
    u8 reserved_0e0[0x400 - 0xe0];
    struct segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
    u8 reserved_4a0[0x4cb - 0x4a0];
    u8 cpl;
    u32 reserved_4cc;
    u64 efer;
    u8 reserved_4d8[0x548 - 0x4d8];
    u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
    u8 reserved_580[0x5d8 - 0x580];
    u64 rsp, s_cet, ssp, isst_addr;
    u64 rax, star, lstar, cstar, sfmask, kernel_gs_base;
    u64 sysenter_cs, sysenter_esp, sysenter_eip, cr2;
    u8 reserved_648[0x668 - 0x648];
    u64 pat, debug_control, branch_from, branch_to, exception_from, exception_to;
    u8 reserved_698[0x1000 - 0x698];
};

_Static_assert(offsetof(struct vmcb, io_bitmap) == 0x40, "[APM2 table B-1]");
_Static_assert(offsetof(struct vmcb, vintr) == 0x60, "[APM2 table B-1]");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "[APM2 table B-1]");
_Static_assert(offsetof(struct vmcb, inject) == 0xa8, "[APM2 table B-1]");
_Static_assert(offsetof(struct vmcb, clean) == 0xc0, "[APM2 table B-1]");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "[APM2 table B-2]");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "[APM2 table B-2]");
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "one page");

#endif
