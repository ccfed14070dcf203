/* The end of the machine. */
#ifndef HV_CPU_POWER_H
#define HV_CPU_POWER_H

#include "hv/lib/types.h"

/* Values for QEMU's isa-debug-exit; QEMU ends with (value << 1) | 1. */
enum power_reason { POWER_SUCCESS = 0x10, POWER_GUEST_FAILED = 0x11, POWER_PANIC = 0x1f };

/* What the firmware's tables say about switching off; zeroes where unknown. [ACPI 4.8.3.2] */
void power_init(u16 pm1a_control_port, u8 sleep_type);

/* Debug exit if the machine has one, else ACPI S5, else halt. A panic only halts, so that the
 * words stay on the screen. */
void power_off(enum power_reason reason) __attribute__((noreturn));

#endif
