/* Structures that the processor reads: whoever sets up a CPU, the hypervisor or the shim. */
#ifndef HV_LIB_X86_H
#define HV_LIB_X86_H

#include "hv/lib/types.h"

/* Operand of lgdt and lidt. [APM2 4.6.2] */
struct x86_table_pointer {
    u16 limit;
    u64 base;
} __attribute__((packed));

/* 64-bit task state segment. [APM2 12.2.5] */
struct x86_tss {
    u32 reserved0;
    u64 rsp[3];
    u64 reserved1;
    u64 ist[7];
    u64 reserved2;
    u16 reserved3;
    u16 io_map;
} __attribute__((packed));

/* Entry of a 64-bit interrupt descriptor table. [APM2 4.8.4] */
struct x86_gate {
    u16 offset_low;
    u16 selector;
    u8 ist;  /* 0: the stack stays, 1-7: that stack of the TSS */
    u8 type; /* X86_GATE_INTERRUPT, with a DPL if `int` may use it */
    u16 offset_middle;
    u32 offset_high;
    u32 reserved;
};

#define X86_GATE_INTERRUPT 0x8eu
#define X86_GATE_DPL3      0x60u

static inline struct x86_gate x86_gate(u64 entry, u16 selector, u8 ist, u32 type)
{
    return (struct x86_gate){
        .offset_low = (u16)entry,
        .selector = selector,
        .ist = ist,
        .type = (u8)type,
        .offset_middle = (u16)(entry >> 16),
        .offset_high = (u32)(entry >> 32),
    };
}

#endif
