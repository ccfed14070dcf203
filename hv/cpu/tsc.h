/* Time: one clock, the TSC since the hypervisor's start, in nanoseconds. */
#ifndef HV_CPU_TSC_H
#define HV_CPU_TSC_H

#include "hv/lib/types.h"

/*
 * ns = (ticks << shift) * mul >> 32, with a negative shift to the right: the form of pvclock.
 * [xen/xen.h vcpu_time_info]
 */
struct tsc_scale {
    u32 mul;
    s8 shift;
};

/* Learns the frequency from CPUID, or measures it with the ACPI timer (0: absent) or the PIT.
 */
void tsc_init(u16 pm_timer_port);

u64 tsc_read(void);
u64 tsc_khz(void);
struct tsc_scale tsc_scale_get(void);

/* A number of ticks as nanoseconds, and back. */
u64 tsc_to_ns(u64 ticks);
u64 ns_to_tsc(u64 ns);

/* Nanoseconds since tsc_init(), and the TSC value at such a time. */
u64 clock_now_ns(void);
u64 clock_to_tsc(u64 ns);

/* The TSC value at which the clock read 0. */
u64 clock_epoch_tsc(void);

#endif
