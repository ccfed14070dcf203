/* The local APIC between its vCPU, the core's timers and the partition's other vCPUs. */
#include "hv/cpu/tsc.h"
#include "hv/entry/exit.h"

enum { IPI_FIXED = 0, IPI_LOWEST = 1, IPI_NMI = 4, IPI_ALL_BUT_SELF = 3 };

static void timer_follow(struct vcpu *vcpu)
{
    u64 deadline = vcpu->lapic->timer_deadline_ns;

    if (deadline)
        timer_arm(&vcpu->timer[VCPU_TIMER_LAPIC], deadline);
    else
        timer_cancel(&vcpu->timer[VCPU_TIMER_LAPIC]);
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
        if (fixed)
            vlapic_raise(to->lapic, ipi->vector);
        else if (ipi->mode == IPI_NMI)
            to->nmi_pending = true;
        else
            continue; /* INIT and start-up: vCPUs are started by their interface */
        if (to != from)
            vcpu_wake(to);
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
