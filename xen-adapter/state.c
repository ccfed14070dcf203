#include "xen-adapter/state.h"

#include "hv/lib/string.h"
#include "xen-adapter/event.h"
#include "xen-adapter/time.h"

struct xen_domain *xen_domain_get(struct partition *p)
{
    struct xen_domain *domain = op_partition_abi(p, OP_ABI_XEN);
    void *state, *shared;
    u32 i;

    if (domain)
        return domain;
    if (op_page_alloc(p, &state) != ST_OK)
        return NULL;
    if (op_page_alloc(p, &shared) != ST_OK) {
        op_page_free(p, state);
        return NULL;
    }
    domain = state;
    domain->shared = shared;
    domain->shared_gfn = XEN_GFN_NONE;
    for (i = 0; i < XEN_GRANT_FRAMES_MAX; i++)
        domain->grant_gfn[i] = XEN_GFN_NONE;
    for (i = 0; i < ARRAY_SIZE(domain->grant_status_gfn); i++)
        domain->grant_status_gfn[i] = XEN_GFN_NONE;
    domain->param[XEN_HVM_PARAM_STORE_PFN] = op_partition_property(p, NATIVE_STORE_GFN);
    domain->param[XEN_HVM_PARAM_STORE_EVTCHN] = op_partition_property(p, NATIVE_STORE_PORT);
    domain->param[XEN_HVM_PARAM_CONSOLE_PFN] = op_partition_property(p, NATIVE_CONSOLE_GFN);
    domain->param[XEN_HVM_PARAM_CONSOLE_EVTCHN] = op_partition_property(p, NATIVE_CONSOLE_PORT);
    op_partition_abi_set(p, OP_ABI_XEN, domain);
    return domain;
}

static struct xen_vcpu *__attribute__((noinline)) vcpu_make(struct vcpu *vcpu)
{
    struct partition *p = op_vcpu_partition(vcpu);
    struct xen_domain *domain = xen_domain_get(p);
    struct xen_vcpu *xv;
    void *state;

    if (!domain || op_page_alloc(p, &state) != ST_OK)
        return NULL;
    xv = state;
    xv->vcpu = vcpu;
    xv->domain = domain;
    xv->info = xen_legacy_info(domain, op_vcpu_id(vcpu));
    op_vcpu_abi_set(vcpu, OP_ABI_XEN, xv);
    return xv;
}

/* Asked for at every entry: making it, once, is out of line. */
struct xen_vcpu *xen_vcpu_get(struct vcpu *vcpu)
{
    struct xen_vcpu *xv = op_vcpu_abi(vcpu, OP_ABI_XEN);

    return xv ? xv : vcpu_make(vcpu);
}

void xen_area_clear(struct vcpu *vcpu, struct xen_area *area)
{
    struct partition *p = op_vcpu_partition(vcpu);
    u32 i;

    for (i = 0; i < 2; i++)
        if (area->part[i])
            op_memory_unhold(p, area->part[i]);
    *area = (struct xen_area){0};
}

enum status xen_area_set_physical(struct vcpu *vcpu, struct xen_area *area, gpa_t at, u32 bytes)
{
    void *pointer;

    if ((at.raw & PAGE_MASK) + bytes > PAGE_SIZE)
        return ST_INVALID;
    TRY(op_memory_hold(op_vcpu_partition(vcpu), at, &pointer));
    xen_area_clear(vcpu, area);
    area->part[0] = pointer;
    area->bytes[0] = bytes;
    return ST_OK;
}

enum status xen_area_set_virtual(struct vcpu *vcpu, struct xen_area *area, gva_t at, u32 bytes)
{
    struct partition *p = op_vcpu_partition(vcpu);
    struct xen_area next = {0};
    u32 first = (u32)MIN((u64)bytes, PAGE_SIZE - (at.raw & PAGE_MASK));
    void *pointer;
    enum status status;
    gpa_t where;

    TRY(mem_translate(vcpu, at, MEM_WRITE, &where));
    TRY(op_memory_hold(p, where, &pointer));
    next.part[0] = pointer;
    next.bytes[0] = first;
    if (first < bytes) {
        status = mem_translate(vcpu, gva(at.raw + first), MEM_WRITE, &where);
        if (status == ST_OK)
            status = op_memory_hold(p, where, &pointer);
        if (status != ST_OK) {
            xen_area_clear(vcpu, &next);
            return status;
        }
        next.part[1] = pointer;
        next.bytes[1] = bytes - first;
    }
    xen_area_clear(vcpu, area);
    *area = next;
    return ST_OK;
}

void xen_area_write(const struct xen_area *area, u32 offset, const void *from, u32 bytes)
{
    const u8 *source = from;
    u32 i;

    for (i = 0; i < 2 && bytes; i++) {
        u32 count;

        if (offset >= area->bytes[i]) {
            offset -= area->bytes[i];
            continue;
        }
        count = MIN(bytes, area->bytes[i] - offset);
        memcpy(area->part[i] + offset, source, count);
        source += count;
        bytes -= count;
        offset = 0;
    }
}

void xen_domain_latch(struct partition *p, struct xen_domain *domain, bool is_narrow)
{
    u32 i;

    if (domain->is_narrow == is_narrow)
        return;
    domain->is_narrow = is_narrow;
    memset(domain->shared, 0, PAGE_SIZE);
    for (i = 0; i < op_partition_vcpu_count(p); i++) {
        struct vcpu *vcpu = op_vcpu_find(p, i);
        struct xen_vcpu *xv = vcpu ? op_vcpu_abi(vcpu, OP_ABI_XEN) : NULL;

        if (xv && !xv->is_info_moved)
            xv->info = xen_legacy_info(domain, i);
    }
    domain->has_clock = false;
}
