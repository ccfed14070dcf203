/*
 * printf-like formatting for freestanding code.
 * Known: %% %c %s %.*s %d %i %u %x %p, the lengths l, ll and z, a width and zero padding.
 */
#ifndef HV_LIB_FORMAT_H
#define HV_LIB_FORMAT_H

#include <stdarg.h>
#include "hv/lib/types.h"

/* Writes at most size-1 characters and a terminator; returns the characters written. */
size_t format_list(char *out, size_t size, const char *text, va_list arguments);
size_t format(char *out, size_t size, const char *text, ...)
    __attribute__((format(printf, 3, 4)));

#endif
