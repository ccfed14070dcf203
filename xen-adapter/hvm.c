/* HVM_OP: parameters, upcall vectors [xen/hvm/hvm_op.h, params.h]. */
#include "xen-adapter/call.h"
#include "xen-adapter/event.h"

#define TRACE_EVENT_MAX 0xfffu

/* What a guest may do with a parameter of its own. */
enum param_right { PARAM_DENIED, PARAM_GET, PARAM_GET_SET, PARAM_OBSOLETE };

static const u8 param_right[XEN_HVM_PARAMS] = {
    [XEN_HVM_PARAM_CALLBACK_IRQ] = PARAM_GET_SET,
    [XEN_HVM_PARAM_STORE_PFN] = PARAM_GET,
    [XEN_HVM_PARAM_STORE_EVTCHN] = PARAM_GET_SET,
    [XEN_HVM_PARAM_PAE_ENABLED] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_DM_DOMAIN] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_VM86_TSS] = PARAM_GET_SET,
    [XEN_HVM_PARAM_CONSOLE_PFN] = PARAM_GET,
    [XEN_HVM_PARAM_CONSOLE_EVTCHN] = PARAM_GET_SET,
    [XEN_HVM_PARAM_ACPI_IOPORTS_LOCATION] = PARAM_GET_SET,
    [XEN_HVM_PARAM_MEMORY_EVENT_CR0] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_MEMORY_EVENT_CR3] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_MEMORY_EVENT_CR4] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_MEMORY_EVENT_INT3] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_NESTEDHVM] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_MEMORY_EVENT_SINGLE_STEP] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_BUFIOREQ_EVTCHN] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_MEMORY_EVENT_MSR] = PARAM_OBSOLETE,
    [XEN_HVM_PARAM_VM_GENERATION_ID_ADDR] = PARAM_GET_SET,
    [XEN_HVM_PARAM_ALTP2M] = PARAM_GET,
    [XEN_HVM_PARAM_X87_FIP_WIDTH] = PARAM_GET_SET,
    [XEN_HVM_PARAM_VM86_TSS_SIZED] = PARAM_GET_SET,
};

/* Common to get and set: everything that can be refused before looking at the value. */
static s64 param_check(const struct xen_call *call, const struct xen_hvm_param *param,
                       enum param_right need)
{
    s64 error;

    if (param->index >= XEN_HVM_PARAMS)
        return -XEN_EINVAL;
    error = xen_domid_check(call, param->domid);
    if (error)
        return error;
    if (param_right[param->index] == PARAM_OBSOLETE)
        return -XEN_EINVAL;
    return param_right[param->index] < (u8)need ? -XEN_EPERM : 0;
}

/* The callback's line cannot be a GSI or a PCI interrupt here: there is no such wire. */
static void callback_set(struct xen_call *call, u64 value)
{
    u32 type = (u32)(value >> XEN_HVM_CALLBACK_TYPE_SHIFT);

    xen_domain_latch(call->partition, call->domain, call->is_narrow);
    call->domain->callback_vector = type == XEN_HVM_CALLBACK_VECTOR ? (u8)value : 0;
    op_vcpu_wake(call->vcpu);
}

s64 xen_hvm_op_set_param(struct xen_call *call)
{
    struct xen_hvm_param in;
    u64 *slot;
    s64 error;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    error = param_check(call, &in, PARAM_GET_SET);
    if (error)
        return error;
    slot = &call->domain->param[in.index];
    if (in.index == XEN_HVM_PARAM_X87_FIP_WIDTH && in.value != 0 && in.value != 4 &&
        in.value != 8)
        return -XEN_EINVAL;
    /* No power management registers, no place for them. */
    if (in.index == XEN_HVM_PARAM_ACPI_IOPORTS_LOCATION)
        return -XEN_ENODEV;
    if (in.index == XEN_HVM_PARAM_CALLBACK_IRQ)
        callback_set(call, in.value);
    *slot = in.value;
    return 0;
}

s64 xen_hvm_op_get_param(struct xen_call *call)
{
    struct xen_hvm_param io;
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = param_check(call, &io, PARAM_GET);
    if (error)
        return error;
    io.value = call->domain->param[io.index];
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}

s64 xen_hvm_op_set_evtchn_upcall_vector(struct xen_call *call)
{
    struct xen_hvm_evtchn_upcall_vector in = {0};
    struct vcpu *vcpu;
    struct xen_vcpu *xv;

    if (xen_fetch(call, call->arg[1], &in, 5) != ST_OK)
        return -XEN_EFAULT;
    if (in.vector < 0x10)
        return -XEN_EINVAL;
    vcpu = op_vcpu_find(call->partition, in.vcpu);
    if (!vcpu)
        return -XEN_ENOENT;
    xv = xen_vcpu_get(vcpu);
    if (!xv)
        return -XEN_ENOMEM;
    xv->lapic_vector = in.vector;
    op_vcpu_external_set(vcpu, 0);
    if (xen_upcall_is_pending(xv))
        op_vcpu_lapic_raise(vcpu, in.vector);
    return 0;
}

s64 xen_hvm_op_flush_tlbs(struct xen_call *call)
{
    /* A guest's own flushes work without us, on every CPU it has. */
    return call->arg[1] ? -XEN_EINVAL : 0;
}

s64 xen_hvm_op_get_time(struct xen_call *call)
{
    struct xen_hvm_get_time out = {op_clock_now_ns()};

    return xen_errno(xen_store(call, call->arg[1], &out, sizeof(out)));
}

s64 xen_hvm_op_xentrace(struct xen_call *call)
{
    struct xen_hvm_xentrace in;

    if (xen_fetch(call, call->arg[1], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    return in.extra_bytes > sizeof(in.extra) || in.event > TRACE_EVENT_MAX ? -XEN_EINVAL : 0;
}

/* Nobody listens here. */
s64 xen_hvm_op_guest_request_vm_event(struct xen_call *call)
{
    return call->arg[1] ? -XEN_EINVAL : 0;
}

s64 xen_hvm_op_get_mem_type(struct xen_call *call)
{
    struct xen_hvm_get_mem_type io;
    s64 error;

    if (xen_fetch(call, call->arg[1], &io, sizeof(io)) != ST_OK)
        return -XEN_EFAULT;
    error = xen_domid_check(call, io.domid);
    if (error)
        return error;
    io.mem_type =
        io.pfn < BIT(34) && op_memory_is_present(call->partition, gpa(io.pfn << PAGE_SHIFT))
            ? XEN_HVMMEM_RAM_RW
            : XEN_HVMMEM_MMIO_DM;
    return xen_errno(xen_store(call, call->arg[1], &io, sizeof(io)));
}
