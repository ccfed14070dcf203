/* CPUID leaves and the hypercall page. [xen/arch-x86/cpuid.h] */
#ifndef XEN_ADAPTER_ABI_XEN_CPUID_H
#define XEN_ADAPTER_ABI_XEN_CPUID_H

#include "xen-adapter/abi/xen_base.h"

#define XEN_CPUID_BASE          0x40000000u
#define XEN_CPUID_BASE_BESIDE   0x40000100u /* behind another interface's leaves */
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558u /* "XenV" */
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4du /* "MMXe" */
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566eu /* "nVMM" */
enum xen_cpuid_leaf_index {
    XEN_CPUID_LEAF_SIGNATURE = 0,
    XEN_CPUID_LEAF_VERSION = 1,
    XEN_CPUID_LEAF_HYPERCALL = 2,
    XEN_CPUID_LEAF_TIME = 3,
    XEN_CPUID_LEAF_HVM = 4,
    XEN_CPUID_LEAF_PV = 5,
    XEN_CPUID_LEAF_MAX = 5,
};
enum xen_cpuid_hypercall_bit {
    XEN_CPUID2_ECX_MMU_PT_UPDATE_PRESERVE_AD = 1 << 0,
};
enum xen_cpuid_time_bit {
    XEN_CPUID3_EAX_TSC_EMULATED = 1 << 0,
    XEN_CPUID3_EAX_TSC_RELIABLE = 1 << 1,
    XEN_CPUID3_EAX_RDTSCP_OFFERED = 1 << 2,
};
enum xen_cpuid_hvm_bit {
    XEN_CPUID4_EAX_APIC_VIRT = 1 << 0,
    XEN_CPUID4_EAX_X2APIC_VIRT = 1 << 1,
    XEN_CPUID4_EAX_IOMMU_MAPPINGS = 1 << 2,
    XEN_CPUID4_EAX_VCPU_ID = 1 << 3,
    XEN_CPUID4_EAX_DOMID = 1 << 4,
    XEN_CPUID4_EAX_EXT_DEST_ID = 1 << 5,
    XEN_CPUID4_EAX_UPCALL_VECTOR = 1 << 6,
};

/* Hypercall page: stub n at 32 * n; MSR value = guest page address | page index. */
#define XEN_MSR_HYPERCALL_PAGE  0x40000000u
#define XEN_MSR_PAGE_BESIDE     0x40000200u
#define XEN_HYPERCALL_STUB_SIZE 32u
#define XEN_HYPERCALL_COUNT     64u

#endif
