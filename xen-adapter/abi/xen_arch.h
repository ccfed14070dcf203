/* The CPU of a PV guest. [xen/arch-x86/xen.h, xen-x86_64.h] */
#ifndef XEN_ADAPTER_ABI_XEN_ARCH_H
#define XEN_ADAPTER_ABI_XEN_ARCH_H

#include "xen-adapter/abi/xen_base.h"

struct xen_trap_info {
    uint8_t vector;
    uint8_t flags; /* 0-1 DPL, 2 clear event enable */
    uint16_t cs;
    uint64_t address;
};
struct xen_iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};
#define XEN_VGCF_IN_SYSCALL (1u << 8)
enum xen_segbase {
    XEN_SEGBASE_FS = 0,
    XEN_SEGBASE_GS_USER = 1,
    XEN_SEGBASE_GS_KERNEL = 2,
    XEN_SEGBASE_GS_USER_SEL = 3,
};
enum xen_flat_selector {
    XEN_FLAT_RING3_CS32 = 0xe023,
    XEN_FLAT_RING3_CS64 = 0xe033,
    XEN_FLAT_RING3_DS32 = 0xe02b,
    XEN_FLAT_RING3_SS32 = 0xe02b,
    XEN_FLAT_RING1_CS = 0xe019,
    XEN_FLAT_RING1_DS = 0xe021,
};
#define XEN_FIRST_RESERVED_GDT_PAGE  14u
#define XEN_FIRST_RESERVED_GDT_ENTRY 7168u
#define XEN_HYPERVISOR_VIRT_START    0xffff800000000000ull
#define XEN_HYPERVISOR_VIRT_END      0xffff880000000000ull
#define XEN_MACH2PHYS_VIRT_START     0xffff800000000000ull
#define XEN_MACH2PHYS_VIRT_END       0xffff804000000000ull

struct xen_cpu_user_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code;
    uint32_t entry_vector;
    uint64_t rip;
    uint16_t cs, pad0[1];
    uint8_t saved_upcall_mask;
    uint8_t pad1[3];
    uint64_t rflags, rsp;
    uint16_t ss, pad2[3];
    uint16_t es, pad3[3];
    uint16_t ds, pad4[3];
    uint16_t fs, pad5[3];
    uint16_t gs, pad6[3];
};
enum xen_vgcf {
    XEN_VGCF_I387_VALID = 1 << 0,
    XEN_VGCF_IN_KERNEL = 1 << 2,
    XEN_VGCF_FAILSAFE_DISABLES_EVENTS = 1 << 3,
    XEN_VGCF_SYSCALL_DISABLES_EVENTS = 1 << 4,
    XEN_VGCF_ONLINE = 1 << 5,
};
struct xen_vcpu_guest_context {
    uint8_t fpu_ctxt[512];
    uint64_t flags;
    struct xen_cpu_user_regs user_regs;
    struct xen_trap_info trap_ctxt[256];
    uint64_t ldt_base, ldt_ents;
    uint64_t gdt_frames[16], gdt_ents;
    uint64_t kernel_ss, kernel_sp;
    uint64_t ctrlreg[8];
    uint64_t debugreg[8];
    uint64_t event_callback_eip;
    uint64_t failsafe_callback_eip;
    uint64_t syscall_callback_eip;
    uint64_t vm_assist;
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
};
enum xen_callback_type {
    XEN_CALLBACK_EVENT = 0,
    XEN_CALLBACK_FAILSAFE = 1,
    XEN_CALLBACK_SYSCALL = 2,
    XEN_CALLBACK_SYSENTER_DEPRECATED = 3,
    XEN_CALLBACK_NMI = 4,
    XEN_CALLBACK_SYSENTER = 5,
    XEN_CALLBACK_SYSCALL32 = 7,
};
#define XEN_CALLBACK_MASK_EVENTS 1u
struct xen_callback_register {
    uint16_t type;
    uint16_t flags;
    uint64_t address;
};
struct xen_callback_unregister {
    uint16_t type;
    uint16_t unused;
};
struct xen_nmi_callback {
    uint64_t handler_address;
    uint64_t pad;
};

#endif
