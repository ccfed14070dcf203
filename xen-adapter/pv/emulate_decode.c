/* The few privileged encodings; one table of two-byte opcodes would be longer. [APM3] */
#include "xen-adapter/pv/emulate.h"

#define REX_B 1u
#define REX_R 4u
#define REX_W 8u

struct cursor {
    const u8 *bytes;
    u32 count;
    u32 at;
    u8 rex;
    u8 operand16;
};

static const struct privileged nothing;

static struct privileged found(const struct cursor *c, enum privileged_op op)
{
    return (struct privileged){.op = op, .length = (u8)c->at};
}

/* Address size, segments and repetition: no privileged instruction that we know uses them. */
static bool is_ignored_prefix(u8 byte)
{
    switch (byte) {
    case 0x67:
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0xf2:
    case 0xf3:
        return true;
    default:
        return false;
    }
}

static void skip_prefixes(struct cursor *c)
{
    for (; c->at < c->count; c->at++) {
        u8 byte = c->bytes[c->at];

        if (byte == 0x66)
            c->operand16 = 1;
        else if (!is_ignored_prefix(byte))
            break;
    }
    if (c->at < c->count && (c->bytes[c->at] & 0xf0) == 0x40)
        c->rex = c->bytes[c->at++];
}

/* 0F 20..23: the mod field is ignored, the operands are always registers. */
static struct privileged decode_move(struct cursor *c, enum privileged_op op)
{
    struct privileged p;
    u8 modrm;

    if (c->at >= c->count)
        return nothing;
    modrm = c->bytes[c->at++];
    p = found(c, op);
    p.value = (u8)((modrm >> 3 & 7) | ((c->rex & REX_R) ? 8 : 0));
    p.reg = (u8)((modrm & 7) | ((c->rex & REX_B) ? 8 : 0));
    return p;
}

static struct privileged decode_group7(struct cursor *c)
{
    u8 modrm;

    if (c->at >= c->count)
        return nothing;
    modrm = c->bytes[c->at++];
    if (modrm == 0xd1)
        return found(c, PRIVILEGED_XSETBV);
    if (modrm == 0xf9)
        return found(c, PRIVILEGED_RDTSCP);
    return nothing;
}

static struct privileged decode_two_byte(struct cursor *c)
{
    if (c->at >= c->count)
        return nothing;
    switch (c->bytes[c->at++]) {
    case 0x01:
        return decode_group7(c);
    case 0x06:
        return found(c, PRIVILEGED_CLTS);
    case 0x08:
    case 0x09:
        return found(c, PRIVILEGED_WBINVD);
    case 0x20:
        return decode_move(c, PRIVILEGED_READ_CR);
    case 0x21:
        return decode_move(c, PRIVILEGED_READ_DR);
    case 0x22:
        return decode_move(c, PRIVILEGED_WRITE_CR);
    case 0x23:
        return decode_move(c, PRIVILEGED_WRITE_DR);
    case 0x30:
        return found(c, PRIVILEGED_WRMSR);
    case 0x31:
        return found(c, PRIVILEGED_RDTSC);
    case 0x32:
        return found(c, PRIVILEGED_RDMSR);
    case 0xa2:
        return found(c, PRIVILEGED_CPUID);
    default:
        return nothing;
    }
}

/* E4..E7 take the port from the next byte, EC..EF from dx; even ones are a byte wide. */
static struct privileged decode_port(struct cursor *c, u8 opcode)
{
    enum privileged_op op = (opcode & 2) ? PRIVILEGED_OUT : PRIVILEGED_IN;
    struct privileged p;
    u8 port = 0;

    if (!(opcode & 8)) {
        if (c->at >= c->count)
            return nothing;
        port = c->bytes[c->at++];
    }
    p = found(c, op);
    p.value = port;
    p.reg = (opcode & 8) ? 1 : 0;
    p.bytes = !(opcode & 1) ? 1 : c->operand16 ? 2 : 4;
    return p;
}

struct privileged privileged_decode(const u8 *bytes, u32 count)
{
    struct cursor c = {.bytes = bytes, .count = count};
    struct privileged p;
    u8 opcode;

    skip_prefixes(&c);
    if (c.at >= c.count)
        return nothing;
    opcode = bytes[c.at++];
    switch (opcode) {
    case 0x0f:
        return decode_two_byte(&c);
    case 0x6c:
    case 0x6d:
    case 0x6e:
    case 0x6f:
        return found(&c, PRIVILEGED_INS);
    case 0xcd:
        if (c.at >= c.count)
            return nothing;
        c.at++;
        p = found(&c, PRIVILEGED_INT);
        p.value = bytes[c.at - 1];
        return p;
    case 0xfa:
    case 0xfb:
        return found(&c, PRIVILEGED_CLI_STI);
    default:
        if ((opcode & 0xf4) == 0xe4)
            return decode_port(&c, opcode);
        return nothing;
    }
}
