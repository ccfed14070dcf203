/*
 * The golden numbers and structures (typed in from the public headers) against the adapter's
 * own tables; golden_public.c compares the same golden ones with the installed public headers.
 */
// sources: abi-tests/unit/golden_public.c
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "abi-tests/golden/xen_io.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"
#include "abi-tests/unit/golden_public.h"
#include "xen-adapter/abi/xen_io.h"
#include "xen-adapter/abi/xen_rows.h"
#include "xen-adapter/store/wire.h"

#define SAME(golden, ours)      assert_int_equal((long)(golden), (long)(ours))
#define CALL_SAME(name)         SAME(G_HYPERVISOR_##name, XENNR_##name)
#define SIZE_SAME(golden, ours) SAME(sizeof(struct g_##golden), sizeof(struct xen_##ours))
#define PLACE_SAME(golden, field, ours, ours_field)                                            \
    SAME(offsetof(struct g_##golden, field), offsetof(struct xen_##ours, ours_field))

static void test_calls(void **state)
{
    (void)state;
    CALL_SAME(set_trap_table);
    CALL_SAME(mmu_update);
    CALL_SAME(set_gdt);
    CALL_SAME(stack_switch);
    CALL_SAME(set_callbacks);
    CALL_SAME(fpu_taskswitch);
    CALL_SAME(sched_op_compat);
    CALL_SAME(platform_op);
    CALL_SAME(set_debugreg);
    CALL_SAME(get_debugreg);
    CALL_SAME(update_descriptor);
    CALL_SAME(memory_op);
    CALL_SAME(multicall);
    CALL_SAME(update_va_mapping);
    CALL_SAME(set_timer_op);
    CALL_SAME(event_channel_op_compat);
    CALL_SAME(xen_version);
    CALL_SAME(console_io);
    CALL_SAME(physdev_op_compat);
    CALL_SAME(grant_table_op);
    CALL_SAME(vm_assist);
    CALL_SAME(iret);
    CALL_SAME(vcpu_op);
    CALL_SAME(set_segment_base);
    CALL_SAME(mmuext_op);
    CALL_SAME(sched_op);
    CALL_SAME(callback_op);
    CALL_SAME(event_channel_op);
    CALL_SAME(physdev_op);
    CALL_SAME(hvm_op);
    CALL_SAME(sysctl);
    CALL_SAME(domctl);
    CALL_SAME(dm_op);
    CALL_SAME(mca);
}

static void test_operations(void **state)
{
    (void)state;
    SAME(G_XENVER_get_features, XENOP_xen_version_get_features);
    SAME(G_XENVER_build_id, XENOP_xen_version_build_id);
    SAME(G_XENMEM_decrease_reservation, XENOP_memory_op_decrease_reservation);
    SAME(G_XENMEM_populate_physmap, XENOP_memory_op_populate_physmap);
    SAME(G_XENMEM_add_to_physmap, XENOP_memory_op_add_to_physmap);
    SAME(G_XENMEM_memory_map, XENOP_memory_op_memory_map);
    SAME(G_XENMEM_machphys_mapping, XENOP_memory_op_machphys_mapping);
    SAME(G_XENMEM_remove_from_physmap, XENOP_memory_op_remove_from_physmap);
    SAME(G_SCHEDOP_yield, XENOP_sched_op_yield);
    SAME(G_SCHEDOP_block, XENOP_sched_op_block);
    SAME(G_SCHEDOP_shutdown, XENOP_sched_op_shutdown);
    SAME(G_SCHEDOP_poll, XENOP_sched_op_poll);
    SAME(G_VCPUOP_initialise, XENOP_vcpu_op_initialise);
    SAME(G_VCPUOP_register_vcpu_info, XENOP_vcpu_op_register_vcpu_info);
    SAME(G_VCPUOP_register_runstate_memory_area, XENOP_vcpu_op_register_runstate_memory_area);
    SAME(G_VCPUOP_register_vcpu_time_memory_area, XENOP_vcpu_op_register_vcpu_time_memory_area);
    SAME(G_EVTCHNOP_bind_virq, XENOP_event_channel_op_bind_virq);
    SAME(G_EVTCHNOP_close, XENOP_event_channel_op_close);
    SAME(G_EVTCHNOP_send, XENOP_event_channel_op_send);
    SAME(G_EVTCHNOP_init_control, XENOP_event_channel_op_init_control);
    SAME(G_EVTCHNOP_set_priority, XENOP_event_channel_op_set_priority);
    SAME(G_GNTTABOP_setup_table, XENOP_grant_table_op_setup_table);
    SAME(G_GNTTABOP_query_size, XENOP_grant_table_op_query_size);
    SAME(G_GNTTABOP_set_version, XENOP_grant_table_op_set_version);
    SAME(G_PHYSDEVOP_set_iopl, XENOP_physdev_op_set_iopl);
    SAME(G_PHYSDEVOP_set_iobitmap, XENOP_physdev_op_set_iobitmap);
    SAME(G_HVMOP_get_param, XENOP_hvm_op_get_param);
    SAME(G_HVMOP_get_mem_type, XENOP_hvm_op_get_mem_type);
    SAME(G_HVMOP_set_evtchn_upcall_vector, XENOP_hvm_op_set_evtchn_upcall_vector);
    SAME(G_MMUEXT_SET_LDT, XEN_MMUEXT_SET_LDT);
    SAME(G_MMUEXT_NEW_USER_BASEPTR, XEN_MMUEXT_NEW_USER_BASEPTR);
    SAME(G_VMASST_TYPE_runstate_update_flag, XEN_VMASST_RUNSTATE_UPDATE_FLAG);
}

static void test_values(void **state)
{
    (void)state;
    SAME(G_EPERM, XEN_EPERM);
    SAME(G_ENXIO, XEN_ENXIO);
    SAME(G_EFAULT, XEN_EFAULT);
    SAME(G_EINVAL, XEN_EINVAL);
    SAME(G_ENOSYS, XEN_ENOSYS);
    SAME(G_ETIME, XEN_ETIME);
    SAME(G_EOPNOTSUPP, XEN_EOPNOTSUPP);
    SAME(G_ENOBUFS, XEN_ENOBUFS);
    SAME(G_DOMID_SELF, XEN_DOMID_SELF);
    SAME(G_DOMID_INVALID, XEN_DOMID_INVALID);
    SAME(G_XENFEAT_hvm_callback_vector, XEN_FEATURE_HVM_CALLBACK_VECTOR);
    SAME(G_XENFEAT_mmu_pt_update_preserve_ad, XEN_FEATURE_MMU_PT_UPDATE_PRESERVE_AD);
    SAME(G_SHUTDOWN_crash, XEN_SHUTDOWN_CRASH);
    SAME(G_NR_VIRQS, XEN_VIRQ_COUNT);
    SAME(G_EVTCHNSTAT_ipi, XEN_EVTCHNSTAT_IPI);
    SAME(1u << G_EVTCHN_FIFO_BUSY, XEN_FIFO_BUSY);
    SAME(G_EVTCHN_FIFO_LINK_BITS, XEN_FIFO_LINK_BITS);
    SAME(G_CALLBACKTYPE_syscall32, XEN_CALLBACK_SYSCALL32);
    SAME(G_FLAT_RING3_CS64, XEN_FLAT_RING3_CS64);
    SAME(G_FLAT_RING3_SS64, XEN_FLAT_RING3_SS32);
    SAME(G_SEGBASE_GS_USER_SEL, XEN_SEGBASE_GS_USER_SEL);
    SAME(G_VGCF_in_kernel, XEN_VGCF_IN_KERNEL);
    SAME(G_HVM_NR_PARAMS, XEN_HVM_PARAMS);
    SAME(G_HVM_PARAM_CONSOLE_EVTCHN, XEN_HVM_PARAM_CONSOLE_EVTCHN);
    SAME(G_GNTST_permission_denied, XEN_GNTST_PERMISSION_DENIED);
    SAME(G_VCPU_HVM_MODE_64B, XEN_VCPU_HVM_MODE_64B);
}

static void test_sizes(void **state)
{
    (void)state;
    SIZE_SAME(vcpu_time_info, vcpu_time_info);
    SIZE_SAME(vcpu_info, vcpu_info);
    SIZE_SAME(shared_info, shared_info);
    SIZE_SAME(mmu_update, mmu_update);
    SIZE_SAME(mmuext_op, mmuext_op);
    SIZE_SAME(multicall_entry, multicall_entry);
    SIZE_SAME(trap_info, trap_info);
    SIZE_SAME(iret_context, iret_context);
    SIZE_SAME(cpu_user_regs, cpu_user_regs);
    SIZE_SAME(vcpu_guest_context, vcpu_guest_context);
    SIZE_SAME(vcpu_hvm_context, vcpu_hvm_context);
    SIZE_SAME(memory_reservation, memory_reservation);
    SIZE_SAME(machphys_mapping, machphys_mapping);
    SIZE_SAME(add_to_physmap, add_to_physmap);
    SIZE_SAME(remove_from_physmap, remove_from_physmap);
    SIZE_SAME(memory_map, memory_map);
    SIZE_SAME(e820_entry, e820_entry);
    SIZE_SAME(sched_poll, sched_poll);
    SIZE_SAME(runstate_info, vcpu_runstate_info);
    SIZE_SAME(set_singleshot_timer, vcpu_set_singleshot_timer);
    SIZE_SAME(register_vcpu_info, vcpu_register_vcpu_info);
    SIZE_SAME(evtchn_alloc_unbound, evtchn_alloc_unbound);
    SIZE_SAME(evtchn_bind_virq, evtchn_bind_virq);
    SIZE_SAME(evtchn_bind_interdomain, evtchn_bind_interdomain);
    SIZE_SAME(evtchn_status, evtchn_status);
    SIZE_SAME(evtchn_init_control, evtchn_init_control);
    SIZE_SAME(fifo_control_block, fifo_control_block);
    SIZE_SAME(callback_register, callback_register);
    SIZE_SAME(gnttab_setup_table, gnttab_setup_table);
    SIZE_SAME(gnttab_query_size, gnttab_query_size);
    SIZE_SAME(physdev_set_iobitmap, physdev_set_iobitmap);
    SIZE_SAME(hvm_param, hvm_param);
    SIZE_SAME(hvm_get_mem_type, hvm_get_mem_type);
    SIZE_SAME(hvm_evtchn_upcall_vector, hvm_evtchn_upcall_vector);
}

static void test_places(void **state)
{
    (void)state;
    PLACE_SAME(vcpu_info, pending_sel, vcpu_info, pending_sel);
    PLACE_SAME(vcpu_info, cr2, vcpu_info, cr2);
    PLACE_SAME(vcpu_info, time, vcpu_info, time);
    PLACE_SAME(shared_info, pending, shared_info, evtchn_pending);
    PLACE_SAME(shared_info, mask, shared_info, evtchn_mask);
    PLACE_SAME(shared_info, wc_sec, shared_info, wc_sec);
    PLACE_SAME(vcpu_time_info, tsc_to_system_mul, vcpu_time_info, tsc_to_system_mul);
    PLACE_SAME(vcpu_time_info, tsc_shift, vcpu_time_info, tsc_shift);
    PLACE_SAME(mmuext_op, arg2, mmuext_op, arg2);
    PLACE_SAME(trap_info, address, trap_info, address);
    PLACE_SAME(cpu_user_regs, rip, cpu_user_regs, rip);
    PLACE_SAME(cpu_user_regs, gs, cpu_user_regs, gs);
    PLACE_SAME(vcpu_guest_context, gdt_ents, vcpu_guest_context, gdt_ents);
    PLACE_SAME(vcpu_guest_context, ctrlreg, vcpu_guest_context, ctrlreg);
    PLACE_SAME(vcpu_guest_context, gs_base_user, vcpu_guest_context, gs_base_user);
    PLACE_SAME(memory_reservation, domid, memory_reservation, domid);
    PLACE_SAME(add_to_physmap, gpfn, add_to_physmap, gpfn);
    PLACE_SAME(sched_poll, timeout, sched_poll, timeout);
    PLACE_SAME(runstate_info, time, vcpu_runstate_info, time);
    PLACE_SAME(evtchn_init_control, link_bits, evtchn_init_control, link_bits);
    PLACE_SAME(evtchn_status, status, evtchn_status, status);
    PLACE_SAME(callback_register, address, callback_register, address);
    PLACE_SAME(gnttab_setup_table, status, gnttab_setup_table, status);
    PLACE_SAME(gnttab_setup_table, frame_list, gnttab_setup_table, frame_list);
    PLACE_SAME(gnttab_query_size, max_nr_frames, gnttab_query_size, max_nr_frames);
}

static void test_public(void **state)
{
    (void)state;
    assert_true(golden_public_compared() > 0);
}

#define WIRE_SAME(name)  SAME(G_XS_##name, WIRE_##name)
#define RING_SAME(field) PLACE_SAME(xenstore_ring, field, store_ring, field)

static void test_store(void **state)
{
    (void)state;
    WIRE_SAME(CONTROL);
    WIRE_SAME(DIRECTORY);
    WIRE_SAME(READ);
    WIRE_SAME(GET_PERMS);
    WIRE_SAME(WATCH);
    WIRE_SAME(UNWATCH);
    WIRE_SAME(TRANSACTION_START);
    WIRE_SAME(TRANSACTION_END);
    WIRE_SAME(INTRODUCE);
    WIRE_SAME(RELEASE);
    WIRE_SAME(GET_DOMAIN_PATH);
    WIRE_SAME(WRITE);
    WIRE_SAME(MKDIR);
    WIRE_SAME(RM);
    WIRE_SAME(SET_PERMS);
    WIRE_SAME(WATCH_EVENT);
    WIRE_SAME(ERROR);
    WIRE_SAME(IS_DOMAIN_INTRODUCED);
    WIRE_SAME(RESUME);
    WIRE_SAME(SET_TARGET);
    WIRE_SAME(RESET_WATCHES);
    WIRE_SAME(DIRECTORY_PART);
    RING_SAME(req);
    RING_SAME(rsp);
    RING_SAME(req_cons);
    RING_SAME(req_prod);
    RING_SAME(rsp_cons);
    RING_SAME(rsp_prod);
    RING_SAME(connection);
    RING_SAME(error);
    SAME(G_XENSTORE_RING_SIZE, XEN_STORE_RING_SIZE);
    SAME(G_XENSTORE_ERROR_RINGIDX, WIRE_ERROR_RINGIDX);
    SAME(G_XENSTORE_ERROR_PROTO, WIRE_ERROR_PROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls),  cmocka_unit_test(test_operations),
        cmocka_unit_test(test_values), cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_places), cmocka_unit_test(test_public),
        cmocka_unit_test(test_store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
