/*
 * Numbers of the Xen ABI, typed in from the public headers (xen/xen.h, event_channel.h, sched.h,
 * hvm/hvm_op.h, hvm/params.h, elfnote.h, io/console.h), not from our own tables.
 */
#ifndef ABI_TESTS_GOLDEN_XEN_NUMBERS_H
#define ABI_TESTS_GOLDEN_XEN_NUMBERS_H

#define G_HYPERVISOR_set_trap_table 0
#define G_HYPERVISOR_mmu_update 1
#define G_HYPERVISOR_set_callbacks 4
#define G_HYPERVISOR_sched_op_compat 6
#define G_HYPERVISOR_multicall 13
#define G_HYPERVISOR_update_va_mapping 14
#define G_HYPERVISOR_event_channel_op_compat 16
#define G_HYPERVISOR_xen_version 17
#define G_HYPERVISOR_console_io 18
#define G_HYPERVISOR_physdev_op_compat 19
#define G_HYPERVISOR_vm_assist 21
#define G_HYPERVISOR_iret 23
#define G_HYPERVISOR_mmuext_op 26
#define G_HYPERVISOR_sched_op 29
#define G_HYPERVISOR_event_channel_op 32
#define G_HYPERVISOR_hvm_op 34
#define G_HYPERVISOR_unimplemented 50

#define G_CONSOLEIO_write 0
#define G_SCHEDOP_yield 0
#define G_SCHEDOP_shutdown 2
#define G_SHUTDOWN_poweroff 0
#define G_SHUTDOWN_crash 3
#define G_EVTCHNOP_send 4
#define G_EVTCHNOP_status 5
#define G_EVTCHNOP_bind_ipi 7
#define G_HVMOP_get_param 1
#define G_HVM_PARAM_CONSOLE_PFN 17
#define G_HVM_PARAM_CONSOLE_EVTCHN 18
#define G_MMUEXT_TLB_FLUSH_LOCAL 6
#define G_MMUEXT_INVLPG_LOCAL 7
#define G_UVMF_INVLPG 2
#define G_DOMID_SELF 0x7ff0

#define G_PHYSDEVOP_set_iopl 6

#define G_SIF_INITDOMAIN 2
#define G_SIF_MOD_START_PFN 8
#define G_MACH2PHYS_VIRT_START 0xffff800000000000ull

/* start_info, 64-bit byte offsets */
#define G_START_INFO_shared_info 40
#define G_START_INFO_flags 48
#define G_START_INFO_console_mfn 72
#define G_START_INFO_console_evtchn 80
#define G_START_INFO_pt_base 88
#define G_START_INFO_mod_start 112
#define G_START_INFO_mod_len 120
#define G_START_INFO_cmd_line 128

/* hvm_start_info byte offsets */
#define G_HVM_START_INFO_cmdline 24

/* console ring byte offsets */
#define G_CONSOLE_out 1024
#define G_CONSOLE_out_size 2048
#define G_CONSOLE_out_cons 3080
#define G_CONSOLE_out_prod 3084

#endif
