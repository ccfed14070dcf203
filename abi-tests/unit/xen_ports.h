/* Ports of an HVM guest made and ended by its calls, for one test program. */
#ifndef ABI_TESTS_UNIT_XEN_PORTS_H
#define ABI_TESTS_UNIT_XEN_PORTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abi-tests/unit/xen_caller.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/event.h"

#define ARGUMENT 0x1000u
#define STRANGER 77u /* no such domain */

static inline s64 call(u32 sub, void *argument, size_t size)
{
    memcpy(fake_guest(ARGUMENT), argument, size);
    /* there is no third argument */
    caller_put(XENNR_event_channel_op, sub, ARGUMENT, 0xffff0000);
    assert_int_equal(xen_call(&fake_vcpu[0]), CALL_RETURN);
    memcpy(argument, fake_guest(ARGUMENT), size);
    return caller_result();
}
#define CALL(sub, object) call(XENOP_event_channel_op_##sub, &(object), sizeof(object))

static inline s64 unbound_make(u32 *port)
{
    struct xen_evtchn_alloc_unbound io = {.dom = XEN_DOMID_SELF, .remote_dom = XEN_DOMID_SELF};
    s64 error = CALL(alloc_unbound, io);

    *port = io.port;
    return error;
}

static inline s64 virq_make(u32 virq, u32 vcpu, u32 *port)
{
    struct xen_evtchn_bind_virq io = {.virq = virq, .vcpu = vcpu};
    s64 error = CALL(bind_virq, io);

    *port = io.port;
    return error;
}

static inline s64 debug_make(u32 *port)
{
    return virq_make(XEN_VIRQ_DEBUG, 0, port);
}

static inline s64 ipi_make(u32 *port)
{
    struct xen_evtchn_bind_ipi io = {.vcpu = 1};
    s64 error = CALL(bind_ipi, io);

    *port = io.port;
    return error;
}

static inline s64 status_of(u32 port, struct xen_evtchn_status *out)
{
    *out = (struct xen_evtchn_status){.dom = XEN_DOMID_SELF, .port = port};
    return CALL(status, *out);
}

static inline s64 move(u32 port, u32 vcpu)
{
    struct xen_evtchn_bind_vcpu in = {.port = port, .vcpu = vcpu};

    return CALL(bind_vcpu, in);
}

static inline bool upcall(u32 vcpu)
{
    struct xen_vcpu_info *info = (struct xen_vcpu_info *)xen_vcpu_get(&fake_vcpu[vcpu])->info;
    bool was = info->upcall_pending;

    info->upcall_pending = 0;
    return was;
}

#endif
