/*
 * The MSRs of a guest that exit: those of the processor. The local APIC's (0x1b, 0x6e0, 0x800-)
 * and the interfaces' are asked for before. What is not named here is #GP, as on a processor
 * without it.
 */
#ifndef HV_CORE_MSR_H
#define HV_CORE_MSR_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct guest;

#define MSR_TSC          0x10u
#define MSR_APIC_BASE    0x1bu
#define MSR_TSC_DEADLINE 0x6e0u
#define MSR_X2APIC_FIRST 0x800u
#define MSR_X2APIC_LAST  0x8ffu

/* ST_INVALID: #GP for the guest. guest_tsc: what rdtsc would give the guest now. */
enum status msr_read(const struct guest *guest, u32 msr, u64 guest_tsc, u64 *out);
enum status msr_write(struct guest *guest, u32 msr, u64 value);
/* Values after reset. */
void msr_reset(struct guest *guest);

#endif
