/*
 * Our typing of the Xen ABI against Debian's libxen-dev headers: sizes, offsets, numbers. All
 * of it is decided by the compiler; the run only counts the rows of xen.def.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Structures of ours whose tags are Xen's as well. */
#define xen_memory_reservation         our_memory_reservation
#define xen_memory_exchange            our_memory_exchange
#define xen_machphys_mfn_list          our_machphys_mfn_list
#define xen_machphys_mapping           our_machphys_mapping
#define xen_add_to_physmap             our_add_to_physmap
#define xen_add_to_physmap_batch       our_add_to_physmap_batch
#define xen_remove_from_physmap        our_remove_from_physmap
#define xen_memory_map                 our_memory_map
#define xen_foreign_memory_map         our_foreign_memory_map
#define xen_vnuma_topology_info        our_vnuma_topology_info
#define xen_reserved_device_memory_map our_reserved_device_memory_map
#define xen_acquire_resource           our_acquire_resource
#define xen_mem_acquire_resource       our_mem_acquire_resource
#define xen_hvm_param                  our_hvm_param
#define xen_hvm_get_mem_type           our_hvm_get_mem_type
#define xen_hvm_evtchn_upcall_vector   our_hvm_evtchn_upcall_vector
#define xen_hvm_get_time               our_hvm_get_time
#define xen_hvm_xentrace               our_hvm_xentrace
#define xen_hvm_pagetable_dying        our_hvm_pagetable_dying
#define xen_platform_parameters        our_platform_parameters
#define xen_feature_info               our_feature_info
#define xen_compile_info               our_compile_info
#define xen_varbuf                     our_varbuf

#include "xen-adapter/abi/xen_rows.h"

enum {
    OUR_SIGNATURE_EBX = (int)XEN_CPUID_SIGNATURE_EBX,
    OUR_SIGNATURE_ECX = (int)XEN_CPUID_SIGNATURE_ECX,
    OUR_SIGNATURE_EDX = (int)XEN_CPUID_SIGNATURE_EDX,
};

/* 430 rows: whole calls, sub-operations, and cases inside structures. */
static void test_rows(void **state)
{
    unsigned rows = 0, states[4] = {0};

    (void)state;
    enum { WHOLE = 1, FIELD = 0 };
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    rows += kind;                                                                              \
    states[XENSTATE_##hvm] += kind;                                                            \
    assert_true(XENSTATE_##hvm < XENSTATE_REFUSED || XEN_##herr != 0);                         \
    assert_true(XENPV_##pv != XENPV_REFUSE || XEN_##perr != 0);
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    rows++;                                                                                    \
    states[XENSTATE_##hvm]++;                                                                  \
    assert_true(sub < XEN_SUB_SPACE && nr < XEN_NR_SPACE && sizeof(struct xen_##tag) > 0);     \
    assert_true(XENSTATE_##hvm < XENSTATE_REFUSED || XEN_##herr != 0);                         \
    assert_true(XENPV_##pv != XENPV_REFUSE || XEN_##perr != 0);
#define CASE(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)        \
    rows++;                                                                                    \
    states[XENSTATE_##hvm]++;
#include "xen-adapter/abi/xen.def"
    assert_int_equal(rows, 430);
    assert_int_equal(states[0] + states[1] + states[2] + states[3], 430);
    assert_int_equal(XEN_RUNSTATE_UPDATE, 1ull << 63);
    print_message("done %u, partial %u, refused %u, absent %u\n", states[0], states[1],
                  states[2], states[3]);
}

#undef XEN_CPUID_SIGNATURE_EBX
#undef XEN_CPUID_SIGNATURE_ECX
#undef XEN_CPUID_SIGNATURE_EDX
#undef XEN_RUNSTATE_UPDATE

#undef xen_memory_reservation
#undef xen_memory_exchange
#undef xen_machphys_mfn_list
#undef xen_machphys_mapping
#undef xen_add_to_physmap
#undef xen_add_to_physmap_batch
#undef xen_remove_from_physmap
#undef xen_memory_map
#undef xen_foreign_memory_map
#undef xen_vnuma_topology_info
#undef xen_reserved_device_memory_map
#undef xen_acquire_resource
#undef xen_mem_acquire_resource
#undef xen_hvm_param
#undef xen_hvm_get_mem_type
#undef xen_hvm_evtchn_upcall_vector
#undef xen_hvm_get_time
#undef xen_hvm_xentrace
#undef xen_hvm_pagetable_dying
#undef xen_platform_parameters
#undef xen_feature_info
#undef xen_compile_info
#undef xen_varbuf

#define __XEN_TOOLS__             1
#define __XEN_INTERFACE_VERSION__ 0x00041100
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#include <xen/xen.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/params.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#pragma GCC diagnostic pop

#define XEN_ERRNO(name, value) _Static_assert((int)XEN_##name == (value), #name);
#include <xen/errno.h>

#define SAME(ours, theirs) _Static_assert((long long)(ours) == (long long)(theirs), #ours)
#define SIZE(ours, theirs) SAME(sizeof(struct ours), sizeof(theirs))
#define FIELD(ours, field, theirs, their_field)                                                \
    SAME(offsetof(struct ours, field), offsetof(theirs, their_field));                         \
    SAME(sizeof(((struct ours *)0)->field), sizeof(((theirs *)0)->their_field))
#define FIELD1(ours, theirs, field) FIELD(ours, field, theirs, field)

/* start of day */
SIZE(xen_start_info, struct start_info);
FIELD1(xen_start_info, struct start_info, nr_pages);
FIELD1(xen_start_info, struct start_info, shared_info);
FIELD1(xen_start_info, struct start_info, flags);
FIELD1(xen_start_info, struct start_info, store_mfn);
FIELD1(xen_start_info, struct start_info, store_evtchn);
FIELD1(xen_start_info, struct start_info, console);
FIELD1(xen_start_info, struct start_info, console.domU.mfn);
FIELD1(xen_start_info, struct start_info, console.domU.evtchn);
FIELD1(xen_start_info, struct start_info, pt_base);
FIELD1(xen_start_info, struct start_info, nr_pt_frames);
FIELD1(xen_start_info, struct start_info, mfn_list);
FIELD1(xen_start_info, struct start_info, mod_start);
FIELD1(xen_start_info, struct start_info, mod_len);
FIELD1(xen_start_info, struct start_info, cmd_line);
FIELD1(xen_start_info, struct start_info, first_p2m_pfn);
FIELD1(xen_start_info, struct start_info, nr_p2m_frames);
SIZE(xen_hvm_start_info, struct hvm_start_info);
FIELD1(xen_hvm_start_info, struct hvm_start_info, modlist_paddr);
FIELD1(xen_hvm_start_info, struct hvm_start_info, cmdline_paddr);
FIELD1(xen_hvm_start_info, struct hvm_start_info, rsdp_paddr);
FIELD1(xen_hvm_start_info, struct hvm_start_info, memmap_paddr);
FIELD1(xen_hvm_start_info, struct hvm_start_info, memmap_entries);
SIZE(xen_hvm_modlist_entry, struct hvm_modlist_entry);
SIZE(xen_hvm_memmap_entry, struct hvm_memmap_table_entry);
SAME(XEN_HVM_START_MAGIC, XEN_HVM_START_MAGIC_VALUE);
SAME(XEN_NOTE_PHYS32_ENTRY, XEN_ELFNOTE_PHYS32_ENTRY);
SAME(XEN_NOTE_INIT_P2M, XEN_ELFNOTE_INIT_P2M);
SAME(XEN_NOTE_MOD_START_PFN, XEN_ELFNOTE_MOD_START_PFN);
SAME(XEN_NOTE_L1_MFN_VALID, XEN_ELFNOTE_L1_MFN_VALID);
SAME(XEN_NOTE_SUPPORTED_FEATURES, XEN_ELFNOTE_SUPPORTED_FEATURES);
SAME(XEN_NOTE_HV_START_LOW, XEN_ELFNOTE_HV_START_LOW);
SAME(XEN_FEATURE_WRITABLE_PAGE_TABLES, XENFEAT_writable_page_tables);
SAME(XEN_FEATURE_AUTO_TRANSLATED_PHYSMAP, XENFEAT_auto_translated_physmap);
SAME(XEN_FEATURE_MMU_PT_UPDATE_PRESERVE_AD, XENFEAT_mmu_pt_update_preserve_ad);
SAME(XEN_FEATURE_HIGHMEM_ASSIST, XENFEAT_highmem_assist);
SAME(XEN_FEATURE_GNTTAB_MAP_AVAIL_BITS, XENFEAT_gnttab_map_avail_bits);
SAME(XEN_FEATURE_HVM_CALLBACK_VECTOR, XENFEAT_hvm_callback_vector);
SAME(XEN_FEATURE_HVM_SAFE_PVCLOCK, XENFEAT_hvm_safe_pvclock);
SAME(XEN_FEATURE_HVM_PIRQS, XENFEAT_hvm_pirqs);
SAME(XEN_FEATURE_DOM0, XENFEAT_dom0);
SAME(XEN_FEATURE_MEMORY_OP_VNODE, XENFEAT_memory_op_vnode_supported);
SAME(XEN_FEATURE_NOT_DIRECT_MAPPED, XENFEAT_not_direct_mapped);
SAME(XEN_FEATURE_DIRECT_MAPPED, XENFEAT_direct_mapped);

/* CPUID */
SAME((uint32_t)OUR_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_EBX);
SAME((uint32_t)OUR_SIGNATURE_ECX, XEN_CPUID_SIGNATURE_ECX);
SAME((uint32_t)OUR_SIGNATURE_EDX, XEN_CPUID_SIGNATURE_EDX);
SAME(XEN_CPUID4_EAX_VCPU_ID, XEN_HVM_CPUID_VCPU_ID_PRESENT);
SAME(XEN_CPUID4_EAX_DOMID, XEN_HVM_CPUID_DOMID_PRESENT);
SAME(XEN_CPUID4_EAX_UPCALL_VECTOR, XEN_HVM_CPUID_UPCALL_VECTOR);
SAME(XEN_CPUID4_EAX_X2APIC_VIRT, XEN_HVM_CPUID_X2APIC_VIRT);

/* shared pages */
SIZE(xen_vcpu_time_info, struct vcpu_time_info);
FIELD1(xen_vcpu_time_info, struct vcpu_time_info, tsc_timestamp);
FIELD1(xen_vcpu_time_info, struct vcpu_time_info, system_time);
FIELD1(xen_vcpu_time_info, struct vcpu_time_info, tsc_to_system_mul);
FIELD1(xen_vcpu_time_info, struct vcpu_time_info, tsc_shift);
FIELD1(xen_vcpu_time_info, struct vcpu_time_info, flags);
SIZE(xen_vcpu_info, struct vcpu_info);
FIELD(xen_vcpu_info, upcall_pending, struct vcpu_info, evtchn_upcall_pending);
FIELD(xen_vcpu_info, upcall_mask, struct vcpu_info, evtchn_upcall_mask);
FIELD(xen_vcpu_info, pending_sel, struct vcpu_info, evtchn_pending_sel);
FIELD(xen_vcpu_info, cr2, struct vcpu_info, arch.cr2);
FIELD1(xen_vcpu_info, struct vcpu_info, time);
SIZE(xen_shared_info, struct shared_info);
FIELD1(xen_shared_info, struct shared_info, evtchn_pending);
FIELD1(xen_shared_info, struct shared_info, evtchn_mask);
FIELD1(xen_shared_info, struct shared_info, wc_version);
FIELD1(xen_shared_info, struct shared_info, wc_sec);
FIELD1(xen_shared_info, struct shared_info, wc_sec_hi);
FIELD1(xen_shared_info, struct shared_info, arch.max_pfn);
FIELD1(xen_shared_info, struct shared_info, arch.pfn_to_mfn_frame_list_list);
FIELD1(xen_shared_info, struct shared_info, arch.p2m_generation);

/* memory_op */
SIZE(our_memory_reservation, struct xen_memory_reservation);
FIELD1(our_memory_reservation, struct xen_memory_reservation, nr_extents);
FIELD1(our_memory_reservation, struct xen_memory_reservation, extent_order);
FIELD1(our_memory_reservation, struct xen_memory_reservation, mem_flags);
FIELD1(our_memory_reservation, struct xen_memory_reservation, domid);
SIZE(our_memory_exchange, struct xen_memory_exchange);
FIELD1(our_memory_exchange, struct xen_memory_exchange, out);
FIELD1(our_memory_exchange, struct xen_memory_exchange, nr_exchanged);
SIZE(our_machphys_mfn_list, struct xen_machphys_mfn_list);
SIZE(our_machphys_mapping, struct xen_machphys_mapping);
SIZE(our_add_to_physmap, struct xen_add_to_physmap);
FIELD1(our_add_to_physmap, struct xen_add_to_physmap, space);
FIELD1(our_add_to_physmap, struct xen_add_to_physmap, idx);
FIELD1(our_add_to_physmap, struct xen_add_to_physmap, gpfn);
SIZE(our_add_to_physmap_batch, struct xen_add_to_physmap_batch);
FIELD(our_add_to_physmap_batch, foreign_domid, struct xen_add_to_physmap_batch,
      u.foreign_domid);
FIELD1(our_add_to_physmap_batch, struct xen_add_to_physmap_batch, errs);
SIZE(our_remove_from_physmap, struct xen_remove_from_physmap);
SIZE(our_memory_map, struct xen_memory_map);
SIZE(our_foreign_memory_map, struct xen_foreign_memory_map);
SIZE(our_vnuma_topology_info, struct xen_vnuma_topology_info);
FIELD1(our_vnuma_topology_info, struct xen_vnuma_topology_info, nr_vmemranges);
SIZE(our_reserved_device_memory_map, struct xen_reserved_device_memory_map);
FIELD1(our_reserved_device_memory_map, struct xen_reserved_device_memory_map, nr_entries);
SAME(XEN_RDM_ALL, XENMEM_RDM_ALL);
SIZE(our_acquire_resource, struct xen_mem_acquire_resource);
FIELD1(our_acquire_resource, struct xen_mem_acquire_resource, frame_list);
SAME(XEN_MAPSPACE_GMFN_FOREIGN, XENMAPSPACE_gmfn_foreign);
SAME(XEN_MAPIDX_GRANT_STATUS, XENMAPIDX_grant_table_status);
SAME(XENOP_memory_op_populate_physmap, XENMEM_populate_physmap);
SAME(XENOP_memory_op_memory_map, XENMEM_memory_map);
SAME(XENOP_memory_op_exchange, XENMEM_exchange);
SAME(XENOP_memory_op_acquire_resource, XENMEM_acquire_resource);
SAME(XENOP_memory_op_add_to_physmap_batch, XENMEM_add_to_physmap_batch);

/* numbers of the calls */
SAME(XENNR_set_trap_table, __HYPERVISOR_set_trap_table);
SAME(XENNR_mmu_update, __HYPERVISOR_mmu_update);
SAME(XENNR_set_gdt, __HYPERVISOR_set_gdt);
SAME(XENNR_stack_switch, __HYPERVISOR_stack_switch);
SAME(XENNR_set_callbacks, __HYPERVISOR_set_callbacks);
SAME(XENNR_fpu_taskswitch, __HYPERVISOR_fpu_taskswitch);
SAME(XENNR_sched_op_compat, __HYPERVISOR_sched_op_compat);
SAME(XENNR_platform_op, __HYPERVISOR_platform_op);
SAME(XENNR_update_descriptor, __HYPERVISOR_update_descriptor);
SAME(XENNR_memory_op, __HYPERVISOR_memory_op);
SAME(XENNR_multicall, __HYPERVISOR_multicall);
SAME(XENNR_update_va_mapping, __HYPERVISOR_update_va_mapping);
SAME(XENNR_set_timer_op, __HYPERVISOR_set_timer_op);
SAME(XENNR_xen_version, __HYPERVISOR_xen_version);
SAME(XENNR_console_io, __HYPERVISOR_console_io);
SAME(XENNR_grant_table_op, __HYPERVISOR_grant_table_op);
SAME(XENNR_vm_assist, __HYPERVISOR_vm_assist);
SAME(XENNR_iret, __HYPERVISOR_iret);
SAME(XENNR_vcpu_op, __HYPERVISOR_vcpu_op);
SAME(XENNR_set_segment_base, __HYPERVISOR_set_segment_base);
SAME(XENNR_mmuext_op, __HYPERVISOR_mmuext_op);
SAME(XENNR_xsm_op, __HYPERVISOR_xsm_op);
SAME(XENNR_nmi_op, __HYPERVISOR_nmi_op);
SAME(XENNR_sched_op, __HYPERVISOR_sched_op);
SAME(XENNR_callback_op, __HYPERVISOR_callback_op);
SAME(XENNR_event_channel_op, __HYPERVISOR_event_channel_op);
SAME(XENNR_physdev_op, __HYPERVISOR_physdev_op);
SAME(XENNR_hvm_op, __HYPERVISOR_hvm_op);
SAME(XENNR_sysctl, __HYPERVISOR_sysctl);
SAME(XENNR_domctl, __HYPERVISOR_domctl);
SAME(XENNR_kexec_op, __HYPERVISOR_kexec_op);
SAME(XENNR_argo_op, __HYPERVISOR_argo_op);
SAME(XENNR_xenpmu_op, __HYPERVISOR_xenpmu_op);
SAME(XENNR_dm_op, __HYPERVISOR_dm_op);
SAME(XENNR_hypfs_op, __HYPERVISOR_hypfs_op);

/* PV */
SIZE(xen_multicall_entry, struct multicall_entry);
SIZE(xen_mmu_update, struct mmu_update);
SIZE(xen_mmuext_op, struct mmuext_op);
FIELD1(xen_mmuext_op, struct mmuext_op, arg1);
FIELD1(xen_mmuext_op, struct mmuext_op, arg2);
SAME(XEN_MMUEXT_SET_LDT, MMUEXT_SET_LDT);
SAME(XEN_MMUEXT_NEW_USER_BASEPTR, MMUEXT_NEW_USER_BASEPTR);
SAME(XEN_MMUEXT_UNMARK_SUPER, MMUEXT_UNMARK_SUPER);
SAME(XEN_MMU_PT_UPDATE_NO_TRANSLATE, MMU_PT_UPDATE_NO_TRANSLATE);
SAME(XEN_UVMF_INVLPG, UVMF_INVLPG);
SAME(XEN_UVMF_ALL, UVMF_ALL);
SAME(XEN_VMASST_WRITABLE_PAGETABLES, VMASST_TYPE_writable_pagetables);
SAME(XEN_VMASST_RUNSTATE_UPDATE_FLAG, VMASST_TYPE_runstate_update_flag);
SAME(XEN_VMASST_M2P_STRICT, VMASST_TYPE_m2p_strict);
SIZE(xen_trap_info, struct trap_info);
FIELD1(xen_trap_info, struct trap_info, cs);
FIELD1(xen_trap_info, struct trap_info, address);
SIZE(xen_iret_context, struct iret_context);
SAME(XEN_VGCF_IN_SYSCALL, VGCF_in_syscall);
SAME(XEN_SEGBASE_GS_USER_SEL, SEGBASE_GS_USER_SEL);
SAME(XEN_FLAT_RING3_CS32, FLAT_RING3_CS32);
SAME(XEN_FLAT_RING3_CS64, FLAT_RING3_CS64);
SAME(XEN_FLAT_RING3_DS32, FLAT_RING3_DS32);
SAME(XEN_FIRST_RESERVED_GDT_ENTRY, FIRST_RESERVED_GDT_ENTRY);
SAME(XEN_HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START);
SAME(XEN_HYPERVISOR_VIRT_END, HYPERVISOR_VIRT_END);
SAME(XEN_MACH2PHYS_VIRT_START, MACH2PHYS_VIRT_START);
SAME(XEN_MACH2PHYS_VIRT_END, MACH2PHYS_VIRT_END);
SIZE(xen_cpu_user_regs, struct cpu_user_regs);
FIELD1(xen_cpu_user_regs, struct cpu_user_regs, rip);
FIELD1(xen_cpu_user_regs, struct cpu_user_regs, saved_upcall_mask);
FIELD1(xen_cpu_user_regs, struct cpu_user_regs, rflags);
FIELD1(xen_cpu_user_regs, struct cpu_user_regs, gs);
SIZE(xen_vcpu_guest_context, struct vcpu_guest_context);
FIELD1(xen_vcpu_guest_context, struct vcpu_guest_context, user_regs);
FIELD1(xen_vcpu_guest_context, struct vcpu_guest_context, gdt_frames);
FIELD1(xen_vcpu_guest_context, struct vcpu_guest_context, kernel_sp);
FIELD1(xen_vcpu_guest_context, struct vcpu_guest_context, ctrlreg);
FIELD1(xen_vcpu_guest_context, struct vcpu_guest_context, syscall_callback_eip);
FIELD1(xen_vcpu_guest_context, struct vcpu_guest_context, gs_base_user);
SIZE(xen_callback_register, struct callback_register);
FIELD1(xen_callback_register, struct callback_register, address);
SIZE(xen_callback_unregister, struct callback_unregister);
SAME(XEN_CALLBACK_SYSENTER, CALLBACKTYPE_sysenter);
SAME(XEN_CALLBACK_SYSCALL32, CALLBACKTYPE_syscall32);
SIZE(xen_nmi_callback, struct xennmi_callback);

/* version */
SIZE(our_compile_info, struct xen_compile_info);
SAME(sizeof(struct xen_capabilities_info), sizeof(xen_capabilities_info_t));
SAME(sizeof(struct xen_changeset_info), sizeof(xen_changeset_info_t));
SAME(sizeof(struct xen_extraversion), sizeof(xen_extraversion_t));
SAME(sizeof(struct xen_commandline), sizeof(xen_commandline_t));
SIZE(our_platform_parameters, struct xen_platform_parameters);
SIZE(our_feature_info, struct xen_feature_info);

/* events */
SIZE(xen_evtchn_alloc_unbound, struct evtchn_alloc_unbound);
SIZE(xen_evtchn_bind_interdomain, struct evtchn_bind_interdomain);
FIELD1(xen_evtchn_bind_interdomain, struct evtchn_bind_interdomain, remote_port);
SIZE(xen_evtchn_bind_virq, struct evtchn_bind_virq);
SIZE(xen_evtchn_bind_pirq, struct evtchn_bind_pirq);
SIZE(xen_evtchn_bind_ipi, struct evtchn_bind_ipi);
SIZE(xen_evtchn_status, struct evtchn_status);
FIELD1(xen_evtchn_status, struct evtchn_status, status);
FIELD1(xen_evtchn_status, struct evtchn_status, vcpu);
FIELD1(xen_evtchn_status, struct evtchn_status, u.interdomain.port);
SIZE(xen_evtchn_bind_vcpu, struct evtchn_bind_vcpu);
SIZE(xen_evtchn_init_control, struct evtchn_init_control);
FIELD1(xen_evtchn_init_control, struct evtchn_init_control, vcpu);
FIELD1(xen_evtchn_init_control, struct evtchn_init_control, link_bits);
SIZE(xen_evtchn_expand_array, struct evtchn_expand_array);
SIZE(xen_evtchn_set_priority, struct evtchn_set_priority);
SIZE(xen_fifo_control_block, struct evtchn_fifo_control_block);
FIELD1(xen_fifo_control_block, struct evtchn_fifo_control_block, head);
SAME(XEN_FIFO_PENDING, 1u << EVTCHN_FIFO_PENDING);
SAME(XEN_FIFO_MASKED, 1u << EVTCHN_FIFO_MASKED);
SAME(XEN_FIFO_LINKED, 1u << EVTCHN_FIFO_LINKED);
SAME(XEN_FIFO_BUSY, 1u << EVTCHN_FIFO_BUSY);
SAME(XEN_FIFO_LINK_BITS, EVTCHN_FIFO_LINK_BITS);
SAME(XEN_FIFO_PRIORITY_DEFAULT, EVTCHN_FIFO_PRIORITY_DEFAULT);
SAME(XEN_EVTCHNSTAT_IPI, EVTCHNSTAT_ipi);
SAME(XEN_VIRQ_XENPMU, VIRQ_XENPMU);
SAME(XEN_VIRQ_COUNT, NR_VIRQS);
SAME(XENOP_event_channel_op_init_control, EVTCHNOP_init_control);
SAME(XENOP_event_channel_op_unmask, EVTCHNOP_unmask);

/* sched, vcpu */
SIZE(xen_sched_poll, struct sched_poll);
FIELD1(xen_sched_poll, struct sched_poll, timeout);
SIZE(xen_sched_remote_shutdown, struct sched_remote_shutdown);
SIZE(xen_sched_watchdog, struct sched_watchdog);
SIZE(xen_sched_pin_override, struct sched_pin_override);
SAME(XEN_SHUTDOWN_SOFT_RESET, SHUTDOWN_soft_reset);
SAME(XENOP_sched_op_poll, SCHEDOP_poll);
SIZE(xen_vcpu_runstate_info, struct vcpu_runstate_info);
FIELD1(xen_vcpu_runstate_info, struct vcpu_runstate_info, state_entry_time);
FIELD1(xen_vcpu_runstate_info, struct vcpu_runstate_info, time);
SIZE(xen_vcpu_register_area, struct vcpu_register_runstate_memory_area);
SIZE(xen_vcpu_register_area, struct vcpu_register_time_memory_area);
SIZE(xen_vcpu_set_singleshot_timer, struct vcpu_set_singleshot_timer);
SIZE(xen_vcpu_register_vcpu_info, struct vcpu_register_vcpu_info);
SAME(XEN_RUNSTATE_OFFLINE, RUNSTATE_offline);
SAME(XENOP_vcpu_op_register_vcpu_info, VCPUOP_register_vcpu_info);
SIZE(xen_vcpu_hvm_x86_32, struct vcpu_hvm_x86_32);
FIELD1(xen_vcpu_hvm_x86_32, struct vcpu_hvm_x86_32, tr_ar);
SIZE(xen_vcpu_hvm_x86_64, struct vcpu_hvm_x86_64);
SIZE(xen_vcpu_hvm_context, struct vcpu_hvm_context);

/* hvm */
SIZE(our_hvm_param, struct xen_hvm_param);
FIELD1(our_hvm_param, struct xen_hvm_param, index);
FIELD1(our_hvm_param, struct xen_hvm_param, value);
SIZE(our_hvm_get_mem_type, struct xen_hvm_get_mem_type);
SIZE(our_hvm_evtchn_upcall_vector, struct xen_hvm_evtchn_upcall_vector);
SIZE(our_hvm_get_time, struct xen_hvm_get_time);
SIZE(our_hvm_xentrace, struct xen_hvm_xentrace);
SIZE(our_hvm_pagetable_dying, struct xen_hvm_pagetable_dying);
SAME(XEN_HVM_PARAMS, HVM_NR_PARAMS);
SAME(XEN_HVM_PARAM_CONSOLE_PFN, HVM_PARAM_CONSOLE_PFN);
SAME(XEN_HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_EVTCHN);
SAME(XEN_HVM_PARAM_MCA_CAP, HVM_PARAM_MCA_CAP);
SAME(XEN_HVM_CALLBACK_VECTOR, HVM_PARAM_CALLBACK_TYPE_VECTOR);

/* physdev, grants */
SIZE(xen_physdev_irq_status_query, struct physdev_irq_status_query);
SIZE(xen_physdev_set_iobitmap, struct physdev_set_iobitmap);
SIZE(xen_physdev_apic, struct physdev_apic);
SIZE(xen_grant_entry_v1, struct grant_entry_v1);
SAME(sizeof(struct xen_grant_entry_v2), sizeof(union grant_entry_v2));
SAME(offsetof(struct xen_grant_entry_v2, u.full_page.frame),
     offsetof(union grant_entry_v2, full_page.frame));
SAME(offsetof(struct xen_grant_entry_v2, u.sub_page.length),
     offsetof(union grant_entry_v2, sub_page.length));
SAME(offsetof(struct xen_grant_entry_v2, u.transitive.gref),
     offsetof(union grant_entry_v2, transitive.gref));
SIZE(xen_gnttab_map_grant_ref, struct gnttab_map_grant_ref);
FIELD1(xen_gnttab_map_grant_ref, struct gnttab_map_grant_ref, dev_bus_addr);
SIZE(xen_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref);
SIZE(xen_gnttab_setup_table, struct gnttab_setup_table);
FIELD1(xen_gnttab_setup_table, struct gnttab_setup_table, status);
SIZE(xen_gnttab_transfer, struct gnttab_transfer);
FIELD1(xen_gnttab_transfer, struct gnttab_transfer, ref);
FIELD1(xen_gnttab_transfer, struct gnttab_transfer, status);
SIZE(xen_gnttab_copy, struct gnttab_copy);
FIELD1(xen_gnttab_copy, struct gnttab_copy, dest);
FIELD1(xen_gnttab_copy, struct gnttab_copy, len);
SIZE(xen_gnttab_query_size, struct gnttab_query_size);
SIZE(xen_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace);
SIZE(xen_gnttab_get_status_frames, struct gnttab_get_status_frames);
SIZE(xen_gnttab_get_version, struct gnttab_get_version);
SIZE(xen_gnttab_swap_grant_ref, struct gnttab_swap_grant_ref);
SAME(XEN_GNTST_NO_SPACE, GNTST_no_space);
SAME(XEN_GTF_SUB_PAGE, GTF_sub_page);
SAME(XEN_GNTMAP_CONTAINS_PTE, GNTMAP_contains_pte);

/* rings */
FIELD1(xen_console_ring, struct xencons_interface, out);
FIELD1(xen_console_ring, struct xencons_interface, in_cons);
FIELD1(xen_console_ring, struct xencons_interface, out_prod);
FIELD1(xen_store_ring, struct xenstore_domain_interface, rsp);
FIELD1(xen_store_ring, struct xenstore_domain_interface, req_cons);
FIELD1(xen_store_ring, struct xenstore_domain_interface, rsp_prod);
FIELD1(xen_store_ring, struct xenstore_domain_interface, server_features);
FIELD1(xen_store_ring, struct xenstore_domain_interface, connection);
FIELD1(xen_store_ring, struct xenstore_domain_interface, error);

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
