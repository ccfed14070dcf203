/* Events into a guest: injection, re-injection, windows. [APM2 15.20, 15.21] */
#include "hv/cpu/lapic.h"
#include "hv/cpu/svm.h"

#define SHADOW          BIT(0)
#define WINDOW_AGAIN_NS 500000u

static bool has_valid(u32 event)
{
    return event & (u32)INJECT_VALID;
}

static enum event_kind kind_of(u32 event)
{
    return (enum event_kind)(event >> INJECT_TYPE_SHIFT & 7);
}

bool guest_has_event(const struct guest *guest)
{
    return has_valid(svm_of_const(guest)->vmcb->inject);
}

static bool is_shadowed(const struct svm_guest *guest)
{
    return guest->vmcb->shadow & SHADOW;
}

bool guest_can_take_interrupt(const struct guest *guest)
{
    return (guest->regs.rflags & RFLAGS_IF) && !guest_has_event(guest) &&
           !is_shadowed(svm_of_const(guest));
}

bool guest_can_take_nmi(const struct guest *guest)
{
    const struct svm_guest *svm = svm_of_const(guest);

    return !svm->nmi_active && !svm->iret_pending && !guest_has_event(guest) &&
           !is_shadowed(svm);
}

/*
 * A window is a virtual interrupt that exits when it would be taken. While one is asked for,
 * and when only CR8 is in the way, a write to CR8 exits: hardware would re-evaluate the virtual
 * interrupt, but QEMU 7.2 and 10.0 abort there (a lock of theirs is not held).
 */
void guest_ask_window(struct guest *guest, u32 class)
{
    struct vmcb *vmcb = svm_of(guest)->vmcb;

    if ((vmcb->intercept_cr & INTERCEPT_CR8_WRITE) && (class || (vmcb->vintr & VINTR_IRQ)))
        return;
    vmcb->intercept_cr |= (u32)INTERCEPT_CR8_WRITE;
    if (!class) {
        vmcb->vintr |= VINTR_WINDOW;
        vmcb->vintr_vector = 0;
        vmcb->intercept1 |= (u32)INTERCEPT1_VINTR;
    }
    vmcb->clean &= (u32) ~(CLEAN_TPR | CLEAN_INTERCEPTS);
}

void svm_window_close(struct vmcb *vmcb)
{
    if (!(vmcb->intercept_cr & INTERCEPT_CR8_WRITE))
        return;
    vmcb->intercept_cr &= (u32)~INTERCEPT_CR8_WRITE;
    vmcb->vintr &= ~VINTR_WINDOW;
    vmcb->intercept1 &= (u32)~INTERCEPT1_VINTR;
    vmcb->clean &= (u32) ~(CLEAN_TPR | CLEAN_INTERCEPTS);
}

static void iret_watch(struct svm_guest *guest)
{
    guest->nmi_active = true;
    guest->vmcb->intercept1 |= (u32)INTERCEPT1_IRET;
    guest->vmcb->clean &= (u32)~CLEAN_INTERCEPTS;
}

static bool is_contributory(u8 vector)
{
    return vector == VECTOR_DE || (vector >= VECTOR_TS && vector <= VECTOR_GP);
}

/* A second exception while the first is being delivered. [APM2 8.2.9 table 8-2] */
static enum status merge(u32 first, struct event *second)
{
    u8 vector = (u8)first;

    if (!has_valid(first) || kind_of(first) != EVENT_EXCEPTION ||
        second->kind != EVENT_EXCEPTION)
        return ST_OK;
    if (vector == VECTOR_DF)
        return ST_CORRUPT;
    if ((is_contributory(vector) && is_contributory(second->vector)) ||
        (vector == VECTOR_PF &&
         (second->vector == VECTOR_PF || is_contributory(second->vector)))) {
        second->vector = VECTOR_DF;
        second->has_error = true;
        second->error = 0;
    }
    return ST_OK;
}

void guest_inject(struct guest *common, struct event event)
{
    struct svm_guest *guest = svm_of(common);
    struct vmcb *vmcb = guest->vmcb;

    if (merge(vmcb->inject, &event) != ST_OK) {
        guest->is_shut = true;
        return;
    }
    if (event.kind == EVENT_INTERRUPT)
        svm_window_close(vmcb);
    if (event.kind == EVENT_NMI)
        iret_watch(guest);
    vmcb->inject = event.vector | (u32)event.kind << INJECT_TYPE_SHIFT | (u32)INJECT_VALID |
                   (event.has_error ? (u32)INJECT_ERROR : 0);
    vmcb->inject_error = event.error;
}

/*
 * QEMU's TCG remembers the vector of an injected interrupt behind its delivery and may deliver
 * it a second time, IF or not; one that comes as a virtual interrupt it forgets [docs/qemu.md].
 * So there an injection becomes a virtual interrupt; the guest is ready to take it at once. A
 * window that somebody has asked for meanwhile makes room: an exit will come soon, and with it
 * the next chance to ask.
 */
void svm_event_enter(struct svm_guest *guest)
{
    struct vmcb *vmcb = guest->vmcb;

    if (!svm_features.interrupt_repeats || !has_valid(vmcb->inject) ||
        kind_of(vmcb->inject) != EVENT_INTERRUPT)
        return;
    if (vmcb->vintr & VINTR_IRQ) {
        svm_window_close(vmcb);
        lapic_timer_hasten(WINDOW_AGAIN_NS);
    }
    vmcb->vintr |= VINTR_WINDOW;
    vmcb->vintr_vector = vmcb->inject & 0xff;
    vmcb->clean &= (u32)~CLEAN_TPR;
    vmcb->inject = 0;
    guest->interrupt_is_virtual = true;
}

/* True when it has not been taken: it waits as an injection again. */
static bool virtual_interrupt_end(struct svm_guest *guest)
{
    struct vmcb *vmcb = guest->vmcb;
    bool waits = vmcb->vintr & VINTR_IRQ;

    guest->interrupt_is_virtual = false;
    vmcb->vintr &= ~VINTR_WINDOW;
    vmcb->clean &= (u32)~CLEAN_TPR;
    if (waits)
        vmcb->inject = vmcb->vintr_vector | (u32)INJECT_VALID;
    return waits;
}

/*
 * An exit while an event was being delivered: give it again at the next entry. Software
 * interrupts and their like are not given again, the instruction is: rip still points to it.
 */
void svm_event_exit(struct svm_guest *guest)
{
    struct vmcb *vmcb = guest->vmcb;
    u32 event = vmcb->exit_event;
    u8 vector = (u8)event;

    if (guest->interrupt_is_virtual && virtual_interrupt_end(guest))
        return;
    if (!has_valid(event) || kind_of(event) == EVENT_SOFTWARE)
        return;
    if (kind_of(event) == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == 4))
        return;
    vmcb->inject = event;
    vmcb->inject_error = vmcb->exit_event_error;
}
