/* The first serial port (16550 at 0x3f8): the console of the machine. */
#ifndef HV_CPU_SERIAL_H
#define HV_CPU_SERIAL_H

#include "hv/lib/types.h"

/* 115200 baud, 8n1; output works from here on. */
void serial_init(void);

/* Raises VECTOR_SERIAL (through the I/O APIC) when a byte arrives. */
void serial_interrupt_enable(void);

/* Waits for room; a line feed is sent as carriage return and line feed only by print(). */
void serial_write(const char *bytes, size_t count);

/* Takes a byte that has arrived; false when there is none. */
bool serial_read(u8 *byte);

#endif
