#include "hypercall/op_vcpu.h"
#include "hv/core/host.h"
#include "hv/core/partition.h"
#include "hv/core/sched.h"
#include "hv/core/vlapic.h"

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

void op_vcpu_deliver_ask(struct vcpu *vcpu)
{
    vcpu->deliver_hint = true;
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

void op_vcpu_runtime(const struct vcpu *vcpu, struct op_runtime *out)
{
    out->now = (enum op_run)vcpu->run_class;
    out->since_ns = vcpu->run_class_since_ns;
    vcpu_runtime(vcpu, clock_now_ns(), out->ns);
}
