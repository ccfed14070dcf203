/* memory_op, and the map entries it returns. [xen/memory.h, xen/hvm/e820.h] */
#ifndef XEN_ADAPTER_ABI_XEN_MEMORY_H
#define XEN_ADAPTER_ABI_XEN_MEMORY_H

#include "xen-adapter/abi/xen_base.h"

#define XEN_MEMORY_OP_MASK         0x3fu /* above it: the start extent of a continued call */
#define XEN_MEMORY_OP_EXTENT_SHIFT 6
#define XEN_EXTENT_ORDER_MAX       63
struct xen_memory_reservation {
    uint64_t extent_start; /* array of u64 frame numbers */
    uint64_t nr_extents;
    uint32_t extent_order;
    uint32_t mem_flags;
    uint16_t domid;
};
enum xen_memory_flag {
    XEN_MEMF_POPULATE_ON_DEMAND = 1 << 16,
    XEN_MEMF_EXACT_NODE = 1 << 17,
    XEN_MEMF_VNODE = 1 << 18,
};
struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    uint64_t nr_exchanged;
};
struct xen_machphys_mfn_list {
    uint32_t max_extents;
    uint64_t extent_start;
    uint32_t nr_extents;
};
struct xen_machphys_mapping {
    uint64_t v_start;
    uint64_t v_end;
    uint64_t max_mfn;
};
enum xen_mapspace {
    XEN_MAPSPACE_SHARED_INFO = 0,
    XEN_MAPSPACE_GRANT_TABLE = 1,
    XEN_MAPSPACE_GMFN = 2,
    XEN_MAPSPACE_GMFN_RANGE = 3,
    XEN_MAPSPACE_GMFN_FOREIGN = 4,
    XEN_MAPSPACE_DEV_MMIO = 5,
};
#define XEN_MAPIDX_GRANT_STATUS 0x80000000u
struct xen_add_to_physmap {
    uint16_t domid;
    uint16_t size;
    uint32_t space;
    uint64_t idx;
    uint64_t gpfn;
};
struct xen_add_to_physmap_batch {
    uint16_t domid;
    uint16_t space;
    uint16_t size;
    uint16_t foreign_domid;
    uint64_t idxs;
    uint64_t gpfns;
    uint64_t errs;
};
struct xen_remove_from_physmap {
    uint16_t domid;
    uint64_t gpfn;
};
struct xen_memory_map {
    uint32_t nr_entries;
    uint64_t buffer;
};
struct xen_foreign_memory_map {
    uint16_t domid;
    struct xen_memory_map map;
};
struct xen_acquire_resource {
    uint16_t domid;
    uint16_t type;
    uint32_t id;
    uint32_t nr_frames;
    uint32_t pad;
    uint64_t frame;
    uint64_t frame_list;
};
struct xen_vnuma_topology_info {
    uint16_t domid;
    uint16_t pad;
    uint32_t nr_vnodes;
    uint32_t nr_vcpus;
    uint32_t nr_vmemranges;
    uint64_t vdistance;
    uint64_t vcpu_to_vnode;
    uint64_t vmemrange;
};
#define XEN_RDM_ALL 1
struct xen_reserved_device_memory_map {
    uint32_t flags;
    uint32_t nr_entries;
    uint64_t buffer;
    uint32_t pci[2];
};
/* INT 15h E820 entry, packed [xen/hvm/e820.h] */
struct xen_e820_entry {
    uint64_t addr;
    uint64_t size;
    uint32_t type;
} __attribute__((packed));
#define XEN_E820_MAX 128

#endif
