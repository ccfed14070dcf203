/*
 * memory_op: what a guest asks about its memory, and the physmap that it does not have.
 */
#include "xen-adapter/pv/event.h"
#include "xen-adapter/pv/guest_copy.h"
#include "xen-adapter/pv/hypercall.h"
#include "xen-adapter/pv/mmu.h"

/* What L0 answers about a domain's memory: it knows which domains there are. */
static s64 domain_ask(u32 sub, u16 id)
{
    struct xen_domid_arg domain = {id};

    return l0_call(XENNR_memory_op, sub, (u64)&domain, 0, 0, 0);
}

/* L0 counts the shim's own frames too. */
static s64 reservation_count(u64 argument, u32 sub)
{
    struct xen_domid_arg domain;
    s64 result;

    if (copy_from_guest(&domain, argument, sizeof(domain)) != ST_OK)
        return -XEN_EFAULT;
    result = domain_ask(sub, domain.domid);
    if (result < 0)
        return result;
    return result - (s64)(shim.domain.ram_frames - shim.domain.nr_pages);
}

HANDLER(op_memory_op_current_reservation)
{
    return reservation_count(a1, XENOP_memory_op_current_reservation);
}

HANDLER(op_memory_op_maximum_reservation)
{
    return reservation_count(a1, XENOP_memory_op_maximum_reservation);
}

/* L0 tells a domain that there is not from one that the guest may not ask about. */
bool domain_exists(u16 id)
{
    return domain_ask(XENOP_memory_op_current_reservation, id) != -XEN_ESRCH;
}

/* Only a translated guest has a physmap of its own to change, and only a control domain
 * others'. */
static s64 physmap_refuse(u16 domain)
{
    return domain_exists(domain) ? -XEN_EACCES : -XEN_ESRCH;
}

HANDLER(op_memory_op_add_to_physmap)
{
    struct xen_add_to_physmap map;

    if (copy_from_guest(&map, a1, sizeof(map)) != ST_OK)
        return -XEN_EFAULT;
    return map.space == XEN_MAPSPACE_GMFN_FOREIGN ? -XEN_ENOSYS : physmap_refuse(map.domid);
}

HANDLER(op_memory_op_add_to_physmap_batch)
{
    struct xen_add_to_physmap_batch map;

    if (copy_from_guest(&map, a1, sizeof(map)) != ST_OK)
        return -XEN_EFAULT;
    return physmap_refuse(map.domid);
}

HANDLER(op_memory_op_remove_from_physmap)
{
    struct xen_remove_from_physmap remove;

    if (copy_from_guest(&remove, a1, sizeof(remove)) != ST_OK)
        return -XEN_EFAULT;
    return physmap_refuse(remove.domid);
}

/* No guest has virtual NUMA. */
HANDLER(op_memory_op_get_vnumainfo)
{
    struct xen_vnuma_topology_info info;
    s64 result;

    if (copy_from_guest(&info, a1, sizeof(info)) != ST_OK)
        return -XEN_EFAULT;
    if (info.pad != 0)
        return -XEN_EINVAL;
    result = domain_ask(XENOP_memory_op_current_reservation, info.domid);
    return result < 0 ? result : -XEN_EOPNOTSUPP;
}

/* No devices are passed through, so no memory is reserved for them. */
HANDLER(op_memory_op_reserved_device_memory_map)
{
    struct xen_reserved_device_memory_map map;

    if (copy_from_guest(&map, a1, sizeof(map)) != ST_OK)
        return -XEN_EFAULT;
    if ((map.flags & ~(u32)XEN_RDM_ALL) != 0)
        return -XEN_EINVAL;
    map.nr_entries = 0;
    return xen_errno(copy_to_guest(a1, &map, sizeof(map)));
}

HANDLER(op_memory_op_maximum_ram_page)
{
    return (s64)shim.domain.mfn_end - 1;
}

HANDLER(op_memory_op_maximum_gpfn)
{
    return (s64)guest_shared->arch.max_pfn - 1;
}

/* No page of it is shared. */
HANDLER(op_memory_op_get_sharing_freed_pages)
{
    return 0;
}

HANDLER(op_memory_op_get_sharing_shared_pages)
{
    return 0;
}

/* The M2P is no list of 2 MiB pieces here, and nobody outside may map it. */
HANDLER(op_memory_op_machphys_mfn_list)
{
    struct xen_machphys_mfn_list list;

    if (copy_from_guest(&list, a1, sizeof(list)) != ST_OK)
        return -XEN_EFAULT;
    list.nr_extents = 0;
    return xen_errno(copy_to_guest(a1, &list, sizeof(list)));
}

HANDLER(op_memory_op_machphys_mapping)
{
    struct xen_machphys_mapping mapping = {XEN_MACH2PHYS_VIRT_START, XEN_MACH2PHYS_VIRT_END,
                                           shim.domain.mfn_end - 1};

    return xen_errno(copy_to_guest(a1, &mapping, sizeof(mapping)));
}

/* What a toolstack gives a PV guest: one range of RAM from pfn 0. */
HANDLER(op_memory_op_memory_map)
{
    struct xen_e820_entry ram = {0, shim.domain.max_pages << PAGE_SHIFT, MEMORY_RAM};
    struct xen_memory_map map;

    if (copy_from_guest(&map, a1, sizeof(map)) != ST_OK)
        return -XEN_EFAULT;
    if (map.nr_entries > 0 && copy_to_guest(map.buffer, &ram, sizeof(ram)) != ST_OK)
        return -XEN_EFAULT;
    map.nr_entries = MIN(map.nr_entries, 1u);
    return xen_errno(copy_to_guest(a1, &map, sizeof(map)));
}

/* Contiguous or low memory is never to be had: Xen's own answer then. */
HANDLER(op_memory_op_exchange)
{
    struct xen_memory_exchange exchange;

    if (copy_from_guest(&exchange, a1, sizeof(exchange)) != ST_OK)
        return -XEN_EFAULT;
    if (exchange.in.domid != XEN_DOMID_SELF || exchange.out.domid != XEN_DOMID_SELF)
        return -XEN_EPERM;
    return -XEN_ENOMEM;
}
