/* The local APIC by MSR, and the VP assist page with its lazy EOI. [TLFS 10.2, 10.3] */
#ifndef ENLIGHT_APIC_H
#define ENLIGHT_APIC_H

#include "enlight/state.h"

void assist_reset(struct tlfs_vcpu *tv);
/* EOI, ICR, TPR, VP_ASSIST_PAGE; ST_INVALID, ST_FAULT: #GP. */
enum status assist_read(const struct tlfs_vcpu *tv, u32 msr, u64 *value);
enum status assist_write(struct tlfs_vcpu *tv, u32 msr, u64 value);

/* Carries out an EOI that the guest said by the page; takes the offer back when another
 * interrupt waits for it. Before anybody looks at the local APIC. */
void assist_settle(struct tlfs_vcpu *tv);
/* After an interrupt was given: the guest may say its EOI by the page if nothing waits. */
void assist_offer(struct tlfs_vcpu *tv);

#endif
