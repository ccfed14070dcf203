#include "hypercall/op_vcpu.h"
#include "hv/core/apic.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"

_Static_assert((int)OP_ABI_XEN == (int)ABI_XEN && (int)OP_ABI_TLFS == (int)ABI_TLFS,
               "same ABIs");
_Static_assert((int)OP_RUN_OFFLINE == (int)RUN_OFFLINE && (int)OP_RUNS == (int)RUN_CLASSES,
               "same classes of time");
_Static_assert((int)OP_MODE_REAL == (int)GUEST_REAL && (int)OP_MODE_VM86 == (int)GUEST_VM86 &&
                   (int)OP_MODE_16 == (int)GUEST_PROT16 &&
                   (int)OP_MODE_32 == (int)GUEST_PROT32 && (int)OP_MODE_64 == (int)GUEST_LONG64,
               "same modes");

u32 op_vcpu_id(const struct vcpu *vcpu)
{
    return vcpu->id;
}

struct partition *op_vcpu_partition(const struct vcpu *vcpu)
{
    return vcpu->partition;
}

struct vcpu *op_vcpu_find(const struct partition *p, u32 id)
{
    return partition_vcpu(p, id);
}

struct regs *op_vcpu_regs(struct vcpu *vcpu)
{
    return &vcpu->guest->regs;
}

enum op_mode op_vcpu_mode(const struct vcpu *vcpu)
{
    return (enum op_mode)guest_mode(vcpu->guest);
}

u32 op_vcpu_cpl(const struct vcpu *vcpu)
{
    return guest_cpl(vcpu->guest);
}

void *op_vcpu_abi(const struct vcpu *vcpu, enum op_abi abi)
{
    return vcpu->abi_state[abi];
}

void op_vcpu_abi_set(struct vcpu *vcpu, enum op_abi abi, void *state)
{
    vcpu->abi_state[abi] = state;
}

void op_vcpu_park(struct vcpu *vcpu, u64 deadline_ns)
{
    vcpu_park(vcpu, deadline_ns);
}

void op_vcpu_wake(struct vcpu *vcpu)
{
    vcpu_wake(vcpu);
}

void op_vcpu_yield(struct vcpu *vcpu)
{
    (void)vcpu;
    sched_give_way();
}

static struct segment segment_of(const struct op_segment *from)
{
    return (struct segment){from->selector, from->attributes, from->limit, from->base};
}

enum status op_vcpu_initialise(struct vcpu *vcpu, const struct op_vcpu_context *context)
{
    struct guest_state state;

    if (vcpu->is_initialised)
        return ST_EXISTS;
    guest_state_get(vcpu->guest, &state);
    state.cs = segment_of(&context->cs);
    state.ds = segment_of(&context->ds);
    state.fs = state.ds;
    state.gs = state.ds;
    state.es = segment_of(&context->es);
    state.ss = segment_of(&context->ss);
    state.tr = segment_of(&context->tr);
    state.cr0 = context->cr0;
    state.cr3 = context->cr3;
    state.cr4 = context->cr4;
    state.efer = context->efer;
    state.cpl = (u8)(context->ss.attributes >> 5 & 3);
    guest_state_set(vcpu->guest, &state);
    vcpu->guest->regs = context->regs;
    vcpu->is_initialised = true;
    return ST_OK;
}

enum status op_vcpu_up(struct vcpu *vcpu)
{
    return vcpu->is_initialised ? vcpu_up(vcpu) : ST_NO_ENTRY;
}

enum status op_vcpu_down(struct vcpu *vcpu)
{
    return vcpu_down(vcpu);
}

bool op_vcpu_is_initialised(const struct vcpu *vcpu)
{
    return vcpu->is_initialised;
}

bool op_vcpu_is_up(const struct vcpu *vcpu)
{
    return vcpu_is_up(vcpu);
}

void op_vcpu_external_set(struct vcpu *vcpu, u8 vector)
{
    vcpu->direct_vector = vector;
}

void op_vcpu_lapic_raise(struct vcpu *vcpu, u8 vector)
{
    vlapic_raise(vcpu->lapic, vector);
    vcpu_wake(vcpu);
}

void op_vcpu_nmi(struct vcpu *vcpu)
{
    vcpu->nmi_pending = true;
    vcpu_wake(vcpu);
}

void op_vcpu_timer_single(struct vcpu *vcpu, u64 deadline_ns)
{
    timer_arm(&vcpu->timer[VCPU_TIMER_SINGLE], deadline_ns);
}

void op_vcpu_timer_periodic(struct vcpu *vcpu, u64 period_ns)
{
    timer_arm_periodic(&vcpu->timer[VCPU_TIMER_PERIODIC], period_ns, clock_now_ns());
}

void op_vcpu_timer_stop(struct vcpu *vcpu, enum op_timer which)
{
    timer_cancel(
        &vcpu->timer[which == OP_TIMER_SINGLE ? VCPU_TIMER_SINGLE : VCPU_TIMER_PERIODIC]);
}

_Static_assert(OP_CLOCKS == VCPU_TIMERS - VCPU_TIMER_FLAG0, "as many clocks");

void op_vcpu_clock_arm(struct vcpu *vcpu, u32 clock, u64 deadline_ns)
{
    timer_arm(&vcpu->timer[VCPU_TIMER_FLAG0 + clock], deadline_ns);
}

void op_vcpu_clock_stop(struct vcpu *vcpu, u32 clock)
{
    timer_cancel(&vcpu->timer[VCPU_TIMER_FLAG0 + clock]);
    vcpu->fired &= ~(u32)BIT(VCPU_TIMER_FLAG0 + clock);
}

u32 op_vcpu_clocks_take(struct vcpu *vcpu)
{
    return vcpu_take_fired(vcpu) >> VCPU_TIMER_FLAG0;
}

_Static_assert(OP_APIC_HZ == VLAPIC_TIMER_HZ, "same clock");

u64 op_vcpu_apic_read(struct vcpu *vcpu, enum op_apic which)
{
    switch (which) {
    case OP_APIC_TPR:
        return apic_read(vcpu, APIC_TPR);
    case OP_APIC_ICR:
        return (u64)apic_read(vcpu, APIC_ICR_HIGH) << 32 | apic_read(vcpu, APIC_ICR_LOW);
    case OP_APIC_EOI:
        break;
    }
    return 0;
}

void op_vcpu_apic_write(struct vcpu *vcpu, enum op_apic which, u64 value)
{
    switch (which) {
    case OP_APIC_TPR:
        vcpu->guest->tpr = (u8)(value >> 4 & 0xf);
        apic_write(vcpu, APIC_TPR, (u32)value);
        break;
    case OP_APIC_EOI:
        apic_write(vcpu, APIC_EOI, 0);
        break;
    case OP_APIC_ICR:
        apic_write(vcpu, APIC_ICR_HIGH, (u32)(value >> 32));
        apic_write(vcpu, APIC_ICR_LOW, (u32)value);
        break;
    }
}

bool op_vcpu_apic_requested(const struct vcpu *vcpu)
{
    return !vlapic_is_quiet(vcpu->lapic);
}

bool op_vcpu_apic_waits(const struct vcpu *vcpu)
{
    return vlapic_next(vcpu->lapic) != VLAPIC_NONE;
}

void op_interrupt_send(struct partition *p, u8 vector, u32 destination, enum op_destination how)
{
    struct vlapic_ipi message = {
        .vector = vector, .logical = how == OP_TO_LOGICAL, .destination = destination};

    for (u32 i = 0; i < VCPU_MAX; i++)
        if (p->vcpu[i] && vlapic_matches(p->vcpu[i]->lapic, &message))
            op_vcpu_lapic_raise(p->vcpu[i], vector);
}

void op_vcpu_flush(struct vcpu *vcpu)
{
    sched_expel(vcpu);
    guest_flush_tlb(vcpu->guest);
}

_Static_assert(OP_XMM_BYTES == GUEST_XMM_BYTES, "same registers");

void op_vcpu_xmm_read(const struct vcpu *vcpu, u8 *out)
{
    guest_xmm_read(vcpu->guest, out);
}

void op_vcpu_runtime(const struct vcpu *vcpu, struct op_runtime *out)
{
    out->now = (enum op_run)vcpu->run_class;
    out->since_ns = vcpu->run_class_since_ns;
    vcpu_runtime(vcpu, clock_now_ns(), out->ns);
}
