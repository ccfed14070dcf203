/* set_segment_base and stack_switch: live registers, nothing is kept. */
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/msr.h"
#include "xen-adapter/pv/vcpu.h"

static s64 base_set(u32 msr, u64 base)
{
    if (!virt_is_canonical(base))
        return -XEN_EINVAL;
    insn_wrmsr(msr, base);
    return 0;
}

HANDLER(op_set_segment_base_fs)
{
    return base_set(MSR_FS_BASE, a1);
}

HANDLER(op_set_segment_base_gs_user)
{
    return base_set(MSR_KERNEL_GS_BASE, a1);
}

HANDLER(op_set_segment_base_gs_kernel)
{
    return base_set(MSR_GS_BASE, a1);
}

/* A selector that cannot be loaded becomes 0, and the call still succeeds. */
HANDLER(op_set_segment_base_gs_user_sel)
{
    (void)segment_load_gs_user((u16)a1);
    return 0;
}

HANDLER(hypercall_stack_switch)
{
    struct pv_vcpu *vcpu = this_vcpu();

    vcpu->kernel_ss = (a1 & 0xffff) | 3;
    vcpu->kernel_sp = a2;
    return 0;
}
