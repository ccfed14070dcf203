#include "enlight/state.h"
#include "enlight/ioapic.h"
#include "enlight/reftsc.h"
#include "enlight/synic.h"

struct tlfs_domain *tlfs_domain_get(struct partition *p)
{
    struct tlfs_domain *domain = op_partition_abi(p, OP_ABI_TLFS);
    void *page;

    if (domain)
        return domain;
    if (op_page_alloc(p, &page) != ST_OK)
        return NULL;
    domain = page;
    reftsc_begin(p, domain);
    ioapic_reset(&domain->ioapic);
    op_partition_abi_set(p, OP_ABI_TLFS, domain);
    return domain;
}

struct tlfs_vcpu *tlfs_vcpu_get(struct vcpu *vcpu)
{
    struct tlfs_vcpu *tv = op_vcpu_abi(vcpu, OP_ABI_TLFS);
    struct tlfs_domain *domain;
    struct partition *p;
    void *page;

    if (tv)
        return tv;
    p = op_vcpu_partition(vcpu);
    domain = tlfs_domain_get(p);
    if (!domain || op_page_alloc(p, &page) != ST_OK)
        return NULL;
    tv = page;
    tv->vcpu = vcpu;
    tv->domain = domain;
    synic_reset(tv);
    op_vcpu_abi_set(vcpu, OP_ABI_TLFS, tv);
    return tv;
}

void *tlfs_shared_page(struct partition *p, enum native_property which)
{
    u64 page = op_partition_property(p, which);
    void *at;

    return page != 0 && op_memory_hold(p, gpa(page << PAGE_SHIFT), &at) == ST_OK ? at : NULL;
}
