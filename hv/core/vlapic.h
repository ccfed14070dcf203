/*
 * The local APIC of one vCPU: xAPIC page and x2APIC MSRs, priorities, timer.
 *
 * The object knows no clock and no other vCPU: time is an argument, and what a write causes
 * outside comes back as a value, struct vlapic_effect. [SDM 3 ch. 10, APM2 ch. 16]
 *
 * Locks: belongs to its vCPU, whose loop alone calls all of this but vlapic_raise() and
 * vlapic_matches(): anyone may raise at any time, irr and summary are atomic.
 */
#ifndef HV_CORE_VLAPIC_H
#define HV_CORE_VLAPIC_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

#define VLAPIC_BASE        0xfee00000ul
#define VLAPIC_NONE        (-1)
#define VLAPIC_BASE_BSP    BIT(8)
#define VLAPIC_BASE_X2APIC BIT(10)
#define VLAPIC_BASE_ENABLE BIT(11)

/* Frequency of the timer's input clock: one tick a nanosecond. */
#define VLAPIC_TIMER_HZ 1000000000ul

struct vlapic {
    u32 id;       /* APIC id: 2 * vCPU number */
    u64 base_msr; /* IA32_APIC_BASE */
    u8 summary;   /* bit n: irr[n] is not zero */
    u32 tpr, ldr, dfr, svr, esr, esr_pending;
    u64 icr;
    u32 lvt[6]; /* timer, thermal, performance, lint0, lint1, error */
    u32 irr[8], isr[8], tmr[8];
    u32 timer_initial, timer_divide;
    u64 timer_start_ns;    /* when the count began */
    u64 timer_deadline_ns; /* next expiry, 0 = none */
    u64 tsc_deadline;      /* guest TSC, 0 = none */
};

/* What a register write asks of the world. */
#define VLAPIC_TIMER_CHANGED 1u /* take vlapic->timer_deadline_ns to the core's timer */
#define VLAPIC_IPI           2u /* deliver `ipi` to other vCPUs (self is already done) */
struct vlapic_ipi {
    u8 mode; /* 0 fixed, 1 lowest, 4 NMI, 5 INIT, 6 SIPI */
    u8 vector;
    u8 shorthand; /* 0 destination, 2 all, 3 all but self */
    bool logical;
    u32 destination;
};
struct vlapic_effect {
    u32 flags;
    struct vlapic_ipi ipi;
};

void vlapic_make(struct vlapic *lapic, u32 apic_id);
/* INIT: all registers but the id and IA32_APIC_BASE. */
void vlapic_reset(struct vlapic *lapic);

/* An interrupt arrives; edge triggered. Vectors below 16 are an error the guest sees in ESR. */
void vlapic_raise(struct vlapic *lapic, u8 vector);

/* Anything at all waiting? Cheap, for the road to each entry. */
static inline bool vlapic_is_quiet(const struct vlapic *lapic)
{
    return lapic->summary == 0;
}
/* The vector to deliver next by priority, or VLAPIC_NONE. */
int vlapic_next(const struct vlapic *lapic);
/* Priority class of a vector that only the task priority holds back, 0 if none. */
u32 vlapic_blocked_class(const struct vlapic *lapic);
/* The vector has been delivered: it moves from IRR to ISR. */
void vlapic_accept(struct vlapic *lapic, u8 vector);
/* CR8 as the guest left it, 0-15. */
void vlapic_tpr_set(struct vlapic *lapic, u32 class);

/* Registers by their offset in the xAPIC page, 32 bits each. */
u32 vlapic_read(const struct vlapic *lapic, u32 offset, u64 now_ns);
void vlapic_write(struct vlapic *lapic, u32 offset, u32 value, u64 now_ns,
                  struct vlapic_effect *out);

/* x2APIC MSRs 0x800-0x8ff and IA32_APIC_BASE. ST_INVALID: #GP. */
enum status vlapic_msr_read(const struct vlapic *lapic, u32 msr, u64 now_ns, u64 *out);
enum status vlapic_msr_write(struct vlapic *lapic, u32 msr, u64 value, u64 now_ns,
                             struct vlapic_effect *out);
/* IA32_TSC_DEADLINE: the guest's value and the same moment on the hypervisor's clock. */
void vlapic_tsc_deadline_set(struct vlapic *lapic, u64 guest_tsc, u64 deadline_ns,
                             struct vlapic_effect *out);

/*
 * The core's timer calls this when timer_deadline_ns has passed: raises the vector and, if
 * periodic, moves timer_deadline_ns on. The caller arms again when it is not 0.
 */
void vlapic_timer_fire(struct vlapic *lapic, u64 now_ns);

/* The mapped xAPIC page answers at VLAPIC_BASE (enabled and not in x2APIC mode). */
bool vlapic_is_mapped(const struct vlapic *lapic);
/* Does this APIC answer to the destination of an IPI? */
bool vlapic_matches(const struct vlapic *lapic, const struct vlapic_ipi *ipi);

#endif
