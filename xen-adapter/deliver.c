/*
 * Delivery: raised ports become pending bits in the pages the guest reads, and those become an
 * upcall. All bitmaps are little-endian, so bytes serve the 32-bit and the 64-bit layout.
 */
#include "xen-adapter/event.h"

#include "xen-adapter/xen.h"

#define LEGACY_OFFSET(narrow, field)                                                           \
    ((narrow) ? offsetof(struct xen_shared_info_32, field)                                     \
              : offsetof(struct xen_shared_info, field))
#define INFO_OFFSET(narrow, field)                                                             \
    ((narrow) ? offsetof(struct xen_vcpu_info_32, field)                                       \
              : offsetof(struct xen_vcpu_info, field))

u8 *xen_legacy_info(struct xen_domain *domain, u32 vcpu)
{
    if (vcpu >= XEN_LEGACY_VCPUS)
        return NULL;
    return domain->shared + vcpu * sizeof(struct xen_vcpu_info);
}

u8 *xen_shared_pending(const struct xen_domain *domain)
{
    return domain->shared + LEGACY_OFFSET(domain->is_narrow, evtchn_pending);
}

u8 *xen_shared_mask(const struct xen_domain *domain)
{
    return domain->shared + LEGACY_OFFSET(domain->is_narrow, evtchn_mask);
}

u32 xen_shared_ports(const struct xen_domain *domain)
{
    return domain->is_narrow ? XEN_EVTCHN_2L_CHANNELS_32 : XEN_EVTCHN_2L_CHANNELS;
}

static bool bit_set(u8 *bits, u32 bit)
{
    u8 mask = (u8)(1u << bit % 8);

    return __atomic_fetch_or(bits + bit / 8, mask, __ATOMIC_ACQ_REL) & mask;
}

static bool bit_clear(u8 *bits, u32 bit)
{
    u8 mask = (u8)(1u << bit % 8);

    return __atomic_fetch_and(bits + bit / 8, (u8)~mask, __ATOMIC_ACQ_REL) & mask;
}

static bool bit_test(const u8 *bits, u32 bit)
{
    return __atomic_load_n(bits + bit / 8, __ATOMIC_ACQUIRE) >> bit % 8 & 1;
}

bool xen_shared_set_pending(struct xen_domain *domain, u32 port)
{
    return port < xen_shared_ports(domain) && !bit_set(xen_shared_pending(domain), port);
}

u32 xen_port_data_pack(struct xen_port_data data)
{
    return (u32)data.virq_plus_1 | (u32)data.priority << 8 | (u32)data.last_priority << 12 |
           (u32)data.last_vcpu << 16;
}

struct xen_port_data xen_port_data_unpack(u32 word)
{
    return (struct xen_port_data){
        .virq_plus_1 = (u8)word,
        .priority = word >> 8 & 15,
        .last_priority = word >> 12 & 15,
        .last_vcpu = (u8)(word >> 16),
    };
}

void xen_upcall_mark(struct xen_vcpu *xv)
{
    u8 *pending;

    if (!xv->info)
        return;
    pending = xv->info + INFO_OFFSET(xv->domain->is_narrow, upcall_pending);
    if (__atomic_exchange_n(pending, 1, __ATOMIC_ACQ_REL))
        return;
    if (xv->lapic_vector)
        op_vcpu_lapic_raise(xv->vcpu, xv->lapic_vector);
}

bool xen_upcall_is_pending(const struct xen_vcpu *xv)
{
    return xv->info &&
           __atomic_load_n(xv->info + INFO_OFFSET(xv->domain->is_narrow, upcall_pending),
                           __ATOMIC_ACQUIRE);
}

void xen_upcall_force(struct xen_vcpu *xv)
{
    u8 *selector = xv->info + INFO_OFFSET(xv->domain->is_narrow, pending_sel);
    u32 width = xv->domain->is_narrow ? 32 : 64;
    u32 bit;

    for (bit = 0; bit < width; bit++)
        (void)bit_set(selector, bit);
    __atomic_store_n(xv->info + INFO_OFFSET(xv->domain->is_narrow, upcall_pending), 0,
                     __ATOMIC_RELEASE);
    xen_upcall_mark(xv);
    op_vcpu_wake(xv->vcpu);
}

static void two_level_set_pending(struct xen_vcpu *xv, u32 port)
{
    struct xen_domain *domain = xv->domain;
    u32 shift = domain->is_narrow ? 5 : 6;

    if (port >= xen_shared_ports(domain) || bit_set(xen_shared_pending(domain), port))
        return;
    if (bit_test(xen_shared_mask(domain), port) || !xv->info)
        return;
    if (!bit_set(xv->info + INFO_OFFSET(domain->is_narrow, pending_sel), port >> shift))
        xen_upcall_mark(xv);
}

void xen_event_set_pending(struct xen_vcpu *xv, u32 port)
{
    if (xv->domain->is_fifo)
        xen_fifo_set_pending(xv, port);
    else
        two_level_set_pending(xv, port);
}

void xen_event_clear_pending(struct xen_domain *domain, u32 port)
{
    u32 *word = domain->is_fifo ? xen_fifo_word(domain, port) : NULL;

    if (word)
        __atomic_and_fetch(word, ~XEN_FIFO_PENDING, __ATOMIC_ACQ_REL);
    if (port < xen_shared_ports(domain))
        (void)bit_clear(xen_shared_pending(domain), port);
}

bool xen_event_is_pending(const struct xen_domain *domain, u32 port)
{
    const u32 *word = domain->is_fifo ? xen_fifo_word(domain, port) : NULL;

    if (word)
        return __atomic_load_n(word, __ATOMIC_ACQUIRE) & XEN_FIFO_PENDING;
    return port < xen_shared_ports(domain) && bit_test(xen_shared_pending(domain), port);
}

bool xen_event_unmask(struct xen_domain *domain, u32 port)
{
    u32 *word = domain->is_fifo ? xen_fifo_word(domain, port) : NULL;

    if (word)
        return __atomic_fetch_and(word, ~XEN_FIFO_MASKED, __ATOMIC_ACQ_REL) & XEN_FIFO_PENDING;
    if (domain->is_fifo || port >= xen_shared_ports(domain))
        return false;
    return bit_clear(xen_shared_mask(domain), port) &&
           bit_clear(xen_shared_pending(domain), port);
}

void xen_deliver(struct vcpu *vcpu)
{
    struct xen_vcpu *xv = xen_vcpu_get(vcpu);
    u32 port;

    while (op_port_take_raised(vcpu, &port))
        if (xv)
            xen_event_set_pending(xv, port);
    if (!xv || !xv->domain->callback_vector || xv->lapic_vector)
        return;
    op_vcpu_external_set(vcpu, xen_upcall_is_pending(xv) ? xv->domain->callback_vector : 0);
}
