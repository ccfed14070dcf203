/* What the code under test prints, one message behind the other; a panic fails the test. For
 * the one source of a test that has it. */
#ifndef ABI_TESTS_UNIT_SAID_H
#define ABI_TESTS_UNIT_SAID_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "hv/lib/print.h"

static char said[8192];

void print(const char *text, ...)
{
    va_list arguments;
    size_t used = strlen(said);

    va_start(arguments, text);
    vsnprintf(said + used, sizeof(said) - used, text, arguments);
    va_end(arguments);
}

void panic(const char *text, ...)
{
    fail_msg("%s", text);
    __builtin_unreachable();
}

#endif
