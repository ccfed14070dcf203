/* Shared pages: shared_info, vcpu_info and its time record. [xen/xen.h] */
#ifndef XEN_ADAPTER_ABI_XEN_SHARED_H
#define XEN_ADAPTER_ABI_XEN_SHARED_H

#include "xen-adapter/abi/xen_base.h"

struct xen_vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad1[2];
};
enum xen_pvclock_flag {
    XEN_PVCLOCK_TSC_STABLE = 1 << 0,
    XEN_PVCLOCK_GUEST_STOPPED = 1 << 1,
};

struct xen_vcpu_info {
    uint8_t upcall_pending;
    uint8_t upcall_mask;
    uint8_t pad0[6];
    uint64_t pending_sel;
    uint64_t cr2;
    uint64_t pad1;
    struct xen_vcpu_time_info time;
};

#define XEN_LEGACY_VCPUS 32
struct xen_shared_info {
    struct xen_vcpu_info vcpu_info[XEN_LEGACY_VCPUS];
    uint64_t evtchn_pending[64];
    uint64_t evtchn_mask[64];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t wc_sec_hi;
    struct {
        uint64_t max_pfn;
        uint64_t pfn_to_mfn_frame_list_list;
        uint64_t nmi_reason;
        uint64_t p2m_cr3;
        uint64_t p2m_vaddr;
        uint64_t p2m_generation;
    } arch;
};

/* The 32-bit layout of the same page, for guests that call in 32-bit mode. */
struct xen_vcpu_info_32 {
    uint8_t upcall_pending;
    uint8_t upcall_mask;
    uint8_t pad0[2];
    uint32_t pending_sel;
    uint32_t cr2;
    uint32_t pad1;
    struct xen_vcpu_time_info time;
    uint8_t pad2[16];
};
struct xen_shared_info_32 {
    struct xen_vcpu_info_32 vcpu_info[XEN_LEGACY_VCPUS];
    uint32_t evtchn_pending[32];
    uint32_t evtchn_mask[32];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    uint32_t max_pfn;
    uint32_t pfn_to_mfn_frame_list_list;
    uint32_t nmi_reason;
    uint32_t p2m_cr3;
    uint32_t p2m_vaddr;
    uint32_t p2m_generation;
    uint32_t wc_sec_hi;
};

#endif
