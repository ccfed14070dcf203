#include "xen-adapter/pv/vcpu.h"

void vcpu_enter_kernel(struct pv_vcpu *vcpu)
{
    vcpu->mode = PV_KERNEL;
    insn_swapgs();
    insn_write_cr3(vcpu->kernel_l4.raw << PAGE_SHIFT);
}

void vcpu_enter_user(struct pv_vcpu *vcpu)
{
    vcpu->mode = PV_USER;
    insn_swapgs();
    insn_write_cr3(vcpu->user_l4.raw << PAGE_SHIFT);
}
