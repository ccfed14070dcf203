/* The four synthetic timers of a vCPU. [TLFS 12.3] */
#ifndef ENLIGHT_STIMER_H
#define ENLIGHT_STIMER_H

#include "enlight/state.h"

void stimer_reset(struct tlfs_vcpu *tv);
/* STIMERn_CONFIG and STIMERn_COUNT; ST_INVALID: #GP. */
void stimer_read(const struct tlfs_vcpu *tv, u32 msr, u64 *value);
enum status stimer_write(struct tlfs_vcpu *tv, u32 msr, u64 value);
/* The clocks of these timers have gone off. */
void stimer_fire(struct tlfs_vcpu *tv, u32 timers);
/* Messages of expired timers that did not fit before. */
void stimer_deliver(struct tlfs_vcpu *tv);

#endif
