/* The machine's first I/O APIC, of which only the serial lines are used; the 8259s are
 * silenced. */
#ifndef HV_CPU_IOAPIC_H
#define HV_CPU_IOAPIC_H

#include "hv/lib/types.h"

/* Masks the 8259s; physical address 0: there is no I/O APIC. */
void ioapic_init(u64 physical);
/* Routes a global system interrupt, if there is an I/O APIC, to a vector of the boot CPU.
 * flags: MPS INTI polarity and trigger. [ACPI 5.2.12.5] */
void ioapic_route(u32 gsi, u32 flags, u8 vector);

#endif
