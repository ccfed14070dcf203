/* The local APIC between its vCPU, the core's timers and the partition's other vCPUs. */
#ifndef HV_CORE_APIC_H
#define HV_CORE_APIC_H

#include "hv/core/vlapic.h"
#include "hv/lib/types.h"

struct vcpu;

/* Carries out what a write to the local APIC asked for. */
void apic_apply(struct vcpu *vcpu, const struct vlapic_effect *effect);

/* Registers of a vCPU that is outside, by their offset in the xAPIC page. */
#define APIC_TPR      0x80u
#define APIC_EOI      0xb0u
#define APIC_ICR_LOW  0x300u
#define APIC_ICR_HIGH 0x310u
u32 apic_read(struct vcpu *vcpu, u32 offset);
void apic_write(struct vcpu *vcpu, u32 offset, u32 value);

#endif
