/*
 * Lines for the person at the console. Each image supplies the two functions: the hypervisor
 * writes to the serial port, the steward through its console call, a host test to stderr.
 */
#ifndef HV_LIB_PRINT_H
#define HV_LIB_PRINT_H

#include "hv/lib/types.h"

void print(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Never returns; the last words carry where the image was. */
void panic(const char *text, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define ASSERT(condition)                                                                      \
    ((condition) ? (void)0                                                                     \
                 : panic("assertion failed at %s:%d: %s", __FILE__, __LINE__, #condition))

#endif
