/* xen_version. [xen/version.h] */
#ifndef XEN_ADAPTER_ABI_XEN_VERSION_H
#define XEN_ADAPTER_ABI_XEN_VERSION_H

#include "xen-adapter/abi/xen_base.h"

struct xen_extraversion {
    char text[16];
};
struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
struct xen_capabilities_info {
    char text[1024];
};
struct xen_changeset_info {
    char text[64];
};
struct xen_platform_parameters {
    uint64_t virt_start;
};
struct xen_feature_info {
    uint32_t submap_idx;
    uint32_t submap;
};
struct xen_domain_handle {
    uint8_t uuid[16];
};
struct xen_commandline {
    char text[1024];
};
struct xen_varbuf {
    uint32_t len; /* in: room, out: length */
};

#endif
