/* Accesses to guest-physical addresses without memory: the local APIC's page, or nothing. */
#include "enlight/enlight.h"
#include "hv/entry/exit.h"
#include "hypercall/guest_mem.h"

#define APIC_REGISTERS 0x400u

static bool is_apic(const struct vcpu *vcpu, u64 at)
{
    return align_down(at, PAGE_SIZE) == VLAPIC_BASE && vlapic_is_mapped(vcpu->lapic);
}

/* A page of registers of the guest's platform, written and read as words. */
static bool is_platform(const struct vcpu *vcpu, u8 size)
{
    return exit_has_platform(vcpu) && size == 4;
}

static u64 device_read(struct vcpu *vcpu, u64 at, u8 size)
{
    u32 offset = (u32)(at & PAGE_MASK);
    u32 value;

    if (is_platform(vcpu, size) && tlfs_page_read(vcpu, at, &value) == VERDICT_ANSWERED)
        return value;
    if (!is_apic(vcpu, at) || size > 4)
        return ~(u64)0;
    if (offset >= APIC_REGISTERS)
        return 0;
    return apic_read(vcpu, offset & ~0xfu) >> (8 * (offset & 3));
}

static void device_write(struct vcpu *vcpu, u64 at, u8 size, u64 value)
{
    u32 offset = (u32)(at & PAGE_MASK);

    if (is_platform(vcpu, size) && tlfs_page_write(vcpu, at, (u32)value) == VERDICT_ANSWERED)
        return;
    /* Registers are written whole. [SDM 3 10.4.1] */
    if (!is_apic(vcpu, at) || size != 4 || (offset & 0xf) || offset >= APIC_REGISTERS)
        return;
    apic_write(vcpu, offset, (u32)value);
}

static u64 sign_extend(u64 value, u8 size)
{
    u32 shift = 64 - 8u * size;

    return size >= 8 ? value : (u64)((s64)(value << shift) >> shift);
}

static u64 reg_read(const struct vcpu *vcpu, const struct insn *insn)
{
    return insn_register_read(&vcpu->guest->regs, insn->reg, insn->size, insn->rex);
}

static void reg_write(struct vcpu *vcpu, const struct insn *insn, u64 value)
{
    insn_register_write(&vcpu->guest->regs, insn->reg, insn->size, insn->rex, value);
}

static bool only_flags(enum insn_op op)
{
    return op == INSN_CMP || op == INSN_TEST || op == INSN_BT;
}

/* reg <- memory */
static void emulate_load(struct vcpu *vcpu, const struct insn *insn, u64 at)
{
    u64 old = device_read(vcpu, at, insn->source_size);
    u64 result;

    if (insn->op == INSN_MOVSX) {
        reg_write(vcpu, insn, sign_extend(old, insn->source_size));
        return;
    }
    if (insn->op == INSN_MOV || insn->op == INSN_MOVZX) {
        reg_write(vcpu, insn,
                  insn->source_size < 8 ? old & (BIT(8 * insn->source_size) - 1) : old);
        return;
    }
    result = insn_compute(insn->op, insn->size, reg_read(vcpu, insn), old,
                          &vcpu->guest->regs.rflags);
    if (!only_flags(insn->op))
        reg_write(vcpu, insn, result);
}

static void emulate_cmpxchg(struct vcpu *vcpu, const struct insn *insn, u64 at, u64 old)
{
    struct regs *regs = &vcpu->guest->regs;
    u64 expected = insn_register_read(regs, 0, insn->size, insn->rex);

    (void)insn_compute(INSN_CMP, insn->size, expected, old, &regs->rflags);
    if (regs->rflags & RFLAGS_ZF)
        device_write(vcpu, at, insn->size, reg_read(vcpu, insn));
    else
        insn_register_write(regs, 0, insn->size, insn->rex, old);
}

/* memory <- memory op operand */
static void emulate_modify(struct vcpu *vcpu, const struct insn *insn, u64 at, u64 operand)
{
    u64 old = insn->op == INSN_MOV ? 0 : device_read(vcpu, at, insn->size);
    u64 result = operand;

    if (insn->op == INSN_CMPXCHG) {
        emulate_cmpxchg(vcpu, insn, at, old);
        return;
    }
    if (insn->op != INSN_MOV && insn->op != INSN_XCHG)
        result = insn_compute(insn->op, insn->size, old, operand, &vcpu->guest->regs.rflags);
    if (!only_flags(insn->op))
        device_write(vcpu, at, insn->size, result);
    if (insn->op == INSN_XCHG || insn->op == INSN_XADD)
        reg_write(vcpu, insn, old);
}

static u64 string_mask(const struct insn *insn)
{
    return insn->address_size == 8 ? ~(u64)0 : BIT(8 * insn->address_size) - 1;
}

static void string_advance(struct regs *regs, u64 *pointer, const struct insn *insn)
{
    u64 mask = string_mask(insn);
    u64 step = regs->rflags & RFLAGS_DF ? (u64)0 - insn->size : insn->size;

    *pointer = (*pointer & ~mask) | ((*pointer + step) & mask);
}

/* An operand of movs: memory if there is some, else a device. */
static u64 side_read(struct vcpu *vcpu, u64 linear, u8 size)
{
    gpa_t at;
    u64 value = 0;

    if (mem_read(vcpu, gva(linear), &value, size) == ST_OK)
        return value;
    if (mem_translate(vcpu, gva(linear), MEM_READ, &at) != ST_OK)
        return ~(u64)0;
    return device_read(vcpu, at.raw, size);
}

static void side_write(struct vcpu *vcpu, u64 linear, u8 size, u64 value)
{
    gpa_t at;

    if (mem_write(vcpu, gva(linear), &value, size) == ST_OK)
        return;
    if (mem_translate(vcpu, gva(linear), MEM_WRITE, &at) == ST_OK)
        device_write(vcpu, at.raw, size, value);
}

/* One element; true when the instruction is finished. */
static bool emulate_string(struct vcpu *vcpu, const struct insn *insn, const u64 *bases)
{
    struct regs *regs = &vcpu->guest->regs;
    u64 mask = string_mask(insn);
    u64 from = bases[insn->segment] + (regs->rsi & mask);
    u64 to = bases[INSN_ES] + (regs->rdi & mask);

    if (insn->op == INSN_STOS) {
        side_write(vcpu, to, insn->size, regs->rax);
        string_advance(regs, &regs->rdi, insn);
    } else if (insn->op == INSN_LODS) {
        insn_register_write(regs, 0, insn->size, 1, side_read(vcpu, from, insn->size));
        string_advance(regs, &regs->rsi, insn);
    } else {
        side_write(vcpu, to, insn->size, side_read(vcpu, from, insn->size));
        string_advance(regs, &regs->rsi, insn);
        string_advance(regs, &regs->rdi, insn);
    }
    if (!(insn->prefixes & (INSN_REPEAT | INSN_REPEAT_NOT)))
        return true;
    regs->rcx = (regs->rcx & ~mask) | ((regs->rcx - 1) & mask);
    return !(regs->rcx & mask);
}

static void segment_bases(const struct vcpu *vcpu, u64 bases[INSN_SEGMENTS])
{
    bool flat = guest_mode(vcpu->guest) == GUEST_LONG64;
    struct guest_state s;

    guest_state_get(vcpu->guest, &s);
    bases[INSN_ES] = flat ? 0 : s.es.base;
    bases[INSN_CS] = flat ? 0 : s.cs.base;
    bases[INSN_SS] = flat ? 0 : s.ss.base;
    bases[INSN_DS] = flat ? 0 : s.ds.base;
    bases[INSN_FS] = s.fs.base;
    bases[INSN_GS] = s.gs.base;
}

/* ST_UNSUPPORTED for an instruction that is not emulated on devices. */
static enum status emulate(struct vcpu *vcpu, const struct insn *insn, u64 at)
{
    u64 bases[INSN_SEGMENTS];

    if (insn->op == INSN_OTHER || insn->op > INSN_LODS || insn->op == INSN_CMPXCHG8B)
        return ST_UNSUPPORTED;
    if (insn->form == INSN_FORM_STRING) {
        segment_bases(vcpu, bases);
        if (emulate_string(vcpu, insn, bases))
            guest_skip(vcpu->guest, insn->length);
        return ST_OK;
    }
    if (!insn->has_memory)
        return ST_UNSUPPORTED;
    if (insn->form == INSN_FORM_REG_RM)
        emulate_load(vcpu, insn, at);
    else if (insn->form == INSN_FORM_RM_REG)
        emulate_modify(vcpu, insn, at, reg_read(vcpu, insn));
    else if (insn->form == INSN_FORM_RM_IMMEDIATE)
        emulate_modify(vcpu, insn, at, (u64)insn->immediate);
    else
        emulate_modify(vcpu, insn, at, 0);
    guest_skip(vcpu->guest, insn->length);
    return ST_OK;
}

void exit_memory(struct vcpu *vcpu, const struct exit *exit)
{
    u32 flags = exit->memory.flags;
    u64 at = exit->memory.gpa.raw;
    struct insn insn;

    if (flags & EXIT_MEMORY_TABLE) {
        guest_fail(vcpu, END_CRASH, "its page tables are not in memory", at);
    } else if (flags & EXIT_MEMORY_DELIVERY) {
        guest_fail(vcpu, END_CRASH, "its stack or descriptor table is not in memory", at);
    } else if (flags & EXIT_MEMORY_FETCH) {
        exit_inject_ud(vcpu); /* nothing there reads as ff ff, which is no instruction */
    } else if (exit_decode(vcpu, &insn) != ST_OK || emulate(vcpu, &insn, at) != ST_OK) {
        exit_inject_gp(vcpu);
    }
}
