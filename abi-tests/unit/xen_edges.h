/* Where the structures of the edge tests lie in the guest. */
#ifndef ABI_TESTS_UNIT_XEN_EDGES_H
#define ABI_TESTS_UNIT_XEN_EDGES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/event.h"

#define ARGUMENT 0x1000u
#define LIST     0x2000u
#define NOWHERE  0xfff00000u
#define HOLE     200u /* a frame without memory */

static inline void put(const void *bytes, size_t size)
{
    memcpy(fake_guest(ARGUMENT), bytes, size);
}

static inline void get(void *bytes, size_t size)
{
    memcpy(bytes, fake_guest(ARGUMENT), size);
}

#endif
