/* The machine's local APIC, as xAPIC or x2APIC: end of interrupt and the one-shot timer. */
#ifndef HV_CPU_LAPIC_H
#define HV_CPU_LAPIC_H

#include "hv/lib/types.h"

/* Enables the calling CPU's APIC and measures its timer against the TSC (tsc_init comes first).
 */
void lapic_init(void);

void lapic_eoi(void);

u32 lapic_id(void);

/*
 * One interrupt on VECTOR_TIMER at or after a time of clock_now_ns(); a time in the past fires
 * at once, UINT64_MAX disarms.
 */
void lapic_timer_arm(u64 deadline_ns);

#endif
