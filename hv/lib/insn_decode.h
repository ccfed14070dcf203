/*
 * x86 instruction decoder: the length of any instruction, and the operands of those that the
 * hypervisor or the PV shim emulates. Pure: bytes in, struct insn out. [SDM 2 ch. 2, app. A]
 */
#ifndef HV_LIB_INSN_DECODE_H
#define HV_LIB_INSN_DECODE_H

#include "hv/lib/regs.h"
#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define INSN_MAX         15u
#define INSN_NO_REGISTER 0xff

enum insn_mode { INSN_16, INSN_32, INSN_64 };

enum insn_op {
    INSN_OTHER, /* length known, operands not of interest */
    /* Data movement and arithmetic: forms below. */
    INSN_MOV,
    INSN_MOVZX,
    INSN_MOVSX,
    INSN_XCHG,
    INSN_CMPXCHG,
    INSN_CMPXCHG8B, /* or 16B with REX.W: size says it */
    INSN_XADD,
    INSN_ADD, /* this and the next seven: order of the opcode map and of modrm.reg */
    INSN_OR,
    INSN_ADC,
    INSN_SBB,
    INSN_AND,
    INSN_SUB,
    INSN_XOR,
    INSN_CMP,
    INSN_TEST,
    INSN_NOT,
    INSN_NEG,
    INSN_INC,
    INSN_DEC,
    INSN_BT,
    INSN_BTS,
    INSN_BTR,
    INSN_BTC,
    INSN_MOVS,
    INSN_STOS,
    INSN_LODS,
    INSN_CMPS,
    INSN_SCAS,
    /* Ports. */
    INSN_IN,
    INSN_OUT,
    INSN_INS,
    INSN_OUTS,
    /* Instructions of the system. */
    INSN_CPUID,
    INSN_RDMSR,
    INSN_WRMSR,
    INSN_RDTSC,
    INSN_RDTSCP,
    INSN_RDPMC,
    INSN_HLT,
    INSN_CLI,
    INSN_STI,
    INSN_PUSHF,
    INSN_POPF,
    INSN_IRET,
    INSN_CLTS,
    INSN_LMSW,
    INSN_SMSW,
    INSN_MOV_FROM_CR, /* reg = control register, rm = general register */
    INSN_MOV_TO_CR,
    INSN_MOV_FROM_DR,
    INSN_MOV_TO_DR,
    INSN_LGDT,
    INSN_LIDT,
    INSN_SGDT,
    INSN_SIDT,
    INSN_LLDT,
    INSN_LTR,
    INSN_SLDT,
    INSN_STR,
    INSN_INVLPG,
    INSN_INVPCID,
    INSN_INVD,
    INSN_WBINVD,
    INSN_XSETBV,
    INSN_XGETBV,
    INSN_SWAPGS,
    INSN_SYSCALL,
    INSN_SYSRET,
    INSN_SYSENTER,
    INSN_SYSEXIT,
    INSN_VMCALL,
    INSN_VMMCALL,
    INSN_INT, /* int n: immediate */
    INSN_INT3,
    INSN_UD2,
    INSN_MONITOR,
    INSN_MWAIT,
    INSN_CLAC,
    INSN_STAC,
    INSN_WRFSBASE, /* rm = register, size 4 or 8 */
    INSN_WRGSBASE,
    INSN_RDFSBASE,
    INSN_RDGSBASE,
    INSN_MOV_TO_SEGMENT, /* reg = segment number */
    INSN_MOV_FROM_SEGMENT,
    INSN_FAR_JUMP, /* through memory */
    INSN_FAR_CALL,
    INSN_FAR_RETURN,
};

/* Destination first. rm is memory when has_memory, else a register. */
enum insn_form {
    INSN_FORM_NONE,
    INSN_FORM_RM_REG,
    INSN_FORM_REG_RM,
    INSN_FORM_RM_IMMEDIATE,
    INSN_FORM_RM, /* one operand */
    INSN_FORM_STRING,
    INSN_FORM_REG_IMMEDIATE, /* register in reg (port instructions: the port is the immediate)
                              */
    INSN_FORM_REG_DX,        /* port in dx */
};

enum insn_segment {
    INSN_ES,
    INSN_CS,
    INSN_SS,
    INSN_DS,
    INSN_FS,
    INSN_GS,
    INSN_SEGMENTS,
};

#define INSN_LOCK         1u
#define INSN_REPEAT       2u /* F3 */
#define INSN_REPEAT_NOT   4u /* F2 */
#define INSN_OPERAND_SIZE 8u
#define INSN_ADDRESS_SIZE 16u

struct insn {
    u8 length;
    enum insn_op op;
    enum insn_form form;
    u8 map; /* 0 one byte, 1 0F, 2 0F38, 3 0F3A; VEX, EVEX and XOP: their map + 16 */
    u8 opcode;
    u8 prefixes;
    u8 rex;         /* 0 when absent */
    u8 modrm;       /* 0 when absent */
    u8 size;        /* operand in bytes: 1, 2, 4, 8, 16 */
    u8 source_size; /* of rm for movzx and movsx, else = size */
    u8 address_size;
    u8 reg, rm; /* numbers with REX; rm only when !has_memory */
    bool has_modrm;
    bool has_memory;
    bool is_rip_relative;
    u8 base, index, scale; /* INSN_NO_REGISTER when absent */
    u8 segment;            /* enum insn_segment, default or overridden */
    bool has_segment_prefix;
    u8 immediate_size;
    s64 displacement;
    s64 immediate; /* sign-extended */
};

/*
 * ST_OK; ST_NO_DATA when `count` bytes are too few; ST_INVALID when no instruction begins so
 * (or it is longer than 15 bytes).
 */
enum status insn_decode(const u8 *bytes, size_t count, enum insn_mode mode, struct insn *out);

/* Linear address of the memory operand; `segment_base` is indexed by enum insn_segment. */
u64 insn_address(const struct insn *insn, const struct regs *regs, const u64 *segment_base);

/* A general register as an operand of this size; without REX, size 1 numbers 4-7 are AH..BH. */
u64 insn_register_read(const struct regs *regs, u8 number, u8 size, u8 rex);
/* 4-byte writes clear the upper half, 1- and 2-byte writes keep the rest. */
void insn_register_write(struct regs *regs, u8 number, u8 size, u8 rex, u64 value);

/* The result of an arithmetic operation of `size` bytes; sets the status flags in *rflags. */
u64 insn_compute(enum insn_op op, u8 size, u64 first, u64 second, u64 *rflags);

#endif
