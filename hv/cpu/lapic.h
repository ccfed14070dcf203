/* The machine's local APIC, as xAPIC or x2APIC: end of interrupt and the one-shot timer. */
#ifndef HV_CPU_LAPIC_H
#define HV_CPU_LAPIC_H

#include "hv/lib/types.h"

/* Enables the calling CPU's APIC and measures its timer against the TSC (tsc_init comes first).
 */
void lapic_init(void);
/* The same for another CPU, with what the first one has learnt. */
void lapic_init_other(void);

void lapic_eoi(void);

u32 lapic_id(void);

/* An interrupt for another CPU, by its APIC id; and the two that start one. [SDM 3 10.6.1] */
void lapic_send(u32 apic_id, u8 vector);
void lapic_send_init(u32 apic_id);
/* It begins in real mode at page * 4096, below 1 MiB. */
void lapic_send_startup(u32 apic_id, u8 page);

/*
 * One interrupt on VECTOR_TIMER at or after a time of clock_now_ns(); a time in the past fires
 * at once, UINT64_MAX disarms.
 */
void lapic_timer_arm(u64 deadline_ns);
/* Moves it forward, to at most that long from now; its owner arms it again when it has fired.
 */
void lapic_timer_hasten(u64 ns);

#endif
