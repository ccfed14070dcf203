/* VCPUOP_initialise: the first state of a secondary vCPU [xen/hvm/hvm_vcpu.h]. */
#include "xen-adapter/call.h"

#define CR0_PE           BIT(0)
#define CR0_PG           BIT(31)
#define CR4_PAE          BIT(5)
#define EFER_LME         BIT(8)
#define EFER_LMA         BIT(10)
#define EFER_NX          BIT(11)
#define ATTRIBUTE_S      BIT(4)
#define ATTRIBUTE_P      BIT(7)
#define ATTRIBUTE_L      BIT(9)
#define ATTRIBUTE_UNUSED 0xf000u

/* The ABI packs type, S, DPL and P into bits 0-7 and AVL, L, D/B, G into 8-11, as we do. */
static struct op_segment segment_make(u32 base, u32 limit, u16 attributes)
{
    return (struct op_segment){.base = base, .limit = limit, .attributes = attributes};
}

static bool segment_is_bad(const struct op_segment *segment)
{
    return segment->attributes & ATTRIBUTE_UNUSED ||
           (segment->attributes & ATTRIBUTE_P && !(segment->attributes & ATTRIBUTE_S));
}

static s64 context_narrow(const struct xen_vcpu_hvm_x86_32 *in, struct op_vcpu_context *out)
{
    if (in->pad1 || in->pad2[0] || in->pad2[1] || in->pad2[2])
        return -XEN_EINVAL;
    out->regs = (struct regs){
        .rax = in->eax,
        .rcx = in->ecx,
        .rdx = in->edx,
        .rbx = in->ebx,
        .rsp = in->esp,
        .rbp = in->ebp,
        .rsi = in->esi,
        .rdi = in->edi,
        .rip = in->eip,
        .rflags = in->eflags | 2,
    };
    out->cr0 = in->cr0;
    out->cr3 = in->cr3;
    out->cr4 = in->cr4;
    out->efer = in->efer;
    out->cs = segment_make(in->cs_base, in->cs_limit, in->cs_ar);
    out->ds = segment_make(in->ds_base, in->ds_limit, in->ds_ar);
    out->es = segment_make(in->es_base, in->es_limit, in->es_ar);
    out->ss = segment_make(in->ss_base, in->ss_limit, in->ss_ar);
    out->tr = segment_make(in->tr_base, in->tr_limit, in->tr_ar);
    if (segment_is_bad(&out->cs) || segment_is_bad(&out->ds) || segment_is_bad(&out->es) ||
        segment_is_bad(&out->ss) || out->tr.attributes & ATTRIBUTE_UNUSED)
        return -XEN_EINVAL;
    if (!(out->cs.attributes & ATTRIBUTE_P) || out->cs.attributes & ATTRIBUTE_L)
        return -XEN_EINVAL;
    if (in->efer & (EFER_LME | EFER_LMA) && !(in->cr4 & CR4_PAE))
        return -XEN_EINVAL;
    return 0;
}

static s64 context_wide(const struct xen_vcpu_hvm_x86_64 *in, struct op_vcpu_context *out)
{
    const u64 long_mode = EFER_LME | EFER_LMA;

    if ((in->cr0 & (CR0_PE | CR0_PG)) != (CR0_PE | CR0_PG) || !(in->cr4 & CR4_PAE) ||
        (in->efer & long_mode) != long_mode)
        return -XEN_EINVAL;
    out->regs = (struct regs){
        .rax = in->rax,
        .rcx = in->rcx,
        .rdx = in->rdx,
        .rbx = in->rbx,
        .rsp = in->rsp,
        .rbp = in->rbp,
        .rsi = in->rsi,
        .rdi = in->rdi,
        .rip = in->rip,
        .rflags = in->rflags | 2,
    };
    out->cr0 = in->cr0;
    out->cr3 = in->cr3;
    out->cr4 = in->cr4;
    out->efer = in->efer;
    out->cs = segment_make(0, 0xffffffffu, 0xa9b);
    out->ds = segment_make(0, 0xffffffffu, 0xc93);
    out->es = out->ds;
    out->ss = out->ds;
    out->tr = segment_make(0, 0x67, 0x8b);
    return 0;
}

/* A local APIC of the vCPU keeps its reset state; vCPUs start up by INIT/SIPI as well. */
s64 xen_vcpu_op_initialise(struct xen_call *call)
{
    struct vcpu *vcpu = op_vcpu_find(call->partition, (u32)call->arg[1]);
    struct xen_vcpu_hvm_context in;
    struct op_vcpu_context context = {0};
    s64 error;

    if (!vcpu)
        return -XEN_ENOENT;
    if (xen_fetch(call, call->arg[2], &in, sizeof(in)) != ST_OK)
        return -XEN_EFAULT;
    if (op_vcpu_is_initialised(vcpu))
        return -XEN_EEXIST;
    if (in.pad)
        return -XEN_EINVAL;
    if (in.mode == XEN_VCPU_HVM_MODE_32B)
        error = context_narrow(&in.cpu_regs.x86_32, &context);
    else if (in.mode == XEN_VCPU_HVM_MODE_64B)
        error = context_wide(&in.cpu_regs.x86_64, &context);
    else
        error = -XEN_EINVAL;
    return error ? error : xen_errno(op_vcpu_initialise(vcpu, &context));
}
