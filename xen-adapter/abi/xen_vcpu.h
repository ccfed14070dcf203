/* vcpu_op. [xen/vcpu.h, xen/hvm/hvm_vcpu.h] */
#ifndef XEN_ADAPTER_ABI_XEN_VCPU_H
#define XEN_ADAPTER_ABI_XEN_VCPU_H

#include "xen-adapter/abi/xen_base.h"

enum xen_runstate {
    XEN_RUNSTATE_RUNNING = 0,
    XEN_RUNSTATE_RUNNABLE = 1,
    XEN_RUNSTATE_BLOCKED = 2,
    XEN_RUNSTATE_OFFLINE = 3,
    XEN_RUNSTATES = 4,
};
#define XEN_RUNSTATE_UPDATE (1ull << 63)
struct xen_vcpu_runstate_info {
    uint32_t state;
    uint64_t state_entry_time;
    uint64_t time[XEN_RUNSTATES];
};
struct xen_vcpu_runstate_info_32 {
    uint32_t state;
    uint64_t state_entry_time;
    uint64_t time[XEN_RUNSTATES];
} __attribute__((packed));
struct xen_vcpu_register_area {
    uint64_t addr; /* virtual, or physical for the _phys_area calls */
};
struct xen_vcpu_set_periodic_timer {
    uint64_t period_ns;
};
enum xen_singleshot_flag {
    XEN_SINGLESHOT_FUTURE = 1 << 0,
};
struct xen_vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags;
};
struct xen_vcpu_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset;
    uint32_t rsvd;
};
struct xen_vcpu_get_physid {
    uint64_t phys_id;
};
enum xen_vcpu_hvm_mode {
    XEN_VCPU_HVM_MODE_32B = 0,
    XEN_VCPU_HVM_MODE_64B = 1,
};
struct xen_vcpu_hvm_x86_32 {
    uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi, eip, eflags;
    uint32_t cr0, cr3, cr4, pad1;
    uint64_t efer;
    uint32_t cs_base, ds_base, ss_base, es_base, tr_base;
    uint32_t cs_limit, ds_limit, ss_limit, es_limit, tr_limit;
    uint16_t cs_ar, ds_ar, ss_ar, es_ar, tr_ar;
    uint16_t pad2[3];
};
struct xen_vcpu_hvm_x86_64 {
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, rip, rflags;
    uint64_t cr0, cr3, cr4, efer;
};
struct xen_vcpu_hvm_context {
    uint32_t mode;
    uint32_t pad;
    union {
        struct xen_vcpu_hvm_x86_32 x86_32;
        struct xen_vcpu_hvm_x86_64 x86_64;
    } cpu_regs;
};

#endif
