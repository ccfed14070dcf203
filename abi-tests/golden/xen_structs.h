/*
 * Structures of the Xen ABI as a 64-bit guest lays them out, typed in from the public headers.
 * Handles and guest addresses are plain 64-bit numbers here: tests pass bad ones on purpose.
 */
#ifndef ABI_TESTS_GOLDEN_XEN_STRUCTS_H
#define ABI_TESTS_GOLDEN_XEN_STRUCTS_H

#include <stdint.h>

/* [xen/xen.h] */
struct g_vcpu_time_info {
    uint32_t version, pad0;
    uint64_t tsc_timestamp, system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags, pad1[2];
};
struct g_vcpu_info {
    uint8_t upcall_pending, upcall_mask, pad[6];
    uint64_t pending_sel;
    uint64_t cr2, arch_pad;
    struct g_vcpu_time_info time;
};
struct g_shared_info {
    struct g_vcpu_info vcpu[32];
    uint64_t pending[64], mask[64];
    uint32_t wc_version, wc_sec, wc_nsec, wc_sec_hi;
    uint64_t max_pfn, frame_list_list, nmi_reason, p2m_cr3, p2m_vaddr, p2m_generation;
};
struct g_mmu_update {
    uint64_t ptr, val;
};
struct g_mmuext_op {
    uint32_t cmd, pad;
    uint64_t arg1; /* mfn or linear address */
    uint64_t arg2; /* nr_ents, vcpumask or source mfn */
};
struct g_multicall_entry {
    uint64_t op;
    int64_t result;
    uint64_t args[6];
};

/* [xen/arch-x86/xen.h, xen-x86_64.h] */
struct g_trap_info {
    uint8_t vector, flags;
    uint16_t cs;
    uint32_t pad;
    uint64_t address;
};
struct g_iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

struct g_cpu_user_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code, entry_vector;
    uint64_t rip;
    uint16_t cs, pad0;
    uint8_t saved_upcall_mask, pad1[3];
    uint64_t rflags, rsp;
    uint64_t ss, es, ds, fs, gs;
};
struct g_vcpu_guest_context {
    uint8_t fpu[512];
    uint64_t flags;
    struct g_cpu_user_regs user_regs;
    struct g_trap_info trap_ctxt[256];
    uint64_t ldt_base, ldt_ents, gdt_frames[16], gdt_ents;
    uint64_t kernel_ss, kernel_sp, ctrlreg[8], debugreg[8];
    uint64_t event_callback, failsafe_callback, syscall_callback, vm_assist;
    uint64_t fs_base, gs_base_kernel, gs_base_user;
};

/* [xen/hvm/hvm_vcpu.h] */
struct g_vcpu_hvm_context {
    uint32_t mode, pad;
    uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, rip, rflags, cr0, cr3, cr4, efer;
    uint64_t rest; /* of the union: the 32-bit form is longer */
};

/* [xen/memory.h] */
struct g_memory_reservation {
    uint64_t extent_start, nr_extents;
    uint32_t extent_order, mem_flags;
    uint16_t domid, pad[3];
};
struct g_machphys_mapping {
    uint64_t v_start, v_end, max_mfn;
};
struct g_add_to_physmap {
    uint16_t domid, size;
    uint32_t space;
    uint64_t idx, gpfn;
};
struct g_add_to_physmap_batch {
    uint16_t domid, space, size, foreign_domid;
    uint64_t idxs, gpfns, errs;
};
struct g_vnuma_topology_info {
    uint16_t domid, pad;
    uint32_t nr_vnodes, nr_vcpus, nr_vmemranges;
    uint64_t vdistance, vcpu_to_vnode, vmemrange;
};
struct g_reserved_device_memory_map {
    uint32_t flags, nr_entries;
    uint64_t buffer;
    uint16_t segment;
    uint8_t bus, devfn, pad[4];
};
struct g_remove_from_physmap {
    uint16_t domid, pad[3];
    uint64_t gpfn;
};
struct g_memory_map {
    uint32_t nr_entries, pad;
    uint64_t buffer;
};
struct g_e820_entry {
    uint64_t addr, size;
    uint32_t type;
} __attribute__((packed));

/* [xen/sched.h, xen/vcpu.h] */
struct g_sched_poll {
    uint64_t ports;
    uint32_t nr_ports, pad;
    uint64_t timeout;
};
struct g_sched_watchdog {
    uint32_t id, timeout; /* seconds */
};
struct g_runstate_info {
    uint32_t state, pad;
    uint64_t state_entry_time, time[4];
};
struct g_register_area {
    uint64_t address;
};
struct g_set_singleshot_timer {
    uint64_t timeout_abs_ns;
    uint32_t flags, pad;
};
struct g_register_vcpu_info {
    uint64_t mfn;
    uint32_t offset, rsvd;
};

/* [xen/event_channel.h] */
struct g_evtchn_alloc_unbound {
    uint16_t dom, remote_dom;
    uint32_t port;
};
struct g_evtchn_bind_virq {
    uint32_t virq, vcpu, port;
};
struct g_evtchn_bind_ipi {
    uint32_t vcpu, port;
};
struct g_evtchn_bind_vcpu {
    uint32_t port, vcpu;
};
struct g_evtchn_bind_interdomain {
    uint16_t remote_dom, pad;
    uint32_t remote_port, local_port;
};
struct g_evtchn_status {
    uint16_t dom, pad;
    uint32_t port, status, vcpu;
    uint32_t u[2];
};
struct g_evtchn_init_control {
    uint64_t control_gfn;
    uint32_t offset, vcpu;
    uint8_t link_bits, pad[7];
};
struct g_evtchn_expand_array {
    uint64_t array_gfn;
};
struct g_evtchn_set_priority {
    uint32_t port, priority;
};
struct g_fifo_control_block {
    uint32_t ready, rsvd, head[16];
};

/* [xen/callback.h] */
struct g_callback_register {
    uint16_t type, flags;
    uint32_t pad;
    uint64_t address;
};
struct g_callback_unregister {
    uint16_t type, unused;
};

/* [xen/grant_table.h] */
struct g_gnttab_setup_table {
    uint16_t dom, pad;
    uint32_t nr_frames;
    int16_t status, pad2[3];
    uint64_t frame_list;
};
struct g_gnttab_query_size {
    uint16_t dom, pad;
    uint32_t nr_frames, max_nr_frames;
    int16_t status, pad2;
};
struct g_gnttab_transfer {
    uint64_t mfn;
    uint16_t domid, pad;
    uint32_t ref;
    int16_t status, pad2[3];
};
struct g_gnttab_set_version {
    uint32_t version;
};

/* [xen/physdev.h, xen/hvm/hvm_op.h] */
struct g_physdev_set_iopl {
    uint32_t iopl;
};
struct g_physdev_set_iobitmap {
    uint64_t bitmap;
    uint32_t nr_ports, pad;
};
struct g_hvm_param {
    uint16_t domid, pad;
    uint32_t index;
    uint64_t value;
};
struct g_hvm_get_mem_type {
    uint16_t domid, mem_type, pad[2];
    uint64_t pfn;
};
struct g_hvm_evtchn_upcall_vector {
    uint32_t vcpu;
    uint8_t vector, pad[3];
};

#endif
