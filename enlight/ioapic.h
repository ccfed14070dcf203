/* The I/O APIC of the platform: 24 edge-triggered pins. [82093AA; ACPI 6.4 5.2.12.3] */
#ifndef ENLIGHT_IOAPIC_H
#define ENLIGHT_IOAPIC_H

#include "enlight/state.h"

/* All pins masked. */
void ioapic_reset(struct tlfs_ioapic *ioapic);
/* Offsets in its page: which register, and the register. */
u32 ioapic_read(const struct tlfs_ioapic *ioapic, u32 offset);
void ioapic_write(struct tlfs_ioapic *ioapic, u32 offset, u32 value);
/* An edge at a pin: a message to the local APICs unless it is masked. */
void ioapic_pulse(struct partition *p, const struct tlfs_ioapic *ioapic, u32 pin);

#endif
