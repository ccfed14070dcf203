/* Instruction length and raw fields; meaning is given in insn_operands.c. */
#include "hv/lib/insn_decode.h"
#include "hv/lib/insn_tables.h"
#include "hv/lib/string.h"

struct cursor {
    const u8 *bytes;
    size_t count, at;
    enum insn_mode mode;
};

static enum status next_byte(struct cursor *c, u8 *out)
{
    if (c->at >= INSN_MAX)
        return ST_INVALID;
    if (c->at >= c->count)
        return ST_NO_DATA;
    *out = c->bytes[c->at++];
    return ST_OK;
}

static enum status peek_byte(const struct cursor *c, u8 *out)
{
    if (c->at >= INSN_MAX)
        return ST_INVALID;
    if (c->at >= c->count)
        return ST_NO_DATA;
    *out = c->bytes[c->at];
    return ST_OK;
}

/* Little endian, sign-extended. */
static enum status next_signed(struct cursor *c, u32 size, s64 *out)
{
    u64 value = 0;

    for (u32 i = 0; i < size; i++) {
        u8 byte;

        TRY(next_byte(c, &byte));
        value |= (u64)byte << (8 * i);
    }
    if (size && size < 8 && (value >> (8 * size - 1) & 1))
        value |= ~(u64)0 << (8 * size);
    *out = (s64)value;
    return ST_OK;
}

static void segment_prefix(struct insn *insn, enum insn_segment segment)
{
    insn->segment = (u8)segment;
    insn->has_segment_prefix = true;
}

/* True when the byte is a legacy prefix, which is then recorded. */
static bool take_prefix(struct insn *insn, u8 byte)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
        segment_prefix(insn, (enum insn_segment)(byte >> 3 & 3));
        return true;
    case 0x64:
    case 0x65:
        segment_prefix(insn, byte == 0x64 ? INSN_FS : INSN_GS);
        return true;
    case 0x66:
        insn->prefixes |= INSN_OPERAND_SIZE;
        return true;
    case 0x67:
        insn->prefixes |= INSN_ADDRESS_SIZE;
        return true;
    case 0xf0:
        insn->prefixes |= INSN_LOCK;
        return true;
    case 0xf2:
        insn->prefixes = (u8)((insn->prefixes & ~INSN_REPEAT) | INSN_REPEAT_NOT);
        return true;
    case 0xf3:
        insn->prefixes = (u8)((insn->prefixes & ~INSN_REPEAT_NOT) | INSN_REPEAT);
        return true;
    default:
        return false;
    }
}

static void set_sizes(const struct cursor *c, struct insn *insn)
{
    bool narrow = insn->prefixes & INSN_OPERAND_SIZE;
    bool other = insn->prefixes & INSN_ADDRESS_SIZE;

    if (c->mode == INSN_64) {
        insn->size = insn->rex & 8 ? 8 : narrow ? 2 : 4;
        insn->address_size = other ? 4 : 8;
    } else {
        insn->size = (c->mode == INSN_32) != narrow ? 4 : 2;
        insn->address_size = (c->mode == INSN_32) != other ? 4 : 2;
    }
}

static enum status take_prefixes(struct cursor *c, struct insn *insn, u8 *opcode)
{
    for (;;) {
        TRY(next_byte(c, opcode));
        if (take_prefix(insn, *opcode)) {
            insn->rex = 0; /* a REX prefix before another prefix is ignored */
            continue;
        }
        if (c->mode == INSN_64 && (*opcode & 0xf0) == 0x40) {
            insn->rex = *opcode;
            continue;
        }
        set_sizes(c, insn);
        return ST_OK;
    }
}

/* C4, C5, 62 and 8F: true when they begin a vector prefix here rather than an old instruction.
 */
static enum status is_vector_prefix(const struct cursor *c, u8 opcode, bool *out)
{
    u8 following;

    *out = false;
    if (opcode != 0xc4 && opcode != 0xc5 && opcode != 0x62 && opcode != 0x8f)
        return ST_OK;
    TRY(peek_byte(c, &following));
    if (opcode == 0x8f)
        *out = (following & 0x1f) >= 8;
    else
        *out = c->mode == INSN_64 || following >= 0xc0;
    return ST_OK;
}

static enum status take_vector_prefix(struct cursor *c, struct insn *insn, u8 prefix,
                                      u8 *opcode)
{
    u8 payload[3] = {0};
    u32 count = prefix == 0xc5 ? 1 : prefix == 0x62 ? 3 : 2;
    u8 map;

    for (u32 i = 0; i < count; i++)
        TRY(next_byte(c, &payload[i]));
    if (insn->rex ||
        (insn->prefixes & (INSN_LOCK | INSN_REPEAT | INSN_REPEAT_NOT | INSN_OPERAND_SIZE)))
        return ST_INVALID;
    map = prefix == 0xc5 ? 1 : prefix == 0x62 ? payload[0] & 7 : payload[0] & 0x1f;
    if (prefix == 0x8f ? map < 8 || map > 10 : map == 0 || map == 4 || map > 6)
        return ST_INVALID;
    insn->map = (u8)(map + INSN_VECTOR_MAP);
    return next_byte(c, opcode);
}

/* Which operands follow the opcode: bits of insn_tables.h. */
static enum status take_opcode(struct cursor *c, struct insn *insn, u8 *what)
{
    bool vector;
    u8 opcode;

    TRY(take_prefixes(c, insn, &opcode));
    TRY(is_vector_prefix(c, opcode, &vector));
    if (vector) {
        TRY(take_vector_prefix(c, insn, opcode, &opcode));
        *what = insn_vector_layout(insn->map - INSN_VECTOR_MAP, opcode);
    } else if (opcode != 0x0f) {
        *what = insn_layout_one[opcode];
        if (c->mode == INSN_64 && (*what & LAYOUT_NOT_64))
            return ST_INVALID;
    } else {
        TRY(next_byte(c, &opcode));
        insn->map = opcode == 0x38 ? 2 : opcode == 0x3a ? 3 : 1;
        if (insn->map != 1)
            TRY(next_byte(c, &opcode));
        *what = insn->map == 1
                    ? insn_layout_two[opcode]
                    : (u8)(insn->map == 2 ? LAYOUT_MODRM : LAYOUT_MODRM | LAYOUT_IMM8);
    }
    insn->opcode = opcode;
    return *what & LAYOUT_NONE_SUCH ? ST_INVALID : ST_OK;
}

/* 16-bit addressing forms. [SDM 2 table 2-1] */
static enum status take_memory_16(struct cursor *c, struct insn *insn, u8 mod, u8 rm)
{
    static const u8 base[8] = {3, 3, 5, 5, 6, 7, 5, 3};
    static const u8 index[8] = {
        6, 7, 6, 7, INSN_NO_REGISTER, INSN_NO_REGISTER, INSN_NO_REGISTER, INSN_NO_REGISTER};

    insn->base = base[rm];
    insn->index = index[rm];
    insn->scale = 1;
    if (mod == 0 && rm == 6) {
        insn->base = INSN_NO_REGISTER;
        return next_signed(c, 2, &insn->displacement);
    }
    if (insn->base == 5 && !insn->has_segment_prefix)
        insn->segment = INSN_SS;
    return next_signed(c, mod, &insn->displacement);
}

static enum status take_sib(struct cursor *c, struct insn *insn, u8 mod, u32 *displacement)
{
    u8 sib;
    u8 index;

    TRY(next_byte(c, &sib));
    index = (u8)((sib >> 3 & 7) | (insn->rex & 2) << 2);
    insn->index = index == 4 ? INSN_NO_REGISTER : index;
    insn->scale = (u8)(1u << (sib >> 6));
    insn->base = (u8)((sib & 7) | (insn->rex & 1) << 3);
    if (mod == 0 && (sib & 7) == 5) {
        insn->base = INSN_NO_REGISTER;
        *displacement = 4;
    }
    return ST_OK;
}

static enum status take_memory(struct cursor *c, struct insn *insn, u8 mod, u8 rm)
{
    u32 displacement = mod == 1 ? 1 : mod == 2 ? 4 : 0;

    insn->has_memory = true;
    if (insn->address_size == 2)
        return take_memory_16(c, insn, mod, rm);
    insn->base = (u8)(rm | (insn->rex & 1) << 3);
    if (rm == 4) {
        TRY(take_sib(c, insn, mod, &displacement));
    } else if (mod == 0 && rm == 5) {
        insn->base = INSN_NO_REGISTER;
        insn->is_rip_relative = c->mode == INSN_64;
        displacement = 4;
    }
    if ((insn->base == 4 || insn->base == 5) && !insn->has_segment_prefix)
        insn->segment = INSN_SS;
    return next_signed(c, displacement, &insn->displacement);
}

static enum status take_modrm(struct cursor *c, struct insn *insn)
{
    u8 mod;
    u8 rm;

    TRY(next_byte(c, &insn->modrm));
    insn->has_modrm = true;
    mod = insn->modrm >> 6;
    rm = insn->modrm & 7;
    insn->reg = (u8)((insn->modrm >> 3 & 7) | (insn->rex & 4) << 1);
    /* Moves to and from control and debug registers ignore mod. */
    if (mod == 3 || (insn->map == 1 && insn->opcode >= 0x20 && insn->opcode <= 0x23)) {
        insn->rm = (u8)(rm | (insn->rex & 1) << 3);
        return ST_OK;
    }
    return take_memory(c, insn, mod, rm);
}

/* test in groups F6 and F7 has an immediate, its neighbours have none; extrq and insertq two.
 */
static u8 adjust_layout(const struct insn *insn, u8 what)
{
    u8 group = insn->modrm >> 3 & 7;

    if (insn->map == 0 && insn->opcode == 0xf6 && group < 2)
        return what | LAYOUT_IMM8;
    if (insn->map == 0 && insn->opcode == 0xf7 && group < 2)
        return what | LAYOUT_IMMZ;
    if (insn->map == 1 && insn->opcode == 0x78 &&
        (insn->prefixes & (INSN_OPERAND_SIZE | INSN_REPEAT_NOT)))
        return what | LAYOUT_IMM16;
    return what;
}

/* Near branches in 64-bit mode have 32-bit displacements whatever the prefixes say (Intel). */
static bool is_near_branch(const struct insn *insn)
{
    if (insn->map == 0)
        return insn->opcode == 0xe8 || insn->opcode == 0xe9;
    return insn->map == 1 && (insn->opcode & 0xf0) == 0x80;
}

static enum status take_immediate(struct cursor *c, struct insn *insn, u8 what)
{
    u32 size = 0;
    s64 second;

    if (what & LAYOUT_MOFFS) {
        insn->has_memory = true;
        return next_signed(c, insn->address_size, &insn->displacement);
    }
    if (what & LAYOUT_IMMZ)
        size = insn->size == 2 && !(c->mode == INSN_64 && is_near_branch(insn)) ? 2 : 4;
    else if (what & LAYOUT_IMM16)
        size = 2;
    else if (what & LAYOUT_IMM8)
        size = 1;
    if (insn->map == 0 && (insn->opcode & 0xf8) == 0xb8)
        size = insn->size;
    if (insn->map == INSN_VECTOR_MAP + 10)
        size = 4;
    insn->immediate_size = (u8)size;
    TRY(next_signed(c, size, &insn->immediate));
    /* Far pointers: offset, then selector. enter: 16 bits, then 8. */
    if (insn->map == 0 && (insn->opcode == 0x9a || insn->opcode == 0xea))
        return next_signed(c, 2, &second);
    if (insn->map == 0 && insn->opcode == 0xc8)
        return next_signed(c, 1, &second);
    return ST_OK;
}

enum status insn_decode(const u8 *bytes, size_t count, enum insn_mode mode, struct insn *out)
{
    struct cursor c = {.bytes = bytes, .count = count, .mode = mode};
    u8 what;

    memset(out, 0, sizeof(*out));
    out->segment = INSN_DS;
    out->base = INSN_NO_REGISTER;
    out->index = INSN_NO_REGISTER;
    TRY(take_opcode(&c, out, &what));
    if (what & LAYOUT_MODRM) {
        TRY(take_modrm(&c, out));
        what = adjust_layout(out, what);
    }
    TRY(take_immediate(&c, out, what));
    out->length = (u8)c.at;
    insn_find_operands(out, mode);
    return ST_OK;
}
