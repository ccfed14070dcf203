/* The golden facts against the public headers of Xen (libxen-dev), at compile time. */
#include <stddef.h>
#include <stdint.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/xen.h>
#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/hvm/hvm_op.h>
#include <xen/hvm/hvm_vcpu.h>
#include <xen/hvm/params.h>
#include <xen/arch-x86/cpuid.h>
#include <xen/arch-x86/hvm/start_info.h>
#include <string.h> /* for the next */
#include <xen/io/9pfs.h>
#include <xen/io/blkif.h>
#include <xen/io/console.h>
#include <xen/io/netif.h>
#include <xen/io/xenbus.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "abi-tests/golden/xen_io.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/unit/golden_public.h"

#define VALUES(X)                                                                              \
    X(G_HYPERVISOR_set_trap_table, __HYPERVISOR_set_trap_table)                                \
    X(G_HYPERVISOR_mmu_update, __HYPERVISOR_mmu_update)                                        \
    X(G_HYPERVISOR_set_gdt, __HYPERVISOR_set_gdt)                                              \
    X(G_HYPERVISOR_stack_switch, __HYPERVISOR_stack_switch)                                    \
    X(G_HYPERVISOR_set_callbacks, __HYPERVISOR_set_callbacks)                                  \
    X(G_HYPERVISOR_fpu_taskswitch, __HYPERVISOR_fpu_taskswitch)                                \
    X(G_HYPERVISOR_set_debugreg, __HYPERVISOR_set_debugreg)                                    \
    X(G_HYPERVISOR_get_debugreg, __HYPERVISOR_get_debugreg)                                    \
    X(G_HYPERVISOR_update_descriptor, __HYPERVISOR_update_descriptor)                          \
    X(G_HYPERVISOR_memory_op, __HYPERVISOR_memory_op)                                          \
    X(G_HYPERVISOR_multicall, __HYPERVISOR_multicall)                                          \
    X(G_HYPERVISOR_update_va_mapping, __HYPERVISOR_update_va_mapping)                          \
    X(G_HYPERVISOR_set_timer_op, __HYPERVISOR_set_timer_op)                                    \
    X(G_HYPERVISOR_xen_version, __HYPERVISOR_xen_version)                                      \
    X(G_HYPERVISOR_console_io, __HYPERVISOR_console_io)                                        \
    X(G_HYPERVISOR_grant_table_op, __HYPERVISOR_grant_table_op)                                \
    X(G_HYPERVISOR_vm_assist, __HYPERVISOR_vm_assist)                                          \
    X(G_HYPERVISOR_iret, __HYPERVISOR_iret)                                                    \
    X(G_HYPERVISOR_vcpu_op, __HYPERVISOR_vcpu_op)                                              \
    X(G_HYPERVISOR_set_segment_base, __HYPERVISOR_set_segment_base)                            \
    X(G_HYPERVISOR_mmuext_op, __HYPERVISOR_mmuext_op)                                          \
    X(G_HYPERVISOR_sched_op, __HYPERVISOR_sched_op)                                            \
    X(G_HYPERVISOR_callback_op, __HYPERVISOR_callback_op)                                      \
    X(G_HYPERVISOR_event_channel_op, __HYPERVISOR_event_channel_op)                            \
    X(G_HYPERVISOR_physdev_op, __HYPERVISOR_physdev_op)                                        \
    X(G_HYPERVISOR_hvm_op, __HYPERVISOR_hvm_op)                                                \
    X(G_XENVER_version, XENVER_version)                                                        \
    X(G_XENVER_platform_parameters, XENVER_platform_parameters)                                \
    X(G_XENVER_get_features, XENVER_get_features)                                              \
    X(G_XENVER_guest_handle, XENVER_guest_handle)                                              \
    X(G_XENFEAT_auto_translated_physmap, XENFEAT_auto_translated_physmap)                      \
    X(G_XENFEAT_mmu_pt_update_preserve_ad, XENFEAT_mmu_pt_update_preserve_ad)                  \
    X(G_XENFEAT_hvm_callback_vector, XENFEAT_hvm_callback_vector)                              \
    X(G_XENFEAT_hvm_safe_pvclock, XENFEAT_hvm_safe_pvclock)                                    \
    X(G_XENMEM_decrease_reservation, XENMEM_decrease_reservation)                              \
    X(G_XENMEM_current_reservation, XENMEM_current_reservation)                                \
    X(G_XENMEM_maximum_reservation, XENMEM_maximum_reservation)                                \
    X(G_XENMEM_populate_physmap, XENMEM_populate_physmap)                                      \
    X(G_XENMEM_add_to_physmap, XENMEM_add_to_physmap)                                          \
    X(G_XENMEM_memory_map, XENMEM_memory_map)                                                  \
    X(G_XENMEM_machphys_mapping, XENMEM_machphys_mapping)                                      \
    X(G_XENMEM_remove_from_physmap, XENMEM_remove_from_physmap)                                \
    X(G_XENMAPSPACE_gmfn, XENMAPSPACE_gmfn)                                                    \
    X(G_XENMAPSPACE_gmfn_range, XENMAPSPACE_gmfn_range)                                        \
    X(G_XENMAPSPACE_gmfn_foreign, XENMAPSPACE_gmfn_foreign)                                    \
    X(G_XENMAPSPACE_dev_mmio, XENMAPSPACE_dev_mmio)                                            \
    X(G_XENMEM_add_to_physmap_batch, XENMEM_add_to_physmap_batch)                              \
    X(G_XENMEM_get_vnumainfo, XENMEM_get_vnumainfo)                                            \
    X(sizeof(struct g_vnuma_topology_info), sizeof(xen_vnuma_topology_info_t))                 \
    X(offsetof(struct g_vnuma_topology_info, vmemrange),                                       \
      offsetof(xen_vnuma_topology_info_t, vmemrange))                                          \
    X(G_MMU_PT_UPDATE_PRESERVE_AD, MMU_PT_UPDATE_PRESERVE_AD)                                  \
    X(G_MMUEXT_PIN_L4_TABLE, MMUEXT_PIN_L4_TABLE)                                              \
    X(G_MMUEXT_UNPIN_TABLE, MMUEXT_UNPIN_TABLE)                                                \
    X(G_MMUEXT_NEW_BASEPTR, MMUEXT_NEW_BASEPTR)                                                \
    X(G_MMUEXT_INVLPG_MULTI, MMUEXT_INVLPG_MULTI)                                              \
    X(G_MMUEXT_SET_LDT, MMUEXT_SET_LDT)                                                        \
    X(G_MMUEXT_NEW_USER_BASEPTR, MMUEXT_NEW_USER_BASEPTR)                                      \
    X(G_UVMF_TLB_FLUSH, UVMF_TLB_FLUSH)                                                        \
    X(G_UVMF_ALL, UVMF_ALL)                                                                    \
    X(G_VMASST_TYPE_writable_pagetables, VMASST_TYPE_writable_pagetables)                      \
    X(G_VMASST_TYPE_runstate_update_flag, VMASST_TYPE_runstate_update_flag)                    \
    X(G_SCHEDOP_poll, SCHEDOP_poll)                                                            \
    X(G_SHUTDOWN_crash, SHUTDOWN_crash)                                                        \
    X(G_VCPUOP_initialise, VCPUOP_initialise)                                                  \
    X(G_VCPUOP_is_up, VCPUOP_is_up)                                                            \
    X(G_VCPUOP_register_runstate_memory_area, VCPUOP_register_runstate_memory_area)            \
    X(G_VCPUOP_set_singleshot_timer, VCPUOP_set_singleshot_timer)                              \
    X(G_VCPUOP_register_vcpu_info, VCPUOP_register_vcpu_info)                                  \
    X(G_VCPUOP_send_nmi, VCPUOP_send_nmi)                                                      \
    X(G_VCPUOP_register_vcpu_time_memory_area, VCPUOP_register_vcpu_time_memory_area)          \
    X(G_EVTCHNOP_bind_interdomain, EVTCHNOP_bind_interdomain)                                  \
    X(G_EVTCHNOP_bind_virq, EVTCHNOP_bind_virq)                                                \
    X(G_EVTCHNOP_close, EVTCHNOP_close)                                                        \
    X(G_EVTCHNOP_send, EVTCHNOP_send)                                                          \
    X(G_EVTCHNOP_status, EVTCHNOP_status)                                                      \
    X(G_EVTCHNOP_alloc_unbound, EVTCHNOP_alloc_unbound)                                        \
    X(G_EVTCHNOP_bind_ipi, EVTCHNOP_bind_ipi)                                                  \
    X(G_EVTCHNOP_bind_vcpu, EVTCHNOP_bind_vcpu)                                                \
    X(G_EVTCHNOP_unmask, EVTCHNOP_unmask)                                                      \
    X(G_EVTCHNOP_init_control, EVTCHNOP_init_control)                                          \
    X(G_EVTCHNOP_expand_array, EVTCHNOP_expand_array)                                          \
    X(G_EVTCHNOP_set_priority, EVTCHNOP_set_priority)                                          \
    X(G_EVTCHN_FIFO_PENDING, EVTCHN_FIFO_PENDING)                                              \
    X(G_EVTCHN_FIFO_BUSY, EVTCHN_FIFO_BUSY)                                                    \
    X(G_EVTCHN_FIFO_LINK_BITS, EVTCHN_FIFO_LINK_BITS)                                          \
    X(G_NR_VIRQS, NR_VIRQS)                                                                    \
    X(G_VIRQ_CONSOLE, VIRQ_CONSOLE)                                                            \
    X(G_SEGBASE_GS_USER_SEL, SEGBASE_GS_USER_SEL)                                              \
    X(G_CALLBACKTYPE_sysenter, CALLBACKTYPE_sysenter)                                          \
    X(G_CALLBACKTYPE_syscall32, CALLBACKTYPE_syscall32)                                        \
    X(G_FLAT_RING3_CS64, FLAT_RING3_CS64)                                                      \
    X(G_FLAT_RING3_SS64, FLAT_RING3_SS64)                                                      \
    X(G_FIRST_RESERVED_GDT_ENTRY, FIRST_RESERVED_GDT_ENTRY)                                    \
    X(G_GNTTABOP_transfer, GNTTABOP_transfer)                                                  \
    X(G_GNTTABOP_map_grant_ref, GNTTABOP_map_grant_ref)                                        \
    X(G_GNTTABOP_unmap_grant_ref, GNTTABOP_unmap_grant_ref)                                    \
    X(G_GNTTABOP_copy, GNTTABOP_copy)                                                          \
    X(G_GNTTABOP_unmap_and_replace, GNTTABOP_unmap_and_replace)                                \
    X(G_GNTTABOP_get_status_frames, GNTTABOP_get_status_frames)                                \
    X(G_GNTTABOP_swap_grant_ref, GNTTABOP_swap_grant_ref)                                      \
    X(G_GNTTABOP_query_size, GNTTABOP_query_size)                                              \
    X(G_GNTTABOP_set_version, GNTTABOP_set_version)                                            \
    X(G_GNTST_bad_domain, GNTST_bad_domain)                                                    \
    X(G_GNTST_permission_denied, GNTST_permission_denied)                                      \
    X(G_PHYSDEVOP_set_iopl, PHYSDEVOP_set_iopl)                                                \
    X(G_PHYSDEVOP_set_iobitmap, PHYSDEVOP_set_iobitmap)                                        \
    X(G_HVMOP_get_param, HVMOP_get_param)                                                      \
    X(G_HVMOP_get_mem_type, HVMOP_get_mem_type)                                                \
    X(G_HVM_PARAM_CALLBACK_IRQ, HVM_PARAM_CALLBACK_IRQ)                                        \
    X(G_HVM_PARAM_STORE_EVTCHN, HVM_PARAM_STORE_EVTCHN)                                        \
    X(G_XEN_CPUID_SIGNATURE_EBX, XEN_CPUID_SIGNATURE_EBX)                                      \
    X(G_HVM_PARAM_CONSOLE_EVTCHN, HVM_PARAM_CONSOLE_EVTCHN)                                    \
    X(G_VGCF_in_kernel, VGCF_in_kernel)                                                        \
    X(G_VCPU_HVM_MODE_64B, VCPU_HVM_MODE_64B)                                                  \
    X(G_DOMID_SELF, DOMID_SELF)                                                                \
    X(G_DOMID_INVALID, DOMID_INVALID)                                                          \
    X(G_SIF_INITDOMAIN, SIF_INITDOMAIN)                                                        \
    X(G_EPERM, XEN_EPERM)                                                                      \
    X(G_EFAULT, XEN_EFAULT)                                                                    \
    X(G_ENOSYS, XEN_ENOSYS)                                                                    \
    X(G_ETIME, XEN_ETIME)                                                                      \
    X(G_EOPNOTSUPP, XEN_EOPNOTSUPP)                                                            \
    X(G_START_INFO_nr_pages, offsetof(start_info_t, nr_pages))                                 \
    X(G_START_INFO_shared_info, offsetof(start_info_t, shared_info))                           \
    X(G_START_INFO_console_evtchn, offsetof(start_info_t, console.domU.evtchn))                \
    X(G_START_INFO_pt_base, offsetof(start_info_t, pt_base))                                   \
    X(G_START_INFO_nr_pt_frames, offsetof(start_info_t, nr_pt_frames))                         \
    X(G_START_INFO_mfn_list, offsetof(start_info_t, mfn_list))                                 \
    X(G_START_INFO_mod_len, offsetof(start_info_t, mod_len))                                   \
    X(G_START_INFO_cmd_line, offsetof(start_info_t, cmd_line))                                 \
    X(G_HVM_START_INFO_flags, offsetof(struct hvm_start_info, flags))                          \
    X(G_HVM_START_INFO_cmdline, offsetof(struct hvm_start_info, cmdline_paddr))                \
    X(G_CONSOLE_out, offsetof(struct xencons_interface, out))                                  \
    X(G_CONSOLE_out_prod, offsetof(struct xencons_interface, out_prod))                        \
    X(sizeof(struct g_vcpu_info), sizeof(vcpu_info_t))                                         \
    X(sizeof(struct g_shared_info), sizeof(shared_info_t))                                     \
    X(sizeof(struct g_mmuext_op), sizeof(struct mmuext_op))                                    \
    X(sizeof(struct g_multicall_entry), sizeof(multicall_entry_t))                             \
    X(sizeof(struct g_trap_info), sizeof(trap_info_t))                                         \
    X(sizeof(struct g_iret_context), sizeof(struct iret_context))                              \
    X(sizeof(struct g_vcpu_guest_context), sizeof(vcpu_guest_context_t))                       \
    X(sizeof(struct g_vcpu_hvm_context), sizeof(struct vcpu_hvm_context))                      \
    X(sizeof(struct g_memory_reservation), sizeof(xen_memory_reservation_t))                   \
    X(sizeof(struct g_add_to_physmap), sizeof(xen_add_to_physmap_t))                           \
    X(sizeof(struct g_add_to_physmap_batch), sizeof(xen_add_to_physmap_batch_t))               \
    X(offsetof(struct g_add_to_physmap_batch, errs),                                           \
      offsetof(xen_add_to_physmap_batch_t, errs))                                              \
    X(sizeof(struct g_remove_from_physmap), sizeof(xen_remove_from_physmap_t))                 \
    X(sizeof(struct g_sched_poll), sizeof(sched_poll_t))                                       \
    X(sizeof(struct g_runstate_info), sizeof(vcpu_runstate_info_t))                            \
    X(sizeof(struct g_register_vcpu_info), sizeof(vcpu_register_vcpu_info_t))                  \
    X(sizeof(struct g_evtchn_status), sizeof(evtchn_status_t))                                 \
    X(sizeof(struct g_evtchn_init_control), sizeof(evtchn_init_control_t))                     \
    X(sizeof(struct g_fifo_control_block), sizeof(evtchn_fifo_control_block_t))                \
    X(sizeof(struct g_callback_register), sizeof(callback_register_t))                         \
    X(sizeof(struct g_gnttab_setup_table), sizeof(gnttab_setup_table_t))                       \
    X(sizeof(struct g_gnttab_query_size), sizeof(gnttab_query_size_t))                         \
    X(sizeof(struct g_gnttab_transfer), sizeof(gnttab_transfer_t))                             \
    X(offsetof(struct g_gnttab_transfer, ref), offsetof(gnttab_transfer_t, ref))               \
    X(offsetof(struct g_gnttab_transfer, status), offsetof(gnttab_transfer_t, status))         \
    X(sizeof(struct g_physdev_set_iobitmap), sizeof(physdev_set_iobitmap_t))                   \
    X(sizeof(struct g_hvm_param), sizeof(xen_hvm_param_t))                                     \
    X(sizeof(struct g_hvm_get_mem_type), sizeof(xen_hvm_get_mem_type_t))                       \
    X(sizeof(struct g_hvm_evtchn_upcall_vector), sizeof(xen_hvm_evtchn_upcall_vector_t))       \
    X(offsetof(struct g_shared_info, mask), offsetof(shared_info_t, evtchn_mask))              \
    X(offsetof(struct g_shared_info, wc_sec), offsetof(shared_info_t, wc_sec))                 \
    X(offsetof(struct g_vcpu_info, time), offsetof(vcpu_info_t, time))                         \
    X(G_XS_CONTROL, XS_CONTROL)                                                                \
    X(G_XS_DIRECTORY, XS_DIRECTORY)                                                            \
    X(G_XS_READ, XS_READ)                                                                      \
    X(G_XS_GET_PERMS, XS_GET_PERMS)                                                            \
    X(G_XS_WATCH, XS_WATCH)                                                                    \
    X(G_XS_UNWATCH, XS_UNWATCH)                                                                \
    X(G_XS_TRANSACTION_START, XS_TRANSACTION_START)                                            \
    X(G_XS_TRANSACTION_END, XS_TRANSACTION_END)                                                \
    X(G_XS_INTRODUCE, XS_INTRODUCE)                                                            \
    X(G_XS_RELEASE, XS_RELEASE)                                                                \
    X(G_XS_GET_DOMAIN_PATH, XS_GET_DOMAIN_PATH)                                                \
    X(G_XS_WRITE, XS_WRITE)                                                                    \
    X(G_XS_MKDIR, XS_MKDIR)                                                                    \
    X(G_XS_SET_PERMS, XS_SET_PERMS)                                                            \
    X(G_XS_WATCH_EVENT, XS_WATCH_EVENT)                                                        \
    X(G_XS_IS_DOMAIN_INTRODUCED, XS_IS_DOMAIN_INTRODUCED)                                      \
    X(G_XS_RESUME, XS_RESUME)                                                                  \
    X(G_XS_SET_TARGET, XS_SET_TARGET)                                                          \
    X(G_XS_DIRECTORY_PART, XS_DIRECTORY_PART)                                                  \
    X(G_XENSTORE_RING_SIZE, XENSTORE_RING_SIZE)                                                \
    X(G_XENSTORE_ERROR_RINGIDX, XENSTORE_ERROR_RINGIDX)                                        \
    X(G_XENSTORE_ERROR_PROTO, XENSTORE_ERROR_PROTO)                                            \
    X(G_XS_RM, XS_RM)                                                                          \
    X(G_XS_ERROR, XS_ERROR)                                                                    \
    X(G_XS_RESET_WATCHES, XS_RESET_WATCHES)                                                    \
    X(G_XS_TYPE_COUNT, XS_TYPE_COUNT)                                                          \
    X(G_XENSTORE_PAYLOAD_MAX, XENSTORE_PAYLOAD_MAX)                                            \
    X(sizeof(struct g_xenstore_ring), sizeof(struct xenstore_domain_interface))                \
    X(sizeof(struct g_xsd_sockmsg), sizeof(struct xsd_sockmsg))                                \
    X(G_XENBUS_CONNECTED, XenbusStateConnected)                                                \
    X(G_XENBUS_CLOSED, XenbusStateClosed)                                                      \
    X(G_BLKIF_OP_INDIRECT, BLKIF_OP_INDIRECT)                                                  \
    X(G_BLKIF_SEGMENTS, BLKIF_MAX_SEGMENTS_PER_REQUEST)                                        \
    X(G_BLKIF_INDIRECT_PAGES, BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST)                            \
    X(sizeof(struct g_blkif_request), sizeof(blkif_request_t))                                 \
    X(sizeof(struct g_blkif_response), sizeof(blkif_response_t))                               \
    X(offsetof(struct g_blkif_request, seg), offsetof(blkif_request_t, seg))                   \
    X(offsetof(struct g_blkif_indirect, indirect_grefs),                                       \
      offsetof(blkif_request_indirect_t, indirect_grefs))                                      \
    X(offsetof(struct g_ring_head, rsp_prod), offsetof(blkif_sring_t, rsp_prod))               \
    X(G_NETTXF_csum_blank, NETTXF_csum_blank)                                                  \
    X(G_NETTXF_extra_info, NETTXF_extra_info)                                                  \
    X(G_NETRXF_extra_info, NETRXF_extra_info)                                                  \
    X(G_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_EXTRA_TYPE_GSO)                                        \
    X(sizeof(union g_netif_tx), sizeof(union netif_tx_sring_entry))                            \
    X(sizeof(union g_netif_rx), sizeof(union netif_rx_sring_entry))                            \
    X(sizeof(struct g_netif_extra), sizeof(netif_extra_info_t))                                \
    X(G_NETIF_EXTRA_TYPE_HASH, XEN_NETIF_EXTRA_TYPE_HASH)                                      \
    X(offsetof(struct g_netif_extra_hash, value), offsetof(netif_extra_info_t, u.hash.value))  \
    X(G_NETIF_CTRL_GET_HASH_FLAGS, XEN_NETIF_CTRL_TYPE_GET_HASH_FLAGS)                         \
    X(G_NETIF_CTRL_SET_HASH_FLAGS, XEN_NETIF_CTRL_TYPE_SET_HASH_FLAGS)                         \
    X(G_NETIF_CTRL_SET_HASH_KEY, XEN_NETIF_CTRL_TYPE_SET_HASH_KEY)                             \
    X(G_NETIF_CTRL_GET_HASH_MAPPING_SIZE, XEN_NETIF_CTRL_TYPE_GET_HASH_MAPPING_SIZE)           \
    X(G_NETIF_CTRL_SET_HASH_MAPPING_SIZE, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING_SIZE)           \
    X(G_NETIF_CTRL_SET_HASH_MAPPING, XEN_NETIF_CTRL_TYPE_SET_HASH_MAPPING)                     \
    X(G_NETIF_CTRL_SET_HASH_ALGORITHM, XEN_NETIF_CTRL_TYPE_SET_HASH_ALGORITHM)                 \
    X(G_NETIF_CTRL_GET_GREF_MAPPING_SIZE, XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE)           \
    X(G_NETIF_CTRL_ADD_GREF_MAPPING, XEN_NETIF_CTRL_TYPE_ADD_GREF_MAPPING)                     \
    X(G_NETIF_CTRL_DEL_GREF_MAPPING, XEN_NETIF_CTRL_TYPE_DEL_GREF_MAPPING)                     \
    X(G_NETIF_CTRL_NOT_SUPPORTED, XEN_NETIF_CTRL_STATUS_NOT_SUPPORTED)                         \
    X(G_NETIF_CTRL_INVALID_PARAMETER, XEN_NETIF_CTRL_STATUS_INVALID_PARAMETER)                 \
    X(G_NETIF_CTRL_BUFFER_OVERFLOW, XEN_NETIF_CTRL_STATUS_BUFFER_OVERFLOW)                     \
    X(G_NETIF_HASH_IPV4, XEN_NETIF_CTRL_HASH_TYPE_IPV4)                                        \
    X(G_NETIF_HASH_IPV4_TCP, XEN_NETIF_CTRL_HASH_TYPE_IPV4_TCP)                                \
    X(G_NETIF_HASH_IPV6, XEN_NETIF_CTRL_HASH_TYPE_IPV6)                                        \
    X(G_NETIF_HASH_IPV6_TCP, XEN_NETIF_CTRL_HASH_TYPE_IPV6_TCP)                                \
    X(G_NETIF_ALGORITHM_TOEPLITZ, XEN_NETIF_CTRL_HASH_ALGORITHM_TOEPLITZ)                      \
    X(sizeof(struct g_netif_ctrl_request), sizeof(struct xen_netif_ctrl_request))              \
    X(sizeof(struct g_netif_ctrl_response), sizeof(struct xen_netif_ctrl_response))            \
    X(offsetof(struct g_netif_ctrl_response, data),                                            \
      offsetof(struct xen_netif_ctrl_response, data))                                          \
    X(offsetof(struct g_9pfs_interface, in_prod),                                              \
      offsetof(struct xen_9pfs_data_intf, in_prod))                                            \
    X(offsetof(struct g_9pfs_interface, out_cons),                                             \
      offsetof(struct xen_9pfs_data_intf, out_cons))                                           \
    X(offsetof(struct g_9pfs_interface, ring_order),                                           \
      offsetof(struct xen_9pfs_data_intf, ring_order))                                         \
    X(offsetof(struct g_9pfs_interface, ref), offsetof(struct xen_9pfs_data_intf, ref))

#define ASSERT_SAME(golden, public)                                                            \
    _Static_assert((long)(golden) == (long)(public), #golden " differs from " #public);
VALUES(ASSERT_SAME)

#define ONE(golden, public) +1
int golden_public_compared(void)
{
    return VALUES(ONE);
}
