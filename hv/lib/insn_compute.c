/* Operands as values: registers, addresses, arithmetic with its flags. */
#include "hv/lib/insn_decode.h"

#define FLAG_CARRY    BIT(0)
#define FLAG_PARITY   BIT(2)
#define FLAG_ADJUST   BIT(4)
#define FLAG_ZERO     BIT(6)
#define FLAG_SIGN     BIT(7)
#define FLAG_OVERFLOW BIT(11)
#define FLAGS_STATUS                                                                           \
    (FLAG_CARRY | FLAG_PARITY | FLAG_ADJUST | FLAG_ZERO | FLAG_SIGN | FLAG_OVERFLOW)

static u64 mask_of(u8 size)
{
    return size >= 8 ? ~(u64)0 : BIT(8 * size) - 1;
}

static const u64 *slot_of(const struct regs *regs, u8 number)
{
    return &(&regs->rax)[number & 15];
}

static bool is_high_byte(u8 number, u8 size, u8 rex)
{
    return size == 1 && !rex && number >= 4 && number < 8;
}

u64 insn_register_read(const struct regs *regs, u8 number, u8 size, u8 rex)
{
    if (is_high_byte(number, size, rex))
        return *slot_of(regs, (u8)(number - 4)) >> 8 & 0xff;
    return *slot_of(regs, number) & mask_of(size);
}

void insn_register_write(struct regs *regs, u8 number, u8 size, u8 rex, u64 value)
{
    bool high = is_high_byte(number, size, rex);
    u64 *slot = &(&regs->rax)[(high ? number - 4 : number) & 15];

    if (high)
        *slot = (*slot & ~(u64)0xff00) | (value & 0xff) << 8;
    else if (size >= 4)
        *slot = value & mask_of(size);
    else
        *slot = (*slot & ~mask_of(size)) | (value & mask_of(size));
}

u64 insn_address(const struct insn *insn, const struct regs *regs, const u64 *segment_base)
{
    u64 offset = (u64)insn->displacement;

    if (insn->is_rip_relative)
        offset += regs->rip + insn->length;
    if (insn->base != INSN_NO_REGISTER)
        offset += *slot_of(regs, insn->base);
    if (insn->index != INSN_NO_REGISTER)
        offset += *slot_of(regs, insn->index) * insn->scale;
    return segment_base[insn->segment] + (offset & mask_of(insn->address_size));
}

static u64 flags_of_result(u64 result, u8 size)
{
    u64 flags = 0;

    if (!(result & mask_of(size)))
        flags |= FLAG_ZERO;
    if (result >> (8 * size - 1) & 1)
        flags |= FLAG_SIGN;
    if (!__builtin_parity((u32)(result & 0xff)))
        flags |= FLAG_PARITY;
    return flags;
}

static u64 add(u8 size, u64 first, u64 second, u64 carry, u64 *flags)
{
    u64 mask = mask_of(size);
    u64 result = (first + second + carry) & mask;
    u64 carries = (first & second) | ((first | second) & ~result);

    *flags = flags_of_result(result, size);
    if (carries >> (8 * size - 1) & 1)
        *flags |= FLAG_CARRY;
    if (carries >> 3 & 1)
        *flags |= FLAG_ADJUST;
    if ((first ^ result) & (second ^ result) & BIT(8 * size - 1))
        *flags |= FLAG_OVERFLOW;
    return result;
}

static u64 subtract(u8 size, u64 first, u64 second, u64 borrow, u64 *flags)
{
    u64 mask = mask_of(size);
    u64 result = (first - second - borrow) & mask;
    u64 borrows = (~first & second) | ((~first | second) & result);

    *flags = flags_of_result(result, size);
    if (borrows >> (8 * size - 1) & 1)
        *flags |= FLAG_CARRY;
    if (borrows >> 3 & 1)
        *flags |= FLAG_ADJUST;
    if ((first ^ second) & (first ^ result) & BIT(8 * size - 1))
        *flags |= FLAG_OVERFLOW;
    return result;
}

static u64 logic(u8 size, u64 result, u64 *flags)
{
    *flags = flags_of_result(result, size);
    return result & mask_of(size);
}

/* Bit operations change the carry only; second is the bit number, already within the operand.
 */
static u64 bit(enum insn_op op, u8 size, u64 first, u64 second, u64 *rflags)
{
    u64 chosen = BIT(second & (8u * size - 1));

    *rflags = (*rflags & ~FLAG_CARRY) | (first & chosen ? FLAG_CARRY : 0);
    if (op == INSN_BTS)
        return first | chosen;
    if (op == INSN_BTR)
        return first & ~chosen;
    return op == INSN_BTC ? first ^ chosen : first;
}

/* inc and dec leave the carry alone. */
static u64 step(enum insn_op op, u8 size, u64 first, u64 *rflags)
{
    u64 flags;
    u64 result =
        op == INSN_INC ? add(size, first, 1, 0, &flags) : subtract(size, first, 1, 0, &flags);

    flags = (flags & ~FLAG_CARRY) | (*rflags & FLAG_CARRY);
    *rflags = (*rflags & ~FLAGS_STATUS) | flags;
    return result;
}

u64 insn_compute(enum insn_op op, u8 size, u64 first, u64 second, u64 *rflags)
{
    u64 carry = *rflags & FLAG_CARRY;
    u64 flags = 0;
    u64 result;

    first &= mask_of(size);
    if (op >= INSN_BT && op <= INSN_BTC)
        return bit(op, size, first, second, rflags);
    second &= mask_of(size);
    if (op == INSN_NOT)
        return ~first & mask_of(size);
    if (op == INSN_INC || op == INSN_DEC)
        return step(op, size, first, rflags);
    if (op == INSN_ADD || op == INSN_XADD)
        result = add(size, first, second, 0, &flags);
    else if (op == INSN_ADC)
        result = add(size, first, second, carry, &flags);
    else if (op == INSN_SUB || op == INSN_CMP || op == INSN_CMPXCHG)
        result = subtract(size, first, second, 0, &flags);
    else if (op == INSN_SBB)
        result = subtract(size, first, second, carry, &flags);
    else if (op == INSN_NEG)
        result = subtract(size, 0, first, 0, &flags);
    else if (op == INSN_OR)
        result = logic(size, first | second, &flags);
    else if (op == INSN_XOR)
        result = logic(size, first ^ second, &flags);
    else
        result = logic(size, first & second, &flags); /* AND, TEST */
    *rflags = (*rflags & ~FLAGS_STATUS) | flags;
    return result;
}
