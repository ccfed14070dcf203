/* The memory and string functions that freestanding code, and the compiler itself, calls. */
#ifndef HV_LIB_STRING_H
#define HV_LIB_STRING_H

#include "hv/lib/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int byte, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *s, int byte, size_t bytes);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *s, int c);

/* Copies at most size-1 bytes and always ends the string (size > 0). Returns strlen(from). */
size_t string_copy(char *to, const char *from, size_t size);

/* True when one of the blank-separated words of the line is word. */
bool string_has_word(const char *line, const char *word);

#endif
