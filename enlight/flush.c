/* Remote TLB flushes [TLFS 9.4]: a whole TLB goes, which covers any list of addresses. */
#include "enlight/call.h"

static enum tlfs_status flush(struct tlfs_call *call, u64 flags, u64 vps)
{
    struct vcpu *vcpu;

    if (flags & ~TLFS_FLUSH_FLAGS)
        return TLFS_INVALID_PARAMETER;
    if (flags & TLFS_FLUSH_ALL_PROCESSORS)
        vps = ~(u64)0;
    while ((vcpu = tlfs_set_take(call, &vps)) != NULL)
        op_vcpu_flush(vcpu);
    call->done = call->count;
    return TLFS_SUCCESS;
}

static enum tlfs_status flush_ex(struct tlfs_call *call)
{
    const struct tlfs_flush_ex *in = TLFS_INPUT(call, struct tlfs_flush_ex);
    enum tlfs_status status;
    u64 vps = 0;

    status = tlfs_set_read(call, &in->set, &vps);
    return status == TLFS_SUCCESS ? flush(call, in->flags, vps) : status;
}

enum tlfs_status tlfs_flush_virtual_address_space(struct tlfs_call *call)
{
    const struct tlfs_flush *in = TLFS_INPUT(call, struct tlfs_flush);

    return flush(call, in->flags, in->processors);
}

enum tlfs_status tlfs_flush_virtual_address_list(struct tlfs_call *call)
{
    return tlfs_flush_virtual_address_space(call);
}

enum tlfs_status tlfs_flush_virtual_address_space_ex(struct tlfs_call *call)
{
    return flush_ex(call);
}

enum tlfs_status tlfs_flush_virtual_address_list_ex(struct tlfs_call *call)
{
    return flush_ex(call);
}
