/*
 * The serial ports (16550): the first one (0x3f8) is the console of the machine, the second
 * one (0x2f8), where there is one, the root's line to programs.
 */
#ifndef HV_CPU_SERIAL_H
#define HV_CPU_SERIAL_H

#include "hv/lib/types.h"

enum serial_line { SERIAL_CONSOLE, SERIAL_CONTROL, SERIAL_LINES };

/* 115200 baud, 8n1; output works from here on. */
void serial_init(void);

/* Raises VECTOR_SERIAL (through the I/O APIC) when a byte arrives. */
void serial_interrupt_enable(void);

/* Waits for room; a line feed is sent as carriage return and line feed only by print(). */
void serial_write(const char *bytes, size_t count);

/* Sends to the control line what it takes now; returns how many bytes. All, without the port.
 */
size_t serial_send(const char *bytes, size_t count);

/* Takes a byte that has arrived; false when there is none. */
bool serial_read(enum serial_line line, u8 *byte);

#endif
