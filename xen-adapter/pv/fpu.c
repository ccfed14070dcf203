#include "xen-adapter/pv/fpu.h"

#include "xen-adapter/pv/cpu_tables.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/vcpu.h"

void fpu_ts_set(struct pv_vcpu *vcpu, u64 ts)
{
    if (vcpu->cr0_ts == (ts != 0))
        return;
    vcpu->cr0_ts = ts != 0;
    if (ts)
        insn_write_cr0(cpu_cr0() | CR0_TS);
    else
        insn_clts();
}

HANDLER(hypercall_fpu_taskswitch)
{
    fpu_ts_set(this_vcpu(), a1 != 0);
    return 0;
}
