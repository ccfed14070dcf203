/* From opcode fields to operation, form and operand sizes; registers and addresses as values.
 */
#include "hv/lib/insn_decode.h"
#include "hv/lib/insn_tables.h"

static void set(struct insn *insn, enum insn_op op, enum insn_form form)
{
    insn->op = op;
    insn->form = form;
}

/* Bit 0 of most opcodes: 0 = bytes, 1 = operand size. */
static void set_sized(struct insn *insn, enum insn_op op, enum insn_form form)
{
    set(insn, op, form);
    if (!(insn->opcode & 1))
        insn->size = 1;
}

static enum insn_op group_op(enum insn_op first, u32 number)
{
    return (enum insn_op)((u32)first + number);
}

static void operands_port(struct insn *insn, enum insn_op op, enum insn_form form)
{
    set_sized(insn, op, form);
    if (insn->size == 8)
        insn->size = 4;
    if (insn->form == INSN_FORM_REG_IMMEDIATE)
        insn->immediate &= 0xff;
}

static void operands_string(struct insn *insn, enum insn_op op)
{
    set_sized(insn, op, INSN_FORM_STRING);
    if ((op == INSN_INS || op == INSN_OUTS) && insn->size == 8)
        insn->size = 4;
}

/* 00-3f: eight operations in six forms. */
static void operands_arithmetic(struct insn *insn)
{
    enum insn_op op = group_op(INSN_ADD, insn->opcode >> 3);
    u32 form = insn->opcode & 7;

    if (form < 2)
        set_sized(insn, op, INSN_FORM_RM_REG);
    else if (form < 4)
        set_sized(insn, op, INSN_FORM_REG_RM);
    else if (form < 6)
        set_sized(insn, op, INSN_FORM_REG_IMMEDIATE); /* reg 0: rax */
}

static void operands_group3(struct insn *insn)
{
    static const enum insn_op op[8] = {INSN_TEST, INSN_TEST, INSN_NOT, INSN_NEG};
    u32 group = insn->modrm >> 3 & 7;

    set_sized(insn, op[group], group < 2 ? INSN_FORM_RM_IMMEDIATE : INSN_FORM_RM);
    if (group >= 4)
        set(insn, INSN_OTHER, INSN_FORM_NONE);
}

static void operands_group5(struct insn *insn)
{
    u32 group = insn->modrm >> 3 & 7;

    if (group < 2)
        set_sized(insn, group_op(INSN_INC, group), INSN_FORM_RM);
    else if (insn->opcode == 0xff && insn->has_memory && group == 3)
        set(insn, INSN_FAR_CALL, INSN_FORM_RM);
    else if (insn->opcode == 0xff && insn->has_memory && group == 5)
        set(insn, INSN_FAR_JUMP, INSN_FORM_RM);
}

static void operands_segment(struct insn *insn, enum insn_op op)
{
    set(insn, op, op == INSN_MOV_TO_SEGMENT ? INSN_FORM_REG_RM : INSN_FORM_RM_REG);
    insn->reg &= 7;
    if (insn->has_memory || op == INSN_MOV_TO_SEGMENT)
        insn->size = 2;
}

/* Flag and stack instructions, whose default operand size in 64-bit mode is 8. */
static void operands_stack(struct insn *insn, enum insn_op op, enum insn_mode mode)
{
    set(insn, op, INSN_FORM_NONE);
    if (mode == INSN_64 && insn->size == 4)
        insn->size = 8;
}

static void operands_moves(struct insn *insn)
{
    switch (insn->opcode) {
    case 0x84:
    case 0x85:
        set_sized(insn, INSN_TEST, INSN_FORM_RM_REG);
        break;
    case 0x86:
    case 0x87:
        set_sized(insn, INSN_XCHG, INSN_FORM_RM_REG);
        break;
    case 0x88:
    case 0x89:
        set_sized(insn, INSN_MOV, INSN_FORM_RM_REG);
        break;
    case 0x8a:
    case 0x8b:
        set_sized(insn, INSN_MOV, INSN_FORM_REG_RM);
        break;
    case 0x8c:
        operands_segment(insn, INSN_MOV_FROM_SEGMENT);
        break;
    case 0x8e:
        operands_segment(insn, INSN_MOV_TO_SEGMENT);
        break;
    case 0xa0: /* al or ax from a plain address */
    case 0xa1:
        set_sized(insn, INSN_MOV, INSN_FORM_REG_RM);
        break;
    case 0xa2:
    case 0xa3:
        set_sized(insn, INSN_MOV, INSN_FORM_RM_REG);
        break;
    case 0xa8:
    case 0xa9:
        set_sized(insn, INSN_TEST, INSN_FORM_REG_IMMEDIATE);
        break;
    case 0xc6:
    case 0xc7:
        if ((insn->modrm >> 3 & 7) == 0)
            set_sized(insn, INSN_MOV, INSN_FORM_RM_IMMEDIATE);
        break;
    default:
        break;
    }
}

static void operands_strings(struct insn *insn)
{
    static const enum insn_op op[16] = {
        [4] = INSN_MOVS,   [5] = INSN_MOVS,   [6] = INSN_CMPS,   [7] = INSN_CMPS,
        [0xa] = INSN_STOS, [0xb] = INSN_STOS, [0xc] = INSN_LODS, [0xd] = INSN_LODS,
        [0xe] = INSN_SCAS, [0xf] = INSN_SCAS,
    };

    if (insn->opcode >= 0x6c && insn->opcode <= 0x6d)
        operands_string(insn, INSN_INS);
    else if (insn->opcode >= 0x6e && insn->opcode <= 0x6f)
        operands_string(insn, INSN_OUTS);
    else if ((insn->opcode & 0xf0) == 0xa0 && op[insn->opcode & 0xf] != INSN_OTHER)
        operands_string(insn, op[insn->opcode & 0xf]);
}

static void operands_system_one(struct insn *insn, enum insn_mode mode)
{
    switch (insn->opcode) {
    case 0x9c:
        operands_stack(insn, INSN_PUSHF, mode);
        break;
    case 0x9d:
        operands_stack(insn, INSN_POPF, mode);
        break;
    case 0xcb:
    case 0xca:
        set(insn, INSN_FAR_RETURN, INSN_FORM_NONE);
        break;
    case 0xcc:
        set(insn, INSN_INT3, INSN_FORM_NONE);
        break;
    case 0xcd:
        set(insn, INSN_INT, INSN_FORM_NONE);
        insn->immediate &= 0xff;
        break;
    case 0xcf:
        set(insn, INSN_IRET, INSN_FORM_NONE);
        break;
    case 0xe4:
    case 0xe5:
        operands_port(insn, INSN_IN, INSN_FORM_REG_IMMEDIATE);
        break;
    case 0xe6:
    case 0xe7:
        operands_port(insn, INSN_OUT, INSN_FORM_REG_IMMEDIATE);
        break;
    case 0xec:
    case 0xed:
        operands_port(insn, INSN_IN, INSN_FORM_REG_DX);
        break;
    case 0xee:
    case 0xef:
        operands_port(insn, INSN_OUT, INSN_FORM_REG_DX);
        break;
    case 0xf4:
        set(insn, INSN_HLT, INSN_FORM_NONE);
        break;
    case 0xfa:
        set(insn, INSN_CLI, INSN_FORM_NONE);
        break;
    case 0xfb:
        set(insn, INSN_STI, INSN_FORM_NONE);
        break;
    default:
        break;
    }
}

static void operands_one(struct insn *insn, enum insn_mode mode)
{
    if (insn->opcode < 0x40 && (insn->opcode & 7) < 6)
        operands_arithmetic(insn);
    else if (insn->opcode >= 0x80 && insn->opcode <= 0x83)
        set_sized(insn, group_op(INSN_ADD, insn->modrm >> 3 & 7), INSN_FORM_RM_IMMEDIATE);
    else if (insn->opcode == 0xf6 || insn->opcode == 0xf7)
        operands_group3(insn);
    else if (insn->opcode >= 0xfe)
        operands_group5(insn);
    else
        operands_moves(insn);
    if (insn->op == INSN_OTHER)
        operands_strings(insn);
    if (insn->op == INSN_OTHER)
        operands_system_one(insn, mode);
}

/* 0F 01: by modrm.reg in memory forms, by the whole byte in register forms. */
static void operands_0f01(struct insn *insn)
{
    static const enum insn_op memory[8] = {INSN_SGDT, INSN_SIDT,  INSN_LGDT, INSN_LIDT,
                                           INSN_SMSW, INSN_OTHER, INSN_LMSW, INSN_INVLPG};
    static const struct {
        u8 modrm;
        u8 op;
    } fixed[] = {
        {0xc1, INSN_VMCALL}, {0xc8, INSN_MONITOR}, {0xc9, INSN_MWAIT},  {0xca, INSN_CLAC},
        {0xcb, INSN_STAC},   {0xd0, INSN_XGETBV},  {0xd1, INSN_XSETBV}, {0xd9, INSN_VMMCALL},
        {0xf8, INSN_SWAPGS}, {0xf9, INSN_RDTSCP},
    };
    u32 group = insn->modrm >> 3 & 7;

    if (insn->has_memory || group == 4 || group == 6) {
        if (memory[group] != INSN_OTHER)
            set(insn, memory[group], INSN_FORM_RM);
        if (insn->op == INSN_LMSW || (insn->op == INSN_SMSW && insn->has_memory))
            insn->size = 2;
        return;
    }
    for (u32 i = 0; i < ARRAY_SIZE(fixed); i++)
        if (fixed[i].modrm == insn->modrm)
            set(insn, (enum insn_op)fixed[i].op, INSN_FORM_NONE);
}

static void operands_0f00(struct insn *insn)
{
    static const enum insn_op op[8] = {INSN_SLDT, INSN_STR, INSN_LLDT, INSN_LTR};
    u32 group = insn->modrm >> 3 & 7;

    if (group >= 4)
        return;
    set(insn, op[group], INSN_FORM_RM);
    if (group >= 2 || insn->has_memory)
        insn->size = 2;
}

static void operands_extend(struct insn *insn, enum insn_op op)
{
    set(insn, op, INSN_FORM_REG_RM);
    insn->source_size = insn->opcode & 1 ? 2 : 1;
}

/* mov to and from control and debug registers: lock makes CR0 mean CR8 [APM3 "MOV CRn"]. */
static void operands_control(struct insn *insn, enum insn_mode mode)
{
    set(insn, INSN_MOV_FROM_CR, INSN_FORM_RM_REG);
    if (insn->opcode == 0x21)
        set(insn, INSN_MOV_FROM_DR, INSN_FORM_RM_REG);
    else if (insn->opcode == 0x22)
        set(insn, INSN_MOV_TO_CR, INSN_FORM_REG_RM);
    else if (insn->opcode == 0x23)
        set(insn, INSN_MOV_TO_DR, INSN_FORM_REG_RM);
    insn->size = mode == INSN_64 ? 8 : 4;
    if ((insn->prefixes & INSN_LOCK) && !(insn->opcode & 1) && insn->reg == 0)
        insn->reg = 8;
}

static void operands_bits(struct insn *insn)
{
    u32 group = insn->modrm >> 3 & 7;

    if (insn->opcode == 0xba && group >= 4)
        set(insn, group_op(INSN_BT, group - 4), INSN_FORM_RM_IMMEDIATE);
    else if (insn->opcode != 0xba)
        set(insn, group_op(INSN_BT, insn->opcode >> 3 & 3), INSN_FORM_RM_REG);
    if (insn->form == INSN_FORM_RM_IMMEDIATE)
        insn->immediate &= 0xff;
}

/* F3 0F AE /0-3 on registers; the rest of that group is not emulated. */
static void operands_fsgsbase(struct insn *insn)
{
    static const enum insn_op op[4] = {INSN_RDFSBASE, INSN_RDGSBASE, INSN_WRFSBASE,
                                       INSN_WRGSBASE};
    u32 group = insn->modrm >> 3 & 7;

    if ((insn->prefixes & INSN_REPEAT) && !insn->has_memory && group < 4)
        set(insn, op[group], INSN_FORM_RM);
}

static void operands_two_plain(struct insn *insn)
{
    static const struct {
        u8 opcode;
        u8 op;
    } plain[] = {
        {0x05, INSN_SYSCALL}, {0x06, INSN_CLTS},  {0x07, INSN_SYSRET},   {0x08, INSN_INVD},
        {0x09, INSN_WBINVD},  {0x0b, INSN_UD2},   {0x30, INSN_WRMSR},    {0x31, INSN_RDTSC},
        {0x32, INSN_RDMSR},   {0x33, INSN_RDPMC}, {0x34, INSN_SYSENTER}, {0x35, INSN_SYSEXIT},
        {0xa2, INSN_CPUID},
    };

    for (u32 i = 0; i < ARRAY_SIZE(plain); i++)
        if (plain[i].opcode == insn->opcode)
            set(insn, (enum insn_op)plain[i].op, INSN_FORM_NONE);
}

static void operands_two(struct insn *insn, enum insn_mode mode)
{
    switch (insn->opcode) {
    case 0x00:
        operands_0f00(insn);
        break;
    case 0x01:
        operands_0f01(insn);
        break;
    case 0x20:
    case 0x21:
    case 0x22:
    case 0x23:
        operands_control(insn, mode);
        break;
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb:
    case 0xba:
        operands_bits(insn);
        break;
    case 0xae:
        operands_fsgsbase(insn);
        break;
    case 0xb0:
    case 0xb1:
        set_sized(insn, INSN_CMPXCHG, INSN_FORM_RM_REG);
        break;
    case 0xb6:
    case 0xb7:
        operands_extend(insn, INSN_MOVZX);
        break;
    case 0xbe:
    case 0xbf:
        operands_extend(insn, INSN_MOVSX);
        break;
    case 0xc0:
    case 0xc1:
        set_sized(insn, INSN_XADD, INSN_FORM_RM_REG);
        break;
    case 0xc3:
        set(insn, INSN_MOV, INSN_FORM_RM_REG); /* movnti */
        insn->size = insn->rex & 8 ? 8 : 4;
        break;
    case 0xc7:
        if ((insn->modrm >> 3 & 7) == 1 && insn->has_memory) {
            set(insn, INSN_CMPXCHG8B, INSN_FORM_RM);
            insn->size = insn->rex & 8 ? 16 : 8;
        }
        break;
    default:
        operands_two_plain(insn);
        break;
    }
}

void insn_find_operands(struct insn *insn, enum insn_mode mode)
{
    if (insn->map == 0)
        operands_one(insn, mode);
    else if (insn->map == 1)
        operands_two(insn, mode);
    else if (insn->map == 2 && insn->opcode == 0x82 && (insn->prefixes & INSN_OPERAND_SIZE))
        set(insn, INSN_INVPCID, INSN_FORM_REG_RM);
    /* movsxd */
    if (insn->map == 0 && insn->opcode == 0x63 && mode == INSN_64) {
        set(insn, INSN_MOVSX, INSN_FORM_REG_RM);
        insn->source_size = insn->size == 2 ? 2 : 4;
    }
    if (!insn->source_size)
        insn->source_size = insn->size;
}
