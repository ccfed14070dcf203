/* Grant tables. [xen/grant_table.h] */
#ifndef XEN_ADAPTER_ABI_XEN_GRANT_H
#define XEN_ADAPTER_ABI_XEN_GRANT_H

#include "xen-adapter/abi/xen_base.h"

struct xen_grant_entry_v1 {
    uint16_t flags;
    uint16_t domid;
    uint32_t frame;
};
struct xen_grant_entry_v2 {
    uint16_t flags;
    uint16_t domid;
    union {
        struct {
            uint32_t pad0;
            uint64_t frame;
        } __attribute__((packed)) full_page;
        struct {
            uint16_t page_off;
            uint16_t length;
            uint64_t frame;
        } __attribute__((packed)) sub_page;
        struct {
            uint16_t trans_domid;
            uint16_t pad0;
            uint32_t gref;
        } transitive;
    } u;
};
enum xen_grant_flag {
    XEN_GTF_INVALID = 0,
    XEN_GTF_PERMIT_ACCESS = 1,
    XEN_GTF_ACCEPT_TRANSFER = 2,
    XEN_GTF_TRANSITIVE = 3,
    XEN_GTF_TYPE_MASK = 3,
    XEN_GTF_READONLY = 1 << 2,
    XEN_GTF_READING = 1 << 3,
    XEN_GTF_WRITING = 1 << 4,
    XEN_GTF_SUB_PAGE = 1 << 8,
};
enum xen_grant_map_flag {
    XEN_GNTMAP_DEVICE_MAP = 1 << 0,
    XEN_GNTMAP_HOST_MAP = 1 << 1,
    XEN_GNTMAP_READONLY = 1 << 2,
    XEN_GNTMAP_APPLICATION_MAP = 1 << 3,
    XEN_GNTMAP_CONTAINS_PTE = 1 << 4,
};
enum xen_grant_status {
    XEN_GNTST_OKAY = 0,
    XEN_GNTST_GENERAL_ERROR = -1,
    XEN_GNTST_BAD_DOMAIN = -2,
    XEN_GNTST_BAD_GNTREF = -3,
    XEN_GNTST_BAD_HANDLE = -4,
    XEN_GNTST_BAD_VIRT_ADDR = -5,
    XEN_GNTST_BAD_DEV_ADDR = -6,
    XEN_GNTST_NO_DEVICE_SPACE = -7,
    XEN_GNTST_PERMISSION_DENIED = -8,
    XEN_GNTST_BAD_PAGE = -9,
    XEN_GNTST_BAD_COPY_ARG = -10,
    XEN_GNTST_ADDRESS_TOO_BIG = -11,
    XEN_GNTST_EAGAIN = -12,
    XEN_GNTST_NO_SPACE = -13,
};
#define XEN_GRANT_RESERVED_ENTRIES  8
#define XEN_GRANT_RESERVED_CONSOLE  0
#define XEN_GRANT_RESERVED_XENSTORE 1
struct xen_gnttab_map_grant_ref {
    uint64_t host_addr;
    uint32_t flags;
    uint32_t ref;
    uint16_t dom;
    int16_t status;
    uint32_t handle;
    uint64_t dev_bus_addr;
};
struct xen_gnttab_unmap_grant_ref {
    uint64_t host_addr;
    uint64_t dev_bus_addr;
    uint32_t handle;
    int16_t status;
};
struct xen_gnttab_setup_table {
    uint16_t dom;
    uint32_t nr_frames;
    int16_t status;
    uint64_t frame_list;
};
struct xen_gnttab_transfer {
    uint64_t mfn;
    uint16_t domid;
    uint32_t ref;
    int16_t status;
};
struct xen_gnttab_copy {
    struct {
        uint64_t ref_or_gmfn;
        uint16_t domid;
        uint16_t offset;
    } source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};
struct xen_gnttab_query_size {
    uint16_t dom;
    uint32_t nr_frames;
    uint32_t max_nr_frames;
    int16_t status;
};
struct xen_gnttab_unmap_and_replace {
    uint64_t host_addr;
    uint64_t new_addr;
    uint32_t handle;
    int16_t status;
};
struct xen_gnttab_set_version {
    uint32_t version;
};
struct xen_gnttab_get_status_frames {
    uint32_t nr_frames;
    uint16_t dom;
    int16_t status;
    uint64_t frame_list;
};
struct xen_gnttab_get_version {
    uint16_t dom;
    uint16_t pad;
    uint32_t version;
};
struct xen_gnttab_swap_grant_ref {
    uint32_t ref_a;
    uint32_t ref_b;
    int16_t status;
};

#endif
