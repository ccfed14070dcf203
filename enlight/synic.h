/* The synthetic interrupt controller of a vCPU: message and event pages, 16 sources. [TLFS 11]
 */
#ifndef ENLIGHT_SYNIC_H
#define ENLIGHT_SYNIC_H

#include "enlight/state.h"

/* As after a reset: nothing enabled, all sources masked. */
void synic_reset(struct tlfs_vcpu *tv);

/* Registers SCONTROL to EOM and SINT0 to SINT15; ST_INVALID: #GP. */
enum status synic_read(const struct tlfs_vcpu *tv, u32 msr, u64 *value);
enum status synic_write(struct tlfs_vcpu *tv, u32 msr, u64 value);

/*
 * Puts a message into the slot of its source and raises it. False when the slot is taken (the
 * guest will say EOM) or the message page is off (it will be turned on).
 */
bool synic_post(struct tlfs_vcpu *tv, u32 sint, u32 type, const void *payload, u32 bytes);
/* Messages and flags that wait for this vCPU, as far as they fit. */
void synic_deliver(struct tlfs_vcpu *tv);

/* Does the vector belong to a source that needs no EOI? */
bool synic_ends_itself(const struct tlfs_vcpu *tv, u8 vector);

#endif
