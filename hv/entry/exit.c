/* An exit goes to its owner. */
#include "enlight/enlight.h"
#include "hv/core/sched.h"
#include "hv/cpu/cpu.h"
#include "hv/cpu/tsc.h"
#include "hv/entry/exit.h"
#include "hv/lib/print.h"
#include "hypercall/call.h"
#include "hypercall/guest_mem.h"
#include "hypercall/op_partition.h"
#include "xen-adapter/xen.h"

enum { LENGTH_CALL = 3, LENGTH_HLT = 1, LENGTH_INVD = 2, LENGTH_XSETBV = 3, LENGTH_PAUSE = 2 };

u64 exit_guest_tsc(const struct vcpu *vcpu)
{
    return tsc_read() + vcpu->guest->tsc_offset;
}

void exit_inject_gp(struct vcpu *vcpu)
{
    struct event event = {.kind = EVENT_EXCEPTION, .vector = VECTOR_GP, .has_error = true};

    guest_inject(vcpu->guest, event);
}

void exit_inject_pf(struct vcpu *vcpu, u64 linear, u32 error)
{
    struct event event = {.kind = EVENT_EXCEPTION, .vector = VECTOR_PF, .has_error = true};
    struct guest_state state;

    guest_state_get(vcpu->guest, &state);
    state.cr2 = linear;
    guest_state_set(vcpu->guest, &state);
    event.error = error | (state.cpl == 3 ? PAGE_FAULT_USER : 0);
    guest_inject(vcpu->guest, event);
}

void exit_inject_ud(struct vcpu *vcpu)
{
    guest_inject(vcpu->guest, (struct event){.kind = EVENT_EXCEPTION, .vector = VECTOR_UD});
}

void guest_fail(struct vcpu *vcpu, enum end_reason reason, const char *why, u64 detail)
{
    const struct regs *r = &vcpu->guest->regs;
    struct guest_state s;

    guest_state_get(vcpu->guest, &s);
    print("partition %u (%s): vCPU %u: %s (%lx)\n", vcpu->partition->id, vcpu->partition->name,
          vcpu->id, why, detail);
    print(
        "  rip %lx cs %x rsp %lx rflags %lx cpl %u cr0 %lx cr2 %lx cr3 %lx cr4 %lx efer %lx\n",
        r->rip, s.cs.selector, r->rsp, r->rflags, s.cpl, s.cr0, s.cr2, s.cr3, s.cr4, s.efer);
    print("  rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx r8 %lx r9 %lx\n", r->rax,
          r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp, r->r8, r->r9);
    partition_shutdown(vcpu->partition, reason);
}

static enum insn_mode decode_mode(const struct guest *guest)
{
    enum guest_mode mode = guest_mode(guest);

    if (mode == GUEST_LONG64)
        return INSN_64;
    return mode == GUEST_PROT32 ? INSN_32 : INSN_16;
}

enum status exit_decode(struct vcpu *vcpu, struct insn *out)
{
    struct guest *guest = vcpu->guest;
    enum insn_mode mode = decode_mode(guest);
    u64 at = guest->regs.rip;
    u8 bytes[INSN_MAX];
    u64 got = 0;

    if (mode != INSN_64) {
        struct guest_state state;

        guest_state_get(guest, &state);
        at = (u32)(at + state.cs.base);
    }
    TRY(mem_fetch(vcpu, gva(at), bytes, sizeof(bytes), &got));
    return insn_decode(bytes, got, mode, out);
}

/* Out of line: a site is decoded once. */
static u32 __attribute__((noinline)) length_decode(struct vcpu *vcpu, u32 usual)
{
    struct insn insn;

    if (exit_decode(vcpu, &insn) != ST_OK)
        return usual;
    guest_insn_remember(vcpu->guest, insn.length);
    return insn.length;
}

u32 exit_length(struct vcpu *vcpu, u32 usual)
{
    u32 length = guest_insn_length(vcpu->guest);

    return length ? length : length_decode(vcpu, usual);
}

static void exit_hypercall(struct vcpu *vcpu)
{
    u32 flags = vcpu->partition->flags;
    u32 length = exit_length(vcpu, LENGTH_CALL);
    enum call_end end;

    if (flags & PARTITION_TLFS && tlfs_owns_call(vcpu)) {
        end = tlfs_call(vcpu);
    } else if (flags & PARTITION_XEN) {
        end = xen_call(vcpu);
    } else if (flags & PARTITION_NATIVE) {
        end = native_call(vcpu);
    } else {
        end = CALL_UNDEFINED;
    }
    if (end == CALL_RETURN)
        guest_skip(vcpu->guest, length);
    else if (end == CALL_UNDEFINED)
        exit_inject_ud(vcpu);
}

/*
 * A vCPU that halts with interrupts off is down; when it was the last one, the machine is off:
 * so do Linux's PVH guests end, as on Xen. A PV shim ends its guest by SCHEDOP_shutdown alone.
 */
static void halt_for_ever(struct vcpu *vcpu)
{
    const struct partition *p = vcpu->partition;

    if (op_partition_property(p, NATIVE_HALT_IS_CRASH)) {
        guest_fail(vcpu, END_CRASH, "its shim halted for ever with interrupts off", 0);
        return;
    }
    vcpu_down(vcpu);
    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i] && vcpu_is_up(p->vcpu[i]))
            return;
    partition_shutdown(vcpu->partition, END_POWEROFF);
}

static void exit_halt(struct vcpu *vcpu)
{
    guest_skip(vcpu->guest, exit_length(vcpu, LENGTH_HLT));
    if (vcpu->guest->regs.rflags & RFLAGS_IF || vcpu->nmi_pending)
        vcpu->is_halted = true;
    else
        halt_for_ever(vcpu);
}

/* XCR number in ecx, value in edx:eax; #GP for what the processor would refuse. */
static void exit_xsetbv(struct vcpu *vcpu)
{
    struct guest *guest = vcpu->guest;
    u64 value = (u32)guest->regs.rax | guest->regs.rdx << 32;

    if (guest_cpl(guest) != 0 || (u32)guest->regs.rcx != 0 ||
        guest_xcr0_set(guest, value) != ST_OK)
        exit_inject_gp(vcpu);
    else
        guest_skip(guest, exit_length(vcpu, LENGTH_XSETBV));
}

/* On a processor of the other vendor's instruction set vmcall arrives as #UD. */
static void exit_undefined(struct vcpu *vcpu)
{
    struct insn insn;

    if (exit_decode(vcpu, &insn) == ST_OK && insn.op == INSN_VMCALL)
        exit_hypercall(vcpu);
    else
        exit_inject_ud(vcpu);
}

/* mov to CR8; what it lets through is found before the next entry. */
static void exit_priority(struct vcpu *vcpu)
{
    struct guest *guest = vcpu->guest;
    struct insn insn;
    u64 value;

    if (exit_decode(vcpu, &insn) != ST_OK || insn.op != INSN_MOV_TO_CR || insn.reg != 8) {
        exit_inject_gp(vcpu);
        return;
    }
    value = insn_register_read(&guest->regs, insn.rm, 8, insn.rex);
    if (value > 15 || guest_cpl(guest) != 0) {
        exit_inject_gp(vcpu);
        return;
    }
    guest->tpr = (u8)value;
    guest_skip(guest, insn.length);
}

static void exit_rare(struct vcpu *vcpu, const struct exit *exit)
{
    switch (exit->kind) {
    case EXIT_XSETBV:
        exit_xsetbv(vcpu);
        break;
    case EXIT_SKIP:
        guest_skip(vcpu->guest, exit_length(vcpu, LENGTH_INVD));
        break;
    case EXIT_UNDEFINED:
        exit_undefined(vcpu);
        break;
    case EXIT_PROTECTED:
        exit_inject_gp(vcpu);
        break;
    case EXIT_SHUTDOWN:
        guest_fail(vcpu, END_CRASH, "triple fault", exit->code);
        break;
    case EXIT_PRIORITY:
        exit_priority(vcpu);
        break;
    case EXIT_TASK_SWITCH:
        guest_fail(vcpu, END_CRASH, "task switches by hardware are not offered", exit->code);
        break;
    case EXIT_PAUSE:
        guest_skip(vcpu->guest, exit_length(vcpu, LENGTH_PAUSE));
        sched_give_way();
        vcpu->has_spun = true;
        break;
    case EXIT_BROKEN:
        guest_fail(vcpu, END_CRASH, "the processor refused the guest's state", exit->code);
        break;
    case EXIT_NONE:
    case EXIT_WINDOW:
    case EXIT_INTERRUPT:
    case EXIT_HYPERCALL:
    case EXIT_CPUID:
    case EXIT_MSR_READ:
    case EXIT_MSR_WRITE:
    case EXIT_IO:
    case EXIT_MEMORY:
    case EXIT_HALT:
        break;
    }
}

void exit_handle(struct vcpu *vcpu, const struct exit *exit)
{
    if (exit->kind == EXIT_HYPERCALL)
        exit_hypercall(vcpu);
    else if (exit->kind == EXIT_INTERRUPT)
        cpu_take_interrupts();
    else if (exit->kind == EXIT_HALT)
        exit_halt(vcpu);
    else if (exit->kind == EXIT_MSR_WRITE)
        exit_msr_write(vcpu);
    else if (exit->kind == EXIT_MSR_READ)
        exit_msr_read(vcpu);
    else if (exit->kind == EXIT_CPUID)
        exit_cpuid(vcpu);
    else if (exit->kind == EXIT_IO)
        exit_port(vcpu, exit);
    else if (exit->kind == EXIT_MEMORY)
        exit_memory(vcpu, exit);
    else
        exit_rare(vcpu, exit);
}
