/* Interrupts to sets of processors, and waiting for one that holds a lock. [TLFS 10.5, 7.8] */
#include "enlight/call.h"

static enum tlfs_status send(const struct tlfs_call *call, u32 vector, u64 vps)
{
    struct vcpu *vcpu;

    if (vector < TLFS_VECTOR_FIRST || vector > 0xff)
        return TLFS_INVALID_PARAMETER;
    while ((vcpu = tlfs_set_take(call, &vps)) != NULL)
        op_vcpu_lapic_raise(vcpu, (u8)vector);
    return TLFS_SUCCESS;
}

enum tlfs_status tlfs_send_synthetic_cluster_ipi(struct tlfs_call *call)
{
    const struct tlfs_ipi *in = TLFS_INPUT(call, struct tlfs_ipi);

    return send(call, in->vector, in->processors);
}

enum tlfs_status tlfs_send_synthetic_cluster_ipi_ex(struct tlfs_call *call)
{
    const struct tlfs_ipi_ex *in = TLFS_INPUT(call, struct tlfs_ipi_ex);
    enum tlfs_status status;
    u64 vps = 0;

    status = tlfs_set_read(call, &in->set, &vps);
    return status == TLFS_SUCCESS ? send(call, in->vector, vps) : status;
}

enum tlfs_status tlfs_notify_long_spin_wait(struct tlfs_call *call)
{
    op_vcpu_yield(call->vcpu);
    return TLFS_SUCCESS;
}
