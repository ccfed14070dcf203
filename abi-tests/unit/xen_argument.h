/* For tests that make many Xen calls with a structure: it lies at one place of the guest. */
#ifndef ABI_TESTS_UNIT_XEN_ARGUMENT_H
#define ABI_TESTS_UNIT_XEN_ARGUMENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"

#define ARGUMENT 0x1000u /* where the structures of these calls lie */
#define LIST     0x2000u

/* A call with a structure at ARGUMENT; what it answers there is read back. */
#define with(nr, sub, object)                                                                  \
    (memcpy(fake_guest(ARGUMENT), &(object), sizeof(object)),                                  \
     result = caller_call(XENNR_##nr, XENOP_##nr##_##sub, ARGUMENT, 1),                        \
     memcpy(&(object), fake_guest(ARGUMENT), sizeof(object)), result)
static s64 result;

static inline struct xen_shared_info *shared_map(u64 gfn)
{
    struct xen_add_to_physmap add = {XEN_DOMID_SELF, 0, XEN_MAPSPACE_SHARED_INFO, 0, gfn};

    assert_int_equal(with(memory_op, add_to_physmap, add), 0);
    return fake_guest(gfn << PAGE_SHIFT);
}

static inline u32 ipi_bind(u32 vcpu)
{
    struct xen_evtchn_bind_ipi bind = {vcpu, 0};

    assert_int_equal(with(event_channel_op, bind_ipi, bind), 0);
    return bind.port;
}

#endif
