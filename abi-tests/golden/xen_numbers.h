/*
 * Numbers of the Xen ABI, typed in from the public headers (xen/xen.h, event_channel.h,
 * sched.h, hvm/hvm_op.h, hvm/params.h, elfnote.h, io/console.h), not from our own tables.
 */
#ifndef ABI_TESTS_GOLDEN_XEN_NUMBERS_H
#define ABI_TESTS_GOLDEN_XEN_NUMBERS_H

#define G_HYPERVISOR_set_trap_table          0
#define G_HYPERVISOR_mmu_update              1
#define G_HYPERVISOR_set_callbacks           4
#define G_HYPERVISOR_sched_op_compat         6
#define G_HYPERVISOR_multicall               13
#define G_HYPERVISOR_update_va_mapping       14
#define G_HYPERVISOR_event_channel_op_compat 16
#define G_HYPERVISOR_xen_version             17
#define G_HYPERVISOR_console_io              18
#define G_HYPERVISOR_physdev_op_compat       19
#define G_HYPERVISOR_vm_assist               21
#define G_HYPERVISOR_iret                    23
#define G_HYPERVISOR_mmuext_op               26
#define G_HYPERVISOR_sched_op                29
#define G_HYPERVISOR_event_channel_op        32
#define G_HYPERVISOR_hvm_op                  34
#define G_HYPERVISOR_unimplemented           50

#define G_CONSOLEIO_write          0
#define G_SCHEDOP_yield            0
#define G_SCHEDOP_shutdown         2
#define G_SHUTDOWN_poweroff        0
#define G_SHUTDOWN_crash           3
#define G_EVTCHNOP_send            4
#define G_EVTCHNOP_status          5
#define G_EVTCHNOP_bind_ipi        7
#define G_HVMOP_get_param          1
#define G_XEN_CPUID_SIGNATURE_EBX  0x566e6558
#define G_HVM_PARAM_CONSOLE_PFN    17
#define G_HVM_PARAM_CONSOLE_EVTCHN 18
#define G_MMUEXT_TLB_FLUSH_LOCAL   6
#define G_MMUEXT_INVLPG_LOCAL      7
#define G_UVMF_INVLPG              2
#define G_DOMID_SELF               0x7ff0

#define G_PHYSDEVOP_set_iopl 6

#define G_SIF_INITDOMAIN       2
#define G_SIF_MOD_START_PFN    8
#define G_MACH2PHYS_VIRT_START 0xffff800000000000ull

/* start_info, 64-bit byte offsets */
#define G_START_INFO_nr_pages       32
#define G_START_INFO_shared_info    40
#define G_START_INFO_flags          48
#define G_START_INFO_store_mfn      56
#define G_START_INFO_store_evtchn   64
#define G_START_INFO_console_mfn    72
#define G_START_INFO_console_evtchn 80
#define G_START_INFO_pt_base        88
#define G_START_INFO_nr_pt_frames   96
#define G_START_INFO_mfn_list       104
#define G_START_INFO_mod_start      112
#define G_START_INFO_mod_len        120
#define G_START_INFO_cmd_line       128

/* vcpu_info and shared_info byte offsets */
#define G_VCPU_INFO_pending_sel 8
#define G_SHARED_INFO_pending   2048

/* hvm_start_info byte offsets */
#define G_HVM_START_INFO_flags          8
#define G_HVM_START_INFO_nr_modules     12
#define G_HVM_START_INFO_cmdline        24
#define G_HVM_START_INFO_rsdp           32
#define G_HVM_START_INFO_memmap         40
#define G_HVM_START_INFO_memmap_entries 48

/* console ring byte offsets */
#define G_CONSOLE_out      1024
#define G_CONSOLE_out_size 2048
#define G_CONSOLE_out_cons 3080
#define G_CONSOLE_out_prod 3084

/* hypercall numbers [xen/xen.h] */
#define G_HYPERVISOR_set_gdt           2
#define G_HYPERVISOR_stack_switch      3
#define G_HYPERVISOR_fpu_taskswitch    5
#define G_HYPERVISOR_platform_op       7
#define G_HYPERVISOR_set_debugreg      8
#define G_HYPERVISOR_get_debugreg      9
#define G_HYPERVISOR_update_descriptor 10
#define G_HYPERVISOR_memory_op         12
#define G_HYPERVISOR_set_timer_op      15
#define G_HYPERVISOR_grant_table_op    20
#define G_HYPERVISOR_vcpu_op           24
#define G_HYPERVISOR_set_segment_base  25
#define G_HYPERVISOR_xsm_op            27
#define G_HYPERVISOR_nmi_op            28
#define G_HYPERVISOR_callback_op       30
#define G_HYPERVISOR_physdev_op        33
#define G_HYPERVISOR_sysctl            35
#define G_HYPERVISOR_domctl            36
#define G_HYPERVISOR_dm_op             41
#define G_HYPERVISOR_mca               48

/* errors [xen/errno.h] */
#define G_EPERM      1
#define G_ENOENT     2
#define G_ESRCH      3
#define G_EIO        5
#define G_ENXIO      6
#define G_E2BIG      7
#define G_EAGAIN     11
#define G_ENOMEM     12
#define G_EACCES     13
#define G_EFAULT     14
#define G_EBUSY      16
#define G_EEXIST     17
#define G_EXDEV      18
#define G_ENODEV     19
#define G_EINVAL     22
#define G_ENOSPC     28
#define G_ERANGE     34
#define G_ENOSYS     38
#define G_ENODATA    61
#define G_ETIME      62
#define G_EOPNOTSUPP 95
#define G_ENOBUFS    105

/* xen_version [xen/version.h] */
#define G_XENVER_version             0
#define G_XENVER_extraversion        1
#define G_XENVER_compile_info        2
#define G_XENVER_capabilities        3
#define G_XENVER_changeset           4
#define G_XENVER_platform_parameters 5
#define G_XENVER_get_features        6
#define G_XENVER_pagesize            7
#define G_XENVER_guest_handle        8
#define G_XENVER_commandline         9
#define G_XENVER_build_id            10

/* features [xen/features.h] */
#define G_XENFEAT_writable_page_tables      0
#define G_XENFEAT_auto_translated_physmap   2
#define G_XENFEAT_supervisor_mode_kernel    3
#define G_XENFEAT_mmu_pt_update_preserve_ad 5
#define G_XENFEAT_hvm_callback_vector       8
#define G_XENFEAT_hvm_safe_pvclock          9
#define G_XENFEAT_dom0                      11

/* memory_op [xen/memory.h] */
#define G_XENMEM_increase_reservation       0
#define G_XENMEM_decrease_reservation       1
#define G_XENMEM_maximum_ram_page           2
#define G_XENMEM_current_reservation        3
#define G_XENMEM_maximum_reservation        4
#define G_XENMEM_populate_physmap           6
#define G_XENMEM_add_to_physmap             7
#define G_XENMEM_memory_map                 9
#define G_XENMEM_machphys_mapping           12
#define G_XENMEM_remove_from_physmap        15
#define G_XENMEM_add_to_physmap_batch       23
#define G_XENMEM_get_vnumainfo              26
#define G_XENMEM_reserved_device_memory_map 27
#define G_XENMAPSPACE_shared_info           0
#define G_XENMAPSPACE_grant_table           1
#define G_XENMAPSPACE_gmfn                  2
#define G_XENMAPSPACE_gmfn_range            3
#define G_XENMAPSPACE_gmfn_foreign          4
#define G_XENMAPSPACE_dev_mmio              5
#define G_E820_RAM                          1

/* mmu_update, mmuext_op, vm_assist [xen/xen.h] */
#define G_MMU_NORMAL_PT_UPDATE             0
#define G_MMU_MACHPHYS_UPDATE              1
#define G_MMU_PT_UPDATE_PRESERVE_AD        2
#define G_MMUEXT_PIN_L1_TABLE              0
#define G_MMUEXT_PIN_L2_TABLE              1
#define G_MMUEXT_PIN_L3_TABLE              2
#define G_MMUEXT_PIN_L4_TABLE              3
#define G_MMUEXT_UNPIN_TABLE               4
#define G_MMUEXT_NEW_BASEPTR               5
#define G_MMUEXT_TLB_FLUSH_MULTI           8
#define G_MMUEXT_INVLPG_MULTI              9
#define G_MMUEXT_TLB_FLUSH_ALL             10
#define G_MMUEXT_INVLPG_ALL                11
#define G_MMUEXT_SET_LDT                   13
#define G_MMUEXT_NEW_USER_BASEPTR          15
#define G_UVMF_NONE                        0
#define G_UVMF_TLB_FLUSH                   1
#define G_UVMF_ALL                         4
#define G_VMASST_CMD_enable                0
#define G_VMASST_CMD_disable               1
#define G_VMASST_TYPE_4gb_segments         0
#define G_VMASST_TYPE_writable_pagetables  2
#define G_VMASST_TYPE_pae_extended_cr3     3
#define G_VMASST_TYPE_runstate_update_flag 5
#define G_DOMID_IO                         0x7ff1
#define G_DOMID_XEN                        0x7ff2
#define G_DOMID_INVALID                    0x7ff4

/* sched_op, vcpu_op [xen/sched.h, xen/vcpu.h] */
#define G_SCHEDOP_block                         1
#define G_SCHEDOP_poll                          3
#define G_SCHEDOP_watchdog                      6
#define G_SHUTDOWN_reboot                       1
#define G_SHUTDOWN_suspend                      2
#define G_VCPUOP_initialise                     0
#define G_VCPUOP_up                             1
#define G_VCPUOP_down                           2
#define G_VCPUOP_is_up                          3
#define G_VCPUOP_get_runstate_info              4
#define G_VCPUOP_register_runstate_memory_area  5
#define G_VCPUOP_set_periodic_timer             6
#define G_VCPUOP_stop_periodic_timer            7
#define G_VCPUOP_set_singleshot_timer           8
#define G_VCPUOP_stop_singleshot_timer          9
#define G_VCPUOP_register_vcpu_info             10
#define G_VCPUOP_send_nmi                       11
#define G_VCPUOP_register_vcpu_time_memory_area 13
#define G_VCPU_SSHOTTMR_future                  1
#define G_RUNSTATE_running                      0

/* event_channel_op [xen/event_channel.h], VIRQs [xen/xen.h] */
#define G_EVTCHNOP_bind_interdomain 0
#define G_EVTCHNOP_bind_virq        1
#define G_EVTCHNOP_bind_pirq        2
#define G_EVTCHNOP_close            3
#define G_EVTCHNOP_alloc_unbound    6
#define G_EVTCHNOP_bind_vcpu        8
#define G_EVTCHNOP_unmask           9
#define G_EVTCHNOP_reset            10
#define G_EVTCHNOP_init_control     11
#define G_EVTCHNOP_expand_array     12
#define G_EVTCHNOP_set_priority     13
#define G_EVTCHNSTAT_closed         0
#define G_EVTCHNSTAT_unbound        1
#define G_EVTCHNSTAT_interdomain    2
#define G_EVTCHNSTAT_virq           4
#define G_EVTCHNSTAT_ipi            5
#define G_EVTCHN_FIFO_PENDING       31
#define G_EVTCHN_FIFO_MASKED        30
#define G_EVTCHN_FIFO_LINKED        29
#define G_EVTCHN_FIFO_BUSY          28
#define G_EVTCHN_FIFO_LINK_BITS     17
#define G_VIRQ_TIMER                0
#define G_VIRQ_DEBUG                1
#define G_VIRQ_CONSOLE              2
#define G_NR_VIRQS                  24

/* set_segment_base, callbacks, iret [xen/arch-x86/xen-x86_64.h, xen/callback.h] */
#define G_SEGBASE_FS               0
#define G_SEGBASE_GS_USER          1
#define G_SEGBASE_GS_KERNEL        2
#define G_SEGBASE_GS_USER_SEL      3
#define G_CALLBACKOP_register      0
#define G_CALLBACKOP_unregister    1
#define G_CALLBACKTYPE_event       0
#define G_CALLBACKTYPE_failsafe    1
#define G_CALLBACKTYPE_syscall     2
#define G_CALLBACKTYPE_nmi         4
#define G_CALLBACKTYPE_sysenter    5
#define G_CALLBACKTYPE_syscall32   7
#define G_CALLBACKF_mask_events    1
#define G_FLAT_RING3_CS64          0xe033
#define G_FLAT_RING3_SS64          0xe02b
#define G_FIRST_RESERVED_GDT_ENTRY 7168

/* grant_table_op [xen/grant_table.h] */
#define G_GNTTABOP_map_grant_ref     0
#define G_GNTTABOP_unmap_grant_ref   1
#define G_GNTTABOP_setup_table       2
#define G_GNTTABOP_transfer          4
#define G_GNTTABOP_copy              5
#define G_GNTTABOP_query_size        6
#define G_GNTTABOP_unmap_and_replace 7
#define G_GNTTABOP_set_version       8
#define G_GNTTABOP_get_status_frames 9
#define G_GNTTABOP_get_version       10
#define G_GNTTABOP_swap_grant_ref    11
#define G_GNTST_okay                 0
#define G_GNTST_general_error        (-1)
#define G_GNTST_bad_domain           (-2)
#define G_GNTST_permission_denied    (-8)

/* physdev_op, hvm_op [xen/physdev.h, xen/hvm/hvm_op.h, xen/hvm/params.h] */
#define G_PHYSDEVOP_set_iobitmap         7
#define G_HVMOP_set_param                0
#define G_HVMOP_get_mem_type             15
#define G_HVMOP_set_evtchn_upcall_vector 23
#define G_HVMMEM_ram_rw                  0
#define G_HVM_PARAM_CALLBACK_IRQ         0
#define G_HVM_PARAM_STORE_PFN            1
#define G_HVM_PARAM_STORE_EVTCHN         2
#define G_HVM_PARAM_VIRIDIAN             9
#define G_HVM_PARAM_IDENT_PT             12
#define G_HVM_NR_PARAMS                  39

/* vcpu_guest_context, vcpu_hvm_context [xen/arch-x86/xen.h, xen/hvm/hvm_vcpu.h] */
#define G_VGCF_in_kernel    4
#define G_VCPU_HVM_MODE_64B 1

#endif
