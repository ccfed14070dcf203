/* hvm_op: parameters, memory types, the upcall vector of each vCPU. */
#include "abi-tests/kit/test.h"
#include "abi-tests/golden/xen_numbers.h"
#include "abi-tests/golden/xen_structs.h"

#define APIC_VECTOR 0x82u

extern void kit_event_apic(void);

static long hvm(uint64_t sub, const void *argument)
{
    return kit_hypercall(G_HYPERVISOR_hvm_op, sub, (uintptr_t)argument, 0, 0);
}

static long get(uint16_t domain, uint32_t index, uint64_t *value)
{
    struct g_hvm_param param = {.domid = domain, .index = index, .value = 0};
    long result = hvm(G_HVMOP_get_param, &param);

    if (value != NULL)
        *value = param.value;
    return result;
}

static long set(uint16_t domain, uint32_t index, uint64_t value)
{
    struct g_hvm_param param = {.domid = domain, .index = index, .value = value};

    return hvm(G_HVMOP_set_param, &param);
}

TEST(hvm_pv, "hvm-op-pv", TEST_PV | TEST_GUEST)
{
    struct g_hvm_get_mem_type type = {.domid = G_DOMID_SELF};
    struct g_hvm_evtchn_upcall_vector vector = {.vcpu = 0, .vector = 0x80};

    observe("hvm_op.get_param", "PV caller", get(G_DOMID_SELF, G_HVM_PARAM_STORE_PFN, NULL));
    observe("hvm_op.set_param", "PV caller", set(G_DOMID_SELF, G_HVM_PARAM_CALLBACK_IRQ, 0));
    observe("hvm_op.get_mem_type", "PV caller", hvm(G_HVMOP_get_mem_type, &type));
    observe("hvm_op.set_evtchn_upcall_vector", "PV caller",
            hvm(G_HVMOP_set_evtchn_upcall_vector, &vector));
}

TEST(get_param, "get-param", TEST_PVH | TEST_GUEST)
{
    const char *row = "hvm_op.get_param";
    struct g_hvm_param *cross = (void *)KIT_CROSS(sizeof(*cross));
    uint64_t value;

    expect(row, "STORE_PFN", get(G_DOMID_SELF, G_HVM_PARAM_STORE_PFN, &value), 0);
    expect_true(row, "STORE_PFN is a frame", value != 0 && value < 0x100000);
    expect(row, "CONSOLE_EVTCHN", get(G_DOMID_SELF, G_HVM_PARAM_CONSOLE_EVTCHN, &value), 0);
    expect_true(row, "CONSOLE_EVTCHN is a port", value != 0 && value < 4096);
    for (uint32_t i = 0; i < G_HVM_NR_PARAMS + 2; i++) {
        static const char *const names[] = {
            "0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11", "12", "13",
            "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27",
            "28", "29", "30", "31", "32", "33", "34", "35", "36", "37", "38", "39", "40"};
        observe(row, names[i], get(G_DOMID_SELF, i, NULL));
    }
    expect(row, "index 2^32-1", get(G_DOMID_SELF, 0xffffffff, NULL), -G_EINVAL);
    cross->domid = G_DOMID_SELF;
    cross->index = G_HVM_PARAM_CONSOLE_PFN;
    expect(row, "straddling", hvm(G_HVMOP_get_param, cross), 0);
    expect(row, "invalid domain", get(G_DOMID_INVALID, 1, NULL), -G_ESRCH);
    observe(row, "control domain", get(0, 1, NULL));
    expect(row, "torn", hvm(G_HVMOP_get_param, KIT_TORN(16)), -G_EFAULT);
    expect(row, "unmapped", hvm(G_HVMOP_get_param, (void *)KIT_UNMAPPED), -G_EFAULT);
    expect("hvm_op", "unknown sub-operation", hvm(99, NULL), -G_ENOSYS);
}

TEST(set_param, "set-param", TEST_PVH | TEST_GUEST)
{
    const char *row = "hvm_op.set_param";
    uint64_t port;

    expect(row, "CALLBACK_IRQ, vector",
           set(G_DOMID_SELF, G_HVM_PARAM_CALLBACK_IRQ, 2ull << 56 | 0x81), 0);
    get(G_DOMID_SELF, G_HVM_PARAM_STORE_EVTCHN, &port);
    observe(row, "STORE_EVTCHN, its own value",
            set(G_DOMID_SELF, G_HVM_PARAM_STORE_EVTCHN, port));
    expect(row, "STORE_PFN", set(G_DOMID_SELF, G_HVM_PARAM_STORE_PFN, 5), -G_EPERM);
    expect(row, "VIRIDIAN", set(G_DOMID_SELF, G_HVM_PARAM_VIRIDIAN, 1), -G_EPERM);
    expect(row, "index 39", set(G_DOMID_SELF, G_HVM_NR_PARAMS, 1), -G_EINVAL);
    expect(row, "index 2^32-1", set(G_DOMID_SELF, 0xffffffff, 1), -G_EINVAL);
    expect(row, "invalid domain", set(G_DOMID_INVALID, 0, 0), -G_ESRCH);
    observe(row, "control domain", set(0, 0, 0));
    expect(row, "torn", hvm(G_HVMOP_set_param, KIT_TORN(16)), -G_EFAULT);
    expect(row, "unmapped", hvm(G_HVMOP_set_param, (void *)KIT_UNMAPPED), -G_EFAULT);
}

TEST(mem_type, "mem-type", TEST_PVH | TEST_GUEST)
{
    const char *row = "hvm_op.get_mem_type";
    static uint8_t page[KIT_PAGE] __attribute__((aligned(4096)));
    struct g_hvm_get_mem_type type = {
        .domid = G_DOMID_SELF, .mem_type = 99, .pfn = (uintptr_t)page >> 12};

    expect(row, "memory", hvm(G_HVMOP_get_mem_type, &type), 0);
    expect(row, "memory is ram_rw", type.mem_type, G_HVMMEM_ram_rw);
    type.pfn = 0xabcdef;
    observe(row, "nothing there", hvm(G_HVMOP_get_mem_type, &type));
    observe(row, "nothing there: type", type.mem_type);
    type.pfn = ~0ull;
    observe(row, "frame 2^64-1", hvm(G_HVMOP_get_mem_type, &type));
    type.domid = G_DOMID_INVALID;
    expect(row, "invalid domain", hvm(G_HVMOP_get_mem_type, &type), -G_ESRCH);
    type.domid = 0;
    observe(row, "control domain", hvm(G_HVMOP_get_mem_type, &type));
    expect(row, "torn", hvm(G_HVMOP_get_mem_type, KIT_TORN(16)), -G_EFAULT);
    expect(row, "unmapped", hvm(G_HVMOP_get_mem_type, (void *)KIT_UNMAPPED), -G_EFAULT);
}

static void apic_enable(void)
{
    volatile uint32_t *spurious = (volatile uint32_t *)0xfee000f0ull;

    *spurious = 0x1ff;
}

/* The vector goes through the local APIC of the vCPU, which the guest ends. */
TEST(upcall_vector, "upcall-vector", TEST_PVH | TEST_GUEST)
{
    const char *row = "hvm_op.set_evtchn_upcall_vector";
    struct g_hvm_evtchn_upcall_vector vector = {.vcpu = 0, .vector = 0x0f};
    struct g_evtchn_bind_ipi ipi = {.vcpu = 0};

    expect(row, "vector below 16", hvm(G_HVMOP_set_evtchn_upcall_vector, &vector), -G_EINVAL);
    vector.vector = APIC_VECTOR;
    vector.vcpu = 77;
    expect(row, "no such vCPU", hvm(G_HVMOP_set_evtchn_upcall_vector, &vector), -G_ENOENT);
    expect(row, "torn", hvm(G_HVMOP_set_evtchn_upcall_vector, KIT_TORN(8)), -G_EFAULT);
    expect(row, "unmapped", hvm(G_HVMOP_set_evtchn_upcall_vector, (void *)KIT_UNMAPPED),
           -G_EFAULT);
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_bind_ipi, (uintptr_t)&ipi, 0, 0);
    kit_interrupt_gate(APIC_VECTOR, kit_event_apic);
    apic_enable();
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    vector.vcpu = 0;
    expect(row, "plain", hvm(G_HVMOP_set_evtchn_upcall_vector, &vector), 0);
    kit_events = 0;
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_send, (uintptr_t)&ipi.port, 0, 0);
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_unmask, (uintptr_t)&ipi.port, 0, 0);
    __asm__ volatile("sti; nop; nop; cli");
    kit_hypercall(G_HYPERVISOR_xen_version, 0, 0, 0, 0);
    expect(row, "upcalls for one event", (long)kit_events, 1);
    kit_shared()->mask[ipi.port / 64] |= 1ull << ipi.port % 64;
    kit_vcpu_info()->upcall_pending = 0;
    kit_vcpu_info()->pending_sel = 0;
    kit_hypercall(G_HYPERVISOR_event_channel_op, G_EVTCHNOP_close, (uintptr_t)&ipi.port, 0, 0);
}
