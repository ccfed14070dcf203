#include "hv/lib/string.h"

/* Eight bytes an iteration; under instruction counting each iteration of rep counts. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *destination = to;
    size_t words = bytes / 8;

    __asm__ volatile("rep movsq" : "+D"(destination), "+S"(from), "+c"(words)::"memory");
    bytes &= 7;
    __asm__ volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(bytes)::"memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    u8 *last_to = (u8 *)to + bytes;
    const u8 *last_from = (const u8 *)from + bytes;

    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        return memcpy(to, from, bytes);
    while (bytes-- > 0)
        *--last_to = *--last_from;
    return to;
}

void *memset(void *to, int byte, size_t bytes)
{
    void *destination = to;
    u64 pattern = (u8)byte * 0x0101010101010101ull;
    size_t words = bytes / 8;

    __asm__ volatile("rep stosq" : "+D"(destination), "+c"(words) : "a"(pattern) : "memory");
    bytes &= 7;
    __asm__ volatile("rep stosb" : "+D"(destination), "+c"(bytes) : "a"(pattern) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const u8 *left = a;
    const u8 *right = b;

    for (size_t i = 0; i < bytes; i++)
        if (left[i] != right[i])
            return left[i] - right[i];
    return 0;
}

void *memchr(const void *s, int byte, size_t bytes)
{
    for (const u8 *p = s; bytes-- > 0; p++)
        if (*p == (u8)byte)
            return (void *)(uintptr_t)p;
    return NULL;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while (*end != '\0')
        end++;
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t limit)
{
    size_t length = 0;

    while (length < limit && s[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (size_t i = 0; i < limit; i++) {
        if (a[i] != b[i])
            return (u8)a[i] - (u8)b[i];
        if (a[i] == '\0')
            return 0;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c)
            return (char *)(uintptr_t)s;
        if (*s == '\0')
            return NULL;
    }
}

size_t string_copy(char *to, const char *from, size_t size)
{
    size_t length = strlen(from);
    size_t kept = MIN(length, size - 1);

    memcpy(to, from, kept);
    to[kept] = '\0';
    return length;
}

bool string_has_word(const char *line, const char *word)
{
    size_t length = strlen(word);

    while (*line != '\0') {
        const char *end = line;
        while (*end != '\0' && *end != ' ')
            end++;
        if ((size_t)(end - line) == length && memcmp(line, word, length) == 0)
            return true;
        line = *end == ' ' ? end + 1 : end;
    }
    return false;
}
