/*
 * I/O ports: those of a Hyper-V guest's platform, else none is claimed. Reads give all ones,
 * writes go nowhere. One exception: the counters of the interval timer read 0, because Linux
 * takes all ones there for a counter that has not begun to run and polls it 100,000 times
 * before it gives up.
 */
#include "enlight/enlight.h"
#include "hv/entry/exit.h"
#include "hypercall/guest_mem.h"

enum { LENGTH_IO = 1, PORT_TIMER_FIRST = 0x40, PORT_TIMER_LAST = 0x42 };

static u64 count_mask(const struct insn *insn)
{
    return insn->address_size == 8 ? ~(u64)0 : BIT(8 * insn->address_size) - 1;
}

/* Moves rsi or rdi by one element. */
static void advance(struct regs *regs, u64 *pointer, const struct insn *insn)
{
    u64 mask = count_mask(insn);
    u64 step = regs->rflags & RFLAGS_DF ? (u64)0 - insn->size : insn->size;

    *pointer = (*pointer & ~mask) | ((*pointer + step) & mask);
}

/* One element of ins or outs an exit; with a repeat prefix the instruction comes back. */
static void exit_string(struct vcpu *vcpu)
{
    static const u8 ones[8] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    struct regs *regs = &vcpu->guest->regs;
    struct guest_state state;
    struct insn insn;
    bool repeat;
    u64 mask;

    if (exit_decode(vcpu, &insn) != ST_OK || (insn.op != INSN_INS && insn.op != INSN_OUTS)) {
        exit_inject_gp(vcpu);
        return;
    }
    mask = count_mask(&insn);
    repeat = insn.prefixes & (INSN_REPEAT | INSN_REPEAT_NOT);
    if (repeat && !(regs->rcx & mask)) {
        guest_skip(vcpu->guest, insn.length);
        return;
    }
    guest_state_get(vcpu->guest, &state);
    if (insn.op == INSN_INS) {
        u64 base = guest_mode(vcpu->guest) == GUEST_LONG64 ? 0 : state.es.base;
        u64 to = base + (regs->rdi & mask);

        if (mem_write(vcpu, gva(to), ones, insn.size) != ST_OK) {
            exit_inject_pf(vcpu, to, PAGE_FAULT_WRITE);
            return;
        }
        advance(regs, &regs->rdi, &insn);
    } else {
        advance(regs, &regs->rsi, &insn);
    }
    if (repeat)
        regs->rcx = (regs->rcx & ~mask) | ((regs->rcx - 1) & mask);
    if (!repeat || !(regs->rcx & mask))
        guest_skip(vcpu->guest, insn.length);
}

static u64 port_read(struct vcpu *vcpu, const struct exit *exit)
{
    u16 port = exit->io.port;
    u32 value;

    if (exit_has_platform(vcpu) &&
        tlfs_port_read(vcpu, port, exit->io.size, &value) == VERDICT_ANSWERED)
        return value;
    return port >= PORT_TIMER_FIRST && port <= PORT_TIMER_LAST ? 0 : ~(u64)0;
}

void exit_port(struct vcpu *vcpu, const struct exit *exit)
{
    if (exit->io.flags & EXIT_IO_STRING) {
        exit_string(vcpu);
        return;
    }
    if (exit->io.flags & EXIT_IO_IN)
        insn_register_write(&vcpu->guest->regs, 0, exit->io.size, 0, port_read(vcpu, exit));
    else if (exit_has_platform(vcpu))
        (void)tlfs_port_write(vcpu, exit->io.port, exit->io.size, (u32)vcpu->guest->regs.rax);
    guest_skip(vcpu->guest, exit_length(vcpu, LENGTH_IO));
}
