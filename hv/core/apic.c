#include "hv/core/apic.h"
#include "hv/core/partition.h"
#include "hv/cpu/tsc.h"

enum { IPI_FIXED = 0, IPI_LOWEST = 1, IPI_NMI = 4, IPI_INIT = 5, IPI_START = 6 };
enum { IPI_ALL_BUT_SELF = 3 };

static void timer_follow(struct vcpu *vcpu)
{
    u64 deadline = vcpu->lapic->timer_deadline_ns;

    if (deadline)
        timer_arm(&vcpu->timer[VCPU_TIMER_LAPIC], deadline);
    else
        timer_cancel(&vcpu->timer[VCPU_TIMER_LAPIC]);
}

/* INIT and start-up go to other vCPUs only: Linux and firmware never send them to themselves.
 */
static void ipi_deliver(struct vcpu *from, struct vcpu *to, const struct vlapic_ipi *ipi)
{
    switch (ipi->mode) {
    case IPI_FIXED:
    case IPI_LOWEST:
        vlapic_raise(to->lapic, ipi->vector);
        break;
    case IPI_NMI:
        to->nmi_pending = true;
        break;
    case IPI_INIT:
        if (to != from)
            vcpu_signal_init(to);
        return;
    case IPI_START:
        if (to != from)
            vcpu_signal_start(to, ipi->vector);
        return;
    default:
        return;
    }
    if (to != from)
        vcpu_wake(to);
}

static void ipi_send(struct vcpu *from, const struct vlapic_ipi *ipi)
{
    bool fixed = ipi->mode == IPI_FIXED || ipi->mode == IPI_LOWEST;

    for (u32 i = 0; i < from->partition->vcpu_count; i++) {
        struct vcpu *to = partition_vcpu(from->partition, i);

        if (!to || !vlapic_matches(to->lapic, ipi))
            continue;
        if (to == from && (fixed || ipi->shorthand == IPI_ALL_BUT_SELF))
            continue;
        ipi_deliver(from, to, ipi);
        if (ipi->mode == IPI_LOWEST)
            return;
    }
}

void apic_apply(struct vcpu *vcpu, const struct vlapic_effect *effect)
{
    vcpu->guest->tpr = (u8)(vcpu->lapic->tpr >> 4);
    if (effect->flags & VLAPIC_TIMER_CHANGED)
        timer_follow(vcpu);
    if (effect->flags & VLAPIC_IPI)
        ipi_send(vcpu, &effect->ipi);
}

u32 apic_read(struct vcpu *vcpu, u32 offset)
{
    vlapic_tpr_set(vcpu->lapic, vcpu->guest->tpr);
    return vlapic_read(vcpu->lapic, offset, clock_now_ns());
}

void apic_write(struct vcpu *vcpu, u32 offset, u32 value)
{
    struct vlapic_effect effect = {0};

    vlapic_tpr_set(vcpu->lapic, vcpu->guest->tpr);
    vlapic_write(vcpu->lapic, offset, value, clock_now_ns(), &effect);
    apic_apply(vcpu, &effect);
}
