/* hvm_op. [xen/hvm/hvm_op.h, params.h] */
#ifndef XEN_ADAPTER_ABI_XEN_HVM_H
#define XEN_ADAPTER_ABI_XEN_HVM_H

#include "xen-adapter/abi/xen_base.h"

enum xen_hvm_param_index {
    XEN_HVM_PARAM_CALLBACK_IRQ = 0,
    XEN_HVM_PARAM_STORE_PFN = 1,
    XEN_HVM_PARAM_STORE_EVTCHN = 2,
    XEN_HVM_PARAM_PAE_ENABLED = 4,
    XEN_HVM_PARAM_IOREQ_PFN = 5,
    XEN_HVM_PARAM_BUFIOREQ_PFN = 6,
    XEN_HVM_PARAM_VIRIDIAN = 9,
    XEN_HVM_PARAM_TIMER_MODE = 10,
    XEN_HVM_PARAM_HPET_ENABLED = 11,
    XEN_HVM_PARAM_IDENT_PT = 12,
    XEN_HVM_PARAM_DM_DOMAIN = 13,
    XEN_HVM_PARAM_ACPI_S_STATE = 14,
    XEN_HVM_PARAM_VM86_TSS = 15,
    XEN_HVM_PARAM_VPT_ALIGN = 16,
    XEN_HVM_PARAM_CONSOLE_PFN = 17,
    XEN_HVM_PARAM_CONSOLE_EVTCHN = 18,
    XEN_HVM_PARAM_ACPI_IOPORTS_LOCATION = 19,
    XEN_HVM_PARAM_MEMORY_EVENT_CR0 = 20,
    XEN_HVM_PARAM_MEMORY_EVENT_CR3 = 21,
    XEN_HVM_PARAM_MEMORY_EVENT_CR4 = 22,
    XEN_HVM_PARAM_MEMORY_EVENT_INT3 = 23,
    XEN_HVM_PARAM_NESTEDHVM = 24,
    XEN_HVM_PARAM_MEMORY_EVENT_SINGLE_STEP = 25,
    XEN_HVM_PARAM_BUFIOREQ_EVTCHN = 26,
    XEN_HVM_PARAM_PAGING_RING_PFN = 27,
    XEN_HVM_PARAM_MONITOR_RING_PFN = 28,
    XEN_HVM_PARAM_SHARING_RING_PFN = 29,
    XEN_HVM_PARAM_MEMORY_EVENT_MSR = 30,
    XEN_HVM_PARAM_TRIPLE_FAULT_REASON = 31,
    XEN_HVM_PARAM_IOREQ_SERVER_PFN = 32,
    XEN_HVM_PARAM_NR_IOREQ_SERVER_PAGES = 33,
    XEN_HVM_PARAM_VM_GENERATION_ID_ADDR = 34,
    XEN_HVM_PARAM_ALTP2M = 35,
    XEN_HVM_PARAM_X87_FIP_WIDTH = 36,
    XEN_HVM_PARAM_VM86_TSS_SIZED = 37,
    XEN_HVM_PARAM_MCA_CAP = 38,
    XEN_HVM_PARAMS = 39,
};
#define XEN_HVM_CALLBACK_TYPE_SHIFT 56
enum xen_hvm_callback_type {
    XEN_HVM_CALLBACK_GSI = 0,
    XEN_HVM_CALLBACK_PCI_INTX = 1,
    XEN_HVM_CALLBACK_VECTOR = 2,
};
struct xen_hvm_param {
    uint16_t domid;
    uint16_t pad;
    uint32_t index;
    uint64_t value;
};
enum xen_hvm_mem_type {
    XEN_HVMMEM_RAM_RW = 0,
    XEN_HVMMEM_RAM_RO = 1,
    XEN_HVMMEM_MMIO_DM = 2,
};
struct xen_hvm_get_mem_type {
    uint16_t domid;
    uint16_t mem_type; /* out */
    uint16_t pad[2];
    uint64_t pfn;
};
struct xen_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t vector;
};
struct xen_hvm_get_time {
    uint64_t now;
};
struct xen_hvm_xentrace {
    uint16_t event;
    uint16_t extra_bytes;
    uint8_t extra[28];
};
struct xen_hvm_pagetable_dying {
    uint16_t domid;
    uint16_t pad[3];
    uint64_t gpa;
};

#endif
