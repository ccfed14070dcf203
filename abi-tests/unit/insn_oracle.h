/* Compares the decoder with Zydis on one byte string: used by the unit test and the fuzzer. */
#ifndef ABI_TESTS_UNIT_INSN_ORACLE_H
#define ABI_TESTS_UNIT_INSN_ORACLE_H

#include "hv/lib/insn_decode.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

struct oracle {
    ZydisDecodedInstruction insn;
    ZydisDecodedOperand operand[ZYDIS_MAX_OPERAND_COUNT];
    const ZydisDecodedOperand *memory;
};

static inline bool oracle_decode(const u8 *bytes, size_t count, enum insn_mode mode,
                                 struct oracle *out)
{
    static const ZydisMachineMode machine[] = {
        ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_MACHINE_MODE_LONG_64};
    static const ZydisStackWidth stack[] = {ZYDIS_STACK_WIDTH_16, ZYDIS_STACK_WIDTH_32,
                                            ZYDIS_STACK_WIDTH_64};
    ZydisDecoder decoder;

    ZydisDecoderInit(&decoder, machine[mode], stack[mode]);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, &out->insn, out->operand)))
        return false;
    out->memory = NULL;
    for (int i = 0; i < out->insn.operand_count_visible; i++)
        if (out->operand[i].type == ZYDIS_OPERAND_TYPE_MEMORY && !out->memory)
            out->memory = &out->operand[i];
    return true;
}

static inline ZydisMnemonic oracle_mnemonic(enum insn_op op)
{
    static const ZydisMnemonic name[] = {
        [INSN_MOV] = ZYDIS_MNEMONIC_MOV,
        [INSN_MOVZX] = ZYDIS_MNEMONIC_MOVZX,
        [INSN_XCHG] = ZYDIS_MNEMONIC_XCHG,
        [INSN_CMPXCHG] = ZYDIS_MNEMONIC_CMPXCHG,
        [INSN_XADD] = ZYDIS_MNEMONIC_XADD,
        [INSN_ADD] = ZYDIS_MNEMONIC_ADD,
        [INSN_OR] = ZYDIS_MNEMONIC_OR,
        [INSN_ADC] = ZYDIS_MNEMONIC_ADC,
        [INSN_SBB] = ZYDIS_MNEMONIC_SBB,
        [INSN_AND] = ZYDIS_MNEMONIC_AND,
        [INSN_SUB] = ZYDIS_MNEMONIC_SUB,
        [INSN_XOR] = ZYDIS_MNEMONIC_XOR,
        [INSN_CMP] = ZYDIS_MNEMONIC_CMP,
        [INSN_TEST] = ZYDIS_MNEMONIC_TEST,
        [INSN_NOT] = ZYDIS_MNEMONIC_NOT,
        [INSN_NEG] = ZYDIS_MNEMONIC_NEG,
        [INSN_INC] = ZYDIS_MNEMONIC_INC,
        [INSN_DEC] = ZYDIS_MNEMONIC_DEC,
        [INSN_BT] = ZYDIS_MNEMONIC_BT,
        [INSN_BTS] = ZYDIS_MNEMONIC_BTS,
        [INSN_BTR] = ZYDIS_MNEMONIC_BTR,
        [INSN_BTC] = ZYDIS_MNEMONIC_BTC,
        [INSN_IN] = ZYDIS_MNEMONIC_IN,
        [INSN_OUT] = ZYDIS_MNEMONIC_OUT,
        [INSN_CPUID] = ZYDIS_MNEMONIC_CPUID,
        [INSN_RDMSR] = ZYDIS_MNEMONIC_RDMSR,
        [INSN_WRMSR] = ZYDIS_MNEMONIC_WRMSR,
        [INSN_RDTSC] = ZYDIS_MNEMONIC_RDTSC,
        [INSN_RDTSCP] = ZYDIS_MNEMONIC_RDTSCP,
        [INSN_RDPMC] = ZYDIS_MNEMONIC_RDPMC,
        [INSN_HLT] = ZYDIS_MNEMONIC_HLT,
        [INSN_CLI] = ZYDIS_MNEMONIC_CLI,
        [INSN_STI] = ZYDIS_MNEMONIC_STI,
        [INSN_CLTS] = ZYDIS_MNEMONIC_CLTS,
        [INSN_LMSW] = ZYDIS_MNEMONIC_LMSW,
        [INSN_SMSW] = ZYDIS_MNEMONIC_SMSW,
        [INSN_MOV_FROM_CR] = ZYDIS_MNEMONIC_MOV,
        [INSN_MOV_TO_CR] = ZYDIS_MNEMONIC_MOV,
        [INSN_MOV_FROM_DR] = ZYDIS_MNEMONIC_MOV,
        [INSN_MOV_TO_DR] = ZYDIS_MNEMONIC_MOV,
        [INSN_LGDT] = ZYDIS_MNEMONIC_LGDT,
        [INSN_LIDT] = ZYDIS_MNEMONIC_LIDT,
        [INSN_SGDT] = ZYDIS_MNEMONIC_SGDT,
        [INSN_SIDT] = ZYDIS_MNEMONIC_SIDT,
        [INSN_LLDT] = ZYDIS_MNEMONIC_LLDT,
        [INSN_LTR] = ZYDIS_MNEMONIC_LTR,
        [INSN_SLDT] = ZYDIS_MNEMONIC_SLDT,
        [INSN_STR] = ZYDIS_MNEMONIC_STR,
        [INSN_INVLPG] = ZYDIS_MNEMONIC_INVLPG,
        [INSN_INVPCID] = ZYDIS_MNEMONIC_INVPCID,
        [INSN_INVD] = ZYDIS_MNEMONIC_INVD,
        [INSN_XSETBV] = ZYDIS_MNEMONIC_XSETBV,
        [INSN_XGETBV] = ZYDIS_MNEMONIC_XGETBV,
        [INSN_SWAPGS] = ZYDIS_MNEMONIC_SWAPGS,
        [INSN_SYSCALL] = ZYDIS_MNEMONIC_SYSCALL,
        [INSN_SYSRET] = ZYDIS_MNEMONIC_SYSRET,
        [INSN_VMCALL] = ZYDIS_MNEMONIC_VMCALL,
        [INSN_VMMCALL] = ZYDIS_MNEMONIC_VMMCALL,
        [INSN_INT] = ZYDIS_MNEMONIC_INT,
        [INSN_INT3] = ZYDIS_MNEMONIC_INT3,
        [INSN_UD2] = ZYDIS_MNEMONIC_UD2,
        [INSN_MONITOR] = ZYDIS_MNEMONIC_MONITOR,
        [INSN_MWAIT] = ZYDIS_MNEMONIC_MWAIT,
        [INSN_CLAC] = ZYDIS_MNEMONIC_CLAC,
        [INSN_STAC] = ZYDIS_MNEMONIC_STAC,
        [INSN_WRFSBASE] = ZYDIS_MNEMONIC_WRFSBASE,
        [INSN_WRGSBASE] = ZYDIS_MNEMONIC_WRGSBASE,
        [INSN_RDFSBASE] = ZYDIS_MNEMONIC_RDFSBASE,
        [INSN_RDGSBASE] = ZYDIS_MNEMONIC_RDGSBASE,
        [INSN_MOV_TO_SEGMENT] = ZYDIS_MNEMONIC_MOV,
        [INSN_MOV_FROM_SEGMENT] = ZYDIS_MNEMONIC_MOV,
    };

    return (size_t)op < ARRAY_SIZE(name) ? name[op] : ZYDIS_MNEMONIC_INVALID;
}

/* Registers of address operands come in runs of 16 numbers: 16, 32 and 64 bits. */
static inline u8 oracle_register(ZydisRegister r)
{
    if (r == ZYDIS_REGISTER_NONE || r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
        return INSN_NO_REGISTER;
    return (u8)ZydisRegisterGetId(r);
}

/* Zydis 4.0.0 lets REX.B name a base where there is only a displacement [APM3 1.4.2, table
 * 1-11]; binutils does not. */
static inline bool oracle_invents_base(const ZydisDecodedInstruction *insn)
{
    return insn->raw.modrm.mod == 0 && insn->raw.modrm.rm == 4 && insn->raw.sib.base == 5 &&
           insn->raw.rex.B == 1;
}

static inline const char *oracle_compare_memory(const struct insn *ours,
                                                const struct oracle *theirs)
{
    const ZydisDecodedOperand *m = theirs->memory;

    if (ours->form == INSN_FORM_STRING)
        return NULL;
    if (ours->has_memory != (m != NULL))
        return "memory operand";
    if (!m)
        return NULL;
    if (oracle_invents_base(&theirs->insn)) {
        if (ours->base != INSN_NO_REGISTER)
            return "base";
    } else if (ours->base != oracle_register(m->mem.base)) {
        return "base";
    }
    if (ours->index != oracle_register(m->mem.index))
        return "index";
    if (ours->index != INSN_NO_REGISTER && ours->scale != MAX(m->mem.scale, 1))
        return "scale";
    /* A plain address of `mov al, [...]` is unsigned there, and masked later here. */
    if (m->mem.disp.has_displacement && ours->base != INSN_NO_REGISTER &&
        ours->displacement != m->mem.disp.value)
        return "displacement";
    if (ours->address_size * 8 != theirs->insn.address_width)
        return "address size";
    return NULL;
}

static inline const char *oracle_compare_operands(const struct insn *ours,
                                                  const struct oracle *theirs)
{
    ZydisMnemonic expected = oracle_mnemonic(ours->op);

    if (expected == ZYDIS_MNEMONIC_INVALID)
        return NULL;
    if (theirs->insn.mnemonic != expected && !(theirs->insn.mnemonic == ZYDIS_MNEMONIC_NOP) &&
        !(ours->op == INSN_MOV && theirs->insn.mnemonic == ZYDIS_MNEMONIC_MOVNTI))
        return "operation";
    if (ours->form >= INSN_FORM_RM_REG && ours->form <= INSN_FORM_RM && ours->has_memory &&
        theirs->memory && ours->op < INSN_MOVS && ours->op != INSN_CMPXCHG8B &&
        ours->source_size * 8 != theirs->memory->size)
        return "size";
    return oracle_compare_memory(ours, theirs);
}

/* NULL when both agree, else what differs. */
static inline const char *oracle_compare(const u8 *bytes, size_t count, enum insn_mode mode)
{
    struct oracle theirs;
    struct insn ours;
    enum status status = insn_decode(bytes, count, mode, &ours);

    if (!oracle_decode(bytes, count, mode, &theirs))
        return NULL; /* the decoder may accept more: the processor has judged already */
    if (theirs.insn.mnemonic == ZYDIS_MNEMONIC_JKZD ||
        theirs.insn.mnemonic == ZYDIS_MNEMONIC_JKNZD)
        return NULL; /* Knights Corner's, on no AMD64 processor */
    if (status != ST_OK)
        return "accepted by Zydis only";
    if (ours.length != theirs.insn.length)
        return "length";
    return oracle_compare_operands(&ours, &theirs);
}

static inline void oracle_print(const u8 *bytes, size_t count, enum insn_mode mode,
                                const char *what)
{
    struct oracle theirs;
    struct insn ours;

    fprintf(stderr, "%s differs, mode %d:", what, (int)mode);
    for (size_t i = 0; i < count && i < INSN_MAX; i++)
        fprintf(stderr, " %02x", bytes[i]);
    (void)insn_decode(bytes, count, mode, &ours);
    if (oracle_decode(bytes, count, mode, &theirs))
        fprintf(stderr, "  ours: length %u op %d size %u/%u base %u  Zydis: %s length %u\n",
                ours.length, (int)ours.op, ours.size, ours.source_size, ours.base,
                ZydisMnemonicGetString(theirs.insn.mnemonic), theirs.insn.length);
}

#endif
