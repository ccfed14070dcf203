/* What a vCPU is given before it is entered: NMI, then external line, then local APIC. */
#include "enlight/enlight.h"
#include "hv/core/sched.h"
#include "hv/cpu/tsc.h"
#include "hv/entry/exit.h"
#include "xen-adapter/xen.h"

static bool give_nmi(struct vcpu *vcpu)
{
    if (!vcpu->nmi_pending || !guest_can_take_nmi(vcpu->guest))
        return false;
    vcpu->nmi_pending = false;
    guest_inject(vcpu->guest, (struct event){.kind = EVENT_NMI, .vector = VECTOR_NMI});
    return true;
}

static void give_vector(struct vcpu *vcpu, u8 vector)
{
    if (vector == vcpu->direct_vector)
        vcpu->direct_vector = 0;
    else
        vlapic_accept(vcpu->lapic, vector);
    if (vcpu->partition->flags & PARTITION_TLFS)
        tlfs_given(vcpu, vector);
    guest_inject(vcpu->guest, (struct event){.kind = EVENT_INTERRUPT, .vector = vector});
}

/* True when something has been injected. */
static bool give_pending(struct vcpu *vcpu)
{
    struct guest *guest = vcpu->guest;
    int vector = vcpu->direct_vector;
    bool nmi = give_nmi(vcpu);

    vlapic_tpr_set(vcpu->lapic, guest->tpr);
    if (!vector)
        vector = vlapic_next(vcpu->lapic);
    if (vector == VLAPIC_NONE) {
        /* Held back by CR8 alone? Then lowering it must exit. */
        u32 class = vlapic_blocked_class(vcpu->lapic);

        if (class)
            guest_ask_window(guest, class);
        return nmi;
    }
    if (!guest_can_take_interrupt(guest)) {
        guest_ask_window(guest, 0);
        return nmi;
    }
    give_vector(vcpu, (u8)vector);
    return true;
}

/* An INIT or a start-up IPI came; false when the vCPU has to wait for the latter. */
static bool start_obey(struct vcpu *vcpu)
{
    u8 page = 0;
    enum vcpu_start start = vcpu_take_start(vcpu, &page);

    if (start == VCPU_START_NONE)
        return true;
    vlapic_reset(vcpu->lapic);
    vcpu->guest->tpr = 0;
    timer_cancel(&vcpu->timer[VCPU_TIMER_LAPIC]);
    vcpu->is_halted = false;
    vcpu->nmi_pending = false;
    if (vcpu->partition->flags & PARTITION_TLFS)
        tlfs_reset(vcpu);
    if (start == VCPU_START_WAIT)
        return false;
    guest_start_real(vcpu->guest, page);
    return true;
}

bool entry_prepare(struct vcpu *vcpu)
{
    if (vcpu->start_asked && !start_obey(vcpu))
        return false;
    if (vcpu->partition->flags & PARTITION_XEN)
        xen_deliver(vcpu);
    if (vcpu->partition->flags & PARTITION_TLFS)
        tlfs_deliver(vcpu);
    if (!(vcpu->direct_vector | vcpu->nmi_pending) && vlapic_is_quiet(vcpu->lapic)) {
        if (!vcpu->is_halted)
            return true;
    } else if (give_pending(vcpu) || !vcpu->is_halted) {
        vcpu->is_halted = false;
        return true;
    }
    vcpu_park(vcpu, TIME_NEVER);
    if (vcpu->state == VCPU_PARKED)
        return false;
    /* Something is raised that is not an interrupt: HLT may return for any reason. */
    vcpu->is_halted = false;
    return true;
}
